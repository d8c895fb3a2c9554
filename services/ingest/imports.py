"""One import from beginning to end: read, stage, apply, complete. A cut import is finished by running it again."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update

from services.domain.errors import ConflictError
from services.ingest.connectors import open_connector
from services.ingest.loader import Loader, Tally
from services.ingest.plan import plan_import
from services.ingest.records import Connector, Notes
from services.ingest.seats import settle_requisitions
from services.ingest.spool import Spool
from services.store.database import Store
from services.store.tables import AppSetting, ImportBatch

Progress = Callable[[str, int, int], None]
"""Called with the phase ("reading", "applying"), records done, records expected."""

STAGED, APPLYING, COMPLETE = "staged", "applying", "complete"
_REPORT_EVERY = 500


@dataclass(frozen=True, slots=True)
class ImportResult:
    """read = loaded + unchanged + quarantined, in records of the source. ``batch_id`` None = a dry run."""

    read: int
    loaded: int
    unchanged: int
    quarantined: int
    warnings: tuple[str, ...]
    batch_id: int | None

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        values["warnings"] = list(self.warnings)
        del values["batch_id"]
        return values


def import_path(
    store: Store,
    system: str,
    path: Path,
    *,
    mapping: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    spool_dir: Path | None = None,
    actor: str = "local operator",
    now: datetime | None = None,
) -> ImportResult:
    """Import a file or folder. ``spool_dir`` is where records are staged (deleted at the end).

    Raises InvalidInputError when nothing can be read from ``path`` (nothing was changed then), ConflictError while
    another import runs. Records that cannot be used are counted and kept in quarantine; they raise nothing.
    """
    connector = open_connector(system, path, mapping, now or datetime.now(UTC))
    where = str(path.resolve())
    return run_import(store, connector, where, dry_run=dry_run, progress=progress, spool_dir=spool_dir, actor=actor)


def run_import(
    store: Store,
    connector: Connector,
    where: str,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    spool_dir: Path | None = None,
    actor: str = "local operator",
) -> ImportResult:
    """Import what ``connector`` gives; ``where`` names the batch, and is how a cut one is found again."""
    report = progress or _silent
    folder = spool_dir or Path(tempfile.gettempdir()) / f"hireboard-import-{os.getuid()}"
    notes = Notes()
    with _only_import(folder), Spool(folder / f"{os.getpid()}.spool") as spool:
        _stage(connector, spool, notes, report)
        if dry_run:
            tally = plan_import(store, spool, connector.system)
            return _result(spool, tally, notes, None)
        batch_id = _begin(store, connector.system, where, actor, notes)
        tally = _apply(store, connector, spool, batch_id, report)
        result = _result(spool, tally, notes, batch_id)
        _complete(store, connector, result, actor)
        return result


def _silent(_phase: str, _done: int, _total: int) -> None:
    """Nobody is watching."""


@contextlib.contextmanager
def _only_import(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "import.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = "Another import is running on this machine. Start this one again when it has ended."
            raise ConflictError(message) from error
        for stale in folder.glob("*.spool"):
            stale.unlink()  # left by an import that was killed
        yield


def _stage(connector: Connector, spool: Spool, notes: Notes, report: Progress) -> None:
    total = connector.record_estimate()
    report("reading", 0, total)
    for done, item in enumerate(connector.items(notes), start=1):
        spool.add(item)
        if done % _REPORT_EVERY == 0:
            report("reading", done, max(total, done))
    spool.finish()
    report("reading", spool.read_count, spool.read_count)
    if spool.read_count == 0:
        notes.warn("The export holds no record; nothing was changed.")


def _begin(store: Store, system: str, where: str, actor: str, notes: Notes) -> int:
    """The batch of this import: a cut one of the same place is taken up again."""
    with store.write() as connection:
        cut = connection.execute(
            select(ImportBatch.id, ImportBatch.path).where(
                ImportBatch.state == APPLYING, ImportBatch.source_system == system
            )
        ).all()
        for number, other in cut:
            if other == where:
                notes.warn("An earlier run of this import was cut off; this run finished it.")
                return int(number)
            notes.warn(f"The import of {other} was cut off. Numbers are not renewed until you run it again.")
        statement = insert(ImportBatch).values(
            source_system=system, path=where, state=STAGED, started_at=datetime.now(UTC), actor=actor
        )
        return int(connection.execute(statement.returning(ImportBatch.id)).scalar_one())


def _apply(store: Store, connector: Connector, spool: Spool, batch_id: int, report: Progress) -> Tally:
    total = spool.item_count()
    done = 0

    def applied(records: int) -> None:
        nonlocal done
        done += records
        report("applying", min(done, total), total)

    _set_state(store, batch_id, APPLYING)
    loader = Loader(store, spool, connector.system, batch_id, progress=applied)
    tally = loader.run()
    settle_requisitions(store, connector.system)
    return tally


def _set_state(store: Store, batch_id: int, state: str) -> None:
    with store.write() as connection:
        connection.execute(update(ImportBatch).where(ImportBatch.id == batch_id).values(state=state))


def _result(spool: Spool, tally: Tally, notes: Notes, batch_id: int | None) -> ImportResult:
    unchanged = tally.unchanged + spool.dropped_count
    result = ImportResult(
        spool.read_count, tally.loaded, unchanged, tally.quarantined, tuple(notes.messages()), batch_id
    )
    if result.read != result.loaded + result.unchanged + result.quarantined:
        message = f"records went missing on the way: {result}"
        raise AssertionError(message)
    return result


def _complete(store: Store, connector: Connector, result: ImportResult, actor: str) -> None:
    now = datetime.now(UTC)
    with store.write() as connection:
        connection.execute(
            update(ImportBatch)
            .where(ImportBatch.id == result.batch_id)
            .values(
                state=COMPLETE,
                finished_at=now,
                read_count=result.read,
                loaded_count=result.loaded,
                unchanged_count=result.unchanged,
                quarantined_count=result.quarantined,
            )
        )
        if connector.data_from is not None:
            begins = datetime.combine(connector.data_from, datetime.min.time(), UTC)
            _set(connection, "data_from", begins.isoformat(), actor, now)
        known = _setting(connection, "loaded_entities") or []
        loaded = sorted({*known, *connector.entities})
        _set(connection, "loaded_entities", loaded, actor, now)


def _setting(connection: Any, name: str) -> Any:
    query = select(AppSetting.value).where(AppSetting.name == name).order_by(AppSetting.version.desc()).limit(1)
    value = connection.execute(query).scalar()
    return None if value is None else json.loads(value)


def _set(connection: Any, name: str, value: object, actor: str, now: datetime) -> None:
    """A new version, if the value differs from the current one."""
    if _setting(connection, name) == value:
        return
    version = connection.execute(select(func.max(AppSetting.version)).where(AppSetting.name == name)).scalar() or 0
    connection.execute(
        insert(AppSetting).values(
            name=name, version=version + 1, value=json.dumps(value), changed_at=now, changed_by=actor
        )
    )
