"""Which roles are late with feedback: the Kaplan-Meier median of each role, judged in the engine.

A median exceeds two business days exactly when S(2 days) > 0.5 and somebody was followed beyond two days.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from services.mart.constructs import CountIf
from services.metrics.estimators import SLACK
from services.metrics.plan import Plan

DAY_GRID = 10_000
"""Grid points of one business day."""
LATE_AFTER = 2 * DAY_GRID
"""Late means more than two business days; exactly two is not late."""
ROLE_MINIMUM = 3
"""Feedbacks owed before a role is judged."""
SUBMITTED, BEFORE_END, MISSING = 0, 1, 2
LATE, IN_TIME, TOO_FEW, UNDECIDED = 0, 1, 2, 3

_FLOAT: sa.ColumnElement[float] = sa.literal_column("1.0")


def judged_roles(plan: Plan, clock: sa.CTE) -> sa.Subquery:
    """One row a role of ``clock`` (feedback with ``days`` and ``kind``); its kind says LATE, IN_TIME and so on."""
    role = _roles(plan, clock)
    exact = _exact_survival(plan, clock, role)
    plain = 1 - role.c.in_time * _FLOAT / role.c.owed
    survival = sa.case((role.c.lost == 0, plain), else_=exact.c.survival)
    minimum = 1 if plan.question.raw else ROLE_MINIMUM
    kind = sa.case(
        (role.c.owed < minimum, TOO_FEW),
        (survival <= 0.5 + SLACK, IN_TIME),
        (role.c.longest > LATE_AFTER, LATE),
        else_=UNDECIDED,
    )
    groups = _keys(plan, role)[:-1]
    return (
        sa.select(*groups, sa.literal_column("0").label("t"), kind.label("kind"))
        .outerjoin(exact, _same_role(plan, role, exact))
        .subquery("role_judged")
    )


def _keys(plan: Plan, rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    return [*(rows.c[f"g{index}"] for index in range(len(plan.question.by))), rows.c.requisition_id]


def _same_role(plan: Plan, one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    pairs = zip(_keys(plan, one), _keys(plan, other), strict=True)
    return sa.and_(*(left.is_not_distinct_from(right) for left, right in pairs))


def _roles(plan: Plan, clock: sa.CTE) -> sa.CTE:
    """Per role: feedback owed, submitted within two days, and missing without being late yet (``lost``)."""
    keys, early = _keys(plan, clock), clock.c.days <= LATE_AFTER
    return (
        sa.select(
            *keys,
            sa.func.count().label("owed"),
            CountIf(sa.and_(early, clock.c.kind != MISSING)).label("in_time"),
            CountIf(sa.and_(early, clock.c.kind == MISSING)).label("lost"),
            sa.func.max(clock.c.days).label("longest"),
        )
        .group_by(*keys)
        .cte("role")
    )


def _exact_survival(plan: Plan, clock: sa.CTE, role: sa.CTE) -> sa.Subquery:
    """S(2 days) of the few roles that lost somebody earlier: elsewhere it is a plain share, and windows are dear."""
    keys = _keys(plan, clock)
    points = (
        sa.select(
            *keys,
            clock.c.days,
            sa.func.count().label("leaving"),
            CountIf(clock.c.kind != MISSING).label("events"),
        )
        .join(role, sa.and_(role.c.lost > 0, _same_role(plan, clock, role)))
        .group_by(*keys, clock.c.days)
        .subquery("role_points")
    )
    at_risk = sa.func.sum(points.c.leaving).over(partition_by=_keys(plan, points), order_by=points.c.days.desc())
    staying = (at_risk - points.c.events) * _FLOAT / at_risk
    risk = sa.select(*points.c, staying.label("staying")).subquery("role_risk")
    by_then: sa.ColumnElement[float] = sa.func.product(risk.c.staying).filter(risk.c.days <= LATE_AFTER)
    return (
        sa.select(*_keys(plan, risk), sa.func.coalesce(by_then, _FLOAT).label("survival"))
        .group_by(*_keys(plan, risk))
        .subquery("role_survival")
    )
