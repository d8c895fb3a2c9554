"""The page of priorities, scorecard templates, capacity and goals: what is in force, what-if, and the forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.access.policy import Action, Policy
from services.domain import wording
from services.domain.errors import ForbiddenError, HireboardError
from services.domain.metric import Period
from services.domain.people import Viewer
from services.domain.periods import add_months
from services.domain.settings_pages import Asking, Field, Form, Section, SettingsView
from services.domain.views import Column, Note, Table, TableRow
from services.metrics.places import COMPANY, Level, PlaceBook
from services.metrics.planning import Planning
from services.metrics.profiles import Profile
from services.metrics.query import QueryLayer
from services.metrics.scorecard_templates import Template
from services.metrics.template_coverage import coverage, differences
from services.reporting.pages.capacity_tables import capacities_table, plan_notes, plan_tables
from services.reporting.pages.planning_forms import (
    PATH,
    capacity_form,
    expectation_form,
    goal_end,
    goal_form,
    profile_form,
    template_end,
    template_form,
)
from services.reporting.pages.settings_words import may_change, metric_name, place_choices, place_value

MOST_ROLES = 20
COVERAGE_MONTHS = 12
_READ_ONLY = "Read only: recruiting managers and administrators change this."


@dataclass(frozen=True)
class WhatIf:
    """What the address asks. ``differs``: also test which roles differ enough from their standard."""

    hires: int = 10
    weeks: int = 12
    place: str = ""
    differs: bool = False


class PlanningPage:
    """For those who may read plans; forms for those who may change them."""

    def __init__(self, planning: Planning, layer: QueryLayer, policy: Policy) -> None:
        self._layer = layer
        self._planning = planning
        self._policy = policy

    def view(self, viewer: Viewer, what_if: WhatIf | None = None) -> SettingsView:
        """Raises ForbiddenError. A part that cannot be worked out says so, and the others stand."""
        self._policy.require(viewer, Action.PLANNING_VIEW)
        asked = what_if or WhatIf()
        with self._planning.store.read() as connection:
            places = PlaceBook.of(connection)
        sections = [
            self._priorities(viewer, places),
            self._templates(viewer, places, differs=asked.differs),
            self._capacity(viewer, places, asked),
        ]
        if self._policy.can(viewer, Action.GOALS_VIEW) or self._policy.can(viewer, Action.GOALS_MANAGE):
            sections.append(self._goals(viewer, places))
        subtitle = "What comes first, what roles are measured by, what can be carried, what departments aim at"
        return SettingsView("Planning", subtitle, PATH, tuple(sections))

    # --- priorities --------------------------------------------------------------------------------------------------

    def _priorities(self, viewer: Viewer, places: PlaceBook) -> Section:
        today = datetime.now(UTC).date()
        book = self._planning.profiles.book(viewer)
        in_force = book.in_force(today)
        versions = {(one.place.level, one.place.key): one.version for one in book.profiles}
        seen = " ".join(f"{level}:{key}={version}" for (level, key), version in versions.items())
        expected = self._planning.profiles.expectations(COMPANY, viewer)
        tables = (
            _profiles_table(in_force, today),
            Table(
                "What was asked for",
                "",
                (Column("what", "Expectation", "text"), Column("on", "Asked", "text"), Column("met", "Met", "text")),
                tuple(
                    TableRow(
                        str(one.id),
                        one.who,
                        {
                            "what": one.what,
                            "on": wording.on_date(one.asked_on),
                            "met": {True: "Met", False: "Not met", None: "Not yet known"}[one.is_met],
                        },
                    )
                    for one in expected
                ),
                empty="Nobody's expectation of the whole company is written down.",
                heading="Who",
            ),
        )
        forms = (profile_form(places, seen), expectation_form(places)) if self._may(viewer) else ()
        return Section(
            "priorities",
            "Priorities",
            "Time or quality first, by place, with weights that add up to 1",
            tables,
            self._suggestion(viewer),
            forms,
            refused=may_change(allowed=bool(forms), words=_READ_ONLY),
        )

    def _suggestion(self, viewer: Viewer) -> tuple[Note, ...]:
        try:
            found = self._planning.cycle.of(COMPANY, viewer)
        except HireboardError as error:
            return (Note("warning", f"The business-cycle rule could not be asked. {error}"),)
        why = f": {'; '.join(found.reasons)}" if found.reasons else ""
        first = f"The business-cycle rule suggests {found.first} first{why}." if found.first else ""
        words = first or f"The business-cycle rule suggests no change{why}."
        return (Note("info", f"{words} It switches nothing by itself. Rule: {found.rule}."),)

    # --- templates ---------------------------------------------------------------------------------------------------

    def _templates(self, viewer: Viewer, places: PlaceBook, *, differs: bool) -> Section:
        book = self._planning.templates.book(viewer)
        standard = book.at(COMPANY)
        shown = [*(one for one in (standard,) if one), *(one for one in book.templates if one.place != COMPANY)]
        tables = [
            Table(
                "",
                "A template takes over what the wider one shows, takes away what it names, and adds its own.",
                (
                    Column("place", "Where", "text"),
                    Column("adds", "Shows", "text"),
                    Column("away", "Takes away", "text", fold=True),
                    Column("version", "Version", "text", fold=True),
                ),
                tuple(_template_row(one) for one in shown),
                heading="Template",
            )
        ]
        notes: list[Note] = []
        try:
            tables.append(self._coverage(viewer))
            if differs:
                tables.append(self._differs(viewer))
        except HireboardError as error:
            notes.append(Note("warning", f"Coverage could not be worked out. {error}"))
        if not differs:
            notes.append(
                Note(
                    "info",
                    "Which roles differ enough to need their own is a test over two years.",
                    f"{PATH}?differs=1#templates",
                    "Run the test",
                )
            )
        forms: tuple[Form, ...] = ()
        if self._may(viewer):
            seen = " ".join(f"{place_value(one.place)}={one.version}" for one in shown)
            forms = (template_form(places, seen), *template_end(shown, seen))
        return Section(
            "templates",
            "Scorecard templates",
            "Standard, department, job family, role: the most specific wins",
            tuple(tables),
            tuple(notes),
            forms,
            refused=may_change(allowed=bool(forms), words=_READ_ONLY),
        )

    def _coverage(self, viewer: Viewer) -> Table:
        book = self._planning.templates.book(viewer)
        today = datetime.now(UTC).date()
        covered = coverage(self._layer, book, viewer, Period(add_months(today, -COVERAGE_MONTHS), add_months(today, 1)))
        covered.sort(key=lambda one: (-one.open_seats, -one.applications))
        more = len(covered) - MOST_ROLES
        return Table(
            "Coverage",
            "Roles with open seats or applications within twelve months, and why each has its template"
            + (f"; the {MOST_ROLES} largest of {len(covered)}." if more > 0 else "."),
            (
                Column("seats", "Open seats", "number"),
                Column("applications", "Applications", "number", fold=True),
                Column("why", "Template", "text"),
            ),
            tuple(
                TableRow(
                    "/".join(str(part) for part in one.cell),
                    " / ".join(part or "unknown" for part in one.cell),
                    {"seats": one.open_seats, "applications": one.applications, "why": one.resolved.why},
                )
                for one in covered[:MOST_ROLES]
            ),
            empty="No role within your part of the company has open seats or applications.",
            heading="Role",
        )

    def _differs(self, viewer: Viewer) -> Table:
        book = self._planning.templates.book(viewer)
        found = differences(self._layer, book, viewer)
        return Table(
            "Differs enough",
            "Log-rank and chi-squared against the rest of the standard, 30 cases on both sides, adjusted p below 0.05 "
            f"and a large effect. {wording.number(len(found.untested))} roles have too few cases.",
            (
                Column("metric", "Metric", "text"),
                Column("n", "n", "number", fold=True),
                Column("p", "Adjusted p", "text"),
            ),
            tuple(
                TableRow(
                    f"{one.role}/{one.metric}/{one.transition}",
                    one.role,
                    {
                        "metric": f"{metric_name(one.metric)}{f', {one.transition}' if one.transition else ''}",
                        "n": one.n,
                        "p": wording.number(one.p, decimals=3),
                    },
                )
                for one in found.findings
                if one.differs
            ),
            empty="No role differs enough from the rest of its standard to need a template of its own.",
            heading="Role",
        )

    # --- capacity ----------------------------------------------------------------------------------------------------

    def _capacity(self, viewer: Viewer, places: PlaceBook, asked: WhatIf) -> Section:
        listed = [one for one in places.listed() if one.level in {Level.COMPANY, Level.DEPARTMENT}]
        place = next((one for one in listed if place_value(one) == asked.place), COMPANY)
        own = {one: self._planning.capacities.own(one, viewer) for one in listed}
        said = [(one, own[one].capacity) for one in listed if own[one].version]
        tables = [capacities_table(said)]
        notes: tuple[Note, ...] = ()
        try:
            plan = self._planning.planner.plan(asked.hires, asked.weeks, viewer, place=place)
            tables += [*plan_tables(plan)]
            notes = plan_notes(plan)
        except HireboardError as error:
            notes = (Note("warning", str(error)),)
        asking = Asking(
            (
                Field("hires", "Hires wanted", "number", str(asked.hires)),
                Field("weeks", "In weeks", "number", str(asked.weeks)),
                Field("place", "For", "choice", place_value(place), place_choices(listed)),
            ),
            "Work it out",
        )
        seen = " ".join(f"{place_value(one)}={held.version}" for one, held in own.items())
        forms = (capacity_form(listed, seen),) if self._may(viewer) else ()
        return Section(
            "capacity",
            "Capacity",
            "From hires wanted back to entries a week into each stage, against what can be carried",
            tuple(tables),
            notes,
            forms,
            asking,
            may_change(allowed=bool(forms), words=_READ_ONLY),
        )

    # --- goals -------------------------------------------------------------------------------------------------------

    def _goals(self, viewer: Viewer, places: PlaceBook) -> Section:
        """Shares for those who may see them; whoever only sets goals reads the goals alone."""
        goals = self._planning.goals.listed(viewer)
        shares: Mapping[int, str] = {}
        if self._policy.can(viewer, Action.GOALS_VIEW):
            try:
                shares = {
                    one.goal.id: wording.percent(one.value) if one.value is not None else (one.reason or "hidden")
                    for one in self._planning.goals.progress(viewer)
                }
            except (ForbiddenError, HireboardError) as error:
                shares = {one.id: str(error) for one in goals}
        table = Table(
            "",
            "Of departments, never of a person. Share of those who disclosed, of the last two half years that ended.",
            (
                Column("goal", "Goal", "text"),
                *((Column("share", "Share", "text"),) if shares else ()),
                Column("until", "Until", "text", fold=True),
                Column("legal", "Legal approver", "text", fold=True),
            ),
            tuple(
                TableRow(
                    str(one.id),
                    f"{one.department}, {one.country}",
                    {
                        "goal": f"{one.group} {wording.percent(one.share)} at {one.stage}",
                        "share": shares.get(one.id, ""),
                        "until": wording.on_date(one.until_on),
                        "legal": one.legal_approver or wording.NOTHING,
                    },
                    detail=one.reason,
                )
                for one in goals
            ),
            empty="No goal is in force in your part of the company.",
            heading="Department",
        )
        forms: tuple[Form, ...] = ()
        if self._policy.can(viewer, Action.GOALS_MANAGE):
            ends = tuple((str(one.id), f"{one.department}, {one.group} at {one.stage}") for one in goals)
            forms = (goal_form(places), *goal_end(ends))
        refused = may_change(
            allowed=bool(forms), words="Read only: inclusion officers and administrators change goals."
        )
        return Section("goals", "Diversity goals", "Allowed by the country's pack", (table,), (), forms, None, refused)

    def _may(self, viewer: Viewer) -> bool:
        return self._policy.can(viewer, Action.PLANNING_MANAGE)


def _profiles_table(in_force: Sequence[Profile], today: date) -> Table:
    return Table(
        "",
        "The narrowest place counts. Periods that are over keep the weights they had.",
        (
            Column("first", "First", "text"),
            Column("weights", "Weights", "text"),
            Column("owner", "Owner", "text", fold=True),
            Column("since", "Since", "text", fold=True),
            Column("review", "Next review", "text"),
        ),
        tuple(_profile_row(one, today) for one in in_force),
        empty="No profile is set: figures stand in their usual order, and nothing is weighted.",
        heading="Place",
    )


def _profile_row(one: Profile, today: date) -> TableRow:
    weights = ", ".join(
        f"{metric_name(name)} {wording.number(weight, decimals=2)}" for name, weight in one.weights.items()
    )
    review = wording.on_date(one.next_review_on) + (" (overdue)" if one.next_review_on < today else "")
    cells = {
        "first": one.first.capitalize(),
        "weights": weights,
        "owner": one.owner,
        "since": f"{wording.on_date(one.effective_from)}, version {one.version}",
        "review": review,
    }
    return TableRow(place_value(one.place), one.place.words.capitalize(), dict(cells), detail=one.reason)


def _template_row(one: Template) -> TableRow:
    cells = {
        "place": one.place.words,
        "adds": ", ".join(metric_name(name) for name in one.metrics) or wording.NOTHING,
        "away": ", ".join(metric_name(name) for name in one.without) or wording.NOTHING,
        "version": f"{one.version}, {one.changed_by}" if one.version else "built in",
    }
    return TableRow(place_value(one.place), one.name, dict(cells))
