"""View models as words and marks ready to be set: shared by PDF and mail, so that both print the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports import charts
from reports.printable import LONGEST_NAME, printable
from services.domain import phrases, wording
from services.domain.metric import Row, Unit
from services.domain.views import (
    Bullet,
    Column,
    FunnelStep,
    Mark,
    ReportView,
    Spread,
    Table,
    TableRow,
    Tile,
    Trend,
    TrendPoint,
)


@dataclass(frozen=True)
class PrintedTile:
    title: str
    mark: str
    value: str
    unit: str
    note: str
    is_muted: bool
    status: str | None
    comparison: str
    comparison_status: str
    """on, off or none: in words and shape, not colour alone."""
    target: str
    benchmark: str
    wider_label: str
    wider: str
    """The same over a longer period, with n; empty = not shown."""
    sparkline: Markup


@dataclass(frozen=True)
class PrintedCell:
    text: str
    note: str = ""
    graphic: Markup | None = None
    css: str = ""
    status: str | None = None
    limit: str = ""
    """The target of a bullet, in words."""
    share: float | None = None
    """Length of the bar as a part of its track, for channels without SVG."""


@dataclass(frozen=True)
class PrintedRow:
    label: str
    detail: str
    href: str | None
    cells: tuple[PrintedCell, ...]


@dataclass(frozen=True)
class PrintedTable:
    id: str
    title: str
    caption: str
    width: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[PrintedRow, ...]
    note: str
    empty: str


@dataclass(frozen=True)
class PrintedReport:
    """Everything a template needs beside the head, the lede, asks, notes and definitions, which are text already."""

    tiles: tuple[PrintedTile, ...]
    funnel: Markup
    funnel_note: str
    trend: Markup
    has_own_trend: bool
    """False = only the company's line could be drawn."""
    tables: tuple[PrintedTable, ...]


def print_report(view: ReportView) -> PrintedReport:
    marks = {definition.name: definition.mark for definition in view.definitions}
    return PrintedReport(
        tiles=tuple(print_tile(tile, marks) for tile in view.tiles),
        funnel=print_funnel(view.funnel),
        funnel_note=_funnel_note(view.funnel),
        trend=print_trend(view.trend) if view.trend else Markup(""),
        has_own_trend=view.trend is not None and any(point.value is not None for point in view.trend.points),
        tables=tuple(print_table(table) for table in view.tables),
    )


def print_tile(tile: Tile, marks: Mapping[str, str]) -> PrintedTile:
    shown = wording.shown(tile.row)
    comparison = tile.comparison
    has_change = comparison is not None and comparison.change is not None
    return PrintedTile(
        title=tile.title,
        mark=marks.get(tile.title, ""),
        value=shown.text,
        unit=shown.unit,
        note=shown.note,
        is_muted=shown.muted,
        status=tile.status if wording.is_judged(tile.row) else None,
        comparison=f"{wording.change(comparison.change, tile.unit)} {comparison.label}"
        if comparison is not None and comparison.change is not None
        else "no comparison",
        comparison_status=_comparison_status(comparison.is_better if comparison and has_change else None),
        target=_target(tile),
        benchmark=wording.shown(tile.benchmark).text if tile.benchmark else "",
        wider_label=tile.wider_label,
        wider=wording.shown(tile.wider).text if tile.wider else "",
        sparkline=charts.sparkline(
            [value for _, value in tile.trend],
            title=_sparkline_words(tile),
            target=tile.target,
            status=tile.status if wording.is_judged(tile.row) else None,
        ),
    )


def _comparison_status(is_better: bool | None) -> str:  # noqa: FBT001 - the three values of the view model's field
    return "" if is_better is None else "on" if is_better else "near"


def _target(tile: Tile) -> str:
    if tile.target is None:
        return ""
    return f"{phrases.target_sign(tile.better)} {phrases.compact(tile.target, tile.unit)}"


def _sparkline_words(tile: Tile) -> str:
    known = [
        f"{label} {wording.amount_with_unit(value, tile.unit)}" for label, value in tile.trend if value is not None
    ]
    return f"{tile.title} by period: {', '.join(known)}"


def print_funnel(steps: Sequence[FunnelStep]) -> Markup:
    """Empty when nobody reached the first stage: the caller prints words instead of an empty frame."""
    if not steps or not steps[0].row.n:
        return Markup("")
    first = steps[0]
    bars = [charts.FunnelBar(first.from_stage, first.row.n, wording.number(first.row.n))]
    for index, step in enumerate(steps):
        count = steps[index + 1].row.n if index + 1 < len(steps) else reached_last(step)
        shown = wording.shown(step.row)
        benchmark = f"company {wording.shown(step.benchmark).text}" if step.benchmark else ""
        status = step.status if wording.is_judged(step.row) else "muted"
        bars.append(charts.FunnelBar(step.to_stage, count, wording.number(count), shown.text, benchmark, status))
    words = "; ".join(f"{bar.label} {bar.count_text} {bar.rate_text}".strip() for bar in bars)
    return charts.funnel(bars, title=f"Pass-through: {words}")


def reached_last(step: FunnelStep) -> int:
    """How many reached the end of the last step: the events of its curve, or its numerator."""
    row = step.row
    return int(row.events if row.events is not None else row.numerator or 0)


def _funnel_note(steps: Sequence[FunnelStep]) -> str:
    few = [step for step in steps if step.row.value is None or not wording.is_judged(step.row)]
    return "Rates from fewer than 20 are grey and not judged." if few else ""


def print_trend(trend: Trend) -> Markup:
    points = trend.points
    marks = [
        charts.TrendMark(
            point.label,
            point.value,
            point.p25,
            point.p75,
            point.benchmark,
            is_faint=point.n < wording.FEW_GREY,
        )
        for point in points
    ]
    last = next((point for point in reversed(points) if point.value is not None), None)
    company = next((p.benchmark for p in reversed(points) if p.benchmark is not None), None)
    words = charts.TrendWords(
        last=_last_words(last, points[-1], trend.unit) if last else "",
        target=f"Target {phrases.compact(trend.target, trend.unit)}" if trend.target is not None else "",
        benchmark=f"Company {wording.amount(company, trend.unit)}" if company is not None else "",
    )
    return charts.trend(marks, title=trend.finding or trend.title, words=words, target=trend.target)


def _last_words(last: TrendPoint, end: TrendPoint, unit: Unit) -> str:
    """A value that is not of the last period names its own."""
    value = wording.amount(last.value or 0, unit)
    return value if last is end else f"{last.label}: {value}"


def print_table(table: Table) -> PrintedTable:
    largest = {column.id: _largest(table, column.id) for column in table.columns}
    rows = tuple(
        PrintedRow(
            label=printable(row.label, limit=LONGEST_NAME),
            detail=printable(row.detail, limit=LONGEST_NAME),
            href=row.href,
            cells=tuple(_cell(row, column, largest[column.id], table.width) for column in table.columns),
        )
        for row in table.rows
    )
    return PrintedTable(
        id=table.id,
        title=table.title,
        caption=table.caption,
        width=table.width,
        label=table.heading,
        columns=table.columns,
        rows=rows,
        note=table.note,
        empty=table.empty,
    )


def _largest(table: Table, column_id: str) -> float:
    values = [_magnitude(row.cells.get(column_id)) for row in table.rows]
    return max(values, default=0.0) or 1.0


def _magnitude(cell: object) -> float:
    if isinstance(cell, Bullet):
        return max(cell.full or 0.0, cell.value or 0.0, cell.target or 0.0)
    if isinstance(cell, Row):
        return float(cell.value or 0.0)
    return float(cell) if isinstance(cell, int | float) else 0.0


def _cell(row: TableRow, column: Column, largest: float, width: str) -> PrintedCell:
    value = row.cells.get(column.id)
    bar_width = 76.0 if width == "full" else 64.0
    if isinstance(value, Bullet):
        return _bullet_cell(value, f"{row.label}, {column.label}", largest, bar_width)
    if isinstance(value, Row):
        return _row_cell(value, column, row.label, largest, bar_width)
    if isinstance(value, tuple):
        text = " · ".join(wording.number(part) for part in value)
        return PrintedCell(text, graphic=charts.buckets(value, title=f"{row.label}, {column.label}: {text}"))
    if isinstance(value, Mark | Spread):
        return PrintedCell(_drawn_words(value))
    if column.kind == "status":
        status = row.status if row.status in charts.STATUS_COLOUR else None
        return PrintedCell(str(value) if value else wording.NOTHING, status=status)
    return PrintedCell(_plain(value, column.kind))


def _drawn_words(value: Mark | Spread) -> str:
    """On paper a verdict is its word, and a dot on a scale its number."""
    if isinstance(value, Mark):
        return value.words
    return wording.number(value.value, decimals=2) if value.value is not None else value.words or wording.NOTHING


def _plain(value: str | float | None, kind: str) -> str:
    if value is None or value == "":
        return wording.NOTHING
    if isinstance(value, str):
        return value
    unit = {"rate": Unit.RATE, "days": Unit.DAYS}.get(kind, Unit.COUNT)
    return wording.amount(value, unit)


def _bullet_cell(bullet: Bullet, label: str, largest: float, width: float) -> PrintedCell:
    if bullet.value is None:
        return PrintedCell(bullet.words or wording.NOTHING, css="muted")
    text = wording.amount(bullet.value, bullet.unit)
    limit = phrases.compact(bullet.target, bullet.unit) if bullet.target is not None else ""
    graphic = charts.bullet(
        bullet.value,
        full=bullet.full or largest,
        title=f"{label}: {text}" + (f", target {limit}" if limit else ""),
        target=bullet.target,
        status=bullet.status,
        width=width,
    )
    return PrintedCell(
        text,
        note=bullet.words,
        graphic=graphic,
        css="off" if bullet.status == "off" else "",
        limit=limit,
        share=min(bullet.value / (bullet.full or largest), 1.0),
    )


def _row_cell(row: Row, column: Column, label: str, largest: float, width: float) -> PrintedCell:
    shown = wording.shown(row)
    note = f"n {wording.number(row.n)}" if shown.muted and row.n else ""
    graphic = None
    if column.kind == "bar" and row.value is not None:
        title = f"{label}, {column.label}: {shown.text}"
        graphic = charts.bullet(float(row.value), full=largest, title=title, width=width)
    return PrintedCell(shown.text, note=note, graphic=graphic, css="muted" if shown.muted else "")
