"""Records that could not be loaded: kept with file, record, field and reason, and marked once they load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from services.domain.errors import NotFoundError
from services.ingest import bulk
from services.ingest.records import Problem
from services.ingest.spool import payload_text
from services.store.database import Store
from services.store.tables import QuarantineRow
from services.store.types import SQLITE_FORMAT

OPEN = "open"
REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """One row of the quarantine. ``payload`` is the record as it came, as JSON, cut at 64 KiB."""

    id: int
    source_system: str
    resource: str
    file: str
    record: str
    field: str | None
    reason: str
    payload: str
    state: str
    seen_at: datetime


class QuarantineWriter:
    """Writes problems of one batch: one seen before is renewed, not doubled."""

    def __init__(self, store: Store, system: str, batch_id: int) -> None:
        self._system = system
        self._batch_id = batch_id
        with store.read() as connection:
            rows = connection.execute(
                select(QuarantineRow.id, QuarantineRow.resource, QuarantineRow.record, QuarantineRow.file).where(
                    QuarantineRow.source_system == system, QuarantineRow.state == OPEN
                )
            )
            self._open = {_key(resource, record, file): int(number) for number, resource, record, file in rows}

    def add(self, connection: Connection, problem: Problem) -> None:
        payload = problem.payload if isinstance(problem.payload, str) else payload_text(problem.payload)
        row: bulk.BulkRow = {
            "batch_id": self._batch_id,
            "source_system": self._system,
            "resource": problem.resource[:40],
            "file": problem.file,
            "record": problem.record,
            "field": problem.field,
            "reason": problem.reason,
            "payload": payload,
            "state": OPEN,
            "seen_at": datetime.now(UTC).strftime(SQLITE_FORMAT),
        }
        number = self._open.get(_key(problem.resource, problem.record, problem.file))
        table = QuarantineRow.__table__
        if number is None:
            bulk.upsert(connection, table, [row])  # type: ignore[arg-type]
        else:
            bulk.update_where(connection, table, [{"id": number, **row}], "id")  # type: ignore[arg-type]

    def loaded(self, connection: Connection, records: Iterable[tuple[str, str]]) -> None:
        """These records are in the store now."""
        if not self._open:
            return
        keys = ((resource, record, "") for resource, record in records)
        numbers = [self._open[key] for key in keys if key in self._open]
        if numbers:
            connection.execute(update(QuarantineRow).where(QuarantineRow.id.in_(numbers)).values(state=REPLAYED))


def _key(resource: str, record: str, file: str) -> tuple[str, str, str]:
    """A record is known by its id, whatever file it comes in; one without an id by its place in the file."""
    return resource, record, file if record.startswith(("line ", "record ")) else ""


def list_quarantine(store: Store, *, state: str = OPEN, limit: int = 1_000) -> list[QuarantinedRecord]:
    """The newest first."""
    query = select(QuarantineRow.__table__).where(QuarantineRow.state == state)
    with store.read() as connection:
        rows = connection.execute(query.order_by(QuarantineRow.id.desc()).limit(limit)).mappings().all()
    return [_record(row) for row in rows]


def show_quarantined(store: Store, number: int) -> QuarantinedRecord:
    """One record with its payload. Raises NotFoundError."""
    with store.read() as connection:
        row = connection.execute(select(QuarantineRow.__table__).where(QuarantineRow.id == number)).mappings().first()
    if row is None:
        raise NotFoundError(
            f"There is no quarantined record {number}. `hireboard quarantine list` shows those there are."
        )
    return _record(row)


def open_systems(records: Sequence[QuarantinedRecord]) -> list[str]:
    return sorted({record.source_system for record in records})


def _record(row: object) -> QuarantinedRecord:
    values = dict(row)  # type: ignore[call-overload]
    return QuarantinedRecord(**{name: values[name] for name in QuarantinedRecord.__slots__})
