"""Business time: golden case G07, short Fridays, leave, daylight saving, and the trace of every clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.business_time import Calendar
from services.domain.intervals import Interval, seconds_of

HOUR = 3600
NINE_TO_FIVE = (time(9), time(17))
EASTER = {date(2026, 4, 3): "Good Friday", date(2026, 4, 6): "Easter Monday"}
BERLIN = Calendar("Europe/Berlin", (*[NINE_TO_FIVE] * 5, None, None), EASTER, first_year=2025, last_year=2027)
SHORT_FRIDAY = Calendar(
    "Europe/Berlin", (*[NINE_TO_FIVE] * 4, (time(9), time(13)), None, None), EASTER, first_year=2025, last_year=2027
)

instants = st.integers(0, 364 * 24 * HOUR).map(lambda second: 1_767_222_000 + second)
"""Any second of 2026."""


def at(text: str) -> int:
    return seconds_of(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("feedback", "interview_end", "submitted", "hours"),
    [
        ("f1", "2026-03-27T16:00+01:00", "2026-03-31T16:00+02:00", 16.0),
        ("f2", "2026-04-02T12:00+02:00", "2026-04-07T12:00+02:00", 8.0),
        ("f3", "2026-04-01T18:30+02:00", "2026-04-02T10:00+02:00", 1.0),
        ("f4", "2026-04-01T15:00+02:00", "2026-04-01T13:33+02:00", 0.0),
        ("f5", "2026-03-30T09:00+02:00", "2026-04-10T17:00+02:00", 64.0),
        ("f9", "2026-04-07T09:00+02:00", "2026-04-09T09:01+02:00", 16 + 1 / 60),
    ],
)
def test_g07_business_hours(feedback, interview_end, submitted, hours):
    elapsed = BERLIN.elapsed(at(interview_end), at(submitted))
    assert elapsed.seconds == pytest.approx(hours * HOUR, abs=0)
    assert elapsed.days == pytest.approx(hours / 8, abs=1e-9)


def test_g07_leave_stops_the_clock():
    leave = BERLIN.leave(date(2026, 3, 31), date(2026, 4, 2))
    elapsed = BERLIN.elapsed(at("2026-03-30T15:00+02:00"), at("2026-04-07T11:00+02:00"), [leave])
    assert elapsed.seconds == 4 * HOUR


def test_two_business_days_after_friday_at_four_is_tuesday_at_four():
    """Exactly 2.0, so that "more than two days" is not true of it."""
    assert BERLIN.elapsed(at("2026-03-27T16:00+01:00"), at("2026-03-31T16:00+02:00")).days == 2.0


def test_a_short_friday_is_one_business_day_of_four_hours():
    elapsed = SHORT_FRIDAY.elapsed(at("2026-03-27T09:00+01:00"), at("2026-03-30T09:00+02:00"))
    assert (elapsed.seconds, elapsed.days) == (4 * HOUR, 1.0)


def test_the_trace_says_what_was_skipped_and_why():
    leave = BERLIN.leave(date(2026, 4, 1), date(2026, 4, 1))
    steps = BERLIN.trace(at("2026-03-31T16:00+02:00"), at("2026-04-07T10:00+02:00"), [leave])
    counted = {(step.start.date(), step.seconds // HOUR) for step in steps if step.counted}
    assert counted == {(date(2026, 3, 31), 1), (date(2026, 4, 2), 8), (date(2026, 4, 7), 1)}
    skipped = {step.reason for step in steps if not step.counted}
    assert skipped == {"outside working hours", "on leave", "Good Friday", "weekend", "Easter Monday"}


@given(instants, instants, st.lists(st.builds(Interval, instants, instants), max_size=3))
def test_the_trace_adds_up_to_the_clock_and_has_no_gap(start, end, leave):
    steps = BERLIN.trace(start, end, leave)
    assert sum(step.seconds for step in steps) == BERLIN.elapsed(start, end, leave).seconds
    if start < end:
        assert (seconds_of(steps[0].start), seconds_of(steps[-1].end)) == (start, end)
        assert all(before.end == after.start for before, after in pairwise(steps))


@given(instants, st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_clock_only_runs_forward_and_adds_up(start, first, second):
    middle, end = start + first, start + first + second
    whole = BERLIN.elapsed(start, end)
    parts = [BERLIN.elapsed(start, middle), BERLIN.elapsed(middle, end)]
    assert whole.seconds == sum(part.seconds for part in parts)
    assert whole.days == pytest.approx(sum(part.days for part in parts), abs=1e-8)
    assert 0 <= whole.seconds <= end - start


@given(instants)
def test_a_week_of_working_time_is_forty_hours_over_the_clock_change_too(start):
    """The changed hour lies outside working time, so no week gains or loses one."""
    local = datetime.fromtimestamp(start, BERLIN.zone)
    week_later = seconds_of(datetime.combine(local.date() + timedelta(days=7), local.time(), BERLIN.zone))
    days_off = sum(local.date() < day <= local.date() + timedelta(days=6) for day in EASTER)
    edges = [day for day in EASTER if day in {local.date(), local.date() + timedelta(days=7)}]
    if not edges:
        assert BERLIN.elapsed(start, week_later).seconds == (40 - 8 * days_off) * HOUR


def test_a_night_shift_day_of_the_clock_change_is_as_long_as_the_clock_on_the_wall_made_it():
    early = Calendar("Europe/Berlin", ((time(0), time(8)),) * 7, first_year=2026, last_year=2026)
    assert early.elapsed(at("2026-03-29T00:00+01:00"), at("2026-03-29T08:00+02:00")).seconds == 7 * HOUR
    assert early.elapsed(at("2026-10-25T00:00+02:00"), at("2026-10-25T08:00+01:00")).seconds == 9 * HOUR


def test_outside_its_years_a_calendar_refuses_to_guess():
    with pytest.raises(ValueError, match="2025 to 2027"):
        BERLIN.position(at("2031-01-01T00:00+01:00"))
    assert BERLIN.reason_off(date(2026, 4, 3)) == "Good Friday"
    assert BERLIN.reason_off(date(2026, 4, 2)) == ""


@given(instants, st.integers(1, 20 * 8 * HOUR))
def test_later_is_the_first_instant_by_which_the_hours_have_passed(start, wanted):
    reached = BERLIN.later(start, wanted)
    assert BERLIN.elapsed(start, reached).seconds == wanted
    assert BERLIN.elapsed(start, reached - 1).seconds == wanted - 1


def test_eight_hours_after_friday_at_four_is_monday_at_four_and_easter_does_not_count():
    assert BERLIN.later(at("2026-03-27T16:00+01:00"), 8 * HOUR) == at("2026-03-30T16:00+02:00")
    assert BERLIN.later(at("2026-04-02T16:00+02:00"), 8 * HOUR) == at("2026-04-07T16:00+02:00")
    assert BERLIN.later(at("2026-04-04T12:00+02:00"), 0) == at("2026-04-04T12:00+02:00")
    with pytest.raises(ValueError, match="2025 to 2027"):
        BERLIN.later(at("2027-12-30T12:00+01:00"), 80 * HOUR)


def test_the_end_of_the_working_day_is_no_working_time_any_more():
    assert [
        BERLIN.is_working(at(f"2026-04-02T{hour}+02:00")) for hour in ("08:59:59", "09:00", "16:59:59", "17:00")
    ] == [
        False,
        True,
        True,
        False,
    ]
    assert not BERLIN.is_working(at("2026-04-03T12:00+02:00"))
