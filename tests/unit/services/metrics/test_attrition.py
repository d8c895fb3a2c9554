"""First-year attrition (golden G10) and time to productivity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.metric import Period, Query, Reason
from services.domain.people import Viewer
from services.metrics.query import QueryLayer
from tests.metric_scenes import HANA, OPERATOR, FakeNames, SmallMart, SmallSnapshot

START = date(2024, 1, 15)
AS_OF = datetime(2025, 3, 3, tzinfo=UTC)


class Staff:
    def __init__(self, **snapshot: Any) -> None:
        self.mart = SmallMart(SmallSnapshot(**{"as_of": AS_OF, **snapshot}))
        self.layer = QueryLayer(self.mart, FakeNames())

    def hire(self, number: int, left: date | None = None, cause: str | None = None, **values: Any) -> None:
        ids = {"hire_id": number, "application_id": number, "candidate_id": number, "requisition_id": 1}
        standing = {"department_id": 1, "region": "EMEA", "started_on": START, "left_on": left, "leave_cause": cause}
        self.mart.add("fact_hire", {**ids, **standing, **values})

    def ask(self, metric: str = "first_year_attrition", viewer: Viewer = OPERATOR, **query: Any) -> Any:
        return self.layer.ask(Query((metric,), **{"raw": True, **query}), viewer).one(metric)


@pytest.fixture
def g10() -> Staff:
    staff = Staff()
    staff.hire(1, date(2024, 2, 24), "voluntary")
    staff.hire(2, date(2024, 4, 24), "involuntary")
    staff.hire(3, date(2024, 8, 2), "voluntary")
    staff.hire(4, started_on=date(2024, 10, 4))
    staff.hire(5, date(2025, 1, 14), "voluntary")
    staff.hire(6)
    staff.hire(7, date(2024, 11, 10), "fixed_term_ended")
    staff.hire(8, date(2024, 4, 14), "internal_move")
    staff.hire(9, date(2024, 5, 14), "voluntary")
    staff.hire(19, candidate_id=9, started_on=date(2024, 5, 29))
    staff.hire(10, started_on=date(2024, 6, 26))
    return staff


def test_golden_g10_causes_compete_and_add_up(g10: Staff) -> None:
    row = g10.ask()
    assert (row.n, row.events, row.horizon, row.numerator) == (10, 5, 365, 4)
    causes = {name: row.extra[name] for name in ("voluntary", "involuntary", "fixed_term_ended", "unknown_cause")}
    assert causes == pytest.approx(
        {"voluntary": 0.351429, "involuntary": 0.1, "fixed_term_ended": 0.137143, "unknown_cause": 0}, abs=1e-6
    )
    assert row.value == pytest.approx(0.451429, abs=1e-6) == causes["voluntary"] + causes["involuntary"]
    assert row.low < row.value < row.high
    assert row.note is None


def test_golden_g10_the_small_number_rule(g10: Staff) -> None:
    row = g10.ask(raw=False)
    # ten employments and five exits are just enough; the curve itself ends where four would be at risk
    assert (row.n, row.events, row.note) == (10, 5, "by day 300")
    assert row.value == pytest.approx(0.1 + 0.8 / 7 + 0.1, abs=1e-6)
    g10.mart.connection.execute("DELETE FROM fact_hire WHERE hire_id = 10")
    hidden = g10.ask(raw=False)
    assert (hidden.value, hidden.reason, hidden.extra["left"]) == (None, Reason.TOO_FEW, 5)


@pytest.mark.parametrize(("gap", "n", "left"), [(30, 1, 0), (31, 2, 1)])
def test_a_rehire_within_thirty_days_continues_the_employment(gap: int, n: int, left: int) -> None:
    staff = Staff()
    staff.hire(1, date(2024, 5, 14), "voluntary")
    staff.hire(2, candidate_id=1, started_on=date(2024, 5, 14) + timedelta(days=gap))
    row = staff.ask()
    assert (row.n, row.events) == (n, left)


def test_a_rehire_is_bridged_by_person_too_and_whoever_looks() -> None:
    """Hana sees department 1 only: the rehire in department 3 still is one, and no event."""
    staff = Staff()
    staff.hire(1, date(2024, 5, 14), "voluntary", person_id=77)
    staff.hire(2, person_id=77, started_on=date(2024, 5, 20), department_id=3)
    row = staff.ask(viewer=HANA, raw=False)
    assert (row.n, row.extra["left"]) == (1, 0)


def test_a_bridged_employment_ends_with_its_last_part_and_that_parts_cause() -> None:
    staff = Staff()
    staff.hire(1, date(2024, 5, 14), "voluntary")
    staff.hire(2, date(2024, 9, 1), "involuntary", candidate_id=1, started_on=date(2024, 5, 20))
    row = staff.ask()
    assert (row.n, row.extra["involuntary"], row.extra["voluntary"]) == (1, 1, 0)


def test_after_a_move_inside_the_company_the_clock_of_the_first_start_runs_on() -> None:
    staff = Staff()
    staff.hire(1, date(2024, 4, 14), "internal_move")
    staff.hire(2, date(2024, 6, 1), "voluntary", candidate_id=1, started_on=date(2024, 4, 15))
    row = staff.ask(period=Period(START, START + timedelta(days=1)))
    assert (row.n, row.events, row.extra["voluntary"]) == (1, 1, 1)
    assert staff.ask(period=Period(date(2024, 4, 1), date(2024, 5, 1))).n == 0


def test_contractors_and_interns_are_out_and_counted() -> None:
    staff = Staff()
    for number, kind in enumerate(("contractor", "intern", "employee", "fixed_term", None), 1):
        staff.hire(number, employment=kind)
    row = staff.ask()
    assert (row.n, row.extra["not_staff"]) == (3, 2)


def test_what_happened_after_as_of_is_unknown() -> None:
    staff = Staff()
    staff.hire(1, date(2024, 5, 14), "voluntary")
    staff.hire(2, candidate_id=1, started_on=date(2024, 6, 1))
    then = staff.ask(as_of=datetime(2024, 5, 20, tzinfo=UTC))
    assert (then.n, then.events) == (1, 1)  # the rehire was not known yet
    assert staff.ask(as_of=datetime(2024, 5, 1, tzinfo=UTC)).events == 0


@pytest.mark.parametrize(("days", "events"), [(365, 1), (366, 0)])
def test_day_365_is_within_the_first_year(days: int, events: int) -> None:
    staff = Staff()
    staff.hire(1, START + timedelta(days=days), "voluntary")
    row = staff.ask()
    assert (row.events, row.value) == (events, events)


def test_whoever_worked_before_the_data_begin_enters_at_that_age() -> None:
    staff = Staff(data_from=datetime(2024, 3, 1, tzinfo=UTC))
    staff.hire(1, date(2024, 2, 1), "voluntary")  # never seen
    staff.hire(2, date(2024, 4, 1), "voluntary")
    staff.hire(3, date(2024, 2, 20), "voluntary", started_on=date(2024, 2, 10))
    staff.hire(4, started_on=date(2024, 3, 2))
    staff.hire(5, date(2024, 3, 12), "involuntary", started_on=date(2024, 3, 2))  # 10 days: only 4 and 5 at risk
    row = staff.ask()
    assert (row.n, row.extra["involuntary"]) == (3, 0.5)


def test_leaving_competes_with_becoming_productive() -> None:
    staff = Staff()
    for number, days in enumerate((10, 20, 30, 40), 1):
        staff.hire(number, productive_on=START + timedelta(days=days), target_days=90)
    for number in (5, 6, 7, 8):
        staff.hire(number, START + timedelta(days=5), "voluntary", target_days=90)
    staff.hire(9)
    row = staff.ask("time_to_productivity")
    assert (row.n, row.events, row.value, row.p25, row.p75) == (8, 4, 40, 20, None)
    assert row.naive == 25  # of those who got there
    assert {name: row.extra[name] for name in ("reached", "left_before", "no_milestone")} == {
        "reached": 4,
        "left_before": 4,
        "no_milestone": 1,
    }


def test_half_not_reached_says_how_far_it_was_followed() -> None:
    staff = Staff()
    for number in (1, 2, 3):
        staff.hire(number, START + timedelta(days=5), "voluntary", target_days=90)
    staff.hire(4, productive_on=START + timedelta(days=50))
    staff.hire(5, START + timedelta(days=70), "internal_move", target_days=90)
    row = staff.ask("time_to_productivity")
    assert (row.value, row.reason, row.note) == (None, Reason.NOT_REACHED, "> 70")
