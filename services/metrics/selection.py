"""Who asks for what on one page: its questions differ only in metrics, dimensions and period."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from services.domain.filters import where
from services.domain.metric import Answer, Period, Query
from services.domain.people import Viewer
from services.domain.views import FilterChoice, Filters
from services.metrics.query import Snapshot
from services.metrics.registry import REGISTRY

_WITH_SOURCE = frozenset(metric.id for metric in REGISTRY.values() if "source" in metric.dimensions)
Later = Callable[[], Answer]


class Asks(Protocol):
    """The part of the query layer that a page uses."""

    def later(self, query: Query, viewer: Viewer) -> Later: ...

    def together(self, queries: Sequence[Query], viewer: Viewer) -> list[Later]: ...

    def hold(self) -> AbstractContextManager[Snapshot]: ...

    def filter_options(self, viewer: Viewer) -> tuple[FilterChoice, ...]: ...


class Answers(Mapping[str, Answer]):
    """Answers by metric, waited for when the first one is looked at."""

    def __init__(self, later: Mapping[str, Later]) -> None:
        self._later = later

    @cached_property
    def _found(self) -> dict[str, Answer]:
        known = {id(later): later() for later in dict.fromkeys(self._later.values())}
        return {metric: known[id(later)] for metric, later in self._later.items()}

    def __getitem__(self, metric: str) -> Answer:
        return self._found[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self._later)

    def __len__(self) -> int:
        return len(self._later)


class Waiting:
    """Questions nobody has looked at yet: with the first look at an answer all of them are asked together."""

    def __init__(self) -> None:
        self._queries: list[Query] = []
        self._begun: list[Later] = []

    def add(self, query: Query, selection: Selection) -> Later:
        self._queries.append(query)
        return functools.partial(self._answer, len(self._queries) - 1, selection)

    def _answer(self, number: int, selection: Selection) -> Answer:
        if number >= len(self._begun):
            self._begun += selection.query.together(self._queries[len(self._begun) :], selection.viewer)
        return self._begun[number]()


@dataclass(frozen=True)
class Selection:
    query: Asks
    viewer: Viewer
    filters: Filters
    waiting: Waiting = field(default_factory=Waiting, compare=False, repr=False)

    def ask(
        self,
        *metrics: str,
        by: tuple[str, ...] = (),
        period: Period | None = None,
        as_of: datetime | None = None,
        most_groups: int | None = None,
    ) -> Answers:
        """Answers by metric. Those that know no source are asked without that filter, in a call of their own.

        Errors of the query layer are raised when an answer is looked at.
        """
        period = period or Period()
        frame = Query(metrics, by, where(self.filters), period, as_of=as_of, most_groups=most_groups)
        if "source" not in frame.where:
            return Answers(dict.fromkeys(metrics, self.waiting.add(frame, self)))
        without = {name: values for name, values in frame.where.items() if name != "source"}
        found: dict[str, Later] = {}
        for knows_source, limits in ((True, frame.where), (False, without)):
            group = tuple(metric for metric in metrics if (metric in _WITH_SOURCE) is knows_source)
            if group:
                question = replace(frame, metrics=group, where=limits)
                found.update(dict.fromkeys(group, self.waiting.add(question, self)))
        return Answers(found)
