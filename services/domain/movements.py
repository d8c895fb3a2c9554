"""Why a figure moved: the change between two periods in parts that add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.metric import Better, Unit


@dataclass(frozen=True)
class Reading:
    """A figure of one period as it was, or is, known."""

    period: str
    value: float
    n: int
    snapshot: str
    as_of: datetime
    metric: str
    """Id of the definition that gave it."""


@dataclass(frozen=True)
class Part:
    """``definition``, ``data``, ``mix`` and ``rate``, or ``volume`` where a count has no mix. In the metric's unit."""

    name: str
    value: float
    words: str


@dataclass(frozen=True)
class Shift:
    """One stratum then and now. ``name`` None = unknown in the source. Values None = no case in that period.

    ``mix`` and ``rate`` are its share of the two parts; None where shares of strata do not add up (medians, curves).
    """

    name: str | None
    n_then: int
    n_now: int
    share_then: float
    share_now: float
    value_then: float | None
    value_now: float | None
    mix: float | None
    rate: float | None


@dataclass(frozen=True)
class Movement:
    """``then.value + sum(parts) == now.value``. ``others``: strata too small to be named, and what they come to."""

    metric: str
    name: str
    unit: Unit
    better: Better
    then: Reading
    now: Reading
    by: str
    parts: tuple[Part, ...]
    shifts: tuple[Shift, ...]
    others: int
    remarks: tuple[str, ...]

    @property
    def change(self) -> float:
        return self.now.value - self.then.value

    def part(self, name: str) -> float:
        """0 where the movement has no such part."""
        return sum(part.value for part in self.parts if part.name == name)
