"""9: which period a fire is about: it follows the local date, so a repeated or skipped hour changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.errors import InvalidInputError
from services.domain.periods import parse_period
from services.reporting.cron import fires_between, parse_cron
from services.reporting.periods import check_period, grain_of, period_before, period_of_fire

ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Athens", "America/New_York",
    "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "America/Santiago",
    "America/Havana", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham",
    "Asia/Tehran", "Asia/Kolkata", "Africa/Cairo", "Africa/Casablanca",
)  # fmt: skip


@pytest.mark.parametrize(
    ("grain", "day", "expected"),
    [
        ("day", date(2026, 3, 1), "2026-02-28"),
        ("week", date(2026, 11, 2), "2026-W44"),
        ("week", date(2027, 1, 4), "2026-W53"),
        ("week", date(2026, 11, 8), "2026-W44"),
        ("month", date(2026, 11, 1), "2026-10"),
        ("month", date(2026, 1, 31), "2025-12"),
        ("quarter", date(2026, 10, 1), "2026-Q3"),
        ("quarter", date(2026, 2, 28), "2025-Q4"),
        ("quarter", date(2026, 12, 31), "2026-Q3"),
    ],
)
def test_a_report_is_about_the_last_complete_period(grain: str, day: date, expected: str) -> None:
    assert period_before(grain, day) == expected


@settings(deadline=None)
@given(st.sampled_from(["week", "month", "quarter"]), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_period_is_complete_and_the_next_one_is_not(grain: str, day: date) -> None:
    named = parse_period(period_before(grain, day), day)
    assert named.end <= day
    assert grain_of(named.key) == grain
    check_period(named.key, grain)
    following = parse_period(period_before(grain, named.end + (named.end - named.start) + timedelta(days=7)), day)
    assert following.end > named.end


def test_an_unknown_grain_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="fortnight"):
        period_before("fortnight", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("period", "grain"),
    [("2026-10", "week"), ("2026-W47", "month"), ("12m", "month"), ("", "month"), ("2026-13", "month"),
     ("2026-W60", "week"), ("2026-02-30", "day"), ("abcd-10", "month"), ("2026-Q5", "quarter")],
)  # fmt: skip
def test_a_period_of_another_grain_is_refused_with_an_example(period: str, grain: str) -> None:
    with pytest.raises(InvalidInputError, match="write it like 20"):
        check_period(period, grain)


def test_a_day_is_a_period_too() -> None:
    check_period("2026-11-24", "day")


def _transitions(zone: ZoneInfo) -> list[datetime]:
    hours = (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(0, 7 * 366 * 24, 12))
    found, before = [], None
    for instant in hours:
        offset = instant.astimezone(zone).utcoffset()
        if before is not None and offset != before:
            found.append(instant)
        before = offset
    return found


def test_f25_every_change_of_clocks_in_twenty_zones_gives_one_run_a_day() -> None:
    """02:30 happens twice or never on such a day: each local day still has exactly one period."""
    doubled = 0
    for name in ZONES:
        trigger = parse_cron(json.dumps({"hour": 2, "minute": 30}), name)
        for transition in _transitions(ZoneInfo(name)):
            fires = list(fires_between(trigger, transition - timedelta(days=3), transition + timedelta(days=3)))
            periods = [period_of_fire("day", fire, name) for fire in fires]
            days = sorted({date.fromisoformat(period) for period in periods})
            assert days == [days[0] + timedelta(days=number) for number in range(len(days))], (name, transition)
            doubled += len(periods) - len(days)
    assert doubled > 20, "no fire was doubled: the rule was not put to the test"


def test_the_day_of_week_is_named_so_monday_is_monday() -> None:
    trigger = parse_cron('{"day_of_week": "mon", "hour": 7}', "Europe/Berlin")
    [fire] = fires_between(trigger, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 7, tzinfo=UTC))
    assert fire == datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("nonsense", "UTC", "hour"),
        ('{"day": 1}', "UTC", "hour"),
        ('{"hour": 7, "colour": 1}', "UTC", "hour"),
        ('{"hour": 25}', "UTC", "cannot be read"),
        ('{"hour": 7}', "Europe/Atlantis", "time zone"),
        ('{"hour": 7}', "../etc/passwd", "time zone"),
    ],
)
def test_wrong_times_are_refused_in_words(text: str, zone: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        parse_cron(text, zone)
