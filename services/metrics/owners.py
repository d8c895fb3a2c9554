"""Figures by recruiter under a model of attribution: whoever held the requisition takes the recruiter's place.

``primary``: who held it at the acceptance. ``split``: everybody, by the share of un-held time. ``handover``: a hire is
the last owner's, and a seat is at risk for each owner only while it was theirs, entering at its age on the day they
took over and censored when they handed it on. A requisition without recorded owners is its recruiter's throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from services.domain.errors import InvalidInputError
from services.domain.metric import Attribution, Metric
from services.mart.constructs import SecondsBetween, WholeQuotient
from services.mart.schema import REQUISITION_DIMENSIONS, dim_requisition, requisition_hold, requisition_owner
from services.mart.schema import fact_application as application
from services.mart.schema import fact_seat as seat
from services.metrics.attribution import PARTS
from services.metrics.counts import is_hired
from services.metrics.figures import TENTHS, Family, Figure, curve_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question
from services.metrics.time_to_fill import CANCELLED, EVERGREEN, FILLED, OPEN, at_risk, seats_in_windows, with_clocks

RECRUITER = "recruiter"
SUPPORTED: Mapping[str, tuple[Attribution, ...]] = {
    "hires": tuple(Attribution),
    "time_to_fill": (Attribution.PRIMARY, Attribution.HANDOVER),
}
"""A clock cannot be cut into shares: of the time to fill there is no split."""
_WITHOUT_END = datetime(9999, 12, 31)  # noqa: DTZ001 - the mart's instants are naive UTC


def check(metric: Metric, attribution: Attribution) -> None:
    """Raises InvalidInputError where the model says nothing about the metric, naming what it can be asked of."""
    if attribution in SUPPORTED.get(metric.id, ()):
        return
    known = ", ".join(name for name, models in SUPPORTED.items() if attribution in models)
    raise InvalidInputError(f"{metric.id} has no attribution {attribution}. Ask it of: {known}; or leave it out.")


def _owners(plan: Plan) -> sa.CTE:
    """Who held each requisition from when to when; without records its recruiter, always."""

    def build() -> sa.CTE:
        owner, requisition = requisition_owner.c, dim_requisition.c
        is_recruiter = owner.part == RECRUITER
        recorded = sa.select(
            owner.requisition_id,
            owner.person_id,
            owner.from_at,
            sa.func.coalesce(owner.to_at, sa.literal(_WITHOUT_END, sa.DateTime)).label("to_at"),
        ).where(is_recruiter)
        known = sa.select(owner.requisition_id).where(is_recruiter)
        silent = sa.select(
            requisition.requisition_id,
            requisition.recruiter_id,
            sa.literal(datetime(1, 1, 1), sa.DateTime),  # noqa: DTZ001 - as above
            sa.literal(_WITHOUT_END, sa.DateTime),
        ).where(requisition.recruiter_id.is_not(None), requisition.requisition_id.not_in(known))
        return sa.union_all(recorded, silent).cte("owners")

    return plan.shared("owners", build)


# --- hires ----------------------------------------------------------------------------------------------------------


def _plan_hires(plan: Plan) -> None:
    question = plan.question
    rows = _credited(plan)
    within = question.in_period(rows.c.accepted_on)
    plan.count("credit", rows, *within, on=rows.c.accepted_on, value=rows.c.parts)
    plan.count("credited", rows, *within, on=rows.c.accepted_on)


def _credited(plan: Plan) -> sa.Subquery:
    """A row per hire and owner with the parts of it that are theirs; the owner stands where the recruiter did."""
    hired = _hired(plan)
    credit = _whole_credits(plan, hired)
    if plan.question.attribution is Attribution.SPLIT:
        shares = _shares(plan, hired)
        unheld = credit.c.application_id.not_in(sa.select(shares.c.application_id))
        whole = sa.select(*credit.c).where(unheld)
        every = sa.union_all(sa.select(*shares.c), whole).subquery("credits")
    else:
        every = sa.select(*credit.c).subquery("credits")
    columns = [hired.c[name] for name in REQUISITION_DIMENSIONS if name != "recruiter_id"]
    return (
        sa.select(
            *columns, hired.c.source_id, hired.c.accepted_on, every.c.person_id.label("recruiter_id"), every.c.parts
        )
        .join(every, every.c.application_id == hired.c.application_id)
        .subquery("credited")
    )


def _hired(plan: Plan) -> sa.CTE:
    question, own, requisition = plan.question, application.c, dim_requisition.c
    first = (
        sa.select(seat.c.application_id, sa.func.min(seat.c.opened_at).label("opened_at"))
        .where(seat.c.application_id.is_not(None))
        .group_by(seat.c.application_id)
        .subquery("filled_seats")
    )
    opened = sa.func.coalesce(first.c.opened_at, requisition.opened_at, own.applied_at)
    return (
        sa.select(
            own.application_id,
            *(own[name] for name in REQUISITION_DIMENSIONS),
            own.source_id,
            own.accepted_at,
            own.accepted_on,
            sa.func.least(opened, own.accepted_at).label("opened_at"),
            sa.func.coalesce(requisition.recruiter_id, own.recruiter_id).label("named_id"),
        )
        .outerjoin(first, first.c.application_id == own.application_id)
        .outerjoin(dim_requisition, requisition.requisition_id == own.requisition_id)
        .where(*question.conditions(application, without=(RECRUITER,)), *question.in_period(own.accepted_on))
        .where(*is_hired(application, question.as_of))
        .cte("hired")
    )


def _whole_credits(plan: Plan, hired: sa.CTE) -> sa.CTE:
    """All of a hire to who held the requisition at the acceptance: else the last before it, else its recruiter."""
    owners = _owners(plan)
    rank = sa.func.row_number().over(
        partition_by=hired.c.application_id,
        order_by=((owners.c.to_at > hired.c.accepted_at).desc(), owners.c.from_at.desc(), owners.c.person_id),
    )
    holds = sa.and_(owners.c.requisition_id == hired.c.requisition_id, owners.c.from_at <= hired.c.accepted_at)
    ranked = (
        sa.select(
            hired.c.application_id,
            sa.func.coalesce(owners.c.person_id, hired.c.named_id).label("person_id"),
            rank.label("rank"),
        )
        .outerjoin(owners, holds)
        .subquery("owners_at_acceptance")
    )
    parts = sa.literal_column(str(PARTS), sa.BigInteger).label("parts")
    return sa.select(ranked.c.application_id, ranked.c.person_id, parts).where(ranked.c.rank == 1).cte("whole_credits")


def _shares(plan: Plan, hired: sa.CTE) -> sa.CTE:
    """Parts of a hire by un-held seconds; what the division leaves over goes to the first owner in time."""
    seconds = _unheld(plan, hired)
    by_owner = (
        sa.select(
            seconds.c.application_id,
            seconds.c.person_id,
            sa.func.sum(seconds.c.unheld).label("unheld"),
            sa.func.min(seconds.c.from_at).label("from_at"),
        )
        .group_by(seconds.c.application_id, seconds.c.person_id)
        .having(sa.func.sum(seconds.c.unheld) > 0)
        .subquery("unheld_by_owner")
    )
    own = by_owner.c
    total = sa.func.sum(own.unheld).over(partition_by=own.application_id)
    # the engine adds up in 128 bits unless told otherwise
    unheld, whole = (sa.cast(column, sa.BigInteger) for column in (own.unheld, total))
    rank = sa.func.row_number().over(partition_by=own.application_id, order_by=(own.from_at, own.person_id))
    shared = sa.select(
        own.application_id,
        own.person_id,
        WholeQuotient(unheld * PARTS, whole).label("parts"),
        rank.label("rank"),
    ).subquery("shares")
    over = PARTS - sa.cast(sa.func.sum(shared.c.parts).over(partition_by=shared.c.application_id), sa.BigInteger)
    parts = shared.c.parts + sa.case((shared.c.rank == 1, over), else_=0)
    return sa.select(shared.c.application_id, shared.c.person_id, parts.label("parts")).cte("share_credits")


def _unheld(plan: Plan, hired: sa.CTE) -> sa.Subquery:
    """Seconds of each ownership between opening and acceptance in which the clock ran."""
    owners = _owners(plan)
    start = sa.func.greatest(owners.c.from_at, hired.c.opened_at)
    end = sa.func.least(owners.c.to_at, hired.c.accepted_at)
    held = (
        sa.select(
            hired.c.application_id,
            hired.c.requisition_id,
            owners.c.person_id,
            start.label("from_at"),
            end.label("to_at"),
        )
        .join(owners, owners.c.requisition_id == hired.c.requisition_id)
        .where(start < end)
        .subquery("ownerships")
    )
    own, hold = held.c, requisition_hold.c
    until = sa.func.least(sa.func.coalesce(hold.to_at, own.to_at), own.to_at)
    # without a hold the greater of nothing and a time is the time
    stopped = sa.case(
        (hold.requisition_id.is_not(None), SecondsBetween(sa.func.greatest(hold.from_at, own.from_at), until)), else_=0
    )
    overlaps = sa.and_(
        hold.requisition_id == own.requisition_id,
        hold.from_at < own.to_at,
        sa.or_(hold.to_at.is_(None), hold.to_at > own.from_at),
    )
    keys = (own.application_id, own.person_id, own.from_at, own.to_at)
    seconds = SecondsBetween(own.from_at, own.to_at) - sa.func.sum(stopped)
    return (
        sa.select(*keys, sa.cast(seconds, sa.BigInteger).label("unheld"))
        .outerjoin(requisition_hold, overlaps)
        .group_by(*keys)
        .subquery("unheld")
    )


# --- time to fill ---------------------------------------------------------------------------------------------------


def _plan_time_to_fill(plan: Plan) -> None:
    question = plan.question

    def limits(table: sa.FromClause, without: tuple[str, ...] = ()) -> list[sa.ColumnElement[bool]]:
        return question.conditions(table, without=(*without, RECRUITER))

    pairs = seats_in_windows(plan, limits)
    owned = _owned_throughout(plan, pairs) if question.attribution is Attribution.PRIMARY else _owned(plan, pairs)
    followed = with_clocks(owned).subquery("seats_owned")
    shown = [column for column in followed.c if column.name != "bin"]
    # ownerships of a window have names of their own; the window's is before the mark
    bin_ = sa.func.split_part(sa.cast(followed.c.bin, sa.String), _MARK, 1).label("bin")
    rows = sa.select(*shown, bin_).subquery("seats_by_owner")
    plan.tabulate(_TAG, "seat", at_risk(plan, rows, "seat_by_owner", "net"), entry=True)


_TAG, _MARK = "seat_net", "|"


def _owned_throughout(plan: Plan, pairs: sa.CTE) -> sa.CTE:
    """Each seat with who held its requisition at its end in the window."""
    owners = _owners(plan)
    rank = sa.func.row_number().over(
        partition_by=(pairs.c.seat_id, pairs.c.bin),
        order_by=((owners.c.to_at > pairs.c.stop_at).desc(), owners.c.from_at.desc(), owners.c.person_id),
    )
    holds = sa.and_(owners.c.requisition_id == pairs.c.requisition_id, owners.c.from_at <= pairs.c.stop_at)
    person = sa.func.coalesce(owners.c.person_id, pairs.c.recruiter_id)
    ranked = (
        sa.select(*_others(pairs), person.label("recruiter_id"), rank.label("rank"))
        .outerjoin(owners, holds)
        .subquery("seats_with_last_owner")
    )
    columns = [column for column in ranked.c if column.name != "rank"]
    return sa.select(*columns).where(ranked.c.rank == 1).cte("seats_of_last_owner")


def _owned(plan: Plan, pairs: sa.CTE) -> sa.CTE:
    """Each seat once per ownership, at risk only while it lasted."""
    owners, own = _owners(plan), pairs.c
    start = sa.func.greatest(own.start_at, owners.c.from_at)
    cut = sa.func.least(own.cut_at, owners.c.to_at)
    is_theirs = sa.and_(own.stop_at >= owners.c.from_at, own.stop_at < owners.c.to_at)
    how = sa.case((is_theirs, own.how), else_=OPEN)
    name = sa.func.concat(
        sa.cast(own.bin, sa.String), _MARK, sa.cast(owners.c.person_id, sa.String), _MARK, sa.cast(start, sa.String)
    )
    replaced = {"recruiter_id", "bin", "start_at", "cut_at", "stop_at", "how", "kind"}
    return (
        sa.select(
            *(column for column in own if column.name not in replaced),
            owners.c.person_id.label("recruiter_id"),
            name.label("bin"),
            start.label("start_at"),
            cut.label("cut_at"),
            sa.case((is_theirs, own.stop_at), else_=cut).label("stop_at"),
            how.label("how"),
            sa.case((own.kind == EVERGREEN, EVERGREEN), else_=how).label("kind"),
        )
        .join(owners, owners.c.requisition_id == own.requisition_id)
        .where(own.opened_at <= cut, start <= cut, sa.or_(is_theirs, own.stop_at > start))
        .cte("seats_of_each_owner")
    )


def _others(pairs: sa.CTE) -> list[sa.ColumnElement[object]]:
    return [column for column in pairs.c if column.name != "recruiter_id"]


# --- the family -----------------------------------------------------------------------------------------------------


def _plan(plan: Plan, metric: Metric) -> None:
    if metric.id == "hires":
        _plan_hires(plan)
    else:
        _plan_time_to_fill(plan)


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    if metric.id == "hires":
        parts, hires = group.number("credit"), group.number("credited")
        whole, rest = divmod(parts, PARTS)
        value = whole if rest == 0 else parts / PARTS
        return Figure(value, hires, numerator=parts, denominator=PARTS, exempt=True)
    table = group.table(_TAG)
    counted = {"cancelled": table.of_kind(CANCELLED), "evergreen": table.of_kind(EVERGREEN)}
    return curve_figure(
        table, events=(FILLED,), censored=(CANCELLED, OPEN), scale=TENTHS, raw=question.raw, extra=counted
    )


FAMILY = Family((), {}, _plan, _figure)
"""Stands in for the family of a metric when a question names an attribution."""
