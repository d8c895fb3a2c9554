"""Server-side sessions: the browser holds a random token, the table its SHA-256."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from services.accounts.grants import RoleGiven
from services.domain.people import Role, Viewer
from services.store.tables.access import RoleGrant, UserAccount, UserSession

ABSOLUTE = timedelta(hours=8)
IDLE = timedelta(minutes=30)
_TOUCH_EVERY = timedelta(minutes=1)
_MAX_TOKEN = 200


@dataclass(frozen=True)
class SignedIn:
    """An open session: who, and the JSON kept with it."""

    viewer: Viewer
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundSession:
    user: Any
    roles: Sequence[RoleGiven]
    data: Mapping[str, Any]
    seen_at: datetime


def open_row(
    connection: Connection,
    user_id: int,
    data: Mapping[str, Any],
    user_agent: str | None,
    replaces: str | None,
    now: datetime,
) -> str:
    """Adds a session and returns its token; removes the one it replaces, and all that have ended."""
    if replaces is not None:
        close_row(connection, replaces)
    connection.execute(
        delete(UserSession).where(or_(UserSession.created_at <= now - ABSOLUTE, UserSession.seen_at <= now - IDLE))
    )
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(UserSession).values(
            token_hash=_hash(token),
            user_id=user_id,
            data=json.dumps(dict(data)),
            created_at=now,
            seen_at=now,
            user_agent=None if user_agent is None else user_agent[:300],
        )
    )
    return token


def close_row(connection: Connection, token: str) -> str | None:
    """Removes the session; returns the user's address, None when there was no such session."""
    email = connection.scalar(
        select(UserAccount.email)
        .join(UserSession, UserSession.user_id == UserAccount.id)
        .where(UserSession.token_hash == _hash(token))
    )
    connection.execute(delete(UserSession).where(UserSession.token_hash == _hash(token)))
    return email


_GRANTED = and_(
    RoleGrant.user_id == UserAccount.id,
    RoleGrant.from_at <= bindparam("now"),
    or_(RoleGrant.to_at.is_(None), RoleGrant.to_at > bindparam("now")),
)
# Built once: this runs at every request, and putting it together costs as much as running it.
_FIND = (
    select(
        UserAccount.__table__,
        UserSession.data,
        UserSession.seen_at,
        RoleGrant.role,
        RoleGrant.department_id,
        RoleGrant.region,
    )
    .select_from(
        UserSession.__table__.join(UserAccount.__table__, UserSession.user_id == UserAccount.id).outerjoin(
            RoleGrant.__table__, _GRANTED
        )
    )
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.created_at > bindparam("not_older"),
        UserSession.seen_at > bindparam("not_idle"),
    )
    .order_by(RoleGrant.id)
)


def read_row(connection: Connection, token: str, now: datetime) -> FoundSession | None:
    """The session of ``token`` unless it is over: 8 hours old, or 30 minutes unused."""
    if not token or len(token) > _MAX_TOKEN:
        return None
    values = {"token_hash": _hash(token), "now": now, "not_older": now - ABSOLUTE, "not_idle": now - IDLE}
    rows = connection.execute(_FIND, values).all()
    if not rows:
        return None
    first = rows[0]
    roles = [RoleGiven(Role(row.role), row.department_id, row.region) for row in rows if row.role is not None]
    return FoundSession(first, roles, json.loads(first.data), first.seen_at)


def is_touch_due(seen_at: datetime, now: datetime) -> bool:
    return now - seen_at >= _TOUCH_EVERY


def touch_row(connection: Connection, token: str, now: datetime) -> None:
    connection.execute(update(UserSession).where(UserSession.token_hash == _hash(token)).values(seen_at=now))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
