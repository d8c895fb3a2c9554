"""What was published against what was recomputed: one line a figure, each with its verdict."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.domain.metric import Answer, Period, Query, Row, Unit
from services.validation.recompute import Figure, Key

Publish = Callable[[Query], Answer]
"""The published figures, from whoever answers them: wiring gives the query layer, seen by an administrator."""

TOLERANCE: Mapping[Unit, float] = {Unit.COUNT: 0.0, Unit.RATE: 1e-9, Unit.DAYS: 0.05}
_ROUNDING = 1e-12
"""Of subtracting two floats: 0.05 days apart is not too far."""
WHOLE = (
    "applications",
    "hires",
    "time_to_hire",
    "offers_extended",
    "offer_acceptance_rate",
    "pass_through_rate_snapshot",
)
SPLIT = (
    ("pass_through_rate_snapshot", "transition"),
    ("time_in_stage_completed", "stage"),
    ("time_in_stage_completed", "canonical_stage"),
)  # fmt: skip
STANDING = "open_applications"
METRICS = tuple(dict.fromkeys((*WHOLE, *(metric for metric, _ in SPLIT), STANDING)))


class Verdict(enum.StrEnum):
    HOLDS = "holds"
    DIFFERS = "differs"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Result:
    """``difference`` = published less recomputed; None when either says nothing."""

    metric: str
    dimension: str
    group: str
    unit: str
    published: float | None
    published_n: int
    recomputed: float | None
    recomputed_n: int
    difference: float | None
    verdict: Verdict
    why: str = ""
    """In words, why it was not compared."""


def ask_published(publish: Publish, period: Period, as_of: datetime) -> dict[Key, Row]:
    """Every figure that is compared, unrounded and with nothing hidden."""
    asked = [Query(WHOLE, period=period, as_of=as_of, raw=True), Query((STANDING,), as_of=as_of, raw=True)]
    asked += [Query((metric,), by=(by,), period=period, as_of=as_of, raw=True) for metric, by in SPLIT]
    found = {}
    for query in asked:
        by = query.by[0] if query.by else ""
        for row in publish(query).rows:
            found[Key(row.metric, by, (row.dims.get(by) or "") if by else "")] = row
    return found


def compare(
    published: Mapping[Key, Row], recomputed: Mapping[Key, Figure], not_compared: Mapping[str, str]
) -> list[Result]:
    """``not_compared``: why, by metric, where the export cannot say it."""
    keys = sorted({*published, *recomputed}, key=lambda key: (METRICS.index(key.metric), key.dimension))
    results = [_result(key, published.get(key), recomputed.get(key), not_compared.get(key.metric, "")) for key in keys]
    return [one for one in results if one.published is not None or one.recomputed is not None or one.published_n]


def drifted(results: Iterable[Result]) -> tuple[str, ...]:
    """Metrics of which any figure differs, in order."""
    return tuple(dict.fromkeys(one.metric for one in results if one.verdict is Verdict.DIFFERS))


def _result(key: Key, row: Row | None, figure: Figure | None, why: str) -> Result:
    unit = row.unit if row else _UNITS[key.metric]
    value = float(row.value) if row and row.value is not None else None
    n = _cases(row, unit, value)
    figure = figure or Figure(None, 0)
    # a count of nothing is the same as no group at all
    is_count = unit is Unit.COUNT
    mine = 0.0 if is_count and figure.value is None else figure.value
    theirs = 0.0 if is_count and value is None else value
    difference = theirs - mine if theirs is not None and mine is not None else None
    is_same = n == figure.n and (
        theirs is None and mine is None if difference is None else abs(difference) <= TOLERANCE[unit] + _ROUNDING
    )
    verdict = Verdict.NOT_COMPARED if why else Verdict.HOLDS if is_same else Verdict.DIFFERS
    return Result(
        key.metric, key.dimension, key.group, unit.value, theirs, n, mine, figure.n, difference, verdict, why
    )  # fmt: skip


def _cases(row: Row | None, unit: Unit, value: float | None) -> int:
    if row is None:
        return 0
    return int(value or 0) if unit is Unit.COUNT else row.n


_UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(("applications", "hires", "offers_extended", STANDING), Unit.COUNT),
    **dict.fromkeys(("offer_acceptance_rate", "pass_through_rate_snapshot"), Unit.RATE),
    **dict.fromkeys(("time_to_hire", "time_in_stage_completed"), Unit.DAYS),
}
