"""Stage visits of an application, replaced as a set: the same events give the same visits in any order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from services.ingest import bulk
from services.store.tables import Application, OfferVersion, PipelineStage, StageVisit
from services.store.types import SQLITE_FORMAT

COLUMN_KEY = "column:"
"""Events from a row with a date column per stage: the row states all of them, so an emptied date removes its visit.

With nothing behind it, it is the key of the row that says that all of them are empty.
"""

_VISIT = ("application_id", "external_id", "stage_id", "entered_at", "left_at", "exited_at")


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
        self._stale: list[int] = []
        self._fresh: list[tuple[int | str | None, ...]] = []

    def apply(
        self,
        connection: Connection,
        events: Mapping[int, Sequence[StageEvent]],
        emptied: Collection[int] = frozenset(),
    ) -> None:
        """Merge ``events`` (by application id) into what is known, and write what differs.

        ``emptied``: applications whose row of date columns holds no date any more.
        """
        known = _known_visits(connection, events)
        stages = {event.stage_id for batch in events.values() for event in batch}
        self._load_order(
            connection, stages | {visit.stage_id for visits in known.values() for visit in visits.values()}
        )
        ended = _ended(connection, events)
        for number, fresh in events.items():
            visits = known.get(number)
            merged = _merged(visits.values(), fresh, emptied=number in emptied) if visits else fresh
            self._compare(number, visits or {}, derive_visits(merged, self._order, ended.get(number)))
        self._write(connection)

    def settle(self, connection: Connection, application_ids: Iterable[int]) -> None:
        """After applications or offers changed: date hires by their acceptance, close or open last visits."""
        wanted = set(application_ids)
        if not wanted:
            return
        _date_hires(connection, wanted)
        known = _known_visits(connection, wanted)
        self._load_order(connection, {visit.stage_id for visits in known.values() for visit in visits.values()})
        ended = _ended(connection, wanted)
        for number, visits in known.items():
            self._compare(number, visits, derive_visits(visits.values(), self._order, ended.get(number)))
        self._write(connection)

    def _load_order(self, connection: Connection, stages: set[int]) -> None:
        table = PipelineStage.__table__
        missing = {stage for stage in stages if stage not in self._order}
        rows = bulk.lookup(connection, [table.c.id, table.c.sort_order], table.c.id.is_not(None), table.c.id, missing)
        self._order.update({int(number): int(position) for number, position in rows})

    def _compare(self, number: int, known: Mapping[int, StageEvent], after: Iterable[StageEvent]) -> None:
        """Only visits that differ are written: one move of an application touches two rows, not all."""
        if not known:
            self._fresh.extend([(number, *visit) for visit in after])
            return
        wanted = set(after)
        self._stale.extend(visit_id for visit_id, visit in known.items() if visit not in wanted)
        self._fresh.extend((number, *visit) for visit in wanted.difference(known.values()))

    def _write(self, connection: Connection) -> None:
        stale, fresh = self._stale, sorted(self._fresh, key=itemgetter(0, 3)) if self._stale else self._fresh
        self._stale, self._fresh = [], []
        if stale:
            connection.execute(delete(StageVisit).where(bulk.among(connection, StageVisit.id, stale)))
        bulk.upsert_values(connection, StageVisit.__table__, _VISIT, fresh)  # type: ignore[arg-type]


def _merged(known: Iterable[StageEvent], fresh: Sequence[StageEvent], *, emptied: bool) -> list[StageEvent]:
    keys = {event.key for event in fresh}
    whole = emptied or any(key.startswith(COLUMN_KEY) for key in keys)
    kept = [visit for visit in known if visit.key not in keys and not (whole and visit.key.startswith(COLUMN_KEY))]
    return [*kept, *fresh]


def _known_visits(connection: Connection, application_ids: Iterable[int]) -> dict[int, dict[int, StageEvent]]:
    """By application id and visit id."""
    table = StageVisit.__table__
    names = ("application_id", "id", "external_id", "stage_id", "entered_at", "left_at", "exited_at")
    key = table.c.application_id
    rows = bulk.lookup(connection, [table.c[name] for name in names], key.is_not(None), key, application_ids)
    known: dict[int, dict[int, StageEvent]] = {}
    for number, visit_id, event_key, stage, entered, left, exited in rows:
        event = StageEvent(event_key or f"#{visit_id}", stage, _text(entered) or "", _text(left), _text(exited))
        known.setdefault(number, {})[visit_id] = event
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
