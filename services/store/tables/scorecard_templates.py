"""Scorecard templates: what a standard, a department, a job family or a role is measured by, in versions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId


class ScorecardTemplate(Base):
    """One version; the last of a place counts. A template adds to what it inherits and takes away from it."""

    __tablename__ = "scorecard_template"
    __table_args__ = (UniqueConstraint("level", "place", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    level: Mapped[str] = mapped_column(String(12))
    """company (the standard), department, job_family or role."""
    place: Mapped[str] = mapped_column(String(40))
    """Ids as text: a department's, a job family's, family:level of a role; empty for the standard."""
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    metrics: Mapped[str]
    """JSON: ids of the metrics it adds, in their order."""
    without: Mapped[str]
    """JSON: ids it takes out of what it inherits."""
    is_in_force: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
