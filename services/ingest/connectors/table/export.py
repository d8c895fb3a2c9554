"""A table import as a whole: which files the mapping's rules read, and what the mapping itself adds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from services.domain.errors import InvalidInputError
from services.ingest.connectors.table.mapping import FileRule, TableMapping, load_table_mapping
from services.ingest.connectors.table.reader import SUFFIXES, count_rows, read_rows
from services.ingest.connectors.table.rows import RowTranslator
from services.ingest.entities import ENTITIES
from services.ingest.fields import Reading, canonical_row
from services.ingest.records import FieldError, Notes, Problem, SourceItem


def open_table(path: Path, mapping: Path | None, now: dt.datetime) -> TableExport:
    """Raises InvalidInputError when the mapping is wrong or names files that are not there."""
    rules = load_table_mapping(mapping)
    wanted = _rules_of(path, rules)
    return TableExport(rules, [(rule, _files(path, rule, rules.name)) for rule in wanted], now)


def _rules_of(path: Path, mapping: TableMapping) -> list[FileRule]:
    """All of them for a folder; for a single file those that name it, or the only one there is."""
    rules = list(mapping.files)
    if not path.is_file() or len(rules) == 1:
        return rules
    named = [rule for rule in rules if fnmatch(path.name, rule.path)]
    if not named:
        raise InvalidInputError(f"{mapping.name} has no entry for {path.name}; its files are for other names.")
    return named


def _files(path: Path, rule: FileRule, mapping: str) -> list[Path]:
    if path.is_file():
        found = [path]
    else:
        found = sorted(file for file in path.glob(rule.path) if file.is_file() and file.suffix.lower() in SUFFIXES)
    if not found:
        raise InvalidInputError(f"{mapping} names {rule.path}, but {path} holds no such file.")
    unknown = [file.name for file in found if file.suffix.lower() not in SUFFIXES]
    if unknown:
        raise InvalidInputError(f"{', '.join(unknown)} is none of {', '.join(SUFFIXES)}.")
    return found


class TableExport:
    """A connector."""

    def __init__(self, mapping: TableMapping, files: list[tuple[FileRule, list[Path]]], now: dt.datetime) -> None:
        self.system = mapping.system
        self.data_from = mapping.data_from
        self.entities = tuple(sorted({rule.entity for rule, _ in files}))
        self._mapping = mapping
        self._files = files
        self._now = now

    def record_estimate(self) -> int:
        return sum(count_rows(path) for _, paths in self._files for path in paths)

    def items(self, notes: Notes) -> Iterator[SourceItem | Problem]:
        yield from mapped_items(self._mapping, self._now)
        for rule, paths in self._files:
            for path in paths:
                translator = RowTranslator(
                    rule, self._mapping, self._now, midnight_is_date=path.suffix.lower() == ".xlsx"
                )
                taken = 0
                for line, row in read_rows(path, rule):
                    item = translator.translate(path.name, line, row)
                    if item is not None:
                        taken += 1
                        yield item
                if not taken:
                    notes.warn(f"{path.name} gave no {ENTITIES[rule.entity].label}.")


def mapped_items(mapping: TableMapping, now: dt.datetime) -> Iterator[SourceItem]:
    """Stages and dimensions that the mapping itself describes."""
    reading = Reading(now)
    described: list[tuple[str, str, dict[str, object]]] = [
        ("stage", name, {"name": name, "canonical": canonical, "sort_order": place})
        for place, (name, canonical) in enumerate(mapping.stages.items())
    ]
    for entity, rows in mapping.dimensions.items():
        described += [(entity, key, {"name": key, **values}) for key, values in rows.items()]
    for entity, key, values in described:
        try:
            row = canonical_row(ENTITIES[entity], key, values, reading)
        except FieldError as error:
            where = f"{mapping.name}: {entity} {key}: {error.field}"
            raise InvalidInputError(f"{where} {error.reason}.") from error
        payload = {str(name): value for name, value in values.items()}
        yield SourceItem(f"mapping:{entity}", key, mapping.name, (row,), payload, counted=False)
