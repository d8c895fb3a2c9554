"""The archive as people see it: their own reports, all of them for the roles the policy names, nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, false, func, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.archive import Archive, record_access
from services.delivery.leases import Clock, utc_now
from services.delivery.message import safe_file_name
from services.domain.errors import NotFoundError
from services.domain.people import Viewer
from services.domain.views import ArchiveEntry, ArchiveView
from services.store.database import Store
from services.store.tables import ArchiveAccess, ArchiveItem

PAGE_SIZE = 20
LONGEST_SEARCH = 100
How = Literal["opened", "downloaded"]


@dataclass(frozen=True)
class OpenedDocument:
    """Bytes that were checked against their digest, and what a browser needs to know about them."""

    content: bytes
    file_name: str
    media_type: str
    entry: ArchiveEntry


class ArchivePage:
    """Search, open, and who got it and when.

    A viewer reaches the reports made for them, and with ``archive.view_all`` those whose subject lies within their
    scope. Everything else is, to the last word, as if it did not exist.
    """

    def __init__(
        self, store: Store, archive: Archive, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._archive = archive
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def view(self, viewer: Viewer, search: str = "", kind: str = "", period: str = "", page: int = 1) -> ArchiveView:
        """The reports the viewer may open, newest first. ``search``: every word in title, subject or period, any case.

        ``page`` counts from 1; a page that does not exist is the nearest that does.
        """
        visible = self._visible(viewer)
        search = search[:LONGEST_SEARCH]
        wanted = and_(visible, *_matches(search))
        if kind:
            wanted = and_(wanted, ArchiveItem.report_kind == kind)
        if period:
            wanted = and_(wanted, ArchiveItem.period == period)
        with self._store.read() as connection:
            total = connection.scalar(select(func.count()).select_from(ArchiveItem).where(wanted)) or 0
            page = min(max(page, 1), max(-(-total // PAGE_SIZE), 1))
            query = _newest_first(wanted).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
            entries = self._entries(connection, connection.execute(query).all(), viewer)
            kinds = connection.scalars(select(ArchiveItem.report_kind).where(visible).distinct())
            periods = connection.scalars(select(ArchiveItem.period).where(visible).distinct())
            return ArchiveView(
                entries=entries,
                total=total,
                page=page,
                page_size=PAGE_SIZE,
                search=search,
                kind=kind,
                period=period,
                kinds=tuple(sorted(kinds)),
                periods=tuple(sorted(periods, reverse=True)),
            )

    def entry(self, public_id: str, viewer: Viewer) -> ArchiveEntry:
        """What is known about one report, without opening it. Raises NotFoundError."""
        with self._store.read() as connection:
            row = self._row(connection, public_id, viewer)
            return self._entries(connection, [row], viewer)[0]

    def open(self, public_id: str, viewer: Viewer, how: How) -> OpenedDocument:
        """The document, noted in its list of accesses and in the audit log before it is handed out.

        Raises NotFoundError for a report that is not there and, in the same words, for one the viewer may not open.
        """
        with self._store.read() as connection:
            row = self._row(connection, public_id, viewer)
        content = self._archive.get(row.sha256)
        with self._store.write() as connection:
            record_access(
                connection, item_id=row.id, user_id=viewer.user_id, address=viewer.email, how=how, at=self._clock()
            )
            detail = {"kind": row.report_kind, "period": row.period, "subject": row.subject}
            self._audit.append(connection, viewer.email, f"report.{how}", f"archive_item:{row.id}", detail)
            [entry] = self._entries(connection, [row], viewer)
        name = safe_file_name(f"{row.title} {row.subject_name} {row.period}.pdf")
        return OpenedDocument(content, name, row.media_type, entry)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _row(self, connection: Connection, public_id: str, viewer: Viewer) -> Any:
        found = connection.execute(
            _newest_first(and_(self._visible(viewer), ArchiveItem.public_id == public_id))
        ).first()
        if found is None:
            raise NotFoundError("There is no such report, or it is not for you.")
        return found

    def _visible(self, viewer: Viewer) -> ColumnElement[bool]:
        own = false() if viewer.user_id is None else ArchiveItem.recipient_user_id == viewer.user_id
        if not self._policy.can(viewer, Action.ARCHIVE_VIEW):
            return false()
        return or_(own, self._within_scope(viewer)) if self._sees_all(viewer) else own

    def _sees_all(self, viewer: Viewer) -> bool:
        return self._policy.can(viewer, Action.ARCHIVE_VIEW_ALL)

    @staticmethod
    def _within_scope(viewer: Viewer) -> ColumnElement[bool]:
        scope = viewer.scope
        if scope.everything:
            return true()
        departments = true() if scope.department_ids is None else ArchiveItem.department_id.in_(scope.department_ids)
        regions = true() if scope.regions is None else ArchiveItem.region.in_(scope.regions)
        return and_(departments, regions)

    def _entries(self, connection: Connection, rows: Sequence[Any], viewer: Viewer) -> tuple[ArchiveEntry, ...]:
        deliveries = self._deliveries(connection, [row.id for row in rows], viewer)
        return tuple(
            ArchiveEntry(
                public_id=row.public_id,
                kind=row.report_kind,
                title=row.title,
                period=row.period,
                subject_name=row.subject_name,
                created_at=row.created_at,
                size_bytes=row.size_bytes,
                sha256=row.sha256,
                deliveries=tuple(
                    (access.address, access.how, access.at) for access in deliveries if access.archive_item_id == row.id
                ),
            )
            for row in rows
        )

    def _deliveries(self, connection: Connection, item_ids: Iterable[int], viewer: Viewer) -> Sequence[Any]:
        """Who got or opened it and when, oldest first: all for ``archive.view_all``, else the viewer's own."""
        query = (
            select(ArchiveAccess.archive_item_id, ArchiveAccess.address, ArchiveAccess.how, ArchiveAccess.at)
            .where(ArchiveAccess.archive_item_id.in_(list(item_ids)))
            .order_by(ArchiveAccess.at, ArchiveAccess.id)
        )
        if not self._sees_all(viewer):
            query = query.where(ArchiveAccess.user_id == viewer.user_id)
        return connection.execute(query).all()


def _newest_first(wanted: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(ArchiveItem.__table__).where(wanted).order_by(ArchiveItem.created_at.desc(), ArchiveItem.id.desc())


def _matches(search: str) -> list[ColumnElement[bool]]:
    text = ArchiveItem.title + " " + ArchiveItem.subject_name + " " + ArchiveItem.period
    # as written too: SQLite's lower() knows only ASCII
    return [
        or_(func.lower(text).contains(word.lower(), autoescape=True), text.contains(word, autoescape=True))
        for word in search.split()
    ]
