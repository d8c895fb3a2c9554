"""The viewer's scope as a condition on any fact or on dim_requisition. Compiled into every statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from services.domain.people import Scope
from services.mart.schema import dim_requisition


@dataclass(frozen=True)
class Places:
    """Every department and region that occurs in any row of a snapshot; None among them = unknown in some row."""

    departments: frozenset[int | None]
    regions: frozenset[str | None]


def within(scope: Scope, table: sa.FromClause, places: Places | None = None) -> sa.ColumnElement[bool] | None:
    """Rows of ``table`` the scope reaches; None = all of them.

    A requisition without region or department is outside every scope that is limited on that axis. ``places``: what
    occurs at all; a scope that reaches all of it then costs nothing, and one that reaches most of it little.
    """
    if scope.everything:
        return None
    parts: list[sa.ColumnElement[bool]] = []
    if scope.department_ids != () and scope.regions != ():
        granted = _granted(scope, table, places)
        if not granted:
            return None
        parts.append(sa.and_(*granted))
    if scope.recruiter_id is not None:
        own = sa.select(dim_requisition.c.requisition_id).where(dim_requisition.c.recruiter_id == scope.recruiter_id)
        parts.append(table.c.requisition_id.in_(own))
    if scope.hiring_manager_id is not None:
        parts.append(table.c.hiring_manager_id == scope.hiring_manager_id)
    return sa.or_(*parts) if parts else sa.false()


def _granted(scope: Scope, table: sa.FromClause, places: Places | None) -> list[sa.ColumnElement[bool]]:
    limits: list[sa.ColumnElement[bool]] = []
    if scope.department_ids is not None:
        limits += _one_of(table.c.department_id, scope.department_ids, places.departments if places else None)
    if scope.regions is not None:
        limits += _one_of(table.c.region, scope.regions, places.regions if places else None)
    return limits


def _one_of(
    column: sa.ColumnElement[Any], granted: Collection[Any], occurring: frozenset[Any] | None
) -> list[sa.ColumnElement[bool]]:
    """Nothing where all that occurs is granted; else the shorter list, of what is granted or of what is not."""
    if occurring is None:
        return [column.in_(granted)]
    missing = occurring.difference(granted)
    if not missing:
        return []
    others = sorted(missing - {None})
    if len(others) >= len(occurring) - len(missing):
        return [column.in_(granted)]
    # an unknown value is neither in nor out: it stays outside both ways
    return [column.not_in(others)] if others else [column.is_not(None)]
