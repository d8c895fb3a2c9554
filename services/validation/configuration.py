"""What the figures depend on beside the records, read from the store as plain data, and how it changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from sqlalchemy import Connection, select

from services.domain.errors import InvalidInputError
from services.store.tables import (
    AppSetting,
    AuditEvent,
    CompanyHoliday,
    ExitReason,
    Freeze,
    ImportBatch,
    MetricTarget,
    Office,
    PipelineStage,
    Requisition,
    RequisitionStatusInterval,
    Source,
    ThresholdRule,
)
from services.validation.recompute import ORDER

Section = Mapping[str, Any]
Configuration = Mapping[str, Section]
NOBODY = "nobody on record"
_BOOKKEEPING = frozenset({"audit.head", "loaded_entities"})
"""Settings that the program keeps for itself; they decide no figure."""
_HOLD = "on_hold"


@dataclass(frozen=True)
class Change:
    """One entry that is not as it was. ``before`` and ``after`` as JSON; empty = it was not there."""

    section: str
    name: str
    before: str
    after: str
    changed_by: str
    changed_at: str
    """ISO instant; empty = not on record."""


def read_configuration(
    connection: Connection, system: str, definitions: Mapping[str, int], mapping_sha256: str
) -> Configuration:
    """Sections by name, entries by what identifies them: all JSON."""
    return {
        "definitions": dict(definitions),
        "stages": {
            row.external_id: [row.name, row.canonical, row.sort_order]
            for row in _of(connection, PipelineStage, system)
        },
        "exit_reasons": {row.external_id: [row.name, row.kind] for row in _of(connection, ExitReason, system)},
        "sources": {row.external_id: [row.name, row.channel] for row in _of(connection, Source, system)},
        "offices": read_offices(connection, system),
        "calendars": _calendars(connection),
        "targets": _rows(connection, MetricTarget, lambda row: f"{row.metric_id} #{row.id}"),
        "thresholds": _rows(connection, ThresholdRule, lambda row: f"{row.metric_id} {row.scope_key}", *_RULE),
        "settings": _settings(connection),
        "mapping_file": {"sha256": mapping_sha256} if mapping_sha256 else {},
    }  # fmt: skip


_RULE = ("limit_value", "minimum_n", "grain", "is_active")


def _of(connection: Connection, table: Any, system: str) -> list[Any]:
    query = select(table.__table__).where(table.source_system == system).order_by(table.id)
    return list(connection.execute(query).all())


def _rows(connection: Connection, table: Any, name: Callable[[Any], str], *columns: str) -> dict[str, Any]:
    rows = connection.execute(select(table.__table__).order_by(table.id)).all()
    return {name(row): [_plain(getattr(row, column)) for column in columns or _columns(table)] for row in rows}


def _columns(table: Any) -> list[str]:
    return [column.name for column in table.__table__.c if column.name != "id"]


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def read_offices(connection: Connection, system: str) -> dict[str, Any]:
    """By the source's id: name, time zone, then place and hours."""
    names = ("name", "timezone", "country", "subdivision", "region", "work_start", "work_end", "friday_end")
    return {row.external_id: [getattr(row, name) for name in names] for row in _of(connection, Office, system)}


def _calendars(connection: Connection) -> dict[str, Any]:
    holidays = _rows(connection, CompanyHoliday, lambda row: f"holiday #{row.id}")
    return holidays | _rows(connection, Freeze, lambda row: f"freeze #{row.id}")


def _settings(connection: Connection) -> dict[str, Any]:
    """Version and digest: a setting may hold what no document should print."""
    rows = connection.execute(
        select(AppSetting.name, AppSetting.value, AppSetting.version).order_by(AppSetting.version)
    )
    return {
        row.name: [row.version, hashlib.sha256(row.value.encode()).hexdigest()[:12]]
        for row in rows
        if row.name not in _BOOKKEEPING
    }


def has_stops(connection: Connection) -> bool:
    """Whether anything was on hold or frozen: clocks in the mart stop then, and the export does not say so."""
    held = select(RequisitionStatusInterval.id).where(RequisitionStatusInterval.status == _HOLD).limit(1)
    return any(connection.scalar(query) is not None for query in (held, select(Freeze.id).limit(1)))


def other_systems(connection: Connection, system: str) -> list[str]:
    """Further systems whose requisitions the published figures hold too."""
    query = select(Requisition.source_system).distinct().where(Requisition.source_system != system)
    return sorted(connection.scalars(query))


# --- stages and zones, as they were approved -------------------------------------------------------------------------


def approved(current: Section, certified: Section, named: Mapping[str, str] | None = None) -> dict[str, str]:
    """What figures depend on, by the source's id: as certified last, what is new as it is now.

    Over both stands what a file names. An entry is a list of name, value and more.
    """
    found = {}
    for key, (name, value, *_rest) in current.items():
        found[key] = (named or {}).get(_words(name)) or (certified[key][1] if key in certified else value)
    return found


def read_stage_names(content: bytes, file_name: str) -> dict[str, str]:
    """The ``stages`` of a mapping file, by name. Raises InvalidInputError."""
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{file_name} is not YAML. Mend it and try again.") from error
    stages = document.get("stages") if isinstance(document, dict) else None
    if not isinstance(stages, dict):
        return {}
    wrong = sorted({str(value) for value in stages.values()} - set(ORDER))
    if wrong:
        raise InvalidInputError(f"{file_name} names the stage {wrong[0][:40]!r}. Use one of {', '.join(ORDER)}.")
    return {_words(str(name)): str(value) for name, value in stages.items()}


def _words(name: str) -> str:
    return " ".join(name.split()).lower()


# --- what changed ----------------------------------------------------------------------------------------------------


def differences(connection: Connection, before: Configuration, after: Configuration, system: str) -> list[Change]:
    """Entries that are not as they were approved last, in order of section and name."""
    found = []
    for section in sorted({*before, *after}):
        old, new = before.get(section, {}), after.get(section, {})
        for name in sorted({*old, *new}):
            one, other = _text(old, name), _text(new, name)
            if one != other:
                who, when = _author(connection, section, name, system)
                found.append(Change(section, name, one, other, who, when))
    return found


def _text(section: Section, name: str) -> str:
    return json.dumps(section[name], sort_keys=True, ensure_ascii=False) if name in section else ""


def _author(connection: Connection, section: str, name: str, system: str) -> tuple[str, str]:
    """Who changed it, and when: the setting's own version, the log of changes, or the import that brought it."""
    match section:
        case "settings":
            query = select(AppSetting.changed_by, AppSetting.changed_at).where(AppSetting.name == name)
            return _signed(connection.execute(query.order_by(AppSetting.version.desc()).limit(1)).first())
        case "definitions":
            return "this version of the program", ""
        case "mapping_file":
            return "who started this validation", ""
        case "targets" | "thresholds":
            return _logged(connection, section.removesuffix("s"))
        case _ if name.startswith(("holiday ", "freeze ")):
            return _logged(connection, name.split(maxsplit=1)[0])
    # stages, reasons, sources and offices come with an import
    batch = select(ImportBatch.actor, ImportBatch.finished_at).where(
        ImportBatch.source_system == system, ImportBatch.finished_at.is_not(None)
    )
    row = connection.execute(batch.order_by(ImportBatch.id.desc()).limit(1)).first()
    who, when = _signed(row)
    return (f"import by {who}", when) if row else (who, when)


def _logged(connection: Connection, kind: str) -> tuple[str, str]:
    query = select(AuditEvent.actor, AuditEvent.at).where(AuditEvent.action.startswith(f"{kind}."))
    return _signed(connection.execute(query.order_by(AuditEvent.seq.desc()).limit(1)).first())


def _signed(row: Any) -> tuple[str, str]:
    if row is None:
        return NOBODY, ""
    return row[0] or "the local operator", row[1].isoformat()
