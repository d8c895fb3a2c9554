"""What an import would do, without doing it."""

from __future__ import annotations

from sqlalchemy import Connection

from services.ingest import bulk
from services.ingest.entities import ENTITIES, RANK
from services.ingest.entity import Kind
from services.ingest.loader import Tally, changed_items, chunks
from services.ingest.resolve import table_of
from services.ingest.spool import Spool, StagedItem
from services.store.database import Store


def plan_import(store: Store, spool: Spool, system: str) -> Tally:
    """Counts as an import of this spool would give them."""
    tally = Tally(quarantined=len(spool.problems()))
    refused: dict[str, set[str]] = {}
    for chunk in chunks(spool.items()):
        with store.read() as connection:
            fresh = changed_items(connection, system, chunk)
            missing = _missing(connection, spool, system, fresh, refused)
        for item in fresh:
            if any((entity, key) in missing for entity, key in _needs(item)):
                main = max((row.entity for row in item.rows), key=RANK.__getitem__)
                refused.setdefault(main, set()).add(item.key)
                tally.quarantined += item.counted
            else:
                tally.loaded += item.counted
        tally.unchanged += sum(item.counted for item in chunk) - sum(item.counted for item in fresh)
    return tally


def _needs(item: StagedItem) -> list[tuple[str, str]]:
    """What must exist for the record to load."""
    found: list[tuple[str, str]] = []
    for row in item.rows:
        if row.update_only:
            found.append((row.entity, row.key))
        for name, field in ENTITIES[row.entity].fields.items():
            value = row.values.get(name)
            must = field.kind is Kind.REFERENCE and not field.may_dangle and not ENTITIES[field.target].creatable
            if must and value is not None:
                found.append((field.target, str(value)))
    return found


def _missing(
    connection: Connection, spool: Spool, system: str, items: list[StagedItem], refused: dict[str, set[str]]
) -> set[tuple[str, str]]:
    wanted: dict[str, set[str]] = {}
    for item in items:
        for entity, key in _needs(item):
            wanted.setdefault(entity, set()).add(key)
    missing: set[tuple[str, str]] = set()
    for entity, keys in wanted.items():
        table = table_of(entity)
        rows = bulk.lookup(
            connection, [table.c.external_id], table.c.source_system == system, table.c.external_id, keys
        )
        absent = keys - {str(row[0]) for row in rows}
        planned = spool.planned_keys(entity, absent) - refused.get(entity, set())
        missing.update((entity, key) for key in absent - planned)
    return missing
