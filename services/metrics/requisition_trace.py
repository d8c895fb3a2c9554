"""The clocks of a requisition's seats, and what traces of every kind share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.clock_traces import Stop, TracedClock, TraceStep, pieces, step
from services.domain.errors import InvalidInputError
from services.domain.intervals import FOREVER, Interval, instant_of, seconds_of
from services.domain.metric import Unit
from services.domain.people import ColumnClass, Viewer
from services.mart.schema import dim_department, dim_job_family, dim_requisition, fact_seat, requisition_stop
from services.metrics.agreed_places import agreed_offices
from services.metrics.estimators import to_grid
from services.metrics.scope import within

OPEN_TIME = "open"
TENTHS_PER_DAY = 10
_STOP_WORDS = {"hold": "requisition on hold", "gap": "between cancellation and re-opening"}
_LARGEST_ID = 2**63 - 1


class Snapshot(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...


class Reader(Protocol):
    """The part of ``services.mart.reader.MartReader`` that is used here."""

    def hold(self) -> AbstractContextManager[Snapshot]: ...

    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...


class DayNames(Protocol):
    """Why a local day has no working hours: the name of a holiday, "weekend", or "day off" where it is not known."""

    def reason_off(self, calendar_id: int, on: date, /) -> str: ...


class Asked(NamedTuple):
    """Which one, by whom, until when (naive UTC)."""

    key: str
    viewer: Viewer
    as_of: datetime
    reader: Reader
    names: DayNames


Made = tuple[int, str, tuple[TracedClock, ...], tuple[str, ...]]
"""Id, title, clocks, remarks."""


def trace_requisition(asked: Asked) -> Made | None:
    """A clock for each seat, from its first opening to the acceptance that fills it, or until as-of."""
    found = _requisition(asked)
    if found is None:
        return None
    requisition_id, title, zone = found
    stops = stops_of(asked.reader, requisition_id)
    clocks = tuple(_seat_clock(row, stops, zone, asked.as_of) for row in _seats(asked, requisition_id))
    valid = tuple(clock for clock in clocks if clock is not None)
    remarks = [] if clocks else ["No seat was open by then."]
    if len(valid) < len(clocks):
        remarks.append("A seat that ended before it was opened is left out of every figure; see data health.")
    return requisition_id, title, valid, tuple(remarks)


def _requisition(asked: Asked) -> tuple[int, str, str] | None:
    columns = dim_requisition.c
    named = [column == asked.key for column in (columns.code, columns.external_id, columns.title)]
    number = as_id(asked.key)
    found = _first(asked, [columns.requisition_id == number]) if number is not None else []
    rows = found or _first(asked, [sa.or_(*named)])
    if len(rows) > 1:
        raise InvalidInputError(f"{len(rows)} requisitions are called {asked.key[:80]!r}. Name one by its number.")
    return rows[0] if rows else None


def _first(asked: Asked, conditions: list[Any]) -> list[tuple[int, str, str]]:
    columns, reach = dim_requisition.c, within(asked.viewer.scope, dim_requisition)
    query = sa.select(columns.requisition_id, columns.code, columns.title, columns.timezone).where(*conditions)
    rows = asked.reader.execute(query if reach is None else query.where(reach))
    return [(row[0], requisition_title(row[1], row[2], row[0]), row[3] or "UTC") for row in rows]


def requisition_title(code: str | None, title: str | None, number: int) -> str:
    return " ".join(part for part in dict.fromkeys((code, title)) if part) or f"requisition {number}"


def _seats(asked: Asked, requisition_id: int) -> list[tuple[Any, ...]]:
    seat = fact_seat.c
    query = (
        sa.select(seat.seat_id, seat.opened_at, seat.filled_at, seat.cancelled_at, seat.evergreen_at)
        .where(seat.requisition_id == requisition_id, seat.opened_at <= asked.as_of)
        .order_by(seat.opened_at, seat.seat_id)
    )
    return asked.reader.execute(query)


def stops_of(reader: Reader, requisition_id: int) -> tuple[Stop, ...]:
    """Every stop of a requisition by itself, with the words of its rule."""
    columns = requisition_stop.c
    query = (
        sa.select(columns.kind, columns.scope, columns.scope_value, columns.from_at, columns.to_at)
        .where(columns.requisition_id == requisition_id)
        .order_by(columns.from_at, columns.kind)
    )
    rows = reader.execute(query)
    names = _places(reader) if any(row[0] == "freeze" for row in rows) else {}
    return tuple(
        Stop(
            Interval(instant(from_at), FOREVER if to_at is None else instant(to_at)), _words(kind, scope, value, names)
        )
        for kind, scope, value, from_at, to_at in rows
    )


def _interval(from_at: datetime, to_at: datetime | None) -> Interval:
    return Interval(instant(from_at), FOREVER if to_at is None else instant(to_at))


def _places(reader: Reader) -> dict[tuple[str, str], str]:
    """Names of departments and job families: (scope, id as text) to name."""
    department, family = dim_department.c, dim_job_family.c
    found = {
        ("department", str(row[0])): row[1]
        for row in reader.execute(sa.select(department.department_id, department.name))
    }
    families = reader.execute(sa.select(family.job_family_id, family.name))
    return found | {("job_family", str(row[0])): row[1] for row in families}


def _words(kind: str, scope: str | None, value: str | None, names: Mapping[tuple[str, str], str]) -> str:
    if kind != "freeze":
        return _STOP_WORDS[kind]
    match scope:
        case "company":
            return "hiring freeze of the company"
        case "requisition":
            return "hiring freeze of this requisition"
        case _:
            place = names.get((scope or "", value or ""), value)
            return f"hiring freeze of {str(scope).replace('_', ' ')} {place}"


def _seat_clock(row: tuple[Any, ...], stops: Iterable[Stop], zone: str, as_of: datetime) -> TracedClock | None:
    seat_id, opened_at, filled_at, cancelled_at, evergreen_at = row
    if filled_at is not None and filled_at <= as_of:
        state, end = "filled", filled_at
    elif cancelled_at is not None and cancelled_at <= as_of:
        state, end = "cancelled", cancelled_at
    else:
        state, end = "open", as_of
    whole = Interval(instant(opened_at), instant(end))
    if whole.end < whole.start:
        return None
    steps = stopped_steps(whole, stops, ZoneInfo(zone))
    counted = sum(one.seconds for one in steps if one.counted)
    remarks = (
        ["made for an offer (evergreen): left out of time to fill"] if evergreen_at and evergreen_at <= as_of else []
    )
    value = to_grid(counted) / TENTHS_PER_DAY
    return TracedClock("time_to_fill", f"seat {seat_id}", state, zone, steps, value, Unit.DAYS, tuple(remarks))


def stopped_steps(whole: Interval, stops: Iterable[Stop], zone: ZoneInfo) -> tuple[TraceStep, ...]:
    """The clock of a requisition: it runs wherever nothing stops it. An overlap is skipped once and names both."""
    return tuple(
        step(piece.interval, zone, " and ".join(piece.reasons) or OPEN_TIME, counted=not piece.reasons)
        for piece in pieces(whole, stops)
    )


def reach(asked: Asked, table: sa.Table, *, needs: ColumnClass) -> list[sa.ColumnElement[bool]] | None:
    """Conditions on what the viewer may see of single people; None = nothing of this class.

    Where a works agreement is in force a single case is not shown to anybody else.
    """
    if needs not in asked.viewer.classes:
        return None
    limit, agreed = within(asked.viewer.scope, table), asked.viewer.scope.agreed
    found = [] if limit is None else [limit]
    if agreed.is_anywhere:
        found.append(sa.func.coalesce(table.c.office_id, 0).not_in(agreed_offices(agreed)))
    return found


def as_id(key: str) -> int | None:
    return int(key) if key.isascii() and key.isdigit() and int(key) <= _LARGEST_ID else None


def instant(naive: datetime) -> int:
    """Seconds since 1970 of the mart's naive UTC."""
    return seconds_of(naive.replace(tzinfo=UTC))


def at(seconds: int) -> datetime:
    """The mart's naive UTC."""
    return instant_of(seconds).replace(tzinfo=None)
