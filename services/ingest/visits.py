"""Stage visits of an application, replaced as a set: the same events give the same visits in any order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from services.ingest import bulk
from services.store.tables import Application, OfferVersion, PipelineStage, StageVisit
from services.store.types import SQLITE_FORMAT

COLUMN_KEY = "column:"
"""Events from a row with a date column per stage: the row states all of them, so an emptied date removes its visit."""

_VISIT = ("application_id", "stage_id", "entered_at", "exited_at", "external_id", "left_at")


class StageEvent(NamedTuple):
    """An application entered a stage. ``left_at`` None = the source does not say when it left."""

    key: str
    stage_id: int
    entered_at: str
    left_at: str | None
    exited_at: str | None = None


def derive_visits(events: Iterable[StageEvent], order: Mapping[int, int], ended_at: str | None) -> list[StageEvent]:
    """Visits in order: each ends when the source says so, else with the next one, else with the application."""
    keyed = [(event.entered_at, order.get(event.stage_id, 0), event.key, event) for event in events]
    keyed.sort()
    visits = [event for *_, event in keyed]
    following = [*[event.entered_at for event in visits[1:]], ended_at][: len(visits)]
    return [StageEvent(*event[:4], event.left_at or until) for event, until in zip(visits, following, strict=True)]


class VisitWriter:
    """Writes the visits of whole applications inside the caller's transaction."""

    def __init__(self) -> None:
        self._order: dict[int, int] = {}

    def apply(self, connection: Connection, events: Mapping[int, Sequence[StageEvent]]) -> None:
        """Merge ``events`` (by application id) into what is known, and replace the sets that change."""
        known = _known_events(connection, events)
        self._load_order(connection, {event.stage_id for batch in events.values() for event in batch})
        ended = _ended(connection, events)
        self._replace(connection, known, {
            number: derive_visits(_merged(known.get(number, ()), fresh), self._order, ended.get(number))
            for number, fresh in events.items()
        })  # fmt: skip

    def settle(self, connection: Connection, application_ids: Iterable[int]) -> None:
        """After applications or offers changed: date hires by their acceptance, close or open last visits."""
        wanted = set(application_ids)
        if not wanted:
            return
        _date_hires(connection, wanted)
        known = _known_events(connection, wanted)
        self._load_order(connection, {event.stage_id for events in known.values() for event in events})
        ended = _ended(connection, wanted)
        self._replace(connection, known, {
            number: derive_visits(events, self._order, ended.get(number)) for number, events in known.items()
        })  # fmt: skip

    def _load_order(self, connection: Connection, stages: set[int]) -> None:
        table = PipelineStage.__table__
        missing = {stage for stage in stages if stage not in self._order}
        rows = bulk.lookup(connection, [table.c.id, table.c.sort_order], table.c.id.is_not(None), table.c.id, missing)
        self._order.update({int(number): int(position) for number, position in rows})

    def _replace(
        self,
        connection: Connection,
        known: Mapping[int, Sequence[StageEvent]],
        visits: Mapping[int, Sequence[StageEvent]],
    ) -> None:
        changed = [number for number, after in visits.items() if list(known.get(number, ())) != list(after)]
        stale = [number for number in changed if known.get(number)]
        if stale:
            connection.execute(delete(StageVisit).where(bulk.among(connection, StageVisit.application_id, stale)))
        rows = [
            (number, visit.stage_id, visit.entered_at, visit.exited_at, visit.key, visit.left_at)
            for number in changed
            for visit in visits[number]
        ]
        bulk.upsert_values(connection, StageVisit.__table__, _VISIT, rows)  # type: ignore[arg-type]


def _merged(known: Sequence[StageEvent], fresh: Sequence[StageEvent]) -> Sequence[StageEvent]:
    if not known:
        return fresh
    keys = {event.key for event in fresh}
    whole = any(key.startswith(COLUMN_KEY) for key in keys)
    kept = [
        event._replace(exited_at=None)
        for event in known
        if event.key not in keys and not (whole and event.key.startswith(COLUMN_KEY))
    ]
    return [*kept, *fresh]


def _known_events(connection: Connection, application_ids: Iterable[int]) -> dict[int, list[StageEvent]]:
    table = StageVisit.__table__
    names = ("application_id", "external_id", "stage_id", "entered_at", "left_at", "exited_at", "id")
    columns = [table.c[name] for name in names]
    key = table.c.application_id
    rows = bulk.lookup(connection, columns, key.is_not(None), key, application_ids)
    known: dict[int, list[StageEvent]] = {}
    for number, event_key, stage, entered, left, exited, visit_id in sorted(rows, key=itemgetter(0, 6)):
        event = StageEvent(event_key or f"#{visit_id}", stage, _text(entered) or "", _text(left), _text(exited))
        known.setdefault(number, []).append(event)
    return known


def _ended(connection: Connection, application_ids: Iterable[int]) -> dict[int, str | None]:
    table = Application.__table__
    rows = bulk.lookup(
        connection, [table.c.id, table.c.ended_at], table.c.outcome.is_not(None), table.c.id, application_ids
    )
    return {int(number): _text(ended) for number, ended in rows}


def _date_hires(connection: Connection, application_ids: set[int]) -> None:
    """A hired application ended when its offer was accepted, whatever time the source gives."""
    accepted = (
        select(OfferVersion.application_id, func.max(OfferVersion.answered_at).label("at"))
        .where(
            bulk.among(connection, OfferVersion.application_id, application_ids),
            OfferVersion.answer == "accepted",
            OfferVersion.undone_at.is_(None),
        )
        .group_by(OfferVersion.application_id)
        .subquery()
    )
    query = (
        select(Application.id, Application.ended_at, accepted.c.at)
        .join(accepted, accepted.c.application_id == Application.id)
        .where(Application.outcome == "hired")
    )
    rows = [
        {"id": number, "ended_at": _text(at)}
        for number, ended, at in connection.execute(query)
        if at is not None and at != ended
    ]
    bulk.update_where(connection, Application.__table__, rows, "id")  # type: ignore[arg-type]


def _text(moment: object) -> str | None:
    return moment.strftime(SQLITE_FORMAT) if hasattr(moment, "strftime") else None
