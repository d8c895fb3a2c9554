"""The next step of every incident that nobody takes care of, in business hours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from services.alerts.history import step_key
from services.alerts.ladder import Ladder
from services.alerts.sight import Figure
from services.alerts.thresholds import Rule, rule_of
from services.alerts.working_time import calendar_for, is_due
from services.delivery.leases import Clock, utc_now
from services.domain.grains import Grain
from services.domain.incidents import LAST_STEP, Severity, Step
from services.metrics.registry import metric
from services.store.database import Store
from services.store.tables import Incident, IncidentEvent, ThresholdRule


@dataclass(frozen=True)
class Standing:
    """An open incident with its rule, as it was read."""

    id: int
    version: int
    step: Step
    step_at: datetime
    severity: Severity
    figure: Figure
    rule: Rule


class Escalation:
    """Takes every step that is due; at once where the step before found nobody to tell."""

    def __init__(self, store: Store, ladder: Ladder, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._ladder = ladder
        self._clock = clock

    def run(self) -> int:
        """Returns how many steps were taken. Any number of processes may call it: each step is taken once."""
        now = self._clock()
        return sum(self._climb(standing, now) for standing in self._due(now))

    def _due(self, now: datetime) -> list[Standing]:
        query = (
            select(Incident.__table__)
            .where(
                Incident.state == "open",
                Incident.acknowledged_at.is_(None),
                or_(Incident.snoozed_until.is_(None), Incident.snoozed_until <= now),
                Incident.step < max(int(step) for step in LAST_STEP.values()),
            )
            .order_by(Incident.id)
        )
        with self._store.read() as connection:
            incidents = connection.execute(query).all()
            wanted = {row.rule_id for row in incidents}
            rules = {
                row.id: rule_of(row)
                for row in connection.execute(select(ThresholdRule.__table__).where(ThresholdRule.id.in_(wanted)))
            }
            standing = [_standing(row, rules[row.rule_id]) for row in incidents]
            return [
                one
                for one in standing
                if one.step < LAST_STEP[one.severity]
                and (
                    _was_told_to_nobody(connection, one)
                    or is_due(calendar_for(connection, one.rule.office_id), one.step_at, one.rule.step_hours, now)
                )
            ]

    def _climb(self, standing: Standing, now: datetime) -> bool:
        step = Step(standing.step + 1)
        telling = self._ladder.plan(standing.rule, standing.figure, step, now)
        with self._store.write() as connection:
            changed = connection.execute(
                update(Incident)
                .where(
                    Incident.id == standing.id,
                    Incident.state == "open",
                    Incident.step == int(standing.step),
                    Incident.version == standing.version,
                )
                .values(step=int(step), step_at=now, version=standing.version + 1)
            )
            if changed.rowcount != 1:
                return False  # acknowledged, snoozed, closed or escalated meanwhile
            return self._ladder.take(
                connection, standing.id, standing.rule, standing.figure, standing.severity, telling, now
            )


def _was_told_to_nobody(connection: Connection, standing: Standing) -> bool:
    detail = connection.scalar(
        select(IncidentEvent.detail).where(
            IncidentEvent.incident_id == standing.id, IncidentEvent.key == step_key(standing.step)
        )
    )
    return detail is not None and not json.loads(detail)["told"]


def _standing(row: Any, rule: Rule) -> Standing:
    return Standing(
        row.id, row.version, Step(row.step), row.step_at, Severity(row.severity), figure_of_row(row, rule), rule
    )


def figure_of_row(row: Any, rule: Rule) -> Figure:
    """The figure of an incident as it was last judged."""
    return Figure(
        metric=metric(rule.metric_id),
        scope={name: tuple(values) for name, values in json.loads(row.scope).items()},
        grain=Grain(rule.grain),
        window_start=row.window_start,
        value=row.value,
        bound=row.bound,
        n=row.n,
        limit=row.limit_value,
    )
