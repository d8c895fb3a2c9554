"""Rows of one chunk into their tables, entity by entity in the order of reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, select

from services.ingest import bulk
from services.ingest.changes import write_changes
from services.ingest.entities import ENTITIES, RANK
from services.ingest.entity import Entity
from services.ingest.event_chunks import write_events
from services.ingest.records import EntityRow, FieldError, Scalar
from services.ingest.resolve import Resolver, table_of
from services.ingest.rows import Columns, columns_of, keyed_row, resolve_references, same_columns
from services.ingest.spool import StagedItem
from services.ingest.timeline import HOLD, Interval, TimelineWriter, write_owners
from services.ingest.visits import COLUMN_KEY, StageEvent, VisitWriter

_UPSERT = ("source_system", "external_id")
_OF_REQUISITION = frozenset({"requisition", "requisition_status", "owner", "seat"})
_NOT_IN_MART = frozenset({"candidate", "person"})
_REFERENCE = frozenset(
    {"office", "department", "job_family", "job_level", "source", "exit_reason", "stage", "person",
     "leave", "holiday", "freeze", "freeze_exemption"}
)  # fmt: skip


@dataclass(slots=True)
class RowsOfItem:
    """A record on its way in; ``error`` set = it goes to quarantine."""

    item: StagedItem
    error: FieldError | None = None


class Ready(NamedTuple):
    """A row with its references resolved."""

    row: EntityRow
    columns: Columns


@dataclass(slots=True)
class Touched:
    applications: set[int] = field(default_factory=set)
    requisitions: set[int] = field(default_factory=set)
    reference: bool = False


_Write = Callable[[Connection, Sequence[Ready]], None]


class ChunkWriter:
    """Writes chunks of records inside the caller's transaction."""

    def __init__(self, system: str, resolver: Resolver) -> None:
        self._system = system
        self._resolver = resolver
        self._visits = VisitWriter()
        self._timelines = TimelineWriter(system)
        self._held_anew: set[int] = set()
        self._special: dict[str, _Write] = {
            "requisition": self._write_requisitions,
            "requisition_status": self._write_statuses,
            "hold": self._write_holds,
            "owner": self._write_owners,
            "application": self._write_applications,
            "stage_event": self._write_visits,
            "offer": self._write_offers,
            "leave": self._write_leave,
            "holiday": self._write_holidays,
            "freeze_exemption": self._write_exemptions,
        }

    def write(self, connection: Connection, records: Sequence[RowsOfItem]) -> None:
        """Everything that can be written; a record that cannot gets its ``error``."""
        if not records:
            return
        touched = Touched()
        names = sorted({row.entity for record in records for row in record.item.rows}, key=RANK.__getitem__)
        for name in names:
            entity = ENTITIES[name]
            for update_only in (False, True):  # what only adds to a record comes after the record
                ready = self._ready(connection, entity, records, update_only=update_only)
                if ready:
                    self._write_entity(connection, entity, ready, touched)
        touched.reference = touched.reference or bool(self._resolver.created - _NOT_IN_MART)
        write_changes(connection, "application", sorted(touched.applications))
        write_changes(connection, "requisition", sorted(touched.requisitions))
        if touched.reference:
            write_changes(connection, "reference", [None])

    def write_events(self, connection: Connection, items: Sequence[StagedItem]) -> list[StagedItem]:
        """Stage events by the short way; gives back those that have to take the long one."""
        return write_events(connection, self._resolver, self._visits, items)

    def _ready(
        self, connection: Connection, entity: Entity, records: Sequence[RowsOfItem], *, update_only: bool
    ) -> list[Ready]:
        own: list[tuple[RowsOfItem, list[EntityRow]]] = []
        for record in records:
            rows = [row for row in record.item.rows if row.entity == entity.name and row.update_only == update_only]
            if rows and record.error is None:
                own.append((record, rows))
        mine = [row for _, rows in own for row in rows]
        if not mine:
            return []
        resolve_references(connection, self._resolver, entity, mine)
        if entity.name == "stage_event":
            numbers = self._resolver.known("application")
            wanted = {numbers[row.parent] for row in mine if row.parent in numbers and _has_plain_date(row)}
            self._resolver.prefetch_requisitions(connection, wanted)
        if update_only:
            self._resolver.ids(connection, entity.name, [row.key for row in mine])
        ready: list[Ready] = []
        for record, rows in own:
            try:
                ready.extend([self._one(connection, entity, row) for row in rows])
            except FieldError as error:
                record.error = error
        return ready

    def _one(self, connection: Connection, entity: Entity, row: EntityRow) -> Ready:
        if row.update_only and row.key not in self._resolver.known(entity.name):
            reason = f"{entity.label} {row.key} is not loaded: it is missing from the export or in quarantine itself"
            raise FieldError(entity.name, reason)
        columns = columns_of(connection, self._resolver, entity, row)
        if entity.name == "freeze":
            columns.update(self._scope(connection, columns))
        return Ready(row, columns)

    def _write_entity(self, connection: Connection, entity: Entity, ready: Sequence[Ready], touched: Touched) -> None:
        special = self._special.get(entity.name)
        if special is not None:
            special(connection, ready)
        else:
            self._write_keyed(connection, entity, ready)
        self._note(connection, entity, ready, touched)

    def _write_keyed(self, connection: Connection, entity: Entity, ready: Sequence[Ready]) -> None:
        table = table_of(entity.name)
        whole = [keyed_row(self._system, entity, one.row, one.columns) for one in ready if not one.row.update_only]
        for group in same_columns(whole):
            bulk.upsert(connection, table, group, _UPSERT)
        partial = [one for one in ready if one.row.update_only]
        if partial:
            ids = self._resolver.ids(connection, entity.name, [one.row.key for one in partial])
            rows = [{"id": ids[one.row.key], **one.columns} for one in partial if one.row.key in ids]
            for group in same_columns([{**row, "external_id": row["id"]} for row in rows]):
                bare = [{name: value for name, value in row.items() if name != "external_id"} for row in group]
                bulk.update_where(connection, table, bare, "id")

    def _note(self, connection: Connection, entity: Entity, ready: Sequence[Ready], touched: Touched) -> None:
        """Remember which applications and requisitions these rows belong to."""
        if entity.name == "candidate":
            touched.reference |= any(one.columns.get("merged_into_id") for one in ready)
        elif entity.name in _REFERENCE:
            touched.reference = True
            if entity.name == "office":
                self._resolver.offices_changed()
        elif entity.name in {"application", "requisition"}:
            ids = self._resolver.ids(connection, entity.name, [one.row.key for one in ready])
            numbers = {ids[one.row.key] for one in ready if one.row.key in ids}
            (touched.applications if entity.name == "application" else touched.requisitions).update(numbers)
        elif entity.name == "hold":
            touched.requisitions |= self._held_anew
        elif entity.name in _OF_REQUISITION:
            touched.requisitions.update(_numbers(ready, "requisition_id"))
        else:
            touched.applications.update(self._applications_of(connection, ready))
            touched.requisitions.update(_numbers(ready, "requisition_id"))

    def _applications_of(self, connection: Connection, ready: Sequence[Ready]) -> set[int]:
        found = _numbers(ready, "application_id")
        for parent in ("interview", "hire"):
            numbers = _numbers(ready, f"{parent}_id")
            if numbers:
                found.update(self._resolver.applications_of(connection, parent, numbers).values())
        return found

    def _write_requisitions(self, connection: Connection, ready: Sequence[Ready]) -> None:
        stored = [
            Ready(one.row, {n: v for n, v in one.columns.items() if n not in {"status", "closed_at"}}) for one in ready
        ]
        self._write_keyed(connection, ENTITIES["requisition"], stored)
        self._resolver.offices_changed()
        ids = self._resolver.ids(connection, "requisition", [one.row.key for one in ready])
        numbers = {ids[one.row.key]: one for one in ready}
        self._timelines.apply_base(
            connection,
            {number: one.columns for number, one in numbers.items()},
            {number: one.row.key for number, one in numbers.items()},
        )

    def _write_statuses(self, connection: Connection, ready: Sequence[Ready]) -> None:
        self._timelines.apply_stated(connection, _intervals(ready, None))

    def _write_holds(self, connection: Connection, ready: Sequence[Ready]) -> None:
        self._held_anew = self._timelines.apply_holds(connection, _intervals(ready, HOLD))

    def _write_owners(self, connection: Connection, ready: Sequence[Ready]) -> None:
        owners: dict[int, list[Columns]] = {}
        for one in ready:
            owners.setdefault(_number(one, "requisition_id"), []).append(one.columns)
        write_owners(connection, owners)

    def _write_applications(self, connection: Connection, ready: Sequence[Ready]) -> None:
        keys = [one.row.key for one in ready]
        before = set(self._resolver.ids(connection, "application", keys).values())
        self._write_keyed(connection, ENTITIES["application"], ready)
        self._visits.settle(connection, before)

    def _write_visits(self, connection: Connection, ready: Sequence[Ready]) -> None:
        events: dict[int, list[StageEvent]] = {}
        emptied: set[int] = set()
        for one in ready:
            columns = one.columns
            number = _number(one, "application_id")
            own = events.setdefault(number, [])
            if one.row.key == COLUMN_KEY:
                emptied.add(number)
                continue
            entered, left = str(columns["entered_at"]), _text(columns.get("left_at"))
            own.append(StageEvent(one.row.key, _number(one, "stage_id"), entered, left))
        self._visits.apply(connection, events, emptied)

    def _write_offers(self, connection: Connection, ready: Sequence[Ready]) -> None:
        self._write_keyed(connection, ENTITIES["offer"], ready)
        self._visits.settle(connection, _numbers(ready, "application_id"))

    def _write_leave(self, connection: Connection, ready: Sequence[Ready]) -> None:
        rows = {(one.columns["person_id"], one.columns["start_on"]): one.columns for one in ready}
        bulk.upsert(connection, table_of("leave"), list(rows.values()), ("person_id", "start_on"))

    def _write_exemptions(self, connection: Connection, ready: Sequence[Ready]) -> None:
        rows = {(one.columns["freeze_id"], one.columns["requisition_id"]): one.columns for one in ready}
        bulk.upsert(connection, table_of("freeze_exemption"), list(rows.values()), ("freeze_id", "requisition_id"))

    def _write_holidays(self, connection: Connection, ready: Sequence[Ready]) -> None:
        table = table_of("holiday")
        known = {
            (office, str(day)): int(number)
            for number, office, day in connection.execute(select(table.c.id, table.c.office_id, table.c.on))
        }
        for one in ready:
            columns: Columns = {"office_id": None, **one.columns}
            number = known.get((columns["office_id"], str(columns["on"])))
            if number is None:
                bulk.upsert(connection, table, [columns])
            else:
                bulk.update_where(connection, table, [{"id": number, "name": columns["name"]}], "id")

    def _scope(self, connection: Connection, columns: Columns) -> Columns:
        """The source names the department, family or requisition by its key; the store by our id, as text."""
        scope, value = str(columns.get("scope")), columns.get("scope_value")
        if value is None or scope not in {"department", "job_family", "requisition"}:
            return {"scope_value": str(value).upper() if scope == "country" and value else value}
        ids = self._resolver.ids(connection, scope, [str(value)], create=ENTITIES[scope].creatable)
        if str(value) not in ids:
            raise FieldError("scope_value", f"{ENTITIES[scope].label} {value} is not loaded")
        return {"scope_value": str(ids[str(value)])}


def _intervals(ready: Sequence[Ready], status: str | None) -> dict[int, list[Interval]]:
    found: dict[int, list[Interval]] = {}
    for one in ready:
        columns = one.columns
        found.setdefault(_number(one, "requisition_id"), []).append(
            Interval(
                status or str(columns["status"]),
                str(columns["from_at"]),
                _text(columns.get("to_at")),
                _text(columns.get("reason")),
            )
        )
    return found


def _has_plain_date(row: EntityRow) -> bool:
    if row.key == COLUMN_KEY:
        return False
    return len(str(row.values["entered_at"])) < 11 or len(str(row.values.get("left_at") or "")) == 10  # noqa: PLR2004


def _number(one: Ready, column: str) -> int:
    value = one.columns[column]
    if not isinstance(value, int):
        raise FieldError(column, "is empty")
    return value


def _numbers(ready: Sequence[Ready], column: str) -> set[int]:
    return {value for one in ready if isinstance(value := one.columns.get(column), int)}


def _text(value: Scalar) -> str | None:
    return value if isinstance(value, str) else None
