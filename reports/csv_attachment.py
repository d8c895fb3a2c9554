"""The numbers of a report as one CSV table, attached to its PDF (and exactly what is printed there, unrounded)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from services.domain.metric import Row
from services.domain.views import Bullet, Mark, ReportView, Spread, Table

COLUMNS = (
    "section",
    "item",
    "measure",
    "value",
    "unit",
    "n",
    "events",
    "low",
    "high",
    "target",
    "reason",
    "note",
    "definition_version",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def render_csv(view: ReportView) -> bytes:
    """UTF-8 with a byte order mark, CRLF; a text that a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for record in _records(view):
        writer.writerow({key: _safe(value) for key, value in record.items()})
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _safe(value: str | float | None) -> str | float:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def _records(view: ReportView) -> Iterator[dict[str, str | float | None]]:
    head = view.head
    for measure, text in (
        ("kind", head.kind),
        ("report", head.report_id),
        ("subject", head.subject_name),
        ("period", head.period),
        ("as of (UTC)", head.stamp.as_of.isoformat()),
        ("snapshot", head.stamp.snapshot),
    ):
        yield {"section": "report", "measure": measure, "note": text}
    for tile in view.tiles:
        yield {**_row("tile", tile.title, tile.title, tile.row), "target": tile.target}
        if tile.wider:
            yield _row("tile", tile.wider_label, tile.title, tile.wider)
        if tile.benchmark:
            yield _row("tile", "Company", tile.title, tile.benchmark)
        for label, value in tile.trend:
            yield {"section": "trend", "item": label, "measure": tile.title, "value": value, "unit": tile.unit}
    for step in view.funnel:
        name = f"{step.from_stage} to {step.to_stage}"
        yield {**_row("pass-through", name, "rate", step.row), "target": step.target}
        if step.benchmark:
            yield _row("pass-through", name, "company rate", step.benchmark)
    yield from _trend(view)
    for table in view.tables:
        yield from _table(table)


def _row(section: str, item: str, measure: str, row: Row) -> dict[str, str | float | None]:
    return {
        "section": section,
        "item": item,
        "measure": measure,
        "value": row.value,
        "unit": row.unit,
        "n": row.n,
        "events": row.events,
        "low": row.low,
        "high": row.high,
        "reason": row.reason,
        "note": row.note,
        "definition_version": row.definition_version,
    }


def _trend(view: ReportView) -> Iterator[dict[str, str | float | None]]:
    if view.trend is None:
        return
    for point in view.trend.points:
        for measure, value in (
            ("value", point.value),
            ("P25", point.p25),
            ("P75", point.p75),
            ("company", point.benchmark),
        ):
            yield {
                "section": view.trend.title,
                "item": point.label,
                "measure": measure,
                "value": value,
                "unit": view.trend.unit,
                "n": point.n,
                "target": view.trend.target,
            }


def _table(table: Table) -> Iterator[dict[str, str | float | None]]:
    for row in table.rows:
        for column in table.columns:
            cell = row.cells.get(column.id)
            if isinstance(cell, Row):
                yield _row(table.title, row.label, column.label, cell)
                continue
            record: dict[str, str | float | None] = {
                "section": table.title,
                "item": row.label,
                "measure": column.label,
            }
            if isinstance(cell, Bullet):
                record |= {"value": cell.value, "unit": cell.unit, "target": cell.target, "note": cell.words}
            elif isinstance(cell, Spread):
                record |= {"value": cell.value, "low": cell.low, "high": cell.high, "note": cell.words}
            elif isinstance(cell, Mark):
                record["note"] = cell.words
            elif isinstance(cell, int | float):
                record["value"] = cell
            elif isinstance(cell, tuple):
                record["note"] = " | ".join(str(part) for part in cell)
            else:
                record["note"] = cell
            yield record
