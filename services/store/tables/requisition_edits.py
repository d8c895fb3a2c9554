"""What people changed of a requisition here, kept beside what the source says, so that no import loses it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference, reference


class RequisitionOverlay(Base):
    """One edited field of a requisition. It holds over the source's value until it is given back."""

    __tablename__ = "requisition_overlay"
    __table_args__ = (UniqueConstraint("requisition_id", "field"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = reference("requisition.id")
    field: Mapped[str] = mapped_column(String(30))
    """A services.requisitions.fields.Field."""
    value: Mapped[str]
    """As text: a day, an id, a word or a number."""
    source_value: Mapped[str | None]
    """What the source said when it was edited."""
    reason: Mapped[str]
    is_active: Mapped[bool]
    """False = given back: the source's value holds. The row stays, so that its version goes on counting."""
    version: Mapped[int]
    edited_by: Mapped[str]
    edited_at: Mapped[datetime]


class RequisitionOwnerEdit(Base):
    """From ``from_at`` on ``person_id`` holds this part of the requisition; None = whom the source names again."""

    __tablename__ = "requisition_owner_edit"
    __table_args__ = (Index("ix_requisition_owner_edit_requisition", "requisition_id", "from_at"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = reference("requisition.id")
    part: Mapped[str] = mapped_column(String(20))
    """As in requisition_owner."""
    person_id: Mapped[int | None] = optional_reference("person.id")
    from_at: Mapped[datetime]


class RequisitionSeatEdit(Base):
    """A seat added here. It counts while the source lists fewer seats than the overlay of openings says."""

    __tablename__ = "requisition_seat_edit"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = reference("requisition.id", index=True)
    opened_at: Mapped[datetime]


class RequisitionPause(Base):
    """A hold or freeze begun here, or a hold of the source ended here; half-open, ``to_at`` None = until it is ended.

    It holds only where the source says open or on hold: an end in the source always wins.
    """

    __tablename__ = "requisition_pause"
    __table_args__ = (Index("ix_requisition_pause_requisition", "requisition_id", "from_at"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    requisition_id: Mapped[int] = reference("requisition.id")
    kind: Mapped[str] = mapped_column(String(10))
    """hold, freeze, or release (the source's hold that began before ``from_at`` is over)."""
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    reason: Mapped[str]
    version: Mapped[int]
    edited_by: Mapped[str]
    edited_at: Mapped[datetime]
