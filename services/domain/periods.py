"""Periods a person can choose: rolling ones of complete months for pages, named ones for reports.

A period is half-open, [start, end), in local dates. A rolling period ends with the last complete month (or day) before
the snapshot's local date, so that a number does not move while it is still running; "so far" runs up to and including
that date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from services.domain.errors import InvalidInputError
from services.domain.metric import Period

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DEFAULT_PERIOD = "12m"


@dataclass(frozen=True)
class NamedPeriod:
    """A chosen period with both ends known, and the words for it."""

    key: str
    label: str
    start: date
    end: date
    """First day after the period."""

    @property
    def period(self) -> Period:
        return Period(self.start, self.end)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """First day of the month ``months`` after (or before) the month of ``day``."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _rolling(months: int) -> Callable[[date], tuple[date, date]]:
    def span(today: date) -> tuple[date, date]:
        return add_months(today, -months), add_months(today, 0)

    return span


def _last_days(count: int) -> Callable[[date], tuple[date, date]]:
    def span(today: date) -> tuple[date, date]:
        return today - timedelta(days=count), today

    return span


def _month_to_date(today: date) -> tuple[date, date]:
    return add_months(today, 0), today + timedelta(days=1)


def _quarter_to_date(today: date) -> tuple[date, date]:
    return date(today.year, 3 * ((today.month - 1) // 3) + 1, 1), today + timedelta(days=1)


def _year_to_date(today: date) -> tuple[date, date]:
    return date(today.year, 1, 1), today + timedelta(days=1)


ROLLING: dict[str, tuple[str, Callable[[date], tuple[date, date]]]] = {
    "30d": ("Last 30 days", _last_days(30)),
    "90d": ("Last 90 days", _last_days(90)),
    "1m": ("Last month", _rolling(1)),
    "3m": ("Last 3 months", _rolling(3)),
    "6m": ("Last 6 months", _rolling(6)),
    "12m": ("Last 12 months", _rolling(12)),
    "24m": ("Last 24 months", _rolling(24)),
    "mtd": ("This month so far", _month_to_date),
    "qtd": ("This quarter so far", _quarter_to_date),
    "ytd": ("This year so far", _year_to_date),
}

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)


def parse_period(key: str, today: date) -> NamedPeriod:
    """Resolve ``12m``, ``ytd``, ``2026-10``, ``2026-W47`` or ``2026-Q3`` against the snapshot's local date.

    Raises InvalidInputError for anything else, naming what is accepted.
    """
    if key in ROLLING:
        label, span = ROLLING[key]
        return NamedPeriod(key, label, *span(today))
    try:
        named = _named(key)
    except ValueError:
        named = None
    if named is None:
        accepted = ", ".join(ROLLING)
        raise InvalidInputError(
            f"There is no period {key!r}. Use one of {accepted}, a month like 2026-10, a week like 2026-W47 "
            "or a quarter like 2026-Q3."
        )
    return named


def period_words(key: str) -> str:
    """``Oct 2026`` for ``2026-10``; a key that names no period is its own words."""
    try:
        named = _named(key)
    except ValueError:
        named = None
    return named.label if named else key


def _named(key: str) -> NamedPeriod | None:
    if match := _MONTH.fullmatch(key):
        start = date(int(match[1]), int(match[2]), 1)
        return NamedPeriod(key, f"{MONTHS[start.month - 1]} {start.year}", start, add_months(start, 1))
    if match := _WEEK.fullmatch(key):
        start = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return NamedPeriod(key, f"Week {int(match[2])}, {match[1]}", start, start + timedelta(days=7))
    if match := _QUARTER.fullmatch(key):
        start = date(int(match[1]), 3 * int(match[2]) - 2, 1)
        return NamedPeriod(key, f"Q{match[2]} {match[1]}", start, add_months(start, 3))
    return None


def year_before(period: NamedPeriod) -> NamedPeriod:
    """The same span one year earlier; weeks compare by number, week 53 with week 52, and the label says so."""
    label = "the year before"
    if match := _WEEK.fullmatch(period.key):
        year, week = int(match[1]) - 1, int(match[2])
        weeks_in_year = date(year, 12, 28).isocalendar().week
        if week > weeks_in_year:
            label = f"week {weeks_in_year} of the year before"
        start = date.fromisocalendar(year, min(week, weeks_in_year), 1)
        return NamedPeriod(period.key, label, start, start + timedelta(days=7))
    return NamedPeriod(period.key, label, _same_day_year_before(period.start), _same_day_year_before(period.end))


def _same_day_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return date(day.year - 1, 2, 28) if is_leap_day else day.replace(year=day.year - 1)


def months_until(end: date, count: int) -> tuple[date, ...]:
    """First days of the ``count`` months before ``end``, oldest first; a running month counts as the last one."""
    last = add_months(end - timedelta(days=1), 0)
    return tuple(add_months(last, step) for step in range(1 - count, 1))
