"""What one reader may see of an incident: its figure under the reader's own rights, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.access.policy import Action, Policy
from services.domain import wording
from services.domain.errors import ForbiddenError, InvalidInputError
from services.domain.grains import Grain, bin_label, next_bin
from services.domain.incidents import scope_words
from services.domain.metric import Better, Metric, Period, Query
from services.domain.people import Viewer
from services.domain.periods import period_words
from services.metrics.query import QueryLayer


@dataclass(frozen=True)
class Figure:
    """The latest judged window of an incident, counted over everything. ``n`` is never shown to who sees a part."""

    metric: Metric
    scope: Mapping[str, tuple[str, ...]]
    grain: Grain
    window_start: date
    value: float
    bound: float
    n: int
    limit: float

    @property
    def title(self) -> str:
        return f"{self.metric.name}: {scope_words(self.scope)}"

    @property
    def limit_words(self) -> str:
        side = "below" if self.metric.better is Better.HIGHER else "above"
        return f"{side} {wording.percent(self.limit)}"

    @property
    def window_words(self) -> str:
        return period_words(bin_label(self.grain, self.window_start))


@dataclass(frozen=True)
class Seen:
    """The figure as one reader may have it, in words. ``is_whole``: the reader's rights reach all of the scope."""

    value: str
    sample: str
    is_whole: bool


class Sight:
    """Asks the query layer with the reader's rights; the whole figure is only for those who reach everything."""

    def __init__(self, query: QueryLayer, policy: Policy) -> None:
        self._query = query
        self._policy = policy

    def of(self, viewer: Viewer, figure: Figure) -> Seen | None:
        """None = nothing of the scope lies within the reader's rights, or they may not see incidents."""
        if not self._policy.can(viewer, Action.INCIDENTS_VIEW):
            return None
        if viewer.scope.everything:
            return Seen(wording.percent(figure.value), f"n {wording.number(figure.n)}", is_whole=True)
        if viewer.scope.is_empty:
            return None
        period = Period(figure.window_start, next_bin(figure.grain, figure.window_start))
        try:
            answer = self._query.ask(Query((figure.metric.id,), where=figure.scope, period=period), viewer)
        except (ForbiddenError, InvalidInputError):
            # a name that does not occur within the reader's scope is refused as unknown
            return None
        row = answer.one(figure.metric.id)
        if row.n == 0:
            return None
        shown = wording.shown(row)
        is_whole = row.n == figure.n
        return Seen(shown.text, shown.note if is_whole else f"{shown.note}, your part", is_whole=is_whole)
