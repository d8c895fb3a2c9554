"""What may be changed on the page of plans, and in what words."""

from __future__ import annotations

from collections.abc import Sequence

from services.domain.settings_pages import Field, Form
from services.metrics.places import Level, Place, PlaceBook
from services.metrics.registry import REGISTRY
from services.metrics.scorecard_templates import Template
from services.reporting.pages.settings_words import place_choices, place_value

PATH = "/admin/planning"


def _metrics_help() -> str:
    return f"Ids as on the page Metrics, for example {', '.join(sorted(REGISTRY)[:3])}."


def profile_form(places: PlaceBook, seen: str) -> Form:
    fields = (
        Field("place", "For", "choice", "company:", place_choices(places.listed())),
        Field("first", "First", "choice", "time", (("time", "Time"), ("quality", "Quality"))),
        Field("weights", "Weights", "lines", "", help="One a line: time_to_fill = 0.6. Empty ends a narrower profile."),
        Field("owner", "Owner", required=True),
        Field("reason", "Reason", required=True),
        Field("review", "Next review", "date", required=True),
        Field("start", "From", "date", help="Empty = today."),
    )
    words = "It counts from the day you name. Periods that are over keep the profile they had. The change is audited."
    return Form("profile-form", f"{PATH}/profile", "Set a profile", words, fields, "Set the profile", seen)


def expectation_form(places: PlaceBook) -> Form:
    fields = (
        Field("place", "About", "choice", "company:", place_choices(places.listed())),
        Field("who", "Who asked", required=True),
        Field("what", "For what", required=True),
        Field("asked_on", "When", "date", required=True),
    )
    words = "It stands beside the priorities until it is met or not."
    return Form("expect-form", f"{PATH}/expectation", "Write down an expectation", words, fields, "Write it down")


def template_form(places: PlaceBook, seen: str) -> Form:
    fields = (
        Field("place", "For", "choice", "company:", place_choices(places.listed())),
        Field("name", "Name", required=True),
        Field("metrics", "Adds", "lines", help=_metrics_help()),
        Field("without", "Takes away", "lines", help="Ids, one a line."),
    )
    words = "Scorecards of this place show these figures from now on; periods that are over keep theirs."
    return Form("template-form", f"{PATH}/template", "Set a template", words, fields, "Set the template", seen)


def template_end(shown: Sequence[Template], seen: str) -> tuple[Form, ...]:
    own = tuple((place_value(one.place), f"{one.name} ({one.place.words})") for one in shown if one.version)
    if not own:
        return ()
    words = "From now on the wider template counts there."
    field = Field("place", "Template", "choice", own[0][0], own)
    return (Form("template-end", f"{PATH}/template/end", "End a template", words, (field,), "End it", seen),)


def capacity_form(listed: Sequence[Place], seen: str) -> Form:
    fields = (
        Field("place", "For", "choice", "company:", place_choices(listed)),
        Field("interviewer_hours", "Interviewer hours a week", "number"),
        Field("hours_per_candidate", "Hours one candidate costs", "number"),
        Field("recruiters", "Recruiters", "number"),
        Field("screens_per_recruiter", "Screens of a recruiter a week", "number"),
        Field("targets", "Aims", "lines", help="One a line: screen to interview = 0.4"),
    )
    words = "What you leave empty stays as it is. The change is audited."
    return Form("capacity-form", f"{PATH}/capacity", "Set capacity", words, fields, "Set capacity", seen)


def goal_form(places: PlaceBook) -> Form:
    names = tuple((one.name, one.name) for one in places.listed() if one.level is Level.DEPARTMENT)
    stages = (("outreach", "Outreach"), ("applied", "Applicants"), ("offer", "Offers"), ("hired", "Hires"))
    fields = (
        Field("department", "Department", "choice", names[0][0] if names else "", names),
        Field("country", "Country", help="Two letters, such as DE.", required=True),
        Field("stage", "About", "choice", "applied", stages),
        Field("question", "Question", help="As asked, such as gender.", required=True),
        Field("group", "Group", required=True),
        Field("share", "Share of those who disclosed", "number", help="Such as 0.4.", required=True),
        Field("until", "Until", "date", required=True),
        Field("reason", "Reason", required=True),
        Field("legal_approver", "Approved by, legal department", help="Needed for offers and hires."),
    )
    words = "Goals stand on departments' and executives' scorecards, never on a person's. The change is audited."
    return Form("goal-form", f"{PATH}/goal", "Set a goal", words, fields, "Set the goal")


def goal_end(ends: tuple[tuple[str, str], ...]) -> tuple[Form, ...]:
    if not ends:
        return ()
    field = Field("goal", "Goal", "choice", ends[0][0], ends)
    words = "It is out of force from now on; its history stays."
    return (Form("goal-end", f"{PATH}/goal/end", "End a goal", words, (field,), "End it"),)
