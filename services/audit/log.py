"""The audit log: one event per security-relevant action, in the action's own transaction, sealed to the one before.

``hash(n) = SHA-256(hash(n-1) + canonical JSON of event n)``. The newest hash is also kept outside the log (the setting
``audit.head``), so that cutting off the end is noticed too. Whoever owns the database can rewrite all of it; note the
head that ``hireboard audit verify`` prints somewhere else to notice even that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from services.store.database import Store
from services.store.tables.audit import AuditEvent
from services.store.tables.settings import AppSetting

GENESIS = bytes(32)
HEAD_SETTING = "audit.head"
_POSTGRESQL_LOCK = 7_201_544_301
_PAGE = 5_000


@dataclass(frozen=True)
class Verification:
    """Result of ``AuditLog.verify``. ``first_bad_seq`` None = the chain holds."""

    events: int
    head: str
    """Hex hash of the newest event."""
    first_bad_seq: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Event:
    seq: int
    at: datetime
    actor: str
    action: str
    resource: str | None
    detail: str

    def seal(self, previous: bytes) -> bytes:
        parts = [self.seq, self.at.isoformat(), self.actor, self.action, self.resource, self.detail]
        return hashlib.sha256(previous + json.dumps(parts, separators=(",", ":")).encode()).digest()


class AuditLog:
    """Appends and verifies. ``clock`` returns the present instant, aware."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def append(
        self,
        connection: Connection,
        actor: str,
        action: str,
        resource: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """Add an event in the caller's ``store.write()`` transaction; returns its seq.

        ``action`` is dotted and past tense (``session.signed_in``), ``resource`` is ``kind:id``, ``detail`` plain JSON:
        before and after where something changed. If the event cannot be written, the action fails with it.
        """
        hold_end(connection)
        seq, previous = self._end(connection)
        event = _Event(
            seq=seq + 1,
            at=self._clock().astimezone(UTC).replace(microsecond=0),
            actor=actor,
            action=action,
            resource=resource,
            detail=json.dumps(dict(detail or {}), sort_keys=True, separators=(",", ":")),
        )
        sealed = event.seal(previous)
        connection.execute(
            insert(AuditEvent).values(
                seq=event.seq,
                at=event.at,
                actor=actor,
                action=action,
                resource=resource,
                detail=event.detail,
                previous_hash=previous,
                hash=sealed,
            )
        )
        self._note_head(connection, event, sealed)
        return event.seq

    def verify(self) -> Verification:
        """Recompute the whole chain. Names the first event that was changed, removed, added or moved."""
        with self._store.read() as connection:
            expected_seq, previous = 1, GENESIS
            for event, sealed_on, sealed in _events(connection):
                reason = None
                if event.seq != expected_seq:
                    reason = f"event {expected_seq} is missing"
                elif sealed_on != previous:
                    reason = "it is not sealed to the event before"
                elif event.seal(previous) != sealed:
                    reason = "its content is not what was sealed"
                if reason:
                    return Verification(expected_seq - 1, previous.hex(), expected_seq, reason)
                expected_seq, previous = expected_seq + 1, sealed
            count = expected_seq - 1
            noted = _head(connection)
        if noted != (count, previous.hex()):
            first = min(count, noted[0]) + 1
            return Verification(count, previous.hex(), first, "the end of the log is not the one that was noted")
        return Verification(count, previous.hex())

    def _end(self, connection: Connection) -> tuple[int, bytes]:
        newest = select(AuditEvent.seq, AuditEvent.hash).order_by(AuditEvent.seq.desc()).limit(1)
        row = connection.execute(newest).first()
        return (0, GENESIS) if row is None else (row.seq, bytes(row.hash))

    def _note_head(self, connection: Connection, event: _Event, sealed: bytes) -> None:
        value = json.dumps({"seq": event.seq, "hash": sealed.hex()})
        changed = connection.execute(
            update(AppSetting)
            .where(AppSetting.name == HEAD_SETTING)
            .values(value=value, changed_at=event.at, changed_by="audit log")
        )
        if changed.rowcount == 0:
            connection.execute(
                insert(AppSetting).values(
                    name=HEAD_SETTING, version=1, value=value, changed_at=event.at, changed_by="audit log"
                )
            )


def hold_end(connection: Connection) -> None:
    """One appender at a time until its commit: the chain has one end. SQLite's write lock already sees to it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})


def _events(connection: Connection) -> Iterator[tuple[_Event, bytes, bytes]]:
    last = -1
    while True:
        page = connection.execute(
            select(AuditEvent.__table__).where(AuditEvent.seq > last).order_by(AuditEvent.seq).limit(_PAGE)
        ).all()
        for row in page:
            event = _Event(row.seq, row.at, row.actor, row.action, row.resource, row.detail)
            yield event, bytes(row.previous_hash), bytes(row.hash)
        if len(page) < _PAGE:
            return
        last = page[-1].seq


def _head(connection: Connection) -> tuple[int, str]:
    """Seq and hash noted at the last append; (0, genesis) before the first."""
    value = connection.scalar(select(AppSetting.value).where(AppSetting.name == HEAD_SETTING))
    if value is None:
        return 0, GENESIS.hex()
    try:
        noted = json.loads(value)
        return int(noted["seq"]), str(noted["hash"])
    except (ValueError, KeyError, TypeError):
        return 0, "unreadable"
