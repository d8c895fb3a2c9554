"""Whether the newest figure of a series is out of line with its own past, and by which rule.

Three rules, the first two from 8 earlier periods on. *Distance*: more than 3.5 robust standard deviations from the
median of the earlier periods of the last twelve; where half of them are equal the quartiles give the deviation, and
where they are equal too, any change of more than 10 % and at least one unit counts. *Run*: eight periods in a row on
one side of the median of the periods before them, said once per run.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import numpy as np

from services.domain.errors import InvalidInputError
from services.domain.grains import Grain, bin_label, bin_start, next_bin
from services.domain.metric import Answer, Period, Query, Row, Unit
from services.domain.people import Viewer

EARLIER_PERIODS = 12
EARLIER_NEEDED = 8
CASES_NEEDED = 20
LIMIT = 3.5
NORMAL_MAD, NORMAL_IQR = 0.6745, 1.349
"""What the MAD and the quartile range of a normal distribution with deviation 1 are, and 1 over it."""
RUN = 8
SMALLEST_SHARE = 0.10


class Rule(enum.StrEnum):
    DISTANCE = "distance"
    """Far from the median, by the median of the absolute deviations."""
    QUARTILES = "quartiles"
    """Far from the median, by the quartiles: more than half of the periods were equal."""
    CHANGE = "change"
    """The periods before were all alike, and this one is not."""
    RUN = "run"
    """Eight periods in a row on one side."""


@dataclass(frozen=True)
class Judgement:
    """``rule`` None = not an outlier. ``median`` and ``earlier`` say what it was compared with."""

    rule: Rule | None
    median: float | None
    earlier: int
    """Earlier periods with a value among the last twelve; below 8 nothing is said."""
    score: float | None = None
    """Robust standard deviations from the median; None where there is no deviation."""

    @property
    def is_outlier(self) -> bool:
        return self.rule is not None


def judge(history: Sequence[float | None], newest: float | None, *, n: int, unit: float = 1.0) -> Judgement:
    """``history`` oldest first, without the newest; None = no value in that period. ``n``: cases of the newest.

    ``unit``: the smallest change worth a word where nothing ever changed (1 day, 1 hire, 0.01 of a rate).
    """
    known = [value for value in history[-EARLIER_PERIODS:] if value is not None]
    if newest is None or len(known) < EARLIER_NEEDED:
        return Judgement(None, statistics.median(known) if known else None, len(known))
    median = statistics.median(known)
    rule, score = _distance(known, median, newest, unit) if n >= CASES_NEEDED else (None, None)
    if rule is None and _ends_a_run(history, newest):
        rule = Rule.RUN
    return Judgement(rule, median, len(known), score)


def _distance(known: Sequence[float], median: float, newest: float, unit: float) -> tuple[Rule | None, float | None]:
    deviation = statistics.median(abs(value - median) for value in known)
    if deviation > 0:
        score = NORMAL_MAD * (newest - median) / deviation
        return (Rule.DISTANCE if abs(score) > LIMIT else None), score
    low, high = np.quantile(known, (0.25, 0.75))
    if high > low:
        score = float((newest - median) * NORMAL_IQR / (high - low))
        return (Rule.QUARTILES if abs(score) > LIMIT else None), score
    change = abs(newest - median)
    is_change = change > SMALLEST_SHARE * abs(median) and change >= unit
    return (Rule.CHANGE if is_change else None), None


def _ends_a_run(history: Sequence[float | None], newest: float) -> bool:
    """Whether the newest is exactly the eighth in a row on one side of the median of up to twelve periods before."""
    values = [value for value in history if value is not None] + [newest]
    run, before = values[-RUN:], values[:-RUN][-EARLIER_PERIODS:]
    if len(run) < RUN or len(before) < EARLIER_NEEDED:
        return False
    median = statistics.median(before)
    sides = [_side(value, median) for value in run]
    return sides[0] != 0 and len(set(sides)) == 1 and _side(before[-1], median) != sides[0]


def _side(value: float, median: float) -> int:
    return (value > median) - (value < median)


SMALLEST_CHANGE: Mapping[Unit, float] = {Unit.RATE: 0.01}


class Answers(Protocol):
    """The query layer as it is used here."""

    def ask(self, query: Query, viewer: Viewer, /) -> Answer: ...


@dataclass(frozen=True)
class Outlier:
    """The newest period's row and what the rule says of it."""

    row: Row
    period: str
    judgement: Judgement


def newest(
    answers: Answers,
    viewer: Viewer,
    metric: str,
    *,
    last_on: date,
    grain: Grain = Grain.MONTH,
    where: Mapping[str, tuple[str, ...]] | None = None,
    as_of: datetime | None = None,
    fiscal_year_start: int = 1,
) -> Outlier:
    """Judges the period of ``grain`` that holds ``last_on`` by the twenty before it, as ``viewer`` may see them.

    A period whose figure is hidden for few cases counts as one without a value. Raises InvalidInputError for a metric
    without that grain.
    """
    starts = _starts(grain, last_on, fiscal_year_start)
    period = Period(starts[0], next_bin(grain, starts[-1]))
    answer = answers.ask(Query((metric,), (grain.value,), where or {}, period, as_of), viewer)
    rows = {row.dims[grain.value]: row for row in answer.of(metric)}
    labels = [bin_label(grain, start) for start in starts]
    if labels[-1] not in rows:
        raise InvalidInputError(f"{metric} has no figure for {labels[-1]}: the period lies after the data.")
    row = rows[labels[-1]]
    values = [rows[label].value if label in rows else None for label in labels]
    judgement = judge(values[:-1], row.value, n=row.n, unit=SMALLEST_CHANGE.get(row.unit, 1.0))
    return Outlier(row, labels[-1], judgement)


def _starts(grain: Grain, last_on: date, fiscal_year_start: int) -> list[date]:
    """First days of the newest period and of those that are needed before it, oldest first."""
    found = [bin_start(grain, last_on, fiscal_year_start)]
    while len(found) <= EARLIER_PERIODS + RUN:
        found.append(bin_start(grain, date.fromordinal(found[-1].toordinal() - 1), fiscal_year_start))
    return found[::-1]
