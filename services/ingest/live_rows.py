"""What the rows of the live lane are now, worked out from the store: the mart's rules, for what is open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from services.domain.business_time import Calendar
from services.domain.intervals import seconds_of
from services.domain.pipeline import STAGE_ORDER
from services.ingest import bulk
from services.ingest.current_stage import Visit, running_visit
from services.ingest.live_overlays import Pause, dimensions_edited, laid_over, limited, pauses, recruiters
from services.ingest.live_stops import RUNNING, History, Row, days_at, stops_of
from services.store.instants import InstantText, instant_of_text
from services.store.tables import (
    Application,
    Candidate,
    ExitReason,
    Office,
    PipelineStage,
    Requisition,
    RequisitionStatusInterval,
    Source,
    StageVisit,
)

APPLICATION_COLUMNS = (
    "application_id", "candidate_id", "requisition_id", "recruiter_id", "source_id", "channel", "applied_at",
    "ended_at", "outcome", "reason_kind", "stage", "stage_order", "entered_at", "entered_business_days",
)  # fmt: skip
REQUISITION_COLUMNS = (
    "requisition_id", "department_id", "job_family_id", "job_level_id", "office_id", "hiring_manager_id",
    "recruiter_id", "country", "region", "calendar_id", "status", "status_from_at",
)  # fmt: skip
_LAST = "9999"
_ORDER = {stage.value: index for index, stage in enumerate(STAGE_ORDER)}


class LaneRows(NamedTuple):
    """Rows as tuples in the order of the columns; those of applications and requisitions by their id."""

    applications: dict[int, Row]
    requisitions: dict[int, Row]
    stops: dict[int, tuple[Row, ...]]


@dataclass(frozen=True)
class Wanted:
    """Which rows are worked out: of these ids, or of everything that is open (None)."""

    applications: frozenset[int] | None = None
    requisitions: frozenset[int] = frozenset()


class _Applied(NamedTuple):
    id: int
    candidate_id: int
    requisition_id: int
    source_id: int | None
    recruiter_id: int | None
    applied_at: str
    ended_at: str | None
    outcome: str | None
    reason_kind: str | None
    channel: str | None


class _Role(NamedTuple):
    row: Row
    recruiter_id: int | None
    calendar_id: int
    status: str
    status_from_at: str | None

    @property
    def named(self) -> dict[str, Any]:
        return dict(zip(REQUISITION_COLUMNS, self.row, strict=True))


def rows_of(connection: Connection, wanted: Wanted, since: str, calendars: Mapping[int, Calendar]) -> LaneRows:
    """The rows of ``wanted`` that belong into the lane; ``since``: what ended before it does not."""
    applied = _applications(connection, wanted, since)
    ids = None if wanted.applications is None else {one.requisition_id for one in applied} | wanted.requisitions
    paused = pauses(connection, ids)
    statuses = _statuses(connection, ids, paused)
    roles = _roles(connection, ids, statuses)
    of_lane = {one.requisition_id for one in applied} & roles.keys()
    shown = {
        number
        for number, role in roles.items()
        if number in of_lane or role.status in RUNNING or (role.status_from_at or "") >= since
    }
    stops = stops_of(connection, {number: roles[number].named for number in shown}, statuses, paused, calendars)
    stages = _stages_now(connection, wanted, applied, calendars, roles)
    survivors = _survivors(connection, {one.candidate_id for one in applied})
    owner = _owners(connection, of_lane)
    found: dict[int, Row] = {}
    for one in applied:
        role = roles.get(one.requisition_id)
        if role is None:
            continue
        recruiter = one.recruiter_id or owner(one.requisition_id, one.applied_at) or role.recruiter_id
        who = (survivors.get(one.candidate_id, one.candidate_id), one.requisition_id, recruiter)
        ended = (one.ended_at, one.outcome, one.reason_kind)
        stage = stages.get(one.id, (None,) * 4)
        found[one.id] = (one.id, *who, one.source_id, one.channel, one.applied_at, *ended, *stage)
    return LaneRows(found, {number: roles[number].row for number in shown}, stops)


def _applications(connection: Connection, wanted: Wanted, since: str) -> list[_Applied]:
    table = Application
    columns = (
        table.id, table.candidate_id, table.requisition_id, table.source_id, table.recruiter_id,
        InstantText(table.applied_at), InstantText(table.ended_at), table.outcome, ExitReason.kind, Source.channel,
    )  # fmt: skip
    query = (
        select(*columns)
        .outerjoin(Source, Source.id == table.source_id)
        .outerjoin(ExitReason, ExitReason.id == table.exit_reason_id)
        .where(_counts(), _is_in_lane(since), _limited(connection, wanted, table.id))
    )
    return [_Applied._make(row) for row in connection.execute(query)]


def _counts() -> ColumnElement[bool]:
    """As in the mart: tests, merged duplicates and prospects are left out."""
    table = Application
    return and_(
        table.is_test.is_(False),
        table.merged_into_id.is_(None),
        table.is_prospect.is_(False),
        table.requisition_id.is_not(None),
    )


def _is_in_lane(since: str) -> ColumnElement[bool]:
    table = Application
    return or_(
        and_(table.ended_at.is_(None), table.outcome.is_(None)),
        table.ended_at >= instant_of_text(since),
    )


def _limited(connection: Connection, wanted: Wanted, column: Any) -> ColumnElement[bool]:
    if wanted.applications is None:
        return column.is_not(None)  # type: ignore[no-any-return]
    return bulk.among(connection, column, sorted(wanted.applications))


def _statuses(
    connection: Connection, ids: Iterable[int] | None, paused: Mapping[int, Sequence[Pause]]
) -> Mapping[int, History]:
    """A source without status history: open from its opening on."""
    table = RequisitionStatusInterval
    query = select(table.requisition_id, table.status, InstantText(table.from_at), InstantText(table.to_at))
    query = query.where(limited(connection, table.requisition_id, ids)).order_by(
        table.requisition_id, table.from_at, table.id
    )
    found: dict[int, list[tuple[str, str, str | None]]] = defaultdict(list)
    for number, status, start, end in connection.execute(query):
        found[number].append((status, start, end))
    opened = select(Requisition.id, InstantText(Requisition.opened_at)).where(
        limited(connection, Requisition.id, ids), Requisition.opened_at.is_not(None)
    )
    for number, at in connection.execute(opened):
        if number not in found:
            found[number] = [("open", at, None)]
    return {number: laid_over(history, paused.get(number, ())) for number, history in found.items()}


def _roles(connection: Connection, ids: Iterable[int] | None, statuses: Mapping[int, History]) -> dict[int, _Role]:
    table = Requisition
    columns = (
        table.id, table.department_id, table.job_family_id, table.job_level_id, table.office_id,
        table.hiring_manager_id, table.recruiter_id, Office.country, Office.region,
    )  # fmt: skip
    query = select(*columns).outerjoin(Office, Office.id == table.office_id).where(limited(connection, table.id, ids))
    edited = dimensions_edited(connection, ids)
    found: dict[int, _Role] = {}
    for row in connection.execute(query):
        named: dict[str, Any] = {**dict(zip(REQUISITION_COLUMNS, row, strict=False)), **edited.get(row[0], {})}
        history = statuses.get(row[0])
        status, since = (history[-1][0], history[-1][1]) if history else ("draft", None)
        calendar = named["office_id"] or 0
        found[row[0]] = _Role(
            (*named.values(), calendar, status, since), named["recruiter_id"], calendar, status, since
        )
    return found


def _stages_now(
    connection: Connection,
    wanted: Wanted,
    applied: Sequence[_Applied],
    calendars: Mapping[int, Calendar],
    roles: Mapping[int, _Role],
) -> dict[int, Row]:
    """(stage, its place, entered, entered on the working-time axis) of those that are in a stage."""
    is_open = {one.id: one.requisition_id for one in applied if one.ended_at is None}
    visits = StageVisit
    query = select(
        visits.application_id, visits.id, visits.stage_id, InstantText(visits.entered_at), InstantText(visits.exited_at)
    )
    if wanted.applications is None:
        still = select(Application.id).where(_counts(), Application.ended_at.is_(None), Application.outcome.is_(None))
        query = query.where(visits.application_id.in_(still))
    else:
        query = query.where(bulk.among(connection, visits.application_id, sorted(is_open)))
    ways: dict[int, list[Visit]] = defaultdict(list)
    for number, *rest in connection.execute(query):
        ways[number].append(Visit._make(rest))
    names = dict(connection.execute(select(PipelineStage.id, PipelineStage.canonical)).all())
    found: dict[int, Row] = {}
    for number, way in ways.items():
        visit = running_visit(way)
        role = roles.get(is_open[number]) if number in is_open else None
        if visit is None or role is None or visit.stage_id not in names:
            continue
        stage = names[visit.stage_id]
        at = days_at(calendars, role.calendar_id, seconds_of(instant_of_text(visit.entered_at)))
        found[number] = (stage, _ORDER.get(stage), visit.entered_at, at)
    return found


def _survivors(connection: Connection, candidates: set[int]) -> dict[int, int]:
    """Whom a merged candidate lives on as; a circle of merges has no survivor."""
    into: dict[int, int] = {}
    asked, table = set(candidates), Candidate
    while asked:
        merged = select(table.id, table.merged_into_id).where(
            bulk.among(connection, table.id, sorted(asked)), table.merged_into_id.is_not(None)
        )
        step = {int(number): int(other) for number, other in connection.execute(merged) if other is not None}
        asked = set(step.values()) - into.keys() - step.keys()
        into |= step
    found: dict[int, int] = {}
    for number in candidates & into.keys():
        seen, at = {number}, into[number]
        while at in into and at not in seen:
            seen.add(at)
            at = into[at]
        if at not in into:
            found[number] = at
    return found


def _owners(connection: Connection, ids: Iterable[int]) -> Callable[[int, str], int | None]:
    """Who recruited for a requisition at an instant, by its owners alone."""
    owners: dict[int, dict[str, tuple[str, int]]] = defaultdict(dict)
    for number, held in recruiters(connection, ids).items():
        for one in sorted(held):
            owners[number].setdefault(one.from_at, (one.to_at or _LAST, one.person_id))

    def owner(requisition_id: int, at: str) -> int | None:
        begun = [start for start in owners.get(requisition_id, ()) if start <= at]
        if not begun:
            return None
        until, person = owners[requisition_id][max(begun)]
        return person if at < until else None

    return owner
