"""From count tables to a figure: value, interval, n, events and reason, before the small-n rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from services.domain.metric import Metric, Reason
from services.metrics.competing_risks import Exits, Incidence, aalen_johansen
from services.metrics.estimators import (
    AT_RISK_MINIMUM,
    SLACK,
    Lifetimes,
    kaplan_meier,
    mean,
    quantile_type7,
    quantiles_of_few,
    wilson,
)
from services.metrics.plan import LATE_ENTRY, CountTable, Executor, Group, Plan
from services.metrics.question import Question

if TYPE_CHECKING:
    from services.metrics.catalog import Catalog

TENTHS = 10
"""Grid points per day."""
FEW_SUBJECTS = 400


@dataclass(frozen=True)
class Figure:
    """A value of None always has a reason. ``resolved``: units with a known outcome, what the small-n rule looks at."""

    value: float | int | None
    n: int
    reason: Reason | None = None
    events: int | None = None
    resolved: int | None = None
    numerator: int | None = None
    denominator: int | None = None
    low: float | None = None
    high: float | None = None
    p25: float | None = None
    p75: float | None = None
    naive: float | None = None
    horizon: int | None = None
    note: str | None = None
    extra: Mapping[str, float | int | None] = field(default_factory=dict)
    """Integers are counts and always shown; floats are estimates and fall under the small-n rule."""
    exempt: bool = False
    """A count, or the clock of one requisition: the small-n rule does not apply."""
    shown_from: int | None = None
    """n from which a value is shown, where the definition says otherwise than the rule (surveys: 5 respondents)."""


def _only_as_a_whole(*_asked: object) -> NoReturn:
    raise TypeError("a sensitive family answers as a whole: ask its `whole`")


@dataclass(frozen=True)
class Family:
    """Metrics that are computed alike. ``plan`` says what to fetch, ``figure`` finishes one group."""

    metrics: tuple[Metric, ...]
    needs: Mapping[str, str]
    """Metric id -> the kind of record it is made from, where that is not the application. Never loaded = not known."""
    plan: Callable[[Plan, Metric], None] = _only_as_a_whole
    figure: Callable[[Question, Metric, Group, Mapping[str, str | None]], Figure] = _only_as_a_whole
    whole: Callable[[Asking, Metric], Iterable[tuple[Mapping[str, str | None], Figure]]] | None = None
    """A sensitive family answers a question as a whole, since what one group may show depends on the others.

    ``plan`` and ``figure`` are not given then, and the figures come as they are shown.
    """


@dataclass(frozen=True)
class Asking:
    """A question to a sensitive family. ``k``: numbers of fewer people are hidden; None = nothing is (raw)."""

    executor: Executor
    question: Question
    catalog: Catalog
    k: int | None


def count_figure(count: int, extra: Mapping[str, float | int | None] | None = None) -> Figure:
    """A count is 0 when there is none."""
    return Figure(count, count, extra=extra or {}, exempt=True)


def rate_figure(
    numerator: int, denominator: int, extra: Mapping[str, float | int | None] | None = None, note: str | None = None
) -> Figure:
    """A plain proportion with Wilson's interval; None of nothing."""
    if denominator == 0:
        return Figure(None, 0, Reason.NO_DATA, numerator=0, denominator=0, extra=extra or {})
    low, high = wilson(numerator, denominator) or (None, None)
    return Figure(
        numerator / denominator,
        denominator,
        resolved=denominator,
        numerator=numerator,
        denominator=denominator,
        low=low,
        high=high,
        note=note,
        extra=extra or {},
    )


def median_figure(
    table: CountTable, kinds: Sequence[int], scale: float, extra: Mapping[str, float | int | None] | None = None
) -> Figure:
    """The ordinary (type 7) median with quartiles; mean and P90 in extra. ``scale``: grid points per unit."""
    total = table.of_kind(*kinds)
    if total == 0:
        return Figure(None, 0, Reason.NO_DATA, extra=extra or {})
    average, (p25, median, p75, p90) = _spread(table, kinds, total, scale)
    return Figure(median, total, resolved=total, p25=p25, p75=p75, extra={"mean": average, "p90": p90, **(extra or {})})


_LEVELS = (0.25, 0.5, 0.75, 0.9)


def _spread(
    table: CountTable, kinds: Sequence[int], total: int, scale: float
) -> tuple[float | None, list[float | None]]:
    """Mean and the quantiles of ``_LEVELS``; the counts of a small table are not worth an array."""
    if table.is_small and total <= FEW_SUBJECTS:
        pairs = table.pairs(*kinds)
        average = sum(time * count for time, count in pairs) / total
        return average / scale, [value / scale for value in quantiles_of_few(pairs, _LEVELS)]
    times = table.times(*kinds)
    counts = table.at(times, *kinds)
    values = [_scaled(quantile_type7(times, counts, level), scale) for level in _LEVELS]
    return _scaled(mean(times, counts), scale), values


def naive_median(table: CountTable, kinds: Sequence[int], scale: float) -> float | None:
    """The ordinary median of ``kinds`` alone; None of nothing."""
    times = table.times(*kinds)
    return _scaled(quantile_type7(times, table.at(times, *kinds), 0.5), scale)


def curve_figure(
    table: CountTable,
    *,
    events: Sequence[int],
    censored: Sequence[int],
    scale: float,
    raw: bool,
    extra: Mapping[str, float | int | None] | None = None,
    shares_after: Sequence[int] = (),
) -> Figure:
    """Kaplan-Meier median with quartiles and the Brookmeyer-Crowley interval; the naive median beside it.

    ``shares_after``: units after which the share still there, S(t), is wanted too, as far as the curve reaches.
    """
    times = table.times(LATE_ENTRY, *events, *censored)
    lifetimes = Lifetimes(times, table.at(times, LATE_ENTRY), table.at(times, *events), table.at(times, *censored))
    happened = int(lifetimes.events.sum())
    if lifetimes.subjects == 0:
        return Figure(None, 0, Reason.NO_DATA, events=0, extra=extra or {})
    curve = kaplan_meier(lifetimes, minimum_at_risk=1 if raw else AT_RISK_MINIMUM)
    median = _scaled(curve.quantile(0.5), scale)
    low, high = curve.quantile_interval(0.5)
    end = curve.end if curve.end is not None else int(times[-1])
    is_complete = bool(curve.survival.size) and curve.survival[-1] <= SLACK
    shares = {
        f"still_after_{unit}": curve.at(round(unit * scale))
        for unit in shares_after
        if curve.end is not None and (is_complete or unit * scale <= curve.end)
    }
    return Figure(
        median,
        lifetimes.subjects,
        None if median is not None else Reason.NOT_REACHED,
        events=happened,
        resolved=happened,
        low=_scaled(low, scale),
        high=_scaled(high, scale),
        p25=_scaled(curve.quantile(0.75), scale),
        p75=_scaled(curve.quantile(0.25), scale),
        naive=naive_median(table, events, scale),
        note=None if median is not None else f"> {end / scale:g}",
        extra={**shares, **(extra or {})},
    )


def exits_of(table: CountTable, causes: Sequence[int], censored: Sequence[int]) -> Exits:
    times = table.times(LATE_ENTRY, *causes, *censored)
    by_cause = np.array([table.at(times, cause) for cause in causes], dtype=np.int64).reshape(len(causes), len(times))
    return Exits(times, table.at(times, LATE_ENTRY), by_cause, table.at(times, *censored))


def incidence(exits: Exits, *, raw: bool) -> Incidence:
    return aalen_johansen(exits, minimum_at_risk=1 if raw else AT_RISK_MINIMUM)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value / scale
