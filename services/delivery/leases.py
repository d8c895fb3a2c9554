"""Leases: who may act now, and until when. A fence number tells a late holder that somebody else took over."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from services.delivery.insertion import insert_if_absent
from services.domain.errors import ConflictError
from services.store.database import Store
from services.store.tables import JobLease

Clock = Callable[[], datetime]


class LeaseLostError(ConflictError):
    """The holder was away for too long and another process took over: nothing it does counts any more."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def owner_name(part: str) -> str:
    """A name for this process in leases: part, host, process id and a random end, so that no two are equal."""
    return f"{part}@{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def has_expired(
    until: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    now: datetime,
    length: timedelta,
) -> ColumnElement[bool]:
    """A lease is over at its end; also when it ends later than any given now could: the clock was set back."""
    return or_(until <= now, until > now + 2 * length)


@dataclass(frozen=True)
class Duty:
    """A held exclusive duty. ``fence`` grows with every change of hands."""

    name: str
    owner: str
    fence: int


class DutyRoster:
    """Named exclusive duties (scheduler leader, mart builder), one holder each, over all processes and hosts."""

    def __init__(self, store: Store, *, length_s: int = 15, clock: Clock = utc_now) -> None:
        self._store = store
        self._length = timedelta(seconds=length_s)
        self._clock = clock

    def acquire(self, name: str, owner: str) -> Duty | None:
        """Take or renew the duty. None = another process holds it."""
        now = self._clock()
        with self._store.write() as connection:
            row = connection.execute(
                select(JobLease.owner, JobLease.fence, has_expired(JobLease.until, now, self._length))
                .where(JobLease.name == name)
                .with_for_update()
            ).first()
            if row is None:
                return self._create(connection, name, owner, now)
            holder, fence, is_over = row
            if holder != owner and not is_over:
                return None
            fence = fence if holder == owner else fence + 1
            connection.execute(
                update(JobLease).where(JobLease.name == name).values(owner=owner, fence=fence, until=now + self._length)
            )
            return Duty(name, owner, fence)

    def _create(self, connection: Connection, name: str, owner: str, now: datetime) -> Duty | None:
        known = select(JobLease.name).where(JobLease.name == name)
        values = {"name": name, "owner": owner, "until": now + self._length, "fence": 1}
        insert_if_absent(connection, JobLease, [values], ["name"])
        held = connection.execute(known.where(JobLease.owner == owner)).first()
        return Duty(name, owner, 1) if held else None

    def release(self, duty: Duty) -> None:
        """Give the duty back, so that a successor need not wait for the end of the lease."""
        with self._store.write() as connection:
            connection.execute(
                update(JobLease)
                .where(JobLease.name == duty.name, JobLease.owner == duty.owner, JobLease.fence == duty.fence)
                .values(until=self._clock() - timedelta(seconds=1))
            )

    def require(self, connection: Connection, duty: Duty) -> None:
        """Inside the transaction of a write: raises LeaseLostError unless the duty is still ours."""
        row = connection.execute(
            select(JobLease.fence)
            .where(JobLease.name == duty.name, JobLease.owner == duty.owner)
            # a successor has to wait for this transaction's end before it can take over
            .with_for_update()
        ).first()
        if row is None or row.fence != duty.fence:
            raise LeaseLostError(f"Another process took over {duty.name}; this one's writes are refused.")
