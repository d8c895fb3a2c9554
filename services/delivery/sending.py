"""One mail from the outbox to the transport, each step committed before the next."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import NamedTuple

from services.delivery import failpoints
from services.delivery.outbox import Outbox, OutgoingMail
from services.delivery.transports import InDoubtError, Transport, TransportError, UnreachableError

LONGEST_PAUSE = timedelta(minutes=10)


class Sent(enum.StrEnum):
    NOTHING_DUE = "nothing_due"
    SENT = "sent"
    DEFERRED = "deferred"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    REFUSED_BY_US = "refused_by_us"


class Step(NamedTuple):
    result: Sent
    pause: timedelta = timedelta(0)
    """How long this sender had better wait: the server is away, the next mail would fare no better."""


class Sending:
    """Sends what is due, one mail at a time. One instance and one connection a process."""

    def __init__(self, outbox: Outbox, transport: Transport, owner: str) -> None:
        self._outbox = outbox
        self._transport = transport
        self._owner = owner

    def step(self) -> Step:
        """Settle what other senders left, then send the oldest due mail."""
        self._outbox.recover()
        failpoints.hit("before-claim")
        mail = self._outbox.claim(self._owner)
        if mail is None:
            return Step(Sent.NOTHING_DUE)
        failpoints.hit("after-claim")
        try:
            return self._send(mail)
        except InDoubtError as error:
            self._outbox.in_doubt(mail, str(error))
            return Step(Sent.IN_DOUBT)
        except UnreachableError as error:
            return Step(Sent.UNREACHABLE, min(self._outbox.deferred(mail, str(error)), LONGEST_PAUSE))
        except TransportError as error:
            if error.permanent:
                self._outbox.failed(mail, str(error))
                return Step(Sent.FAILED)
            self._outbox.deferred(mail, str(error))
            return Step(Sent.DEFERRED)

    def _send(self, mail: OutgoingMail) -> Step:
        self._transport.prepare(self._outbox.identity.address, mail.recipient)
        if not self._outbox.start_transmission(mail):
            self._transport.close()
            return Step(Sent.REFUSED_BY_US)
        failpoints.hit("before-data")
        self._transport.transmit(mail.body, mail.message_id)
        failpoints.hit("after-250")
        self._outbox.sent(mail)
        return Step(Sent.SENT)

    def close(self) -> None:
        self._transport.close()
