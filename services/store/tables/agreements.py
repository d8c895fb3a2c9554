"""Works agreements per country or office: what is in force, and every version there was."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId


class WorksAgreement(Base):
    """One version; the last of a place counts. ``place`` is a country's code or an office's id as text."""

    __tablename__ = "works_agreement"
    __table_args__ = (UniqueConstraint("kind", "place", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    """country or office."""
    place: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    is_in_force: Mapped[bool]
    purpose: Mapped[str]
    """What figures of this place are used for, in words."""
    keep_person_days: Mapped[int]
    """How long figures of single people that were made before may be kept."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
