"""People and access for administrators: who may sign in, as what, within what, and the deeds that change it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from services.accounts.directory import Accounts
from services.accounts.grants import RoleGiven, in_force
from services.domain.administration import Choice, PeopleView, PersonWithAccess
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.people import Role, Viewer
from services.store.database import Store
from services.store.tables import Department, Office
from services.store.tables.access import RoleGrant, UserAccount, UserSession
from services.store.tables.api import ApiToken

PAGE_SIZE = 50
LONGEST_NAME = 120
FIRST_PASSWORD_BYTES = 15
_ANY = ""


class PeoplePage:
    def __init__(
        self, store: Store, accounts: Accounts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    def view(self, viewer: Viewer, search: str = "", page: int = 1) -> PeopleView:
        """``search`` in names and addresses. Active people first, then by name."""
        user = UserAccount
        words = f"%{search.lower().replace('%', '').replace('_', '')}%"
        matches = sa.or_(sa.func.lower(user.name).like(words), user.email.like(words)) if search else sa.true()
        counted = sa.select(sa.func.count(), sa.func.count().filter(user.is_active)).where(matches)
        query = (
            sa.select(user.id, user.name, user.email, user.is_active, user.is_demo)
            .where(matches)
            .order_by(user.is_active.desc(), sa.func.lower(user.name), user.id)
        )
        with self._store.read() as connection:
            total, active = connection.execute(counted).one()
            pages = max(1, -(-total // PAGE_SIZE))
            page = min(max(1, page), pages)
            rows = connection.execute(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
            departments = _departments(connection)
            ids = [row.id for row in rows]
            roles = self._roles(connection, ids, dict(departments))
            seen = _seen(connection, ids)
            tokens = self._tokens(connection, ids)
            regions = connection.scalars(sa.select(Office.region).where(Office.region.is_not(None)).distinct())
            names = sorted(str(region) for region in regions)
        people = tuple(
            PersonWithAccess(
                row.id,
                row.name,
                row.email,
                tuple(roles.get(row.id, ())),
                row.is_active,
                row.is_demo,
                tokens.get(row.id, 0),
                seen.get(row.id),
                row.id == viewer.user_id,
            )
            for row in rows
        )
        return PeopleView(
            people,
            total,
            active,
            search,
            page,
            pages,
            tuple(Choice(role.value, _role_word(role)) for role in Role),
            (Choice(_ANY, "Every department"), *(Choice(str(number), name) for number, name in departments)),
            (Choice(_ANY, "Every region"), *(Choice(name, name) for name in names)),
        )

    def add(self, viewer: Viewer, name: str, email: str, role: str, department: str, region: str) -> str:
        """A new person; returns the first password, shown this once. Raises InvalidInputError, ConflictError."""
        shown = name.strip()
        if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
            raise InvalidInputError(f"The name takes 1 to {LONGEST_NAME} characters.")
        given = self._given(role, department, region)
        password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
        self._accounts.create_user(email, shown, [given], password=password, actor=viewer.email)
        return password

    def change_role(self, viewer: Viewer, user_id: int, role: str, department: str, region: str) -> None:
        """In place of all roles held. Raises ConflictError for one's own: somebody else has to do it."""
        if user_id == viewer.user_id:
            raise ConflictError("You cannot change your own role. Ask another administrator.")
        self._accounts.replace_roles(user_id, [self._given(role, department, region)], actor=viewer.email)

    def deactivate(self, viewer: Viewer, user_id: int) -> None:
        """Sessions and tokens end with it. Raises ConflictError for oneself, NotFoundError."""
        if user_id == viewer.user_id:
            raise ConflictError("You cannot deactivate yourself. Ask another administrator.")
        self._accounts.deactivate(user_id, actor=viewer.email)

    def _given(self, role: str, department: str, region: str) -> RoleGiven:
        if role not in set(Role):
            raise InvalidInputError("Choose a role from the list.")
        with self._store.read() as connection:
            known = {str(number) for number, _ in _departments(connection)}
            regions = set(connection.scalars(sa.select(Office.region).distinct()))
        if department and department not in known:
            raise NotFoundError("There is no such department any more. Reload the page and choose again.")
        if region and region not in regions:
            raise NotFoundError("There is no such region any more. Reload the page and choose again.")
        return RoleGiven(Role(role), int(department) if department else None, region or None)

    def _roles(self, connection: Connection, ids: list[int], departments: dict[int, str]) -> dict[int, list[str]]:
        grant = RoleGrant
        query = (
            sa.select(grant.user_id, grant.role, grant.department_id, grant.region)
            .where(grant.user_id.in_(ids), *in_force(self._clock()))
            .order_by(grant.id)
        )
        found: dict[int, list[str]] = {}
        for user_id, role, department_id, region in connection.execute(query):
            limits = [departments.get(department_id, "a department that is gone")] if department_id else []
            inside = ", ".join([*limits, *([region] if region else [])])
            words = _role_word(Role(role))
            found.setdefault(user_id, []).append(f"{words}, only {inside}" if inside else words)
        return found

    def _tokens(self, connection: Connection, ids: list[int]) -> dict[int, int]:
        token = ApiToken
        query = (
            sa.select(token.user_id, sa.func.count().label("number"))
            .where(token.user_id.in_(ids), token.revoked_at.is_(None), token.expires_at > self._clock())
            .group_by(token.user_id)
        )
        return {row.user_id: row.number for row in connection.execute(query)}


def _role_word(role: Role) -> str:
    """As the side bar names it, where the plain word would be an abbreviation."""
    named = {Role.HRBP: "HR partner", Role.DEI_OFFICER: "Inclusion officer", Role.ADMIN: "Administrator"}
    return named.get(role, role.value.replace("_", " ").capitalize())


def _departments(connection: Connection) -> list[tuple[int, str]]:
    query = sa.select(Department.id, Department.name).order_by(sa.func.lower(Department.name), Department.id)
    return [(number, name) for number, name in connection.execute(query)]


def _seen(connection: Connection, ids: list[int]) -> dict[int, datetime]:
    query = (
        sa.select(UserSession.user_id, sa.func.max(UserSession.seen_at).label("at"))
        .where(UserSession.user_id.in_(ids))
        .group_by(UserSession.user_id)
    )
    return {row.user_id: row.at for row in connection.execute(query)}
