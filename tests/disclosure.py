"""Somebody who collects every number that is shown and solves the linear system of them. Exact: modulo a prime.

Knows nothing of the product's rules: unknowns are the finest cells there are, every shown number is an equation.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
import numpy.typing as npt

PRIME = 2_147_483_629
Row = npt.NDArray[np.int64]


class Attacker:
    """Learns sums of unknowns, and says which further sums follow."""

    def __init__(self, unknowns: Iterable[Hashable]) -> None:
        self.position = {unknown: index for index, unknown in enumerate(dict.fromkeys(unknowns))}
        self._echelon: dict[int, Row] = {}

    def learn(self, members: Iterable[Hashable]) -> None:
        """The sum over ``members`` was shown."""
        rest = self._reduced(self._row(members))
        lead = _lead(rest)
        if lead is None:
            return
        rest = rest * pow(int(rest[lead]), PRIME - 2, PRIME) % PRIME
        for other, row in self._echelon.items():
            if row[lead]:
                self._echelon[other] = (row - row[lead] * rest) % PRIME
        self._echelon[lead] = rest

    def can_compute(self, members: Iterable[Hashable]) -> bool:
        return _lead(self._reduced(self._row(members))) is None

    def _row(self, members: Iterable[Hashable]) -> Row:
        row = np.zeros(len(self.position), dtype=np.int64)
        row[[self.position[member] for member in members]] = 1
        return row

    def _reduced(self, row: Row) -> Row:
        for lead, known in self._echelon.items():
            if row[lead]:
                row = (row - row[lead] * known) % PRIME
        return row


def _lead(row: Row) -> int | None:
    found = np.flatnonzero(row)
    return int(found[0]) if len(found) else None
