"""A question as text and an answer as JSON: the same for the command line and for programs over HTTP."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.domain.errors import InvalidInputError
from services.domain.metric import Answer, Attribution, Metric, Period, Query, Row

FIRST_YEAR, LAST_YEAR = 1970, 2100
LONGEST_WORD = 500


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question as it was written. ``where`` holds DIM=VALUE; ``end`` is the last day, included; None = not said."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    as_of: str | None = None
    raw: bool = False
    attribution: str | None = None
    clustered: bool = False
    expected: bool = False


def query_of(asked: Asked, called: Callable[[str], str] = lambda name: name) -> Query:
    """``asked`` as a query; names in it are checked when it is answered.

    ``called`` turns ``from`` into what the caller typed (``--from``). Raises InvalidInputError, which says what is
    accepted.
    """
    for word in (*asked.metrics, *asked.by, *asked.where):
        if len(word) > LONGEST_WORD or not word.isprintable():
            raise InvalidInputError(
                f"Names are up to {LONGEST_WORD} printable characters long; {word[:40]!r} is not one."
            )
    last_day = _day(asked.end, called("to"))
    return Query(
        metrics=asked.metrics,
        by=asked.by,
        where=_where(asked.where, called("where")),
        period=Period(_day(asked.start, called("from")), last_day + timedelta(days=1) if last_day else None),
        as_of=_instant(asked.as_of, called("as_of")) if asked.as_of is not None else None,
        raw=asked.raw,
        attribution=_attribution(asked.attribution, called("attribution")) if asked.attribution is not None else None,
        clustered=asked.clustered,
        expected=asked.expected,
    )


def json_text(document: Mapping[str, Any]) -> str:
    """One line of JSON. ValueError for a number that JSON has not: no answer may contain one."""
    return json.dumps(document, allow_nan=False)


def answer_document(answer: Answer) -> dict[str, Any]:
    return {"as_of": stamp(answer.as_of), "snapshot": answer.snapshot, "rows": [flat_row(row) for row in answer.rows]}


def metrics_document(metrics: Iterable[Metric]) -> dict[str, Any]:
    return {"metrics": [_listed(metric) for metric in metrics]}


def metric_document(metric: Metric) -> dict[str, Any]:
    """Every field of one definition."""
    fields = {field.name: getattr(metric, field.name) for field in dataclasses.fields(metric)}
    return {name: _plain(value) for name, value in fields.items()} | {"classes": [metric.column_class]}


def flat_row(row: Row) -> dict[str, Any]:
    """A row with its dimensions first, in the order that scripts rely on."""
    fields = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    dims: Mapping[str, str | None] = fields.pop("dims")
    return {**dims, **fields, "extra": dict(row.extra)}


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(metric: Metric) -> dict[str, Any]:
    return {
        "id": metric.id,
        "name": metric.name,
        "unit": metric.unit,
        "version": metric.version,
        "status": metric.status,
        "classes": [metric.column_class],
        "dimensions": list(metric.dimensions),
    }


def _plain(value: Any) -> Any:
    """Fields of a definition as JSON has them: days as text, tuples as lists, records as objects."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [_plain(one) for one in value] if isinstance(value, (tuple, list)) else value


def _attribution(word: str, name: str) -> Attribution:
    if word not in list(Attribution):
        raise InvalidInputError(f"{name} takes {', '.join(Attribution)}, not {word[:40]!r}.")
    return Attribution(word)


def _where(pairs: Iterable[str], name: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        dimension, equals, value = pair.partition("=")
        if not equals or not dimension or not value:
            raise InvalidInputError(f"{name} takes DIM=VALUE, for example department=Sales, not {pair!r}.")
        found[dimension] = (*found.get(dimension, ()), value)
    return found


def _day(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInputError(
            f"{name} takes a date like 2026-03-31, from {FIRST_YEAR} to {LAST_YEAR}, not {text[:40]!r}."
        )
    return day


def _instant(text: str, name: str) -> datetime:
    """A date alone means its beginning, in UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - refused below
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise InvalidInputError(
            f"{name} takes a time like 2026-03-31T17:00Z, from {FIRST_YEAR} to {LAST_YEAR}, not {text[:40]!r}."
        )
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
