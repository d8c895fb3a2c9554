"""What several families share about hires: who is staff, what was known by as-of, first ratings, means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import sqlalchemy as sa

from services.domain.metric import Reason
from services.domain.pipeline import Employment, LeaveCause
from services.mart.constructs import CalendarDays
from services.mart.schema import fact_hire as hire
from services.mart.schema import fact_review as review
from services.metrics.estimators import Z95, Floats
from services.metrics.figures import Figure
from services.metrics.plan import Plan
from services.metrics.question import Question

NOT_STAFF = (Employment.CONTRACTOR.value, Employment.INTERN.value)
RATED_FROM_DAY = 90
PRIOR_RATINGS = 5
"""A rater's own mean is shrunk towards everybody's as if five average ratings came with it."""
RATING_GRID = 1_000_000_000
"""Ratings as whole numbers: their sums are exact, so the order in which an engine adds does not show."""
Z_GRID = 1_000_000
Z_OFFSET = 10 * Z_GRID
"""A z of 0 on the axis of count tables, which begins at 0; z is cut at -10 and 10."""


def today(question: Question) -> sa.ColumnElement[date]:
    """The day of as-of: what happened on a later day is unknown."""
    return sa.literal(question.as_of.date(), sa.Date)


def known_by(day: sa.ColumnElement[date], question: Question) -> sa.ColumnElement[date]:
    """The day if it is not after as-of; else None."""
    return sa.case((day <= today(question), day))


def is_staff() -> sa.ColumnElement[bool]:
    """Neither contractor nor intern; a source that does not say means staff."""
    return sa.or_(hire.c.employment.is_(None), hire.c.employment.not_in(NOT_STAFF))


def has_started(question: Question) -> list[sa.ColumnElement[bool]]:
    """First day worked by as-of, and the acceptance not undone."""
    undone = hire.c.undone_at
    return [hire.c.started_on <= today(question), sa.or_(undone.is_(None), undone > question.as_of)]


def has_moved() -> sa.ColumnElement[bool]:
    """Left the position for another one in the company."""
    return sa.func.coalesce(hire.c.leave_cause == LeaveCause.INTERNAL_MOVE.value, sa.false())


def left_the_company(question: Question) -> sa.ColumnElement[date]:
    """Last day employed, if known by as-of; an internal move is none."""
    return sa.case((sa.and_(hire.c.left_on <= today(question), sa.not_(has_moved())), hire.c.left_on))


def first_ratings(plan: Plan) -> sa.CTE:
    """Each hire's first rating from day 90 on: hire_id and ``z``, on the grid from ``Z_OFFSET``.

    z compares with what the rater usually gives in that cycle; mean and spread are those of everybody's first ratings,
    whoever asks and whatever is filtered. None where no two ratings of the cycle differ.
    """
    return plan.shared("first_ratings", lambda: _first_ratings(plan.question))


def _first_ratings(question: Question) -> sa.CTE:
    columns = review.c
    order = sa.func.row_number().over(partition_by=columns.hire_id, order_by=(columns.reviewed_on, columns.review_id))
    rated = (
        sa.select(
            columns.hire_id,
            columns.rater_id,
            sa.func.coalesce(columns.cycle, "").label("cycle"),
            sa.cast(sa.func.round(columns.rating * RATING_GRID), sa.BigInteger).label("r"),
            order.label("position"),
        )
        .where(columns.rating.is_not(None), columns.reviewed_on <= today(question))
        .where(CalendarDays(columns.started_on, columns.reviewed_on) >= RATED_FROM_DAY)
        .subquery("rating_in_order")
    )
    first = sa.select(rated).where(rated.c.position == 1).subquery("first_rating")
    cycle = (
        sa.select(first.c.cycle, sa.func.count().label("n"), sa.func.sum(first.c.r).label("total"), _squares(first))
        .group_by(first.c.cycle)
        .subquery("rating_cycle")
    )
    rater = (
        sa.select(first.c.cycle, first.c.rater_id, sa.func.count().label("n"), sa.func.sum(first.c.r).label("total"))
        .where(first.c.rater_id.is_not(None))
        .group_by(first.c.cycle, first.c.rater_id)
        .subquery("rating_rater")
    )
    n, total = sa.cast(cycle.c.n, sa.Double), sa.cast(cycle.c.total, sa.Double)
    mean = total / n
    exact = sa.cast(cycle.c.total, sa.Numeric(38, 0))
    spread_squared = sa.cast(cycle.c.n * cycle.c.squares - exact * exact, sa.Double) / (n * (n - 1))
    given = sa.func.coalesce(sa.cast(rater.c.total, sa.Double), sa.literal_column("0.0"))
    own = (given + PRIOR_RATINGS * mean) / (sa.func.coalesce(rater.c.n, 0) + PRIOR_RATINGS)
    z = (first.c.r - own) / sa.func.sqrt(spread_squared)
    on_grid = sa.cast(sa.func.round(sa.func.greatest(-10, sa.func.least(10, z)) * Z_GRID), sa.BigInteger) + Z_OFFSET
    same_rater = sa.and_(rater.c.cycle == first.c.cycle, rater.c.rater_id == first.c.rater_id)
    return (
        sa.select(first.c.hire_id, on_grid.label("z"))
        .select_from(first.join(cycle, cycle.c.cycle == first.c.cycle).outerjoin(rater, same_rater))
        .where(cycle.c.n > 1, cycle.c.n * cycle.c.squares > exact * exact)
        .cte("rated_hire")
    )


def _squares(first: sa.Subquery) -> sa.Label[Decimal]:
    """Sum of squares in numbers wide enough to stay exact."""
    wide = sa.cast(first.c.r, sa.Numeric(38, 0))
    return sa.func.sum(wide * wide).label("squares")


def mean_figure(values: Floats, extra: dict[str, float | int | None], *, naive: float | None = None) -> Figure:
    """The mean of ``values`` with its 95 % interval (normal); None of nothing."""
    n = len(values)
    if n == 0:
        return Figure(None, 0, Reason.NO_DATA, extra=extra)
    mean = float(np.mean(values))
    spread = Z95 * float(np.std(values, ddof=1)) / n**0.5 if n > 1 else None
    low, high = (None, None) if spread is None else (mean - spread, mean + spread)
    return Figure(mean, n, resolved=n, low=low, high=high, naive=naive, extra=extra)
