"""Made-up requisitions: who, where, when opened, held, cancelled, re-opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.ingest.demonstration import names
from services.ingest.demonstration.company import DAY, OFFICE_REGION, SYSTEM, Company, external, table
from services.ingest.demonstration.sink import NONE, BulkSink, Floats, Ints, Mask
from services.ingest.demonstration.stories import Stories
from services.store.tables import Freeze, Opening, Requisition, RequisitionOwner, RequisitionStatusInterval

HISTORY_DAYS = 820
"""How far back requisitions were opened: two years and the run-in."""


@dataclass
class RequisitionChunk:
    """Arrays of one chunk, all of one length except where said. Instants in epoch seconds, NONE = never."""

    id: Ints
    team: Ints
    department: Ints
    """Index into names.DEPARTMENTS."""
    family: Ints
    """Index into Company.families."""
    level: Ints
    office: Ints
    """Index into names.OFFICES."""
    manager: Ints
    recruiter: Ints
    successor: Ints
    """Recruiter after a hand-over at ``handed_at``; NONE = none."""
    handed_at: Ints
    opened: Ints
    seats: Ints
    stop_from: Ints
    stop_to: Ints
    stop_is_gap: Mask
    """The stop is a cancellation that was undone, not a hold."""
    cancelled: Ints
    promptness: Floats
    """How much longer than usual this requisition's panel takes for feedback."""
    closed: Ints
    """When the last seat was filled; set by the funnel."""


def draw_requisitions(
    rng: np.random.Generator, company: Company, stories: Stories, first_id: int, count: int, until: int
) -> RequisitionChunk:
    """Draw ``count`` requisitions with ids from ``first_id`` on."""
    team = rng.choice(len(company.teams), count, p=company.team_weights)
    department = company.team_department[team]
    family = np.array([rng.choice(company.family_choices[d]) for d in department.tolist()], dtype=np.int64)
    office = rng.choice(len(names.OFFICES), count, p=[o.weight for o in names.OFFICES])
    opened = until - (rng.random(count) * HISTORY_DAYS * DAY).astype(np.int64)
    opened = opened // DAY * DAY + rng.integers(8 * 3600, 16 * 3600, count)
    held = rng.random(count)
    recent = opened > until - 70 * DAY
    stop_from = np.where(held < np.where(recent, 0.32, 0.14), opened + rng.integers(4 * DAY, 40 * DAY, count), NONE)
    stop_to = np.where(stop_from != NONE, stop_from + rng.integers(5 * DAY, 36 * DAY, count), NONE)
    cancelled = np.where(rng.random(count) < 0.09, opened + rng.integers(15 * DAY, 110 * DAY, count), NONE)
    cancelled = np.where((cancelled != NONE) & (stop_to >= cancelled), stop_to + DAY, cancelled)
    recruiter = _recruiters(rng, company, stories, department, office)
    handed = rng.random(count) < 0.10
    successor = _recruiters(rng, company, stories, department, office)
    return RequisitionChunk(
        id=np.arange(first_id, first_id + count),
        team=team,
        department=department,
        family=family,
        level=rng.choice(len(names.LEVELS), count, p=names.LEVEL_WEIGHTS),
        office=office,
        manager=np.array([rng.choice(company.managers[t]) for t in team.tolist()], dtype=np.int64),
        recruiter=recruiter,
        successor=np.where(handed & (successor != recruiter), successor, NONE),
        handed_at=opened + rng.integers(6 * DAY, 30 * DAY, count),
        opened=opened,
        seats=rng.choice([1, 2, 3, 5], count, p=[0.78, 0.13, 0.06, 0.03]),
        stop_from=stop_from,
        stop_to=stop_to,
        stop_is_gap=held < 0.02,
        cancelled=cancelled,
        promptness=rng.lognormal(0.0, 0.7, count) * company.team_promptness[team],
        closed=np.full(count, NONE),
    )


def _recruiters(rng: np.random.Generator, company: Company, stories: Stories, department: Ints, office: Ints) -> Ints:
    """The region's recruiters; the department over capacity leaves its work to the first fifth of them."""
    busy = [d for d, (name, _, _) in enumerate(names.DEPARTMENTS) if name == stories.over_capacity_department]
    chosen = np.empty(len(office), dtype=np.int64)
    for position, (where, what) in enumerate(zip(office.tolist(), department.tolist(), strict=True)):
        pool = company.recruiters[OFFICE_REGION[where]]
        if what in busy:
            pool = pool[: max(1, len(pool) // 5)]
        chosen[position] = rng.choice(pool)
    return chosen


def shift_for_stop(chunk: RequisitionChunk, requisition: Ints, at: Ints) -> Ints:
    """Move instants that would fall after the stop began by its length: nothing happens while a requisition stands."""
    start, end = chunk.stop_from[requisition], chunk.stop_to[requisition]
    return np.where((start != NONE) & (at >= start) & (at != NONE), at + (end - start), at)


def write_requisitions(sink: BulkSink, chunk: RequisitionChunk, company: Company, until: int) -> None:
    """Requisitions, their status intervals and owners, as known at ``until``."""
    ended = _ended(chunk)
    known = np.where((ended != NONE) & (ended <= until), ended, NONE)
    owner_now = np.where((chunk.successor != NONE) & (chunk.handed_at <= until), chunk.successor, chunk.recruiter)
    levels = [names.LEVELS[level] for level in chunk.level.tolist()]
    families = [company.families[family] for family in chunk.family.tolist()]
    urgency = np.where(chunk.seats > 2, "critical", np.where(chunk.id % 4 == 0, "low", "normal"))
    sink.add(
        table(Requisition),
        {
            "id": chunk.id,
            "source_system": SYSTEM,
            "external_id": external("requisition", chunk.id),
            "title": [f"{level} {family}" for level, family in zip(levels, families, strict=True)],
            "requisition_code": [f"NW-{number:05d}" for number in chunk.id.tolist()],
            "department_id": company.team_ids[chunk.team],
            "job_family_id": chunk.family + 1,
            "job_level_id": chunk.level + 1,
            "office_id": chunk.office + 1,
            "hiring_manager_id": chunk.manager,
            "recruiter_id": owner_now,
            "opened_at": chunk.opened,
            "target_on": chunk.opened // DAY + 45 + 10 * (chunk.level > 2),
            "urgency": urgency,
            "is_evergreen": _is_evergreen(chunk.id),
            "employment_type": "permanent",
        },
    )
    _write_statuses(sink, chunk, known, until)
    _write_owners(sink, chunk, known, until)


def _is_evergreen(requisition_id: Ints) -> Mask:
    """One in 23 hires all the time: a seat is made when there is somebody to offer it to."""
    every: Mask = requisition_id % 23 == 11
    return every


def _ended(chunk: RequisitionChunk) -> Ints:
    return np.where(chunk.closed != NONE, chunk.closed, chunk.cancelled)


def _write_statuses(sink: BulkSink, chunk: RequisitionChunk, known: Ints, until: int) -> None:
    rows: list[tuple[int, str, int, int]] = []
    columns = (chunk.id, chunk.opened, chunk.stop_from, chunk.stop_to, chunk.stop_is_gap, chunk.closed, known)
    for number, opened, start, end, is_gap, closed, ended in zip(*(c.tolist() for c in columns), strict=True):
        steps = [(opened, "open")]
        if start != NONE and start <= until and (ended == NONE or start < ended):
            steps.append((start, "cancelled" if is_gap else "on_hold"))
            if end <= until:
                steps.append((end, "open"))
        if ended != NONE:
            steps.append((ended, "filled" if closed != NONE else "cancelled"))
        starts = [at for at, _ in steps] + [NONE]
        rows += [(number, status, at, nxt) for (at, status), nxt in zip(steps, starts[1:], strict=True)]
    requisition, status, start_at, end_at = (list(values) for values in zip(*rows, strict=True))
    sink.add(
        table(RequisitionStatusInterval),
        {"requisition_id": np.array(requisition), "status": status}
        | {"from_at": np.array(start_at), "to_at": np.array(end_at)},
    )


def _write_owners(sink: BulkSink, chunk: RequisitionChunk, known: Ints, until: int) -> None:
    handed = (chunk.successor != NONE) & (chunk.handed_at <= until)
    first_end = np.where(handed, chunk.handed_at, NONE)
    owners = table(RequisitionOwner)
    columns = {"requisition_id": chunk.id, "person_id": chunk.recruiter, "part": "recruiter"}
    sink.add(owners, columns | {"from_at": chunk.opened, "to_at": first_end})
    sink.add(
        owners,
        {"requisition_id": chunk.id[handed], "person_id": chunk.successor[handed], "part": "recruiter"}
        | {"from_at": chunk.handed_at[handed], "to_at": np.full(int(handed.sum()), NONE)},
    )
    del known
    columns = {"requisition_id": chunk.id, "person_id": chunk.manager, "part": "hiring_manager"}
    sink.add(owners, columns | {"from_at": chunk.opened, "to_at": np.full(len(chunk.id), NONE)})


class FilledSeat(NamedTuple):
    accepted_at: int
    offered_at: int
    application_id: int


_FREE = FilledSeat(NONE, NONE, NONE)


def write_openings(sink: BulkSink, chunk: RequisitionChunk, filled: dict[int, list[FilledSeat]], until: int) -> None:
    """One row a seat. ``filled``: who took one, per position in the chunk, in order of time."""
    rows: list[tuple[int, int, str, int, int, int]] = []
    columns = (chunk.id, chunk.opened, chunk.seats, chunk.closed, chunk.cancelled, _is_evergreen(chunk.id))
    for position, (number, opened, seats, closed, cancelled, is_evergreen) in enumerate(
        zip(*(c.tolist() for c in columns), strict=True)
    ):
        taken = [seat for seat in filled.get(position, []) if seat.accepted_at <= until]
        gone = cancelled if closed == NONE and cancelled != NONE and cancelled <= until else NONE
        for seat in range(seats):
            at, offered, application = taken[seat] if seat < len(taken) else _FREE
            ended = gone if at == NONE else NONE
            made = max(opened, offered - DAY) if is_evergreen and at != NONE else opened
            rows.append((number, made, f"opening-{number}-{seat + 1}", at, ended, application))
    requisition, opened_at, key, filled_at, cancelled_at, application_id = (list(v) for v in zip(*rows, strict=True))
    sink.add(
        table(Opening),
        {
            "source_system": SYSTEM,
            "external_id": key,
            "requisition_id": np.array(requisition),
            "opened_at": np.array(opened_at),
            "filled_at": np.array(filled_at),
            "cancelled_at": np.array(cancelled_at),
            "application_id": np.array(application_id),
        },
    )


def write_freezes(sink: BulkSink, company: Company, seed: int, until: int) -> None:
    """Two past hiring freezes: a department with its teams, and a country."""
    rng = np.random.default_rng([seed, 2])
    starts = until - np.array([rng.integers(250, 320), rng.integers(90, 150)]) * DAY
    department = int(rng.integers(1, len(names.DEPARTMENTS) + 1))
    del company
    sink.add(
        table(Freeze),
        {
            "source_system": SYSTEM,
            "external_id": ["freeze-1", "freeze-2"],
            "scope": ["department", "country"],
            "scope_value": [str(department), str(rng.choice(["GB", "FR", "CA"]))],
            "from_at": starts,
            "to_at": starts + rng.integers(10, 24, 2) * DAY,
            "reason": ["Budget review", "Reorganisation"],
        },
    )
