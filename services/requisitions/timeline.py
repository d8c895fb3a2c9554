"""A requisition's course from the batch: status, stops, furthest stage, interviews, offers; owners and credit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from services.domain.clock_traces import Stop
from services.domain.intervals import instant_of
from services.domain.pipeline import STAGE_ORDER
from services.domain.requisition_pages import STATE_WORDS, Bar, Dot, Lane, OwnerCredit, Timeline
from services.domain.wording import on_date
from services.mart.schema import (
    dim_requisition,
    fact_interview,
    fact_offer_version,
    fact_stage_visit,
    requisition_hold,
    requisition_owner,
    requisition_status,
)
from services.metrics import attribution
from services.metrics.estimators import to_grid
from services.metrics.requisition_trace import Reader, instant, stops_of

MOST_DOTS = 60
_TONES = {"open": "open", "on_hold": "hold"}
_TENTHS = 10


def timeline_of(reader: Reader, requisition_id: int, as_of: datetime) -> Timeline | None:
    """None = the batch knows no moment at which it was open. ``as_of`` naive UTC."""
    one = dim_requisition.c
    query = sa.select(one.opened_at, one.target_on).where(one.requisition_id == requisition_id)
    rows = reader.execute(query)
    if not rows or rows[0][0] is None or rows[0][0] > as_of:
        return None
    start, target = rows[0]
    statuses = _statuses(reader, requisition_id, start, as_of)
    stops = stops_of(reader, requisition_id)
    lanes = [
        Lane("Status", statuses),
        Lane("Stopped", _stop_bars(stops, as_of)),
        Lane("Furthest stage", _stages(reader, requisition_id, as_of)),
    ]
    dots = _dots(reader, requisition_id, as_of)
    return Timeline(
        start=_aware(start),
        end=_aware(as_of),
        lanes=tuple(lane for lane in lanes if lane.bars),
        dots=dots,
        target_on=target,
        finding=_finding(start, as_of, statuses, len(stops), dots, target),
    )


def _statuses(reader: Reader, requisition_id: int, start: datetime, as_of: datetime) -> tuple[Bar, ...]:
    columns = requisition_status.c
    query = sa.select(columns.status, columns.from_at, columns.to_at).where(
        columns.requisition_id == requisition_id, columns.from_at <= as_of
    )
    found: list[Bar] = []
    for status, from_at, to_at in reader.execute(query.order_by(columns.from_at)):
        if to_at is not None and to_at <= start:
            continue
        end = None if to_at is None or to_at > as_of else _aware(to_at)
        words = STATE_WORDS.get(status, status)
        if found and found[-1].words == words:
            found[-1] = Bar(found[-1].start, end, words, found[-1].tone)
        else:
            found.append(Bar(_aware(max(from_at, start)), end, words, _TONES.get(status, "ended")))
    return tuple(found)


def _stop_bars(stops: Sequence[Stop], as_of: datetime) -> tuple[Bar, ...]:
    now = instant(as_of)
    return tuple(
        Bar(
            instant_of(stop.interval.start),
            None if stop.interval.end > now else instant_of(stop.interval.end),
            stop.reason.capitalize(),
            "freeze" if "freeze" in stop.reason else "hold",
        )
        for stop in stops
        if stop.interval.start < now
    )


def _stages(reader: Reader, requisition_id: int, as_of: datetime) -> tuple[Bar, ...]:
    """From when on somebody had got so far."""
    visit = fact_stage_visit.c
    query = (
        sa.select(visit.stage_order, sa.func.min(visit.entered_at))
        .where(visit.requisition_id == requisition_id, visit.entered_at <= as_of)
        .group_by(visit.stage_order)
    )
    first = sorted((order, at) for order, at in reader.execute(query) if order is not None)
    steps: list[tuple[datetime, int]] = []
    for order, at in reversed(first):
        if not steps or at < steps[-1][0]:
            steps.append((at, order))
    steps.reverse()
    ends = [*(at for at, _ in steps[1:]), None]
    return tuple(
        Bar(_aware(at), None if end is None else _aware(end), _stage_words(order), "stage")
        for (at, order), end in zip(steps, ends, strict=True)
    )


def _stage_words(order: int) -> str:
    return STAGE_ORDER[order].value.capitalize() if 0 <= order < len(STAGE_ORDER) else f"Stage {order}"


def _dots(reader: Reader, requisition_id: int, as_of: datetime) -> tuple[Dot, ...]:
    held, offer = fact_interview.c, fact_offer_version.c
    interviews = sa.select(held.ends_at).where(
        held.requisition_id == requisition_id, held.status == "held", held.ends_at <= as_of
    )
    offers = sa.select(offer.extended_at, offer.answered_at, offer.answer).where(
        offer.requisition_id == requisition_id, offer.extended_at <= as_of
    )
    found = [Dot(_aware(at), "Interview", "interview") for (at,) in reader.execute(interviews.order_by(held.ends_at))]
    for extended_at, answered_at, answer in reader.execute(offers.order_by(offer.extended_at)):
        found.append(Dot(_aware(extended_at), "Offer out", "offer"))
        if answered_at is not None and answered_at <= as_of and answer in {"accepted", "declined"}:
            found.append(Dot(_aware(answered_at), f"Offer {answer}", answer))
    found.sort(key=lambda dot: dot.at)
    return tuple(found[-MOST_DOTS:])


def _finding(
    start: datetime, as_of: datetime, statuses: Sequence[Bar], stops: int, dots: Sequence[Dot], target: date | None
) -> str:
    state = statuses[-1].words.lower() if statuses else "unknown"
    offers = sum(dot.kind == "offer" for dot in dots)
    interviews = sum(dot.kind == "interview" for dot in dots)
    parts = [
        f"Opened {on_date(start.date())}, {state} on {on_date(as_of.date())}",
        f"{stops} {'stop' if stops == 1 else 'stops'} of the clock",
        f"{interviews} interviews and {offers} {'offer' if offers == 1 else 'offers'}",
    ]
    return "; ".join([*parts, f"target {on_date(target)}"] if target else parts)


def credits_of(
    reader: Reader, requisition_id: int, as_of: datetime, names: Mapping[int, str]
) -> tuple[tuple[OwnerCredit, ...], str]:
    """Recruiters with their net days and share, in the order they took over; and whom the primary rule would name.

    Somebody without a name in ``names`` is not named, but counted: parts still add up to 1.00.
    """
    owner, hold, one = requisition_owner.c, requisition_hold.c, dim_requisition.c
    opened = reader.execute(sa.select(one.opened_at).where(one.requisition_id == requisition_id))
    rows = reader.execute(
        sa.select(owner.person_id, owner.from_at, owner.to_at)
        .where(owner.requisition_id == requisition_id, owner.part == "recruiter", owner.from_at <= as_of)
        .order_by(owner.from_at, owner.person_id)
    )
    stops = reader.execute(sa.select(hold.from_at, hold.to_at).where(hold.requisition_id == requisition_id))
    if not opened or opened[0][0] is None or not rows:
        return (), ""
    held = [attribution.Held(str(person), instant(start), _instant(end)) for person, start, end in rows]
    still = [attribution.Stop(instant(start), _instant(end)) for start, end in stops]
    begin, end = instant(opened[0][0]), instant(min(as_of, _ended(reader, requisition_id) or as_of))
    shares = attribution.credits_of(held, still, begin, end)
    shown = attribution.displayed(shares)
    whole = sum(_running(one_held, still, begin, end) for one_held in held)
    lines = []
    for person, start, until in rows:
        seconds = _running(attribution.Held(str(person), instant(start), _instant(until)), still, begin, end)
        lines.append((person, start, until, seconds))
    found = _joined(lines, shown, names, whole)
    primary = attribution.owner_at(held, end)
    return found, names.get(int(primary), "") if primary else ""


def _joined(
    lines: Sequence[tuple[int, datetime, datetime | None, int]],
    shown: Mapping[str, Any],
    names: Mapping[int, str],
    whole: int,
) -> tuple[OwnerCredit, ...]:
    people = dict.fromkeys(person for person, *_ in lines)
    found = []
    for person in people:
        own = [line for line in lines if line[0] == person]
        seconds = sum(line[3] for line in own)
        credit = float(shown.get(str(person), 0)) if whole else None
        last = own[-1][2]
        found.append(
            OwnerCredit(
                name=names.get(person, "Another recruiter"),
                part="recruiter",
                start=_aware(own[0][1]),
                end=None if last is None else _aware(last),
                net_days=to_grid(seconds) / _TENTHS,
                credit=credit,
            )
        )
    return tuple(found)


def _running(held: attribution.Held, stops: Sequence[attribution.Stop], begin: int, end: int) -> int:
    start, until = max(held.start, begin), min(end if held.end is None else held.end, end)
    if until <= start:
        return 0
    still = sum(max(0, min(until if stop.end is None else stop.end, until) - max(stop.start, start)) for stop in stops)
    return until - start - still


def _ended(reader: Reader, requisition_id: int) -> datetime | None:
    columns, one = requisition_status.c, dim_requisition.c
    query = (
        sa.select(sa.func.max(columns.from_at))
        .select_from(requisition_status)
        .join(dim_requisition, one.requisition_id == columns.requisition_id)
        .where(columns.requisition_id == requisition_id, one.status.in_(("filled", "cancelled", "closed")))
    )
    rows = reader.execute(query)
    return rows[0][0] if rows else None


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else instant(moment)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
