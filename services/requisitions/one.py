"""One requisition in full: what the store says now, and what the batch knows of its course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from services.domain.clock_traces import ClockTrace
from services.domain.errors import NotFoundError, RetryLaterError
from services.domain.people import ColumnClass, Viewer
from services.domain.requisition_edits import LABELS, OWNER_PARTS, Field, FieldStanding, PauseKind, Standing
from services.domain.requisition_pages import CandidateRow, FieldLine, Figure, OneRequisition
from services.domain.wording import number, on_date
from services.mart.reader import MartReader
from services.mart.schema import dim_source, fact_application, fact_feedback, fact_stage_visit
from services.metrics.agreed_places import agreed_offices
from services.metrics.clock_traces import ClockTraces
from services.metrics.names import StoreNames
from services.metrics.requisition_trace import requisition_title
from services.metrics.scope import within
from services.requisitions.editing import RequisitionEdits
from services.requisitions.timeline import credits_of, timeline_of
from services.requisitions.values import choices, worded
from services.store.database import Store
from services.store.tables import Application, Candidate, RequisitionOwner

MOST_CANDIDATES = 100
_DAY_S = 86_400


class OneRequisitionPage:
    """``view`` raises NotFoundError, in the same words, for what does not exist and what the viewer may not see."""

    def __init__(self, edits: RequisitionEdits, mart: MartReader, store: Store, traces: ClockTraces) -> None:
        self._edits = edits
        self._mart = mart
        self._store = store
        self._traces = traces
        self._names = StoreNames(store)

    def view(self, requisition_id: int, viewer: Viewer, now: datetime | None = None) -> OneRequisition:
        moment = now or datetime.now(UTC)
        standing = self._edits.standing(requisition_id, viewer)
        with self._store.read() as connection:
            lines = self._lines(connection, standing, viewer)
        whole = OneRequisition(
            id=standing.id,
            title=standing.title or requisition_title(standing.code, standing.title, standing.id),
            code=standing.code or "",
            state=standing.status_at(moment),
            is_frozen=any(one.kind is PauseKind.FREEZE and one.holds_at(moment) for one in standing.pauses),
            is_late=_is_late(standing, moment.astimezone(ZoneInfo(viewer.timezone)).date(), moment),
            subtitle=_subtitle(standing),
            as_of=None,
            snapshot="",
            lines=lines,
            pauses=standing.pauses,
            may_pause=standing.may_pause,
            is_held_by_source=standing.source_status == "on_hold" and standing.status_at(moment) == "on_hold",
            note="No batch knows this requisition yet: its course and figures follow with the next one.",
        )
        try:
            return self._with_batch(whole, standing, viewer)
        except (NotFoundError, RetryLaterError):
            return whole

    def _with_batch(self, whole: OneRequisition, standing: Standing, viewer: Viewer) -> OneRequisition:
        with self._mart.hold() as snapshot:
            as_of = snapshot.as_of if snapshot.as_of.tzinfo else snapshot.as_of.replace(tzinfo=UTC)
            cut = as_of.astimezone(UTC).replace(tzinfo=None)
            trace = self._traces.trace("requisition", str(standing.id), viewer)
            named = self._people(standing, viewer)
            owners, primary = credits_of(self._mart, standing.id, cut, named or {})
            rows = self._candidates(standing.id, viewer, cut)
            in_process, owed = self._counts(standing.id, viewer, cut)
            return replace(
                whole,
                as_of=as_of,
                snapshot=snapshot.id,
                figures=_figures(standing, trace, in_process, owed),
                timeline=timeline_of(self._mart, standing.id, cut),
                trace=trace,
                owners=owners if named is not None else None,
                primary=primary,
                candidates=rows,
                in_process=in_process,
                note=_behind(standing, as_of),
            )

    def _people(self, standing: Standing, viewer: Viewer) -> Mapping[int, str] | None:
        """Whom the reader may see figures of here: everybody with the class for people, else oneself; None = nobody."""
        with self._store.read() as connection:
            owners = connection.scalars(
                sa.select(RequisitionOwner.person_id).where(RequisitionOwner.requisition_id == standing.id)
            )
            ids = set(owners) | {standing.number(field) or 0 for field in OWNER_PARTS}
        sees_all = ColumnClass.PERSON in viewer.classes and not self._is_agreed(standing, viewer)
        seen = ids if sees_all else ids & {viewer.person_id or 0}
        return self._names.people(seen) if sees_all or seen else None

    def _is_agreed(self, standing: Standing, viewer: Viewer) -> bool:
        agreed = viewer.scope.agreed
        if not agreed.is_anywhere:
            return False
        offices = {row[0] for row in self._mart.execute(agreed_offices(agreed))}
        return standing.office_id in offices

    def _lines(self, connection: Connection, standing: Standing, viewer: Viewer) -> tuple[FieldLine, ...]:
        texts = {name: {text for text in (held.source, held.edited) if text} for name, held in standing.fields.items()}
        words = worded(connection, texts)
        found = []
        for name in Field:
            held, may = standing.fields[name], name in standing.may_edit
            if name in OWNER_PARTS and not may and not _may_see(viewer, held):
                continue
            found.append(_line(held, words, may=may, options=choices(connection, name) if may else ()))
        return tuple(found)

    def _counts(self, requisition_id: int, viewer: Viewer, as_of: datetime) -> tuple[int, int]:
        """Candidates in process, and feedback that is missing."""
        one, due = fact_application.c, fact_feedback.c
        reach = within(viewer.scope, fact_application)
        conditions = [one.requisition_id == requisition_id, *_in_process(as_of)]
        if reach is not None:
            conditions.append(reach)
        waiting = sa.select(sa.func.count()).where(
            due.requisition_id == requisition_id, due.submitted_at.is_(None), due.due_from_at <= as_of
        )
        open_now = self._mart.execute(sa.select(sa.func.count()).select_from(fact_application).where(*conditions))
        return open_now[0][0], self._mart.execute(waiting)[0][0]

    def _candidates(self, requisition_id: int, viewer: Viewer, as_of: datetime) -> tuple[CandidateRow, ...] | None:
        """Those in process, longest in their stage first. Their names are read from the store for this answer alone."""
        if ColumnClass.CANDIDATE not in viewer.classes:
            return None
        rows = self._mart.execute(_candidate_statement(requisition_id, viewer, as_of))
        names = self._candidate_names([row[0] for row in rows])
        feedback = self._feedback([row[0] for row in rows], as_of)
        return tuple(
            CandidateRow(
                name=names.get(row[0]) or f"Candidate {row[0]}",
                source=row[3] or "",
                stage=(row[1] or "").capitalize(),
                applied_on=row[4],
                days_in_stage=None if row[2] is None else (as_of - row[2]).total_seconds() / _DAY_S,
                feedback=feedback.get(row[0], ""),
            )
            for row in rows
        )

    def _candidate_names(self, applications: list[int]) -> dict[int, str | None]:
        query = (
            sa.select(Application.id, Candidate.name)
            .join(Candidate, Candidate.id == Application.candidate_id)
            .where(Application.id.in_(applications))
        )
        with self._store.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _feedback(self, applications: list[int], as_of: datetime) -> dict[int, str]:
        due = fact_feedback.c
        query = (
            sa.select(due.application_id, sa.func.count(), sa.func.count(due.submitted_at))
            .where(due.application_id.in_(applications), due.due_from_at <= as_of)
            .group_by(due.application_id)
        )
        return {row[0]: f"{row[2]} of {row[1]} in" for row in self._mart.execute(query)}


def _in_process(as_of: datetime) -> list[sa.ColumnElement[bool]]:
    one = fact_application.c
    ended = sa.or_(one.ended_at.is_(None), one.ended_at > as_of)
    return [one.applied_at <= as_of, ended, sa.or_(one.accepted_at.is_(None), one.accepted_at > as_of)]


def _candidate_statement(requisition_id: int, viewer: Viewer, as_of: datetime) -> sa.Select[Any]:
    one, visit = fact_application.c, fact_stage_visit.c
    now = sa.and_(visit.application_id == one.application_id, visit.exited_at.is_(None), visit.entered_at <= as_of)
    reach = within(viewer.scope, fact_application)
    query = (
        sa.select(one.application_id, visit.stage, visit.entered_at, dim_source.c.name, one.applied_on)
        .select_from(fact_application)
        .outerjoin(fact_stage_visit, now)
        .outerjoin(dim_source, dim_source.c.source_id == one.source_id)
        .where(one.requisition_id == requisition_id, *_in_process(as_of))
        .order_by(visit.entered_at.asc().nulls_last(), one.application_id)
        .limit(MOST_CANDIDATES)
    )
    return query if reach is None else query.where(reach)


def _may_see(viewer: Viewer, held: FieldStanding) -> bool:
    return ColumnClass.PERSON in viewer.classes or (
        viewer.person_id is not None and held.value == str(viewer.person_id)
    )


def _line(
    held: FieldStanding, words: Mapping[tuple[Field, str], str], *, may: bool, options: tuple[tuple[str, str], ...]
) -> FieldLine:
    def shown(text: str | None) -> str:
        return "" if text is None else words.get((held.field, text), text)

    is_edited = held.edited is not None
    return FieldLine(
        field=held.field,
        label=LABELS[held.field],
        words=shown(held.value),
        source=shown(held.source),
        edited_by=held.edited_by if is_edited else "",
        edited_at=held.edited_at if is_edited else None,
        reason=held.reason if is_edited else "",
        news=held.news,
        value=held.value or "",
        version=held.version,
        may_edit=may,
        choices=options,
    )


def _is_late(standing: Standing, today: date, moment: datetime) -> bool:
    target = standing.fields[Field.TARGET_ON].value
    return target is not None and standing.status_at(moment) in {"open", "on_hold"} and today.isoformat() > target


def _subtitle(standing: Standing) -> str:
    opened = f"Opened {on_date(standing.opened_at.date())}" if standing.opened_at else "Not opened yet"
    openings = standing.number(Field.OPENINGS) or 0
    return f"{opened}, {number(standing.filled)} of {number(openings)} filled"


def _figures(standing: Standing, trace: ClockTrace, in_process: int, owed: int) -> tuple[Figure, ...]:
    clock = max(trace.clocks, key=lambda one: (one.state == "open", one.elapsed_seconds), default=None)
    goal = standing.number(Field.TARGET_DAYS)
    seats = len(trace.clocks)
    if clock is None:
        words = "No seat was open by then."
        return (Figure("Age, net", None, "days", words, 0), Figure("In process", in_process, "candidates", "", 1))
    net, gross = clock.value, clock.elapsed_seconds / _DAY_S
    held = timedelta(seconds=clock.skipped_seconds) / timedelta(days=1)
    status = None if goal is None else "off" if net > goal else "on"
    against = f"Target ≤ {goal}" if goal else "No target"
    return (
        Figure("Age, net", net, "days", f"{against}, {clock.subject}, {clock.state}", seats, status),
        Figure("Age, gross", gross, "days", f"{number(held, decimals=1)} held or frozen", seats),
        Figure("In process", in_process, "candidates", "counted", in_process),
        Figure("Feedback missing", owed, "", "owed by interviewers", owed),
    )


def _behind(standing: Standing, as_of: datetime) -> str:
    """Says so when somebody has edited it since the batch."""
    edits = [held.edited_at for held in standing.fields.values() if held.edited_at]
    if any(at > as_of for at in edits):
        return "Edited since this batch: the course and the figures below follow with the next one."
    return ""
