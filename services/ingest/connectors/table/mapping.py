"""The mapping file of a table import, version 1: what it may say, checked before a row is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.domain.errors import InvalidInputError
from services.domain.pipeline import Outcome, Stage
from services.ingest.connectors.yaml_files import check_keys, choices, load_mapping, section
from services.ingest.entities import ENTITIES
from services.ingest.entity import Kind

DIMENSIONS = ("office", "department", "job_family", "job_level", "source", "exit_reason", "person")
NATURAL_KEY: Mapping[str, tuple[str, ...]] = {
    "stage_event": ("application", "stage", "entered_at"),
    "requisition_status": ("requisition", "from_at"),
    "hold": ("requisition", "from_at"),
    "owner": ("requisition", "part", "person", "from_at"),
    "leave": ("person", "start_on"),
    "holiday": ("office", "on"),
    "freeze": ("scope", "scope_value", "from_at"),
    "freeze_exemption": ("freeze", "requisition"),
    "offer": ("offer_key", "version"),
    "feedback": ("interview", "interviewer"),
    "hire": ("application",),
    "demographic": ("application", "question"),
    "department": ("name",),
    "job_family": ("name",),
    "job_level": ("name",),
    "office": ("name",),
    "source": ("name",),
    "exit_reason": ("name",),
}
"""Fields that identify a record where the mapping names no ``id``."""

_TOP = (
    "version", "system", "zone", "encoding", "delimiter", "decimal_comma", "date_formats", "data_from", "stages",
    "outcomes", "dimensions", "files",
)  # fmt: skip
_FILE = (
    "path", "sheet", "entity", "id", "record_version", "columns", "stage_columns", "where", "encoding", "delimiter",
    "zone", "date_formats", "decimal_comma",
)  # fmt: skip
_COLUMN = ("column", "value", "values", "default", "pattern", "date_formats", "zone")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class ColumnRule:
    """Where a field comes from: a column or a fixed value; ``values`` translates, ``pattern`` takes its first group."""

    column: str | None = None
    value: object = None
    values: Mapping[str, object] = field(default_factory=dict)
    default: object = None
    pattern: re.Pattern[str] | None = None
    formats: tuple[str, ...] | None = None
    zone: dt.tzinfo | None = None


@dataclass(frozen=True)
class Condition:
    """Rows are taken when ``column`` holds one of ``accepted`` (or is filled, or is empty)."""

    column: str
    accepted: frozenset[str] = frozenset()
    filled: bool | None = None

    def holds(self, given: object) -> bool:
        text = "" if given is None else str(given).strip()
        return text in self.accepted if self.filled is None else bool(text) == self.filled


@dataclass(frozen=True)
class FileRule:
    path: str
    entity: str
    columns: Mapping[str, ColumnRule]
    inline: Mapping[str, Mapping[str, ColumnRule]]
    """Fields of what a reference refers to (``office.country``), by the referring field."""
    id_columns: tuple[str, ...] = ()
    version_column: str | None = None
    stage_columns: Mapping[str, str] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()
    sheet: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    zone: dt.tzinfo = dt.UTC
    formats: tuple[str, ...] = ()
    decimal_comma: bool = False

    def columns_read(self) -> set[str]:
        """Every column the rule needs to be there."""
        rules = [*self.columns.values(), *(rule for part in self.inline.values() for rule in part.values())]
        named = {rule.column for rule in rules if rule.column is not None}
        named |= set(self.id_columns) | set(self.stage_columns.values()) | {one.column for one in self.where}
        return named | ({self.version_column} if self.version_column else set())


@dataclass(frozen=True)
class TableMapping:
    name: str
    system: str
    files: tuple[FileRule, ...]
    stages: Mapping[str, str] = field(default_factory=dict)
    """Name to canonical stage, in the source's own order."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    dimensions: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    data_from: dt.date | None = None


def load_table_mapping(path: Path | None) -> TableMapping:
    """Raises InvalidInputError that names the place in the file."""
    if path is None:
        raise InvalidInputError("A table import needs --mapping FILE; docs/integrations/table.md has examples.")
    content = load_mapping(path)
    name = path.name
    single = "files" not in content
    check_keys(name, content, (*_TOP, *(key for key in _FILE if single)))
    entries = [{key: content[key] for key in _FILE if key in content}] if single else content["files"]
    if not isinstance(entries, list) or not entries:
        raise InvalidInputError(f"{name}: files must be a list with at least one entry.")
    return TableMapping(
        name,
        _system(name, content.get("system", "table")),
        tuple(_file_rule(f"{name}: files[{place}]", entry, content) for place, entry in enumerate(entries, start=1)),
        _stages(name, content.get("stages")),
        choices(f"{name}: outcomes", section(name, content, "outcomes"), [str(one) for one in Outcome]),
        _dimensions(name, section(name, content, "dimensions")),
        _day(name, content.get("data_from")),
    )


def _system(name: str, given: object) -> str:
    if not isinstance(given, str) or not _WORD.fullmatch(given):
        raise InvalidInputError(f"{name}: system is {given!r}; use lower case letters, digits and _ (at most 40).")
    return given


def _day(name: str, given: object) -> dt.date | None:
    if given is None or (isinstance(given, dt.date) and not isinstance(given, dt.datetime)):
        return given
    raise InvalidInputError(f"{name}: data_from is {given!r}; write a date such as 2026-01-01.")


def _stages(name: str, given: object) -> dict[str, str]:
    if given is None:
        return {}
    pairs: dict[str, Any] = {}
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, dict):
            raise InvalidInputError(f"{name}: stages must be a list of `Their name: our_stage` in their order.")
        pairs.update({str(key): value for key, value in one.items()})
    return choices(f"{name}: stages", pairs, [str(stage) for stage in Stage])


def _dimensions(name: str, given: Mapping[str, Any]) -> dict[str, dict[str, dict[str, object]]]:
    check_keys(f"{name}: dimensions", given, DIMENSIONS)
    found: dict[str, dict[str, dict[str, object]]] = {}
    for entity, rows in given.items():
        for key, values in section(f"{name}: dimensions", given, entity).items():
            where = f"{name}: dimensions: {entity}: {key}"
            if values is not None and not isinstance(values, dict):
                raise InvalidInputError(f"{where} must be a set of `field: value` lines.")
            check_keys(where, values or {}, ENTITIES[entity].fields)
            found.setdefault(entity, {})[key] = dict(values or {})
        del rows
    return found


def _file_rule(where: str, entry: object, content: Mapping[str, Any]) -> FileRule:
    if not isinstance(entry, dict):
        raise InvalidInputError(f"{where} must be a set of keys (path, entity, columns ...).")
    check_keys(where, entry, _FILE)
    entity = entry.get("entity")
    if entity not in ENTITIES:
        raise InvalidInputError(f"{where}: entity is {entity!r}. Known: {', '.join(ENTITIES)}.")
    settings = {**content, **entry}
    columns, inline = _columns(where, str(entity), section(where, entry, "columns"))
    rule = FileRule(
        path=str(entry.get("path") or "*"),
        entity=str(entity),
        columns=columns,
        inline=inline,
        id_columns=_names(where, entry.get("id")),
        version_column=_optional(entry.get("record_version")),
        stage_columns={key: str(value) for key, value in section(where, entry, "stage_columns").items()},
        where=_conditions(where, section(where, entry, "where")),
        sheet=_optional(entry.get("sheet")),
        encoding=_encoding(where, settings.get("encoding", "utf-8")),
        delimiter=_delimiter(where, settings.get("delimiter", ",")),
        zone=_zone(where, settings.get("zone", "UTC")),
        formats=_formats(where, settings.get("date_formats")),
        decimal_comma=bool(settings.get("decimal_comma", False)),
    )
    _check_complete(where, rule)
    return rule


def _check_complete(where: str, rule: FileRule) -> None:
    entity = ENTITIES[rule.entity]
    given = set(rule.columns) | _implied(rule)
    missing = [name for name in entity.required if name not in given]
    if missing:
        raise InvalidInputError(f"{where}: a {entity.label} needs {', '.join(missing)}; name a column for it.")
    if rule.stage_columns and rule.entity != "stage_event":
        raise InvalidInputError(f"{where}: stage_columns belong to the entity stage_event.")
    if not rule.id_columns and rule.entity not in NATURAL_KEY:
        raise InvalidInputError(f"{where}: name the column that identifies a {entity.label}: `id: Column`.")


def _implied(rule: FileRule) -> set[str]:
    """Fields that are filled without a column."""
    implied = {"stage", "entered_at"} if rule.stage_columns else set()
    if rule.entity == "application":
        implied.add("candidate")
    if rule.entity == "offer":
        implied.add("offer_key")
    if rule.id_columns and rule.entity in {*DIMENSIONS, "requisition"}:
        implied |= {"name", "title"}
    return implied


def _columns(
    where: str, entity: str, given: Mapping[str, Any]
) -> tuple[dict[str, ColumnRule], dict[str, dict[str, ColumnRule]]]:
    fields = ENTITIES[entity].fields
    extra = ("reason",) if entity == "stage_event" else ()
    own: dict[str, ColumnRule] = {}
    inline: dict[str, dict[str, ColumnRule]] = {}
    for name, rule in given.items():
        head, dot, tail = name.partition(".")
        place = f"{where}: columns: {name}"
        if head not in fields and head not in extra:
            check_keys(f"{where}: columns", {head: None}, (*fields, *extra))
        if not dot:
            own[name] = _column_rule(place, rule)
            continue
        target = fields[head].target if fields[head].kind is Kind.REFERENCE else ""
        if target not in DIMENSIONS:
            raise InvalidInputError(f"{place}: only {', '.join(DIMENSIONS)} can be described beside their reference.")
        check_keys(place, {tail: None}, ENTITIES[target].fields)
        inline.setdefault(head, {})[tail] = _column_rule(place, rule)
    return own, inline


def _column_rule(where: str, given: object) -> ColumnRule:
    if not isinstance(given, dict):
        if isinstance(given, str) and given:
            return ColumnRule(column=given)
        raise InvalidInputError(f"{where} is {given!r}; write a column name, or `{{value: ...}}` for a fixed value.")
    check_keys(where, given, _COLUMN)
    if ("column" in given) == ("value" in given):
        raise InvalidInputError(f"{where}: give either a column or a value.")
    values = section(where, given, "values")
    return ColumnRule(
        column=_optional(given.get("column")),
        value=given.get("value"),
        values=values,
        default=given.get("default"),
        pattern=_pattern(where, given.get("pattern")),
        formats=_formats(where, given["date_formats"]) if "date_formats" in given else None,
        zone=_zone(where, given["zone"]) if "zone" in given else None,
    )


def _pattern(where: str, given: object) -> re.Pattern[str] | None:
    if given is None:
        return None
    try:
        pattern = re.compile(str(given))
    except re.error as error:
        raise InvalidInputError(f"{where}: pattern is not a regular expression: {error}.") from error
    if pattern.groups < 1:
        raise InvalidInputError(f"{where}: pattern needs a group (...) around the part to take.")
    return pattern


def _conditions(where: str, given: Mapping[str, Any]) -> tuple[Condition, ...]:
    found = []
    for column, wanted in given.items():
        if isinstance(wanted, dict):
            if wanted not in ({"is": "filled"}, {"is": "empty"}):
                raise InvalidInputError(f"{where}: where: {column}: write a value, a list, or `{{is: filled}}`.")
            found.append(Condition(column, filled=wanted["is"] == "filled"))
        else:
            accepted = wanted if isinstance(wanted, list) else [wanted]
            found.append(Condition(column, frozenset(str(one) for one in accepted)))
    return tuple(found)


def _names(where: str, given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    names = given if isinstance(given, list) else [given]
    if not all(isinstance(name, str) and name for name in names):
        raise InvalidInputError(f"{where}: id is {given!r}; write a column name or a list of them.")
    return tuple(names)


def _optional(given: object) -> str | None:
    return None if given is None else str(given)


def _zone(where: str, given: object) -> dt.tzinfo:
    try:
        return ZoneInfo(str(given))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(f"{where}: zone {given!r} is not a time zone such as Europe/Berlin.") from error


def _formats(where: str, given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    formats = given if isinstance(given, list) else [given]
    if not all(isinstance(one, str) and "%" in one for one in formats):
        raise InvalidInputError(f"{where}: date_formats must be formats such as '%d.%m.%Y'.")
    return tuple(formats)


def _encoding(where: str, given: object) -> str:
    try:
        "".encode(str(given))
    except LookupError as error:
        raise InvalidInputError(f"{where}: encoding {given!r} is not known; utf-8, cp1252 and so on.") from error
    return str(given)


def _delimiter(where: str, given: object) -> str:
    if not isinstance(given, str) or len(given) != 1:
        raise InvalidInputError(f"{where}: delimiter is {given!r}; it is one character.")
    return given
