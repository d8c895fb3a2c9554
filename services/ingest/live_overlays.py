"""What people changed of requisitions here, laid over the source for the live lane: the mart's rule, in small."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from services.ingest import bulk
from services.ingest.live_stops import History
from services.store.instants import InstantText
from services.store.tables import RequisitionOverlay, RequisitionOwner, RequisitionOwnerEdit, RequisitionPause

DIMENSIONS = frozenset({"department_id", "job_family_id", "job_level_id", "hiring_manager_id", "recruiter_id"})
_LAST = "9999"


class Pause(NamedTuple):
    """``kind`` hold, freeze or release."""

    kind: str
    from_at: str
    to_at: str | None


class Owner(NamedTuple):
    id: int
    person_id: int
    from_at: str
    to_at: str | None


def dimensions_edited(connection: Connection, ids: Iterable[int] | None) -> Mapping[int, Mapping[str, int]]:
    """Edited ids by requisition and column."""
    table = RequisitionOverlay
    query = select(table.requisition_id, table.field, table.value).where(
        table.is_active.is_(True), table.field.in_(sorted(DIMENSIONS)), limited(connection, table.requisition_id, ids)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for number, field, value in connection.execute(query):
        if value.strip().lstrip("+-").isdigit():
            found[number][field] = int(value)
    return found


def pauses(connection: Connection, ids: Iterable[int] | None) -> Mapping[int, list[Pause]]:
    table = RequisitionPause
    query = select(table.requisition_id, table.kind, InstantText(table.from_at), InstantText(table.to_at))
    found: dict[int, list[Pause]] = defaultdict(list)
    for number, *rest in connection.execute(query.where(limited(connection, table.requisition_id, ids))):
        found[number].append(Pause._make(rest))
    return found


def laid_over(history: History, paused: Iterable[Pause]) -> History:
    """Holds begun or ended here on what the source says; whatever the source ends stays ended."""
    edits = [pause for pause in paused if pause.kind != "freeze"]
    if not edits:
        return history
    spans = [(start, end) for _, start, end in history] + [(pause.from_at, pause.to_at) for pause in edits]
    cuts = sorted({at for span in spans for at in span if at is not None})
    laid: list[tuple[str, str, str | None]] = []
    for start, end in itertools.zip_longest(cuts, cuts[1:]):
        here = [pause for pause in edits if _covers(pause.from_at, pause.to_at, start)]
        is_held = any(pause.kind == "hold" for pause in here)
        for status, from_at, to_at in history:
            if not _covers(from_at, to_at, start):
                continue
            is_released = any(pause.kind == "release" and pause.from_at >= from_at for pause in here)
            laid.append((_status(status, is_held=is_held, is_released=is_released), start, end))
    return laid


def _status(status: str, *, is_held: bool, is_released: bool) -> str:
    if status == "open" and is_held:
        return "on_hold"
    return "open" if status == "on_hold" and is_released else status


def _covers(from_at: str, to_at: str | None, at: str) -> bool:
    return from_at <= at and (to_at is None or to_at > at)


def recruiters(connection: Connection, ids: Iterable[int]) -> Mapping[int, list[Owner]]:
    """The source's recruiters by requisition, but for the spans in which somebody was named here."""
    numbers = sorted(ids)
    edit = RequisitionOwnerEdit
    source = _of_source(connection, numbers)
    edits = select(edit.requisition_id, edit.id, edit.person_id, InstantText(edit.from_at)).where(
        edit.part == "recruiter", limited(connection, edit.requisition_id, numbers)
    )
    named: dict[int, list[Any]] = defaultdict(list)
    for number, *rest in connection.execute(edits.order_by(edit.from_at, edit.id)):
        named[number].append(rest)
    return {**source, **{number: _with_edits(source.get(number, []), rows) for number, rows in named.items()}}


def _of_source(connection: Connection, ids: list[int]) -> dict[int, list[Owner]]:
    table = RequisitionOwner
    query = select(
        table.requisition_id, table.id, table.person_id, InstantText(table.from_at), InstantText(table.to_at)
    ).where(table.part == "recruiter", limited(connection, table.requisition_id, ids))
    found: dict[int, list[Owner]] = defaultdict(list)
    for number, *rest in connection.execute(query.order_by(table.id)):
        found[number].append(Owner._make(rest))
    return found


def _with_edits(source: list[Owner], edits: list[Any]) -> list[Owner]:
    first = edits[0][2]
    kept = [one._replace(to_at=min(one.to_at or _LAST, first)) for one in source if one.from_at < first]
    for (number, person, start), following in itertools.zip_longest(edits, edits[1:]):
        end = following[2] if following else None
        if person is not None:
            if end is None or end > start:
                kept.append(Owner(-number, person, start, end))
            continue
        for one in source:
            if (one.to_at is None or one.to_at > start) and (end is None or one.from_at < end):
                until = min(one.to_at or _LAST, end or _LAST)
                kept.append(one._replace(from_at=max(one.from_at, start), to_at=None if until == _LAST else until))
    return sorted(kept)


def limited(connection: Connection, column: Any, ids: Iterable[int] | None) -> Any:
    """Rows of these ids; None = all."""
    return column.is_not(None) if ids is None else bulk.among(connection, column, sorted(ids))
