"""The four-fifths comparison of selection rates, from counts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.metrics.association import Fourfold, mantel_haenszel

FOUR_FIFTHS = 0.8
SIGNIFICANT = 0.05
REFERENCE_SHARE, REFERENCE_FROM = 0.02, 30
EXPECTED_FROM = 5


class Selection(NamedTuple):
    considered: int
    selected: int

    @property
    def rate(self) -> float:
        return self.selected / self.considered


@dataclass(frozen=True)
class Pool:
    """Groups with shown numbers, and everybody who was considered."""

    groups: Mapping[str, Selection]
    hidden: int
    considered: int
    selected: int
    disclosed: int
    asked: int
    declined: int

    def reference(self) -> str | None:
        """Highest rate among groups of at least 2 % of the disclosed and 30 people."""
        able = {
            name: group
            for name, group in self.groups.items()
            if group.considered >= max(REFERENCE_FROM, REFERENCE_SHARE * self.disclosed) and group.selected
        }
        return max(able, key=lambda name: (able[name].rate, able[name].considered, name), default=None)

    def highest(self) -> str | None:
        """Highest rate of all, however small."""
        return max(self.groups, key=lambda name: (self.groups[name].rate, name), default=None)

    def is_compared(self, name: str) -> bool:
        return self.groups[name].considered >= REFERENCE_SHARE * self.disclosed

    @property
    def disclosure_rate(self) -> float:
        return self.disclosed / self.considered if self.considered else 0.0


def verdict(table: Fourfold, ratio: float, p: float) -> str:
    """The words of the definition, from the ratio and p that count."""
    is_tiny = min(table.cases, table.reference_cases) < REFERENCE_FROM or table.smallest_expected() < EXPECTED_FROM
    if p >= SIGNIFICANT and is_tiny:
        return "insufficient evidence"
    is_low, is_significant = ratio < FOUR_FIFTHS, p < SIGNIFICANT
    if is_low and is_significant:
        return "both"
    if is_low:
        return "ratio only"
    return "significance only" if is_significant else "none"


def moved_ratio(group: Selection, reference: Selection) -> float | None:
    """The ratio with one selection moved from the reference to the group; None where there is none to move."""
    left = reference.selected - 1
    if left <= 0 or group.selected >= group.considered:
        return None
    return ((group.selected + 1) / group.considered) / (left / reference.considered)


def bounds(group: Selection, reference: Selection, unknown: Selection) -> tuple[float | None, float | None]:
    """Worst and best ratio, wherever those who did not disclose belong; of the group or of the reference."""
    rejected = unknown.considered - unknown.selected
    worst = _ratio(
        Selection(group.considered + rejected, group.selected),
        Selection(reference.considered + unknown.selected, reference.selected + unknown.selected),
    )
    best = _ratio(
        Selection(group.considered + unknown.selected, group.selected + unknown.selected),
        Selection(reference.considered + rejected, reference.selected),
    )
    return worst, best


def _ratio(group: Selection, reference: Selection) -> float | None:
    return group.rate / reference.rate if reference.selected and group.considered else None


class Within(NamedTuple):
    """The comparison within requisitions."""

    ratio: float | None
    """Mantel-Haenszel ratio of the rates; None where the reference was nowhere selected beside the group."""
    p: float | None
    """Cochran, Mantel and Haenszel; None where all ended alike."""
    strata: int


def within_requisitions(group: Mapping[int, Selection], reference: Mapping[int, Selection]) -> Within | None:
    """Per requisition id; None when fewer than two requisitions considered both."""
    nobody = Selection(0, 0)
    pairs = [(group.get(key, nobody), reference.get(key, nobody)) for key in sorted({*group, *reference})]
    tables = [Fourfold(ours.selected, ours.considered, theirs.selected, theirs.considered) for ours, theirs in pairs]
    shared = [table for table in tables if table.cases and table.reference_cases]
    found = mantel_haenszel(tables)
    if found is None or len(shared) < 2:  # noqa: PLR2004 - one requisition is the pooled comparison
        return None
    theirs = sum(table.reference_successes * table.cases / table.total for table in shared)
    ours = sum(table.successes * table.reference_cases / table.total for table in shared)
    return Within(ours / theirs if theirs else None, found.p, len(shared))
