"""Arithmetic on half-open intervals of whole seconds: the ground of every clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

FOREVER = 253_402_300_799
"""9999-12-31 23:59:59 UTC: the end of an interval that is still running."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Interval(NamedTuple):
    """Half-open ``[start, end)`` in whole seconds since 1970-01-01 UTC. ``end`` = FOREVER: still running."""

    start: int
    end: int


def seconds_of(instant: datetime) -> int:
    """Whole seconds since 1970-01-01 UTC, fractions cut off. Raises ValueError for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - EPOCH) // timedelta(seconds=1)


def instant_of(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def interval(start: datetime, end: datetime | None) -> Interval:
    """The interval between two instants; ``end`` None = still running."""
    return Interval(seconds_of(start), FOREVER if end is None else seconds_of(end))


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Disjoint, ordered, non-touching intervals that cover the same seconds; empty and backward ones vanish."""
    merged: list[Interval] = []
    for item in sorted(part for part in intervals if part.end > part.start):
        if merged and item.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, item.end))
        else:
            merged.append(item)
    return tuple(merged)


def clip(intervals: Iterable[Interval], start: int, end: int) -> tuple[Interval, ...]:
    """The parts of each interval inside ``[start, end)``, in the given order."""
    cut = (Interval(max(item.start, start), min(item.end, end)) for item in intervals)
    return tuple(item for item in cut if item.end > item.start)


def subtract(intervals: Iterable[Interval], holes: Iterable[Interval]) -> tuple[Interval, ...]:
    """What of the union of ``intervals`` no hole covers."""
    pieces: list[Interval] = []
    gaps = union(holes)
    for item in union(intervals):
        start = item.start
        for hole in clip(gaps, item.start, item.end):
            if hole.start > start:
                pieces.append(Interval(start, hole.start))
            start = hole.end
        if start < item.end:
            pieces.append(Interval(start, item.end))
    return tuple(pieces)


def seconds(intervals: Iterable[Interval]) -> int:
    """Total length, each second counted once."""
    return sum(item.end - item.start for item in union(intervals))


class NetAxis:
    """A clock that stands still during ``stops``. Positions are seconds; their differences are net durations."""

    def __init__(self, stops: Iterable[Interval]) -> None:
        self.stops: Sequence[Interval] = union(stops)

    @cached_property
    def _starts(self) -> list[int]:
        return [stop.start for stop in self.stops]

    @cached_property
    def _stopped_before(self) -> list[int]:
        total, sums = 0, []
        for stop in self.stops:
            sums.append(total)
            total += stop.end - stop.start
        return sums

    def position(self, at: int) -> int:
        """``at`` less the seconds the clock stood still before it."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return at
        stop = self.stops[index]
        return at - self._stopped_before[index] - (min(at, stop.end) - stop.start)

    def elapsed(self, start: int, end: int) -> int:
        """Net seconds from ``start`` to ``end``; negative when ``end`` comes first (invalid, never clipped here)."""
        return self.position(end) - self.position(start)

    def trace(self, start: int, end: int) -> tuple[tuple[Interval, bool], ...]:
        """The pieces of ``[start, end)`` in order, each with whether it was counted."""
        whole = (Interval(start, end),)
        counted = [(piece, True) for piece in subtract(whole, self.stops)]
        skipped = [(piece, False) for piece in clip(self.stops, start, end)]
        return tuple(sorted(counted + skipped))
