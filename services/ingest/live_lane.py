"""Keeps the live lane in step with the store, in the transaction that changes it.

What an import writes shows when the import is complete: it leaves change rows, and the transaction that completes it
works them into the lane. An edit in the web calls ``follow`` in its own transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select, text, update
from sqlalchemy.sql.functions import coalesce
from sqlalchemy.sql.functions import max as max_

from services.calendars.by_office import calendars
from services.domain.import_batches import BLOCKING
from services.ingest import bulk
from services.ingest.live_rows import APPLICATION_COLUMNS, REQUISITION_COLUMNS, LaneRows, Wanted, rows_of
from services.ingest.live_stops import STOP_COLUMNS, Row
from services.store.database import Store
from services.store.instants import InstantText
from services.store.tables import (
    Application,
    ChangeRow,
    ImportBatch,
    LiveLane,
    OpenApplication,
    OpenRequisition,
    OpenRequisitionStop,
)
from services.store.types import SQLITE_FORMAT, UtcDateTime

KEPT_DAYS = 14
"""So long an application that ended stays in the lane."""
MOST_CHANGES = 50_000
"""Above this the whole lane is worked out again: reading everything that is open costs less."""
_ONE = 1


class LaneState(NamedTuple):
    """``change_number`` 0 = the lane was never filled."""

    change_number: int
    watermark: int
    changed_at: datetime | None


def lane_state(connection: Connection) -> LaneState:
    row = connection.execute(select(LiveLane.change_number, LiveLane.watermark, LiveLane.changed_at)).first()
    return LaneState(0, 0, None) if row is None else LaneState(row.change_number, row.watermark, row.changed_at)


class Difference(NamedTuple):
    """What has to be written so that the lane says what the store says."""

    based_on: int
    watermark: int
    fresh: LaneRows
    stale_applications: list[int]
    stale_requisitions: list[int]
    stale_stops: list[int]

    @property
    def is_empty(self) -> bool:
        stale = self.stale_applications or self.stale_requisitions or self.stale_stops
        return not (stale or self.fresh.applications or self.fresh.requisitions or self.fresh.stops)


def difference(connection: Connection, now: datetime) -> Difference:
    """Between the lane and the store, since the lane's watermark. Reads only."""
    state = lane_state(connection)
    return _difference(connection, state, _changed(connection, state, now), _watermark(connection), now)


def apply_difference(connection: Connection, found: Difference, now: datetime) -> None:
    """Write what ``difference`` found earlier; if the lane has changed since, it is looked for again."""
    if lane_state(connection).change_number != found.based_on:
        found = difference(connection, now)
    _write(connection, found, now)


def catch_up(store: Store, now: datetime | None = None) -> bool:
    """Bring the lane up to date by itself, as at the first start; True = something was written."""
    at = now or datetime.now(UTC)
    with store.read() as connection:
        found, is_new = difference(connection, at), lane_state(connection).change_number == 0
    if found.is_empty and not is_new:
        return False
    with store.write() as connection:
        apply_difference(connection, found, at)
    return True


def fill_once(store: Store) -> None:
    """At the first start after the lane was made; not while an import is half applied, whose end fills it."""
    with store.read() as connection:
        blocked = select(ImportBatch.id).where(ImportBatch.state.in_(BLOCKING)).limit(1)
        waits = lane_state(connection).change_number > 0 or connection.execute(blocked).first() is not None
    if not waits:
        catch_up(store)


def follow(
    connection: Connection,
    *,
    applications: Iterable[int] = (),
    requisitions: Iterable[int] = (),
    now: datetime | None = None,
) -> None:
    """After a change of these in the caller's transaction. A lane that was never filled stays so."""
    at, state = now or datetime.now(UTC), lane_state(connection)
    if state.change_number == 0:
        return
    wanted = _widened(connection, set(applications), set(requisitions), at)
    _write(connection, _difference(connection, state, wanted, state.watermark, at), at)


# --- what changed -----------------------------------------------------------------------------------------------------


def _changed(connection: Connection, state: LaneState, now: datetime) -> Wanted:
    if state.change_number == 0:
        return Wanted()
    column = ChangeRow.xid if connection.dialect.name == "postgresql" else ChangeRow.id
    # PostgreSQL: transactions that had not surely ended at the last watermark, that one included
    after = column >= state.watermark if connection.dialect.name == "postgresql" else column > state.watermark
    query = select(ChangeRow.kind, ChangeRow.entity_id).where(after).distinct().limit(MOST_CHANGES + 1)
    rows = connection.execute(query).all()
    if len(rows) > MOST_CHANGES or any(entity is None for _, entity in rows):
        return Wanted()
    applications = {entity for kind, entity in rows if kind == "application" and entity is not None}
    requisitions = {entity for kind, entity in rows if kind == "requisition" and entity is not None}
    return _widened(connection, applications, requisitions, now)


def _widened(connection: Connection, applications: set[int], requisitions: set[int], now: datetime) -> Wanted:
    """With a requisition its applications; with an application the requisition that it was on before."""
    recent = Application.ended_at.is_(None) | (Application.ended_at >= now - timedelta(days=KEPT_DAYS))
    own = select(Application.id).where(bulk.among(connection, Application.requisition_id, sorted(requisitions)), recent)
    shown = select(OpenApplication.application_id).where(
        bulk.among(connection, OpenApplication.requisition_id, sorted(requisitions))
    )
    wanted = applications.union(connection.scalars(own), connection.scalars(shown))
    before = select(OpenApplication.requisition_id).where(
        bulk.among(connection, OpenApplication.application_id, sorted(wanted))
    )
    return Wanted(frozenset(wanted), frozenset(requisitions.union(connection.scalars(before))))


def _watermark(connection: Connection) -> int:
    """As the mart's: the oldest transaction still running (PostgreSQL), the last row (SQLite)."""
    if connection.dialect.name == "postgresql":
        return int(
            connection.scalar(text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"))
        )
    return int(connection.scalar(select(coalesce(max_(ChangeRow.id), 0))) or 0)


# --- the difference ---------------------------------------------------------------------------------------------------


def _difference(connection: Connection, state: LaneState, wanted: Wanted, watermark: int, now: datetime) -> Difference:
    if not (wanted.applications is None or wanted.applications or wanted.requisitions):
        return Difference(state.change_number, watermark, LaneRows({}, {}, {}), [], [], [])
    since = (now - timedelta(days=KEPT_DAYS)).astimezone(UTC).strftime(SQLITE_FORMAT)
    fresh = rows_of(connection, wanted, since, calendars(connection))
    roles = None if wanted.applications is None else wanted.requisitions | fresh.requisitions.keys()
    applications = _lane(connection, OpenApplication.__table__, APPLICATION_COLUMNS, wanted.applications)
    requisitions = _lane(connection, OpenRequisition.__table__, REQUISITION_COLUMNS, roles)
    stops = _lane_stops(connection, roles)
    news = LaneRows(
        {number: row for number, row in fresh.applications.items() if applications.get(number) != row},
        {number: row for number, row in fresh.requisitions.items() if requisitions.get(number) != row},
        {number: rows for number, rows in fresh.stops.items() if stops.get(number) != rows},
    )
    gone = _gone(connection, requisitions.keys() - fresh.requisitions.keys(), applications, fresh)
    return Difference(
        state.change_number,
        watermark,
        news,
        sorted(applications.keys() - fresh.applications.keys()),
        sorted(gone),
        # of a requisition that stays because of other applications than these nothing was worked out
        sorted(((stops.keys() - fresh.stops.keys()) & (gone | fresh.requisitions.keys())) | news.stops.keys()),
    )


def _gone(connection: Connection, candidates: Iterable[int], before: Mapping[int, Row], fresh: LaneRows) -> set[int]:
    """Requisitions of the lane that nothing keeps there any more: none of their other applications either."""
    wanted = set(candidates)
    if not wanted:
        return set()
    query = select(OpenApplication.application_id, OpenApplication.requisition_id).where(
        bulk.among(connection, OpenApplication.requisition_id, sorted(wanted))
    )
    left = {int(role) for number, role in connection.execute(query) if number not in before}
    return wanted - left - {row[2] for row in fresh.applications.values()}


def _lane(connection: Connection, table: Any, columns: tuple[str, ...], ids: Iterable[int] | None) -> dict[int, Row]:
    query = select(*(_plain(table.c[name]) for name in columns))
    if ids is not None:
        query = query.where(bulk.among(connection, table.c[columns[0]], sorted(ids)))
    return {int(row[0]): tuple(row) for row in connection.execute(query)}


def _lane_stops(connection: Connection, ids: Iterable[int] | None) -> dict[int, tuple[Row, ...]]:
    table: Any = OpenRequisitionStop.__table__
    query = select(*(_plain(table.c[name]) for name in STOP_COLUMNS)).order_by(table.c.requisition_id, table.c.from_at)
    if ids is not None:
        query = query.where(bulk.among(connection, table.c.requisition_id, sorted(ids)))
    found: dict[int, tuple[Row, ...]] = {}
    for row in connection.execute(query):
        found[int(row[0])] = (*found.get(int(row[0]), ()), tuple(row))
    return found


def _plain(column: Any) -> Any:
    return InstantText(column).label(column.key) if isinstance(column.type, UtcDateTime) else column


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(connection: Connection, found: Difference, now: datetime) -> None:
    bulk.in_utc(connection)
    stale = (
        (OpenApplication.__table__, "application_id", found.stale_applications),
        (OpenRequisition.__table__, "requisition_id", found.stale_requisitions),
        (OpenRequisitionStop.__table__, "requisition_id", found.stale_stops),
    )
    for table, key, ids in stale:
        if ids:
            _delete(connection, table, key, ids)
    fresh = found.fresh
    applications, requisitions = list(fresh.applications.values()), list(fresh.requisitions.values())
    _upsert(connection, OpenApplication.__table__, APPLICATION_COLUMNS, applications, ("application_id",))
    _upsert(connection, OpenRequisition.__table__, REQUISITION_COLUMNS, requisitions, ("requisition_id",))
    stops = [row for rows in fresh.stops.values() for row in rows]
    _upsert(connection, OpenRequisitionStop.__table__, STOP_COLUMNS, stops)
    _forget_old(connection, now)
    _advance(connection, found, now)


def _upsert(
    connection: Connection, table: Any, columns: tuple[str, ...], rows: list[Row], conflict: tuple[str, ...] = ()
) -> None:
    bulk.upsert_values(connection, table, columns, rows, conflict)


def _delete(connection: Connection, table: Any, key: str, ids: Iterable[int]) -> None:
    connection.execute(delete(table).where(bulk.among(connection, table.c[key], ids)))


def _forget_old(connection: Connection, now: datetime) -> None:
    table = OpenApplication
    connection.execute(delete(table).where(table.ended_at < now - timedelta(days=KEPT_DAYS)))


def _advance(connection: Connection, found: Difference, now: datetime) -> None:
    lane: Table = LiveLane.__table__  # type: ignore[assignment]
    state = lane_state(connection)
    number = state.change_number + (0 if found.is_empty and state.change_number else 1)
    values: dict[str, Any] = {"change_number": number, "watermark": max(found.watermark, state.watermark)}
    if not found.is_empty or state.changed_at is None:
        values["changed_at"] = now
    if state.change_number == 0:
        connection.execute(insert(lane).values(id=_ONE, **values))
    else:
        connection.execute(update(lane).where(lane.c.id == _ONE).values(**values))
