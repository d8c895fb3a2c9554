"""Two sources against each other: within job family, pooled by Mantel-Haenszel, with the plain difference beside it.

A source that brings people for roles that are easy to fill looks good in the pooled figure and may be worse in every
family. Compared are matured applications, whose 120 days are over, so that a plain rate is complete by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from services.domain.errors import InvalidInputError
from services.domain.metric import Anchor, Better, Estimator, Metric, Period, Query, Row, Unit
from services.mart.constructs import SecondsBetween, TenthsOfDay
from services.mart.schema import fact_application as application
from services.metrics.association import Fourfold, Stratified, fisher_exact, mantel_haenszel
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import TENTHS, Family, Figure, rate_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question
from services.metrics.transitions import DISTANT_DAYS

HIRED, NOT_HIRED = 1, 0
SOURCE_CONVERSION_MATURED = Metric(
    id="source_conversion_matured",
    name="Source conversion, matured cohort",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.APPLIED,
    family="source_comparison",
    grain="application",
    summary="Share hired within 120 days, of external applications whose 120 days are over.",
    better=Better.HIGHER,
    start="applied",
    stop="offer accepted and not undone before the start",
    clock="elapsed",
    horizon_days=DISTANT_DAYS,
    denominator="external applications received in the period and at least 120 days before as-of",
    exclusions=("internal applicants and rehires", "prospects without a requisition"),
    source="Compared within job family: Mantel and Haenszel 1959, variance of Greenland and Robins 1985",
    dimensions=(*APPLICATION, *TIME),
    variant_of="source_conversion",
)


def _plan(plan: Plan, metric: Metric) -> None:
    question, own = plan.question, application.c
    undone = own.undone_at
    stands = sa.or_(undone.is_(None), undone > question.as_of)
    in_time = TenthsOfDay(SecondsBetween(own.applied_at, own.accepted_at)) <= DISTANT_DAYS * TENTHS
    is_hired = sa.and_(own.accepted_at <= question.as_of, stands, in_time)
    inside = sa.or_(sa.func.coalesce(own.is_internal, sa.false()), sa.func.coalesce(own.is_rehire, sa.false()))
    rows = sa.select(
        *plan.group_columns(application, on=own.applied_on),
        sa.literal_column("0").label("t"),
        sa.case((is_hired, HIRED), else_=NOT_HIRED).label("kind"),
    ).where(*question.conditions(application), *question.in_period(own.applied_on), sa.not_(inside))
    rows = rows.where(own.applied_at <= question.as_of - timedelta(days=DISTANT_DAYS))
    plan.tabulate(metric.id, "application", rows.subquery("matured_conversion"))


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    table = group.table(metric.id)
    figure = rate_figure(table.of_kind(HIRED), table.of_kind(HIRED, NOT_HIRED))
    return replace(figure, horizon=DISTANT_DAYS)


FAMILY = Family((SOURCE_CONVERSION_MATURED,), {}, _plan, _figure)


# --- the comparison -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """``stratified`` None = in no stratum both have cases.

    ``p`` is Fisher's of the pooled table: how convincing it looks, no verdict.
    """

    pooled: Fourfold
    p: float | None
    strata: Mapping[str | None, Fourfold]
    stratified: Stratified | None

    @property
    def turns_around(self) -> bool:
        """Whether pooled and stratified difference point in opposite directions (Simpson)."""
        found = self.stratified
        return found is not None and found.pooled * found.difference < 0


@dataclass(frozen=True)
class Pair:
    """``group`` less ``reference``, two shown values of ``dimension``, within each value of ``within``."""

    group: str
    reference: str
    dimension: str = "source"
    within: str = "job_family"

    def query(
        self,
        metric: str = SOURCE_CONVERSION_MATURED.id,
        *,
        period: Period = Period(),  # noqa: B008 - frozen
        where: Mapping[str, tuple[str, ...]] | None = None,
        as_of: datetime | None = None,
    ) -> Query:
        """What to ask the query layer for ``compare``."""
        limits = {**(where or {}), self.dimension: (self.group, self.reference)}
        return Query((metric,), (self.dimension, self.within), limits, period, as_of)


def compare(pair: Pair, rows: Sequence[Row]) -> Comparison:
    """The answer to ``pair.query()`` as a comparison. Raises InvalidInputError for a metric that is no plain rate."""
    if any(row.estimator is not Estimator.PLAIN_RATE for row in rows):
        raise InvalidInputError(
            f"{rows[0].metric} cannot be compared by cases. Take a plain rate, as {SOURCE_CONVERSION_MATURED.id}."
        )
    strata = _fourfolds(pair, rows)
    pooled = Fourfold(
        sum(one.successes for one in strata.values()),
        sum(one.cases for one in strata.values()),
        sum(one.reference_successes for one in strata.values()),
        sum(one.reference_cases for one in strata.values()),
    )
    p = fisher_exact(pooled) if pooled.cases and pooled.reference_cases else None
    return Comparison(pooled, p, strata, mantel_haenszel(list(strata.values())))


def _fourfolds(pair: Pair, rows: Sequence[Row]) -> dict[str | None, Fourfold]:
    counts: dict[str | None, dict[str | None, tuple[int, int]]] = {}
    for row in rows:
        both = (int(row.numerator or 0), int(row.denominator or 0))
        counts.setdefault(row.dims[pair.within], {})[row.dims[pair.dimension]] = both
    nobody = (0, 0)
    return {
        name: Fourfold(*found.get(pair.group, nobody), *found.get(pair.reference, nobody))
        for name, found in counts.items()
    }
