"""Users and their role grants: who exists, who may sign in, and the viewer each of them is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, delete, insert, select, update

from services.access.policy import Policy
from services.accounts import sessions
from services.accounts.agreements import AgreementsInForce
from services.accounts.grants import DepartmentTree, RoleGiven, current_roles, end_roles, give_roles, in_force
from services.accounts.passwords import Passwords, check_acceptable
from services.accounts.sessions import SignedIn
from services.accounts.throttle import mark_succeeded, reserve_try
from services.accounts.tokens import end_tokens
from services.audit.log import AuditLog
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError, RetryLaterError
from services.domain.people import ColumnClass, Role, Scope, Viewer
from services.store.database import Store
from services.store.tables.access import RoleGrant, UserAccount, UserSession

LOCAL_OPERATOR = "local operator"
_MAX_ADDRESS = 254


@dataclass(frozen=True)
class Account:
    """A row of ``hireboard user list``."""

    user_id: int
    email: str
    name: str
    roles: tuple[Role, ...]
    is_active: bool
    is_demo: bool


class Accounts:
    """The directory. ``demo_accounts`` False (the default) refuses demonstration accounts everywhere."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        audit: AuditLog,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        demo_accounts: bool = False,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._demo_accounts = demo_accounts
        self._passwords = Passwords(hasher)
        self._departments = DepartmentTree()
        self._agreements = AgreementsInForce()

    # --- who exists ----------------------------------------------------------------------------------------------

    def create_user(
        self,
        email: str,
        name: str,
        roles: Iterable[RoleGiven | Role],
        *,
        password: str | None = None,
        person_id: int | None = None,
        is_demo: bool = False,
        timezone: str = "UTC",
        locale: str = "en",
        actor: str = LOCAL_OPERATOR,
    ) -> int:
        """Returns the user's id. ConflictError when the address is taken; without a password nobody can sign in yet."""
        address = _address(email)
        given = tuple(role if isinstance(role, RoleGiven) else RoleGiven(role) for role in roles)
        if password is not None:
            check_acceptable(password, address)
        hashed = None if password is None else self._passwords.hash(password)
        now = self._clock()
        with self._store.write() as connection:
            if connection.scalar(select(UserAccount.id).where(UserAccount.email == address)) is not None:
                raise ConflictError(f"There is a user {address} already. Use another address, or change that user.")
            user_id = int(
                connection.execute(
                    insert(UserAccount)
                    .values(
                        email=address,
                        name=name.strip(),
                        person_id=person_id,
                        password_hash=hashed,
                        is_active=True,
                        is_demo=is_demo,
                        timezone=timezone,
                        locale=locale,
                        created_at=now,
                    )
                    .returning(UserAccount.id)
                ).scalar_one()
            )
            give_roles(connection, self._departments, user_id, given, now)
            detail = {"email": address, "roles": [str(role) for role in given], "demo": is_demo}
            self._audit.append(connection, actor, "user.created", f"user:{user_id}", detail)
        return user_id

    def replace_roles(self, user_id: int, roles: Iterable[RoleGiven | Role], *, actor: str = LOCAL_OPERATOR) -> None:
        """End the current grants and give ``roles``; the user's sessions end with them."""
        given = tuple(role if isinstance(role, RoleGiven) else RoleGiven(role) for role in roles)
        now = self._clock()
        with self._store.write() as connection:
            user = self._row(connection, user_id, lock=True)
            before = [str(role) for role in current_roles(connection, user_id, now)]
            end_roles(connection, user_id, now)
            give_roles(connection, self._departments, user_id, given, now)
            connection.execute(delete(UserSession).where(UserSession.user_id == user_id))
            detail = {"email": user.email, "before": before, "after": [str(role) for role in given]}
            self._audit.append(connection, actor, "user.roles_changed", f"user:{user_id}", detail)

    def deactivate(self, user_id: int, *, actor: str = LOCAL_OPERATOR) -> None:
        """The user cannot sign in any more; sessions and tokens end, in one transaction. Twice is the same as once."""
        now = self._clock()
        with self._store.write() as connection:
            user = self._row(connection, user_id, lock=True)
            ended = connection.execute(delete(UserSession).where(UserSession.user_id == user_id)).rowcount
            revoked = end_tokens(connection, user_id, now, actor)
            if not user.is_active:
                return
            connection.execute(
                update(UserAccount).where(UserAccount.id == user_id).values(is_active=False, deactivated_at=now)
            )
            detail = {"email": user.email, "sessions_ended": ended, "tokens_revoked": revoked}
            self._audit.append(connection, actor, "user.deactivated", f"user:{user_id}", detail)

    def set_password(self, user_id: int, password: str, *, actor: str = LOCAL_OPERATOR) -> None:
        """Replaces the password and ends all sessions of the user."""
        with self._store.read() as connection:
            email = self._row(connection, user_id).email
        check_acceptable(password, email)
        hashed = self._passwords.hash(password)
        with self._store.write() as connection:
            self._row(connection, user_id, lock=True)
            connection.execute(update(UserAccount).where(UserAccount.id == user_id).values(password_hash=hashed))
            connection.execute(delete(UserSession).where(UserSession.user_id == user_id))
            self._audit.append(connection, actor, "user.password_changed", f"user:{user_id}", {"email": email})

    def list_users(self) -> tuple[Account, ...]:
        """All users by address, deactivated ones included."""
        now = self._clock()
        with self._store.read() as connection:
            users = connection.execute(select(UserAccount.__table__).order_by(UserAccount.email)).all()
            grants = connection.execute(
                select(RoleGrant.user_id, RoleGrant.role).where(*in_force(now)).order_by(RoleGrant.id)
            ).all()
        roles: dict[int, list[Role]] = {}
        for grant in grants:
            roles.setdefault(grant.user_id, []).append(Role(grant.role))
        return tuple(
            Account(user.id, user.email, user.name, tuple(roles.get(user.id, ())), user.is_active, user.is_demo)
            for user in users
        )

    # --- sign in, sign out -----------------------------------------------------------------------------------------

    def authenticate(self, email: str, password: str, origin: str) -> Viewer:
        """Raises NotSignedInError with one and the same message for every reason, TooManyAttemptsError when throttled.

        ``origin`` is the client's network address. The work done does not depend on whether the user exists.
        """
        address, now = email.strip().lower()[:_MAX_ADDRESS], self._clock()
        origin = origin[:64]
        with self._store.write() as connection:
            attempt = reserve_try(connection, address, origin, now)
            user = connection.execute(select(UserAccount.__table__).where(UserAccount.email == address)).first()
        matches = self._passwords.verify(None if user is None else user.password_hash, password)
        if not (matches and user is not None and self._may_sign_in(user)):
            with self._store.write() as connection:
                self._audit.append(connection, address, "session.refused", None, {"origin": origin})
            raise NotSignedInError("That e-mail address and password do not match.")
        rehashed = self._passwords.hash(password) if self._passwords.is_outdated(user.password_hash) else None
        with self._store.write() as connection:
            mark_succeeded(connection, attempt)
            if rehashed is not None:
                connection.execute(update(UserAccount).where(UserAccount.id == user.id).values(password_hash=rehashed))
        return self.viewer_for(user.id)

    def open_session(
        self,
        user_id: int,
        *,
        data: Mapping[str, Any] | None = None,
        user_agent: str | None = None,
        replaces: str | None = None,
    ) -> str:
        """A new session's token, shown to nobody but the browser. ``replaces`` is the token the browser held before."""
        now = self._clock()
        with self._store.write() as connection:
            user = self._row(connection, user_id, lock=True)
            if not self._may_sign_in(user):
                raise NotSignedInError("That e-mail address and password do not match.")
            token = sessions.open_row(connection, user_id, data or {}, user_agent, replaces, now)
            self._audit.append(connection, user.email, "session.signed_in", f"user:{user_id}")
        return token

    def close_session(self, token: str) -> None:
        """Sign out. Unknown tokens are no error."""
        with self._store.write() as connection:
            email = sessions.close_row(connection, token)
            if email is not None:
                self._audit.append(connection, email, "session.signed_out")

    def signed_in(self, token: str, *, touch: bool = True) -> SignedIn | None:
        """The open session of ``token``: viewer, and the data kept with it. None = there is none, or it has ended.

        ``touch`` False does not count as use (the version poll). Use is noted at most once a minute.
        """
        now = self._clock()
        with self._store.read() as connection:
            found = sessions.read_row(connection, token, now)
            if found is None or not self._may_sign_in(found.user):
                return None
            viewer = self._viewer(connection, found.user, found.roles)
        if touch and sessions.is_touch_due(found.seen_at, now):
            # A store that cannot be written for the moment must not turn a reader away; the next request notes the use.
            with contextlib.suppress(RetryLaterError), self._store.write() as connection:
                sessions.touch_row(connection, token, now)
        return SignedIn(viewer, found.data)

    def resolve_session(self, token: str, *, touch: bool = True) -> Viewer | None:
        """The viewer of an open session, or None."""
        session = self.signed_in(token, touch=touch)
        return None if session is None else session.viewer

    # --- viewers ---------------------------------------------------------------------------------------------------

    def viewer_for(self, user_id: int) -> Viewer:
        """The viewer of an active user; NotFoundError when there is none."""
        with self._store.read() as connection:
            user = connection.execute(select(UserAccount.__table__).where(UserAccount.id == user_id)).first()
            return self._active_viewer(connection, user, f"user {user_id}")

    def caller(self, user_id: int) -> Viewer | None:
        """The viewer of a token's owner with the rights of this moment; None when that user may not sign in."""
        with self._store.read() as connection:
            user = connection.execute(select(UserAccount.__table__).where(UserAccount.id == user_id)).first()
            if user is None or not self._may_sign_in(user):
                return None
            return self._active_viewer(connection, user, user.email)

    def viewer_by_email(self, email_or_role: str) -> Viewer:
        """By address, or by role name (the demonstration company's account of that role). NotFoundError if none."""
        wanted = email_or_role.strip().lower()
        now = self._clock()
        query = select(UserAccount.__table__).where(UserAccount.email == wanted)
        if wanted in set(Role):
            query = (
                select(UserAccount.__table__)
                .join(RoleGrant, RoleGrant.user_id == UserAccount.id)
                .where(UserAccount.is_demo, UserAccount.is_active, RoleGrant.role == wanted, *in_force(now))
                .order_by(UserAccount.id)
                .limit(1)
            )
        with self._store.read() as connection:
            return self._active_viewer(connection, connection.execute(query).first(), wanted)

    def scope_as(self, viewer: Viewer, role: Role) -> Scope:
        """What one of the viewer's roles reaches by itself: a right of that role holds there and nowhere else."""
        if viewer.user_id is None:
            return viewer.scope
        with self._store.read() as connection:
            held = [given for given in current_roles(connection, viewer.user_id, self._clock()) if given.role is role]
            grants = [self._departments.grant(connection, given) for given in held]
        return self._policy.scope_of(grants, viewer.person_id)

    def local_operator(self) -> Viewer:
        """Whoever has a shell on the server: full rights. What it does is in the audit log under this name.

        Works agreements hold here too.
        """
        with self._store.read() as connection:
            agreed = self._agreements.of(connection, None)
        return Viewer(
            user_id=None,
            email=LOCAL_OPERATOR,
            name="Local operator",
            roles=frozenset(Role),
            scope=Scope(everything=True, agreed=agreed),
            classes=frozenset(ColumnClass),
            policy_version=self._policy.version,
        )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _may_sign_in(self, user: Any) -> bool:
        return bool(user.is_active and (self._demo_accounts or not user.is_demo))

    def _active_viewer(self, connection: Connection, user: Any, wanted: str) -> Viewer:
        if user is None or not user.is_active:
            raise NotFoundError(f"There is no active user {wanted}. `hireboard user list` shows who there is.")
        return self._viewer(connection, user, current_roles(connection, user.id, self._clock()))

    def _viewer(self, connection: Connection, user: Any, roles: Sequence[RoleGiven]) -> Viewer:
        grants = [self._departments.grant(connection, given) for given in roles]
        return Viewer(
            user_id=user.id,
            email=user.email,
            name=user.name,
            person_id=user.person_id,
            roles=frozenset(grant.role for grant in grants),
            scope=self._policy.scope_of(grants, user.person_id, self._agreements.of(connection, user.person_id)),
            classes=self._policy.classes_of(grants, user.person_id),
            policy_version=self._policy.version,
            timezone=user.timezone,
            locale=user.locale,
        )

    def _row(self, connection: Connection, user_id: int, *, lock: bool = False) -> Any:
        query = select(UserAccount.__table__).where(UserAccount.id == user_id)
        row = connection.execute(query.with_for_update() if lock else query).first()
        if row is None:
            raise NotFoundError(f"There is no user {user_id}. `hireboard user list` shows who there is.")
        return row


def _address(email: str) -> str:
    address = email.strip().lower()
    name, at, host = address.partition("@")
    if not (name and at and host) or len(address) > _MAX_ADDRESS or any(letter.isspace() for letter in address):
        raise InvalidInputError(f"{email!r:.80} is not an e-mail address. Write one like ada@example.com.")
    return address
