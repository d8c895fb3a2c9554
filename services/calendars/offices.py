"""From an office's country, zone and hours to its Calendar. The only importer of `holidays`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from services.domain.business_time import FIRST_YEAR, LAST_YEAR, Calendar, Hours

log = logging.getLogger(__name__)

FRIDAY = 4
SATURDAY_SUNDAY = frozenset({5, 6})


@dataclass(frozen=True)
class OfficeHours:
    """What an office says about its working time. Times are local ``HH:MM``; ``company_days_off`` are (date, name)."""

    country: str | None = None
    subdivision: str | None = None
    timezone: str = "UTC"
    work_start: str = "09:00"
    work_end: str = "17:00"
    friday_end: str | None = None
    company_days_off: tuple[tuple[date, str], ...] = ()


@lru_cache(maxsize=512)
def calendar_of(office: OfficeHours, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> Calendar:
    """The frozen calendar of one office.

    A country the holiday tables do not know has a Monday-to-Friday week and only the company's own days off; an unknown
    subdivision falls back to the country's holidays; an unknown zone to UTC. Each is logged once.
    """
    public, weekend = _public_holidays(office.country, office.subdivision, first_year, last_year)
    days_off = {**public, **dict(office.company_days_off)}
    return Calendar(
        timezone=_known_zone(office.timezone),
        week=_week(office, weekend),
        days_off=days_off,
        first_year=first_year,
        last_year=last_year,
    )


def _week(office: OfficeHours, weekend: frozenset[int]) -> tuple[Hours, ...]:
    start, end = time.fromisoformat(office.work_start), time.fromisoformat(office.work_end)
    friday = time.fromisoformat(office.friday_end) if office.friday_end else end
    week: list[Hours] = []
    for weekday in range(7):
        closes = friday if weekday == FRIDAY else end
        week.append((start, closes) if weekday not in weekend and closes > start else None)
    return tuple(week)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("Unknown time zone %r of an office: its working hours are read as UTC.", name)
        return "UTC"
    return name


@lru_cache(maxsize=256)
def _public_holidays(
    country: str | None, subdivision: str | None, first_year: int, last_year: int
) -> tuple[Mapping[date, str], frozenset[int]]:
    if not country:
        return {}, SATURDAY_SUNDAY
    years = range(first_year, last_year + 1)
    try:
        with warnings.catch_warnings():
            # some countries are known for fewer years only: outside them every weekday is a working day
            warnings.simplefilter("ignore", UserWarning)
            days = holidays.country_holidays(country, subdiv=subdivision, years=years)
    except NotImplementedError:
        if subdivision:
            log.warning("No holidays known for %s-%s: using those of %s.", country, subdivision, country)
            return _public_holidays(country, None, first_year, last_year)
        log.warning("No public holidays known for country %r.", country)
        return {}, SATURDAY_SUNDAY
    return dict(days.items()), frozenset(days.weekend)
