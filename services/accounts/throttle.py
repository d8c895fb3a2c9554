"""The sign-in throttle, kept in the database so that every instance counts the same tries."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, text, update

from services.domain.errors import TooManyAttemptsError
from services.store.tables.access import LoginAttempt

WINDOW = timedelta(minutes=15)
PER_USER_AND_ORIGIN = 10
PER_ORIGIN = 60
"""One password tried on many users from one place."""
PER_USER = 40
"""One user tried from many places. A place the user signed in from before is not held up by others' tries."""
KNOWN_ORIGIN = timedelta(days=30)


def reserve_try(connection: Connection, email: str, origin: str, now: datetime) -> int:
    """Count a try before the password is looked at, so that parallel tries cannot outrun the limit; returns its id.

    Raises TooManyAttemptsError. Same answer for users who exist and who do not.
    """
    _one_at_a_time(connection, email, origin)
    since = now - WINDOW
    failed = (LoginAttempt.at > since) & (~LoginAttempt.succeeded)
    by_email, by_origin = LoginAttempt.email == email, LoginAttempt.origin == origin
    limits = [(failed & by_email & by_origin, PER_USER_AND_ORIGIN), (failed & by_origin, PER_ORIGIN)]
    if not _is_known(connection, email, origin, now):
        limits.append((failed & by_email, PER_USER))
    for condition, limit in limits:
        if (connection.scalar(select(func.count()).where(condition)) or 0) >= limit:
            raise TooManyAttemptsError(
                "Too many tries to sign in. Wait 15 minutes and try again, or ask an administrator for a new password."
            )
    connection.execute(delete(LoginAttempt).where(LoginAttempt.at < now - KNOWN_ORIGIN))
    added = connection.execute(
        insert(LoginAttempt).values(email=email, origin=origin, at=now, succeeded=False).returning(LoginAttempt.id)
    )
    return int(added.scalar_one())


def mark_succeeded(connection: Connection, attempt_id: int) -> None:
    connection.execute(update(LoginAttempt).where(LoginAttempt.id == attempt_id).values(succeeded=True))


def _is_known(connection: Connection, email: str, origin: str, now: datetime) -> bool:
    earlier = select(LoginAttempt.id).where(
        LoginAttempt.email == email,
        LoginAttempt.origin == origin,
        LoginAttempt.succeeded,
        LoginAttempt.at > now - KNOWN_ORIGIN,
    )
    return connection.execute(earlier.limit(1)).first() is not None


def _one_at_a_time(connection: Connection, email: str, origin: str) -> None:
    """SQLite's write lock already does this; PostgreSQL gets one lock per user and one per origin, in a fixed order."""
    if connection.dialect.name != "postgresql":
        return
    keys = sorted(
        int.from_bytes(hashlib.sha256(f"sign-in {part}".encode()).digest()[:8], "big", signed=True)
        for part in (f"user {email}", f"origin {origin}")
    )
    for key in keys:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
