"""Backward plan: how many must enter the process so that enough are hired, with the doubt about each rate in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000
SEED = 20_260_101
JEFFREYS = 0.5
LOW, HIGH = 0.1, 0.9
POOLED_BELOW = 20


@dataclass(frozen=True)
class Passage:
    """Of ``cases`` that entered a stage ``reached`` came through; ``name`` says where they were counted."""

    name: str
    reached: int
    cases: int


@dataclass(frozen=True)
class NeededEntries:
    """Entries into the first stage. None where nobody ever came through: no number of entries is enough."""

    expected: float | None
    low: float
    high: float
    """80 % interval."""


def widened(levels: Sequence[Passage]) -> Passage:
    """The narrowest of ``levels`` (narrow to wide, at least one) with 20 cases; the widest when none has."""
    return next((level for level in levels if level.cases >= POOLED_BELOW), levels[-1])


def needed_entries(hires: int, passages: Sequence[Passage], *, draws: int = DRAWS, seed: int = SEED) -> NeededEntries:
    """Hires wanted over the product of the rates; each rate is drawn from its Beta posterior (Jeffreys' prior)."""
    generator = np.random.default_rng(seed)
    product = np.ones(draws)
    rate = 1.0
    for passage in passages:
        failed = passage.cases - passage.reached
        product *= generator.beta(passage.reached + JEFFREYS, failed + JEFFREYS, draws)
        rate *= passage.reached / passage.cases if passage.cases else 0.0
    low, high = np.quantile(hires / product, (LOW, HIGH))
    return NeededEntries(hires / rate if rate else None, float(low), float(high))
