"""Write simulated applications: candidates, applications, stage visits."""

from __future__ import annotations

import numpy as np

from services.ingest.demonstration import names
from services.ingest.demonstration.company import DAY, SYSTEM, external, table
from services.ingest.demonstration.funnel import PANEL, SCREEN, STAGES, ApplicationChunk
from services.ingest.demonstration.requisitions import RequisitionChunk
from services.ingest.demonstration.sink import NONE, BulkSink, Ints, Mask
from services.store.tables import Application, Candidate, StageVisit

INTERNAL_SOURCE = len(names.SOURCES) - 1


def write_applications(
    sink: BulkSink, rng: np.random.Generator, chunk: RequisitionChunk, drawn: ApplicationChunk, first_id: int
) -> Ints:
    """Write candidates and applications; returns the application ids. Every 40th person applied before."""
    count = len(drawn.applied)
    ids = np.arange(first_id, first_id + count)
    first = rng.integers(0, len(names.FIRST), count).tolist()
    last = rng.integers(0, len(names.LAST), count).tolist()
    shown = [f"{names.FIRST[a]} {names.LAST[b]}" for a, b in zip(first, last, strict=True)]
    keys = external("candidate", ids)
    mails = [f"{key}@mail.example" for key in keys]
    sink.add(
        table(Candidate),
        {"id": ids, "source_system": SYSTEM, "external_id": keys, "name": shown, "email": mails},
    )
    again = (np.arange(count) % 40 == 39) & (np.arange(count) > 0)
    candidate = np.where(again, ids - rng.integers(1, 39, count).clip(max=np.arange(count)), ids)
    sink.add(
        table(Application),
        {
            "id": ids,
            "source_system": SYSTEM,
            "external_id": external("application", ids),
            "candidate_id": candidate,
            "requisition_id": chunk.id[drawn.requisition],
            "source_id": drawn.source + 1,
            "applied_at": drawn.applied,
            "outcome": drawn.outcome,
            "ended_at": drawn.ended,
            "exit_reason_id": drawn.reason,
            "is_prospect": False,
            "is_test": np.asarray(rng.random(count) < 0.0005).astype(np.int64),
            "is_internal": (drawn.source == INTERNAL_SOURCE).astype(np.int64),
            "is_rehire": np.asarray(rng.random(count) < 0.01).astype(np.int64),
        },
    )
    _write_visits(sink, rng, drawn, ids)
    return ids


def _write_visits(sink: BulkSink, rng: np.random.Generator, drawn: ApplicationChunk, ids: Ints) -> None:
    went_back = _step_back(sink, rng, drawn, ids)
    visits = table(StageVisit)
    for stage in range(STAGES):
        here = drawn.entered[stage] != NONE
        if stage == PANEL:
            here = here & ~went_back
        sink.add(
            visits,
            {"application_id": ids[here], "stage_id": np.full(int(here.sum()), stage + 1)}
            | {"entered_at": drawn.entered[stage][here], "exited_at": drawn.exited[stage][here]},
        )


def _step_back(sink: BulkSink, rng: np.random.Generator, drawn: ApplicationChunk, ids: Ints) -> Mask:
    """A few return from the panel to the screen and come again: three visits instead of one."""
    entered, exited = drawn.entered[PANEL], drawn.exited[PANEL]
    back: Mask = (rng.random(len(ids)) < 0.03) & (entered != NONE) & (exited != NONE) & (exited > entered + 4 * DAY)
    count = int(back.sum())
    visits = table(StageVisit)
    steps = [(PANEL, 0, DAY), (SCREEN, DAY, 2 * DAY)]
    for stage, start, end in steps:
        sink.add(
            visits,
            {"application_id": ids[back], "stage_id": np.full(count, stage + 1)}
            | {"entered_at": entered[back] + start, "exited_at": entered[back] + end},
        )
    sink.add(
        visits,
        {"application_id": ids[back], "stage_id": np.full(count, PANEL + 1)}
        | {"entered_at": entered[back] + 2 * DAY, "exited_at": exited[back]},
    )
    return back
