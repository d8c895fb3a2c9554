"""Keys of the source to ids of the store, and the zone in which a record's plain dates begin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, select

from services.ingest import bulk
from services.ingest.entities import ENTITIES
from services.store.tables import Application, Hire, Interview, Office, Requisition, metadata

_KEPT = frozenset(
    "office department job_family job_level source exit_reason person stage requisition freeze".split()  # noqa: SIM905
)
"""Small enough to be remembered for the whole import; the others for one chunk."""


def table_of(entity: str) -> Table:
    return metadata.tables[ENTITIES[entity].table]


class Resolver:
    """Looks up ids in bulk; creates what a reference may create."""

    def __init__(self, system: str) -> None:
        self.system = system
        self._ids: dict[str, dict[str, int]] = {}
        self._zones: dict[int, str] = {}
        self._office_zones: dict[int, str] = {}
        self._requisition_of: dict[int, int | None] = {}
        self.created: set[str] = set()
        """Entities of which this chunk created rows by reference."""

    def forget_chunk(self) -> None:
        """Between chunks: what is not small is looked up again."""
        for entity in list(self._ids):
            if entity not in _KEPT:
                del self._ids[entity]
        self._requisition_of.clear()
        self.created.clear()

    def forget(self) -> None:
        """After a rolled-back chunk nothing that was remembered holds."""
        self._ids.clear()
        self._zones.clear()
        self._office_zones.clear()
        self.forget_chunk()

    def ids(self, connection: Connection, entity: str, keys: Iterable[str], *, create: bool = False) -> dict[str, int]:
        """The ids of those ``keys`` that exist."""
        known = self._ids.setdefault(entity, {})
        missing = sorted({key for key in keys if key not in known})
        if missing:
            known.update(self._found(connection, entity, missing))
            absent = [key for key in missing if key not in known]
            if create and absent:
                self._create(connection, entity, absent)
                known.update(self._found(connection, entity, absent))
        return known

    def known(self, entity: str) -> dict[str, int]:
        """What has been looked up so far."""
        return self._ids.setdefault(entity, {})

    def _found(self, connection: Connection, entity: str, keys: list[str]) -> list[tuple[str, int]]:
        table = table_of(entity)
        columns = [table.c.external_id, table.c.id]
        rows = bulk.lookup(connection, columns, table.c.source_system == self.system, table.c.external_id, keys)
        return [(str(key), int(number)) for key, number in rows]

    def _create(self, connection: Connection, entity: str, keys: list[str]) -> None:
        self.created.add(entity)
        rows: list[bulk.BulkRow] = []
        for key in keys:
            row: dict[str, Any] = {"source_system": self.system, "external_id": key}
            if entity != "candidate":
                row["name"] = f"{ENTITIES[entity].label.capitalize()} {key}" if key.isdecimal() else key
            if entity == "person":
                row["email"] = key.lower() if "@" in key else None
            rows.append(row)
        bulk.upsert(connection, table_of(entity), rows, ("source_system", "external_id"))

    def office_zone(self, connection: Connection, office_id: int | None) -> str:
        """UTC where there is no office."""
        if office_id is None:
            return "UTC"
        if office_id not in self._office_zones:
            found = connection.execute(select(Office.timezone).where(Office.id == office_id)).scalar()
            self._office_zones[office_id] = found or "UTC"
        return self._office_zones[office_id]

    def requisition_zone(self, connection: Connection, requisition_id: int | None) -> str:
        if requisition_id is None:
            return "UTC"
        if requisition_id not in self._zones:
            office = connection.execute(select(Requisition.office_id).where(Requisition.id == requisition_id)).scalar()
            self._zones[requisition_id] = self.office_zone(connection, office)
        return self._zones[requisition_id]

    def offices_changed(self) -> None:
        """Offices or requisitions were written: their zones are looked up again."""
        self._zones.clear()
        self._office_zones.clear()

    def application_zone(self, connection: Connection, application_id: int) -> str:
        if application_id not in self._requisition_of:
            query = select(Application.requisition_id).where(Application.id == application_id)
            self._requisition_of[application_id] = connection.execute(query).scalar()
        return self.requisition_zone(connection, self._requisition_of[application_id])

    def prefetch_requisitions(self, connection: Connection, application_ids: Iterable[int]) -> None:
        """One query instead of one for each application."""
        missing = {number for number in application_ids if number not in self._requisition_of}
        columns = [Application.__table__.c.id, Application.__table__.c.requisition_id]
        rows = bulk.lookup(connection, columns, columns[0].is_not(None), columns[0], missing)
        self._requisition_of.update({int(number): requisition for number, requisition in rows})

    def applications_of(self, connection: Connection, entity: str, ids: Iterable[int]) -> dict[int, int]:
        """Interview or hire id to application id."""
        table = (Interview if entity == "interview" else Hire).__table__
        rows = bulk.lookup(
            connection, [table.c.id, table.c.application_id], table.c.id.is_not(None), table.c.id, set(ids)
        )
        return {int(number): int(application) for number, application in rows}
