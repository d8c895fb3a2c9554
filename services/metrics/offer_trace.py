"""The clocks of an offer: from the application to the first version extended, and on to the acceptance.

Both are elapsed: they run through holds, since the candidate waits all the same. A hold is named where it falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.clock_traces import Stop, TracedClock, TraceStep, pieces, step
from services.domain.intervals import Interval
from services.domain.metric import Unit
from services.domain.people import ColumnClass
from services.mart.schema import dim_requisition, fact_application, fact_offer_version
from services.metrics.estimators import to_grid
from services.metrics.requisition_trace import (
    TENTHS_PER_DAY,
    Asked,
    Made,
    as_id,
    instant,
    reach,
    requisition_title,
    stops_of,
)

_STAGES = ("screen", "assessment", "interview", "offer")
_ENDS = {"company": "rescinded by the company before the start", "candidate": "reneged before the start"}


def trace_offer(asked: Asked) -> Made | None:
    """``asked.key``: the number of an offer version; all offers to its application are one chain."""
    number = as_id(asked.key)
    limits = reach(asked, fact_offer_version, needs=ColumnClass.CANDIDATE)
    if number is None or limits is None:
        return None
    version = fact_offer_version.c
    known = sa.select(version.application_id).where(version.offer_version_id == number, *limits)
    found = asked.reader.execute(known)
    if not found:
        return None
    versions = _versions(asked, found[0][0])
    application, requisition = _application(asked, found[0][0])
    title = f"Offer {number} for {requisition_title(requisition[0], requisition[1], requisition[2])}"
    if not versions or application["applied_at"] is None:
        return number, title, (), ("No offer was extended by then.",)
    zone = requisition[3] or "UTC"
    stops = stops_of(asked.reader, requisition[2])
    clocks = _clocks(application, versions, stops, zone, asked.as_of)
    return number, title, clocks, _remarks(application, asked.as_of)


def _versions(asked: Asked, application_id: int) -> list[tuple[Any, ...]]:
    version = fact_offer_version.c
    query = (
        sa.select(version.extended_at, version.answered_at, version.answer)
        .where(version.application_id == application_id, version.extended_at <= asked.as_of)
        .order_by(version.extended_at, version.position)
    )
    return asked.reader.execute(query)


def _application(asked: Asked, application_id: int) -> tuple[dict[str, Any], tuple[Any, ...]]:
    fact, role = fact_application.c, dim_requisition.c
    names = (
        "applied_at",
        *(f"{stage}_at" for stage in _STAGES),
        "extended_at",
        "accepted_at",
        "undone_at",
        "undone_by",
    )
    query = (
        sa.select(*(fact[name] for name in names), role.code, role.title, role.requisition_id, role.timezone)
        .join(dim_requisition, role.requisition_id == fact.requisition_id)
        .where(fact.application_id == application_id)
    )
    row = asked.reader.execute(query)[0]
    return dict(zip(names, row, strict=False)), row[len(names) :]


def _clocks(
    application: dict[str, Any], versions: list[tuple[Any, ...]], stops: Sequence[Stop], zone: str, as_of: datetime
) -> tuple[TracedClock, ...]:
    extended = versions[0][0]
    way = [(f"in {name}", application[f"{name}_at"]) for name in _STAGES if application[f"{name}_at"] is not None]
    marks = [("in applied", application["applied_at"]), *(mark for mark in way if mark[1] < extended)]
    to_offer = _clock("days_to_offer", "first offer", "extended", marks, extended, stops, zone)
    accepted = application["accepted_at"]
    is_accepted = accepted is not None and accepted <= as_of
    marks += [(f"version {index} waits for an answer", one[0]) for index, one in enumerate(versions, 1)]
    marks += [(f"after: {answer}", at) for _, at, answer in versions if at is not None and at <= as_of]
    end = accepted if is_accepted else as_of
    to_hire = _clock(
        "time_to_hire", "application", "accepted" if is_accepted else "not accepted", marks, end, stops, zone
    )
    return tuple(clock for clock in (to_offer, to_hire) if clock is not None)


def _clock(
    metric: str,
    subject: str,
    state: str,
    marks: list[tuple[str, datetime]],
    end: datetime,
    stops: Sequence[Stop],
    zone: str,
) -> TracedClock | None:
    ordered = sorted(marks, key=lambda mark: mark[1])
    start = instant(ordered[0][1]) if marks[0][1] == ordered[0][1] else None
    if start is None or instant(end) < start:
        return None
    steps: list[TraceStep] = []
    ends = [mark[1] for mark in ordered[1:]] + [end]
    for (words, began), ended in zip(ordered, ends, strict=True):
        part = Interval(instant(began), min(instant(ended), instant(end)))
        if part.end > part.start:
            steps += _counted(part, words, stops, ZoneInfo(zone))
    value = to_grid(instant(end) - start) / TENTHS_PER_DAY
    remark = () if state != "not accepted" else ("not a hire: the metric leaves it out",)
    return TracedClock(metric, subject, state, zone, tuple(steps), value, Unit.DAYS, remark)


def _counted(part: Interval, words: str, stops: Sequence[Stop], zone: ZoneInfo) -> list[TraceStep]:
    """All of it counts; a hold is named."""
    return [
        step(
            piece.interval,
            zone,
            "; ".join((words, *(f"{why} (this clock runs on)" for why in piece.reasons))),
            counted=True,
        )
        for piece in pieces(part, stops)
    ]


def _remarks(application: dict[str, Any], as_of: datetime) -> tuple[str, ...]:
    undone = application["undone_at"]
    if undone is None or undone > as_of:
        return ()
    return (f"The acceptance was undone: {_ENDS.get(application['undone_by'], 'it did not come to a start')}.",)
