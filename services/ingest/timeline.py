"""A requisition's status intervals and owners, from what the source says of them piece by piece."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, select

from services.domain.pipeline import RequisitionStatus
from services.ingest import bulk
from services.ingest.records import Scalar
from services.store.tables import Requisition, RequisitionOwner, RequisitionStatusInterval, SourceRecord
from services.store.types import SQLITE_FORMAT

HOLD = RequisitionStatus.ON_HOLD.value
_ACTIVE = frozenset({RequisitionStatus.OPEN.value, HOLD})


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open; ``to_at`` None = still."""

    status: str
    from_at: str
    to_at: str | None
    reason: str | None = None


def base_timeline(opened_at: str | None, closed_at: str | None, status: str | None) -> list[Interval]:
    """What a requisition record alone says: open from its opening until its end, and then what it ended as."""
    if opened_at is None:
        return []
    if closed_at is None:
        return [Interval(RequisitionStatus.OPEN, opened_at, None)]
    last = status if status and status != RequisitionStatus.OPEN else RequisitionStatus.CLOSED.value
    return [Interval(RequisitionStatus.OPEN, opened_at, closed_at), Interval(last, closed_at, None)]


def stated_timeline(intervals: Iterable[Interval]) -> list[Interval]:
    """Rows of a status history, gap-free: each lasts until the next begins."""
    latest: dict[str, Interval] = {}
    for interval in intervals:
        latest[interval.from_at] = interval
    ordered = [latest[start] for start in sorted(latest)]
    followed = [replace(one, to_at=following.from_at) for one, following in itertools.pairwise(ordered)]
    return [*followed, *ordered[-1:]]


def with_holds(timeline: Sequence[Interval], holds: Iterable[Interval]) -> list[Interval]:
    """``timeline`` with holds laid over its open stretches (a hold that starts outside one is cut to it)."""
    ordered = sorted(holds, key=lambda interval: interval.from_at)
    # all of them first: one that is gone or shorter now must not cut what is laid before its turn
    for hold in ordered:
        timeline = _without_hold(timeline, hold.from_at)
    for hold in ordered:
        timeline = _overlay(timeline, hold)
    return list(timeline)


def _without_hold(timeline: Sequence[Interval], from_at: str) -> list[Interval]:
    opened = [
        replace(one, status=RequisitionStatus.OPEN.value, reason=None)
        if one.status == HOLD and one.from_at == from_at
        else one
        for one in timeline
    ]
    joined: list[Interval] = []
    for one in opened:
        if joined and joined[-1].status == one.status == RequisitionStatus.OPEN and joined[-1].to_at == one.from_at:
            joined[-1] = replace(joined[-1], to_at=one.to_at)
        else:
            joined.append(one)
    return joined


def _overlay(timeline: Sequence[Interval], hold: Interval) -> list[Interval]:
    """``hold`` laid over what is active, each hold in one piece from its own beginning, by which it is known later on.

    Of two that overlap, the one that begins later goes on alone if it lasts longer, and adds nothing if it does not.
    """
    held = [one for one in timeline if one.status == HOLD]
    covered = hold.from_at
    for one in held:
        if one.from_at <= covered:
            covered = max(covered, _end(one))
    if covered >= _end(hold):
        return list(timeline)
    longer = (one.from_at for one in held if hold.from_at < one.from_at < _end(hold) < _end(one))
    until = min(longer, default=_end(hold))
    laid: list[Interval] = []
    for one in timeline:
        start = max(one.from_at, hold.from_at)
        end = min(_end(one), until)
        if one.status not in _ACTIVE or start >= end:
            laid.append(one)
            continue
        if one.from_at < start:
            laid.append(replace(one, to_at=start))
        piece = Interval(HOLD, start, None if end == _OPEN_END else end, hold.reason)
        goes_on = (
            bool(laid) and hold.from_at <= laid[-1].from_at and laid[-1].status == HOLD and laid[-1].to_at == start
        )
        if goes_on:
            laid[-1] = replace(laid[-1], to_at=piece.to_at)
        else:
            laid.append(piece)
        if end < _end(one):
            laid.append(replace(one, from_at=end))
    return laid


_OPEN_END = "9999"


def _end(interval: Interval) -> str:
    return interval.to_at or _OPEN_END


class TimelineWriter:
    """Keeps requisition_status and requisition.opened_at in step, inside the caller's transaction."""

    def __init__(self, system: str) -> None:
        self._system = system

    def apply_base(
        self, connection: Connection, rows: Mapping[int, Mapping[str, Scalar]], keys: Mapping[int, str]
    ) -> None:
        """From requisition records; a requisition whose history was stated row by row keeps it."""
        stated = _with_stated_history(connection, self._system, keys)
        known = _known(connection, rows)
        fresh: dict[int, list[Interval]] = {}
        for number, values in rows.items():
            if number in stated or not {"opened_at", "closed_at", "status"} & set(values):
                continue
            holds = [one for one in known.get(number, ()) if one.status == HOLD]
            base = base_timeline(
                _str(values.get("opened_at")), _str(values.get("closed_at")), _str(values.get("status"))
            )
            fresh[number] = with_holds(base, holds)
        self._replace(connection, known, fresh)

    def apply_stated(self, connection: Connection, rows: Mapping[int, Sequence[Interval]]) -> None:
        """From rows of a status history: merged with rows stated before, by their beginning."""
        known = _known(connection, rows)
        stated = _with_history_ids(connection, self._system, rows)
        fresh = {
            number: stated_timeline([*(known.get(number, ()) if number in stated else ()), *intervals])
            for number, intervals in rows.items()
        }
        self._replace(connection, known, fresh)

    def apply_holds(self, connection: Connection, rows: Mapping[int, Sequence[Interval]]) -> set[int]:
        """Lay holds over what is known; returns the requisitions that were not held like this before."""
        known = _known(connection, rows)
        return self._replace(
            connection, known, {number: with_holds(known.get(number, ()), holds) for number, holds in rows.items()}
        )

    def _replace(
        self,
        connection: Connection,
        known: Mapping[int, Sequence[Interval]],
        fresh: Mapping[int, Sequence[Interval]],
    ) -> set[int]:
        changed = [number for number, after in fresh.items() if list(known.get(number, ())) != list(after)]
        if not changed:
            return set()
        table = RequisitionStatusInterval
        connection.execute(delete(table).where(table.requisition_id.in_(changed)))
        rows: list[dict[str, Any]] = [
            {
                "requisition_id": number,
                "status": one.status,
                "from_at": one.from_at,
                "to_at": one.to_at,
                "reason": one.reason,
            }
            for number in changed
            for one in fresh[number]
        ]
        bulk.upsert(connection, table.__table__, rows)  # type: ignore[arg-type]
        openings: list[bulk.BulkRow] = [
            {"id": number, "opened_at": _first_opening(fresh[number])} for number in changed
        ]
        bulk.update_where(connection, Requisition.__table__, openings, "id")  # type: ignore[arg-type]
        return set(changed)


def _first_opening(timeline: Sequence[Interval]) -> str | None:
    return min((one.from_at for one in timeline if one.status in _ACTIVE), default=None)


def _known(connection: Connection, requisition_ids: Iterable[int]) -> dict[int, list[Interval]]:
    table = RequisitionStatusInterval
    query = (
        select(table.requisition_id, table.status, table.from_at, table.to_at, table.reason)
        .where(table.requisition_id.in_(list(requisition_ids)))
        .order_by(table.requisition_id, table.from_at)
    )
    known: dict[int, list[Interval]] = {}
    for number, status, start, end, reason in connection.execute(query):
        interval = Interval(status, start.strftime(SQLITE_FORMAT), end.strftime(SQLITE_FORMAT) if end else None, reason)
        known.setdefault(number, []).append(interval)
    return known


def _with_stated_history(connection: Connection, system: str, keys: Mapping[int, str]) -> set[int]:
    """Requisitions with status rows of their own among the applied source records."""
    record = SourceRecord
    found = set()
    for number, key in keys.items():
        query = (
            select(record.id)
            .where(
                record.source_system == system,
                record.resource == "requisition_status",
                record.external_id >= f"{key}/",
                record.external_id < f"{key}0",  # "0" is the character after "/"
            )
            .limit(1)
        )
        if connection.execute(query).first() is not None:
            found.add(number)
    return found


def _with_history_ids(connection: Connection, system: str, ids: Iterable[int]) -> set[int]:
    table = Requisition
    rows = connection.execute(select(table.id, table.external_id).where(table.id.in_(list(ids)))).all()
    return _with_stated_history(connection, system, {row.id: row.external_id for row in rows})


def _str(value: Scalar) -> str | None:
    return value if isinstance(value, str) else None


def write_owners(connection: Connection, rows: Mapping[int, Sequence[Mapping[str, Scalar]]]) -> None:
    """Owner intervals, merged by person, part and beginning with those known."""
    table = RequisitionOwner
    query = select(table.requisition_id, table.person_id, table.part, table.from_at, table.to_at).where(
        table.requisition_id.in_(list(rows))
    )
    sets: dict[int, dict[tuple[Scalar, ...], Scalar]] = {number: {} for number in rows}
    for number, person, part, start, end in connection.execute(query):
        sets[number][person, part, start.strftime(SQLITE_FORMAT)] = end.strftime(SQLITE_FORMAT) if end else None
    for number, owners in rows.items():
        for owner in owners:
            key = (owner["person_id"], owner.get("part") or "recruiter", owner["from_at"])
            sets[number][key] = owner.get("to_at")
    connection.execute(delete(table).where(table.requisition_id.in_(list(rows))))
    fresh: list[bulk.BulkRow] = [
        {"requisition_id": number, "person_id": person, "part": part, "from_at": start, "to_at": end}
        for number, owners_of in sets.items()
        for (person, part, start), end in sorted(owners_of.items(), key=lambda item: (str(item[0][1]), str(item[0][2])))
    ]
    bulk.upsert(connection, table.__table__, fresh)  # type: ignore[arg-type]
