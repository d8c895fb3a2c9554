"""Short phrases around a figure: target, change, lists of names. Numbers come from ``services.domain.wording``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.domain.metric import Better, Row, Unit
from services.domain.wording import amount, number

if TYPE_CHECKING:
    from services.domain.views import Comparison

STATUS_WORDS = {"on": "On target", "near": "Near", "off": "Off target"}


def compact(value: float, unit: Unit) -> str:
    """A round number without its decimal, for targets and axes: ``42``, ``2.5``, ``85%``."""
    scaled = round(value * 100, 6) if unit is Unit.RATE else value
    text = number(scaled, decimals=0 if scaled == int(scaled) else 1)
    return f"{text}%" if unit is Unit.RATE else text


def target_sign(better: Better) -> str:
    return "≤" if better is Better.LOWER else "≥"


def target(value: float | None, unit: Unit, better: Better) -> str:
    """``Target ≤ 42``; ``Limit ≤ 30%`` for shares that should stay low; ``No target``."""
    if value is None:
        return "No target"
    word = "Limit" if better is Better.LOWER and unit is Unit.RATE else "Target"
    return f"{word} {target_sign(better)} {compact(value, unit)}"


@dataclass(frozen=True)
class Change:
    """A comparison in words, with the arrow beside it: ``up``, ``dn`` or ``flat``."""

    arrow: str
    text: str


def change(comparison: Comparison | None, unit: Unit) -> Change | None:
    """``2.9 fewer than the year before``, ``2.1 points more …``. None = nothing to compare with."""
    if comparison is None or comparison.change is None:
        return None
    text = _magnitude(abs(comparison.change), unit)
    if not text.strip("0."):
        return Change("flat", f"no change from {comparison.label}")
    is_up = comparison.change > 0
    if unit is Unit.RATE:
        text = f"{text} {'point' if text == '1.0' else 'points'}"
    fewer = "less" if unit is Unit.RATE else "fewer"
    return Change("up" if is_up else "dn", f"{text} {'more' if is_up else fewer} than {comparison.label}")


def _magnitude(value: float, unit: Unit) -> str:
    return number(value * 100, decimals=1) if unit is Unit.RATE else amount(value, unit)


def against_target(value: float, goal: float, unit: Unit) -> str:
    """``1.4 over target``, ``3.0 points under target``, ``exactly on target``."""
    text = _magnitude(abs(value - goal), unit)
    if not text.strip("0."):
        return "exactly on target"
    points = " points" if unit is Unit.RATE else ""
    return f"{text}{points} {'over' if value > goal else 'under'} target"


def listing(words: tuple[str, ...]) -> str:
    """``Sales``; ``Sales and Finance``; ``Sales, Finance and 3 more``."""
    shown = 2
    if len(words) <= 1:
        return "".join(words)
    if len(words) <= shown + 1:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{', '.join(words[:shown])} and {len(words) - shown} more"


def expected(row: Row) -> str:
    """``Expected 84%``; of a curve the events: ``Expected 19.4 filled``. Empty where nothing is compared."""
    value = row.extra.get("expected")
    if value is None or row.value is None:
        return ""
    if row.unit is Unit.RATE:
        return f"Expected {amount(float(value), row.unit)}"
    return f"Expected {number(float(value), decimals=1)} filled"
