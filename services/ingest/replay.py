"""Quarantined records once more: after a mapping was completed, or what they refer to has been loaded."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.domain.errors import InvalidInputError
from services.ingest.connectors import SYSTEMS, open_connector
from services.ingest.imports import ImportResult, Progress, run_import
from services.ingest.quarantine import QuarantinedRecord, list_quarantine, show_quarantined
from services.ingest.spool import PAYLOAD_LIMIT
from services.store.database import Store

ALL = 1_000_000
PLACE = "quarantine"


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """``tried`` = ``loaded`` + those that are still in quarantine."""

    tried: int
    loaded: int
    still: int


def replay_quarantine(
    store: Store, *, mapping: Path | None = None, spool_dir: Path | None = None, actor: str = "local operator"
) -> ReplayResult:
    """Import every open quarantined record again, from the payload kept with it.

    Records of a table need the mapping of their import. Raises InvalidInputError when that is missing.
    """
    records = list_quarantine(store, limit=ALL)
    usable = [record for record in records if len(record.payload) < PAYLOAD_LIMIT]
    for system in sorted({record.source_system for record in usable}):
        _replay_system(store, system, [one for one in usable if one.source_system == system], mapping, spool_dir, actor)
    still = sum(show_quarantined(store, record.id).state == "open" for record in records)
    return ReplayResult(len(records), len(records) - still, still)


def plan_replay(store: Store, system: str, *, spool_dir: Path | None = None) -> ImportResult:
    """What replaying one source's records would come to; nothing is changed. Raises ConflictError while one runs."""
    return _replay_system(store, system, _usable(store, system), None, spool_dir, "", dry_run=True)


def replay_system(
    store: Store, system: str, *, spool_dir: Path | None = None, actor: str, progress: Progress | None = None
) -> ReplayResult:
    """As ``replay_quarantine`` for one source whose records need no mapping."""
    records = _usable(store, system)
    _replay_system(store, system, records, None, spool_dir, actor, progress=progress)
    open_now = {one.id for one in list_quarantine(store, limit=ALL) if one.source_system == system}
    still = sum(record.id in open_now for record in records)
    return ReplayResult(len(records), len(records) - still, still)


def _usable(store: Store, system: str) -> list[QuarantinedRecord]:
    return [
        one
        for one in list_quarantine(store, limit=ALL)
        if one.source_system == system and len(one.payload) < PAYLOAD_LIMIT
    ]


def _replay_system(
    store: Store,
    system: str,
    records: Sequence[QuarantinedRecord],
    mapping: Path | None,
    spool_dir: Path | None,
    actor: str,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    now = datetime.now(UTC)
    if system not in SYSTEMS or system == "table":
        if mapping is None:
            raise InvalidInputError(f"The records of {system} came from tables: give the mapping with --mapping FILE.")
        rows = [
            (record.resource, record.file, record.record, payload)
            for record in records
            if isinstance(payload := json.loads(record.payload), dict)
        ]
        from services.ingest.connectors.table.replay import TableReplay  # noqa: PLC0415 - as in open_connector

        connector = TableReplay(system, mapping, rows, now)
        return run_import(store, connector, PLACE, spool_dir=spool_dir, actor=actor)
    with tempfile.TemporaryDirectory(prefix="hireboard-replay-") as folder:
        by_resource: dict[str, list[str]] = {}
        for record in records:
            if isinstance(json.loads(record.payload), dict):
                by_resource.setdefault(record.resource, []).append(record.payload)
        for resource, lines in by_resource.items():
            (Path(folder) / f"{resource}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        opened = open_connector(system, Path(folder), mapping, now)
        return run_import(store, opened, PLACE, dry_run=dry_run, progress=progress, spool_dir=spool_dir, actor=actor)
