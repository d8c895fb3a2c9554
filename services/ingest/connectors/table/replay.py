"""Quarantined rows of tables, translated again by today's mapping."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from services.ingest.connectors.table.export import mapped_items
from services.ingest.connectors.table.mapping import load_table_mapping
from services.ingest.connectors.table.rows import RowTranslator
from services.ingest.records import Notes, Problem, SourceItem, TableRow

QuarantinedRow = tuple[str, str, str, Mapping[str, object]]
"""Entity, file, record, and the row as it came."""


class TableReplay:
    """A connector that reads from the quarantine."""

    entities: tuple[str, ...] = ()
    data_from: dt.date | None = None

    def __init__(self, system: str, mapping: Path | None, rows: Sequence[QuarantinedRow], now: dt.datetime) -> None:
        self.system = system
        self._mapping = load_table_mapping(mapping)
        self._rows = rows
        self._now = now

    def record_estimate(self) -> int:
        return len(self._rows)

    def items(self, _notes: Notes) -> Iterator[SourceItem | Problem]:
        yield from mapped_items(self._mapping, self._now)
        for entity, file, record, payload in self._rows:
            row = TableRow(tuple(payload), list(payload.values()))
            found = [
                rule
                for rule in self._mapping.files
                if rule.entity == entity and fnmatch(file, Path(rule.path).name) and rule.columns_read() <= set(payload)
            ]
            if not found:
                reason = "the mapping has no rule for this file and its columns"
                yield Problem(entity, file, record, None, reason, payload)
            for rule in found:
                translator = RowTranslator(rule, self._mapping, self._now, midnight_is_date=file.endswith(".xlsx"))
                item = translator.translate(file, _line(record), row)
                if item is not None:
                    yield item


def _line(record: str) -> int:
    number = record.removeprefix("line ")
    return int(number) if number.isdecimal() else 0
