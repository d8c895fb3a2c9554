"""Arithmetic on intervals: the ground of every clock."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.intervals import (
    FOREVER,
    Interval,
    NetAxis,
    clip,
    instant_of,
    interval,
    seconds,
    seconds_of,
    subtract,
    union,
)

DAY = 86_400
small = st.integers(0, 60)
pieces = st.lists(st.builds(Interval, small, small), max_size=8)


def covered(intervals) -> set[int]:
    return {second for item in intervals for second in range(item.start, item.end)}


@given(pieces)
def test_union_covers_the_same_seconds_once_in_order_and_apart(intervals):
    merged = union(intervals)
    assert covered(merged) == covered(intervals)
    assert all(before.end < after.start for before, after in pairwise(merged))
    assert seconds(intervals) == len(covered(intervals))


@given(pieces, small, small)
def test_clip_keeps_what_lies_inside(intervals, start, end):
    assert covered(clip(intervals, start, end)) == covered(intervals) & set(range(start, end))


@given(pieces, pieces)
def test_subtract_leaves_what_no_hole_covers(intervals, holes):
    assert covered(subtract(intervals, holes)) == covered(intervals) - covered(holes)


@given(pieces, small, small)
def test_the_net_clock_counts_exactly_the_seconds_outside_its_stops(stops, start, end):
    axis = NetAxis(stops)
    expected = len(set(range(start, end)) - covered(stops))
    assert axis.elapsed(start, end) == (expected if end >= start else -len(set(range(end, start)) - covered(stops)))


@given(pieces, small, small)
def test_the_trace_covers_the_whole_way_and_adds_up_to_the_clock(stops, start, end):
    axis = NetAxis(stops)
    trace = axis.trace(start, end)
    assert covered(piece for piece, _ in trace) == set(range(start, end))
    assert sum(piece.end - piece.start for piece, counted in trace if counted) == max(axis.elapsed(start, end), 0)


def test_g01_hold_and_freeze_are_a_union_of_nine_and_a_half_days():
    """5 days on hold and 6.5 days frozen, half a week of them the same: 9.5 days, and 20.5 of 30 days net."""
    hold = Interval(10 * DAY, 15 * DAY)
    freeze = Interval(13 * DAY, 19 * DAY + DAY // 2)
    axis = NetAxis([hold, freeze])
    assert seconds([hold, freeze]) == 9.5 * DAY
    assert axis.elapsed(0, 30 * DAY) == 20.5 * DAY
    assert axis.elapsed(0, 60 * DAY) == 50.5 * DAY


def test_a_stop_that_is_still_running_stops_the_clock_for_good():
    axis = NetAxis([interval(datetime(2026, 2, 19, tzinfo=UTC), None)])
    opened, as_of = (seconds_of(datetime(2026, month, at, tzinfo=UTC)) for month, at in ((1, 20), (3, 2)))
    assert axis.elapsed(opened, as_of) == 30 * DAY
    assert axis.stops[0].end == FOREVER


def test_a_negative_duration_is_reported_and_never_clipped():
    assert NetAxis([]).elapsed(10, 3) == -7


def test_instants_are_whole_seconds_in_utc():
    moment = datetime(2026, 3, 29, 2, 30, 0, 999_999, tzinfo=UTC)
    assert instant_of(seconds_of(moment)) == moment.replace(microsecond=0)
    assert seconds_of(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1
    with pytest.raises(ValueError, match="time zone"):
        seconds_of(datetime(2026, 1, 1))  # noqa: DTZ001 - the point
