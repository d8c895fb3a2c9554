"""When a figure may be shown, and when it may be judged against its target."""

from __future__ import annotations

import enum

from services.domain.metric import Better, Reason, Row
from services.domain.wording import FEW_HIDDEN, is_judged

NEAR_SHARE = 0.10
"""A value on the wrong side of its target by at most this share of the target is near, beyond it off."""
_SLACK = 1e-9


class Display(enum.StrEnum):
    """How much of a figure its number of cases allows to be shown. The query layer has already taken away the rest."""

    NORMAL = "normal"
    THIN = "thin"
    """10 to 19 cases: grey, with its interval, never judged."""
    COUNT_ONLY = "count_only"
    """5 to 9 cases: the counts, no share and no median."""
    HIDDEN = "hidden"
    ABSENT = "absent"
    """There is no value, for a reason other than few cases."""


def display_of(row: Row) -> Display:
    if row.value is not None:
        return Display.NORMAL if is_judged(row) else Display.THIN
    if row.reason is Reason.TOO_FEW and row.n >= FEW_HIDDEN and row.numerator is not None:
        return Display.COUNT_ONLY
    return Display.HIDDEN if row.reason in {Reason.TOO_FEW, Reason.HIDDEN} else Display.ABSENT


def judge(row: Row, target: float | None, better: Better) -> str | None:
    """``on``, ``near`` or ``off``; None when there is no target, no direction, or too few cases to judge."""
    if target is None or better is Better.NEITHER or row.value is None or not is_judged(row):
        return None
    miss = row.value - target if better is Better.LOWER else target - row.value
    if miss <= _SLACK:
        return "on"
    return "near" if miss <= NEAR_SHARE * abs(target) + _SLACK else "off"
