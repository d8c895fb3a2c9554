"""When requisitions' clocks stand still: the mart's rule, from the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from services.domain.business_time import Calendar
from services.domain.intervals import FOREVER, Interval, instant_of, seconds_of, union
from services.store.instants import InstantText, instant_of_text
from services.store.tables import Department, Freeze, FreezeExemption
from services.store.types import SQLITE_FORMAT

Row = tuple[Any, ...]
History = Sequence[tuple[str, str, str | None]]
"""(status, from, to) in order."""
STOP_COLUMNS = ("requisition_id", "from_at", "to_at", "from_business_days", "to_business_days")
RUNNING = frozenset({"open", "on_hold"})


def days_at(calendars: Mapping[int, Calendar], calendar_id: int, at: int) -> float | None:
    """Where an instant stands on a calendar's axis; None outside the years that calendars cover."""
    try:
        return calendars[calendar_id].position(at).days
    except (KeyError, ValueError):
        return None


def stops_of(
    connection: Connection,
    roles: Mapping[int, Mapping[str, Any]],
    statuses: Mapping[int, History],
    paused: Mapping[int, Sequence[tuple[str, str, str | None]]],
    calendars: Mapping[int, Calendar],
) -> dict[int, tuple[Row, ...]]:
    """By requisition: on hold, frozen, or between a cancellation and a re-opening; disjoint, in order.

    ``roles``: dimensions and calendar of each requisition by column name; ``paused``: (kind, from, to) as edited here.
    """
    frozen = _freezes(connection, roles)
    found: dict[int, tuple[Row, ...]] = {}
    for number, role in roles.items():
        frozen_here = [_interval(start, end) for kind, start, end in paused.get(number, ()) if kind == "freeze"]
        parts = [*_paused(statuses.get(number, ())), *frozen.get(number, ()), *frozen_here]
        rows = tuple(_stop_row(number, part, calendars, role["calendar_id"]) for part in union(parts))
        if rows:
            found[number] = rows
    return found


def _paused(history: History) -> list[Interval]:
    last = max((start for status, start, _ in history if status in RUNNING), default=None)
    return [
        _interval(start, end)
        for status, start, end in history
        if status == "on_hold" or (status in {"cancelled", "closed"} and last is not None and start < last)
    ]


def _interval(start: str, end: str | None) -> Interval:
    return Interval(seconds_of(instant_of_text(start)), FOREVER if end is None else seconds_of(instant_of_text(end)))


def _stop_row(number: int, part: Interval, calendars: Mapping[int, Calendar], calendar_id: int) -> Row:
    is_over = part.end != FOREVER
    until = instant_of(part.end).strftime(SQLITE_FORMAT) if is_over else None
    on_axis = days_at(calendars, calendar_id, part.end) if is_over else None
    start = instant_of(part.start).strftime(SQLITE_FORMAT)
    return (number, start, until, days_at(calendars, calendar_id, part.start), on_axis)


def _freezes(connection: Connection, roles: Mapping[int, Mapping[str, Any]]) -> dict[int, list[Interval]]:
    freezes = connection.execute(
        select(
            Freeze.id, Freeze.scope, Freeze.scope_value, InstantText(Freeze.from_at), InstantText(Freeze.to_at)
        ).order_by(Freeze.id)
    ).all()
    if not freezes:
        return {}
    exempt = set(connection.execute(select(FreezeExemption.freeze_id, FreezeExemption.requisition_id)))
    parents = dict(connection.execute(select(Department.id, Department.parent_id)).all())
    found: dict[int, list[Interval]] = defaultdict(list)
    for number, scope, value, start, end in freezes:
        part = _interval(start, end)
        for requisition_id, role in roles.items():
            if _is_hit(scope, value, role, parents) and (number, requisition_id) not in exempt:
                found[requisition_id].append(part)
    return found


def _is_hit(scope: str, value: str | None, own: Mapping[str, Any], parents: Mapping[int, int | None]) -> bool:
    if scope == "company":
        return True
    if scope == "country":
        return own["country"] is not None and own["country"] == value
    if value is None or not value.strip().lstrip("+-").isdigit():
        return False
    if scope == "department":
        return int(value) in _way_up(own["department_id"], parents)
    column = {"job_family": "job_family_id", "requisition": "requisition_id"}.get(scope)
    return column is not None and own[column] == int(value)


def _way_up(department_id: int | None, parents: Mapping[int, int | None]) -> set[int]:
    seen: set[int] = set()
    at = department_id
    while at is not None and at not in seen:
        seen.add(at)
        at = parents.get(at)
    return seen
