"""View models: what a page, a PDF, a CSV, a mail and the API all show. Frozen; numbers raw, words decided here.

Formatting (minus signs, decimals, "hidden") is done by ``services.domain.wording`` so that every channel prints the
same text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from services.domain.metric import Better, Row, Unit


@dataclass(frozen=True)
class Filters:
    """What the viewer has chosen. Values are shown names; empty = all.

    ``period`` is a key of ``services.domain.periods``.
    """

    period: str = "12m"
    department: tuple[str, ...] = ()
    job_family: tuple[str, ...] = ()
    seniority: tuple[str, ...] = ()
    geography: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


@dataclass(frozen=True)
class FilterOption:
    value: str
    label: str
    count: int
    """Applications behind it, within the viewer's scope."""
    chosen: bool = False
    depth: int = 0


@dataclass(frozen=True)
class FilterChoice:
    id: str
    label: str
    options: tuple[FilterOption, ...]


@dataclass(frozen=True)
class Stamp:
    """As of when, from which snapshot, by which definitions."""

    as_of: datetime
    snapshot: str
    lane: str = "batch"
    timezone: str = "UTC"


@dataclass(frozen=True)
class Comparison:
    """Against the year before (or another named period). ``change`` None = no comparison."""

    change: float | None
    label: str
    is_better: bool | None = None


@dataclass(frozen=True)
class Tile:
    """One KPI. ``row`` carries value, n, events, reason and interval; ``display`` decides small-n wording."""

    metric_id: str
    title: str
    row: Row
    unit: Unit
    better: Better
    target: float | None = None
    status: str | None = None
    """on, near, off; None = no target, no value or n too small to judge."""
    comparison: Comparison | None = None
    trend: tuple[tuple[str, float | None], ...] = ()
    """(period label, value), oldest first; up to 12 points."""
    benchmark: Row | None = None
    """The company's figure for the same period; None = not shown beside it."""
    wider: Row | None = None
    """The same metric over the longer period ``wider_label`` names, where one period has few cases."""
    wider_label: str = ""


@dataclass(frozen=True)
class TrendPoint:
    label: str
    start: date
    value: float | None
    p25: float | None = None
    p75: float | None = None
    n: int = 0
    year_before: float | None = None
    benchmark: float | None = None
    """The company's value of the same point."""


@dataclass(frozen=True)
class TrendMark:
    """What changed the ground under a trend: a new definition or a freeze."""

    day: date
    label: str


@dataclass(frozen=True)
class Trend:
    title: str
    caption: str
    unit: Unit
    points: tuple[TrendPoint, ...]
    target: float | None = None
    finding: str = ""
    """Text alternative: what the chart says."""
    grain: str = "month"
    """month or quarter: what one point stands for."""
    metric_id: str = ""
    """Empty = the trend of no registered metric."""
    marks: tuple[TrendMark, ...] = ()
    """Dotted verticals, in order of time."""


@dataclass(frozen=True)
class FunnelStep:
    """From one stage to the next: share who reach it (competing risks), with interval and target."""

    from_stage: str
    to_stage: str
    row: Row
    target: float | None = None
    status: str | None = None
    benchmark: Row | None = None
    """The company's figure of the same step; None = not shown beside it."""


@dataclass(frozen=True)
class Column:
    id: str
    label: str
    kind: str = "text"
    """text, number, days, rate, bar, bullet, spread, status, buckets."""
    help: str = ""
    fold: bool = False
    """On a narrow screen the column moves into a second line under the row's name."""


@dataclass(frozen=True)
class Bullet:
    """A value as a bar from zero against a target tick. ``value`` None prints ``words`` ("paused") and no bar."""

    value: float | None
    unit: Unit
    target: float | None = None
    full: float | None = None
    """Value at the bar's right end; None = the largest of the column."""
    status: str | None = None
    words: str = ""
    low: float | None = None
    high: float | None = None
    """Ends of the interval, drawn as a thin line."""


@dataclass(frozen=True)
class Spread:
    """A dot and the line of its interval on a scale that a whole column shares. ``value`` None prints ``words``."""

    value: float | None
    low: float | None
    high: float | None
    ends: tuple[float, float]
    """Left and right end of the scale; what lies beyond is drawn at the end."""
    mark: float | None = None
    """A dashed mark on the scale."""
    is_log: bool = False
    """Ratios: half and double are equally far from 1."""
    status: str | None = None
    words: str = ""


@dataclass(frozen=True)
class Mark:
    """A verdict in a cell: shape, word and colour. ``tone``: good, near, bad, hold."""

    tone: str
    words: str


Cell: TypeAlias = Row | Bullet | Spread | Mark | str | float | int | tuple[int, ...] | None


@dataclass(frozen=True)
class TableRow:
    key: str
    label: str
    cells: Mapping[str, Cell]
    """By column id; ``<id>_status`` may hold the status of that one cell."""
    href: str | None = None
    status: str | None = None
    detail: str = ""
    """Second line under the label."""


@dataclass(frozen=True)
class Table:
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    note: str = ""
    empty: str = ""
    """What an empty table means and what to do next."""
    id: str = ""
    heading: str = ""
    """Head of the label column."""
    width: str = "full"
    """full or half: two halves in a row stand side by side on paper."""


@dataclass(frozen=True)
class Note:
    """A note on the page: kind info, warning, error."""

    kind: str
    text: str
    href: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class MetricDetail:
    """What stands behind "Definition" in a tile's menu: (term, words) pairs of the registered metric."""

    metric_id: str
    name: str
    version: int
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OverviewView:
    title: str
    subtitle: str
    stamp: Stamp
    filters: Filters
    choices: tuple[FilterChoice, ...]
    lede: str
    rules: tuple[str, ...]
    """Ids of the wording rules that wrote the lede."""
    hero: Tile
    hero_trend: Trend
    tiles: tuple[Tile, ...]
    funnel: tuple[FunnelStep, ...]
    departments: Table
    sources: Table
    recruiters: Table | None
    """None = the viewer may not see person-level figures; the section is not there at all."""
    notes: tuple[Note, ...] = ()
    is_empty: bool = False
    """Nothing matches the filters; ``lede`` says so in words and no part of the page is drawn."""
    period_label: str = ""
    """``1 Nov 2025 to 31 Oct 2026``."""
    details: tuple[MetricDetail, ...] = ()
    trust: tuple[str, ...] = ()
    """Sentences of the foot: batch, snapshot, metric set."""


@dataclass(frozen=True)
class Section:
    """One card of a page. ``content`` of a kind the frame does not know is drawn by the page's own layout."""

    id: str
    """Unique on the page; also the name of its numbers in the panel."""
    content: object
    """Table, Trend, Funnel, or a frozen dataclass of the page."""
    width: int = 12
    """Twelfths of the page; sections fill rows from left to right."""


@dataclass(frozen=True)
class Dot:
    label: str
    row: Row


@dataclass(frozen=True)
class DotPlot:
    """Groups with uncertainty: a dot and the 95 % line of each on one scale. A group without a value keeps its row."""

    title: str
    caption: str
    heading: str
    """Head of the groups' column in the table alternative."""
    unit: Unit
    dots: tuple[Dot, ...]
    reference: float | None = None
    """The figure of all groups together, as a line."""
    reference_label: str = ""
    finding: str = ""
    """Text alternative: what the chart says."""
    note: str = ""
    empty: str = ""
    """What stands there instead when no group has a value."""


@dataclass(frozen=True)
class Funnel:
    """Pass-through by stage."""

    title: str
    caption: str
    steps: tuple[FunnelStep, ...]
    empty: str = ""
    note: str = ""


@dataclass(frozen=True)
class PageView:
    """A page under the filter bar. Every channel that shows the page (screen, CSV, API) reads this."""

    id: str
    title: str
    subtitle: str
    stamp: Stamp
    filters: Filters
    choices: tuple[FilterChoice, ...]
    lede: str = ""
    rules: tuple[str, ...] = ()
    """Ids of the wording rules that wrote the lede."""
    notes: tuple[Note, ...] = ()
    tiles: tuple[Tile, ...] = ()
    sections: tuple[Section, ...] = ()
    is_empty: bool = False
    """Nothing matches the filters; ``lede`` says so in words and no part of the page is drawn."""
    details: tuple[MetricDetail, ...] = ()
    """Definitions behind the tiles, for the panel."""
    trust: tuple[str, ...] = ()
    """Sentences of the foot: batch, snapshot, metric set."""


@dataclass(frozen=True)
class Definition:
    """A footnote: which definition a figure follows."""

    mark: str
    name: str
    text: str
    version: int


@dataclass(frozen=True)
class ReportHead:
    """What every report carries: who, which period, as of when, under whose permissions."""

    kind: str
    title: str
    company: str
    report_id: str
    subject: str
    subject_name: str
    subtitle: str
    period: str
    period_label: str
    recipient: str
    stamp: Stamp
    issued_at: datetime
    """From data (the run's due time), never the wall clock: equal input gives equal bytes."""
    locale: str = "en"
    paper: str = "A4"


@dataclass(frozen=True)
class ReportView:
    """A report as sections in printed order; the same sections feed PDF, mail and the attached CSV."""

    head: ReportHead
    lede: str
    tiles: tuple[Tile, ...]
    funnel: tuple[FunnelStep, ...] = ()
    trend: Trend | None = None
    tables: tuple[Table, ...] = ()
    asks: tuple[Note, ...] = ()
    """"Three things only you can do": ``text`` says what, ``link`` is the word that opens ``href``."""
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Note, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ArchiveEntry:
    public_id: str
    kind: str
    title: str
    period: str
    subject_name: str
    created_at: datetime
    size_bytes: int
    sha256: str
    deliveries: tuple[tuple[str, str, datetime], ...] = ()
    """(address, how, when) - only for those who may see the delivery list."""


@dataclass(frozen=True)
class ArchiveView:
    entries: tuple[ArchiveEntry, ...]
    total: int
    page: int
    page_size: int
    search: str
    kind: str
    period: str
    kinds: tuple[str, ...]
    periods: tuple[str, ...]
