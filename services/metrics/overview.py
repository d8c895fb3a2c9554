"""The Overview as one view model: a handful of questions to the query layer, targets beside them, words from rules."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import TooManyGroupsError
from services.domain.filters import DIMENSIONS, keep_known, to_search
from services.domain.grains import Grain, bin_start, bins, next_bin
from services.domain.metric import Period
from services.domain.people import ColumnClass, Viewer
from services.domain.periods import NamedPeriod, add_months, months_until, parse_period, year_before
from services.domain.phrases import listing
from services.domain.views import FilterChoice, Filters, Note, OverviewView, Stamp, Table, Trend
from services.domain.wording import at_instant, on_date
from services.metrics import overview_parts as parts
from services.metrics import overview_tables as tables
from services.metrics.lede import Situation, write_lede
from services.metrics.priority_order import by_priority
from services.metrics.registry import REGISTRY
from services.metrics.selection import Answers, Asks, Selection
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


StandingNotes = Callable[[], tuple[Note, ...]]
"""What holds of all figures whatever the filters, such as a validation that failed; asked anew for every view."""
Key = tuple[str, str, Filters]
"""(snapshot, rights, filters): all that a view depends on."""


class Overview:
    """Makes the page's view model. Keeps the latest views in memory, by snapshot, rights and filters."""

    def __init__(self, query: Asks, store: Store, standing: StandingNotes = tuple) -> None:
        self._query = query
        self._store = store
        self._standing = standing
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
            view = kept or self._keep(key, self._build(Selection(self._query, viewer, filters), stamp, options))
            last_day = parse_period(filters.period, _local_day(as_of, viewer.timezone)).last_day
            view = by_priority(view, filters, last_day, self._store)
            standing = self._standing()
            return replace(view, notes=(*standing, *view.notes)) if standing else view

    @property
    def standing(self) -> StandingNotes:
        """The notes that hold of all figures: other pages of figures carry them too."""
        return self._standing

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
        asked = _ask(selection, period, stamp.as_of)
        targets = parts.Targets(TargetBook.of(self._store), today)
        hero, tiles = parts.hero_tile(asked.figures, targets), parts.tiles(asked.figures, targets)
        lede, rules = write_lede(Situation(hero, tiles))
        is_empty = parts.is_empty(asked.figures)
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
            hero_trend=_hero_trend(selection, asked.hero_by_month, period, targets),
            tiles=tiles,
            funnel=parts.funnel(asked.funnel, targets),
            departments=_departments(selection.filters, asked, targets),
            sources=tables.sources(asked.sources),
            recruiters=_recruiters(selection, asked.open_by_recruiter, period),
            notes=_notes(selection.filters),
            is_empty=is_empty,
            period_label=span,
            details=parts.details(),
            trust=_trust(stamp),
        )


@dataclass(frozen=True)
class _Asked:
    """Every question of the page, asked before the first answer is waited for."""

    figures: parts.Figures
    hero_by_month: Answers
    funnel: Answers
    sources: Answers
    departments: Answers
    departments_now: Answers
    open_by_recruiter: Answers | None
    """None = figures of people are not for this viewer."""


def _ask(selection: Selection, period: NamedPeriod, as_of: datetime) -> _Asked:
    within, months = period.period, months_until(period.end, parts.MONTHS)
    level = _level(selection.filters)
    sees_people = ColumnClass.PERSON in selection.viewer.classes
    return _Asked(
        figures=_figures(selection, period, as_of),
        hero_by_month=_hero(selection, Grain.MONTH, months, period),
        funnel=selection.ask("pass_through_rate", by=("transition",), period=within),
        sources=selection.ask("applications", "source_conversion", "hires", by=("source",), period=within),
        departments=selection.ask(*tables.DEPARTMENT_IN_PERIOD, by=(level,), period=within),
        departments_now=selection.ask(*tables.DEPARTMENT_AS_OF, by=(level,)),
        open_by_recruiter=selection.ask("open_requisitions", by=("recruiter",), most_groups=tables.RECRUITERS_SHOWN)
        if sees_people
        else None,
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


def _hero_trend(selection: Selection, by_month: Answers, period: NamedPeriod, targets: parts.Targets) -> Trend:
    """Twelve months with the year before; quarters where single months have too few cases to show."""
    months = months_until(period.end, parts.MONTHS)
    points = parts.hero_points(by_month, Grain.MONTH, months)
    if sum(point.value is not None for point in points) >= FEWEST_POINTS:
        return parts.hero_trend(points, Grain.MONTH, targets)
    first = bin_start(Grain.QUARTER, add_months(months[0], -parts.MONTHS))
    quarters = [
        start for start in bins(Grain.QUARTER, first, period.end) if next_bin(Grain.QUARTER, start) <= period.end
    ]
    by_quarter = _hero(selection, Grain.QUARTER, quarters, period)
    return parts.hero_trend(parts.hero_points(by_quarter, Grain.QUARTER, quarters), Grain.QUARTER, targets)


def _hero(selection: Selection, grain: Grain, starts: Sequence[date], period: NamedPeriod) -> Answers:
    span = Period(add_months(starts[0], -12), period.end)
    return selection.ask(parts.HERO, by=(grain.value,), period=span)


def _year_earlier(instant: datetime) -> datetime:
    is_leap_day = (instant.month, instant.day) == (2, 29)
    return instant.replace(year=instant.year - 1, day=28 if is_leap_day else instant.day)


def _level(filters: Filters) -> str:
    """Departments at the top of the tree; their children as soon as departments are chosen."""
    return "department" if filters.department else "top_department"


def _departments(filters: Filters, asked: _Asked, targets: parts.Targets) -> Table:
    table = tables.departments(_level(filters), asked.departments, asked.departments_now, targets)
    rows = tuple(
        row if filters.department == (row.key,) else replace(row, href=f"/{to_search(_only(filters, row.key))}")
        for row in table.rows
    )
    return replace(table, rows=rows)


def _only(filters: Filters, department: str) -> Filters:
    """The same page for one department: where a name in the table leads."""
    return replace(filters, department=(department,))


def _recruiters(selection: Selection, standing: Answers | None, period: NamedPeriod) -> Table | None:
    if standing is None:
        return None
    try:
        standing["open_requisitions"]
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
