"""The append-only, hash-chained log, and what keeps refusals from flooding it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId


class AuditEvent(Base):
    """``hash`` = SHA-256 over ``previous_hash`` and the canonical JSON of the other columns."""

    __tablename__ = "audit_event"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    """E-mail, or "local operator", or a process ("scheduler")."""
    action: Mapped[str] = mapped_column(String(80))
    """Dotted, past tense: ``session.signed_in``, ``report.downloaded``."""
    resource: Mapped[str | None]
    detail: Mapped[str] = mapped_column(default="{}")
    """JSON with before and after where something changed."""
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class RefusedAccess(Base):
    """A refusal that was written to the log: at most one for each actor, address and minute. Old rows are removed."""

    __tablename__ = "refused_access"
    __table_args__ = (UniqueConstraint("actor", "address", "minute"), Index("ix_refused_access_minute", "minute"))
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    actor: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(200))
    minute: Mapped[datetime]
