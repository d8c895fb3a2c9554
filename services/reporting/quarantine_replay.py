"""Quarantined records once more, from the page: counted first, then in the background with visible progress."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.data_health import ReplayDesk, ReplayPlan, ReplayProgress
from services.domain.errors import ConflictError, HireboardError, InvalidInputError
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables import QuarantineRow

log = logging.getLogger(__name__)

REPLAYABLE = ("greenhouse",)
"""Their records carry everything; those of tables need the mapping of their import."""
SILENT = timedelta(minutes=2)
"""A running replay writes its progress more often than this."""
_FILE = "replay.json"
Start = Callable[[Callable[[], None]], None]


def in_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="quarantine-replay", daemon=True).start()


class QuarantineReplay:
    """``folder`` is where imports are staged: their lock keeps a second one away, in whatever process it is begun.

    A replay that dies with its process leaves an import that is cut off, which is finished as any other.
    """

    def __init__(
        self,
        store: Store,
        policy: Policy,
        audit: AuditLog,
        folder: Path | None,
        *,
        clock: Clock = utc_now,
        start: Start = in_thread,
    ) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._folder = folder
        self._clock = clock
        self._start = start

    def running_import(self) -> int | None:
        """The import that runs on this machine now."""
        from services.ingest.import_lock import running_import  # noqa: PLC0415 - what imports is loaded when it is used

        return None if self._folder is None else running_import(self._folder)

    @property
    def _place(self) -> Path:
        if self._folder is None:
            raise ConflictError("This server imports nothing. Replay with `hireboard quarantine replay` where it does.")
        return self._folder

    def desk(self, viewer: Viewer) -> ReplayDesk:
        """Raises ForbiddenError."""
        self._policy.require(viewer, Action.DATA_IMPORT)
        counted = self._waiting()
        return ReplayDesk(
            systems=tuple((system, count) for system, count in counted.items() if system in REPLAYABLE),
            by_hand=tuple(system for system in counted if system not in REPLAYABLE),
            progress=self.progress(viewer),
        )

    def plan(self, viewer: Viewer, system: object) -> ReplayPlan:
        """What would become of the waiting records; nothing is changed. ``system`` is hostile.

        Raises ForbiddenError, InvalidInputError, and ConflictError while an import runs.
        """
        self._policy.require(viewer, Action.DATA_IMPORT)
        chosen, waiting = self._checked(system)
        from services.ingest.replay import plan_replay  # noqa: PLC0415 - as above

        result = plan_replay(self._store, chosen, spool_dir=self._place)
        still = max(result.quarantined, waiting - result.loaded - result.unchanged)
        return ReplayPlan(chosen, waiting, result.loaded, result.unchanged, still)

    def begin(self, viewer: Viewer, system: object, expected: object) -> ReplayProgress:
        """Start in the background. ``expected``: how many records waited when they were counted.

        Raises ForbiddenError, InvalidInputError, ConflictError when the quarantine changed since or an import runs.
        """
        self._policy.require(viewer, Action.DATA_IMPORT)
        chosen, waiting = self._checked(system)
        if waiting != expected:
            raise ConflictError("The quarantine has changed since it was counted. Count again, then replay.")
        before = self._read()
        if before is not None and before.state == "running":
            raise ConflictError("A replay is running. Its progress is shown; start another one when it has ended.")
        progress = ReplayProgress(chosen, "running", 0, waiting, viewer.email, self._clock())
        self._write(progress)
        with self._store.write() as connection:
            detail = {"system": chosen, "records": waiting}
            self._audit.append(connection, viewer.email, "quarantine.replay_started", f"quarantine:{chosen}", detail)
        self._start(partial(self._work, progress))
        return progress

    def progress(self, viewer: Viewer) -> ReplayProgress | None:
        """The last replay on this machine; None = there was none. Raises ForbiddenError."""
        self._policy.require(viewer, Action.DATA_IMPORT)
        return self._read()

    def _checked(self, system: object) -> tuple[str, int]:
        if not isinstance(system, str) or system not in REPLAYABLE:
            raise InvalidInputError("Choose a source whose records can be replayed here.")
        waiting = self._waiting().get(system, 0)
        if not waiting:
            raise InvalidInputError(f"No record of {system} waits in quarantine.")
        return system, waiting

    def _waiting(self) -> dict[str, int]:
        row = QuarantineRow
        query = select(row.source_system, func.count()).where(row.state == "open").group_by(row.source_system)
        with self._store.read() as connection:
            return {str(system): int(count) for system, count in connection.execute(query.order_by(row.source_system))}

    def _read(self) -> ReplayProgress | None:
        if self._folder is None:
            return None
        file = self._folder / _FILE
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            touched = datetime.fromisoformat(values.pop("touched_at"))
            progress = ReplayProgress(**{**values, "started_at": datetime.fromisoformat(values["started_at"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        if progress.state == "running" and self._clock() - touched > SILENT:
            words = "It was cut off. The list of imports says how it is finished."
            return replace(progress, state="cut", words=words)
        return progress

    def _write(self, progress: ReplayProgress) -> None:
        self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
        values = {**asdict(progress), "started_at": progress.started_at.isoformat()}
        new = self._place / f"{_FILE}.new"
        new.write_text(json.dumps({**values, "touched_at": self._clock().isoformat()}), encoding="utf-8")
        new.replace(self._place / _FILE)

    def _work(self, progress: ReplayProgress) -> None:
        from services.ingest.replay import replay_system  # noqa: PLC0415 - as above

        def applied(phase: str, done: int, total: int) -> None:
            if phase == "applying":
                self._write(replace(progress, done=done, total=max(total, done)))

        try:
            result = replay_system(
                self._store, progress.system, spool_dir=self._place, actor=progress.by, progress=applied
            )
            self._finished(progress, result.loaded, result.still)
        except HireboardError as error:
            self._write(replace(progress, state="failed", words=str(error)))
        except Exception:  # the last place that can say so: nobody waits for this thread
            log.exception("The replay of %s failed", progress.system)
            words = "It failed; the server's log says why. The list of imports says what to do."
            self._write(replace(progress, state="failed", words=words))

    def _finished(self, progress: ReplayProgress, loaded: int, still: int) -> None:
        with self._store.write() as connection:
            detail = {"system": progress.system, "loaded": loaded, "still": still}
            self._audit.append(connection, progress.by, "quarantine.replayed", f"quarantine:{progress.system}", detail)
        words = f"{loaded:,} records loaded, {still:,} still in quarantine."
        self._write(replace(progress, state="done", done=progress.total, words=words))
