"""Which lane answers: the cheapest that is as fresh as the page needs, within what it may cost; the batch under load.

The live lane is left when too many of its latest questions took longer than the budget, or failed. After a pause single
questions are let through, and when enough of them in a row stayed well inside the budget it is taken up again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from services.domain.errors import HireboardError


class Need(NamedTuple):
    """What a page asks of its lane. ``budget_s``: what one live view may take."""

    page: str
    name: str
    freshness_s: int
    budget_s: float
    has_live: bool


NEEDS: tuple[Need, ...] = (
    Need("pipeline", "Pipeline", 15, 0.6, has_live=True),
    Need("overview", "Overview", 900, 0.4, has_live=False),
    Need("requisitions", "Requisitions", 900, 0.4, has_live=False),
    Need("actions", "Actions", 900, 0.4, has_live=False),
)
PIPELINE = NEEDS[0]


class Chosen(NamedTuple):
    lane: str
    """live or batch."""
    reason: str
    """Why not live, in words; empty = nothing to say."""
    is_miss: bool
    """The batch is older than the page needs."""


def cheapest(need: Need, batch_age_s: float, *, is_live_ready: bool) -> Chosen:
    """The batch where it is fresh enough: it costs least. Else live, where there is such a lane and it keeps up."""
    if not need.has_live or batch_age_s <= need.freshness_s:
        return Chosen("batch", "", is_miss=batch_age_s > need.freshness_s)
    if is_live_ready:
        return Chosen("live", "", is_miss=False)
    return Chosen("batch", OVERLOADED, is_miss=True)


OVERLOADED = (
    "Live questions take longer than they may at the moment, so these are the batch's numbers. "
    "Live comes back by itself."
)
NOT_FILLED = "The live numbers are being put together for the first time. Until then these are the batch's."


@dataclass(frozen=True)
class Limits:
    looked_at: int = 8
    """Latest questions that are looked at."""
    most_over: float = 0.5
    """Share of them over the budget, or failed, above which the lane is left."""
    at_least: int = 3
    pause_s: float = 30.0
    """Before a question is let through again."""
    well_inside: float = 0.8
    """Share of the budget that such a question may take."""
    in_a_row: int = 3
    """So many of them bring the lane back."""


class LiveLoad:
    """Measures the live questions of one process. Safe for threads; ``clock`` in seconds."""

    def __init__(
        self,
        budget_s: float = PIPELINE.budget_s,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget_s
        self._limits = limits or Limits()
        self._clock = clock
        self._lock = threading.Lock()
        self._took: deque[float] = deque(maxlen=self._limits.looked_at)
        self._left_at: float | None = None
        self._asked_at = float("-inf")
        self._good = 0

    @property
    def is_left(self) -> bool:
        with self._lock:
            return self._left_at is not None

    @property
    def share(self) -> float | None:
        """Mean cost of the latest questions as a share of the budget; None = none yet."""
        with self._lock:
            known = [took for took in self._took if took != float("inf")]
        return sum(known) / len(known) / self._budget if known else None

    def may_ask(self) -> bool:
        """Whether the next question goes to the live lane; while it is left, one now and then to see how it does."""
        with self._lock:
            if self._left_at is None:
                return True
            now = self._clock()
            wait = self._limits.pause_s if self._good == 0 else self._limits.pause_s / 10
            if now - max(self._left_at, self._asked_at) < wait:
                return False
            self._asked_at = now
            return True

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Around a live question. One that fails counts as over the budget."""
        began = self._clock()
        try:
            yield
        except HireboardError:
            self._note(float("inf"))
            raise
        self._note(self._clock() - began)

    def _note(self, took: float) -> None:
        limits = self._limits
        with self._lock:
            self._took.append(took)
            if self._left_at is not None:
                self._good = self._good + 1 if took <= self._budget * limits.well_inside else 0
                if self._good >= limits.in_a_row:
                    self._left_at = None
                    self._took.clear()
                return
            over = sum(one > self._budget for one in self._took)
            if len(self._took) >= limits.at_least and over / len(self._took) > limits.most_over:
                self._left_at, self._good = self._clock(), 0
