"""What follows from the whole rather than from one record: seats nobody listed, who fills a seat, the first owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from services.ingest import bulk
from services.ingest.changes import write_changes
from services.store.database import Store
from services.store.tables import (
    Application,
    OfferVersion,
    Opening,
    Requisition,
    RequisitionOwner,
    RequisitionStatusInterval,
)
from services.store.types import SQLITE_FORMAT

DERIVED = "derived:"
"""Prefix of the external id of a seat that the source does not list."""
REQUISITIONS_AT_A_TIME = 200
ROWS_AT_A_TIME = 1_500
_ENDED = frozenset({"cancelled", "closed", "filled"})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a few requisitions still need."""

    seats: list[Row]
    stale_seat_ids: list[int]
    owners: list[Row]
    requisition_ids: list[int]


def settle_requisitions(store: Store, system: str) -> None:
    """Bring seats and first owners of every requisition of ``system`` in step. Changes nothing when nothing is missing.

    A requisition without listed seats gets one, or one per hire if it has more hires. A listed seat with an application
    is filled when that application's offer was accepted, and is open again if the acceptance was undone.
    """
    with store.read() as connection:
        query = select(Requisition.id).where(Requisition.source_system == system).order_by(Requisition.id)
        ids = list(connection.scalars(query))
    for start in range(0, len(ids), REQUISITIONS_AT_A_TIME):
        with store.read() as connection:
            settlement = _settlement(connection, system, ids[start : start + REQUISITIONS_AT_A_TIME])
        _write(store, settlement)


def _write(store: Store, settlement: Settlement) -> None:
    pending = [*settlement.seats]
    while pending or settlement.owners or settlement.stale_seat_ids:
        part, pending = pending[:ROWS_AT_A_TIME], pending[ROWS_AT_A_TIME:]
        with store.write() as connection:
            bulk.prepare(connection)
            bulk.upsert(connection, _table(Opening), part, ("source_system", "external_id"))
            if settlement.stale_seat_ids:
                connection.execute(delete(Opening).where(Opening.id.in_(settlement.stale_seat_ids)))
            bulk.upsert(connection, _table(RequisitionOwner), settlement.owners)
            write_changes(connection, "requisition", settlement.requisition_ids)
        settlement = Settlement(pending, [], [], settlement.requisition_ids)


def _settlement(connection: Connection, system: str, ids: Sequence[int]) -> Settlement:
    requisitions = connection.execute(
        select(
            Requisition.id,
            Requisition.external_id,
            Requisition.opened_at,
            Requisition.recruiter_id,
            Requisition.hiring_manager_id,
        ).where(Requisition.id.in_(ids))
    ).all()
    seats = _seats(connection, ids)
    accepted = _acceptances(connection, ids, seats)
    hires = _hires(connection, ids, accepted)
    ended = _ended_at(connection, ids)
    changed: list[Row] = []
    stale: list[int] = []
    touched: list[int] = []
    for requisition in requisitions:
        known = seats.get(requisition.id, [])
        listed = [seat for seat in known if not seat["external_id"].startswith(DERIVED)]
        derived = [seat for seat in known if seat["external_id"].startswith(DERIVED)]
        if listed:
            wanted = [_filled_as_accepted(seat, accepted) for seat in listed]
            gone = derived
        else:
            wanted = _derived_seats(system, requisition, hires.get(requisition.id, []), ended.get(requisition.id))
            keys = {seat["external_id"] for seat in wanted}
            gone = [seat for seat in derived if seat["external_id"] not in keys]
        before = {seat["external_id"]: _comparable(seat) for seat in known}
        fresh = [seat for seat in wanted if before.get(seat["external_id"]) != _comparable(seat)]
        changed.extend({**_comparable(seat), "source_system": system} for seat in fresh)
        stale.extend(seat["id"] for seat in gone)
        if fresh or gone:
            touched.append(requisition.id)
    owners = _first_owners(connection, requisitions)
    touched.extend(owner["requisition_id"] for owner in owners)
    return Settlement(changed, stale, owners, sorted(set(touched)))


_SEAT_COLUMNS = ("external_id", "requisition_id", "opened_at", "filled_at", "cancelled_at", "application_id")


def _comparable(seat: Mapping[str, Any]) -> Row:
    return {name: seat[name] for name in _SEAT_COLUMNS}


def _seats(connection: Connection, ids: Sequence[int]) -> dict[int, list[Row]]:
    query = select(
        Opening.id,
        Opening.external_id,
        Opening.requisition_id,
        Opening.opened_at,
        Opening.filled_at,
        Opening.cancelled_at,
        Opening.application_id,
    ).where(Opening.requisition_id.in_(ids))
    found: dict[int, list[Row]] = {}
    for row in connection.execute(query).mappings():
        seat: Row = {name: _text(value) if name.endswith("_at") else value for name, value in row.items()}
        found.setdefault(seat["requisition_id"], []).append(seat)
    return found


def _acceptances(
    connection: Connection, ids: Sequence[int], seats: Mapping[int, Sequence[Row]]
) -> dict[int, str | None]:
    """Application id to the moment of its standing acceptance; None where an acceptance was undone."""
    linked = {seat["application_id"] for batch in seats.values() for seat in batch if seat["application_id"]}
    query = select(
        OfferVersion.application_id, OfferVersion.answered_at, OfferVersion.extended_at, OfferVersion.undone_at
    ).join(Application, Application.id == OfferVersion.application_id)
    query = query.where(
        OfferVersion.answer == "accepted",
        Application.requisition_id.in_(ids) | Application.id.in_(linked),
    ).order_by(OfferVersion.extended_at)
    found: dict[int, str | None] = {}
    for application, answered, extended, undone in connection.execute(query):
        found[application] = None if undone else _text(answered or extended)
    return found


def _hires(
    connection: Connection, ids: Sequence[int], accepted: Mapping[int, str | None]
) -> dict[int, list[tuple[str, int]]]:
    query = select(Application.requisition_id, Application.id, Application.ended_at).where(
        Application.requisition_id.in_(ids), Application.outcome == "hired", Application.is_test.is_(False)
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for requisition, application, ended in connection.execute(query):
        at = accepted.get(application, _text(ended))
        if at is not None and requisition is not None:
            found.setdefault(requisition, []).append((at, application))
    return {requisition: sorted(hired) for requisition, hired in found.items()}


def _ended_at(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Since when a requisition has been over for good."""
    table = RequisitionStatusInterval
    query = select(table.requisition_id, func.min(table.from_at)).where(
        table.requisition_id.in_(ids), table.to_at.is_(None), table.status.in_(_ENDED)
    )
    return {number: _text(at) or "" for number, at in connection.execute(query.group_by(table.requisition_id))}


def _derived_seats(system: str, requisition: Any, hires: Sequence[tuple[str, int]], ended_at: str | None) -> list[Row]:
    opened = _text(requisition.opened_at)
    if opened is None:
        return []
    seats: list[Row] = []
    for position in range(max(1, len(hires))):
        filled, application = hires[position] if position < len(hires) else (None, None)
        seats.append({
            "source_system": system,
            "external_id": f"{DERIVED}{requisition.external_id}"[:190] + f"#{position + 1}",
            "requisition_id": requisition.id,
            "opened_at": opened,
            "filled_at": filled,
            "cancelled_at": None if filled else ended_at,
            "application_id": application,
        })  # fmt: skip
    return seats


def _filled_as_accepted(seat: Row, accepted: Mapping[int, str | None]) -> Row:
    application = seat["application_id"]
    return {**seat, "filled_at": accepted[application]} if application in accepted else seat


def _first_owners(connection: Connection, requisitions: Sequence[Any]) -> list[Row]:
    """The requisition's recruiter and manager own it from its opening when the source gives no history."""
    ids = [requisition.id for requisition in requisitions]
    query = select(RequisitionOwner.requisition_id, RequisitionOwner.part).where(
        RequisitionOwner.requisition_id.in_(ids)
    )
    known = {(number, part) for number, part in connection.execute(query)}
    return [
        {
            "requisition_id": requisition.id,
            "person_id": person,
            "part": part,
            "from_at": _text(requisition.opened_at),
            "to_at": None,
        }
        for requisition in requisitions
        for part, person in (("recruiter", requisition.recruiter_id), ("hiring_manager", requisition.hiring_manager_id))
        if person is not None and requisition.opened_at is not None and (requisition.id, part) not in known
    ]


def _text(moment: Any) -> str | None:
    return moment.strftime(SQLITE_FORMAT) if moment is not None else None


def _table(mapped: Any) -> Any:
    return mapped.__table__
