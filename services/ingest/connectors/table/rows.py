"""One row of a table to one source record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from services.ingest.connectors.table.mapping import NATURAL_KEY, ColumnRule, FileRule, TableMapping
from services.ingest.connectors.table.reader import BrokenRow, Row
from services.ingest.entities import ENTITIES
from services.ingest.entity import Kind
from services.ingest.fields import Reading, canonical_row, checked_key, source_version
from services.ingest.records import EntityRow, FieldError, Problem, SourceItem
from services.ingest.visits import COLUMN_KEY

_DATED = frozenset({Kind.INSTANT, Kind.DATE})


class RowTranslator:
    """Applies one file rule. ``midnight_is_date``: the file's format has no type for a plain date."""

    def __init__(self, rule: FileRule, mapping: TableMapping, now: dt.datetime, *, midnight_is_date: bool) -> None:
        self._rule = rule
        self._mapping = mapping
        self._entity = ENTITIES[rule.entity]
        self._midnight_is_date = midnight_is_date
        self._now = now
        self._reading = self._reading_of(rule.formats, rule.zone)
        self._own_readings = {
            name: self._reading_of(one.formats if one.formats is not None else rule.formats, one.zone or rule.zone)
            for name, one in rule.columns.items()
            if one.formats is not None or one.zone is not None
        }
        self._key_fields = NATURAL_KEY.get(rule.entity, ())
        self._columns: tuple[str, ...] = ()
        self._place: dict[str, int] = {}
        self._plain: list[tuple[str, int]] = []
        self._rest: list[tuple[str, ColumnRule]] = []

    def _bind(self, columns: tuple[str, ...]) -> None:
        """Where each column is; fields that are taken as they stand are most of a large file."""
        self._columns = columns
        self._place = {name: place for place, name in enumerate(columns)}
        rules = self._rule.columns
        plain = {name for name, rule in rules.items() if _is_plain(rule) and name not in self._own_readings}
        self._plain = [(name, self._place[str(rules[name].column)]) for name in rules if name in plain]
        self._rest = [(name, rule) for name, rule in rules.items() if name not in plain]

    def _reading_of(self, formats: tuple[str, ...], zone: dt.tzinfo) -> Reading:
        return Reading(self._now, zone, formats, self._midnight_is_date, self._rule.decimal_comma)

    def translate(self, file: str, line: int, row: Row | BrokenRow) -> SourceItem | Problem | None:
        """None = a row that the mapping leaves out."""
        resource = self._rule.entity
        if isinstance(row, BrokenRow):
            return Problem(resource, file, f"line {line}", None, row.reason, row.payload)
        if row.columns is not self._columns:
            self._bind(row.columns)
        fields = row.fields
        if self._rule.where and not all(one.holds(fields[self._place[one.column]]) for one in self._rule.where):
            return None
        key = ""
        try:
            key = self._id(row)
            dated = self._rule.version_column
            version = source_version(fields[self._place[dated]]) if dated is not None else None
            key, rows = self._rows(key, row)
            return SourceItem(resource, key, file, rows, row, version)
        except FieldError as error:
            column = self._column_of(error.field)
            reason = error.reason if column is None else f"{error.reason} (column {column})"
            return Problem(resource, file, key or f"line {line}", error.field, reason, row)

    def _column_of(self, name: str | None) -> str | None:
        rule = self._rule.columns.get(name or "")
        return rule.column if rule is not None else None

    def _id(self, row: Row) -> str:
        """The id the mapping names; empty where a natural key takes its place."""
        if not self._rule.id_columns:
            return ""
        parts = [_text_of(row.fields[self._place[name]]) for name in self._rule.id_columns]
        if not all(parts):
            raise FieldError("id", f"{', '.join(self._rule.id_columns)} is empty, so the record has no id")
        return checked_key("/".join(parts))

    def _rows(self, key: str, row: Row) -> tuple[str, tuple[EntityRow, ...]]:
        fields = row.fields
        values = {name: fields[place] for name, place in self._plain}
        for name, rule in self._rest:
            values[name] = self._value(name, rule, row)
        if self._rule.entity == "stage_event":
            return self._stage_rows(key, values, row)
        self._fill(key, values)
        main = canonical_row(self._entity, key or "-", values, self._reading)
        key = self._natural(main.values) if self._always_natural(key) else key
        parts = tuple(self._inline(values, row))
        return key, (*parts, EntityRow(main.entity, key, main.values, main.parent))

    def _always_natural(self, key: str) -> bool:
        """Sets of a requisition find their own rows by the requisition's key at the front."""
        return not key or self._rule.entity in {"requisition_status", "hold", "owner"}

    def _natural(self, values: Mapping[str, Any]) -> str:
        parts = (values.get(name) for name in self._key_fields)
        return checked_key("/".join("" if part is None else str(part) for part in parts))

    def _fill(self, key: str, values: dict[str, object]) -> None:
        """Fields that follow from the id where no column gives them."""
        entity = self._rule.entity
        if entity == "application" and not values.get("candidate"):
            values["candidate"] = key
        if entity == "offer":
            values["offer_key"] = values.get("offer_key") or values.get("application")
            values["version"] = values.get("version") or 1
        for name in ("name", "title"):
            if key and name in self._entity.required and not values.get(name):
                values[name] = key

    def _value(self, name: str, rule: ColumnRule, row: Row) -> object:
        given = row.fields[self._place[rule.column]] if rule.column is not None else rule.value
        if rule.pattern is not None:
            found = rule.pattern.search(_text_of(given))
            given = found.group(1) if found else None
        if rule.values:
            text = _text_of(given)
            given = rule.values.get(text, given)
        if given is None or given == "":
            given = rule.default
        reading = self._own_readings.get(name)
        field = self._entity.fields.get(name)
        if reading is None or field is None or field.kind not in _DATED or given is None:
            return given
        checked = canonical_row(self._entity, "-", {name: given}, reading, update_only=True).values[name]
        return dt.datetime.fromisoformat(f"{checked}+00:00") if len(str(checked)) > len("2026-01-01") else checked

    def _inline(self, values: Mapping[str, object], row: Row) -> Iterator[EntityRow]:
        """What a row says about the office, source or person it names."""
        for field, rules in self._rule.inline.items():
            key = _text_of(values.get(field)).strip()
            if not key:
                continue
            target = ENTITIES[self._entity.fields[field].target]
            said = {name: self._value(name, rule, row) for name, rule in rules.items()}
            filled = {name: value for name, value in said.items() if value is not None}
            yield canonical_row(target, key, {"name": key, **filled}, self._reading)

    def _stage_rows(self, key: str, values: dict[str, object], row: Row) -> tuple[str, tuple[EntityRow, ...]]:
        application = _text_of(values.get("application"))
        reason = values.pop("reason", None)
        if self._rule.stage_columns:
            return application, tuple(self._wide(application, values, row))
        stage = _text_of(values.get("stage")).strip()
        outcome = self._mapping.outcomes.get(stage)
        if outcome is not None:
            return self._ending(application, outcome, values, reason)
        self._check_stage(stage)
        event = canonical_row(self._entity, key or "-", values, self._reading)
        if not key:
            own = f"{event.values['stage']}@{event.values['entered_at']}"
            return checked_key(f"{application}/{own}"), (EntityRow("stage_event", own, event.values, event.parent),)
        return key, (event,)

    def _ending(
        self, application: str, outcome: str, values: Mapping[str, object], reason: object
    ) -> tuple[str, tuple[EntityRow, ...]]:
        """An event that says that the application ended."""
        said: dict[str, object] = {"outcome": outcome, "ended_at": values.get("entered_at")}
        if reason not in {None, ""}:
            said["exit_reason"] = reason
        ended = canonical_row(ENTITIES["application"], application, said, self._reading, update_only=True)
        if ended.values["ended_at"] is None:
            raise FieldError("entered_at", "the end of an application needs its time")
        return checked_key(f"{application}/end"), (ended,)

    def _wide(self, application: str, values: Mapping[str, object], row: Row) -> Iterator[EntityRow]:
        if all(row.fields[self._place[column]] in {None, ""} for column in self._rule.stage_columns.values()):
            yield self._all_empty(values)
        for stage, column in self._rule.stage_columns.items():
            self._check_stage(stage)
            given = row.fields[self._place[column]]
            if given in {None, ""}:
                continue
            said = {**values, "stage": stage, "entered_at": given}
            try:
                yield canonical_row(self._entity, f"{COLUMN_KEY}{stage}", said, self._reading)
            except FieldError as error:
                raise FieldError(error.field, f"{error.reason} (column {column})") from error

    def _all_empty(self, values: Mapping[str, object]) -> EntityRow:
        """What a row without any date says: that the application was in none of the stages."""
        said = canonical_row(
            self._entity, COLUMN_KEY, {"application": values.get("application")}, self._reading, update_only=True
        )
        if not said.parent:
            raise FieldError("application", "a stage event needs application; it is empty or missing")
        return said._replace(update_only=False)

    def _check_stage(self, stage: str) -> None:
        if stage not in self._mapping.stages:
            known = ", ".join([*self._mapping.stages, *self._mapping.outcomes])
            raise FieldError("stage", f"the stage {stage[:80]!r} is not among the mapping's: {known[:300]}")


def _is_plain(rule: ColumnRule) -> bool:
    return rule.column is not None and not rule.values and rule.default is None and rule.pattern is None


def _text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)
