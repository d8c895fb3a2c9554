"""From the number an applicant tracking system shows to ours, in named steps that add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.metric import Unit


@dataclass(frozen=True)
class WalkStep:
    """One rule changed. ``value`` is the figure after it, ``change`` what the rule alone does to it."""

    rule: str
    words: str
    change: float
    value: float


@dataclass(frozen=True)
class VendorMatch:
    """``theirs + sum(step.change) == ours``. ``is_documented``: the vendor says so; else the most common set-up."""

    vendor: str
    vendor_name: str
    metric: str
    """Ours."""
    name: str
    unit: Unit
    definition: str
    source: str
    is_documented: bool
    theirs: float
    theirs_n: int
    ours: float
    ours_n: int
    steps: tuple[WalkStep, ...]
    as_of: datetime
    snapshot: str
    remarks: tuple[str, ...] = ()
