"""Pay of accepted offers: where in its band, and how much, by role and region.

Only medians and quartiles are given, never a mean or a sum: two of those and one subtraction would be somebody's
salary. They are rounded. Ten people at least stand behind each, and behind what a split leaves out together; the
questions are fixed (one year that is over, one split), so that no two of them differ by a few people.

Example: 66,000 in a band of 50,000 to 70,000 is a position of 0.8; 48,000 is -0.1; a band without width has none.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

import numpy as np
import sqlalchemy as sa

from services.domain.errors import InvalidInputError
from services.domain.metric import Anchor, Estimator, Metric, Reason, Unit
from services.domain.people import ColumnClass
from services.mart.schema import fact_offer_pay as pay
from services.metrics.dimensions import DIMENSIONS, Dimension
from services.metrics.figures import Asking, Family, Figure
from services.metrics.question import Question
from services.metrics.sensitive import YEAR, closed_until, first_day, quarter_of

MINOR = 100
ROUNDED_TO = 100.0
SPLITS = ("job_family", "seniority", "top_department", "geography", "country")
"""One of them at a time, beside the currency: by role and by region."""

OFFER_POSITION_IN_RANGE = Metric(
    id="offer_position_in_range",
    name="Position in the salary band",
    unit=Unit.RATIO,
    estimator=Estimator.PLAIN_MEDIAN,
    anchor=Anchor.EXTENDED,
    family="compensation",
    grain="accepted offer version",
    summary="Where in its band the accepted full-time annual salary lies: 0 = minimum, 1 = maximum; may lie outside.",
    start="band valid on the day of the offer",
    denominator="accepted versions with a salary and a band; not undone",
    exclusions=("bands without width",),
    column_class=ColumnClass.COMPENSATION,
    dimensions=(*SPLITS, "currency"),
)
OFFER_SALARY = Metric(
    id="offer_salary",
    name="Accepted salary",
    unit=Unit.MONEY,
    estimator=Estimator.PLAIN_MEDIAN,
    anchor=Anchor.EXTENDED,
    family="compensation",
    grain="accepted offer version",
    summary="Median accepted full-time annual salary in the offer's own currency. Currencies are never mixed.",
    denominator="accepted versions with a salary; not undone",
    column_class=ColumnClass.COMPENSATION,
    dimensions=(*SPLITS, "currency"),
)
METRICS = (OFFER_POSITION_IN_RANGE, OFFER_SALARY)


Key: TypeAlias = tuple[str | None, ...]


@dataclass
class _Paid:
    """One group's values and their currencies."""

    values: list[float] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)

    @property
    def n(self) -> int:
        return len(self.values)


def _whole(asking: Asking, metric: Metric) -> Iterator[tuple[Mapping[str, str | None], Figure]]:
    question = asking.question
    if asking.k is not None:
        _check_grid(question)
    filters = [DIMENSIONS[name] for name in question.chosen] if asking.k is not None else []
    axes = [*question.by, *(dimension for dimension in filters if dimension not in question.by)]
    groups, wanted = _groups(asking, metric, axes)
    hidden = set() if asking.k is None else hidden_groups({key: paid.n for key, paid in groups.items()}, asking.k)
    kept = {
        key: paid
        for key, paid in groups.items()
        if all(label in accepted for label, accepted in zip(key, wanted, strict=True))
    }
    if not question.by and not kept:
        kept = {(): _Paid()}
    for key, paid in kept.items():
        dims = {dimension.id: label for dimension, label in zip(question.by, key, strict=False)}
        yield dims, _figure_of(metric, paid, is_hidden=key in hidden, k=asking.k)


def _check_grid(question: Question) -> None:
    """One split or filter beside the currency, one year that is over. Raises InvalidInputError."""
    axes = {*(dimension.id for dimension in question.by), *question.chosen} - {"currency"}
    if len(axes) > 1:
        accepted = ", ".join(SPLITS)
        raise InvalidInputError(f"Pay is split or filtered by one of {accepted} at a time, and by currency.")
    start, end = _period(question)
    if end - start != YEAR or end > closed_until(question) or start % YEAR:
        last = first_day(closed_until(question) // YEAR * YEAR) - timedelta(days=1)
        raise InvalidInputError(f"Pay is answered for one calendar year that is over; the last ended on {last}.")


def _period(question: Question) -> tuple[int, int]:
    """Quarters of the asked period; without one, the last year that is over."""
    start, end = question.period.start, question.period.end
    if any(day is not None and day != first_day(quarter_of(day)) for day in (start, end)):
        return 1, 0
    until = closed_until(question) // YEAR * YEAR if end is None else quarter_of(end)
    return (until - YEAR if start is None else quarter_of(start)), until


def _groups(
    asking: Asking, metric: Metric, axes: Sequence[Dimension]
) -> tuple[dict[Key, _Paid], list[Container[str | None]]]:
    """Groups by the labels of ``axes``, and per axis the labels that are asked for."""
    question = asking.question
    value: sa.ColumnElement[Any] = pay.c.salary_minor
    conditions = _conditions(asking)
    if metric is OFFER_POSITION_IN_RANGE:
        width = pay.c.band_max_minor - pay.c.band_min_minor
        conditions.append(width > 0)
        value = sa.cast(pay.c.salary_minor - pay.c.band_min_minor, sa.Double) / width
    columns = [*(pay.c[dimension.column] for dimension in axes), pay.c.currency, value]
    labelled = [column.label(f"v{index}") for index, column in enumerate(columns)]
    rows = asking.executor.execute(sa.select(*labelled).where(*conditions))
    labels = [_labels(asking, dimension, {row[index] for row in rows}) for index, dimension in enumerate(axes)]
    found: dict[Key, _Paid] = {}
    for row in rows:
        paid = found.setdefault(tuple(label[raw] for label, raw in zip(labels, row, strict=False)), _Paid())
        paid.values.append(float(row[-1]))
        paid.currencies.add(row[-2] or "")
    chosen = question.chosen if asking.k is not None else {}
    wanted: list[Container[str | None]] = [
        {label[raw] for raw in chosen[dimension.id] if raw in label} if dimension.id in chosen else set(label.values())
        for dimension, label in zip(axes, labels, strict=True)
    ]
    return dict(sorted(found.items(), key=lambda item: str(item[0]))), wanted


def _conditions(asking: Asking) -> list[sa.ColumnElement[bool]]:
    """Raw: scope, filters and period. Else scope and the year: what a filter leaves out decides what it may show."""
    question = asking.question
    known = pay.c.extended_at <= question.as_of
    if asking.k is None:
        return [known, *question.conditions(pay), *question.in_period(pay.c.extended_on)]
    start, end = _period(question)
    year = (pay.c.extended_on >= first_day(start), pay.c.extended_on < first_day(end))
    return [known, *year, *question.conditions(pay, without=tuple(question.chosen))]


def _labels(asking: Asking, dimension: Dimension, held: set[Any]) -> dict[Any, str | None]:
    label = asking.catalog.labeller(dimension, {None if value is None else str(value) for value in held})
    return {value: label(None if value is None else str(value)) for value in held}


def hidden_groups(people: Mapping[Key, int], k: int) -> set[Key]:
    """Groups of fewer than k, and the smallest other one where those hidden are under k together."""
    small = {key for key, number in people.items() if number < k}
    others = [key for key in people if key not in small]
    if small and others and sum(people[key] for key in small) < k:
        small.add(min(others, key=lambda key: (people[key], str(key))))
    return small


def _figure_of(metric: Metric, paid: _Paid, *, is_hidden: bool, k: int | None) -> Figure:
    if is_hidden or not paid.n:
        return Figure(None, 0, Reason.HIDDEN if k is not None else Reason.NO_DATA)
    if metric is OFFER_SALARY and len(paid.currencies) > 1:
        note = "several currencies: split it by currency"
        return Figure(None, paid.n, Reason.HIDDEN if k is not None else Reason.NO_COMPARISON, note=note)
    low, middle, high = (_level(metric, paid, level, is_rounded=k is not None) for level in (0.25, 0.5, 0.75))
    return Figure(middle, paid.n, p25=low, p75=high)


def _level(metric: Metric, paid: _Paid, level: float, *, is_rounded: bool) -> float:
    value = float(np.quantile(paid.values, level))  # type 7
    if metric is OFFER_SALARY:
        amount = value / MINOR
        return round(amount / ROUNDED_TO) * ROUNDED_TO if is_rounded else amount
    return round(value, 2) if is_rounded else value


_NEEDS: Mapping[str, str] = {metric.id: "offer_version" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, whole=_whole)
