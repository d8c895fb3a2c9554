"""9: the loops of worker and sender: when they stop, what they wait for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from dashapp import sender, workers
from dashapp.sender import send_all_due, send_until
from dashapp.workers import work_until
from services.delivery.sending import Sent, Step
from services.domain.errors import RetryLaterError


class Stop(threading.Event):
    """Notes how long somebody waited, and is set after so many waits."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.waits: list[float | None] = []
        self._after = after

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if len(self.waits) >= self._after:
            self.set()
        return self.is_set()


class Work:
    def __init__(self, answers: Sequence[bool | Exception]) -> None:
        self._answers = list(answers)
        self.owners: set[str] = set()
        self.done = 0

    def close(self) -> None: ...

    def work_one(self, owner: str) -> bool:
        self.owners.add(owner)
        answer = self._answers.pop(0) if self._answers else True
        if isinstance(answer, Exception):
            raise answer
        self.done += answer
        return answer


def test_a_rendering_process_ends_after_three_hundred_documents() -> None:
    work = Work([])
    work_until(work, Stop(1))
    assert work.done == workers.DOCUMENTS_PER_CHILD == 300
    assert len(work.owners) == 1


def test_an_idle_worker_and_one_whose_database_is_away_wait() -> None:
    work, stop = Work([False, RetryLaterError("away"), True, False]), Stop(3)
    work_until(work, stop)
    assert stop.waits == [workers.IDLE_S] * 3
    assert work.done == 1


class Sending:
    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)
        self.is_closed = False

    def step(self) -> Step:
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, Step)
        return step

    def close(self) -> None:
        self.is_closed = True


def test_a_sender_goes_on_at_once_and_waits_when_there_is_reason_to() -> None:
    sending: Any = Sending(
        Step(Sent.SENT), Step(Sent.FAILED), Step(Sent.UNREACHABLE, timedelta(minutes=2)), RetryLaterError("away"),
        Step(Sent.NOTHING_DUE),
    )  # fmt: skip
    stop = Stop(5)
    send_until(sending, stop)
    assert stop.waits == [0, 0, 120, sender.IDLE_S, sender.IDLE_S]
    assert sending.is_closed


@pytest.mark.parametrize("last", [Sent.NOTHING_DUE, Sent.UNREACHABLE])
def test_sending_all_that_is_due_ends_when_nothing_is_or_the_server_is_away(last: Sent) -> None:
    sending: Any = Sending(Step(Sent.SENT), Step(Sent.DEFERRED), Step(last))
    send_all_due(sending)
    assert sending.is_closed
