"""Monthly recruiter scorecard: one recruiter, one month, nobody ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.domain import wording
from services.domain.intervals import Interval
from services.domain.metric import Period, Row, Unit
from services.domain.periods import add_months
from services.domain.phrases import against_target, compact
from services.domain.views import Bullet, Column, Note, Table, TableRow, Tile
from services.reporting.definitions import parts
from services.reporting.definitions.case_mix import STRATA, Expectation, expectation
from services.reporting.definitions.waiting import Waiting

METRICS = ("time_to_fill", "offer_acceptance_rate", "time_to_hire", "feedback_turnaround", "hires")
_FOOTNOTES = (*METRICS, "pass_through_rate", "source_conversion", "requisition_age")
USED = (*_FOOTNOTES, "pass_through_rate_matured", "applications", "open_requisitions", "open_applications")
"""Every metric the report asks: the registry's graph of uses is built from it."""
_INTERVIEW = "applied to interview"
_YEAR = 12
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Scorecard:
    """Everything a scorecard shows beside its head."""

    lede: str
    rules: tuple[str, ...]
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]
    notes: tuple[Note, ...]


def footnotes(metrics: Sequence[str] = METRICS) -> tuple[str, ...]:
    """Of the tiles shown and of what the tables ask."""
    return tuple(dict.fromkeys((*metrics, *_FOOTNOTES[len(METRICS) :])))


def write(
    frame: parts.Frame,
    items: Sequence[parts.OpenRequisition],
    waits: Waiting,
    managers: Mapping[int, str],
    span: Interval,
    metrics: Sequence[str] = METRICS,
) -> Scorecard:
    year = Period(add_months(frame.period.end, -_YEAR), frame.period.end)
    found = parts.tiles(frame, metrics)
    teams = feedback_by_team(frame)
    lede, rules = _lede(frame, found, teams, items)
    tables = (
        sources(frame, year),
        teams,
        not_in_your_hands(waits, frame.period.label, (span.end - span.start) / _SECONDS_A_DAY),
        parts.ageing_table(items, managers, with_stages=True),
        expectations(frame, year),
    )
    return Scorecard(lede, rules, found, tables, ())


def _lede(
    frame: parts.Frame, tiles: Sequence[Tile], teams: Table, items: Sequence[parts.OpenRequisition]
) -> tuple[str, tuple[str, ...]]:
    """RS-01 or RS-02 for the first metric, RS-03 for feedback, RS-04 for what is open."""
    first = next((tile for tile in tiles if tile.metric_id == METRICS[0]), None)
    written = [] if first is None else [_time_to_fill(first, frame.period.label)]
    late = [row for row in teams.rows if row.status == "off"]
    judged = [row for row in teams.rows if row.status is not None]
    if late:
        limit = compact(parts.FEEDBACK_LIMIT_DAYS, Unit.BUSINESS_DAYS)
        who = f"{len(late)} of {len(judged)} hiring teams take" if len(judged) > 1 else f"{late[0].label} takes"
        written.append(("RS-03", f"{who} longer than {limit} business days for feedback."))
    written.append(("RS-04", _open_sentence(items)))
    return " ".join(sentence for _, sentence in written), tuple(rule for rule, _ in written)


def _time_to_fill(tile: Tile, label: str) -> tuple[str, str]:
    row = tile.row
    if row.value is None or not wording.is_judged(row):
        return "RS-02", f"Too few seats were filled in {label} to judge time to fill ({wording.sample(row)})."
    text = f"Median time to fill is {wording.amount_with_unit(row.value, row.unit)}"
    if tile.target is not None:
        text += f", {against_target(row.value, tile.target, tile.unit)}"
    return "RS-01", f"{text}."


def _open_sentence(items: Sequence[parts.OpenRequisition]) -> str:
    if not items:
        return "No requisition is open."
    over = sum(item.status == "off" for item in items)
    stopped = sum(item.status == "hold" for item in items)
    count = f"{len(items)} open {'requisition' if len(items) == 1 else 'requisitions'}"
    details = [f"{over} past target"] if over else ["none past target"]
    if stopped:
        details.append(f"{stopped} on hold or frozen")
    return f"{count}, {' and '.join(details)}."


# --- tables ----------------------------------------------------------------------------------------------------------


def sources(frame: parts.Frame, year: Period) -> Table:
    """Twelve months: a source is judged by what became of its applications, and that takes time."""
    conversion = _by(frame.ask.rows("source_conversion", period=year, by=("source",)), "source")
    counts = frame.ask.rows("applications", "hires", period=year, by=("source",))
    applications = _by([row for row in counts if row.metric == "applications"], "source")
    hires = _by([row for row in counts if row.metric == "hires"], "source")
    reached = _interview_rates(frame, year)
    shown = sorted(applications, key=lambda name: (-(applications[name].value or 0), name or ""))
    return Table(
        title="Source effectiveness",
        caption=f"Applications of the twelve months to {frame.period.label}: share that reached interview, and that "
        "was hired within 120 days, by competing risks.",
        columns=(
            Column("applications", "Applications", "number"),
            *((Column("interview", "Reached interview", "bar"),) if reached else ()),
            Column("conversion", "Hired", "bar"),
            Column("hires", "Hires", "number"),
        ),
        rows=tuple(
            TableRow(
                key=str(name),
                label=name or "Source unknown",
                cells={
                    "applications": applications[name].value,
                    "interview": reached.get(name),
                    "conversion": conversion.get(name),
                    "hires": hires[name].value,
                },
            )
            for name in shown
            if applications[name].value or hires[name].value
        ),
        empty="No application came in during these twelve months.",
        id="sources",
        heading="Source",
    )


def _interview_rates(frame: parts.Frame, year: Period) -> Mapping[str | None, Row]:
    """Empty where no source system has an interview stage."""
    used = {row.dims["transition"] for row in frame.ask.rows("pass_through_rate", period=year, by=("transition",))}
    if not any(str(label).endswith(" to interview") for label in used):
        return {}
    rows = frame.ask.rows("pass_through_rate", period=year, by=("source",), where={"transition": (_INTERVIEW,)})
    return _by(rows, "source")


def feedback_by_team(frame: parts.Frame) -> Table:
    """The hiring team is the requisition's department; three months, since one has few interviews."""
    rows = frame.ask.rows("feedback_turnaround", period=frame.wider, by=("department",))
    limit = parts.FEEDBACK_LIMIT_DAYS
    return Table(
        title="Feedback turnaround",
        caption=f"Median business days by hiring team, {frame.wider_label.lower()}; tick = limit "
        f"{compact(limit, Unit.BUSINESS_DAYS)}.",
        columns=(Column("median", "Median", "bullet"), Column("owed", "Owed", "number")),
        rows=tuple(_team(row, limit) for row in sorted(rows, key=_team_order) if row.n),
        empty="No interview was held in these months.",
        id="feedback",
        heading="Hiring team",
        width="half",
    )


def _team_order(row: Row) -> tuple[bool, float, str]:
    return row.value is None, -(row.value or 0), str(row.dims["department"])


def _team(row: Row, limit: float) -> TableRow:
    name = row.dims["department"] or "Department unknown"
    status = None
    if row.value is not None and wording.is_judged(row):
        status = "off" if row.value > limit else "on"
    bullet = Bullet(
        value=None if row.value is None else float(row.value),
        unit=Unit.BUSINESS_DAYS,
        target=limit,
        full=2.5 * limit,
        status=status,
        words=wording.shown(row).text if row.value is None else "",
    )
    return TableRow(name, name, {"median": bullet, "owed": row.n}, status=status)


def not_in_your_hands(waits: Waiting, label: str, days: float) -> Table:
    rows = (
        ("feedback", "Interview feedback", waits.feedback_days),
        ("hold", "Hold or freeze", waits.hold_days),
        ("candidate", "Candidate's answer", waits.candidate_days),
    )
    is_open = waits.open_days > 0
    return Table(
        title="Not in your hands",
        caption=f"Of {wording.number(waits.open_days)} requisition-days in {label} ({wording.number(days)} days), "
        "those that waited for others. Parts may overlap.",
        columns=(Column("days", "Days", "bullet"), Column("share", "Share", "rate")),
        rows=tuple(
            TableRow(
                key, name, {"days": Bullet(value, Unit.DAYS, full=waits.open_days), "share": value / waits.open_days}
            )
            for key, name, value in rows
        )
        if is_open
        else (),
        empty="No requisition was open in this period.",
        id="waiting",
        heading="Waiting for",
        width="half",
    )


def expectations(frame: parts.Frame, year: Period) -> Table:
    """Observed against the company's rate for the same mix; only from 20 own cases, and never as a rank."""
    rates: list[tuple[str, str, Mapping[str, tuple[str, ...]]]] = [
        ("Offer acceptance", "offer_acceptance_rate", {}),
        ("Applied to hired within 120 days", "pass_through_rate_matured", {}),
    ]
    rows = []
    for name, metric_id, where in rates:
        mine = frame.ask.rows(metric_id, period=year, by=STRATA, where=where)
        company = frame.ask.company_rows(metric_id, period=year, by=STRATA, where=where)
        found = expectation(mine, company)
        if found is not None:
            rows.append(_expected_row(name, metric_id, found))
    return Table(
        title="Against the same mix of work",
        caption="Twelve months; expected = the company's rate without you, in the same job families, levels and "
        "countries.",
        columns=(
            Column("observed", "Observed", "rate"),
            Column("expected", "Expected", "rate"),
            Column("ratio", "Ratio, 95 %", "text"),
            Column("n", "n", "number"),
        ),
        rows=tuple(rows),
        empty="Fewer than 20 resolved cases in twelve months: nothing is compared.",
        id="expected",
        heading="Rate",
    )


def _expected_row(name: str, metric_id: str, found: Expectation) -> TableRow:
    interval = f"{wording.number(found.low, decimals=2)}{wording.NOTHING}{wording.number(found.high, decimals=2)}"
    return TableRow(
        key=metric_id,
        label=name,
        cells={
            "observed": found.observed_rate,
            "expected": found.expected_rate,
            "ratio": f"{wording.number(found.ratio, decimals=2)} ({interval})",
            "n": found.n,
        },
    )


def _by(rows: Sequence[Row] | tuple[Row, ...], dimension: str) -> dict[str | None, Row]:
    return {row.dims[dimension]: row for row in rows}
