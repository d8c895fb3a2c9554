"""The short way for stage events, which are most of a large import: one row a record, nothing but ids to look up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.ingest.changes import write_changes
from services.ingest.entities import RANK
from services.ingest.fields import DATE_LENGTH
from services.ingest.resolve import Resolver
from services.ingest.spool import StagedItem
from services.ingest.visits import COLUMN_KEY, StageEvent, VisitWriter

EVENT_RANK = RANK["stage_event"]


def write_events(
    connection: Connection, resolver: Resolver, visits: VisitWriter, items: Sequence[StagedItem]
) -> list[StagedItem]:
    """Write what can be written at once; what needs more (a zone, a reason why not) comes back."""
    simple: list[tuple[StagedItem, str]] = []
    rest: list[StagedItem] = []
    for item in items:
        if len(item.rows) == 1 and item.rows[0].entity == "stage_event" and item.rows[0].key != COLUMN_KEY:
            simple.append((item, item.rows[0].values["stage"]))  # type: ignore[arg-type]
        else:
            rest.append(item)
    applications = resolver.ids(connection, "application", {item.parent for item, _ in simple})
    stages = resolver.ids(connection, "stage", {stage for _, stage in simple})
    events: dict[int, list[StageEvent]] = {}
    for item, stage_key in simple:
        _, key, values, *_ = item.rows[0]
        entered, left = values["entered_at"], values.get("left_at")
        number, stage = applications.get(item.parent), stages.get(stage_key)
        if (
            number is None
            or stage is None
            or len(entered) == DATE_LENGTH  # type: ignore[arg-type]
            or (left is not None and len(left) == DATE_LENGTH)  # type: ignore[arg-type]
        ):
            rest.append(item)
            continue
        event = StageEvent(key, stage, entered, left)  # type: ignore[arg-type]
        if number in events:
            events[number].append(event)
        else:
            events[number] = [event]
    if events:
        visits.apply(connection, events)
        write_changes(connection, "application", sorted(events))
    return rest
