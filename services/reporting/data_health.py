"""What the data health page shows: imports, freshness, the snapshot, certificates, completeness."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, func, select

from services.access.policy import Action, Policy
from services.delivery.leases import Clock, utc_now
from services.domain.consumers import Consumer, ConsumerKind
from services.domain.data_health import (
    Certificate,
    Completeness,
    DataHealthView,
    ImportLine,
    MissingField,
    SnapshotState,
    SourceFreshness,
)
from services.domain.errors import ForbiddenError
from services.domain.import_batches import BLOCKING, UNFINISHED, BatchState, UnfinishedImport, blocked_by
from services.domain.metric import Query
from services.domain.people import ColumnClass, Viewer
from services.mart.reader import MartReader, NotReadyError
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY
from services.reporting.quarantine_page import QuarantinePage
from services.reporting.quarantine_replay import QuarantineReplay
from services.store.database import Store
from services.store.tables import ArchiveItem, ImportBatch, QuarantineRow, ValidationCertificate, ValidationDrift

COMPLETENESS = "field_completeness"
CONSUMER = Consumer(ConsumerKind.PAGE, "data-health", "Data health", frozenset({COMPLETENESS}))
LATEST_IMPORTS = 10
MOST_RECRUITERS = 50
RHYTHM_OF = 10
"""Imports whose distance says how often a source comes."""
FEWEST_GAPS = 2
LATE_AFTER_GAPS = 2
LEAST_LIMIT = timedelta(hours=1)
REPLAY_PLACE = "quarantine"
"""The place under which a replay stands among the imports; it says nothing of the source's own rhythm."""
RUNNING = "running"


class DataHealth:
    """Safe for threads. ``replay`` and ``quarantine`` are the parts for those who may see and repair records."""

    def __init__(
        self,
        store: Store,
        mart: MartReader,
        query: QueryLayer,
        policy: Policy,
        quarantine: QuarantinePage,
        replay: QuarantineReplay,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._mart = mart
        self._query = query
        self._policy = policy
        self._clock = clock
        self.quarantine = quarantine
        self.replay = replay

    def view(self, viewer: Viewer, wanted: Mapping[str, Sequence[str]]) -> DataHealthView:
        """``wanted`` (hostile): the filters of the quarantine. Raises ForbiddenError."""
        self._policy.require(viewer, Action.DATA_HEALTH_VIEW)
        now = self._clock()
        with self._store.read() as connection:
            waiting = _waiting(connection)
            sources = _sources(connection, now, waiting)
            imports = self._imports(connection, viewer)
            unfinished = _unfinished(connection, sees_places=self._policy.can(viewer, Action.DATA_IMPORT))
            completed = _completed_since(connection)
            certificates = self._certificates(connection, viewer)
        sees_records = self._policy.can(viewer, Action.DATA_HEALTH_RECORDS)
        can_replay = self._policy.can(viewer, Action.DATA_IMPORT)
        return DataHealthView(
            now=now,
            sources=sources,
            imports=imports,
            waiting=sum(waiting.values()),
            snapshot=self._snapshot(now, completed, unfinished),
            certificates=certificates,
            completeness=self._completeness(viewer),
            quarantine=self.quarantine.view(viewer, wanted) if sees_records else None,
            replay=self.replay.desk(viewer) if can_replay else None,
            reasons=tuple(sorted(waiting.items())),
        )

    def _imports(self, connection: Connection, viewer: Viewer) -> tuple[ImportLine, ...]:
        """Everything unfinished, and the latest of the rest, the newest first."""
        is_open = ImportBatch.state.in_(UNFINISHED)
        latest = select(ImportBatch.id).where(~is_open).order_by(ImportBatch.id.desc()).limit(LATEST_IMPORTS)
        query = select(ImportBatch.__table__).where(is_open | ImportBatch.id.in_(latest))
        rows = connection.execute(query.order_by(ImportBatch.id.desc())).mappings().all()
        running = self.replay.running_import()
        sees_places = self._policy.can(viewer, Action.DATA_IMPORT)
        return tuple(_line(row, running=running, sees_places=sees_places) for row in rows)

    def _snapshot(
        self, now: datetime, completed: Sequence[datetime], unfinished: Sequence[UnfinishedImport]
    ) -> SnapshotState | None:
        """None = nothing has been published yet."""
        try:
            info = self._mart.snapshot()
        except NotReadyError:
            return None
        manifest = self._mart.folder.manifest(info.id)
        waiting = sorted(end for end in completed if end > info.as_of)
        blocking = [one for one in unfinished if one.state in BLOCKING]
        return SnapshotState(
            id=info.id,
            as_of=info.as_of,
            published_at=manifest.published_at if manifest else None,
            how=manifest.how if manifest else "",
            duration_s=manifest.duration_s if manifest else None,
            size_bytes=manifest.size_bytes if manifest else None,
            watermark=manifest.watermark if manifest else None,
            waiting=len(waiting),
            lag_s=(now - waiting[0]).total_seconds() if waiting else None,
            blocked=blocked_by(blocking) if blocking else "",
        )

    def _completeness(self, viewer: Viewer) -> Completeness | None:
        if not self._policy.can(viewer, Action.METRICS_QUERY):
            return None
        try:
            overall = self._query.ask(Query((COMPLETENESS,)), viewer).rows[0]
        except (ForbiddenError, NotReadyError):
            return None
        fields = tuple(
            MissingField(name.removeprefix("missing_").replace("_", " "), int(count))
            for name, count in overall.extra.items()
            if name.startswith("missing_") and count is not None
        )
        people = self._recruiters(viewer)
        shown = None if people is None else people[:MOST_RECRUITERS]
        return Completeness(overall, fields, shown, 0 if people is None else len(people) - len(shown or ()))

    def _recruiters(self, viewer: Viewer) -> tuple[tuple[str, Any], ...] | None:
        """By name and never by result; None = figures of single people are not for the viewer."""
        if ColumnClass.PERSON not in viewer.classes:
            return None
        try:
            rows = self._query.ask(Query((COMPLETENESS,), by=("recruiter",)), viewer).rows
        except (ForbiddenError, NotReadyError):
            return None
        named = [(name, row) for row in rows if (name := row.dims.get("recruiter")) is not None]
        return tuple(sorted(named, key=lambda pair: pair[0].casefold()))

    def _certificates(self, connection: Connection, viewer: Viewer) -> tuple[Certificate, ...]:
        """The latest of each source."""
        columns = ValidationCertificate
        latest = select(func.max(columns.id)).group_by(columns.source_system)
        drifting = set(
            connection.scalars(select(ValidationDrift.open_key).where(ValidationDrift.open_key.is_not(None)))
        )
        query = (
            select(columns.__table__, ArchiveItem.public_id, ArchiveItem.recipient_user_id)
            .outerjoin(ArchiveItem, ArchiveItem.id == columns.archive_item_id)
            .where(columns.id.in_(latest))
            .order_by(columns.source_system)
        )
        sees_all = self._policy.can(viewer, Action.ARCHIVE_VIEW_ALL)
        return tuple(
            _certificate(
                row, is_readable=sees_all or row.recipient_user_id == viewer.user_id, drifting=frozenset(drifting)
            )
            for row in connection.execute(query)
        )


def _waiting(connection: Connection) -> dict[str, int]:
    """Records in quarantine by source."""
    query = select(QuarantineRow.source_system, func.count()).where(QuarantineRow.state == "open")
    return {
        str(system): int(count) for system, count in connection.execute(query.group_by(QuarantineRow.source_system))
    }


def _sources(connection: Connection, now: datetime, waiting: Mapping[str, int]) -> tuple[SourceFreshness, ...]:
    columns = ImportBatch
    query = (
        select(columns.source_system, columns.finished_at)
        .where(columns.state == BatchState.COMPLETE.value, columns.path != REPLAY_PLACE)
        .order_by(columns.finished_at.desc())
    )
    ends: dict[str, list[datetime]] = {}
    for system, finished in connection.execute(query):
        if finished is not None:
            ends.setdefault(system, []).append(finished)
    known = set(connection.scalars(select(columns.source_system).distinct())) | set(waiting)
    return tuple(_source(system, ends.get(system, []), now, waiting.get(system, 0)) for system in sorted(known))


def _source(system: str, ends: Sequence[datetime], now: datetime, waiting: int) -> SourceFreshness:
    """``ends``: of its complete imports, the newest first."""
    last = ends[0] if ends else None
    age = (now - last).total_seconds() if last else None
    return SourceFreshness(system, last, age, rhythm_limit(ends), len(ends), waiting)


def rhythm_limit(ends: Sequence[datetime]) -> float | None:
    """Seconds after which a source is late: twice its usual distance between imports, an hour at least.

    ``ends``: the newest first. None = fewer than three imports, so there is no rhythm to be late by.
    """
    recent = ends[: RHYTHM_OF + 1]
    gaps = [(later - earlier).total_seconds() for later, earlier in itertools.pairwise(recent)]
    if len(gaps) < FEWEST_GAPS:
        return None
    return max(LEAST_LIMIT.total_seconds(), LATE_AFTER_GAPS * median(gaps))


def _unfinished(connection: Connection, *, sees_places: bool) -> list[UnfinishedImport]:
    columns = (ImportBatch.id, ImportBatch.source_system, ImportBatch.path, ImportBatch.state, ImportBatch.started_at)
    query = select(*columns).where(ImportBatch.state.in_(UNFINISHED))
    found = [UnfinishedImport(*row) for row in connection.execute(query)]
    return found if sees_places else [one._replace(place=Path(one.place).name) for one in found]


def _completed_since(connection: Connection) -> list[datetime]:
    """Ends of the latest complete imports that wrote something."""
    query = select(ImportBatch.finished_at).where(
        ImportBatch.state == BatchState.COMPLETE.value,
        ImportBatch.loaded_count > 0,
        ImportBatch.finished_at.is_not(None),
    )
    return [end for end in connection.scalars(query.order_by(ImportBatch.id.desc()).limit(1_000)) if end is not None]


def _line(row: Mapping[Any, Any], *, running: int | None, sees_places: bool) -> ImportLine:
    is_running = row["id"] == running
    return ImportLine(
        id=row["id"],
        system=row["source_system"],
        place=row["path"] if sees_places else Path(row["path"]).name,
        state=RUNNING if is_running else row["state"],
        read=row["read_count"],
        loaded=row["loaded_count"],
        unchanged=row["unchanged_count"],
        quarantined=row["quarantined_count"],
        by=row["actor"] or "",
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        todo="" if is_running else _todo(row["id"], row["state"], row["source_system"]),
    )


def _todo(number: int, state: str, system: str) -> str:
    if state in {BatchState.APPLYING, BatchState.FAILED}:
        return (
            f"Cut off or failed: no new numbers until `hireboard import resume {number}` finishes it or "
            f"`hireboard import abandon {number}` gives it up."
        )
    if state == BatchState.STAGED:
        return "Read and not applied: run the same import again."
    if state == BatchState.ABANDONED:
        return f"Given up: import an export of {system} that holds what it had written. No new numbers until then."
    return ""


def _certificate(row: Any, *, is_readable: bool, drifting: frozenset[str | None]) -> Certificate:
    results = json.loads(row.results)
    compared = [one for one in results if one.get("verdict") in {"holds", "differs"}]
    wrong = dict.fromkeys(one["metric"] for one in results if one.get("verdict") == "differs")
    return Certificate(
        system=row.source_system,
        period=row.period,
        made_at=row.made_at,
        compared=len(compared),
        differing=tuple(REGISTRY[name].name if name in REGISTRY else name for name in wrong),
        has_open_drift=row.source_system in drifting,
        public_id=row.public_id if is_readable else None,
    )
