"""The questions of one page: what they ask of one fact goes to the engine as one statement."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import sqlalchemy as sa

from services.metrics.plan import Statement

STATEMENTS = 2
"""For all questions that are known at once: what is read in one is added up beside the other.

A page that asks again after a first look (by quarter, by recruiter) needs one more each time.
"""
FEW_PARTS = 12
"""So few are one statement."""
_T = TypeVar("_T")
Arrays = dict[str, np.ndarray[Any, Any]]


class ReadsTogether(Protocol):
    def fetch_together(self, statements: Sequence[sa.Select[Any]], /) -> list[Arrays]: ...

    def later(self, work: Callable[[], _T], /) -> Callable[[], _T]: ...


class Page:
    """Collects the selects of several plans, then asks for them in a few statements."""

    def __init__(self, reader: ReadsTogether) -> None:
        self._reader = reader
        self._parts: list[tuple[str, Statement]] = []
        self._found: dict[int, Callable[[], Arrays]] = {}

    def executor(self, parts: Sequence[tuple[str, Statement]]) -> Callable[[], Found]:
        """Of one plan: called after ``begin``, it hands out the answers in the order of ``parts``."""
        first = len(self._parts)
        self._parts += parts
        return lambda: Found([self._found[number]() for number in range(first, first + len(parts))])

    def begin(self) -> None:
        """Ask for everything collected so far."""
        for numbers in self._shares():
            selects = [self._parts[number][1] for number in numbers]
            waited = functools.cache(self._reader.later(functools.partial(self._reader.fetch_together, selects)))
            for place, number in enumerate(numbers):
                self._found[number] = functools.partial(_one_of, waited, place)

    def _shares(self) -> list[list[int]]:
        """All parts of one fact stay together, and each share has about as many as the others."""
        sizes = Counter(fact for fact, _ in self._parts)
        count = 1 if len(self._parts) <= FEW_PARTS else STATEMENTS
        shares: list[list[int]] = [[] for _ in range(count)]
        for fact, _ in sizes.most_common():
            smallest = min(shares, key=len)
            smallest += [number for number, (other, _) in enumerate(self._parts) if other == fact]
        return [share for share in shares if share]


def _one_of(waited: Callable[[], list[Arrays]], place: int) -> Arrays:
    return waited()[place]


class Found:
    """Answers that are there already, in the order in which a plan asks for them."""

    def __init__(self, arrays: Sequence[Arrays]) -> None:
        self._arrays = iter(arrays)

    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]:
        del statement
        columns = [column.tolist() for column in next(self._arrays).values()]
        return list(zip(*columns, strict=True))

    def fetch_arrays(self, statement: sa.SelectBase, /) -> Arrays:
        del statement
        return next(self._arrays)
