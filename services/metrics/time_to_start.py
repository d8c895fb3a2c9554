"""Time to start: from a seat's first opening to the first day worked.

Two clocks follow each other: net of holds until the acceptance that fills the seat, calendar days after it, since a
notice period runs whether the requisition is on hold or not. It is a curve of its own: medians do not add, so it is not
time to fill plus a usual notice. Seats at risk in the period, entering at their age on its first day, as time to fill.

Example: opened 1 May, on hold 5 to 10 May, accepted 30 May = 24 days net; starts 1 July, 32 days later: 56.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.mart.constructs import SecondsBetween, TenthsOfDay
from services.mart.schema import fact_seat as seat
from services.metrics.dimensions import REQUISITION, TIME
from services.metrics.figures import TENTHS, Family, Figure, curve_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question, Span
from services.metrics.windows import (
    WINDOW_COLUMNS,
    in_windows,
    net_cut,
    net_start,
    regrouped,
    same_window,
    spans,
    stopped,
)

STARTED, CANCELLED, OPEN, ACCEPTED, EVERGREEN, NEGATIVE = range(6)

TIME_TO_START = Metric(
    id="time_to_start",
    name="Time to start",
    unit=Unit.DAYS,
    estimator=Estimator.KAPLAN_MEIER,
    anchor=Anchor.AT_RISK_IN_PERIOD,
    family="time_to_start",
    grain="seat",
    summary="Median days from a seat's first opening to the first day worked, holds before the acceptance left out.",
    better=Better.LOWER,
    start="first opened (status open, not approved)",
    stop="first day worked, from the HR system",
    clock="net of hold, freeze and cancellation until re-opening up to the acceptance; calendar days after it",
    formula="net days from opening to acceptance + calendar days from acceptance to the first day worked",
    denominator="seats at risk in the period; n = seats, events = seats whose hire started",
    censored_by=("cancelled", "end of period", "as of"),
    exclusions=(
        "evergreen seats, made less than 3 days before the offer to whoever fills them (counted)",
        "starts before acceptance (counted)",
    ),
    source="SHRM/EMA 2002; ISO 30414:2025",
    dimensions=(*REQUISITION, *TIME),
    extra={
        "accepted": "seats accepted and waiting for their first day",
        "cancelled": "seats cancelled in the period",
        "evergreen": "evergreen seats left out",
        "negative": "seats whose dates contradict each other, left out",
    },
)
METRICS = (TIME_TO_START,)


def _plan(plan: Plan, metric: Metric) -> None:
    pairs = _seats_in_windows(plan)
    stops = stopped(pairs)
    own = pairs.c
    before = sa.case(
        (own.is_accepted, own.filled_net),
        (own.kind == CANCELLED, own.cancelled_net),
        else_=net_cut(pairs, stops),
    )
    stop = TenthsOfDay(before - own.opened_net + own.after_acceptance)
    began_before = sa.and_(own.opened_at < own.start_at, own.kind.not_in((EVERGREEN, NEGATIVE)))
    age = sa.case((own.was_accepted, own.filled_net), else_=net_start(pairs, stops)) - own.opened_net
    entry = sa.case((began_before, TenthsOfDay(age + own.after_at_start)), else_=-1)
    rows = sa.select(
        *(own[f"g{index}"] for index in range(len(plan.question.by))),
        stop.label("t"),
        own.kind,
        entry.label("entry"),
    ).outerjoin(stops, same_window(pairs, stops))
    plan.tabulate(metric.id, "seat", _at_risk(rows.cte("seats_to_start")), entry=True)


def _at_risk(rows: sa.CTE) -> sa.Subquery:
    """Who was never at risk in the window is left out; one that leaves where it entered is at risk in that tenth."""
    columns, leaves = rows.c, rows.c.kind.in_((STARTED, CANCELLED))
    entry = sa.case((leaves, sa.func.least(columns.entry, columns.t - 1)), else_=columns.entry)
    groups = [column for column in columns if column.name not in {"t", "kind", "entry"}]
    return (
        sa.select(*groups, columns.t, columns.kind, entry.label("entry"))
        .where(columns.t >= 0, sa.or_(leaves, columns.entry < columns.t))
        .subquery("seat_to_start")
    )


def _seats_in_windows(plan: Plan) -> sa.CTE:
    """Seats and windows with what is known of the seat then, and the calendar days since its acceptance in seconds."""
    columns, span = seat.c, spans(plan)
    days = (columns.opened_on, sa.func.coalesce(columns.started_on, columns.cancelled_on))
    carried = [*plan.group_columns(seat, on=columns.opened_on, bin_=sa.literal_column("''"))]
    carried += [columns[name].label(name) for name in _CARRIED]
    rows, joined = in_windows(plan, "seats_to_start", seat, carried, days, plan.question.conditions(seat), span)
    day = _local_days(plan)
    own = rows.c
    is_accepted = sa.and_(own.filled_at < span.c.end_at, own.filled_at <= span.c.cut_at)
    is_started = sa.and_(is_accepted, own.started_on < day.c.end_on, own.started_on <= day.c.cut_on)
    is_cancelled = sa.and_(own.cancelled_at < span.c.end_at, own.cancelled_at <= span.c.cut_at)
    kind = sa.case(
        (own.evergreen_at <= span.c.cut_at, EVERGREEN),
        (sa.and_(is_started, own.started_on < own.filled_on), NEGATIVE),
        (is_started, STARTED),
        (is_accepted, ACCEPTED),
        (is_cancelled, CANCELLED),
        else_=OPEN,
    )
    until = sa.case((is_started, own.started_on), else_=day.c.cut_on)
    was_accepted = sa.and_(is_accepted, own.filled_at < span.c.start_at)
    is_over = sa.or_(
        sa.and_(is_started, own.started_on < day.c.start_on),
        sa.and_(is_cancelled, sa.not_(sa.func.coalesce(is_accepted, sa.false())), own.cancelled_at < span.c.start_at),
    )
    return (
        sa.select(
            *regrouped(plan, rows, span.c.bin),
            *(own[name] for name in _CARRIED if name not in {"evergreen_at", "started_on"}),
            *(span.c[name] for name in WINDOW_COLUMNS),
            kind.label("kind"),
            sa.func.coalesce(is_accepted, sa.false()).label("is_accepted"),
            sa.func.coalesce(was_accepted, sa.false()).label("was_accepted"),
            _seconds_after(is_accepted, own.filled_on, until).label("after_acceptance"),
            _seconds_after(was_accepted, own.filled_on, day.c.start_on).label("after_at_start"),
        )
        .join(span, joined)
        .join(day, sa.and_(day.c.zone == span.c.zone, day.c.bin == span.c.bin))
        .where(own.opened_at <= span.c.cut_at, sa.not_(sa.func.coalesce(is_over, sa.false())))
        .cte("seats_to_start_windows")
    )


_CARRIED = (
    "requisition_id",
    "opened_at",
    "filled_at",
    "cancelled_at",
    "filled_on",
    "started_on",
    "opened_net",
    "filled_net",
    "cancelled_net",
    "evergreen_at",
)


def _seconds_after(
    applies: sa.ColumnElement[bool], first: sa.ColumnElement[date], last: sa.ColumnElement[date]
) -> sa.ColumnElement[int]:
    """Whole calendar days between two local dates, in seconds; never backwards."""
    seconds = SecondsBetween(sa.cast(first, sa.DateTime), sa.cast(last, sa.DateTime))
    return sa.case((applies, sa.func.greatest(seconds, 0)), else_=0)


def _local_days(plan: Plan) -> sa.CTE:
    """The windows' limits as local dates, by zone and bin."""
    return plan.shared("span_days", lambda: _day_values(plan.question.spans()))


def _day_values(found: list[Span]) -> sa.CTE:
    columns: list[sa.ColumnClause[Any]] = [
        sa.column("zone", sa.String),
        sa.column("bin", sa.Date),
        *(sa.column(name, sa.Date) for name in ("start_on", "end_on", "cut_on")),
    ]
    if not found:
        empty = [sa.cast(None, column.type).label(column.name) for column in columns]
        return sa.select(*empty).where(sa.false()).cte("span_days")
    rows = [
        (
            span.zone,
            span.bin_on.date(),
            _local(span.start_at, span.zone),
            _day_after(span),
            _local(span.cut_at, span.zone),
        )
        for span in found
    ]
    return sa.select(sa.values(*columns, name="span_day_values").data(rows)).cte("span_days")


def _day_after(span: Span) -> date:
    """The day after the window's last one."""
    return _local(span.end_at - timedelta(seconds=1), span.zone) + timedelta(days=1)


def _local(at: datetime, zone: str) -> date:
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    table = group.table(metric.id)
    counted = {"accepted": ACCEPTED, "cancelled": CANCELLED, "evergreen": EVERGREEN, "negative": NEGATIVE}
    return curve_figure(
        table,
        events=(STARTED,),
        censored=(CANCELLED, OPEN, ACCEPTED),
        scale=TENTHS,
        raw=question.raw,
        extra={name: table.of_kind(kind) for name, kind in counted.items()},
    )


_NEEDS: Mapping[str, str] = {"time_to_start": "hire"}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
