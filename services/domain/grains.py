"""Time grains: which day belongs to which day, ISO week, month, quarter or fiscal year, and how each is named."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import date, timedelta

from services.domain.periods import add_months


class Grain(enum.StrEnum):
    DAY = "day"
    WEEK = "week"
    """ISO: Monday to Sunday; the week belongs to the year of its Thursday."""
    MONTH = "month"
    QUARTER = "quarter"
    FISCAL_YEAR = "fiscal_year"
    """Defined by its first month, named after the calendar year or years it lies in: FY2026 or FY2026/27."""


def bin_start(grain: Grain, day: date, fiscal_year_start: int = 1) -> date:
    """First day of the grain's bin that holds ``day``. ``fiscal_year_start`` is a month, 1-12."""
    match grain:
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case Grain.FISCAL_YEAR:
            year = day.year if day.month >= fiscal_year_start else day.year - 1
            return date(year, fiscal_year_start, 1)


def next_bin(grain: Grain, start: date) -> date:
    """First day of the bin after the one that begins on ``start``."""
    match grain:
        case Grain.DAY:
            return start + timedelta(days=1)
        case Grain.WEEK:
            return start + timedelta(days=7)
        case Grain.MONTH:
            return add_months(start, 1)
        case Grain.QUARTER:
            return add_months(start, 3)
        case Grain.FISCAL_YEAR:
            return add_months(start, 12)


def bins(grain: Grain, start: date, end: date, fiscal_year_start: int = 1) -> Iterator[date]:
    """First days of all bins that overlap [start, end), oldest first."""
    at = bin_start(grain, start, fiscal_year_start)
    while at < end:
        yield at
        at = next_bin(grain, at)


def bin_label(grain: Grain, start: date) -> str:
    """2026-11-24, 2026-W48, 2026-11, 2026-Q4, FY2026 or FY2026/27: sorts as time does within one grain."""
    match grain:
        case Grain.DAY:
            return start.isoformat()
        case Grain.WEEK:
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02d}"
        case Grain.MONTH:
            return f"{start.year}-{start.month:02d}"
        case Grain.QUARTER:
            return f"{start.year}-Q{(start.month + 2) // 3}"
        case Grain.FISCAL_YEAR:
            return f"FY{start.year}" if start.month == 1 else f"FY{start.year}/{(start.year + 1) % 100:02d}"
