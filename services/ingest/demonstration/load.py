"""Load the demonstration company into an empty store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from sqlalchemy import Connection, func, insert, select

from services.domain.errors import ConflictError, InvalidInputError
from services.ingest import live_lane
from services.ingest.changes import write_changes
from services.ingest.demonstration.applications import write_applications
from services.ingest.demonstration.company import SYSTEM, Company, table, write_frame
from services.ingest.demonstration.evaluation import (
    Draft,
    write_candidate_surveys,
    write_checks,
    write_demographics,
    write_interviews,
)
from services.ingest.demonstration.funnel import OFFER, ApplicationChunk, draw_applications
from services.ingest.demonstration.names import COMPANY
from services.ingest.demonstration.offers import write_hires, write_offers
from services.ingest.demonstration.requisitions import (
    FilledSeat,
    draw_requisitions,
    write_freezes,
    write_openings,
    write_requisitions,
)
from services.ingest.demonstration.sink import NONE, BulkSink, Ints
from services.ingest.demonstration.stories import Stories, plant
from services.store.database import Store
from services.store.tables import AppSetting, ImportBatch, Person, Requisition, metadata

CHUNK_REQUISITIONS = 400
COMPANY_NAME = "company.name"
TARGETS = (
    ("time_to_fill", None, 45.0),
    ("time_to_hire", None, 32.0),
    ("offer_acceptance_rate", None, 0.78),
    ("roles_with_late_feedback", None, 0.30),
    ("feedback_late_rate", None, 0.25),
    ("pass_through_rate", "applied", 0.25),
    ("pass_through_rate", "screen", 0.55),
    ("pass_through_rate", "assessment", 0.55),
    ("pass_through_rate", "interview", 0.20),
    ("pass_through_rate", "offer", 0.75),
)

Progress = Callable[[int, int], None]
"""(applications done, applications wanted)."""


@dataclass(frozen=True)
class DemonstrationSize:
    applications: int
    requisitions: int
    rows: dict[str, int]
    cast: dict[str, int]
    """Role -> person id of the demonstration's sign-ins."""


def is_empty(store: Store) -> bool:
    """True when nothing was ever loaded: the only state in which the demonstration may be."""
    with store.read() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table(m))).scalar_one() for m in (Person, Requisition)
        ]
    return not any(counts)


def load(
    store: Store,
    applications: int = 20_000,
    seed: int = 1,
    *,
    until: date | None = None,
    progress: Progress | None = None,
) -> DemonstrationSize:
    """Generate exactly ``applications`` applications, known up to midnight UTC at the beginning of ``until`` (today).

    The same seed, size and date give the same data. Memory is bounded: one chunk of 400 requisitions at a time, one
    transaction each. Raises ConflictError when the store is not empty.
    """
    if not 1 <= applications <= 50_000_000:
        raise InvalidInputError("The demonstration company takes between 1 and 50,000,000 applications.")
    if not is_empty(store):
        raise ConflictError("The store already holds data. Load the demonstration into an empty data directory.")
    day = until or datetime.now(UTC).date()
    end = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    batch = _begin(store, applications, seed)
    with store.write() as connection:
        sink = BulkSink(connection)
        company = write_frame(sink, applications, seed, end)
        write_freezes(sink, company, seed, end)
        if not _is_named(connection):  # one that was taken back left its targets and its name
            _write_targets(sink, end)
            _write_company_name(sink, end)
        rows = sink.counts
    run = _Run(store, company, plant(seed), seed, end, applications, rows)
    while run.written < applications:
        run.step()
        if progress:
            progress(run.written, applications)
    _finish(store, batch, run)
    return DemonstrationSize(run.written, run.next_requisition - 1, run.rows, company.cast)


def _is_named(connection: Connection) -> bool:
    settings = table(AppSetting)
    return connection.execute(select(settings.c.name).where(settings.c.name == COMPANY_NAME)).first() is not None


def _begin(store: Store, applications: int, seed: int) -> int:
    with store.write() as connection:
        row = {"source_system": SYSTEM, "path": f"seed {seed}, {applications} applications", "state": "applying"}
        result = connection.execute(insert(ImportBatch).values(row | {"started_at": datetime.now(UTC)}))
        return int(result.inserted_primary_key[0])  # type: ignore[index]


def _finish(store: Store, batch: int, run: _Run) -> None:
    batches, now = table(ImportBatch), datetime.now(UTC)
    with store.write() as connection:  # before the lane is compared: one that was filled before reads only what changed
        write_changes(connection, "reference", [None])
    with store.read() as connection:
        lane = live_lane.difference(connection, now)
    with store.write() as connection:
        BulkSink(connection).finish(t for t in metadata.sorted_tables if t.name in run.rows)
        connection.execute(
            batches.update()
            .where(batches.c.id == batch)
            .values(state="complete", finished_at=now, read_count=run.written, loaded_count=run.written)
        )
        live_lane.apply_difference(connection, lane, now)


def _write_targets(sink: BulkSink, end: int) -> None:
    sink.add(
        metadata.tables["metric_target"],
        {
            "metric_id": [metric for metric, _, _ in TARGETS],
            "stage": [stage for _, stage, _ in TARGETS],
            "value": [value for _, _, value in TARGETS],
            "effective_from": np.full(len(TARGETS), end // 86_400 - 900),
        },
    )


def _write_company_name(sink: BulkSink, end: int) -> None:
    """What reports print as their head."""
    sink.add(
        metadata.tables["app_setting"],
        {
            "name": [COMPANY_NAME],
            "version": np.ones(1, dtype=np.int64),
            "value": [json.dumps(COMPANY)],
            "changed_at": np.full(1, end),
            "changed_by": ["demo load"],
        },
    )


class _Run:
    """Chunk after chunk; each with a random stream of its own, so that a chunk does not depend on the others."""

    def __init__(
        self, store: Store, company: Company, stories: Stories, seed: int, end: int, wanted: int, rows: dict[str, int]
    ) -> None:
        self.store, self.company, self.stories, self.seed, self.end, self.wanted = (
            store,
            company,
            stories,
            seed,
            end,
            wanted,
        )
        self.rows = rows
        self.chunk = self.written = 0
        self.next_requisition = self.next_application = self.next_interview = self.next_hire = 1

    def step(self) -> None:
        """Draw and write one chunk."""
        rng = np.random.default_rng([self.seed, 3, self.chunk])
        size = min(CHUNK_REQUISITIONS, max(1, (self.wanted - self.written) // 30))
        chunk = draw_requisitions(rng, self.company, self.stories, self.next_requisition, size, self.end)
        drawn = _trim(
            rng, draw_applications(rng, self.company, self.stories, chunk, self.end), self.wanted - self.written
        )
        with self.store.write() as connection:
            sink = BulkSink(connection)
            write_requisitions(sink, chunk, self.company, self.end)
            ids = write_applications(sink, rng, chunk, drawn, self.next_application)
            write_openings(sink, chunk, _filled(drawn, ids), self.end)
            draft = Draft(sink, rng, self.company, self.stories, chunk, drawn, ids, self.end)
            self.next_interview = write_interviews(draft, self.next_interview)
            write_offers(draft)
            write_checks(draft)
            write_candidate_surveys(draft)
            write_demographics(draft)
            self.next_hire = write_hires(draft, self.next_hire)
            for name, count in sink.counts.items():
                self.rows[name] = self.rows.get(name, 0) + count
        self.chunk += 1
        self.written += len(ids)
        self.next_requisition += size
        self.next_application += len(ids)


def _trim(rng: np.random.Generator, drawn: ApplicationChunk, room: int) -> ApplicationChunk:
    """Cut to ``room`` by leaving out applications that went nowhere first, so that no filled seat loses its hire."""
    surplus = len(drawn.applied) - room
    if surplus <= 0:
        return drawn
    rank = drawn.stop_stage + (drawn.accepted != NONE) * 10 + rng.random(len(drawn.applied))
    keep = np.ones(len(drawn.applied), dtype=bool)
    keep[np.argsort(rank, kind="stable")[:surplus]] = False
    return drawn.keep(keep)


def _filled(drawn: ApplicationChunk, ids: Ints) -> dict[int, list[FilledSeat]]:
    valid = np.flatnonzero((drawn.accepted != NONE) & (drawn.undone == NONE))
    filled: dict[int, list[FilledSeat]] = {}
    for position in valid[np.argsort(drawn.accepted[valid], kind="stable")].tolist():
        seat = FilledSeat(int(drawn.accepted[position]), int(drawn.entered[OFFER][position]), int(ids[position]))
        filled.setdefault(int(drawn.requisition[position]), []).append(seat)
    return filled
