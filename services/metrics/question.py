"""A query after its names are resolved: what every metric family compiles from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.grains import Grain, bin_label, bin_start, bins, next_bin
from services.domain.metric import Attribution, Period
from services.domain.people import Scope
from services.metrics.agreed_places import person_limits
from services.metrics.dimensions import DIMENSIONS, Dimension, Kind
from services.metrics.limits import STANDARD, Limits
from services.metrics.scope import Places, within

DISTANT_PAST = datetime(1900, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC


class Span(NamedTuple):
    """One window of one time zone, as naive UTC instants: [start_at, end_at), cut at ``cut_at`` = min(end, as of)."""

    zone: str
    bin: str
    bin_on: datetime
    """First day of the whole bin, also where the period begins inside it."""
    start_at: datetime
    end_at: datetime
    cut_at: datetime


@dataclass(frozen=True)
class Question:
    as_of: datetime
    """Naive UTC; what happened later is unknown."""
    data_from: datetime | None
    """Naive UTC; before it nothing was recorded."""
    first_on: date
    """The first day with data: where an unlimited period begins when it has to be cut into bins."""
    period: Period
    by: tuple[Dimension, ...]
    chosen: Mapping[str, tuple[int | str, ...]]
    """Resolved column values per dimension id; labels for literal dimensions."""
    scope: Scope
    zones: tuple[str, ...]
    stages: tuple[str, ...]
    """Canonical stages that the sources use, in order."""
    fiscal_year_start: int = 1
    raw: bool = False
    is_latest: bool = False
    """As-of is not before the snapshot's own time: nothing in it happened later."""
    attribution: Attribution | None = None
    expected: bool = False
    by_strata: bool = False
    """Asked for what a figure is compared with: the cases count, not the figures."""
    limits: Limits = STANDARD
    places: Places | None = None
    """Where the snapshot's rows lie, so that a wide scope is compared with as little as possible; None = not known."""

    @property
    def grain(self) -> Grain | None:
        return next((Grain(dimension.id) for dimension in self.by if dimension.kind is Kind.TIME), None)

    @property
    def is_unlimited(self) -> bool:
        """Neither scope nor filters leave anything out."""
        return self.scope.everything and not self.chosen

    def asks_for(self, *dimensions: str) -> bool:
        """Whether any of ``dimensions`` splits or filters."""
        return any(item.id in dimensions for item in self.by) or any(name in dimensions for name in self.chosen)

    def conditions(self, table: sa.FromClause, without: tuple[str, ...] = ()) -> list[sa.ColumnElement[bool]]:
        """Scope, agreements and filters on ``table``, except the filters named in ``without``."""
        reach = within(self.scope, table, self.places)
        asked = {dimension.id for dimension in self.by}
        agreed = person_limits(self.scope.agreed, asked, self.chosen, table)
        found = [*([] if reach is None else [reach]), *agreed]
        for name, values in self.chosen.items():
            column = COLUMNS.get(name)
            if column and name not in without:
                found.append(table.c[column].in_(values))
        return found

    def in_period(self, on: sa.ColumnElement[date]) -> list[sa.ColumnElement[bool]]:
        """Local date within the period. Without a period every row that has the date counts."""
        found: list[sa.ColumnElement[bool]] = [on.is_not(None)]
        if self.period.start is not None:
            found.append(on >= self.period.start)
        if self.period.end is not None:
            found.append(on < self.period.end)
        return found

    def bounds(self) -> tuple[date, date]:
        """The period with both ends: from the first data, to the day after as-of."""
        return self.period.start or self.first_on, self.period.end or self.as_of.date() + timedelta(days=1)

    def bin_labels(self) -> list[str]:
        """All bins of the asked grain in the period, oldest first; empty without a grain."""
        grain = self.grain
        if grain is None:
            return []
        return [bin_label(grain, start) for start in bins(grain, *self.bounds(), self.fiscal_year_start)]

    def label_of_day(self, day: date) -> str:
        grain = self.grain or Grain.DAY
        return bin_label(grain, bin_start(grain, day, self.fiscal_year_start))

    def spans(self) -> list[Span]:
        """The windows of an at-risk or as-of metric: one per zone, or one per zone and bin of the asked grain."""
        return [span for zone in self.zones for span in self._spans_of(zone) if span.start_at <= self.as_of]

    def whole_spans(self) -> list[Span]:
        """One window per zone, from the first data to as-of, whatever the period."""
        start_at = self.data_from or DISTANT_PAST
        end_at = self.as_of + timedelta(seconds=1)
        return [Span(zone, "", DISTANT_PAST, start_at, end_at, self.as_of) for zone in self.zones]

    def _spans_of(self, zone: str) -> list[Span]:
        grain = self.grain
        if grain is None:
            return [self._span(zone, None, self.period.start, self.period.end)]
        first, end = self.bounds()
        return [
            self._span(zone, start, max(start, first), min(next_bin(grain, start), end))
            for start in bins(grain, first, end, self.fiscal_year_start)
        ]

    def _span(self, zone: str, bin_on: date | None, start: date | None, end: date | None) -> Span:
        start_at = max(midnight(start, zone) if start else DISTANT_PAST, self.data_from or DISTANT_PAST)
        end_at = midnight(end, zone) if end else self.as_of + timedelta(seconds=1)
        label = bin_label(self.grain, bin_on) if self.grain and bin_on else ""
        first = datetime.combine(bin_on, time()) if bin_on else DISTANT_PAST
        return Span(zone, label, first, start_at, end_at, min(end_at, self.as_of))


COLUMNS: Mapping[str, str] = {dimension.id: dimension.column for dimension in DIMENSIONS.values() if dimension.column}


def midnight(day: date, zone: str) -> datetime:
    """Naive UTC instant at which ``day`` begins in ``zone``."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
