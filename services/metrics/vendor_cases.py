"""Figures under a vendor's rules, from single cases of the snapshot within the viewer's reach.

A variant is a set of switches; each step of a walk turns one of them. What our own definition gives is asked of the
query layer, so that the last step of a walk ends where every page does.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.pipeline import OfferAnswer
from services.mart.schema import dim_requisition, fact_application, fact_offer_version, fact_seat
from services.metrics.estimators import to_grid
from services.metrics.question import Question

DAY_SECONDS = 86_400
TENTHS_PER_DAY = 10


class Executor(Protocol):
    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...


class Counted(NamedTuple):
    """A figure and of how many; None of nothing."""

    value: float | None
    n: int


@dataclass(frozen=True)
class Variant:
    """Switches of a variant; those that do not concern a metric are left alone."""

    by_dates: bool = False
    undone: bool = True
    on_grid: bool = False
    median: bool = False
    by_requisition: bool = False
    evergreen: bool = True
    net: bool = False
    pending: bool = True
    rescinded: bool = True
    other_noes: bool = True
    dated_by: str = "last"
    """The last version extended, its answer (``answer``) or the first version (``first``)."""
    stage: bool = False
    """Whoever entered the offer stage stands in the denominator, whether an offer was extended or not."""


VARIANTS: dict[str, Variant] = {
    "mean_of_accepted": Variant(),
    "median_of_accepted": Variant(median=True),
    "mean_of_accepted_dates": Variant(by_dates=True),
    "mean_of_filled": Variant(),
    "median_of_filled": Variant(median=True),
    "mean_of_requisitions": Variant(by_requisition=True),
    "mean_of_filled_net_dates": Variant(net=True, by_dates=True),
    "accepted_of_extended": Variant(),
    "accepted_of_answered": Variant(pending=False, rescinded=False, other_noes=False, dated_by="answer"),
    "accepted_of_offer_stage": Variant(stage=True, dated_by="first"),
}
TURNED: dict[str, dict[str, Any]] = {
    "days_are_elapsed": {"by_dates": False},
    "undone_left_out": {"undone": False},
    "grid": {"on_grid": True},
    "median_for_mean": {"median": True},
    "seat_for_requisition": {"by_requisition": False},
    "evergreen_left_out": {"evergreen": False},
    "holds_taken_out": {"net": True},
    "first_version_dates": {"dated_by": "first"},
    "pending_left_out": {"pending": False},
    "rescinded_left_out": {"rescinded": False},
    "expired_counted": {"other_noes": True},
    "extended_for_stage": {"stage": False},
}


def turned(variant: Variant, step: str) -> Variant:
    return replace(variant, **TURNED[step])


def evaluator(metric: str, question: Question, executor: Executor) -> Callable[[Variant], Counted]:
    """What computes the variants of a metric; its cases are read once."""
    reader = {"time_to_hire": _hires, "time_to_fill": _fills, "offer_acceptance_rate": _acceptance}[metric]
    return reader(question, executor)


def _summary(durations: Sequence[float], variant: Variant) -> Counted:
    """Type 7 at one half is the ordinary median."""
    if not durations:
        return Counted(None, 0)
    middle = statistics.median if variant.median else statistics.fmean
    return Counted(float(middle(durations)), len(durations))


def _days(seconds: int, variant: Variant) -> float:
    return to_grid(seconds) / TENTHS_PER_DAY if variant.on_grid else seconds / DAY_SECONDS


def _local(moment: datetime, zone: str | None) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone or "UTC")).date()


def _zoned(table: sa.Table) -> tuple[sa.FromClause, sa.ColumnElement[str]]:
    joined = table.outerjoin(dim_requisition, dim_requisition.c.requisition_id == table.c.requisition_id)
    return joined, dim_requisition.c.timezone


def _hires(question: Question, executor: Executor) -> Callable[[Variant], Counted]:
    fact = fact_application.c
    source, zone = _zoned(fact_application)
    rows = executor.execute(
        sa.select(fact.applied_at, fact.accepted_at, fact.undone_at, zone)
        .select_from(source)
        .where(*question.conditions(fact_application), *question.in_period(fact.accepted_on))
        .where(fact.accepted_at <= question.as_of, fact.applied_at.is_not(None))
    )

    def figure(variant: Variant) -> Counted:
        found: list[float] = []
        for applied, accepted, undone, where in rows:
            is_undone = undone is not None and undone <= question.as_of
            if accepted < applied or (is_undone and not variant.undone):
                continue
            found.append(_span(applied, accepted, where, variant))
        return _summary(found, variant)

    return figure


def _span(start: datetime, end: datetime, zone: str | None, variant: Variant) -> float:
    if variant.by_dates:
        return float((_local(end, zone) - _local(start, zone)).days)
    return _days(round((end - start).total_seconds()), variant)


class _Seat(NamedTuple):
    requisition_id: int
    opened_at: datetime
    filled_at: datetime | None
    cancelled_at: datetime | None
    filled_on: date | None
    gross: int | None
    net: int | None
    is_evergreen: bool
    zone: str | None


def _fills(question: Question, executor: Executor) -> Callable[[Variant], Counted]:
    seat = fact_seat.c
    source, zone = _zoned(fact_seat)
    columns = (seat.requisition_id, seat.opened_at, seat.filled_at, seat.cancelled_at, seat.filled_on)
    rows = executor.execute(
        sa.select(*columns, seat.filled_net - seat.opened_net, seat.evergreen_at.is_not(None), zone)
        .select_from(source)
        .where(*question.conditions(fact_seat), seat.opened_at <= question.as_of)
    )
    seats = [_seat(row) for row in rows]
    in_period = _in_period(question)

    def figure(variant: Variant) -> Counted:
        kept = _requisitions(seats, question.as_of) if variant.by_requisition else seats
        found = [
            _fill(one, variant)
            for one in kept
            if one.filled_at is not None
            and one.filled_at <= question.as_of
            and in_period(one.filled_on)
            and (variant.evergreen or not one.is_evergreen)
            and (one.net or 0) >= 0
            and (one.gross or 0) >= 0
        ]
        return _summary(found, variant)

    return figure


def _seat(row: tuple[Any, ...]) -> _Seat:
    requisition_id, opened, filled, cancelled, filled_on, net, is_evergreen, zone = row
    gross = round((filled - opened).total_seconds()) if filled is not None else None
    return _Seat(requisition_id, opened, filled, cancelled, filled_on, gross, net, bool(is_evergreen), zone)


def _fill(seat: _Seat, variant: Variant) -> float:
    if variant.by_dates and seat.filled_at is not None:
        held = (seat.gross or 0) - (seat.net or 0) if variant.net else 0
        return (_local(seat.filled_at, seat.zone) - _local(seat.opened_at, seat.zone)).days - held // DAY_SECONDS
    return _days((seat.net if variant.net else seat.gross) or 0, variant)


def _requisitions(seats: Iterable[_Seat], as_of: datetime) -> list[_Seat]:
    """A requisition is filled when the last of its seats is, unless one is still open: from the first opening."""
    grouped: dict[int, list[_Seat]] = {}
    for seat in seats:
        grouped.setdefault(seat.requisition_id, []).append(seat)
    found: list[_Seat] = []
    for together in grouped.values():
        filled = [one for one in together if one.filled_at is not None and one.filled_at <= as_of]
        is_open = any(one not in filled and (one.cancelled_at is None or one.cancelled_at > as_of) for one in together)
        if filled and not is_open:
            last = max(filled, key=lambda one: one.filled_at or as_of)
            first = min(one.opened_at for one in together)
            gross = round(((last.filled_at or as_of) - first).total_seconds())
            found.append(last._replace(opened_at=first, gross=gross, net=gross))
    return found


class _Chain(NamedTuple):
    first_on: date
    last_on: date
    answered_on: date | None
    answer: str


def _acceptance(question: Question, executor: Executor) -> Callable[[Variant], Counted]:
    chains = _chains(question, executor)
    unextended = _offer_stage_without_offer(question, executor)
    in_period = _in_period(question)

    def figure(variant: Variant) -> Counted:
        asked = [one for one in chains if in_period(_dated(one, variant)) and _is_counted(one, variant)]
        accepted = sum(one.answer == OfferAnswer.ACCEPTED.value for one in asked)
        total = len(asked) + (unextended if variant.stage else 0)
        return Counted(accepted / total if total else None, total)

    return figure


def _dated(chain: _Chain, variant: Variant) -> date | None:
    return {"first": chain.first_on, "last": chain.last_on, "answer": chain.answered_on}[variant.dated_by]


def _is_counted(chain: _Chain, variant: Variant) -> bool:
    match chain.answer:
        case OfferAnswer.ACCEPTED.value | OfferAnswer.DECLINED.value:
            return True
        case OfferAnswer.PENDING.value:
            return variant.pending
        case OfferAnswer.RESCINDED.value:
            return variant.rescinded
        case _:
            return variant.other_noes


def _chains(question: Question, executor: Executor) -> list[_Chain]:
    """The last version of each application's offers that was extended by as-of, with its answer as known then."""
    fact = fact_offer_version.c
    source, zone = _zoned(fact_offer_version)
    columns = (fact.application_id, fact.first_extended_on, fact.extended_at, fact.answered_at, fact.answer)
    rows = executor.execute(
        sa.select(*columns, zone)
        .select_from(source)
        .where(*question.conditions(fact_offer_version), fact.extended_at <= question.as_of)
        .order_by(fact.application_id, fact.position)
    )
    last: dict[int, _Chain] = {}
    for application, first_on, extended, answered, answer, where in rows:
        known_at = answered or extended
        is_open = known_at > question.as_of or answer == OfferAnswer.SUPERSEDED.value
        given = OfferAnswer.PENDING.value if is_open else str(answer)
        answered_on = None if given == OfferAnswer.PENDING.value else _local(known_at, where)
        last[application] = _Chain(_day(first_on), _local(extended, where), answered_on, given)
    return list(last.values())


def _offer_stage_without_offer(question: Question, executor: Executor) -> int:
    fact = fact_application.c
    never = sa.or_(fact.extended_at.is_(None), fact.extended_at > question.as_of)
    query = sa.select(sa.func.count()).select_from(fact_application)
    limits = (*question.conditions(fact_application), *question.in_period(fact.offer_on))
    return int(executor.execute(query.where(*limits, never, fact.offer_at <= question.as_of))[0][0])


def _in_period(question: Question) -> Callable[[date | None], bool]:
    start, end = question.period.start, question.period.end

    def holds(on: date | None) -> bool:
        if on is None:
            return False
        day = _day(on)
        return (start is None or day >= start) and (end is None or day < end)

    return holds


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
