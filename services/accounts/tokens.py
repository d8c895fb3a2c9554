"""Tokens of programs: random, shown once, kept as a SHA-256, acting with their owner's rights of this moment."""

from __future__ import annotations

import enum
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, update

from services.audit.log import AuditLog
from services.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooManyAttemptsError,
)
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables.access import UserAccount
from services.store.tables.api import ApiToken

LONGEST_LIFE_DAYS = 366
DEFAULT_LIFE_DAYS = 90
PER_MINUTE = 120
PER_USER = 50
"""Tokens of one owner that are valid at a time."""
_MARK = "hb_"
_MAX_LENGTH = 200
_MAX_NAME = 80


class TokenScope(enum.StrEnum):
    """What a token may be used for, within its owner's rights."""

    DEFINITIONS_READ = "definitions:read"
    """Which metrics there are and how they are defined; no figures."""
    METRICS_READ = "metrics:read"
    """Figures, and the definitions with them."""
    REQUISITIONS_EDIT = "requisitions:edit"
    """One requisition's fields, read and changed; no figures."""


_INCLUDES = {TokenScope.METRICS_READ: frozenset({TokenScope.METRICS_READ, TokenScope.DEFINITIONS_READ})}


class RateLimitedError(TooManyAttemptsError):
    """More requests with one token than a minute allows. ``retry_after_s`` = seconds until the next minute."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"This token has asked {PER_MINUTE} times within a minute. Go on in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class TokenRecord:
    """What may be shown of a token: never the token. ``state``: valid, expired or revoked."""

    id: int
    prefix: str
    name: str
    owner: str
    scopes: tuple[TokenScope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: str


@dataclass(frozen=True)
class Caller:
    """Who asks with a token: the owner as a viewer, and what the token is for."""

    viewer: Viewer
    prefix: str
    scopes: frozenset[TokenScope]

    def require(self, scope: TokenScope) -> None:
        """Raises ForbiddenError unless the token was made for ``scope``."""
        granted = self.scopes.union(*(_INCLUDES.get(held, frozenset()) for held in self.scopes))
        if scope not in granted:
            held = ", ".join(sorted(self.scopes))
            raise ForbiddenError(f"This token is for {held}. Ask an administrator for one with the scope {scope}.")


class Tokens:
    """``owner`` gives the viewer of a user who may sign in at this moment, None for everybody else."""

    def __init__(
        self,
        store: Store,
        owner: Callable[[int], Viewer | None],
        audit: AuditLog,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._owner = owner
        self._audit = audit
        self._clock = clock

    def create(
        self,
        email: str,
        name: str,
        scopes: Iterable[TokenScope],
        *,
        days: int = DEFAULT_LIFE_DAYS,
        actor: str,
    ) -> tuple[str, TokenRecord]:
        """A new token of ``email`` and what is known about it. The token is not kept: this is the only time it is seen.

        Raises NotFoundError, InvalidInputError, ConflictError (too many valid ones already).
        """
        asked = tuple(sorted(set(scopes)))
        label = name.strip()
        _check(label, asked, days)
        now = self._clock()
        prefix = _MARK + secrets.token_hex(4)
        token = f"{prefix}_{secrets.token_urlsafe(32)}"
        with self._store.write() as connection:
            user = _active_user(connection, email)
            valid = select(func.count()).where(ApiToken.user_id == user.id, *_valid(now))
            if (connection.scalar(valid) or 0) >= PER_USER:
                raise ConflictError(f"{user.email} has {PER_USER} valid tokens already. Revoke one that is not used.")
            values = {
                "user_id": user.id,
                "name": label,
                "prefix": prefix,
                "token_hash": _hash(token),
                "scopes": " ".join(asked),
                "created_at": now,
                "created_by": actor,
                "expires_at": now + timedelta(days=days),
                "window_count": 0,
            }
            connection.execute(insert(ApiToken).values(**values))
            detail = {"owner": user.email, "name": label, "scopes": list(asked), "days": days}
            self._audit.append(connection, actor, "token.created", f"token:{prefix}", detail)
            record = _record(_find(connection, prefix), now)
        return token, record

    def listed(self, email: str | None = None) -> tuple[TokenRecord, ...]:
        """All tokens, newest first, or those of one owner; those that are over are among them."""
        now = self._clock()
        query = _SHOWN.order_by(ApiToken.id.desc())
        if email is not None:
            query = query.where(UserAccount.email == email.strip().lower())
        with self._store.read() as connection:
            return tuple(_record(row, now) for row in connection.execute(query))

    def revoke(self, prefix: str, *, actor: str) -> TokenRecord:
        """End a token at once; twice is the same as once. Raises NotFoundError."""
        now = self._clock()
        with self._store.write() as connection:
            row = _find(connection, prefix.strip())
            if row.revoked_at is None:
                end = {"revoked_at": now, "revoked_by": actor}
                connection.execute(update(ApiToken).where(ApiToken.id == row.id).values(**end))
                self._audit.append(connection, actor, "token.revoked", f"token:{row.prefix}", {"owner": row.email})
            return _record(_find(connection, row.prefix), now)

    def admit(self, token: str) -> Caller:
        """The caller behind ``token`` (hostile), and one request counted.

        Raises NotSignedInError, RateLimitedError. The answer is the same for a token that never was and for a piece of
        one.
        """
        now = self._clock()
        row = self._row_of(token)
        if row is None:
            raise NotSignedInError("This token is not known. Check it, or ask an administrator for a new one.")
        if row.revoked_at is not None:
            raise NotSignedInError(f"The token {row.prefix} was revoked. Ask an administrator for a new one.")
        if row.expires_at <= now:
            raise NotSignedInError(f"The token {row.prefix} has expired. Ask an administrator for a new one.")
        viewer = self._owner(row.user_id)
        if viewer is None:
            raise NotSignedInError(f"The owner of the token {row.prefix} may not sign in any more.")
        self._count(row, now)
        return Caller(viewer, row.prefix, frozenset(_scopes(row.scopes)))

    def _row_of(self, token: str) -> Any:
        if not token.startswith(_MARK) or len(token) > _MAX_LENGTH:
            return None
        with self._store.read() as connection:
            return connection.execute(select(ApiToken.__table__).where(ApiToken.token_hash == _hash(token))).first()

    def _count(self, row: Any, now: datetime) -> None:
        minute = now.replace(second=0, microsecond=0)
        if row.window_at == minute and row.window_count >= PER_MINUTE:
            raise RateLimitedError(60 - now.second)  # without a write: a flood costs a look only
        counted = (
            update(ApiToken)
            .where(ApiToken.id == row.id, ApiToken.revoked_at.is_(None))
            .values(
                window_count=case((ApiToken.window_at == minute, ApiToken.window_count + 1), else_=1),
                window_at=minute,
                last_used_at=now,
            )
            .returning(ApiToken.window_count)
        )
        with self._store.write() as connection:
            number = connection.scalar(counted)
        if number is None:
            raise NotSignedInError(f"The token {row.prefix} was revoked. Ask an administrator for a new one.")
        if number > PER_MINUTE:
            raise RateLimitedError(60 - now.second)


def end_tokens(connection: Connection, user_id: int, now: datetime, actor: str) -> int:
    """Revoke every token of a user in the caller's transaction; returns how many there were."""
    mine = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return connection.execute(mine.values(revoked_at=now, revoked_by=actor)).rowcount


_SHOWN = select(ApiToken.__table__, UserAccount.email).join(UserAccount, UserAccount.id == ApiToken.user_id)


def _check(name: str, scopes: tuple[TokenScope, ...], days: int) -> None:
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise InvalidInputError(f"A token needs a name of 1 to {_MAX_NAME} characters that says what uses it.")
    if not scopes:
        raise InvalidInputError(f"A token needs a scope. Choose from: {', '.join(TokenScope)}.")
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise InvalidInputError(f"A token lives for 1 to {LONGEST_LIFE_DAYS} days, not {days}.")


def _active_user(connection: Connection, email: str) -> Any:
    """Locked, so that a deactivation at the same moment comes before or after, never between."""
    wanted = email.strip().lower()
    query = select(UserAccount.__table__).where(UserAccount.email == wanted).with_for_update()
    user = connection.execute(query).first()
    if user is None or not user.is_active:
        raise NotFoundError(f"There is no active user {wanted}. `hireboard user list` shows who there is.")
    return user


def _find(connection: Connection, prefix: str) -> Any:
    row = connection.execute(_SHOWN.where(ApiToken.prefix == prefix)).first()
    if row is None:
        raise NotFoundError(f"There is no token {prefix[:20]}. `hireboard token list` shows their beginnings.")
    return row


def _valid(now: datetime) -> tuple[Any, ...]:
    return ApiToken.revoked_at.is_(None), ApiToken.expires_at > now


def _record(row: Any, now: datetime) -> TokenRecord:
    state = "revoked" if row.revoked_at is not None else "expired" if row.expires_at <= now else "valid"
    return TokenRecord(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        owner=row.email,
        scopes=_scopes(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        state=state,
    )


def _scopes(words: str) -> tuple[TokenScope, ...]:
    """A scope that this version does not know grants nothing."""
    return tuple(scope for scope in TokenScope if scope in words.split())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
