"""What admins change while the server runs: versioned, audited, never in a file."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference


class AppSetting(Base):
    __tablename__ = "app_setting"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(default=1)
    value: Mapped[str]
    """JSON."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class MetricTarget(Base):
    """Target of a metric from ``effective_from`` on; the most specific department wins, None = the company."""

    __tablename__ = "metric_target"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    metric_id: Mapped[str] = mapped_column(String(80), index=True)
    department_id: Mapped[int | None] = optional_reference("department.id")
    stage: Mapped[str | None] = mapped_column(String(20))
    value: Mapped[float]
    effective_from: Mapped[date]
