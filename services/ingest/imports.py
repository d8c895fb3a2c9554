"""One import from beginning to end: read, stage, apply, complete.

A cut import is finished from what it had read, or by running it again.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.domain.errors import ConflictError, InvalidInputError
from services.domain.import_batches import BLOCKING, UNFINISHED, UnfinishedImport
from services.ingest import batches
from services.ingest.batches import Counts, kept_file
from services.ingest.connectors import open_connector
from services.ingest.import_lock import ImportLock
from services.ingest.kept_spool import SpoolHeader
from services.ingest.loader import Loader, Tally
from services.ingest.plan import plan_import
from services.ingest.records import Connector, Notes
from services.ingest.seats import settle_requisitions
from services.ingest.spool import Spool
from services.store.database import Store

Progress = Callable[[str, int, int], None]
"""Called with the phase ("reading", "applying"), records done, records expected."""

ACTOR = "local operator"
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


@dataclass(frozen=True, slots=True)
class _Run:
    """What carrying one import out takes beside its records."""

    store: Store
    folder: Path
    report: Progress
    actor: str
    notes: Notes


def import_path(
    store: Store,
    system: str,
    path: Path,
    *,
    mapping: Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    spool_dir: Path | None = None,
    actor: str = ACTOR,
    now: datetime | None = None,
) -> ImportResult:
    """Import a file or folder. ``spool_dir`` is where records are staged (kept there until the import is complete).

    Raises InvalidInputError when nothing can be read from ``path`` (nothing was changed then), ConflictError while
    another import runs. Records that cannot be used are counted and kept in quarantine; they raise nothing.
    """
    where = str(path.resolve())
    try:
        connector = open_connector(system, path, mapping, now or datetime.now(UTC))
    except InvalidInputError as error:
        cut = [one for one in batches.blocking_imports(store) if one.place == where]
        if not cut:
            raise
        message = f"{error} An earlier import of it was cut off: `hireboard import resume {cut[0].id}` finishes it."
        raise InvalidInputError(message) from error
    return run_import(store, connector, where, dry_run=dry_run, progress=progress, spool_dir=spool_dir, actor=actor)


def run_import(
    store: Store,
    connector: Connector,
    where: str,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    spool_dir: Path | None = None,
    actor: str = ACTOR,
) -> ImportResult:
    """Import what ``connector`` gives; ``where`` names the batch, and is how a cut one is found again."""
    run = _Run(store, spool_dir or default_folder(), progress or _silent, actor, Notes())
    with ImportLock(run.folder) as lock:
        batches.sweep(store, run.folder)
        with Spool(run.folder / f"{os.getpid()}.spool") as spool:
            _stage(connector, spool, run)
            if dry_run:
                return _result(spool, plan_import(store, spool, connector.system), run.notes, None)
            batch, is_again = batches.begin(store, connector.system, where, actor)
            if is_again:
                run.notes.warn("An earlier run of this import was cut off; this run finished it.")
            lock.name(batch.id)
            header = _header(batch, connector, run.notes)
            spool.keep(kept_file(run.folder, batch.id), header)
            return _carry_out(run, spool, header, is_resumed=False)


def resume_import(
    store: Store,
    batch_id: int,
    *,
    progress: Progress | None = None,
    spool_dir: Path | None = None,
    actor: str = ACTOR,
) -> ImportResult:
    """Finish an import that was cut off or failed, from what it had read; its export is not needed.

    What a later import said of a record stands. Raises NotFoundError when there is no such import or nothing of it is
    kept on this machine, ConflictError when it is over or an import runs.
    """
    run = _Run(store, spool_dir or default_folder(), progress or _silent, actor, Notes())
    with ImportLock(run.folder) as lock:
        batch = batches.find_import(store, batch_id)
        if batch.state not in UNFINISHED:
            raise ConflictError(f"Import {batch_id} is {in_words(batch.state)}: there is nothing to resume.")
        header = batches.header_of(store, run.folder, batch_id)
        run.notes.counts.update(header.notes)
        lock.name(batch_id)
        with Spool(kept_file(run.folder, batch_id), header) as spool:
            run.report("reading", spool.read_count, spool.read_count)
            return _carry_out(run, spool, header, is_resumed=True)


def default_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"hireboard-import-{os.getuid()}"


def in_words(state: str) -> str:
    return state.replace("_", " ")


def _silent(_phase: str, _done: int, _total: int) -> None:
    """Nobody is watching."""


def _stage(connector: Connector, spool: Spool, run: _Run) -> None:
    total = connector.record_estimate()
    run.report("reading", 0, total)
    for done, item in enumerate(connector.items(run.notes), start=1):
        spool.add(item)
        if done % _REPORT_EVERY == 0:
            run.report("reading", done, max(total, done))
    spool.finish()
    run.report("reading", spool.read_count, spool.read_count)
    if spool.read_count == 0:
        run.notes.warn("The export holds no record; nothing was changed.")


def _header(batch: UnfinishedImport, connector: Connector, notes: Notes) -> SpoolHeader:
    begins = connector.data_from
    return SpoolHeader(
        batch_id=batch.id,
        system=batch.system,
        place=batch.place,
        begun_at=batch.started_at.isoformat(),
        entities=tuple(connector.entities),
        data_from=None if begins is None else begins.isoformat(),
        notes=dict(notes.counts),
    )


def _carry_out(run: _Run, spool: Spool, header: SpoolHeader, *, is_resumed: bool) -> ImportResult:
    """Apply and complete. What ends it with an error leaves it ``failed``, and its records where they are."""
    try:
        return _apply(run, spool, header, is_resumed=is_resumed)
    except BaseException as error:
        batches.note_failure(run.store, header.batch_id, error, run.actor)
        raise


def _apply(run: _Run, spool: Spool, header: SpoolHeader, *, is_resumed: bool) -> ImportResult:
    total = spool.item_count()
    done = 0

    def applied(records: int) -> None:
        nonlocal done
        done += records
        run.report("applying", min(done, total), total)

    lost = _lost_imports(run, header)
    batches.set_applying(run.store, header.batch_id, run.actor, resumed=is_resumed)
    loader = Loader(
        run.store,
        spool,
        header.system,
        header.batch_id,
        progress=applied,
        unfinished=frozenset(lost),
        keeps_later=is_resumed,
    )
    tally = loader.run()
    settle_requisitions(run.store, header.system)
    result = _result(spool, tally, run.notes, header.batch_id)
    counts = Counts(result.read, result.loaded, result.unchanged, result.quarantined)
    left = batches.complete(
        run.store,
        header.batch_id,
        counts,
        entities=header.entities,
        data_from=header.data_from,
        unfinished=lost,
        actor=run.actor,
    )
    spool.discard()
    for other in left:
        run.notes.warn(
            f"Import {other.id} of {other.place} is still not complete: this export does not hold everything that it "
            f"had written. No new numbers until it is; `hireboard import list` counts what is missing."
        )
    return replace(result, warnings=tuple(run.notes.messages()))


def _lost_imports(run: _Run, header: SpoolHeader) -> list[int]:
    """Other imports of the source that nothing can finish any more: this one may say again what they had written."""
    with run.store.read() as connection:
        others = [one for one in batches.unfinished_of(connection, header.system) if one.id != header.batch_id]
    lost: list[int] = []
    for other in others:
        if other.state not in BLOCKING:
            continue
        if kept_file(run.folder, other.id).exists():
            run.notes.warn(
                f"Import {other.id} of {other.place} is not complete. No new numbers until "
                f"`hireboard import resume {other.id}` finishes it."
            )
        else:
            lost.append(other.id)
    return lost


def _result(spool: Spool, tally: Tally, notes: Notes, batch_id: int | None) -> ImportResult:
    unchanged = tally.unchanged + spool.dropped_count
    result = ImportResult(
        spool.read_count, tally.loaded, unchanged, tally.quarantined, tuple(notes.messages()), batch_id
    )
    if result.read != result.loaded + result.unchanged + result.quarantined:
        message = f"records went missing on the way: {result}"
        raise AssertionError(message)
    return result
