"""The certificate on paper: the same view model as every report, so the same printer prints it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.domain import wording
from services.domain.metric import Unit
from services.domain.periods import NamedPeriod
from services.domain.phrases import listing
from services.domain.views import Column, Definition, Note, ReportHead, ReportView, Stamp, Table, TableRow
from services.store.database import Store
from services.store.tables import AppSetting
from services.validation.comparing import METRICS, Result, Verdict
from services.validation.configuration import Change
from services.validation.plans import KIND

TITLE = "Validation certificate"
FEWEST = 5
"""Below it the paper says only whether the figures agree: who may read the archive may not read them raw."""
COMPANY_SETTING, DEFAULT_COMPANY = "company.name", "Hireboard"
MOST_CHANGES = 200
_MARKS = {Verdict.HOLDS: "on", Verdict.DIFFERS: "off", Verdict.NOT_COMPARED: None}
_LONGEST = 60


@dataclass(frozen=True)
class Issued:
    """What a certificate says beside its lines."""

    company: str
    system: str
    period: NamedPeriod
    as_of: datetime
    snapshot: str
    export_sha256: str
    made_at: datetime
    made_by: str
    is_first: bool
    names: Mapping[str, str]
    """Names of metrics by id, for people."""


def company_of(store: Store) -> str:
    """The company's name as it is set; the product's own until then."""
    query = select(AppSetting.value).where(AppSetting.name == COMPANY_SETTING).order_by(AppSetting.version.desc())
    with store.read() as connection:
        value = connection.scalar(query.limit(1))
    name = json.loads(value) if value else None
    return name if isinstance(name, str) and name.strip() else DEFAULT_COMPANY


def certificate(issued: Issued, results: Sequence[Result], changes: Sequence[Change]) -> ReportView:
    """Summary by metric, every figure, every change."""
    wrong = tuple(dict.fromkeys(one.metric for one in results if one.verdict is Verdict.DIFFERS))
    return ReportView(
        head=_head(issued),
        lede=_lede(issued, results, wrong),
        tiles=(),
        tables=(_by_metric(issued, results), _figures(issued, results), _changes(changes, is_first=issued.is_first)),
        definitions=tuple(
            Definition("", name, text, 1) for name, text in (("Independence", _INDEPENDENCE), ("Agreement", _AGREEMENT))
        ),
        notes=tuple(Note("info", f"{_name(issued, metric)}: {why}") for metric, why in _left_out(results).items()),
        extra={"export_sha256": issued.export_sha256},
    )


_INDEPENDENCE = (
    "Recomputed from the export's files by a reader and definitions of their own, with the stages as the last "
    "certificate approved them. Neither the store's records nor the program's figures take part."
)
_AGREEMENT = "Counts and cases agree exactly, rates within 0.000000001, durations within 0.05 days."


def _head(issued: Issued) -> ReportHead:
    return ReportHead(
        kind=KIND,
        title=TITLE,
        company=issued.company,
        report_id=f"VC-{issued.period.key}-{issued.made_at:%Y%m%d%H%M%S}",
        subject=issued.system,
        subject_name=f"Validation against {issued.system.capitalize()}",
        subtitle=f"{issued.period.label} · made by {issued.made_by} · export {issued.export_sha256[:12]}",
        period=issued.period.key,
        period_label=issued.period.label,
        recipient=issued.made_by,
        stamp=Stamp(issued.as_of, issued.snapshot),
        issued_at=issued.made_at,
    )


def _lede(issued: Issued, results: Sequence[Result], wrong: Iterable[str]) -> str:
    compared = [one for one in results if one.verdict is not Verdict.NOT_COMPARED]
    names = tuple(_name(issued, metric) for metric in wrong)
    if names:
        return f"{listing(names)} did not agree with the source. Do not use them until it is explained."
    return f"All {len(compared)} figures that could be compared agree with the source."


def _name(issued: Issued, metric: str) -> str:
    return issued.names.get(metric, metric)


def _left_out(results: Iterable[Result]) -> dict[str, str]:
    return {one.metric: one.why for one in results if one.why}


def _by_metric(issued: Issued, results: Sequence[Result]) -> Table:
    rows = []
    for metric in METRICS:
        lines = [one for one in results if one.metric == metric]
        if lines:
            wrong = sum(one.verdict is Verdict.DIFFERS for one in lines)
            verdict = Verdict.DIFFERS if wrong else lines[0].verdict
            cells = {"figures": len(lines), "wrong": wrong, "verdict": verdict.value}
            rows.append(TableRow(metric, _name(issued, metric), cells, status=_MARKS[verdict]))
    columns = (
        Column("figures", "Figures", "number"),
        Column("wrong", "Differ", "number"),
        Column("verdict", "Verdict", "status"),
    )
    return Table("By metric", "Each metric of the validation.", columns, tuple(rows), id="metrics", heading="Metric")


def _figures(issued: Issued, results: Sequence[Result]) -> Table:
    columns = (
        Column("published", "Published", "text"),
        Column("recomputed", "Recomputed", "text"),
        Column("difference", "Difference", "text"),
        Column("cases", "Cases", "text"),
        Column("verdict", "Verdict", "status"),
    )
    rows = tuple(
        TableRow(f"{number}", _name(issued, one.metric), _cells(one), status=_MARKS[one.verdict], detail=one.group)
        for number, one in enumerate(results)
    )
    note = f"Figures of fewer than {FEWEST} cases are compared and not printed."
    return Table(
        "Every figure", "Published and recomputed side by side.", columns, rows, note, id="figures", heading="Metric"
    )


def _cells(one: Result) -> dict[str, str]:
    if min(one.published_n, one.recomputed_n) < FEWEST and max(one.published_n, one.recomputed_n) > 0:
        return {"published": "few", "recomputed": "few", "difference": "", "cases": "", "verdict": one.verdict.value}
    cases = f"{one.published_n} and {one.recomputed_n}" if one.published_n != one.recomputed_n else f"{one.published_n}"
    return {
        "published": _amount(one.published, one.unit),
        "recomputed": _amount(one.recomputed, one.unit),
        "difference": "" if not one.difference else f"{one.difference:+.6g}".replace("-", "\u2212"),
        "cases": cases,
        "verdict": one.verdict.value,
    }


def _amount(value: float | None, unit: str) -> str:
    return wording.NOTHING if value is None else wording.amount(value, Unit(unit))


def _changes(changes: Sequence[Change], *, is_first: bool) -> Table:
    columns = (
        Column("before", "Before", "text"),
        Column("after", "Now", "text"),
        Column("who", "Changed by", "text"),
        Column("when", "When (UTC)", "text"),
    )
    rows = tuple(
        TableRow(
            f"{number}",
            one.section.replace("_", " "),
            {
                "before": _in_words(one.before) or "not there",
                "after": _in_words(one.after) or "removed",
                "who": one.changed_by,
                "when": one.changed_at[:16].replace("T", " ") or "not on record",
            },
            detail=one.name[:_LONGEST],
        )
        for number, one in enumerate(changes[:MOST_CHANGES])
    )
    empty = (
        "This is the first certificate: its configuration is what the next one is compared with."
        if is_first
        else "Nothing of the configuration changed since the last certificate."
    )
    left = len(changes) - len(rows)
    note = f"{left} more changes are in the record of this certificate." if left > 0 else ""
    return Table(
        "Configuration since the last certificate",
        "Definitions, stages, reasons, sources, calendars, targets, limits, settings and the mapping file.",
        columns,
        rows,
        note,
        empty,
        id="changes",
        heading="What",
    )


def _in_words(entry: str) -> str:
    """``First Screening, interview, 3`` of a list; empty = there is no entry."""
    value = json.loads(entry) if entry else ""
    parts = value if isinstance(value, list) else [value]
    return ", ".join("none" if part is None else str(part) for part in parts)[:_LONGEST]


def as_json(results: Iterable[Result]) -> str:
    return json.dumps([plain(one) for one in results], sort_keys=True)


def plain(one: Result | Change) -> dict[str, Any]:
    return asdict(one)
