"""Who held each requisition as its recruiter, from when to when."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from services.mart.schema import dim_requisition, requisition_owner
from services.metrics.plan import Plan

RECRUITER = "recruiter"
_WITHOUT_END = datetime(9999, 12, 31)  # noqa: DTZ001 - the mart's instants are naive UTC


def ownerships(plan: Plan) -> sa.CTE:
    """Who held each requisition from when to when; without records its recruiter, always."""

    def build() -> sa.CTE:
        owner, requisition = requisition_owner.c, dim_requisition.c
        is_recruiter = owner.part == RECRUITER
        recorded = sa.select(
            owner.requisition_id,
            owner.person_id,
            owner.from_at,
            sa.func.coalesce(owner.to_at, sa.literal(_WITHOUT_END, sa.DateTime)).label("to_at"),
        ).where(is_recruiter)
        known = sa.select(owner.requisition_id).where(is_recruiter)
        silent = sa.select(
            requisition.requisition_id,
            requisition.recruiter_id,
            sa.literal(datetime(1, 1, 1), sa.DateTime),  # noqa: DTZ001 - as above
            sa.literal(_WITHOUT_END, sa.DateTime),
        ).where(requisition.recruiter_id.is_not(None), requisition.requisition_id.not_in(known))
        return sa.union_all(recorded, silent).cte("owners")

    return plan.shared("owners", build)
