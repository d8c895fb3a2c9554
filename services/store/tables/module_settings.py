"""The validation that comes by itself: where its export lies, and what kept it from being made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference, reference


class ValidationPlan(Base):
    """Where a source's fresh export is found each month, in versions; the last one counts."""

    __tablename__ = "validation_plan"
    __table_args__ = (UniqueConstraint("source_system", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    folder: Mapped[str]
    mapping: Mapped[str | None]
    """A mapping file whose stages count as approved."""
    fresh_hours: Mapped[int]
    """A file that is older is no fresh export."""
    schedule_id: Mapped[int] = reference("report_schedule.id")
    is_active: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class ValidationLack(Base):
    """The validation waits for an export it can use: at most one is open for a source."""

    __tablename__ = "validation_lack"
    __table_args__ = (UniqueConstraint("open_key"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    open_key: Mapped[str | None] = mapped_column(String(40))
    """The source system while it is open; None once closed."""
    period: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str]
    """What is wrong and what to do, in words; the latest."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_certificate_id: Mapped[int | None] = optional_reference("validation_certificate.id")
    """None although closed: the plan was switched off."""
