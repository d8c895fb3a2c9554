"""1.x, X3: the worked example of a clock is one case the viewer may see, and adds up."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest

from services.domain.metric_pages import Example
from services.domain.people import Agreed, ColumnClass, Scope, Viewer
from services.metrics.examples import example_of
from services.metrics.registry import REGISTRY
from tests.metric_scenes import EVA, MAX, OPERATOR, OTTO, RITA, SmallMart

AMSTERDAM, MAY = "Europe/Amsterdam", "May 2026"


def day(number: int, hour: int = 22) -> datetime:
    """Midnight of Amsterdam's summer days, as the mart keeps it."""
    return datetime(2026, 4, 30, hour) + timedelta(days=number - 1)  # noqa: DTZ001 - the mart's instants are naive UTC


@pytest.fixture
def mart() -> SmallMart:
    """R-1907 of Max's, recruited by Rita: open 1 to 30 May, on hold 5 to 10 May. Omar's R-2000 was filled later."""
    mart = SmallMart()
    mine = {"department_id": 1, "office_id": 7, "country": "NL", "recruiter_id": 105, "hiring_manager_id": 106}
    omars = mine | {"office_id": 8, "recruiter_id": 205, "hiring_manager_id": 206}
    for number, owners, title in ((1907, mine, "Welder"), (2000, omars, "Fitter")):
        facts = {"code": f"R-{number}", "title": title, "timezone": AMSTERDAM}
        mart.add("dim_requisition", {"requisition_id": number, **owners, **facts})
        ends = day(30) if number == 1907 else day(45)
        seat = {"seat_id": number, "requisition_id": number, **owners, "opened_at": day(1), "filled_at": ends}
        mart.add("fact_seat", seat)
        way = {"applied_at": day(2), "screen_at": day(3), "interview_at": day(12), "accepted_at": ends}
        mart.add("fact_application", {"application_id": number, "requisition_id": number, **owners, **way})
        stay = {"visit_id": number, "stage": "interview", "entered_at": day(3), "exited_at": day(12)}
        mart.add("fact_stage_visit", {"requisition_id": number, **owners, **stay})
        form = {"feedback_id": number, "due_from_at": day(12), "submitted_at": day(14), "worked_minutes": 630}
        mart.add("fact_feedback", {"requisition_id": number, **owners, **form})
    mart.add("requisition_hold", {"requisition_id": 1907, "from_at": day(5), "to_at": day(10)})
    return mart


def words(example: Example | None) -> dict[str, str]:
    assert example is not None
    return {step.what: step.words for step in example.steps}


def test_x3_the_days_on_hold_are_named_and_left_out(mart: SmallMart) -> None:
    """The worked case of the definition: 29.0 days open, 5.0 on hold, so 24.0 count."""
    found = example_of(REGISTRY["time_to_fill"], RITA, mart)
    assert found is not None
    assert found.title == "R-1907 Welder"
    assert words(found) == {
        "Opened": f"1 {MAY}, 00:00 CEST",
        "On hold": f"5 {MAY}, 00:00 CEST to 10 {MAY}, 00:00 CEST, 5.0 days",
        "Offer accepted": f"30 {MAY}, 00:00 CEST",
        "Elapsed, on hold": "29.0 and 5.0 days",
        "Counts as": "24.0 days",
    }
    assert [step.what for step in found.steps if step.is_result] == ["Counts as"]
    assert words(example_of(REGISTRY["time_to_fill_gross"], RITA, mart))["Counts as"] == "29.0 days"


def test_a_case_with_a_hold_is_preferred_and_one_without_is_better_than_none(mart: SmallMart) -> None:
    everywhere = example_of(REGISTRY["time_to_fill"], OPERATOR, mart)
    assert everywhere is not None
    assert everywhere.title == "R-1907 Welder"
    mart.connection.execute("DELETE FROM requisition_hold")
    latest = example_of(REGISTRY["time_to_fill"], OPERATOR, mart)
    assert latest is not None
    assert latest.title == "R-2000 Fitter"
    assert words(latest)["Elapsed, on hold"] == "44.0 and 0.0 days"


def test_an_open_hold_ends_with_the_case(mart: SmallMart) -> None:
    mart.connection.execute("UPDATE requisition_hold SET to_at = NULL")
    assert words(example_of(REGISTRY["time_to_fill"], RITA, mart))["Elapsed, on hold"] == "29.0 and 25.0 days"


def test_an_example_lies_within_the_viewers_reach(mart: SmallMart) -> None:
    for metric in REGISTRY.values():
        for viewer in (RITA, MAX):
            found = example_of(metric, with_classes(viewer, *ColumnClass), mart)
            assert found is None or "R-1907" in found.title
        assert example_of(metric, with_classes(OTTO, *ColumnClass), mart) is None


def with_classes(viewer: Viewer, *classes: ColumnClass) -> Viewer:
    return dataclasses.replace(viewer, classes=frozenset(classes))


def test_one_candidates_way_needs_the_class_for_candidates(mart: SmallMart) -> None:
    assert ColumnClass.CANDIDATE not in EVA.classes
    for name in ("time_to_hire", "days_to_offer", "time_to_hire_cohort", "time_in_stage", "time_in_stage_completed"):
        assert example_of(REGISTRY[name], EVA, mart) is None
    seer = with_classes(RITA, ColumnClass.GENERAL, ColumnClass.CANDIDATE)
    assert words(example_of(REGISTRY["time_to_hire"], seer, mart)) == {
        "Applied": f"2 {MAY}, 00:00 CEST",
        "Reached screen": f"3 {MAY}, 00:00 CEST",
        "Reached interview": f"12 {MAY}, 00:00 CEST",
        "Offer accepted": f"30 {MAY}, 00:00 CEST",
        "Counts as": "28.0 days",
    }
    stay = words(example_of(REGISTRY["time_in_stage"], seer, mart))
    assert (stay["On hold meanwhile"], stay["Counts as"]) == ("5.0 days", "4.0 days")


def test_one_interviewers_form_needs_the_class_for_people(mart: SmallMart) -> None:
    assert example_of(REGISTRY["feedback_turnaround"], with_classes(RITA, ColumnClass.GENERAL), mart) is None
    form = words(example_of(REGISTRY["feedback_turnaround"], EVA, mart))
    assert (form["Elapsed"], form["Counts as"]) == ("48.0 hours", "10.5 business hours")


def test_x8_where_an_agreement_is_in_force_no_case_is_shown(mart: SmallMart) -> None:
    mart.add("dim_office", {"office_id": 7, "country": "NL"}, {"office_id": 8, "country": "DE"})
    agreed = dataclasses.replace(OPERATOR, scope=Scope(everything=True, agreed=Agreed(countries=("NL",))))
    found = example_of(REGISTRY["time_to_fill"], agreed, mart)
    assert found is not None
    assert found.title == "R-2000 Fitter"
    everywhere = Scope(everything=True, agreed=Agreed(countries=("NL", "DE")))
    assert example_of(REGISTRY["time_to_fill"], dataclasses.replace(OPERATOR, scope=everywhere), mart) is None


def test_a_metric_without_a_clock_has_no_case(mart: SmallMart) -> None:
    for name in ("applications", "hires", "offer_acceptance_rate", "pass_through_rate", "representation"):
        assert example_of(REGISTRY[name], OPERATOR, mart) is None
