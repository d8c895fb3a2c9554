"""Weekly hiring-manager report: first what only the manager can do, then how her requisitions stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest

from services.domain import wording
from services.domain.metric import Unit
from services.domain.phrases import compact
from services.domain.views import Bullet, Column, Note, Table, TableRow, Tile
from services.metrics.registry import REGISTRY
from services.reporting.definitions import parts
from services.reporting.definitions.requisitions import OwedFeedback

METRICS = ("open_requisitions", "active_pipeline", "feedback_turnaround", "feedback_late_rate")
_FOOTNOTES = (*METRICS, "requisition_age", "open_applications")
USED = (*_FOOTNOTES, "offer_acceptance_rate")
"""Every metric the report asks: the registry's graph of uses is built from it."""
MOST_ASKS = 3


@dataclass(frozen=True)
class Owed:
    """Feedback owed, with the words the viewer may read."""

    candidate: str
    requisition: str
    interviewed_on: date
    is_hers: bool
    """False = somebody else on her panels has not submitted it."""


@dataclass(frozen=True)
class Weekly:
    """Everything a weekly report shows beside its head."""

    lede: str
    rules: tuple[str, ...]
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]
    asks: tuple[Note, ...]


def footnotes(metrics: Sequence[str] = METRICS) -> tuple[str, ...]:
    """Of the tiles shown and of what the tables ask."""
    return tuple(dict.fromkeys((*metrics, *_FOOTNOTES[len(METRICS) :])))


def owed_in_words(
    owed: Sequence[OwedFeedback], candidates: Mapping[int, str], titles: Mapping[int, str], *, is_hers: bool
) -> tuple[Owed, ...]:
    """``candidates`` by application; empty for a viewer who may not read candidates' names."""
    return tuple(
        Owed(
            candidates.get(item.application_id, "a candidate"),
            titles.get(item.requisition_id, "a requisition"),
            item.interviewed_on,
            is_hers,
        )
        for item in owed
    )


def write(
    frame: parts.Frame,
    items: Sequence[parts.OpenRequisition],
    owed: Sequence[Owed],
    *,
    today: date,
    metrics: Sequence[str] = METRICS,
) -> Weekly:
    asks = things_to_do(items, owed, today)
    lede, rules = _lede(items, owed)
    tables = [
        parts.ageing_table(items, {}, with_stages=False),
        pipeline(items),
        feedback_by_requisition(frame),
    ]
    if owed:
        tables.append(owed_table(owed, today))
    return Weekly(lede, rules, parts.tiles(frame, metrics), tuple(tables), asks)


def _lede(items: Sequence[parts.OpenRequisition], owed: Sequence[Owed]) -> tuple[str, tuple[str, ...]]:
    """WH-01 feedback she owes, WH-02 none at all, WH-04 her panels owe some, WH-03 what is open."""
    hers = sum(item.is_hers for item in owed)
    if hers:
        first = ("WH-01", f"{_forms(hers)} {'waits' if hers == 1 else 'wait'} for you.")
    elif owed:
        first = ("WH-04", f"You owe no feedback; {_forms(len(owed))} of your panels {_is(len(owed))} missing.")
    else:
        first = ("WH-02", "No feedback is missing.")
    over = sum(item.status == "off" for item in items)
    held = sum(item.status == "hold" for item in items)
    count = f"{len(items)} {'requisition is' if len(items) == 1 else 'requisitions are'} open"
    more = f", {over} past target" if over else ""
    more += f", {held} on hold or frozen" if held else ""
    second = ("WH-03", f"{count}{more}." if items else "No requisition of yours is open.")
    return f"{first[1]} {second[1]}", (first[0], second[0])


def things_to_do(items: Sequence[parts.OpenRequisition], owed: Sequence[Owed], today: date) -> tuple[Note, ...]:
    """At most three, one of each kind first; each leads to its place in this report."""
    hers = [item for item in owed if item.is_hers]
    feedback = [_feedback_ask(item, len(hers), today) for item in hers]
    feedback += _panel_asks([item for item in owed if not item.is_hers], today)
    over = sorted((item for item in items if item.days_over), key=lambda item: -(item.days_over or 0))
    held = [item for item in items if item.requisition.is_on_hold and item.requisition.stopped_since]
    held.sort(key=lambda item: item.requisition.stopped_since or today)
    kinds = (feedback, [_target_ask(item) for item in over], [_hold_ask(item, today) for item in held])
    in_turn = (note for note in chain.from_iterable(zip_longest(*kinds)) if note is not None)
    return tuple(in_turn)[:MOST_ASKS]


def _feedback_ask(item: Owed, total: int, today: date) -> Note:
    days = _days((today - item.interviewed_on).days)
    more = f" You owe {total} in all." if total > 1 else ""
    text = f"Give feedback on {item.candidate} for {item.requisition}: the interview was {days} ago.{more}"
    return Note("error", text, "#owed", "Missing feedback")


def _panel_asks(owed: Sequence[Owed], today: date) -> list[Note]:
    """One a requisition, the one that waits longest first."""
    by_requisition: dict[str, list[Owed]] = {}
    for item in owed:
        by_requisition.setdefault(item.requisition, []).append(item)
    return [
        Note(
            "error",
            f"Remind your panel for {name}: {_forms(len(items))} {_is(len(items))} missing, the oldest for "
            f"{_days((today - items[0].interviewed_on).days)}.",
            "#owed",
            "Missing feedback",
        )
        for name, items in by_requisition.items()
    ]


def _forms(count: int) -> str:
    return "1 feedback form" if count == 1 else f"{count} feedback forms"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _target_ask(item: parts.OpenRequisition) -> Note:
    requisition = item.requisition
    over = wording.amount_with_unit(item.days_over or 0, Unit.DAYS)
    text = f"Agree a new date for {requisition.label}: {over} past its target of {requisition.target_days} days."
    return Note("warning", text, "#requisitions", "Open requisitions")


def _hold_ask(item: parts.OpenRequisition, today: date) -> Note:
    since = item.requisition.stopped_since or today
    text = f"Release or close {item.requisition.label}: on hold since {wording.on_date(since)}."
    return Note("info", text, "#requisitions", "Open requisitions")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


# --- tables ----------------------------------------------------------------------------------------------------------


def owed_table(owed: Sequence[Owed], today: date) -> Table:
    return Table(
        title="Missing feedback",
        caption="Held interviews of applications that are still open; yours first, then your panels', oldest first.",
        columns=(
            Column("by", "Owed by", "text"),
            Column("on", "Interview", "text"),
            Column("days", "Days ago", "number"),
        ),
        rows=tuple(
            TableRow(
                key=str(index),
                label=item.candidate[:1].upper() + item.candidate[1:],
                cells={
                    "by": "you" if item.is_hers else "your panel",
                    "on": wording.on_date(item.interviewed_on),
                    "days": (today - item.interviewed_on).days,
                },
                detail=item.requisition,
            )
            for index, item in enumerate(owed)
        ),
        id="owed",
        heading="Candidate · requisition",
    )


def pipeline(items: Sequence[parts.OpenRequisition]) -> Table:
    used = [stage for stage in parts.STAGE_NAMES if any(item.in_stage.get(stage) for item in items)]
    return Table(
        title="Pipeline",
        caption="Candidates in each stage now, and offers that are out and unanswered.",
        columns=(
            *(Column(stage, parts.STAGE_NAMES[stage], "number") for stage in used),
            Column("offers", "Offers out", "number"),
        ),
        rows=tuple(
            TableRow(
                key=str(item.requisition.id),
                label=item.requisition.title,
                cells={**{stage: item.in_stage.get(stage, 0) for stage in used}, "offers": item.offers_out},
                detail=item.requisition.code or "",
            )
            for item in items
        ),
        empty="No requisition was open, so nobody is in a stage.",
        id="pipeline",
        heading="Requisition",
    )


def feedback_by_requisition(frame: parts.Frame) -> Table:
    """How long feedback takes on each requisition, by everybody who interviews for it."""
    metric, limit = REGISTRY["feedback_turnaround"], parts.FEEDBACK_LIMIT_DAYS
    rows = [row for row in frame.ask.rows(metric.id, period=frame.wider, by=("requisition",)) if row.n]
    rows.sort(key=lambda row: (row.value is None, -(row.value or 0), str(row.dims["requisition"])))
    return Table(
        title=metric.name,
        caption=f"Median business days of all interviewers, {frame.wider_label.lower()}; tick = limit "
        f"{compact(limit, Unit.BUSINESS_DAYS)}.",
        columns=(
            Column("median", "Median", "bullet"),
            Column("owed", "Owed", "number"),
            Column("missing", "Missing", "number"),
        ),
        rows=tuple(
            TableRow(
                key=str(row.dims["requisition"]),
                label=row.dims["requisition"] or "Requisition unknown",
                cells={
                    "median": Bullet(
                        value=None if row.value is None else float(row.value),
                        unit=Unit.BUSINESS_DAYS,
                        target=limit,
                        full=2.5 * limit,
                        status="off"
                        if row.value is not None and wording.is_judged(row) and row.value > limit
                        else None,
                        words=wording.shown(row).text if row.value is None else "",
                    ),
                    "owed": row.n,
                    "missing": row.extra.get("missing"),
                },
            )
            for row in rows
        ),
        empty="No interview was held in these weeks.",
        id="feedback",
        heading="Requisition",
    )
