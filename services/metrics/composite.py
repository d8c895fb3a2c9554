"""The composite index: one number from the metrics a priority profile weights, with its parts beside it.

s = 50 + 10 clip(z, -3, 3); z = (x - median) / (1.4826 MAD) of the own twelve months before, turned so that higher is
better; index = sum of w s. Only matured values count. Where a part is missing the others' weights are rescaled if they
are at least 0.6 together; else there is no index.

Example: time to fill 40 days after months of 50 (MAD 5) is z = +1.35, 63.5 points; with weight 0.7, and 50 points for
the other 0.3, the index is 59.4.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.domain.errors import InvalidInputError
from services.domain.grains import Grain, bin_label
from services.domain.metric import Answer, Better, Metric, Period, Query, Row, Status
from services.domain.people import Viewer
from services.domain.periods import ROLLING, add_months, parse_period
from services.metrics.lifecycle import state
from services.metrics.outliers import EARLIER_NEEDED, Answers
from services.metrics.places import Place
from services.metrics.profiles import Profile, Profiles
from services.metrics.quality import MATURES_AFTER
from services.metrics.registry import metric

MONTHS_BEFORE = 12
NORMAL = 1.4826
MIDDLE, STEP, CLIP = 50.0, 10.0, 3.0
ENOUGH = 0.6
ROUNDING = 1e-9
_MATURES_LATE: Mapping[str, int] = {
    "quality_of_hire_90": 90 + MATURES_AFTER,
    "quality_of_hire_12m": 365 + MATURES_AFTER,
    "early_performance": 90 + MATURES_AFTER,
    "time_to_productivity": 365,
}


@dataclass(frozen=True)
class Part:
    """``reason`` says why there is no score."""

    metric: str
    weight: float
    value: float | None
    median: float | None
    mad: float | None
    z: float | None
    score: float | None
    n: int
    reason: str | None = None


@dataclass(frozen=True)
class Index:
    """``known``: weight of the parts that have a score. Below 0.6 there is no ``value``."""

    value: float | None
    known: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Found:
    """The index of a place and month with the profile that decided; None = none was in force on its last day."""

    place: Place
    period: str
    profile: Profile | None
    index: Index
    as_of: datetime
    snapshot: str


def scored(history: Sequence[float | None], value: float, better: Better) -> tuple[float, float, float] | None:
    """(median, MAD, z) against up to twelve earlier months; None = fewer than eight of them, or all alike and it not.

    z is positive where the value is better than usual.
    """
    known = [one for one in history[-MONTHS_BEFORE:] if one is not None]
    if len(known) < EARLIER_NEEDED:
        return None
    median = statistics.median(known)
    mad = statistics.median(abs(one - median) for one in known)
    if mad <= 0:
        return (median, 0.0, 0.0) if value == median else None
    z = (value - median) / (NORMAL * mad)
    return median, mad, -z if better is Better.LOWER else z


def score(z: float) -> float:
    """20 to 80, 50 = as usual."""
    return MIDDLE + STEP * min(CLIP, max(-CLIP, z))


def combined(parts: Sequence[Part]) -> Index:
    """The parts with a score, by their weights."""
    known = [part for part in parts if part.score is not None]
    weight = math.fsum(part.weight for part in known)
    if weight < ENOUGH - ROUNDING:
        return Index(None, weight, tuple(parts))
    return Index(math.fsum(part.weight * (part.score or 0.0) for part in known) / weight, weight, tuple(parts))


def matured_from(metric: Metric, end: date) -> date:
    """First day on which the figure of a period that ends before ``end`` cannot move by records still to come."""
    return end + timedelta(days=_MATURES_LATE.get(metric.id, metric.horizon_days or 0))


class CompositeIndex:
    """Asks the query layer with the viewer's rights."""

    def __init__(self, answers: Answers, profiles: Profiles) -> None:
        self._answers = answers
        self._profiles = profiles

    def of(self, place: Place, period: str, viewer: Viewer, *, as_of: datetime | None = None) -> Found:
        """``period`` is a month, 2026-10. Raises InvalidInputError for another, ForbiddenError without rights."""
        start, end = _month(period)
        profile = self._profiles.book(viewer).of(place, end - timedelta(days=1))
        weights = profile.weights if profile is not None else {}
        asked = [name for name in weights if state(metric(name)) is not Status.RETIRED]
        span = Period(add_months(start, -MONTHS_BEFORE), end)
        query = Query(tuple(asked) or ("hires",), (Grain.MONTH.value,), place.where, span, as_of)
        answer = self._answers.ask(query, viewer)
        parts = [_part(metric(name), weight, answer, start, end) for name, weight in weights.items()]
        return Found(place, period, profile, combined(parts), answer.as_of, answer.snapshot)


def _month(period: str) -> tuple[date, date]:
    named = parse_period(period, date(2000, 1, 1))
    if period in ROLLING or named.start.day != 1 or named.end != add_months(named.start, 1):
        raise InvalidInputError(f"The index is worked out by month, for example 2026-10, not for {period}.")
    return named.start, named.end


def _part(chosen: Metric, weight: float, answer: Answer, start: date, end: date) -> Part:
    rows = {row.dims[Grain.MONTH]: row for row in answer.of(chosen.id)}
    row = rows.get(bin_label(Grain.MONTH, start))
    value = row.value if row is not None else None
    found = Part(chosen.id, weight, value, None, None, None, None, row.n if row is not None else 0)
    reason = _missing(chosen, row, answer.as_of, end)
    if reason is not None or value is None:
        return _without(found, reason or "no_data")
    labels = [bin_label(Grain.MONTH, add_months(start, -back)) for back in range(MONTHS_BEFORE, 0, -1)]
    history = [rows[label].value if label in rows else None for label in labels]
    standing = scored(history, value, chosen.better)
    if standing is None:
        return _without(found, "no_comparison: fewer than eight earlier months with a value, or all of them alike")
    median, mad, z = standing
    return Part(chosen.id, weight, value, median, mad, z, score(z), found.n)


def _missing(chosen: Metric, row: Row | None, as_of: datetime, end: date) -> str | None:
    if state(chosen) is Status.RETIRED:
        return "retired"
    matures = matured_from(chosen, end)
    if as_of.date() < matures:
        return f"not matured before {matures}"
    if row is None or row.value is None:
        return str(row.reason) if row is not None else "no_data"
    if "provisional" in (row.note or ""):
        return "not matured: provisional"
    return None


def _without(part: Part, reason: str) -> Part:
    return Part(part.metric, part.weight, None, None, None, None, None, part.n, reason)
