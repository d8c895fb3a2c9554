"""From the instant a schedule fires to the period its reports are about, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.domain.errors import InvalidInputError
from services.domain.periods import add_months, parse_period

GRAINS = ("day", "week", "month", "quarter")
_EXAMPLES = {"day": "2026-11-24", "week": "2026-W47", "month": "2026-10", "quarter": "2026-Q3"}
_SHAPES: Mapping[str, str] = {"W": "week", "Q": "quarter"}


def period_of_fire(grain: str, fired_at: datetime, timezone: str) -> str:
    """Key of the last complete period before the local date of the fire.

    It depends on the local date alone: 02:30 that comes twice in autumn names the same period both times. Monday
    2 November 2026, 07:00 in Berlin, is about ``2026-W44``; the 1st, monthly, about ``2026-10``.
    """
    return period_before(grain, fired_at.astimezone(ZoneInfo(timezone)).date())


def period_before(grain: str, local_date: date) -> str:
    """Key of the last period that is complete on ``local_date``. Raises InvalidInputError for an unknown grain."""
    if grain == "day":
        return (local_date - timedelta(days=1)).isoformat()
    if grain == "week":
        year, week, _ = (local_date - timedelta(days=7)).isocalendar()
        return f"{year}-W{week:02}"
    if grain == "month":
        start = add_months(local_date, -1)
        return f"{start.year}-{start.month:02}"
    if grain == "quarter":
        month = add_months(local_date, -(1 + (local_date.month - 1) % 3))
        return f"{month.year}-Q{(month.month - 1) // 3 + 1}"
    raise InvalidInputError(f"There is no period of grain {grain!r}. Use one of {', '.join(GRAINS)}.")


def grain_of(period: str) -> str:
    """The grain of a key by its shape (not checked further)."""
    by_letter = next((grain for letter, grain in _SHAPES.items() if letter in period), None)
    return by_letter or ("day" if period.count("-") > 1 else "month")


def check_period(period: str, grain: str) -> None:
    """Raises InvalidInputError when it is no period, or of another grain than the schedule's."""
    try:
        if grain_of(period) == grain and period[:4].isdigit():
            if grain == "day":
                date.fromisoformat(period)
            else:
                parse_period(period, date.min)
            return
    except (InvalidInputError, ValueError):
        pass
    raise InvalidInputError(
        f"{period!r} is not a period of this schedule. It reports by {grain}: write it like {_EXAMPLES[grain]}."
    )
