"""What happened to an incident, one row each, in the transaction of what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.delivery.insertion import insert_if_absent
from services.domain.incidents import Step
from services.store.tables import IncidentEvent


def note(
    connection: Connection,
    incident_id: int,
    key: str,
    kind: str,
    at: datetime,
    actor: str,
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Add an event. False = ``key`` is there already: it happened before, and must not happen again."""
    row = {
        "incident_id": incident_id,
        "key": key,
        "kind": kind,
        "at": at,
        "actor": actor,
        "detail": json.dumps(dict(detail or {}), sort_keys=True),
    }
    return insert_if_absent(connection, IncidentEvent, [row], ("incident_id", "key")) > 0


def step_key(step: Step) -> str:
    return f"step-{int(step)}"
