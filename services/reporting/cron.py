"""Cron fields of a schedule: stored as JSON by name, so nobody's Monday becomes a Tuesday."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

from services.domain.errors import InvalidInputError

FIELDS = ("month", "day", "week", "day_of_week", "hour", "minute", "second")


def parse_cron(text: str, timezone: str) -> CronTrigger:
    """``{"day_of_week": "mon", "hour": 7}`` as a trigger. Raises InvalidInputError naming the field.

    ``second`` and ``minute`` not given are 0; a schedule must fix the hour, so that it fires at most once a day.
    """
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, Mapping) or not set(fields) <= set(FIELDS) or "hour" not in fields:
        raise InvalidInputError(f"A schedule's times are JSON with an hour and any of {', '.join(FIELDS)}.")
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInputError(f"There is no time zone {timezone!r}. Write one like Europe/Berlin.") from None
    try:
        return CronTrigger(**{"minute": 0, "second": 0, **fields}, timezone=zone)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"A schedule's times cannot be read: {error}.") from None


def fires_between(trigger: CronTrigger, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every instant in (start, end] at which the trigger fires, oldest first."""
    previous = start
    while True:
        fire = cast("datetime | None", trigger.get_next_fire_time(previous, previous))
        if fire is None or fire > end:
            return
        if fire > start:
            yield fire.astimezone(UTC)
        previous = fire
