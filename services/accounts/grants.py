"""Role grants as rows: which are in force, which departments they reach."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from services.access.policy import ROLE_SCOPE, Grant, ScopeRule, unites_exactly
from services.domain.errors import InvalidInputError
from services.domain.people import Role
from services.store.tables.access import RoleGrant
from services.store.tables.organisation import Department

_TREE_SECONDS = 2.0


@dataclass(frozen=True)
class RoleGiven:
    """A role to give: limited to a department and all below it, and / or to a region."""

    role: Role
    department_id: int | None = None
    region: str | None = None

    def __str__(self) -> str:
        limits = [f"department {self.department_id}" if self.department_id else "", self.region or ""]
        inside = ", ".join(part for part in limits if part)
        return f"{self.role.value} ({inside})" if inside else self.role.value


class DepartmentTree:
    """The subtree of a department, read again after two seconds: a move counts everywhere within five."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._children: dict[int | None, list[int]] = {}

    def below(self, connection: Connection, department_id: int) -> frozenset[int]:
        """``department_id`` and everything under it."""
        if time.monotonic() - self._read_at > _TREE_SECONDS:
            children: dict[int | None, list[int]] = {}
            for row in connection.execute(select(Department.id, Department.parent_id)):
                children.setdefault(row.parent_id, []).append(row.id)
            self._children, self._read_at = children, time.monotonic()
        found, waiting = set[int](), [department_id]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += self._children.get(current, [])
        return frozenset(found)

    def grant(self, connection: Connection, given: RoleGiven) -> Grant:
        """``given`` with its department expanded."""
        inside = None if given.department_id is None else self.below(connection, given.department_id)
        return Grant(given.role, inside, given.region)


def in_force(now: datetime) -> tuple[Any, ...]:
    """Conditions of grants that hold at ``now``."""
    return RoleGrant.from_at <= now, or_(RoleGrant.to_at.is_(None), RoleGrant.to_at > now)


def current_roles(connection: Connection, user_id: int, now: datetime) -> list[RoleGiven]:
    """In the order they were given."""
    rows = connection.execute(
        select(RoleGrant.role, RoleGrant.department_id, RoleGrant.region)
        .where(RoleGrant.user_id == user_id, *in_force(now))
        .order_by(RoleGrant.id)
    )
    return [RoleGiven(Role(row.role), row.department_id, row.region) for row in rows]


def end_roles(connection: Connection, user_id: int, now: datetime) -> None:
    still = or_(RoleGrant.to_at.is_(None), RoleGrant.to_at > now)
    connection.execute(update(RoleGrant).where(RoleGrant.user_id == user_id, still).values(to_at=now))


def give_roles(
    connection: Connection, tree: DepartmentTree, user_id: int, roles: Sequence[RoleGiven], now: datetime
) -> None:
    """Raises InvalidInputError when the limits do not unite into one set of departments in one set of regions."""
    grants = [tree.grant(connection, given) for given in roles if ROLE_SCOPE[given.role] is ScopeRule.GRANTED]
    pairs = [(grant.department_ids, None if grant.region is None else frozenset({grant.region})) for grant in grants]
    if not unites_exactly(pairs):
        raise InvalidInputError(
            "These departments and regions cannot be given together: one user has one set of departments in one set "
            "of regions. Give the same departments in each region, or the same region for each department."
        )
    for given in roles:
        connection.execute(
            insert(RoleGrant).values(
                user_id=user_id,
                role=given.role.value,
                department_id=given.department_id,
                region=given.region,
                from_at=now,
            )
        )
