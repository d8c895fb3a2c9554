"""The Overview as one view model: a handful of questions to the query layer, targets beside them, words from rules."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import TooManyGroupsError
from services.domain.filters import DIMENSIONS, keep_known, to_search, where
from services.domain.grains import Grain, bin_start, bins, next_bin
from services.domain.metric import Answer, Period, Query
from services.domain.people import ColumnClass, Viewer
from services.domain.periods import NamedPeriod, add_months, months_until, parse_period, year_before
from services.domain.phrases import listing
from services.domain.views import FilterChoice, Filters, Note, OverviewView, Stamp, Table, Trend, TrendPoint
from services.domain.wording import at_instant, on_date
from services.metrics import overview_parts as parts
from services.metrics import overview_tables as tables
from services.metrics.lede import Situation, write_lede
from services.metrics.query import Snapshot
from services.metrics.registry import REGISTRY
from services.metrics.targets import TargetBook
from services.store.database import Store

CONSUMER = Consumer(
    ConsumerKind.PAGE,
    "overview",
    "Overview",
    frozenset(
        (
            *parts.IN_PERIOD,
            *parts.AS_OF,
            *parts.TILES,
            *tables.DEPARTMENT_IN_PERIOD,
            *tables.DEPARTMENT_AS_OF,
            *tables.RECRUITER_IN_PERIOD,
            "pass_through_rate",
            "source_conversion",
        )
    ),
)
"""Every metric the page asks: the registry's graph of uses is built from it."""
KEPT_VIEWS = 64
FEWEST_POINTS = 4
"""Months that must be known before the trend is drawn by month."""
SNAPSHOT_CHARACTERS = 12
_WITH_SOURCE = frozenset(metric.id for metric in REGISTRY.values() if "source" in metric.dimensions)


Key = tuple[str, str, Filters]
"""(snapshot, rights, filters): all that a view depends on."""


class Asks(Protocol):
    """The part of the query layer that the page uses."""

    def ask(self, query: Query, viewer: Viewer) -> Answer: ...

    def hold(self) -> AbstractContextManager[Snapshot]: ...

    def filter_options(self, viewer: Viewer) -> tuple[FilterChoice, ...]: ...


@dataclass(frozen=True)
class Selection:
    """Who asks for what: the questions of one page differ only in metrics, dimensions and period."""

    query: Asks
    viewer: Viewer
    filters: Filters

    def ask(
        self,
        *metrics: str,
        by: tuple[str, ...] = (),
        period: Period | None = None,
        as_of: datetime | None = None,
        most_groups: int | None = None,
    ) -> Mapping[str, Answer]:
        """Answers by metric. Those that know no source are asked without that filter, in a call of their own."""
        period = period or Period()
        frame = Query(metrics, by, where(self.filters), period, as_of=as_of, most_groups=most_groups)
        if "source" not in frame.where:
            return dict.fromkeys(metrics, self.query.ask(frame, self.viewer))
        without = {name: values for name, values in frame.where.items() if name != "source"}
        found: dict[str, Answer] = {}
        for knows_source, limits in ((True, frame.where), (False, without)):
            group = tuple(metric for metric in metrics if (metric in _WITH_SOURCE) is knows_source)
            if group:
                question = replace(frame, metrics=group, where=limits)
                found.update(dict.fromkeys(group, self.query.ask(question, self.viewer)))
        return found


class Overview:
    """Makes the page's view model. Keeps the latest views in memory, by snapshot, rights and filters."""

    def __init__(self, query: Asks, store: Store) -> None:
        self._query = query
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, OverviewView] = OrderedDict()

    def view(self, filters: Filters, viewer: Viewer) -> OverviewView:
        """The page for ``viewer``; filter values outside the viewer's scope are left out.

        Raises RetryLaterError while no snapshot is published, and what the query layer raises.
        """
        with self._query.hold() as snapshot:
            as_of = snapshot.as_of if snapshot.as_of.tzinfo else snapshot.as_of.replace(tzinfo=UTC)
            stamp = Stamp(as_of, snapshot.id, timezone=viewer.timezone)
            options = self._query.filter_options(viewer)
            filters = keep_known(filters, options)
            key = (f"{stamp.snapshot} {as_of}", viewer.fingerprint(), filters)
            kept = self._recall(key)
            return kept or self._keep(key, self._build(Selection(self._query, viewer, filters), stamp, options))

    def _recall(self, key: Key) -> OverviewView | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: Key, view: OverviewView) -> OverviewView:
        with self._lock:
            self._kept[key] = view
            while len(self._kept) > KEPT_VIEWS:
                self._kept.popitem(last=False)
        return view

    def _build(self, selection: Selection, stamp: Stamp, options: tuple[FilterChoice, ...]) -> OverviewView:
        today = _local_day(stamp.as_of, stamp.timezone)
        period = parse_period(selection.filters.period, today)
        targets = parts.Targets(TargetBook.of(self._store), today)
        figures = _figures(selection, period, stamp.as_of)
        hero, tiles = parts.hero_tile(figures, targets), parts.tiles(figures, targets)
        lede, rules = write_lede(Situation(hero, tiles))
        is_empty = parts.is_empty(figures)
        span = f"{on_date(period.start)} to {on_date(period.last_day)}"
        return OverviewView(
            title="Overview",
            subtitle=_subtitle(selection.filters, options, span),
            stamp=stamp,
            filters=selection.filters,
            choices=_chosen(options, selection.filters),
            lede=_nothing(selection.filters, options, span) if is_empty else lede,
            rules=() if is_empty else rules,
            hero=hero,
            hero_trend=_hero_trend(selection, period, targets),
            tiles=tiles,
            funnel=parts.funnel(selection.ask("pass_through_rate", by=("transition",), period=period.period), targets),
            departments=_departments(selection, period, targets),
            sources=tables.sources(
                selection.ask("applications", "source_conversion", "hires", by=("source",), period=period.period)
            ),
            recruiters=_recruiters(selection, period),
            notes=_notes(selection.filters),
            is_empty=is_empty,
            period_label=span,
            details=parts.details(),
            trust=_trust(stamp),
        )


def _figures(selection: Selection, period: NamedPeriod, as_of: datetime) -> parts.Figures:
    before = year_before(period)
    months = months_until(period.end, parts.MONTHS)
    return parts.Figures(
        now=selection.ask(*parts.IN_PERIOD, period=period.period),
        before=selection.ask(*parts.IN_PERIOD, period=before.period),
        standing=selection.ask(*parts.AS_OF),
        standing_before=selection.ask(*parts.AS_OF, as_of=_year_earlier(as_of)),
        monthly=selection.ask(*parts.TILES, by=("month",), period=Period(months[0], period.end)),
        months=months,
        before_label=before.label,
    )


def _hero_trend(selection: Selection, period: NamedPeriod, targets: parts.Targets) -> Trend:
    """Twelve months with the year before; quarters where single months have too few cases to show."""
    months = months_until(period.end, parts.MONTHS)
    points = _hero_points(selection, Grain.MONTH, months, period)
    if sum(point.value is not None for point in points) >= FEWEST_POINTS:
        return parts.hero_trend(points, Grain.MONTH, targets)
    first = bin_start(Grain.QUARTER, add_months(months[0], -parts.MONTHS))
    quarters = [
        start for start in bins(Grain.QUARTER, first, period.end) if next_bin(Grain.QUARTER, start) <= period.end
    ]
    return parts.hero_trend(_hero_points(selection, Grain.QUARTER, quarters, period), Grain.QUARTER, targets)


def _hero_points(
    selection: Selection, grain: Grain, starts: Sequence[date], period: NamedPeriod
) -> tuple[TrendPoint, ...]:
    span = Period(add_months(starts[0], -12), period.end)
    return parts.hero_points(selection.ask(parts.HERO, by=(grain.value,), period=span), grain, starts)


def _year_earlier(instant: datetime) -> datetime:
    is_leap_day = (instant.month, instant.day) == (2, 29)
    return instant.replace(year=instant.year - 1, day=28 if is_leap_day else instant.day)


def _departments(selection: Selection, period: NamedPeriod, targets: parts.Targets) -> Table:
    """Departments at the top of the tree; their children as soon as departments are chosen."""
    filters = selection.filters
    level = "department" if filters.department else "top_department"
    table = tables.departments(
        level,
        selection.ask(*tables.DEPARTMENT_IN_PERIOD, by=(level,), period=period.period),
        selection.ask(*tables.DEPARTMENT_AS_OF, by=(level,)),
        targets,
    )
    rows = tuple(
        row if filters.department == (row.key,) else replace(row, href=f"/{to_search(_only(filters, row.key))}")
        for row in table.rows
    )
    return replace(table, rows=rows)


def _only(filters: Filters, department: str) -> Filters:
    """The same page for one department: where a name in the table leads."""
    return replace(filters, department=(department,))


def _recruiters(selection: Selection, period: NamedPeriod) -> Table | None:
    if ColumnClass.PERSON not in selection.viewer.classes:
        return None
    try:
        standing = selection.ask("open_requisitions", by=("recruiter",), most_groups=tables.RECRUITERS_SHOWN)
    except TooManyGroupsError as many:
        return tables.too_many_recruiters(many.groups)
    return tables.recruiters(
        selection.ask(*tables.RECRUITER_IN_PERIOD, by=("recruiter",), period=period.period), standing
    )


def _local_day(instant: datetime, timezone: str) -> date:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(timezone)).date()


def _chosen(options: tuple[FilterChoice, ...], filters: Filters) -> tuple[FilterChoice, ...]:
    return tuple(
        replace(
            choice,
            options=tuple(
                replace(option, chosen=option.value in getattr(filters, choice.id)) for option in choice.options
            ),
        )
        for choice in options
    )


def _names(filters: Filters, options: tuple[FilterChoice, ...]) -> list[str]:
    """What is chosen, in words, dimension by dimension."""
    labels = {choice.id: {option.value: option.label for option in choice.options} for choice in options}
    return [
        listing(tuple(labels[name].get(value, value) for value in values))
        for name, _ in DIMENSIONS
        if (values := getattr(filters, name))
    ]


def _subtitle(filters: Filters, options: tuple[FilterChoice, ...], span: str) -> str:
    chosen = _names(filters, options)
    return f"{'; '.join(chosen) or 'Everything you may see'}, {span}"


def _nothing(filters: Filters, options: tuple[FilterChoice, ...], span: str) -> str:
    chosen = "; ".join(_names(filters, options)) or "What you may see"
    return (
        f"{chosen} had no applications, no hires and no open requisitions from {span}. "
        "Zero is a fact here, not missing data."
    )


def _notes(filters: Filters) -> tuple[Note, ...]:
    if not filters.source:
        return ()
    words = (
        "A requisition has no source: time to fill, open requisitions and feedback are shown for all sources. "
        "Applications, hires, offers and pass-through follow the filter."
    )
    return (Note("info", words),)


def _trust(stamp: Stamp) -> tuple[str, ...]:
    version = max(metric.version for metric in REGISTRY.values())
    return (
        f"Batch {stamp.snapshot[:SNAPSHOT_CHARACTERS]}, read on {at_instant(stamp.as_of, stamp.timezone)}",
        f"{len(REGISTRY)} governed metrics, definitions version {version}",
        "Small groups are hidden below 5 and not judged below 20",
    )
