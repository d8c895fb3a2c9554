"""Import bookkeeping: batches, what was seen of each source record, quarantine, changes for the mart."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference


class ImportBatch(Base):
    """One import. Only complete ones are visible: the mart is not built while one is begun and not over."""

    __tablename__ = "import_batch"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    path: Mapped[str]
    state: Mapped[str] = mapped_column(String(20))
    """A services.domain.import_batches.BatchState."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    read_count: Mapped[int] = mapped_column(default=0)
    loaded_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    quarantined_count: Mapped[int] = mapped_column(default=0)
    actor: Mapped[str | None]


class SourceRecord(Base):
    """Digest of the last applied version of a source record: equal digest = unchanged, older version = ignored."""

    __tablename__ = "source_record"
    __table_args__ = (UniqueConstraint("source_system", "resource", "external_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_system: Mapped[str] = mapped_column(String(40))
    resource: Mapped[str] = mapped_column(String(40))
    external_id: Mapped[str] = mapped_column(String(200))
    digest: Mapped[bytes] = mapped_column(LargeBinary(16))
    source_version: Mapped[str | None] = mapped_column(String(40))
    batch_id: Mapped[int | None] = optional_reference("import_batch.id")


class QuarantineRow(Base):
    """A source record that could not be loaded, with the reason; replayed after a fix."""

    __tablename__ = "quarantine_row"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int | None] = optional_reference("import_batch.id", index=True)
    source_system: Mapped[str] = mapped_column(String(40))
    resource: Mapped[str] = mapped_column(String(40))
    file: Mapped[str]
    record: Mapped[str]
    """Id in the source, or the position in the file."""
    field: Mapped[str | None]
    reason: Mapped[str]
    payload: Mapped[str]
    """The record as it came, as JSON, cut at 64 KiB."""
    state: Mapped[str] = mapped_column(String(20), default="open")
    """open, replayed, dropped."""
    seen_at: Mapped[datetime]


class ChangeRow(Base):
    """Which aggregate a transaction touched: the mart's increment reads these.

    ``kind`` application, requisition or reference (a dimension or calendar changed: full rebuild). ``xid`` is
    ``pg_current_xact_id()`` on PostgreSQL and None on SQLite, where the row id is in commit order.
    """

    __tablename__ = "change_row"
    __table_args__ = (Index("ix_change_row_xid", "xid"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    xid: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    entity_id: Mapped[int | None] = mapped_column(BigId)
