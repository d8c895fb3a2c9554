"""The live lane: what is open now, with the mart's column names; and how often each dashboard is refreshed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Double, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference


class OpenRequisition(Base):
    """A requisition that is open or on hold, that ended in the last 14 days, or that has rows in open_application.

    No foreign keys in these tables: they follow the rows they are made from, and must not hold them back.
    """

    __tablename__ = "open_requisition"
    requisition_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    department_id: Mapped[int | None] = mapped_column(BigId)
    job_family_id: Mapped[int | None] = mapped_column(BigId)
    job_level_id: Mapped[int | None] = mapped_column(BigId)
    office_id: Mapped[int | None] = mapped_column(BigId)
    hiring_manager_id: Mapped[int | None] = mapped_column(BigId)
    recruiter_id: Mapped[int | None] = mapped_column(BigId)
    country: Mapped[str | None]
    region: Mapped[str | None]
    calendar_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(String(20))
    status_from_at: Mapped[datetime | None]
    """When the last status began; None = no status is known."""


class OpenApplication(Base):
    """An application that is open, or that ended in the last 14 days. Who does not count in the mart is not here."""

    __tablename__ = "open_application"
    __table_args__ = (
        Index("ix_open_application_requisition", "requisition_id"),
        Index("ix_open_application_ended", "ended_at"),
    )
    application_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    candidate_id: Mapped[int] = mapped_column(BigId)
    requisition_id: Mapped[int] = mapped_column(BigId)
    recruiter_id: Mapped[int | None] = mapped_column(BigId)
    source_id: Mapped[int | None] = mapped_column(BigId)
    channel: Mapped[str | None]
    applied_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    reason_kind: Mapped[str | None] = mapped_column(String(20))
    stage: Mapped[str | None] = mapped_column(String(20))
    """The stage it is in; None = it ended, or is in none."""
    stage_order: Mapped[int | None]
    entered_at: Mapped[datetime | None]
    entered_business_days: Mapped[float | None] = mapped_column(Double)
    """Where ``entered_at`` stands on the working-time axis of the requisition's calendar."""


class OpenRequisitionStop(Base):
    """When a requisition's clocks stand still, on the clock and on the working-time axis; ``to_at`` None = still."""

    __tablename__ = "open_requisition_stop"
    __table_args__ = (Index("ix_open_requisition_stop_requisition", "requisition_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = mapped_column(BigId)
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    from_business_days: Mapped[float | None] = mapped_column(Double)
    to_business_days: Mapped[float | None] = mapped_column(Double)


class LiveLane(Base):
    """One row: up to where the lane follows the store."""

    __tablename__ = "live_lane"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    change_number: Mapped[int] = mapped_column(BigId)
    """Grows with every transaction that changed a row of the lane: caches and open tabs key on it."""
    watermark: Mapped[int] = mapped_column(BigId)
    """As a snapshot's: change rows before it are in the lane."""
    changed_at: Mapped[datetime]


class RefreshRule(Base):
    """How often a dashboard shows new numbers. Versions are kept; the highest one of a dashboard holds."""

    __tablename__ = "refresh_rule"
    __table_args__ = (UniqueConstraint("dashboard", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    dashboard: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    interval_minutes: Mapped[int]
    office_id: Mapped[int | None] = optional_reference("office.id")
    """Refreshed in this office's working time only; None = round the clock."""
    jitter_s: Mapped[int]
    """Each refresh is put off by up to so many seconds, so that dashboards do not all ask at once."""
    objective_minutes: Mapped[int]
    """No older than this while it is refreshed."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class FreshnessRecord(Base):
    """Whether a dashboard was as fresh as it should be when somebody looked: the history of the objective."""

    __tablename__ = "freshness_record"
    __table_args__ = (Index("ix_freshness_record_dashboard", "dashboard", "at"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    dashboard: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    as_of: Mapped[datetime | None]
    """Of the snapshot that was shown; None = there was none."""
    objective_minutes: Mapped[int]
    is_met: Mapped[bool]
    problem: Mapped[str | None]
    """What the refresh said that failed; None = it did not fail."""


class PinnedView(Base):
    """A snapshot that somebody holds on to: it is kept until everybody has let go."""

    __tablename__ = "pinned_view"
    __table_args__ = (UniqueConstraint("snapshot_id", "user_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    snapshot_id: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(BigId)
    pinned_at: Mapped[datetime]
