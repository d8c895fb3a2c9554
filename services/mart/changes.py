"""What changed in the store since a snapshot, widened to everything whose facts depend on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.mart.extract import StoreSnapshot
from services.store.tables import Application, ChangeRow, Hire, Interview, Opening, RequisitionOverlay

CHUNK = 10_000
MOST_APPLICATIONS = 250_000
"""Above this a full build is no slower."""


class Changes(NamedTuple):
    """Ids to be replaced. ``requisitions`` changed themselves; ``touched`` also holds those of changed applications."""

    applications: frozenset[int]
    requisitions: frozenset[int]
    touched: frozenset[int]
    seats: frozenset[int]

    @property
    def is_empty(self) -> bool:
        return not (self.applications or self.requisitions)


def read_changes(store: StoreSnapshot, watermark: int) -> Changes | None:
    """Changes after ``watermark``; None = only a full build will do (a reference changed, or too much).

    PostgreSQL: every visible row of a transaction that had not surely ended at the last build; some are read twice,
    which is harmless, none is missed. SQLite: rows after the last one read.
    """
    after = ChangeRow.xid >= watermark if store.dialect == "postgresql" else ChangeRow.id > watermark
    rows = store.rows(
        sa.select(ChangeRow.kind, ChangeRow.entity_id).where(after).distinct().limit(MOST_APPLICATIONS + 1)
    )
    known = {"application", "requisition"}
    if len(rows) > MOST_APPLICATIONS or any(kind not in known or entity is None for kind, entity in rows):
        return None
    applications = {int(entity) for kind, entity in rows if kind == "application"}
    requisitions = {int(entity) for kind, entity in rows if kind == "requisition"}
    return _widen(store, applications, requisitions)


def _widen(store: StoreSnapshot, applications: set[int], requisitions: set[int]) -> Changes | None:
    """With a requisition all its applications change (dimensions, net axis); with an application the seat it fills."""
    applications |= _ids(store, Application.id, Application.requisition_id, requisitions)
    applications |= _ids(store, Opening.application_id, Opening.requisition_id, requisitions)
    counted_anew = _with_wanted_seats(store, applications) - requisitions
    if counted_anew:
        return _widen(store, applications, requisitions | counted_anew)
    if len(applications) > MOST_APPLICATIONS:
        return None
    touched = requisitions | _ids(store, Application.requisition_id, Application.id, applications)
    touched |= _ids(store, Opening.requisition_id, Opening.application_id, applications)
    seats = _ids(store, Opening.id, Opening.requisition_id, requisitions)
    seats |= _ids(store, Opening.id, Opening.application_id, applications)
    return Changes(frozenset(applications), frozenset(requisitions), frozenset(touched), frozenset(seats))


def _with_wanted_seats(store: StoreSnapshot, applications: Collection[int]) -> set[int]:
    """Requisitions of these applications whose number of seats was edited: their seats count only all together."""
    edited = RequisitionOverlay.requisition_id
    statement = sa.select(edited).where(RequisitionOverlay.field == "openings", RequisitionOverlay.is_active)
    wanted = {int(row[0]) for row in store.rows(statement)}
    if not wanted:
        return set()
    theirs = _ids(store, Application.requisition_id, Application.id, applications)
    return wanted & (theirs | _ids(store, Opening.requisition_id, Opening.application_id, applications))


def _ids(store: StoreSnapshot, wanted: Any, key: Any, among: Collection[int]) -> set[int]:
    found: set[int] = set()
    for condition in in_chunks(key, among):
        found |= {int(row[0]) for row in store.rows(sa.select(wanted).where(condition, wanted.is_not(None)).distinct())}
    return found


def in_chunks(key: Any, ids: Collection[int]) -> Iterator[sa.ColumnElement[bool]]:
    """Conditions that together select the rows whose ``key`` is one of ``ids``; at least one, which selects nothing."""
    ordered = sorted(ids)
    for start in range(0, max(len(ordered), 1), CHUNK):
        yield key.in_(ordered[start : start + CHUNK])


def interviews_of(store: StoreSnapshot, applications: Collection[int]) -> set[int]:
    return _ids(store, Interview.id, Interview.application_id, applications)


def hires_of(store: StoreSnapshot, applications: Collection[int]) -> set[int]:
    return _ids(store, Hire.id, Hire.application_id, applications)
