"""What people keep of the pages: saved views, and reports that a number is wrong."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, reference


class SavedView(Base):
    """A page with its filters under a name. A shared one is in everybody's list; each sees it with the own rights."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = reference("user_account.id", index=True)
    name: Mapped[str] = mapped_column(String(80))
    path: Mapped[str] = mapped_column(String(200))
    search: Mapped[str] = mapped_column(Text)
    """The address's query with its question mark; empty = no filter is set."""
    is_shared: Mapped[bool]
    created_at: Mapped[datetime]


class ProblemReport(Base):
    """Somebody says that a number is wrong: metric, version and the exact view. Open until it is answered."""

    __tablename__ = "problem_report"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = reference("user_account.id", index=True)
    metric_id: Mapped[str] = mapped_column(String(80))
    metric_version: Mapped[int]
    path: Mapped[str] = mapped_column(String(200))
    search: Mapped[str] = mapped_column(Text)
    snapshot: Mapped[str] = mapped_column(String(64))
    as_of: Mapped[datetime]
    shown: Mapped[str] = mapped_column(String(80))
    """The figure as it was printed."""
    words: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
