"""Tables of a view model. On a narrow screen the columns marked ``fold`` move into a second line under the name."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.bars import bullet_bar, dot_line, stacked_bar
from layouts.components.card import card, legend
from layouts.components.markup import Child, hb, present, with_icon
from layouts.components.status import TONES, chip, status_chip
from services.domain.metric import Row
from services.domain.views import Bullet, Cell, Column, FunnelStep, Mark, Spread, Table, TableRow
from services.domain.wording import NOTHING, number, shown

AGE_BUCKETS = ("0–30 days", "31–60", "61–90", "over 90")
_NUMERIC = {"number", "days", "rate"}
_BUCKET_SWATCHES = ("d", "c", "b", "")


def table_card(table: Table, width: int = 12, foot: Sequence[Child] = ()) -> Component:
    """``foot`` stands after the table's own note. An empty table says what its emptiness means."""
    has_buckets = any(column.kind == "buckets" for column in table.columns)
    body = data_table(table) if table.rows else html.P(table.empty, className=hb("sub"))
    return card(
        table.title,
        table.caption,
        body,
        width=width,
        aside=legend(*zip(_BUCKET_SWATCHES, AGE_BUCKETS, strict=True)) if has_buckets and table.rows else None,
        foot=present(html.Span(table.note) if table.note else None, *foot),
    )


def data_table(table: Table) -> Component:
    columns = table.columns
    head = [html.Th(table.heading or table.title, scope="col"), *(_head(column) for column in columns)]
    fulls = {column.id: _full(table, column.id) for column in columns if column.kind == "bullet"}
    rows = [
        html.Tr([_name(row, columns), *(_cell(row, column, fulls.get(column.id, 0.0)) for column in columns)])
        for row in table.rows
    ]
    return _scrolling(html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className=hb("tbl tight")))


def _scrolling(table: Component) -> Component:
    return html.Div(table, className=hb("tbl-w"))


def _classes(column: Column) -> str:
    numeric = "n" if column.kind in _NUMERIC else ""
    folded = "fold" if column.fold else ""
    return hb(f"{numeric} {folded}")


def _head(column: Column) -> Component:
    label: Child = column.label or html.Span("Status", className="visually-hidden")
    return html.Th(label, scope="col", className=_classes(column), title=column.help or None)


def _name(row: TableRow, columns: Sequence[Column]) -> Component:
    name: Child = dcc.Link(row.label, href=row.href) if row.href else row.label
    folded = ", ".join(
        f"{column.label} {words}" for column in columns if column.fold and (words := _words(row, column))
    )
    lines = present(
        name,
        html.Span(row.detail) if row.detail else None,
        html.Span(folded, className=hb("only-m")) if folded else None,
    )
    return html.Th(lines, scope="row", className=hb("two"))


def _words(row: TableRow, column: Column) -> str:
    """The cell as text; empty for cells that are pictures of another column."""
    value = row.cells.get(column.id)
    if isinstance(value, (Bullet, Spread, tuple)) or column.kind == "status":
        return ""
    return _text(value)


def _text(value: Cell) -> str:
    if isinstance(value, Row):
        return shown(value).text
    if isinstance(value, Mark):
        return value.words
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return number(value, decimals=0 if isinstance(value, int) else 1)
    return NOTHING


def _cell(row: TableRow, column: Column, full: float) -> Component:
    return html.Td(_content(row, column, full), className=_classes(column))


def _content(row: TableRow, column: Column, full: float) -> Child:
    value = row.cells.get(column.id)
    if column.kind == "status":
        return status_chip(row.status) or NOTHING
    if isinstance(value, Bullet):
        return _bullet(value, full)
    if isinstance(value, Row):
        return _figure(value, row.cells.get(f"{column.id}_status"))
    return _drawn(value)


def _drawn(value: Cell) -> Child:
    """What is drawn from the cell alone."""
    if isinstance(value, tuple):
        return stacked_bar(value, AGE_BUCKETS) if sum(value) else NOTHING
    if isinstance(value, Mark):
        return chip(value.tone, value.words, "unknown" if value.tone == "hold" else None)
    if isinstance(value, Spread):
        tone = TONES.get(value.status or "", value.status or "")
        return dot_line(value, value.value, tone) if value.value is not None else value.words or NOTHING
    return _text(value)


def _figure(value: Row, status: Cell) -> Child:
    printed = shown(value)
    if isinstance(status, str) and status in TONES and status != "on":
        tone = TONES[status]
        return html.Span(printed.text, className=with_icon(f"t-{tone}", tone), title=printed.note)
    return html.Span(printed.text, className=hb("ink3"), title=printed.note) if printed.muted else printed.text


def _bullet(value: Bullet, full: float) -> Child:
    if value.value is None:
        return value.words or NOTHING
    tone = {"near": "near", "off": "bad"}.get(value.status or "", "")
    span = (value.low, value.high) if value.low is not None and value.high is not None else None
    return bullet_bar(value.value, full=value.full or full, tone=tone, target=value.target, span=span)


def _full(table: Table, column_id: str) -> float:
    """The right end of a column's bars: the largest value or target, with a little air."""
    bullets = [cell for row in table.rows if isinstance(cell := row.cells.get(column_id), Bullet)]
    reach = [mark for bullet in bullets for mark in (bullet.value, bullet.target, bullet.high) if mark is not None]
    return max(reach, default=0.0) * 1.05


def funnel_table(steps: Sequence[FunnelStep]) -> Component:
    """From stage to stage: share who get there with interval and target, on one scale from 0 to 100%."""
    head = [
        html.Th("From, to", scope="col"),
        html.Th("n", scope="col", className=hb("n fold")),
        html.Th("Passed", scope="col", className=hb("n")),
        html.Th("0 to 100%, tick = target", scope="col"),
        html.Th("Target", scope="col", className=hb("fold")),
        html.Th(html.Span("Status", className="visually-hidden"), scope="col", className=hb("fold")),
    ]
    rows = [html.Tr(_funnel_row(step)) for step in steps]
    return _scrolling(html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className=hb("tbl tight")))


def _funnel_row(step: FunnelStep) -> list[Component]:
    row, printed = step.row, shown(step.row)
    tone = {"near": "near", "off": "bad"}.get(step.status or "", "")
    span = (float(row.low), float(row.high)) if row.low is not None and row.high is not None else None
    bar: Child = NOTHING
    if row.value is not None:
        bar = bullet_bar(float(row.value), full=1.0, tone=tone, target=step.target, span=span)
    goal = f"≥ {step.target:.0%}" if step.target is not None else NOTHING
    return [
        html.Th(f"{step.from_stage} to {step.to_stage.lower()}", scope="row"),
        html.Td(number(row.n), className=hb("n fold")),
        html.Td(
            html.B(printed.text, className=hb("ink3") if printed.muted else ""), className=hb("n"), title=printed.note
        ),
        html.Td(bar, className=hb("wide")),
        html.Td(goal, className=hb("fold nowrap")),
        html.Td(status_chip(step.status) or NOTHING, className=hb("fold")),
    ]
