"""Periods: complete months, named weeks and quarters, and the year before."""

from __future__ import annotations

from datetime import date

import pytest

from services.domain.errors import InvalidInputError
from services.domain.periods import add_months, months_until, parse_period, year_before

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("key", "start", "end", "label"),
    [
        ("12m", date(2025, 11, 1), date(2026, 11, 1), "Last 12 months"),
        ("1m", date(2026, 10, 1), date(2026, 11, 1), "Last month"),
        ("ytd", date(2026, 1, 1), date(2026, 11, 3), "This year so far"),
        ("2026-10", date(2026, 10, 1), date(2026, 11, 1), "Oct 2026"),
        ("2026-W45", date(2026, 11, 2), date(2026, 11, 9), "Week 45, 2026"),
        ("2026-Q3", date(2026, 7, 1), date(2026, 10, 1), "Q3 2026"),
        ("2025-12", date(2025, 12, 1), date(2026, 1, 1), "Dec 2025"),
    ],
)
def test_a_period_is_half_open_and_ends_with_complete_months(key: str, start: date, end: date, label: str) -> None:
    period = parse_period(key, TODAY)
    assert (period.start, period.end, period.label) == (start, end, label)


@pytest.mark.parametrize("key", ["", "2026-13", "2026-W60", "2026-Q5", "0000-01", "12m; drop table", "٢٠٢٦-10"])
def test_an_unknown_period_is_refused_with_what_is_accepted(key: str) -> None:
    with pytest.raises(InvalidInputError, match="2026-W47"):
        parse_period(key, TODAY)


def test_the_year_before_a_rolling_year_ends_where_it_begins() -> None:
    this_year = parse_period("12m", TODAY)
    before = year_before(this_year)
    assert (before.start, before.end) == (date(2024, 11, 1), this_year.start)


def test_the_year_before_week_53_is_week_52_of_that_year() -> None:
    before = year_before(parse_period("2026-W53", TODAY))
    assert before.start.isocalendar()[:2] == (2025, 52)
    assert before.label == "week 52 of the year before"
    assert year_before(parse_period("2026-W10", TODAY)).start.isocalendar()[:2] == (2025, 10)


def test_the_year_before_a_leap_day_exists() -> None:
    assert year_before(parse_period("ytd", date(2028, 2, 28))).end == date(2027, 2, 28)


def test_twelve_months_end_with_the_last_one_of_the_period() -> None:
    months = months_until(date(2026, 11, 1), 12)
    assert months[0] == date(2025, 11, 1)
    assert months[-1] == date(2026, 10, 1)
    assert months_until(date(2026, 11, 3), 1) == (date(2026, 11, 1),)


def test_months_cross_year_ends() -> None:
    assert add_months(date(2026, 1, 31), -1) == date(2025, 12, 1)
