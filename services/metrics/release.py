"""Which cells of a sensitive table may be shown, decided once for all questions that can be asked of it.

A rule that looks at one answer cannot hold: a hidden cell is a total less its neighbours, and the total may be in
another answer. So the cells that can be asked form a fixed family (``services.metrics.sensitive``), and one choice of
what is shown is made over the whole of it: no number below k follows from any of the shown ones, taken together in any
order. Every answer is then a function of shown cells alone. It does not matter what was asked before, by which filter
or of which snapshot of the same data.

Cells are sets of applications; what is asked of a cell is how many of one category it holds. A set's number can be
worked out from shown ones exactly if its indicator is a linear combination of theirs. Cells are taken in a fixed order,
the important first; one that would make a protected number computable stays hidden, whatever its own size.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Counts: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Masks: TypeAlias = npt.NDArray[np.bool_]
"""One mask a row."""
Vectors: TypeAlias = npt.NDArray[np.float64]
_ZERO = 1e-6
"""Shorter than this a residual is nothing. Indicators of a few hundred atoms leave either nothing or far more."""


@dataclass(frozen=True)
class Cell:
    """A number that can be asked: the atoms it adds up. ``axis`` and ``window`` name the split it is part of."""

    key: Hashable
    mask: Mask
    window: str = ""
    axis: str = ""


def shown_cells(
    counts: Counts,
    people: Counts,
    cells: Sequence[Cell],
    protected: Masks,
    k: int,
    known: Iterable[Mask] = (),
    withheld: Container[Hashable] = (),
) -> set[Hashable]:
    """Keys of the cells that are shown.

    ``counts``: members of the category per atom. ``people``: everybody per atom, which is no secret; an atom without
    people is empty for everybody. ``cells`` come in the order of their importance. ``protected``: further sets, one a
    row, whose number must not become known while it is below ``k`` (``differences`` among them). ``known``: sets whose
    numbers are shown elsewhere. ``withheld``: keys of cells that must not become known whatever their number.
    """
    table = _Table(counts, people, k)
    for mask in known:
        table.learn(table.vector(mask))
    kept = [cell.mask for cell in cells if cell.key in withheld]
    masks = np.array([cell.mask for cell in cells], dtype=np.bool_).reshape(len(cells), len(counts))
    table.protect(np.concatenate([masks, protected]), kept)
    shown: dict[int, None] = {}
    for index, cell in enumerate(cells):
        if cell.key not in withheld and table.size(cell.mask) >= k and table.may_learn(table.vector(cell.mask)):
            shown[index] = None
    _hide_remainders(table, cells, masks, shown)
    return {cells[index].key for index in shown}


def differences(cells: Sequence[Cell], people: Counts) -> Masks:
    """What one cell holds beyond another that lies in it, one a row."""
    if not cells:
        return np.zeros((0, len(people)), dtype=np.bool_)
    is_held = people > 0
    masks = np.array([cell.mask for cell in cells], dtype=np.bool_) & is_held
    numbers = masks.astype(np.int64)
    missing: Counts = numbers @ (1 - numbers).T  # of the row in the column
    held: Masks = np.asarray(masks.any(axis=1), dtype=np.bool_)
    parts, wholes = np.nonzero(np.equal(missing, 0) & held[:, None])
    beyond = masks[wholes] & ~masks[parts]
    return np.unique(beyond[beyond.any(axis=1)], axis=0)


class _Table:
    """What is known so far, as an orthonormal basis; what must not be known, as residuals orthogonal to it."""

    def __init__(self, counts: Counts, people: Counts, k: int) -> None:
        self.counts = counts
        self.is_held = people > 0
        self.k = k
        self._basis: Vectors = np.zeros((0, int(self.is_held.sum())))
        self._guarded = self._basis

    def size(self, mask: Mask) -> int:
        return int(self.counts[mask].sum())

    def vector(self, mask: Mask) -> Vectors:
        return mask[self.is_held].astype(np.float64)

    def protect(self, masks: Masks, kept: Sequence[Mask]) -> None:
        """Sets with people in them and fewer than k of the category, and those that are kept anyway."""
        small = masks[masks @ self.counts < self.k]
        rows = np.concatenate([small, np.array(kept, dtype=np.bool_).reshape(len(kept), len(self.counts))])
        guarded = rows[:, self.is_held].astype(np.float64)
        guarded -= guarded @ self._basis.T @ self._basis
        # nobody in it, or made known by others already: nothing to guard
        self._guarded = guarded[np.linalg.norm(guarded, axis=1) > _ZERO]

    def may_learn(self, vector: Vectors) -> bool:
        """Learns ``vector`` unless a guarded number would follow. What follows from the known anyway may be shown."""
        rest = self._rest(vector)
        length = np.linalg.norm(rest)
        if length <= _ZERO:
            return True
        axis = rest / length
        along = self._guarded @ axis
        # a guarded number follows exactly if all that is left of it lies along the new direction
        left = np.linalg.norm(self._guarded - np.outer(along, axis), axis=1)
        if (left <= _ZERO).any():
            return False
        self._add(axis, along)
        return True

    def learn(self, vector: Vectors) -> None:
        rest = self._rest(vector)
        length = np.linalg.norm(rest)
        if length > _ZERO:
            axis = rest / length
            self._add(axis, self._guarded @ axis)

    def _add(self, axis: Vectors, along: Vectors) -> None:
        self._basis = np.vstack([self._basis, axis])
        self._guarded = self._guarded - np.outer(along, axis)

    def _rest(self, vector: Vectors) -> Vectors:
        rest = vector - self._basis.T @ (self._basis @ vector)
        # once more takes away what rounding left
        return rest - self._basis.T @ (self._basis @ rest)


def _hide_remainders(table: _Table, cells: Sequence[Cell], masks: Masks, shown: dict[int, None]) -> None:
    """What a shown cell holds beyond all shown cells of one split inside it must not be below k either.

    Several small cells of one split may hide each other and still be few together.
    """
    splits: dict[tuple[str, str], list[int]] = {}
    for index, cell in enumerate(cells):
        splits.setdefault((cell.window, cell.axis), []).append(index)
    held = masks[:, table.is_held].astype(np.int64)
    is_inside = held @ (1 - held).T == 0
    again = True
    while again:
        again = False
        for index in list(shown):
            for parts in splits.values():
                inside = [part for part in parts if part in shown and part != index and is_inside[part, index]]
                if index in shown and len(inside) > 1 and _leaves_few(table, cells, index, inside):
                    del shown[min(inside, key=lambda part: (table.size(cells[part].mask), -part))]
                    again = True


def _leaves_few(table: _Table, cells: Sequence[Cell], whole: int, parts: Sequence[int]) -> bool:
    rest: Any = cells[whole].mask & table.is_held
    for part in parts:
        rest = rest & ~cells[part].mask
    return bool(rest.any()) and table.size(rest) < table.k
