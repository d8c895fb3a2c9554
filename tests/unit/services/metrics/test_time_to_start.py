"""Capability 2: time to start, worked by hand: holds count until the acceptance, calendar days after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.metric import Answer, Period, Query, Reason, Row
from services.metrics.query import QueryLayer
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart, SmallSnapshot

FIRST = datetime(2026, 5, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
AS_OF = datetime(2026, 8, 1, tzinfo=UTC)


def at(day: float) -> datetime:
    """Midnight UTC so many days after 1 May 2026."""
    return FIRST + timedelta(days=day)


def seconds(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp())


class Scene:
    """Seats of one requisition in UTC, held from day 4 to day 9."""

    HOLD = (4, 9)

    def __init__(self, zone: str = "UTC", *, counts: dict[str, int] | None = None) -> None:
        self.mart = SmallMart(SmallSnapshot(as_of=AS_OF, counts=counts or {}))
        row = {"requisition_id": 1, "timezone": zone, "opened_at": at(0), "status": "open", "department_id": 1}
        self.mart.add("dim_requisition", row)
        held = {"requisition_id": 1, "from_at": at(4), "to_at": at(9), "stopped_before": 0}
        self.mart.add("requisition_hold", held)
        self.seats = 0

    def net(self, day: float) -> int:
        start, end = self.HOLD
        return seconds(at(day)) - round(max(0.0, min(day, end) - start) * 86_400 if day > start else 0)

    def seat(self, opened: float, **days: float | None) -> None:
        """``accepted``, ``starts`` and ``cancelled`` are days after 1 May."""
        self.seats += 1
        row: dict[str, Any] = {"seat_id": self.seats, "requisition_id": 1, "department_id": 1}
        row |= {"opened_at": at(opened), "opened_on": at(opened).date(), "opened_net": self.net(opened)}
        for name, column in (("accepted", "filled"), ("cancelled", "cancelled")):
            day = days.get(name)
            if day is not None:
                row |= {f"{column}_at": at(day), f"{column}_on": at(day).date(), f"{column}_net": self.net(day)}
        starts = days.get("starts")
        self.mart.add("fact_seat", row | ({"started_on": at(starts).date()} if starts is not None else {}))

    def ask(self, **fields: Any) -> Answer:
        query = Query(("time_to_start",), raw=True, **fields)
        return QueryLayer(self.mart, FakeNames()).ask(query, OPERATOR)

    def row(self, **fields: Any) -> Row:
        return self.ask(**fields).one("time_to_start")


def test_2_the_hold_counts_before_the_acceptance_only() -> None:
    """Opened 1 May, held 5 to 10 May, accepted 30 May: 24 days net. Starts 1 July, 32 calendar days later."""
    scene = Scene()
    scene.seat(0, accepted=29, starts=61)
    row = scene.row()
    assert (row.value, row.n, row.events) == (56.0, 1, 1)


def test_2_a_hold_after_the_acceptance_does_not_stop_a_notice_period() -> None:
    scene = Scene()
    scene.seat(0, accepted=2, starts=20)
    assert scene.row().value == 20.0


def test_2_medians_do_not_add() -> None:
    """Quick acceptances with a long notice and slow ones with none: 12, 40 and 45 days in all."""
    scene = Scene()
    scene.seat(10, accepted=15, starts=50)
    scene.seat(10, accepted=20, starts=22)
    scene.seat(10, accepted=54, starts=55)
    assert scene.row().value == 40.0


def test_2_who_has_not_started_is_still_at_risk() -> None:
    scene = Scene()
    scene.seat(10, accepted=20, starts=30)
    scene.seat(10, accepted=20)
    scene.seat(10)
    scene.seat(10, cancelled=15)
    row = scene.row()
    assert (row.n, row.events) == (4, 1)
    assert row.extra == {"accepted": 1, "cancelled": 1, "evergreen": 0, "negative": 0}
    # 1 August is day 92: the accepted and the open seat have waited 82 days
    assert (row.value, row.reason, row.note) == (None, Reason.NOT_REACHED, "> 82")


def test_2_a_closed_period_does_not_move_when_the_hire_starts_later() -> None:
    june = Period(date(2026, 6, 1), date(2026, 7, 1))
    known, later = Scene(), Scene()
    for scene, starts in ((known, None), (later, 70)):
        scene.seat(10, accepted=40, starts=starts)
        scene.seat(20, accepted=40, starts=50)
    assert later.row(period=june) == known.row(period=june)
    row = later.row(period=june)
    assert (row.n, row.events, row.value) == (2, 1, 30.0)
    july = later.row(period=Period(date(2026, 7, 1), date(2026, 8, 1)))
    assert (july.n, july.events, july.value) == (1, 1, 60.0)


def test_2_a_seat_enters_the_period_at_its_age() -> None:
    """Seat 1 is 21 days old when June begins: it is not at risk when seat 2 starts after 11, so that one is alone."""
    scene = Scene()
    scene.seat(10, accepted=25, starts=60)
    scene.seat(32, accepted=33, starts=43)
    row = scene.row(period=Period(date(2026, 6, 1), date(2026, 7, 1)))
    assert (row.n, row.events, row.value) == (2, 2, 11.0)


def test_2_the_first_day_of_a_period_belongs_to_it_and_the_last_day_of_the_one_before_does_not() -> None:
    scene = Scene("Europe/Berlin")
    scene.seat(10, accepted=20, starts=31)
    assert scene.row(period=Period(date(2026, 6, 1), date(2026, 7, 1))).events == 1
    may = scene.row(period=Period(date(2026, 5, 1), date(2026, 6, 1)))
    assert (may.n, may.events) == (1, 0)
    assert scene.row(period=Period(date(2026, 6, 2), date(2026, 7, 1))).n == 0


def test_2_each_month_equals_its_own_question() -> None:
    scene = Scene("America/Los_Angeles")
    for opened, accepted, starts in ((10, 20, 31), (12, 33, 45.5), (20, 60, 62), (5, 44, 61), (40, None, None)):
        scene.seat(opened, accepted=accepted, starts=starts)
    series = scene.ask(by=("month",), period=Period(date(2026, 5, 1), date(2026, 8, 1)))
    for month in (5, 6, 7):
        alone = scene.row(period=Period(date(2026, month, 1), date(2026, month + 1, 1)))
        one = series.one("time_to_start", month=f"2026-{month:02d}")
        assert (one.value, one.n, one.events) == (alone.value, alone.n, alone.events)
        assert alone.n > 0


def test_2_a_start_before_its_acceptance_is_counted_and_left_out() -> None:
    scene = Scene()
    scene.seat(10, accepted=20, starts=15)
    row = scene.row()
    assert (row.value, row.reason, row.n, row.extra["negative"]) == (None, Reason.NO_DATA, 0, 1)


def test_2_without_the_hr_system_nothing_is_known() -> None:
    scene = Scene(counts={"loaded_hire": 0})
    scene.seat(10, accepted=20, starts=30)
    assert scene.row().reason is Reason.NOT_LOADED
    assert scene.row().value is None


@pytest.mark.parametrize("day", [date(2027, 1, 1), date(2030, 1, 1)])
def test_2_a_future_period_has_no_seats(day: date) -> None:
    scene = Scene()
    scene.seat(10, accepted=20, starts=30)
    assert scene.row(period=Period(day)).n == 0
