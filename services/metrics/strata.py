"""What a figure is made from, stratum by stratum, so that it can be put together again in another mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from services.domain.metric import Metric
from services.metrics import registry
from services.metrics.figures import Figure
from services.metrics.plan import CountTable, Group
from services.metrics.question import Question

Key: TypeAlias = tuple[str | None, ...]
_FINEST = 10_000
_MOST = 10**9
"""Scaled cases altogether: their squares still fit into 64 bits."""


@dataclass(frozen=True)
class Strata:
    """One metric's groups before anything is hidden. Never shown as they are."""

    metric: Metric
    question: Question
    groups: Mapping[Key, Group]

    def figure(self, group: Group) -> Figure:
        return registry.family_of(self.metric.id).figure(self.question, self.metric, group, {})

    def size(self, key: Key) -> int:
        """Subjects of a stratum: what it weighs."""
        group = self.groups.get(key)
        if group is None:
            return 0
        figure = self.figure(group)
        return figure.n if figure.denominator is None else figure.denominator

    def sizes(self) -> dict[Key, int]:
        return {key: size for key in self.groups if (size := self.size(key)) > 0}

    def whole(self) -> Figure:
        """All strata together, as they are."""
        return self.figure(merged({key: (group, 1) for key, group in self.groups.items()}))


def reweighted(mix: Strata, rates: Strata) -> Figure:
    """The strata of ``rates`` in the proportions of ``mix``: their records counted as often as it takes.

    A stratum that ``rates`` has no case of comes with its own records: it appears or vanishes, which is mix.
    """
    wanted, there = mix.sizes(), rates.sizes()
    scale = max(1, min(_FINEST, _MOST // max(1, sum(wanted.values()))))
    parts = {
        key: (rates.groups[key], max(1, round(scale * size / there[key]))) if key in there else (mix.groups[key], scale)
        for key, size in wanted.items()
    }
    return rates.figure(merged(parts))


def merged(parts: Mapping[Key, tuple[Group, int]]) -> Group:
    """One group in which each part is counted so many times."""
    found = Group()
    for group, times in parts.values():
        for tag, number in group.numbers.items():
            found.numbers[tag] = found.numbers.get(tag, 0) + number * times
        for tag, table in group.tables.items():
            columns = table.columns * np.array([[1], [1], [times]])
            found.tables.setdefault(tag, CountTable()).add(columns)
    return found
