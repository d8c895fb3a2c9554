"""When a figure breaks its limit: warn, breach and clear, from the counts of the latest windows alone.

Written for metrics of which less is better ("above the limit"). Where more is better the same rule judges the
complement: a limit of 80 % that must be reached is a limit of 20 % that may not be exceeded.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from services.metrics.estimators import wilson

Z90_ONE_SIDED = 1.2815515655446004
CLEAR_SHARE = Fraction(9, 10)
WINDOWS = 2
"""A warning and its end need this many windows in a row."""


class Window(NamedTuple):
    """Counts of one complete window. ``events`` of ``n`` are what the metric counts."""

    start: date
    events: int
    n: int


class Verdict(enum.Enum):
    BREACH = "breach"
    WARN = "warn"
    CLEAR = "clear"
    NOTHING = "nothing"
    """Neither broken nor far enough inside, or too few to say."""


@dataclass(frozen=True)
class Judgement:
    """``value`` and ``bound`` are of the latest window, as the metric counts; ``bound`` lies on the limit's side."""

    verdict: Verdict
    value: float
    bound: float
    n: int
    window_start: date


def judge(
    windows: Sequence[Window], limit: float, *, minimum_n: int, is_ceiling: bool, is_open: bool
) -> Judgement | None:
    """The verdict on ``windows`` (oldest first, the latest complete one last); None = nothing was counted in it.

    ``is_ceiling``: the limit may not be exceeded; else it may not be missed. ``is_open``: an incident is open, so the
    limit was broken before; only then can it be clear.
    """
    if not windows or windows[-1].n == 0:
        return None
    latest, turned = windows[-1], [_turned(window, is_ceiling=is_ceiling) for window in windows[-WINDOWS:]]
    # exact: 0.3 as a float would let 3 of 10 be above a limit of 30 %, or not, by its last bit
    ceiling = Fraction(str(limit)) if is_ceiling else 1 - Fraction(str(limit))
    low, _ = wilson(turned[-1].events, turned[-1].n, Z90_ONE_SIDED) or (0.0, 1.0)
    verdict = _verdict(turned, ceiling, low, minimum_n, is_open=is_open)
    bound = low if is_ceiling else 1 - low
    return Judgement(verdict, latest.events / latest.n, bound, latest.n, latest.start)


def _turned(window: Window, *, is_ceiling: bool) -> Window:
    return window if is_ceiling else window._replace(events=window.n - window.events)


def _verdict(windows: Sequence[Window], ceiling: Fraction, low: float, minimum_n: int, *, is_open: bool) -> Verdict:
    if windows[-1].n < minimum_n:
        return Verdict.NOTHING
    if low > ceiling:
        return Verdict.BREACH
    if len(windows) < WINDOWS or any(window.n < minimum_n for window in windows):
        return Verdict.NOTHING
    rates = [Fraction(window.events, window.n) for window in windows]
    if all(rate > ceiling for rate in rates):
        return Verdict.WARN
    if is_open and all(rate <= CLEAR_SHARE * ceiling for rate in rates):
        return Verdict.CLEAR
    return Verdict.NOTHING
