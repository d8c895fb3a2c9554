"""Filters in the address: hostile text in, a ``Filters`` out, and back to the shortest address that says the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from urllib.parse import parse_qs, urlencode

from services.domain.periods import DEFAULT_PERIOD, ROLLING
from services.domain.views import FilterChoice, Filters

DIMENSIONS: tuple[tuple[str, str], ...] = (
    ("department", "Department"),
    ("job_family", "Job family"),
    ("seniority", "Seniority"),
    ("geography", "Geography"),
    ("source", "Source"),
)
"""(id in address and query, name on the button), in the order of the bar."""

MAX_QUERY_CHARACTERS = 8_000
MAX_VALUES = 50
MAX_VALUE_CHARACTERS = 200


def parse_filters(search: object) -> Filters:
    """Read ``?period=12m&department=Sales&department=Finance``. What cannot be a filter is left out, never an error.

    Values are not yet checked against what exists: ``keep_known`` does that once the choices are known.
    """
    if not isinstance(search, str) or len(search) > MAX_QUERY_CHARACTERS:
        return Filters()
    try:
        raw = parse_qs(search.lstrip("?"), max_num_fields=MAX_VALUES * len(DIMENSIONS))
    except ValueError:
        return Filters()
    return filters_of(raw)


def filters_of(query: Mapping[str, Sequence[str]]) -> Filters:
    """As ``parse_filters``, from an address already split into lists by name."""
    period = next(iter(query.get("period", ())), DEFAULT_PERIOD)
    chosen = {name: _values(query.get(name, ())) for name, _ in DIMENSIONS}
    return Filters(period=period if period in ROLLING else DEFAULT_PERIOD, **chosen)


def _values(values: Iterable[str]) -> tuple[str, ...]:
    usable = (value for value in values if len(value) <= MAX_VALUE_CHARACTERS and value.isprintable())
    return tuple(sorted(set(usable)))[:MAX_VALUES]


def keep_known(filters: Filters, choices: Iterable[FilterChoice]) -> Filters:
    """Drop values that no option offers within the viewer's scope."""
    known = {choice.id: {option.value for option in choice.options} for choice in choices}
    kept = {
        name: tuple(value for value in getattr(filters, name) if value in known.get(name, set()))
        for name, _ in DIMENSIONS
    }
    return Filters(period=filters.period, **kept)


def to_search(filters: Filters) -> str:
    """The address of these filters; empty when nothing is set."""
    pairs = [("period", filters.period)] if filters.period != DEFAULT_PERIOD else []
    pairs += [(name, value) for name, _ in DIMENSIONS for value in getattr(filters, name)]
    return f"?{urlencode(pairs)}" if pairs else ""


def where(filters: Filters) -> Mapping[str, tuple[str, ...]]:
    """The filters as a query's ``where``: only dimensions that are set."""
    return {name: values for name, _ in DIMENSIONS if (values := getattr(filters, name))}


def set_count(filters: Filters) -> int:
    """How many of the filters differ from the page as it opens."""
    fresh = Filters()
    return sum(getattr(filters, field.name) != getattr(fresh, field.name) for field in fields(filters))
