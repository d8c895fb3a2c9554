"""The end of an incident: cleared by its figures, closed by a person, or gone with its rule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from services.alerts.history import note
from services.store.tables import Incident


def close(
    connection: Connection,
    incident_id: int,
    version: int,
    reason: str,
    actor: str,
    at: datetime,
    *,
    words: str = "",
) -> bool:
    """Close an open incident that still has ``version``. False = somebody changed it first, and nothing was done."""
    changed = connection.execute(
        update(Incident)
        .where(Incident.id == incident_id, Incident.state == "open", Incident.version == version)
        .values(
            state="closed",
            open_key=None,
            closed_at=at,
            closed_by=actor,
            close_reason=reason,
            snoozed_until=None,
            snoozed_by=None,
            version=version + 1,
        )
    )
    if changed.rowcount != 1:
        return False
    note(connection, incident_id, f"{reason}-{version + 1}", reason, at, actor, {"words": words} if words else None)
    return True


def close_of_rule(connection: Connection, rule_id: int, actor: str, at: datetime) -> int:
    """Close every open incident of a rule that is taken out of force. Returns how many."""
    query = (
        select(Incident.id, Incident.version)
        .where(Incident.rule_id == rule_id, Incident.state == "open")
        .with_for_update()
    )
    return sum(close(connection, row.id, row.version, "removed", actor, at) for row in connection.execute(query).all())
