"""Whose a hire is when several people held its requisition: credits that add up to the hires exactly.

Credit is the share of the un-held seconds between opening and acceptance in which somebody owned the requisition, as a
fraction; only what is shown is rounded, by largest remainder, so that shown credits still add up. In the mart a credit
is a whole number of billionths: what a division leaves over goes to the first owner in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar

PARTS = 1_000_000_000
"""Parts of a hire: the smallest credit the mart knows."""
_Owner = TypeVar("_Owner")


class Held(NamedTuple):
    """Somebody owned the requisition over [start, end), in seconds; end None = still."""

    owner: str
    start: int
    end: int | None


class Stop(NamedTuple):
    """The clock stood still over [start, end), in seconds; disjoint."""

    start: int
    end: int | None


def credits_of(holds: Sequence[Held], stops: Sequence[Stop], opened: int, accepted: int) -> dict[str, Fraction]:
    """Credit per owner for one hire, in the order in which they took over; adds up to 1.

    Whoever owned it at the acceptance has it all when nobody held it for a moment of un-held time. Empty when nobody
    ever owned it before the acceptance.
    """
    seconds: dict[str, int] = {}
    for held in sorted(holds, key=lambda held: held.start):
        start, end = max(held.start, opened), min(_until(held.end, accepted), accepted)
        if end > start:
            seconds[held.owner] = seconds.get(held.owner, 0) + _running(start, end, stops)
    whole = sum(seconds.values())
    if whole:
        return {owner: Fraction(part, whole) for owner, part in seconds.items() if part}
    owner = owner_at(holds, accepted)
    return {} if owner is None else {owner: Fraction(1)}


def owner_at(holds: Iterable[Held], at: int) -> str | None:
    """Who owned it at an instant; in a gap whoever took over last before; None = nobody yet."""
    known = [held for held in holds if held.start <= at]
    covering = [held for held in known if held.end is None or held.end > at]
    last = max(covering or known, key=lambda held: held.start, default=None)
    return None if last is None else last.owner


def _running(start: int, end: int, stops: Iterable[Stop]) -> int:
    stopped = sum(max(0, min(_until(stop.end, end), end) - max(stop.start, start)) for stop in stops)
    return end - start - stopped


def _until(end: int | None, otherwise: int) -> int:
    return otherwise if end is None else end


def displayed(credit: Mapping[_Owner, Fraction], decimals: int = 2) -> dict[_Owner, Fraction]:
    """Rounded so that the sum is the rounded sum: largest remainder, equal remainders to who comes first."""
    unit = 10**decimals
    scaled = {owner: value * unit for owner, value in credit.items()}
    shown = {owner: value.numerator // value.denominator for owner, value in scaled.items()}
    whole = sum(scaled.values(), Fraction(0))
    missing = int(whole + Fraction(1, 2)) - sum(shown.values())
    # sorted() keeps the given order where remainders are equal
    for owner in sorted(scaled, key=lambda owner: scaled[owner] - shown[owner], reverse=True)[:missing]:
        shown[owner] += 1
    return {owner: Fraction(count, unit) for owner, count in shown.items()}
