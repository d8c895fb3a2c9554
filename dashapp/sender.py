"""The sender role: one connection, one mail at a time, oldest first."""

from __future__ import annotations

import logging
import threading

from services.delivery.sending import Sending, Sent
from services.domain.errors import RetryLaterError

_LOG = logging.getLogger(__name__)

IDLE_S = 1.0


def send_until(sending: Sending, stop: threading.Event) -> None:
    """Send what is due until told to stop. A database or mail server that is away is waited for."""
    try:
        while not stop.is_set():
            stop.wait(_pause_after_step(sending))
    finally:
        sending.close()


def _pause_after_step(sending: Sending) -> float:
    """Send one mail; seconds to wait before the next."""
    try:
        step = sending.step()
    except RetryLaterError as error:
        _LOG.warning("%s", error)
        return IDLE_S
    if step.result is Sent.NOTHING_DUE:
        return IDLE_S
    if step.result is not Sent.SENT:
        _LOG.warning("a mail is %s", step.result.value.replace("_", " "))
    return step.pause.total_seconds()


def send_all_due(sending: Sending) -> None:
    """Send what is due now, then return; stops at the first sign that the server is away."""
    try:
        while (step := sending.step()).result is not Sent.NOTHING_DUE:
            if step.result is Sent.UNREACHABLE:
                return
    finally:
        sending.close()
