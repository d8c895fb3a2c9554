"""Hold this view: a snapshot that somebody holds on to is kept, and answers until it is let go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from services.audit.log import AuditLog
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.people import Viewer
from services.mart.reader import MartReader
from services.store.database import Store
from services.store.tables import PinnedView

MOST = 5
"""Snapshots that one person holds at a time."""


class HeldViews:
    def __init__(
        self,
        store: Store,
        mart: MartReader,
        audit: AuditLog,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._mart = mart
        self._audit = audit
        self._now = now

    def hold(self, viewer: Viewer) -> str:
        """Keep the present snapshot for ``viewer``; returns its id. Raises InvalidInputError beyond MOST."""
        snapshot = self._mart.snapshot().id
        if viewer.user_id is None:
            raise InvalidInputError("Only people who are signed in hold a view.")
        own = select(PinnedView.snapshot_id).where(PinnedView.user_id == viewer.user_id)
        with self._store.write() as connection:
            held = set(connection.scalars(own))
            if snapshot in held:
                return snapshot
            if len(held) >= MOST:
                raise InvalidInputError(f"You hold {MOST} views already. Let go of one first.")
            self._mart.folder.pin(snapshot)
            row = {"snapshot_id": snapshot, "user_id": viewer.user_id, "pinned_at": self._now()}
            connection.execute(insert(PinnedView).values(row))
            self._audit.append(connection, viewer.email, "view.held", f"snapshot:{snapshot}")
        return snapshot

    def let_go(self, viewer: Viewer, snapshot: str) -> None:
        """Once nobody holds it any more it is removed with the other old ones. Raises NotFoundError."""
        own = (PinnedView.user_id == viewer.user_id) & (PinnedView.snapshot_id == snapshot)
        with self._store.write() as connection:
            if not connection.execute(delete(PinnedView).where(own)).rowcount:
                raise NotFoundError("You do not hold these numbers.")
            others = select(PinnedView.id).where(PinnedView.snapshot_id == snapshot).limit(1)
            self._audit.append(connection, viewer.email, "view.let_go", f"snapshot:{snapshot}")
            if connection.execute(others).first() is None:
                self._mart.folder.unpin(snapshot)
