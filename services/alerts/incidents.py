"""Incidents for the people they concern: list, one with its history, acknowledge, snooze, close."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select, update

from services.access.policy import Action, Policy
from services.alerts.closing import close
from services.alerts.escalation import figure_of_row
from services.alerts.history import note
from services.alerts.sight import Figure, Seen, Sight
from services.alerts.thresholds import Rule, rule_of
from services.alerts.working_time import calendar_for, next_step_at
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain import wording
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.incidents import (
    LAST_STEP,
    LONGEST_SNOOZE_DAYS,
    STEP_WORDS,
    IncidentDetail,
    IncidentEntry,
    IncidentEventEntry,
    IncidentsView,
    Severity,
    Step,
    scope_words,
)
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables import Incident, IncidentEvent, ThresholdRule

LATEST = 100
"""Incidents looked at for one list, newest first."""
STATES = ("open", "closed", "all")
LONGEST_REASON = 500
NOT_HERE = "There is no such incident, or it is not for you."


class Incidents:
    """A reader sees an incident when something of its scope lies within the own rights, with the own figure."""

    def __init__(self, store: Store, sight: Sight, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._sight = sight
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def view(self, viewer: Viewer, *, state: str = "open", chosen: int | None = None) -> IncidentsView:
        """The list of a state (``open``, ``closed``, ``all``), and one incident in full. Raises ForbiddenError.

        ``chosen`` that is not there, or not for the reader, is left out.
        """
        self._policy.require(viewer, Action.INCIDENTS_VIEW)
        wanted = state if state in STATES else "open"
        seen = self._seen(viewer, select(Incident.__table__).order_by(Incident.id.desc()).limit(LATEST))
        counts = {
            "open": sum(entry.is_open for entry in seen),
            "closed": sum(not entry.is_open for entry in seen),
            "all": len(seen),
        }
        entries = tuple(entry for entry in seen if wanted == "all" or entry.is_open == (wanted == "open"))
        try:
            detail = self.one(chosen, viewer) if chosen is not None else None
        except NotFoundError:
            detail = None
        return IncidentsView(entries, counts, wanted, detail)

    def one(self, incident_id: int, viewer: Viewer) -> IncidentDetail:
        """One incident with its history. Raises NotFoundError, in the same words for one that is not for the reader."""
        self._policy.require(viewer, Action.INCIDENTS_VIEW)
        found = self._seen(viewer, select(Incident.__table__).where(Incident.id == incident_id))
        if not found:
            raise NotFoundError(NOT_HERE)
        entry = found[0]
        events = select(IncidentEvent.__table__).where(IncidentEvent.incident_id == incident_id)
        with self._store.read() as connection:
            rows = connection.execute(events.order_by(IncidentEvent.id)).all()
        may_handle = entry.is_open and self._policy.can(viewer, Action.INCIDENTS_HANDLE)
        return IncidentDetail(
            entry=entry,
            explained=_explained(entry),
            events=tuple(IncidentEventEntry(row.at, row.actor, _event_words(row)) for row in rows),
            may_handle=may_handle,
            may_close=entry.is_open and self._policy.can(viewer, Action.INCIDENTS_CLOSE),
        )

    def acknowledge(self, incident_id: int, viewer: Viewer, *, version: int | None = None) -> None:
        """Take care of it: the ladder stops. Raises NotFoundError, and ConflictError when it was changed meanwhile."""
        now = self._clock()
        values = {
            "acknowledged_at": now,
            "acknowledged_by": viewer.email,
            "snoozed_until": None,
            "snoozed_by": None,
        }
        self._change(incident_id, viewer, "acknowledged", version, values, now, {})

    def snooze(self, incident_id: int, until: datetime, viewer: Viewer, *, version: int | None = None) -> None:
        """The ladder rests until then and begins its wait anew. At most 30 days."""
        now = self._clock()
        if not now < until <= now + timedelta(days=LONGEST_SNOOZE_DAYS):
            raise InvalidInputError(f"Snooze until a time in the next {LONGEST_SNOOZE_DAYS} days.")
        values = {
            "snoozed_until": until,
            "snoozed_by": viewer.email,
            "step_at": until,
            "acknowledged_at": None,
            "acknowledged_by": None,
        }
        self._change(incident_id, viewer, "snoozed", version, values, now, {"until": until.isoformat()})

    def close(self, incident_id: int, reason: str, viewer: Viewer, *, version: int | None = None) -> None:
        """End it by hand, with a reason. The same window does not open it again; a later one may."""
        self._policy.require(viewer, Action.INCIDENTS_CLOSE)
        words = " ".join(reason.split())
        if not 0 < len(words) <= LONGEST_REASON:
            raise InvalidInputError(f"Say why in 1 to {LONGEST_REASON} characters.")
        entry = self._open_entry(incident_id, viewer, version)
        now = self._clock()
        with self._store.write() as connection:
            if not close(connection, incident_id, entry.version, "closed", viewer.email, now, words=words):
                raise _changed()
            self._audit.append(
                connection, viewer.email, "incident.closed", f"incident:{incident_id}", {"reason": words}
            )

    def _change(
        self,
        incident_id: int,
        viewer: Viewer,
        kind: str,
        version: int | None,
        values: Mapping[str, object],
        now: datetime,
        detail: Mapping[str, object],
    ) -> None:
        self._policy.require(viewer, Action.INCIDENTS_HANDLE)
        entry = self._open_entry(incident_id, viewer, version)
        with self._store.write() as connection:
            changed = connection.execute(
                update(Incident)
                .where(Incident.id == incident_id, Incident.state == "open", Incident.version == entry.version)
                .values(version=entry.version + 1, **values)
            )
            if changed.rowcount != 1:
                raise _changed()
            note(connection, incident_id, f"{kind}-{entry.version + 1}", kind, now, viewer.email, detail)
            self._audit.append(connection, viewer.email, f"incident.{kind}", f"incident:{incident_id}", detail)

    def _open_entry(self, incident_id: int, viewer: Viewer, version: int | None) -> IncidentEntry:
        entry = self.one(incident_id, viewer).entry
        if not entry.is_open:
            raise ConflictError("This incident is closed; there is nothing left to do. Reload the page.")
        if version is not None and version != entry.version:
            raise _changed()
        return entry

    def _seen(self, viewer: Viewer, query: Select[*tuple[object, ...]]) -> list[IncidentEntry]:
        with self._store.read() as connection:
            rows = connection.execute(query).all()
            wanted = {row.rule_id for row in rows}
            rules = {
                row.id: rule_of(row)
                for row in connection.execute(select(ThresholdRule.__table__).where(ThresholdRule.id.in_(wanted)))
            }
            steps = {row.id: _next_step(connection, row, rules[row.rule_id]) for row in rows}
        found = []
        for row in rows:
            figure = figure_of_row(row, rules[row.rule_id])
            seen = self._sight.of(viewer, figure)
            if seen is not None:
                found.append(_entry(row, figure, seen, steps[row.id]))
        return found


def _changed() -> ConflictError:
    return ConflictError("Somebody else changed this incident first. Reload the page and look again.")


def _next_step(connection: Connection, row: Any, rule: Rule) -> datetime | None:
    is_at_rest = row.state != "open" or row.acknowledged_at is not None
    if is_at_rest or row.step >= LAST_STEP[Severity(row.severity)]:
        return None
    return next_step_at(calendar_for(connection, rule.office_id), row.step_at, rule.step_hours)


def _entry(row: Any, figure: Figure, seen: Seen, next_at: datetime | None) -> IncidentEntry:
    return IncidentEntry(
        id=row.id,
        title=figure.title,
        metric=figure.metric.name,
        scope=scope_words(figure.scope),
        severity=row.severity,
        is_open=row.state == "open",
        step=Step(row.step),
        limit=figure.limit_words,
        value=seen.value,
        sample=seen.sample,
        window=figure.window_words,
        opened_at=row.opened_at,
        next_step_at=next_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        snoozed_by=row.snoozed_by,
        snoozed_until=row.snoozed_until,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        close_reason=row.close_reason,
        version=row.version,
    )


def _explained(entry: IncidentEntry) -> str:
    if entry.severity == Severity.BREACH:
        return (
            f"{entry.metric} is {entry.limit} in {entry.window}, beyond what chance explains "
            "(one-sided Wilson bound, 90%)."
        )
    return f"{entry.metric} is {entry.limit} in two windows in a row, the last one {entry.window}."


def _event_words(row: Any) -> str:
    """What happened, without any figure: the reader's own stands above."""
    detail = json.loads(row.detail)
    match row.kind:
        case "told":
            step = STEP_WORDS[Step[detail["step"].upper()]]
            told = len(detail["told"])
            return f"Step “{step}”: {wording.number(told)} told by mail" if told else f"Step “{step}”: nobody to tell"
        case "snoozed":
            until = wording.at_instant(datetime.fromisoformat(detail["until"]))
            return f"Snoozed until {until}"
        case "closed":
            return f"Closed: {detail.get('words', '')}"
        case kind:
            return _PLAIN[kind]


_PLAIN = {
    "opened": "Opened",
    "worsened": "From a warning to a breach; an acknowledgement no longer holds",
    "acknowledged": "Acknowledged; the ladder stops",
    "cleared": "Over: two windows in a row are well inside the limit",
    "removed": "Closed: its threshold was removed",
}
