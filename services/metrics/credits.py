"""Hires by owner: whole to who held the requisition at the acceptance, or split by the share of un-held time."""

from __future__ import annotations

import sqlalchemy as sa

from services.domain.metric import Attribution
from services.mart.constructs import SecondsBetween, TenthsOfDay, WholeQuotient
from services.mart.schema import REQUISITION_DIMENSIONS, dim_requisition, requisition_hold
from services.mart.schema import fact_application as application
from services.mart.schema import fact_seat as seat
from services.metrics.attribution import PARTS
from services.metrics.counts import is_hired
from services.metrics.ownership import RECRUITER, ownerships
from services.metrics.plan import Plan
from services.metrics.time_to_hire import NEGATIVE, VALID

_CARRIED = ("source_id", "applied_at", "accepted_at", "accepted_on")


def plan_hires(plan: Plan) -> None:
    question = plan.question
    rows = _credited(plan)
    within = question.in_period(rows.c.accepted_on)
    plan.count("credit", rows, *within, on=rows.c.accepted_on, value=rows.c.parts)
    plan.count("credited", rows, *within, on=rows.c.accepted_on)


def plan_time_to_hire(plan: Plan) -> None:
    """Whole hires only: rows of the count table with the owner in the recruiter's place."""
    question, credited = plan.question, _credited(plan)
    seconds = SecondsBetween(credited.c.applied_at, credited.c.accepted_at)
    rows = sa.select(
        *plan.group_columns(credited, on=credited.c.accepted_on),
        sa.func.greatest(0, TenthsOfDay(seconds)).label("t"),
        sa.case((seconds < 0, NEGATIVE), else_=VALID).label("kind"),
    ).where(*question.conditions(credited), *question.in_period(credited.c.accepted_on))
    plan.tabulate("time_to_hire", "application", rows.subquery("hires_by_owner"))


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
    names = (name for name in (*REQUISITION_DIMENSIONS, *_CARRIED) if name != "recruiter_id")
    return (
        sa.select(*(hired.c[name] for name in names), every.c.person_id.label("recruiter_id"), every.c.parts)
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
            *(own[name] for name in _CARRIED),
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
    owners = ownerships(plan)
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
    owners = ownerships(plan)
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
