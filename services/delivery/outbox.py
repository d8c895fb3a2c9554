"""Mails on their way: entered with what caused them, sent under one Message-ID for ever, never dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select, update

from services.audit.log import AuditLog
from services.delivery.archive import record_access
from services.delivery.insertion import insert_if_absent
from services.delivery.leases import Clock, has_expired, utc_now
from services.delivery.ledger import retry_delay
from services.delivery.message import Mail, message_id_of, parse_address, serialise
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.mailbox import MailRecord
from services.store.database import Store
from services.store.tables import OutboxMessage, UserAccount

GIVE_UP_AFTER = timedelta(days=3)
"""A mail that no server has taken for so long fails, visibly."""


@dataclass(frozen=True)
class SenderIdentity:
    """Who our mails come from. ``domain`` ends every Message-ID and must not change while mails are on their way."""

    address: str
    name: str

    @property
    def domain(self) -> str:
        return parse_address(self.address).domain


@dataclass(frozen=True)
class OutgoingMail:
    """A claimed mail: this sender's until the lease ends; every change it makes carries ``fence``."""

    id: int
    message_id: str
    recipient: str
    recipient_user_id: int | None
    body: bytes
    archive_item_id: int | None
    attempts: int
    created_at: datetime
    fence: int


class Outbox:
    """All changes of ``outbox_message``.

    pending -> claimed -> transmitting (committed before DATA) -> sent | deferred | failed | in_doubt. An expired claim
    is pending again; an expired ``transmitting`` is in doubt, and only a person sends it again, under the same
    Message-ID.
    """

    def __init__(
        self,
        store: Store,
        identity: SenderIdentity,
        audit: AuditLog,
        *,
        lease_s: int = 90,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self.identity = identity
        self._audit = audit
        self._lease = timedelta(seconds=lease_s)
        self._clock = clock

    def enter(
        self,
        connection: Connection,
        *,
        key: str,
        mail: Mail,
        recipient_user_id: int | None,
        report_run_id: int | None = None,
        archive_item_id: int | None = None,
    ) -> bool:
        """Enter a mail in the caller's transaction. False = the key is there already and nothing changed.

        A recipient that is no mail address is entered as failed, with the reason: it stays visible.
        """
        message_id = message_id_of(key, self.identity.domain)
        now = self._clock()
        row: dict[str, object] = {
            "idempotency_key": key,
            "message_id": message_id,
            "recipient": mail.recipient[:254],
            "recipient_user_id": recipient_user_id,
            "subject": mail.subject,
            "body": b"",
            "report_run_id": report_run_id,
            "archive_item_id": archive_item_id,
            "state": "pending",
            "error": None,
            "not_before": now,
            "created_at": now,
        }
        try:
            row["body"] = serialise(
                mail, sender=self.identity.address, sender_name=self.identity.name, message_id=message_id
            )
        except InvalidInputError as error:
            row |= {"state": "failed", "error": str(error)}
        return insert_if_absent(connection, OutboxMessage, [row], ("idempotency_key",)) > 0

    def claim(self, owner: str) -> OutgoingMail | None:
        """Lease the next mail, oldest first. None = nothing is due."""
        now = self._clock()
        eligible = or_(
            and_(OutboxMessage.state.in_(("pending", "deferred")), OutboxMessage.not_before <= now),
            and_(OutboxMessage.state == "claimed", has_expired(OutboxMessage.lease_until, now, self._lease)),
        )
        with self._store.read() as connection:
            if connection.execute(select(OutboxMessage.id).where(eligible).limit(1)).first() is None:
                return None
        with self._store.write() as connection:
            row = connection.execute(
                select(OutboxMessage)
                .where(eligible)
                .order_by(OutboxMessage.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            connection.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == row.id)
                .values(
                    state="claimed",
                    lease_owner=owner,
                    lease_until=now + self._lease,
                    attempts=row.attempts + 1,
                    fence=row.fence + 1,
                )
            )
        return OutgoingMail(
            row.id,
            row.message_id,
            row.recipient,
            row.recipient_user_id,
            row.body,
            row.archive_item_id,
            row.attempts + 1,
            row.created_at,
            row.fence + 1,
        )

    def start_transmission(self, mail: OutgoingMail) -> bool:
        """Commit ``transmitting``, just before DATA. False = do not send.

        Either the lease was lost, or the recipient may no longer get mail and the row now says so.
        """
        now = self._clock()
        with self._store.write() as connection:
            if not self._may_receive(connection, mail.recipient_user_id):
                reason = "Not sent: the recipient's account was deactivated after the report was made."
                self._change(
                    connection,
                    mail,
                    ("claimed",),
                    state="failed",
                    error=reason,
                    lease_owner=None,
                    lease_until=None,
                )
                return False
            return self._change(connection, mail, ("claimed",), state="transmitting", lease_until=now + self._lease)

    @staticmethod
    def _may_receive(connection: Connection, user_id: int | None) -> bool:
        if user_id is None:
            return True
        return bool(connection.scalar(select(UserAccount.is_active).where(UserAccount.id == user_id)))

    def sent(self, mail: OutgoingMail) -> bool:
        """The server has accepted it. A sender that was stopped meanwhile may still say so. False = too late."""
        now = self._clock()
        with self._store.write() as connection:
            changed = self._change(
                connection,
                mail,
                ("transmitting", "in_doubt"),
                state="sent",
                sent_at=now,
                error=None,
                lease_owner=None,
                lease_until=None,
            )
            if changed and mail.archive_item_id is not None:
                record_access(
                    connection,
                    item_id=mail.archive_item_id,
                    user_id=mail.recipient_user_id,
                    address=mail.recipient,
                    how="mail",
                    at=now,
                )
            return changed

    def deferred(self, mail: OutgoingMail, reason: str) -> timedelta:
        """The server has certainly not taken it: try again later; after three days it fails. Returns the delay."""
        now = self._clock()
        delay = retry_delay(mail.attempts)
        values: dict[str, object] = {"state": "deferred", "error": reason, "not_before": now + delay}
        if now - mail.created_at > GIVE_UP_AFTER:
            values = {"state": "failed", "error": f"Given up after three days. Last: {reason}"}
        with self._store.write() as connection:
            self._change(connection, mail, ("claimed", "transmitting"), lease_owner=None, lease_until=None, **values)
        return delay

    def failed(self, mail: OutgoingMail, reason: str) -> None:
        """The server has refused it for good."""
        self._end(mail, "failed", reason)

    def in_doubt(self, mail: OutgoingMail, reason: str) -> None:
        """The line was cut after the text was sent and before the answer: it may have arrived."""
        self._end(mail, "in_doubt", reason)

    def _end(self, mail: OutgoingMail, state: str, reason: str) -> None:
        with self._store.write() as connection:
            self._change(
                connection,
                mail,
                ("claimed", "transmitting"),
                state=state,
                error=reason,
                lease_owner=None,
                lease_until=None,
            )

    def recover(self) -> int:
        """Put every expired ``transmitting`` in doubt. Returns how many."""
        now = self._clock()
        lost = and_(OutboxMessage.state == "transmitting", has_expired(OutboxMessage.lease_until, now, self._lease))
        with self._store.read() as connection:
            if connection.execute(select(OutboxMessage.id).where(lost).limit(1)).first() is None:
                return 0
        reason = "The sender stopped after it began to transmit and before it knew the answer: it may have arrived."
        with self._store.write() as connection:
            return connection.execute(
                update(OutboxMessage)
                .where(lost)
                .values(state="in_doubt", error=reason, lease_owner=None, lease_until=None)
            ).rowcount

    def decide(self, mail_id: int, *, send_again: bool, actor: str) -> None:
        """A person settles a mail in doubt, or sends a failed one again; always under the same Message-ID.

        Raises NotFoundError, or ConflictError when it is in another state.
        """
        allowed = ("in_doubt", "failed") if send_again else ("in_doubt",)
        now = self._clock()
        with self._store.write() as connection:
            row = connection.execute(
                select(OutboxMessage.state, OutboxMessage.message_id, func.length(OutboxMessage.body))
                .where(OutboxMessage.id == mail_id)
                .with_for_update()
            ).first()
            if row is None:
                raise NotFoundError("There is no such mail.")
            state, message_id, size = row
            if state not in allowed or not size:
                raise ConflictError(
                    f"This mail is {state.replace('_', ' ')}; there is nothing to decide. Reload the page."
                )
            values: dict[str, object] = (
                {"state": "pending", "not_before": now, "attempts": 0}
                if send_again
                else {"state": "sent", "sent_at": now}
            )
            connection.execute(update(OutboxMessage).where(OutboxMessage.id == mail_id).values(**values))
            action = "mail.resend_decided" if send_again else "mail.taken_as_sent"
            self._audit.append(connection, actor, action, message_id, {"before": state, "after": values["state"]})

    @staticmethod
    def _change(connection: Connection, mail: OutgoingMail, states: tuple[str, ...], **values: object) -> bool:
        changed = connection.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.id == mail.id,
                OutboxMessage.fence == mail.fence,
                OutboxMessage.state.in_(states),
            )
            .values(**values)
        )
        return changed.rowcount == 1

    def mails(self, *, state: str | None = None, limit: int = 100) -> list[MailRecord]:
        """The latest mails, newest first."""
        columns = [getattr(OutboxMessage, name) for name in MailRecord.__dataclass_fields__]
        query = select(*columns).order_by(OutboxMessage.id.desc()).limit(limit)
        if state:
            query = query.where(OutboxMessage.state == state)
        with self._store.read() as connection:
            return [MailRecord(**row) for row in connection.execute(query).mappings()]

    def mail(self, mail_id: int) -> MailRecord:
        """One mail. Raises NotFoundError."""
        columns = [getattr(OutboxMessage, name) for name in MailRecord.__dataclass_fields__]
        with self._store.read() as connection:
            row = connection.execute(select(*columns).where(OutboxMessage.id == mail_id)).mappings().first()
        if row is None:
            raise NotFoundError("There is no such mail.")
        return MailRecord(**row)

    def counts(self) -> dict[str, int]:
        """Number of mails by state."""
        query = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
        with self._store.read() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}
