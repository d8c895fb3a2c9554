"""Working time: a frozen calendar, the business axis, and the trace of every clock on it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.domain.intervals import Interval, clip, instant_of, seconds_of, subtract, union

FIRST_YEAR = 1990
LAST_YEAR = 2040
"""Years a calendar covers when nothing else is asked for."""

ONE_DAY = timedelta(days=1)
Hours = tuple[time, time] | None
"""Opening and closing time of a weekday; None = not a working day."""


class WorkingDay(NamedTuple):
    """Working hours of one local day, in seconds since 1970-01-01 UTC, and its place on the axis."""

    on: date
    opens: int
    closes: int
    seconds_before: int
    """Working seconds of the calendar before this day."""
    days_before: int


class Position(NamedTuple):
    """A point on the business axis: working seconds, and working days in which every day counts 1."""

    seconds: int
    days: float


class Step(NamedTuple):
    """One piece of a clock's way, counted or skipped, and why."""

    start: datetime
    end: datetime
    counted: bool
    reason: str
    seconds: int
    """Seconds the clock ran: 0 when skipped."""


@dataclass(frozen=True)
class Calendar:
    """Working week, days off and zone of one office. Immutable.

    ``week`` holds the hours of Monday to Sunday; a short day still counts as one business day. ``days_off`` maps
    local dates to the name of the holiday. Daylight-saving changes inside working hours lengthen or shorten that day as
    the clock on the wall does; outside they change nothing.
    """

    timezone: str
    week: tuple[Hours, ...]
    days_off: Mapping[date, str] = field(default_factory=dict, hash=False)
    first_year: int = FIRST_YEAR
    last_year: int = LAST_YEAR

    def hours(self, on: date) -> Hours:
        """Working hours of a local day, None on a day off."""
        return None if on in self.days_off else self.week[on.weekday()]

    def reason_off(self, on: date) -> str:
        """Why a local day has no working hours; "" on a working day."""
        if on in self.days_off:
            return self.days_off[on]
        return "" if self.week[on.weekday()] else "weekend"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def working_days(self) -> Sequence[WorkingDay]:
        """Every working day of the calendar's years, in order."""
        days: list[WorkingDay] = []
        before, on, end = 0, date(self.first_year, 1, 1), date(self.last_year, 12, 31)
        while on <= end:
            hours = self.hours(on)
            if hours:
                opens, closes = self._instant(on, hours[0]), self._instant(on, hours[1])
                days.append(WorkingDay(on, opens, closes, before, len(days)))
                before += closes - opens
            on += ONE_DAY
        return days

    def _instant(self, on: date, at: time) -> int:
        return seconds_of(datetime.combine(on, at, self.zone))

    @cached_property
    def _opens(self) -> list[int]:
        return [day.opens for day in self.working_days]

    def position(self, at: int) -> Position:
        """Where an instant (seconds since 1970 UTC) stands on the axis. ValueError outside the calendar's years."""
        index = bisect_right(self._opens, at) - 1
        if index < 0 or at > self.working_days[-1].closes:
            raise ValueError(f"the calendar covers {self.first_year} to {self.last_year}")
        day = self.working_days[index]
        done = min(at, day.closes) - day.opens
        return Position(day.seconds_before + done, day.days_before + done / (day.closes - day.opens))

    def elapsed(self, start: int, end: int, leave: Iterable[Interval] = ()) -> Position:
        """Working seconds and days from ``start`` to ``end`` without ``leave``; zero when ``end`` comes first."""
        total_seconds, total_days = 0, 0.0
        for piece in subtract([Interval(start, end)], leave):
            first, last = self.position(piece.start), self.position(piece.end)
            total_seconds += last.seconds - first.seconds
            total_days += last.days - first.days
        # the positions are near 13,000 days: without rounding "exactly two days" would be 2.0000000000018
        return Position(total_seconds, round(total_days, 9))

    def is_working(self, at: int) -> bool:
        """Whether an instant (seconds since 1970 UTC) lies in working hours, their end left out."""
        index = bisect_right(self._opens, at) - 1
        return index >= 0 and at < self.working_days[index].closes

    def later(self, start: int, working_seconds: int) -> int:
        """The first instant by which so many working seconds have passed since ``start``; 0 = ``start`` itself.

        ValueError outside the calendar's years.
        """
        if working_seconds <= 0:
            return start
        wanted = self.position(start).seconds + working_seconds
        index = bisect_left(self._seconds_before, wanted) - 1
        day = self.working_days[index]
        reached = day.opens + wanted - day.seconds_before
        if reached > day.closes:
            raise ValueError(f"the calendar covers {self.first_year} to {self.last_year}")
        return reached

    @cached_property
    def _seconds_before(self) -> list[int]:
        return [day.seconds_before for day in self.working_days]

    def leave(self, first: date, last: date) -> Interval:
        """Personal leave on whole local days, both ends included, as an interval."""
        return Interval(self._instant(first, time(0)), self._instant(last + ONE_DAY, time(0)))

    def trace(self, start: int, end: int, leave: Iterable[Interval] = ()) -> tuple[Step, ...]:
        """Every piece from ``start`` to ``end`` in order, local times, counted or skipped and why."""
        away = union(leave)
        steps: list[Step] = []
        on = instant_of(start).astimezone(self.zone).date()
        while self._instant(on, time(0)) < end:
            steps += self._trace_day(on, start, end, away)
            on += ONE_DAY
        return tuple(steps)

    def _trace_day(self, on: date, start: int, end: int, away: Sequence[Interval]) -> list[Step]:
        midnight, midnight_after = self._instant(on, time(0)), self._instant(on + ONE_DAY, time(0))
        window = clip([Interval(midnight, midnight_after)], start, end)
        hours = self.hours(on)
        if not hours:
            return [self._step(piece, self.reason_off(on)) for piece in window]
        open_hours = [Interval(self._instant(on, hours[0]), self._instant(on, hours[1]))]
        on_leave = [part for piece in window for part in clip(away, piece.start, piece.end)]
        at_work = subtract(window, away)
        inside = [part for piece in at_work for part in clip(open_hours, piece.start, piece.end)]
        outside = subtract(at_work, open_hours)
        steps = [self._step(piece, "working time", counted=True) for piece in inside]
        steps += [self._step(piece, "outside working hours") for piece in outside]
        steps += [self._step(piece, "on leave") for piece in on_leave]
        return sorted(steps)

    def _step(self, piece: Interval, reason: str, *, counted: bool = False) -> Step:
        start, end = (instant_of(at).astimezone(self.zone) for at in piece)
        return Step(start, end, counted, reason, piece.end - piece.start if counted else 0)
