"""Certificates of the monthly validation, and the drift they found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference, reference


class ValidationCertificate(Base):
    """One comparison of published figures with those recomputed from a fresh export. Written once, never changed."""

    __tablename__ = "validation_certificate"
    __table_args__ = (Index("ix_validation_certificate_source_system", "source_system", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    period: Mapped[str] = mapped_column(String(12))
    as_of: Mapped[datetime]
    snapshot: Mapped[str] = mapped_column(String(64))
    is_holding: Mapped[bool]
    """Every figure that could be compared agreed."""
    results: Mapped[str]
    """JSON: one entry a figure."""
    configuration: Mapped[str]
    """JSON: what the next certificate is compared with; its stages are the approved ones."""
    changes: Mapped[str]
    """JSON: what of the configuration changed since the last certificate, with who and when."""
    export_sha256: Mapped[str] = mapped_column(String(64))
    archive_item_id: Mapped[int | None] = optional_reference("archive_item.id")
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class ValidationDrift(Base):
    """Published and recomputed figures went apart: at most one is open for a source, until a certificate holds."""

    __tablename__ = "validation_drift"
    __table_args__ = (UniqueConstraint("open_key"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    open_key: Mapped[str | None] = mapped_column(String(40))
    """The source system while it is open; None once closed."""
    metrics: Mapped[str]
    """JSON: ids of the metrics that failed in the latest certificate."""
    certificate_id: Mapped[int] = reference("validation_certificate.id")
    """The latest certificate that found it."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by_certificate_id: Mapped[int | None] = optional_reference("validation_certificate.id")
