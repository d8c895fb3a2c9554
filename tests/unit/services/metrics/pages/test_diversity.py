"""1.5, 4.5: the parts of the page Diversity, from answers as they are shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.domain.metric import Period, Reason, Row, Unit
from services.domain.views import Mark
from services.metrics.diversity_goals import Goal, Progress
from services.metrics.pages.diversity import (
    _released_period,
    completeness_table,
    goals_table,
    representation_table,
)


def a_row(stage: str, value: float | None, n: int = 100, *, note: str | None = None, **extra: Any) -> Row:
    return Row(
        metric="demographic_completeness",
        dims={"question": "gender", "canonical_stage": stage, "group": "woman"},
        value=value,
        unit=Unit.RATE,
        n=n,
        reason=None if value is not None else Reason.HIDDEN,
        note=note,
        extra=extra,
    )


ASKED: dict[str, Any] = {"asked": 90, "disclosed": 72, "declined": 10, "disclosed_of_asked": 0.8}


def mark_of(row: Row) -> Any:
    return completeness_table([row], "gender").rows[0].cells["mark"]


def test_1_5_who_was_not_asked_and_who_declined_are_apart() -> None:
    (row,) = completeness_table([a_row("offer", 0.9, **ASKED)], "gender").rows
    assert (row.cells["reached"], row.cells["asked"]) == ("100", "90%")
    assert (row.cells["answered"], row.cells["declined"], row.cells["not_asked"]) == ("72, 80%", "10, 11%", "10")


def test_1_5_the_mark_incomplete_wins_and_low_is_said() -> None:
    assert mark_of(a_row("offer", 0.9, **ASKED)) == Mark("good", "Enough")
    assert mark_of(a_row("offer", 0.9, **{**ASKED, "disclosed_of_asked": 0.79})) == Mark("near", "Low")
    floor = "gender, offer, incomplete: under 95% asked about themselves at offer"
    assert mark_of(a_row("offer", 0.9, note=floor, **ASKED)) == Mark("near", "Incomplete")


def test_4_5_where_a_group_is_hidden_those_who_answered_are_too() -> None:
    (row,) = completeness_table([a_row("hired", 0.9, asked=90, disclosed_at_least=61)], "gender").rows
    assert (row.cells["answered"], row.cells["declined"]) == ("hidden", "hidden")
    assert "61" not in str(row.cells)


def test_4_5_a_share_beside_a_hidden_group_is_given_between_its_bounds() -> None:
    rows = [a_row("offer", 0.48, bound_low=0.46, bound_high=0.5), a_row("hired", None, n=0)]
    table = representation_table(rows, [], "gender", 5)
    cells = table.rows[0].cells
    assert (cells["offer"], cells["hired"], cells["change"]) == ("46% to 50%", "hidden", "–")
    exact = representation_table([a_row("offer", 0.5), a_row("hired", 0.42)], [], "gender", 5)
    assert exact.rows[0].cells["change"] == "−8.0"


@pytest.mark.parametrize(
    ("period", "is_whole", "start", "end"),
    [
        ("12m", True, date(2025, 10, 1), date(2026, 10, 1)),
        ("12m", False, date(2025, 7, 1), date(2026, 7, 1)),
        ("3m", True, date(2026, 7, 1), date(2026, 10, 1)),
        ("3m", False, date(2026, 1, 1), date(2026, 7, 1)),
        ("30d", True, date(2025, 10, 1), date(2026, 10, 1)),
    ],
)
def test_4_5_only_released_periods_are_asked(period: str, is_whole: bool, start: date, end: date) -> None:  # noqa: FBT001 - a case
    assert _released_period(date(2026, 11, 24), period, is_whole=is_whole) == Period(start, end)


def a_goal(value: float | None, n: int, reason: str | None = None) -> Progress:
    goal = Goal(
        id=1,
        department_id=1,
        department="Technology",
        country="US",
        stage="applied",
        question="gender",
        group="woman",
        share=0.4,
        until_on=date(2027, 12, 31),
        legal_approver=None,
        reason="balance",
        version=1,
        changed_at=datetime(2026, 1, 1, tzinfo=UTC),
        changed_by="dee@northwind.example",
    )
    return Progress(goal, value, reason, None, Period(date(2025, 7, 1), date(2026, 7, 1)), n)


@pytest.mark.parametrize(
    ("value", "n", "reason", "mark", "printed"),
    [
        (0.41, 108, None, Mark("good", "Met"), "41%"),
        (0.37, 108, None, Mark("near", "Near"), "37%"),
        (0.20, 108, None, Mark("bad", "Not met"), "20%"),
        (0.20, 19, None, Mark("hold", "Too few"), "20%"),
        (None, 0, "hidden", Mark("hold", "Hidden"), "hidden"),
        (None, 0, "not_loaded: the sources do not say it", Mark("hold", "Not measured"), "–"),
    ],
)
def test_1_5_a_goal_says_how_far_it_is_met(
    value: float | None, n: int, reason: str | None, mark: Mark, printed: str
) -> None:
    (row,) = goals_table([a_goal(value, n, reason)]).rows
    assert row.cells["met"] == mark
    assert (row.cells["share"], row.cells["goal"]) == (printed, "40%")
