"""Requisitions, their seats, and everything about them that is an interval."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, Sourced, optional_reference, reference


class Requisition(Sourced, Base):
    __tablename__ = "requisition"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    title: Mapped[str]
    requisition_code: Mapped[str | None]
    department_id: Mapped[int | None] = optional_reference("department.id", index=True)
    job_family_id: Mapped[int | None] = optional_reference("job_family.id")
    job_level_id: Mapped[int | None] = optional_reference("job_level.id")
    office_id: Mapped[int | None] = optional_reference("office.id")
    """The primary office: its zone dates the requisition's events, its country and region are the geography."""
    hiring_manager_id: Mapped[int | None] = optional_reference("person.id", index=True)
    recruiter_id: Mapped[int | None] = optional_reference("person.id", index=True)
    """Current primary recruiter; the history is requisition_owner."""
    opened_at: Mapped[datetime | None]
    """First opening (status open, not approved). None = never opened."""
    target_on: Mapped[date | None]
    urgency: Mapped[str | None] = mapped_column(String(20))
    is_evergreen: Mapped[bool] = mapped_column(default=False)
    employment_type: Mapped[str | None] = mapped_column(String(20))


class RequisitionStatusInterval(Base):
    """Status from ``from_at`` until ``to_at`` (None = still). Half-open, gap-free per requisition."""

    __tablename__ = "requisition_status"
    __table_args__ = (Index("ix_requisition_status_requisition", "requisition_id", "from_at"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = reference("requisition.id")
    status: Mapped[str] = mapped_column(String(20))
    """A services.domain.pipeline.RequisitionStatus."""
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class RequisitionOwner(Base):
    """Who held the requisition in which part, as intervals: the basis of split credit."""

    __tablename__ = "requisition_owner"
    __table_args__ = (Index("ix_requisition_owner_requisition", "requisition_id", "from_at"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = reference("requisition.id")
    person_id: Mapped[int] = reference("person.id", index=True)
    part: Mapped[str] = mapped_column(String(20), default="recruiter")
    """recruiter, hiring_manager, coordinator, sourcer."""
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]


class Opening(Sourced, Base):
    """One seat. Filled by ``application_id`` at ``filled_at``, or ended unfilled at ``cancelled_at``."""

    __tablename__ = "opening"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    requisition_id: Mapped[int] = reference("requisition.id", index=True)
    opened_at: Mapped[datetime]
    filled_at: Mapped[datetime | None]
    """Acceptance of the offer that fills it, not undone before the start."""
    cancelled_at: Mapped[datetime | None]
    application_id: Mapped[int | None] = mapped_column(BigId, index=True)
    """No foreign key: seats are written before applications. None = not filled or unknown."""
    target_start_on: Mapped[date | None]


class Freeze(Sourced, Base):
    """A hiring freeze over a scope; half-open interval."""

    __tablename__ = "freeze"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    scope: Mapped[str] = mapped_column(String(20))
    """A services.domain.pipeline.FreezeScope."""
    scope_value: Mapped[str | None]
    """Id of the department, job family or requisition as text, ISO country code, or None for the company."""
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class FreezeExemption(Base):
    __tablename__ = "freeze_exemption"
    __table_args__ = (UniqueConstraint("freeze_id", "requisition_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    freeze_id: Mapped[int] = reference("freeze.id")
    requisition_id: Mapped[int] = reference("requisition.id")
