"""The viewer's scope as a condition on any fact or on dim_requisition. Compiled into every statement."""

from __future__ import annotations

import sqlalchemy as sa

from services.domain.people import Scope
from services.mart.schema import dim_requisition


def within(scope: Scope, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
    """Rows of ``table`` the scope reaches; None = all of them.

    A requisition without region or department is outside every scope that is limited on that axis.
    """
    if scope.everything:
        return None
    parts: list[sa.ColumnElement[bool]] = []
    if scope.department_ids != () and scope.regions != ():
        granted = _granted(scope, table)
        if not granted:
            return None
        parts.append(sa.and_(*granted))
    if scope.recruiter_id is not None:
        own = sa.select(dim_requisition.c.requisition_id).where(dim_requisition.c.recruiter_id == scope.recruiter_id)
        parts.append(table.c.requisition_id.in_(own))
    if scope.hiring_manager_id is not None:
        parts.append(table.c.hiring_manager_id == scope.hiring_manager_id)
    return sa.or_(*parts) if parts else sa.false()


def _granted(scope: Scope, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = []
    if scope.department_ids is not None:
        limits.append(table.c.department_id.in_(scope.department_ids))
    if scope.regions is not None:
        limits.append(table.c.region.in_(scope.regions))
    return limits
