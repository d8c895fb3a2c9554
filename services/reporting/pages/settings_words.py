"""What pages of settings have in common: places as choices, what the sender has seen, hostile fields to values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

from services.domain.errors import InvalidInputError
from services.metrics.places import Place, PlaceBook
from services.metrics.registry import REGISTRY

LONGEST = 4_000
MOST_LINES = 60


def place_value(place: Place) -> str:
    """``department:7``; ``company:`` for the company."""
    return f"{place.level.value}:{place.key}"


def place_choices(places: Sequence[Place]) -> tuple[tuple[str, str], ...]:
    return tuple((place_value(place), place.words.capitalize()) for place in places)


def metric_name(metric_id: str) -> str:
    return REGISTRY[metric_id].name if metric_id in REGISTRY else metric_id


def may_change(*, allowed: bool, words: str) -> str | None:
    """Why not; None where one may."""
    return None if allowed else words


def parse_place(places: PlaceBook, sent: Mapping[str, object]) -> Place:
    """Raises InvalidInputError for a place that is not there."""
    wanted = text(sent, "place")
    found = next((place for place in places.listed() if place_value(place) == wanted), None)
    if found is None:
        raise InvalidInputError("Choose the place from the list. It may have been renamed: reload the page.")
    return found


def text(sent: Mapping[str, object], name: str) -> str:
    """Without the blanks around it; empty where nothing was sent. Raises InvalidInputError for what is no text."""
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value:
        raise InvalidInputError(f"What was sent as {name} cannot be read. Reload the page and try again.")
    return value.strip()


def number(sent: Mapping[str, object], name: str) -> float | None:
    """None = left empty."""
    given = text(sent, name)
    return None if not given else _number(given, name)


def needed_number(sent: Mapping[str, object], name: str) -> float:
    found = number(sent, name)
    if found is None:
        raise InvalidInputError(f"Say the {name.replace('_', ' ')}: a number such as 0.4.")
    return found


def day(sent: Mapping[str, object], name: str) -> date | None:
    """None = left empty."""
    given = text(sent, name)
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InvalidInputError(f"{given[:30]!r} is not a date. Write it like 2027-01-31.") from None


def needed_day(sent: Mapping[str, object], name: str) -> date:
    found = day(sent, name)
    if found is None:
        raise InvalidInputError("A date is missing. Write it like 2027-01-31.")
    return found


def lines(sent: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Lines, or words between commas, that say something."""
    found = tuple(part.strip() for part in text(sent, name).replace(",", "\n").split("\n") if part.strip())
    if len(found) > MOST_LINES:
        raise InvalidInputError(f"At most {MOST_LINES} lines.")
    return found


def pairs(sent: Mapping[str, object], name: str) -> dict[str, float]:
    """``time_to_fill = 0.6`` on each line."""
    found: dict[str, float] = {}
    for line in lines(sent, name):
        key, _, value = line.rpartition("=")
        if not key.strip():
            raise InvalidInputError(f"Write each line as a name, = and a number, not {line[:60]!r}.")
        found[key.strip()] = _number(value, key.strip())
    return found


def seen_version(sent: Mapping[str, object], place: Place) -> int:
    """The version the sender's page showed for a place; 0 = it showed none."""
    for part in text(sent, "seen").split(" "):
        key, _, version = part.rpartition("=")
        if key == place_value(place) and version.isascii() and version.isdigit():
            return int(version[:9])
    return 0


def _number(given: str, name: str) -> float:
    try:
        found = float(given.strip())
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidInputError(f"{name.replace('_', ' ').capitalize()} takes a number, not {given.strip()[:30]!r}.")
    return found
