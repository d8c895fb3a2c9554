"""From which stage to which: every pair of stages the sources use, with its horizon."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from services.domain.pipeline import Stage

ADJACENT_DAYS, DISTANT_DAYS = 60, 120


@dataclass(frozen=True)
class Transition:
    start: Stage
    stop: Stage
    horizon_days: int

    @property
    def label(self) -> str:
        return f"{self.start} to {self.stop}"

    @property
    def tag(self) -> str:
        return f"{self.start}_{self.stop}"


@functools.lru_cache(maxsize=16)
def transitions(stages: tuple[str, ...]) -> Mapping[str, Transition]:
    """Every pair of stages the sources use, by label. Adjacent ones have a horizon of 60 days, all others of 120."""
    used = [Stage(stage) for stage in stages]
    adjacent = set(pairwise(used))
    return {
        f"{start} to {stop}": Transition(start, stop, ADJACENT_DAYS if (start, stop) in adjacent else DISTANT_DAYS)
        for index, start in enumerate(used)
        for stop in used[index + 1 :]
    }


def adjacent_labels(stages: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{start} to {stop}" for start, stop in pairwise(stages))
