"""8: rules that write and judge the parts of a report."""

from __future__ import annotations

from datetime import date

import pytest

from services.domain.grains import Grain
from services.domain.metric import Better, Estimator, Reason, Row, Unit
from services.domain.pipeline import STAGE_ORDER
from services.reporting.definitions import hiring_manager_weekly as weekly
from services.reporting.definitions import parts
from services.reporting.definitions.asking import in_printed_unit
from services.reporting.definitions.requisitions import Requisition, judge_age

TODAY = date(2026, 11, 22)


def a_requisition(**fields: object) -> Requisition:
    base: dict[str, object] = {
        "id": 1,
        "label": "R-1 Engineer",
        "code": "R-1",
        "title": "Engineer",
        "opened_on": date(2026, 9, 1),
        "target_days": 50,
        "hiring_manager_id": None,
        "is_on_hold": False,
        "stopped_since": None,
    }
    return Requisition(**{**base, **fields})  # type: ignore[arg-type]


def an_open(age: float | None, **fields: object) -> parts.OpenRequisition:
    requisition = a_requisition(**fields)
    row = None if age is None else Row("requisition_age", {}, age, Unit.DAYS, n=1)
    return parts.OpenRequisition(requisition, row, {}, 0, *judge_age(requisition, age))


@pytest.mark.parametrize(("age", "status"), [(45.0, "on"), (45.1, "near"), (50.0, "near"), (50.1, "off"), (None, None)])
def test_a_requisition_is_judged_by_its_own_target_in_net_days(age, status):
    assert judge_age(a_requisition(), age)[0] == status


def test_a_stopped_requisition_and_one_without_target_are_not_judged():
    assert judge_age(a_requisition(stopped_since=TODAY, is_on_hold=True), 90.0) == ("hold", "On hold")
    assert judge_age(a_requisition(stopped_since=TODAY), 90.0) == ("hold", "Frozen")
    assert judge_age(a_requisition(target_days=None), 90.0) == (None, "No target")


def owed(day: int, *, is_hers: bool = True) -> weekly.Owed:
    return weekly.Owed("Rui Almeida", "Engineer", date(2026, 11, day), is_hers)


def test_three_things_are_one_of_each_kind_before_a_second_of_one():
    items = [
        an_open(80.0, label="late"),
        an_open(60.0, label="less late"),
        an_open(None, label="held", is_on_hold=True, stopped_since=date(2026, 10, 6)),
        an_open(None, label="frozen", stopped_since=date(2026, 10, 1)),
    ]
    texts = [note.text for note in weekly.things_to_do(items, [owed(12), owed(15)], TODAY)]
    assert texts == [
        "Give feedback on Rui Almeida for Engineer: the interview was 10 days ago. You owe 2 in all.",
        "Agree a new date for late: 30.0 days past its target of 50 days.",
        "Release or close held: on hold since 6 Oct 2026.",
    ]
    only_late = [note.text for note in weekly.things_to_do(items[:2], [], TODAY)]
    assert [text.split(":")[0] for text in only_late] == ["Agree a new date for late", "Agree a new date for less late"]


def test_her_own_feedback_comes_before_her_panels_which_is_one_thing_a_requisition():
    notes = weekly.things_to_do([], [owed(12), owed(10, is_hers=False), owed(14, is_hers=False)], TODAY)
    assert [note.text.partition(":")[0] for note in notes] == [
        "Give feedback on Rui Almeida for Engineer",
        "Remind your panel for Engineer",
    ]
    assert notes[1].text.endswith("2 feedback forms are missing, the oldest for 12 days.")


def test_a_freeze_is_not_the_managers_to_release():
    assert weekly.things_to_do([an_open(None, stopped_since=TODAY)], [], TODAY) == ()


def test_every_thing_to_do_leads_to_a_part_of_the_report_that_is_there():
    items = [an_open(80.0), an_open(None, is_on_hold=True, stopped_since=TODAY)]
    notes = weekly.things_to_do(items, [owed(12)], TODAY)
    tables = [parts.ageing_table(items, {}, with_stages=False), weekly.owed_table([owed(12)], TODAY)]
    assert {note.href for note in notes} == {f"#{table.id}" for table in tables}


def rate(value: float | None, n: int) -> Row:
    reason = Reason.TOO_FEW if value is None else None
    return Row("x", {}, value, Unit.RATE, n, reason=reason, estimator=Estimator.PLAIN_RATE)


@pytest.mark.parametrize(
    ("now", "before", "better", "change", "is_better"),
    [
        (rate(0.9, 40), rate(0.8, 40), Better.HIGHER, 0.1, True),
        (rate(0.9, 40), rate(0.8, 40), Better.LOWER, 0.1, False),
        (rate(0.9, 40), rate(0.8, 19), Better.HIGHER, 0.1, None),
        (rate(0.8, 40), rate(0.8, 40), Better.HIGHER, 0.0, None),
        (rate(None, 3), rate(0.8, 40), Better.HIGHER, None, None),
    ],
)
def test_better_or_worse_is_said_only_of_two_values_that_may_be_judged(now, before, better, change, is_better):
    found = parts.compare(now, before, better, "Sep 2026")
    assert found.change == (None if change is None else pytest.approx(change))
    assert found.is_better is is_better


def test_feedback_is_printed_in_business_days_and_an_unreached_one_has_a_reason():
    hours = Row(
        "feedback_turnaround",
        {},
        16.5,
        Unit.BUSINESS_HOURS,
        n=40,
        low=12.0,
        high=20.0,
        estimator=Estimator.KAPLAN_MEIER,
        extra={"business_days": 2.1, "missing": 3},
    )
    days = in_printed_unit(hours)
    assert (days.value, days.unit, days.low, days.high) == (2.1, Unit.BUSINESS_DAYS, None, None)
    unreached = in_printed_unit(Row("feedback_turnaround", {}, 16.5, Unit.BUSINESS_HOURS, n=40, extra={}))
    assert (unreached.value, unreached.reason) == (None, Reason.NOT_REACHED)


@pytest.mark.parametrize(
    ("grain", "start", "count", "expected"),
    [
        (Grain.MONTH, date(2026, 1, 1), 2, date(2025, 11, 1)),
        (Grain.WEEK, date(2026, 1, 5), 1, date(2025, 12, 29)),
        (Grain.QUARTER, date(2026, 1, 1), 3, date(2025, 4, 1)),
    ],
)
def test_bins_are_counted_back_over_the_turn_of_the_year(grain, start, count, expected):
    assert parts.steps_back(grain, start, count) == expected


def test_every_stage_has_a_printed_name():
    assert set(parts.STAGE_NAMES) == {stage.value for stage in STAGE_ORDER}


def test_definitions_come_from_the_registry_and_say_what_is_left_out():
    first, second = parts.definitions(["time_to_fill", "hires", "time_to_fill"])
    assert (first.mark, first.name, second.mark) == ("a", "Time to fill", "b")
    assert "Left out: " in first.text
