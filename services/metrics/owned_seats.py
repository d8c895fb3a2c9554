"""Seats by owner: each whole to its last owner, or at risk for each owner only while it was theirs."""

from __future__ import annotations

import sqlalchemy as sa

from services.domain.metric import Attribution
from services.metrics.ownership import RECRUITER, ownerships
from services.metrics.plan import Plan
from services.metrics.time_to_fill import EVERGREEN, OPEN, at_risk, seats_in_windows, with_clocks


def plan_time_to_fill(plan: Plan) -> None:
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
    plan.tabulate(SEATS_BY_OWNER, "seat", at_risk(plan, rows, "seat_by_owner", "net"), entry=True)


SEATS_BY_OWNER, _MARK = "seat_net", "|"


def _owned_throughout(plan: Plan, pairs: sa.CTE) -> sa.CTE:
    """Each seat with who held its requisition at its end in the window."""
    owners = ownerships(plan)
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
    owners, own = ownerships(plan), pairs.c
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
