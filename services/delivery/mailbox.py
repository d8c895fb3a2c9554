"""The outbox as an administrator sees it, and the local mail folder opened for reading."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.message import safe_file_name
from services.delivery.outbox import Outbox
from services.delivery.transports import FolderTransport
from services.domain.errors import NotFoundError
from services.domain.mailbox import DeliveredMail, MailPart, MailRecord
from services.domain.people import Viewer
from services.store.database import Store


class Mailbox:
    """``folder`` None = mails go to a mail server; then there is a list and nothing to read."""

    def __init__(
        self, store: Store, outbox: Outbox, folder: FolderTransport | None, policy: Policy, audit: AuditLog
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._folder = folder
        self._policy = policy
        self._audit = audit

    @property
    def is_local(self) -> bool:
        return self._folder is not None

    def mails(self, viewer: Viewer, *, state: str | None = None, limit: int = 100) -> list[MailRecord]:
        """The latest mails, newest first. Raises ForbiddenError."""
        self._policy.require(viewer, Action.MAILBOX_VIEW)
        return self._outbox.mails(state=state, limit=limit)

    def counts(self, viewer: Viewer) -> dict[str, int]:
        """Number of mails by state. Raises ForbiddenError."""
        self._policy.require(viewer, Action.MAILBOX_VIEW)
        return self._outbox.counts()

    def record(self, mail_id: int, viewer: Viewer) -> MailRecord:
        """What is known about one mail, without opening it. Raises ForbiddenError, NotFoundError."""
        self._policy.require(viewer, Action.MAILBOX_VIEW)
        return self._outbox.mail(mail_id)

    def open(self, mail_id: int, viewer: Viewer) -> DeliveredMail:
        """The mail as it was delivered into the folder; noted in the audit log first.

        Raises ForbiddenError, or NotFoundError also when it has not been delivered or went to a mail server.
        """
        delivered = self.look(mail_id, viewer)
        with self._store.write() as connection:
            detail = {"to": delivered.record.recipient}
            self._audit.append(connection, viewer.email, "mail.opened", f"mail:{mail_id}", detail)
        return delivered

    def look(self, mail_id: int, viewer: Viewer) -> DeliveredMail:
        """As ``open``, for the parts of a mail that was opened just now: nothing is noted again."""
        self._policy.require(viewer, Action.MAILBOX_VIEW)
        record = self._outbox.mail(mail_id)
        content = self._folder.read(record.message_id) if self._folder else None
        if content is None:
            raise NotFoundError("This mail is not in the local mail folder: it was not delivered, or not to there.")
        return _parsed(record, content)

    def decide(self, mail_id: int, viewer: Viewer, *, send_again: bool) -> None:
        """Settle a mail in doubt. Raises ForbiddenError, NotFoundError, ConflictError."""
        self._policy.require(viewer, Action.DELIVERIES_RESEND)
        self._outbox.decide(mail_id, send_again=send_again, actor=viewer.email)


def _parsed(record: MailRecord, content: bytes) -> DeliveredMail:
    message = email.message_from_bytes(content, policy=default)
    if not isinstance(message, EmailMessage):
        raise NotFoundError("The file in the mail folder is no mail.")
    date = message["Date"]
    return DeliveredMail(
        record=record,
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        date=date.datetime if date is not None else None,
        text=_part(message, "plain"),
        html=_part(message, "html"),
        attachments=tuple(_attached(part) for part in message.iter_attachments()),
    )


def _attached(part: EmailMessage) -> MailPart:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    return MailPart(safe_file_name(part.get_filename() or ""), part.get_content_type(), content)


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
