"""Saved views: a page with its filters under a name, for oneself or shared with everybody who may open the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from services.audit.log import AuditLog
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.kept_views import KeptView
from services.domain.people import Viewer
from services.reporting.addresses import checked_address, checked_text
from services.store.database import Store
from services.store.tables.access import UserAccount
from services.store.tables.views import SavedView

LONGEST_NAME = 80
PER_PERSON = 100


class SavedViews:
    """A view holds no numbers: whoever opens it sees them with the own rights."""

    def __init__(
        self, store: Store, audit: AuditLog, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def listed(self, viewer: Viewer) -> tuple[KeptView, ...]:
        """The own ones and those that others share, by name."""
        view, owner = SavedView, UserAccount
        query = (
            sa.select(view.id, view.name, view.path, view.search, view.is_shared, view.user_id, owner.name)
            .join(owner, owner.id == view.user_id)
            .where(sa.or_(view.user_id == viewer.user_id, view.is_shared))
            .order_by(sa.func.lower(view.name), view.id)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            KeptView(id_, name, path, search, is_shared, user_id == viewer.user_id, display_name)
            for id_, name, path, search, is_shared, user_id, display_name in rows
        )

    def save(self, viewer: Viewer, name: object, path: object, search: object, *, is_shared: bool) -> None:
        """Raises InvalidInputError and, for a name that the viewer has taken, ConflictError."""
        label = checked_text(name, "The name", LONGEST_NAME)
        if "\n" in label:
            raise InvalidInputError("The name stands on one line.")
        where, filters = checked_address(path, search)
        own = sa.select(SavedView.name).where(SavedView.user_id == viewer.user_id)
        with self._store.write() as connection:
            taken = set(connection.scalars(own))
            if label in taken:
                raise ConflictError(
                    f"You have a view called “{label}” already. Choose another name, or delete it first."
                )
            if len(taken) >= PER_PERSON:
                raise ConflictError(f"You keep {PER_PERSON} views already. Delete one you no longer use.")
            values = {
                "user_id": viewer.user_id,
                "name": label,
                "path": where,
                "search": filters,
                "is_shared": is_shared,
                "created_at": self._clock(),
            }
            connection.execute(sa.insert(SavedView).values(**values))
            detail = {"name": label, "path": where, "search": filters, "shared": is_shared}
            self._audit.append(connection, viewer.email, "view.saved", f"view:{label}", detail)

    def delete(self, viewer: Viewer, view_id: int) -> None:
        """Raises NotFoundError for what is not the viewer's own, shared or not."""
        mine = sa.and_(SavedView.id == view_id, SavedView.user_id == viewer.user_id)
        with self._store.write() as connection:
            name = connection.scalar(sa.select(SavedView.name).where(mine))
            if name is None:
                raise NotFoundError("There is no such view of yours. It may have been deleted already.")
            connection.execute(sa.delete(SavedView).where(mine))
            self._audit.append(connection, viewer.email, "view.deleted", f"view:{name}")
