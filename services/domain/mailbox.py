"""Mails on their way and in the local folder, as pages and the command line show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MailRecord:
    """A mail without its body. ``state``: pending, claimed, transmitting, sent, deferred, failed, in_doubt."""

    id: int
    recipient: str
    subject: str
    message_id: str
    state: str
    attempts: int
    not_before: datetime
    error: str | None
    created_at: datetime
    sent_at: datetime | None
    report_run_id: int | None


@dataclass(frozen=True)
class MailPart:
    """An attached file."""

    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class DeliveredMail:
    """A mail as it lies in the local folder. ``html`` is hostile: show it only where no script can run."""

    record: MailRecord
    sender: str
    recipient: str
    subject: str
    date: datetime | None
    text: str
    html: str
    attachments: tuple[MailPart, ...]
