"""Thresholds of metrics, the incidents they open, and every step of their escalation."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference, reference


class ThresholdRule(Base):
    """A limit of one metric in one scope. Changed in place, each change a version more and an audit event."""

    __tablename__ = "threshold_rule"
    __table_args__ = (UniqueConstraint("metric_id", "scope_key"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    metric_id: Mapped[str] = mapped_column(String(80))
    scope_key: Mapped[str] = mapped_column(String(400))
    """Canonical JSON of ``scope`` and ``each``: what may exist once."""
    scope: Mapped[str] = mapped_column(default="{}")
    """JSON: shown names by dimension, as a question's ``where``: ``{"canonical_stage": ["screen"]}``."""
    each: Mapped[str | None] = mapped_column(String(40))
    """A dimension of which every value is a scope of its own; None = the rule's scope is one."""
    template: Mapped[str | None] = mapped_column(String(120))
    """Name of the scorecard template whose place is part of the scope; None = it stands alone."""
    limit_value: Mapped[float]
    minimum_n: Mapped[int] = mapped_column(default=20)
    grain: Mapped[str] = mapped_column(String(12), default="month")
    """The window: week, month or quarter, complete ones only."""
    step_hours: Mapped[int] = mapped_column(default=8)
    """Business hours a step of the ladder waits before the next."""
    office_id: Mapped[int | None] = optional_reference("office.id")
    """Whose working time counts; None = the first office's."""
    recipients: Mapped[str] = mapped_column(default="{}")
    """JSON: addresses by step that take the place of the step's role."""
    owner_user_id: Mapped[int | None] = optional_reference("user_account.id")
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    evaluated_snapshot: Mapped[str | None] = mapped_column(String(64))
    """Snapshot and end of the windows, set in the transaction that applies an evaluation: they count once."""
    problem: Mapped[str | None]
    """Why the last evaluation could not be made; None = it was."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class Incident(Base):
    """A rule was broken in one scope. At most one is open for each: ``open_key`` is unique, and None once closed."""

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("open_key"),
        Index("ix_incident_state", "state", "opened_at"),
        Index("ix_incident_rule", "rule_id", "scope_key"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule_id: Mapped[int] = reference("threshold_rule.id")
    rule_version: Mapped[int]
    scope_key: Mapped[str] = mapped_column(String(400))
    scope: Mapped[str]
    """JSON: the rule's scope and the value of ``each``: a question's ``where``."""
    open_key: Mapped[str | None] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(12), default="open")
    """open or closed."""
    severity: Mapped[str] = mapped_column(String(12))
    """warn or breach."""
    step: Mapped[int] = mapped_column(default=0)
    """The step of the ladder that was told last: 0 recruiter, 1 lead, 2 HR partner, 3 executive."""
    step_at: Mapped[datetime]
    """When the clock of that step began: its mail, the end of a snooze, a worsening."""
    limit_value: Mapped[float]
    value: Mapped[float]
    bound: Mapped[float]
    """One-sided 90 % Wilson bound of the latest window, on the limit's side."""
    n: Mapped[int]
    window_start: Mapped[date]
    """First day of the latest complete window that was judged."""
    snapshot: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    snoozed_until: Mapped[datetime | None]
    snoozed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None] = mapped_column(String(20))
    """cleared, closed (by a person), removed (its rule was)."""
    version: Mapped[int] = mapped_column(default=1)


class IncidentEvent(Base):
    """What happened to an incident. ``key`` makes a step of the ladder impossible to take twice."""

    __tablename__ = "incident_event"
    __table_args__ = (UniqueConstraint("incident_id", "key"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = reference("incident.id", index=True)
    key: Mapped[str] = mapped_column(String(40))
    """``step-2`` for the steps, the kind and the incident's version for the rest."""
    kind: Mapped[str] = mapped_column(String(20))
    """opened, told, worsened, acknowledged, snoozed, woken, cleared, closed, removed."""
    at: Mapped[datetime]
    actor: Mapped[str]
    detail: Mapped[str] = mapped_column(default="{}")
    """JSON."""
