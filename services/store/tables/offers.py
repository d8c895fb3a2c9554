"""Offers with their versions, hires, onboarding."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, Sourced, optional_reference, reference


class OfferVersion(Sourced, Base):
    """One version of one offer.

    All offers of an application are one chain, ordered by (extended_at, offer_key, version). ``external_id`` is unique
    per version (``"<offer>#<version>"`` where the source has no id of its own per version).
    """

    __tablename__ = "offer_version"
    __table_args__ = (
        UniqueConstraint("source_system", "external_id"),
        Index("ix_offer_version_application", "application_id"),
    )
    application_id: Mapped[int] = reference("application.id")
    offer_key: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    extended_at: Mapped[datetime]
    """A source date stands for local midnight at its beginning in the zone of the requisition's office."""
    answered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(String(20))
    """A services.domain.pipeline.OfferAnswer."""
    undone_at: Mapped[datetime | None]
    """An accepted offer undone before the start."""
    undone_by: Mapped[str | None] = mapped_column(String(20))
    """A services.domain.pipeline.UndoneBy."""
    start_on: Mapped[date | None]
    salary_minor: Mapped[int | None] = mapped_column(BigInteger)
    """Full-time annual salary in minor units of ``currency``. Column class compensation."""
    currency: Mapped[str | None] = mapped_column(String(3))
    band_min_minor: Mapped[int | None] = mapped_column(BigInteger)
    band_max_minor: Mapped[int | None] = mapped_column(BigInteger)


class Hire(Sourced, Base):
    """What the HRIS knows of an accepted application."""

    __tablename__ = "hire"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    application_id: Mapped[int] = reference("application.id", index=True)
    person_id: Mapped[int | None] = optional_reference("person.id")
    planned_start_on: Mapped[date | None]
    started_on: Mapped[date | None]
    """First day worked. None = unknown or not yet."""
    left_on: Mapped[date | None]
    """Last day employed."""
    leave_cause: Mapped[str | None] = mapped_column(String(20))
    """A services.domain.pipeline.LeaveCause."""
    employment: Mapped[str | None] = mapped_column(String(20))
    productive_on: Mapped[date | None]
    """Milestone attested."""
    target_days: Mapped[int | None]


class OnboardingTask(Sourced, Base):
    __tablename__ = "onboarding_task"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    hire_id: Mapped[int] = reference("hire.id", index=True)
    name: Mapped[str]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
