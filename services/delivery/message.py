"""A mail, serialised once: from here on only bytes travel, so every retry sends exactly the same message."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from services.domain.errors import InvalidInputError

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
LONGEST_SUBJECT = 200
LONGEST_FILE_NAME = 100


@dataclass(frozen=True)
class Attachment:
    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """What to say to whom. ``sent_on`` is from data, so that equal mails are equal bytes."""

    recipient: str
    recipient_name: str
    subject: str
    text: str
    html: str
    sent_on: datetime
    attachments: tuple[Attachment, ...] = ()


def message_id_of(key: str, domain: str) -> str:
    """The Message-ID of an idempotency key: the same for ever, and it tells nothing about the key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def one_line(text: str, longest: int) -> str:
    """Text for a header: line breaks and control characters become one space, length is cut."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def safe_file_name(text: str) -> str:
    """A file name without folders, control characters or quotes; never empty, never a dot file."""
    name = re.sub(r"[^\w.() -]+", "-", one_line(text, LONGEST_FILE_NAME)).strip(" .-")
    return name or "report"


def parse_address(text: str) -> Address:
    """A plain ASCII mailbox. Raises InvalidInputError, also for what could smuggle a header or a second recipient."""
    if not _ADDRESS.fullmatch(text) or ".." in text:
        raise InvalidInputError(f"{one_line(text, 80)!r} is not a mail address. It needs the form name@example.org.")
    user, _, domain = text.rpartition("@")
    return Address(username=user, domain=domain)


def serialise(mail: Mail, *, sender: str, sender_name: str, message_id: str) -> bytes:
    """The whole message with CRLF line ends and 7-bit content. Raises InvalidInputError for an address that is none."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = _named(sender_name, sender)
    message["To"] = _named(mail.recipient_name, mail.recipient)
    message["Subject"] = one_line(mail.subject, LONGEST_SUBJECT)
    message["Date"] = mail.sent_on
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for attachment in mail.attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=safe_file_name(attachment.file_name)
        )
    _fix_boundaries(message, message_id)
    return message.as_bytes()


def _named(name: str, address: str) -> Address:
    mailbox = parse_address(address)
    return Address(one_line(name, 100), mailbox.username, mailbox.domain)


def _fix_boundaries(message: EmailMessage, message_id: str) -> None:
    """The library draws boundaries at random; ours follow from the Message-ID, so equal mails are equal bytes."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            seed = hashlib.sha256(f"{message_id}/{number}".encode()).hexdigest()[:32]
            part.set_boundary(f"=_{seed}")
