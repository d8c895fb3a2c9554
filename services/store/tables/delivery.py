"""The ledger: schedules, runs, leases, archive, outbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference, reference


class ReportSchedule(Base):
    """When a report goes to whom. ``cron`` holds named CronTrigger fields as JSON, fired in ``timezone``."""

    __tablename__ = "report_schedule"
    __table_args__ = (UniqueConstraint("name"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    report_kind: Mapped[str] = mapped_column(String(60))
    cron: Mapped[str]
    timezone: Mapped[str] = mapped_column(String(40), default="UTC")
    grain: Mapped[str] = mapped_column(String(10))
    """day, week, month, quarter: the local period a fire belongs to."""
    recipients: Mapped[str] = mapped_column(default="{}")
    """JSON rule: ``{"rule": "each_subject"}`` = every subject gets the own report."""
    owner_user_id: Mapped[int | None] = optional_reference("user_account.id")
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class ReportRun(Base):
    """One due report: unique per schedule, local period and subject, so a second fire is a no-op.

    ``state``: due -> claimed -> archived (archive and outbox rows written in the same transaction) | failed |
    cancelled.
    """

    __tablename__ = "report_run"
    __table_args__ = (
        UniqueConstraint("schedule_id", "period", "subject"),
        Index("ix_report_run_state", "state", "due_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    schedule_id: Mapped[int] = reference("report_schedule.id")
    report_kind: Mapped[str] = mapped_column(String(60))
    period: Mapped[str] = mapped_column(String(12))
    """Local period key: 2026-10, 2026-W47, 2026-11-24, 2026-Q3."""
    subject: Mapped[str] = mapped_column(String(80))
    recipient_user_id: Mapped[int | None] = optional_reference("user_account.id")
    state: Mapped[str] = mapped_column(String(20), default="due")
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    """Grows with every claim; a worker whose fence is stale may not write."""
    error: Mapped[str | None]
    archive_item_id: Mapped[int | None] = optional_reference("archive_item.id")
    finished_at: Mapped[datetime | None]


class JobLease(Base):
    """A named exclusive duty (scheduler leader, mart builder)."""

    __tablename__ = "job_lease"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str]
    until: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=0)


class ArchiveItem(Base):
    """An immutable document. ``sha256`` names the file in the content-addressed archive."""

    __tablename__ = "archive_item"
    __table_args__ = (Index("ix_archive_item_kind", "report_kind", "period"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    """Unguessable id used in addresses."""
    report_kind: Mapped[str] = mapped_column(String(60))
    title: Mapped[str]
    period: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(80))
    subject_name: Mapped[str]
    recipient_user_id: Mapped[int | None] = optional_reference("user_account.id", index=True)
    """Under whose permissions it was made; they and the roles the policy names may open it."""
    department_id: Mapped[int | None] = optional_reference("department.id")
    region: Mapped[str | None]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(60), default="application/pdf")
    view_sha256: Mapped[str] = mapped_column(String(64))
    """The view model as JSON, in the same archive: "make again" renders from it."""
    snapshot: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[str] = mapped_column(default="{}")
    created_at: Mapped[datetime]


class ArchiveAccess(Base):
    """Who got or opened an archived document, when and how (mail, opened, downloaded)."""

    __tablename__ = "archive_access"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    archive_item_id: Mapped[int] = reference("archive_item.id", index=True)
    user_id: Mapped[int | None] = optional_reference("user_account.id")
    address: Mapped[str]
    how: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class OutboxMessage(Base):
    """A mail to send. pending -> claimed -> transmitting -> sent | deferred | failed | in_doubt."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        Index("ix_outbox_message_state", "state", "not_before"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(200))
    message_id: Mapped[str] = mapped_column(String(200))
    """Derived from the key: one Message-ID for ever."""
    recipient: Mapped[str] = mapped_column(String(254))
    recipient_user_id: Mapped[int | None] = optional_reference("user_account.id")
    subject: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The whole message, serialised once."""
    report_run_id: Mapped[int | None] = optional_reference("report_run.id", index=True)
    archive_item_id: Mapped[int | None] = optional_reference("archive_item.id")
    state: Mapped[str] = mapped_column(String(20), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
