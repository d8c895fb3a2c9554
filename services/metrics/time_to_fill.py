"""Time to fill: from a seat's first opening to the acceptance that fills it, net of holds and freezes.

Headline: Kaplan-Meier over the seats at risk in the period. A seat that was open before enters at its age on the first
day, one that is still open at the end is censored there: a closed period does not move any more. A cancelled seat is
censored ("time if not cancelled"); the share filled by day 30, 60 and 90 lets cancellation compete.

Example: opened 1 May, on hold 5 to 10 May, accepted 30 May = 24 days net, 29 gross.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Revision, Unit
from services.mart.constructs import SecondsBetween, TenthsOfDay
from services.mart.schema import REQUISITION_DIMENSIONS
from services.mart.schema import fact_seat as seat
from services.metrics.dimensions import REQUISITION, TIME
from services.metrics.estimators import Lifetimes
from services.metrics.figures import (
    TENTHS,
    Family,
    Figure,
    curve_figure,
    exits_of,
    incidence,
    median_figure,
)
from services.metrics.plan import LATE_ENTRY, Group, Limits, Plan, Statement
from services.metrics.question import Question
from services.metrics.windows import (
    WINDOW_COLUMNS,
    in_windows,
    net_cut,
    net_start,
    same_window,
    spans,
    stopped,
)

FILLED, CANCELLED, OPEN, EVERGREEN = 0, 1, 2, 3
SHARES_BY_DAY = (30, 60, 90)

TIME_TO_FILL = Metric(
    id="time_to_fill",
    name="Time to fill",
    unit=Unit.DAYS,
    estimator=Estimator.KAPLAN_MEIER,
    anchor=Anchor.AT_RISK_IN_PERIOD,
    family="time_to_fill",
    grain="seat",
    summary="Median days from a seat's first opening to the acceptance that fills it, holds and freezes left out.",
    better=Better.LOWER,
    version=2,
    effective_from=date(2026, 11, 24),
    revisions=(
        Revision(1, date(2026, 1, 1), "evergreen meant the mark on the requisition, not a seat made for an offer"),
    ),
    start="first opened (status open, not approved)",
    stop="offer accepted and not undone before the start",
    clock="net of hold, freeze and the gap between cancellation and re-opening",
    denominator="seats at risk in the period; n = seats, events = seats filled",
    censored_by=("cancelled", "end of period", "as of"),
    exclusions=("evergreen seats, made less than 3 days before the offer to whoever fills them (counted)",),
    source="SHRM/EMA 2002; ISO 30414:2025",
    dimensions=(*REQUISITION, *TIME),
    extra={
        "gross": "median with holds counted (not by time grain)",
        "hold_days_mean": "mean days on hold or frozen, per seat (not by time grain)",
        "filled_by_30": "share filled by net day 30, cancellation competing (also _60, _90; not by time grain)",
        "cancelled": "seats cancelled in the period",
        "evergreen": "evergreen seats left out",
        "days_at_risk": "days for which seats were open and not held, all together (with expectation)",
    },
)
METRICS = (
    TIME_TO_FILL,
    replace(
        TIME_TO_FILL,
        id="time_to_fill_gross",
        name="Time to fill, gross",
        summary="As time to fill, with holds and freezes counted.",
        clock="elapsed",
        variant_of="time_to_fill",
        extra={},
    ),
    replace(
        TIME_TO_FILL,
        id="time_to_fill_opened",
        name="Time to fill, by opening date",
        anchor=Anchor.OPENED,
        summary="Seats opened in the period, followed until as-of.",
        denominator="seats opened in the period",
        variant_of="time_to_fill",
        extra={"cancelled": "seats cancelled", "evergreen": "evergreen seats left out"},
    ),
    replace(
        TIME_TO_FILL,
        id="time_to_fill_filled",
        name="Time to fill, filled only (naive)",
        estimator=Estimator.PLAIN_MEDIAN,
        anchor=Anchor.FILLED,
        summary="Ordinary median of seats filled in the period. Too short while seats are still open.",
        denominator="seats filled in the period",
        censored_by=(),
        variant_of="time_to_fill",
        extra={"mean": "mean days", "p90": "90th percentile"},
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    match metric.id:
        case "time_to_fill_filled":
            plan.tabulate(metric.id, "seat", _filled_rows(plan))
        case "time_to_fill_opened":
            plan.tabulate(metric.id, "seat", _followed(plan, "opened", "net"), entry=True)
        case "time_to_fill_gross":
            plan.tabulate("seat_gross", "seat", _followed(plan, "at_risk", "gross"), entry=True)
        case _:
            plan.tabulate("seat_net", "seat", _followed(plan, "at_risk", "net"), entry=True)
            if plan.question.grain is None:
                plan.tabulate("seat_gross", "seat", _followed(plan, "at_risk", "gross"), entry=True)


def _filled_rows(plan: Plan) -> sa.Subquery:
    question, columns = plan.question, seat.c
    net = columns.filled_net - columns.opened_net
    return (
        sa.select(
            *plan.group_columns(seat, on=columns.filled_on),
            TenthsOfDay(net).label("t"),
            sa.case((columns.evergreen_at.is_not(None), EVERGREEN), else_=FILLED).label("kind"),
        )
        .where(*question.conditions(seat), *question.in_period(columns.filled_on))
        .where(columns.filled_at <= question.as_of, net >= 0)
        .subquery("seat_filled")
    )


def _followed(plan: Plan, cohort: str, clock: str) -> sa.Subquery:
    """Rows of the count table on one clock, from the seats followed through their window."""
    question, is_cohort = plan.question, cohort == "opened"
    windows = question.whole_spans() if is_cohort else question.spans()
    followed = plan.prepared(
        f"seats_{cohort}", tuple(windows), lambda limits: _followed_seats(plan, limits, is_cohort=is_cohort)
    )
    return at_risk(plan, followed, f"seat_{cohort}_{clock}", clock, is_cohort=is_cohort)


def at_risk(plan: Plan, followed: sa.FromClause, name: str, clock: str, *, is_cohort: bool = False) -> sa.Subquery:
    """Rows of a count table from followed seats, limited to what the question asks."""
    question, columns = plan.question, followed.c
    entry, stop = columns[f"entry_{clock}"], columns[f"stop_{clock}"]
    left = columns.kind != OPEN
    bin_ = None if is_cohort else columns.bin
    rows = sa.select(
        *plan.group_columns(followed, on=columns.opened_on, bin_=bin_),
        stop.label("t"),
        columns.kind,
        # one that leaves within the tenth of a day in which it entered is at risk in that tenth
        sa.case((left, sa.func.least(entry, stop - 1)), else_=entry).label("entry"),
    ).where(*question.conditions(followed), stop >= 0, sa.or_(left, entry < stop))
    if is_cohort:
        rows = rows.where(*question.in_period(columns.opened_on))
    return rows.subquery(name)


def _followed_seats(plan: Plan, limits: Limits, *, is_cohort: bool) -> Statement:
    return with_clocks(seats_in_windows(plan, limits, is_cohort=is_cohort))


def with_clocks(pairs: sa.CTE) -> Statement:
    """Every seat with its clocks at the entry into its window and at its end or the window's cut."""
    stops = stopped(pairs)
    seat_ = pairs.c
    stop_net = sa.case(
        (seat_.how == FILLED, seat_.filled_net),
        (seat_.how == CANCELLED, seat_.cancelled_net),
        else_=net_cut(pairs, stops),
    )
    is_late = sa.and_(seat_.opened_at < seat_.start_at, seat_.kind != EVERGREEN)
    clocks = {
        "entry_net": _age(is_late, net_start(pairs, stops) - seat_.opened_net),
        "entry_gross": _age(is_late, SecondsBetween(seat_.opened_at, seat_.start_at)),
        "stop_net": TenthsOfDay(stop_net - seat_.opened_net),
        "stop_gross": TenthsOfDay(SecondsBetween(seat_.opened_at, seat_.stop_at)),
    }
    return sa.select(
        *(seat_[name] for name in REQUISITION_DIMENSIONS),
        seat_.opened_on,
        seat_.bin,
        seat_.kind,
        *(sa.cast(clock, sa.Integer).label(name) for name, clock in clocks.items()),
    ).outerjoin(stops, same_window(pairs, stops))


def seats_in_windows(plan: Plan, limits: Limits, *, is_cohort: bool = False) -> sa.CTE:
    """Seats at risk in each window, how they ended in it (``how``) and when (``stop_at``)."""
    columns = seat.c
    span = spans(plan, whole=is_cohort)
    days = (columns.opened_on, sa.func.coalesce(columns.filled_on, columns.cancelled_on))
    # a cohort has one window whatever the grain; its bin is the opening date's
    rows, joined = in_windows(plan, "seats", seat, list(columns), days, limits(seat), span, whole=is_cohort)
    own = rows.c
    is_filled = sa.and_(own.filled_at < span.c.end_at, own.filled_at <= span.c.cut_at)
    is_cancelled = sa.and_(own.cancelled_at < span.c.end_at, own.cancelled_at <= span.c.cut_at)
    stop_at = sa.case((is_filled, own.filled_at), (is_cancelled, own.cancelled_at), else_=span.c.cut_at)
    how = sa.case((is_filled, FILLED), (is_cancelled, CANCELLED), else_=OPEN)
    return (
        sa.select(
            *(own[column.name] for column in columns),
            *(span.c[name] for name in WINDOW_COLUMNS),
            stop_at.label("stop_at"),
            how.label("how"),
            # not before the offer: until then it was a seat like any other, and a closed period does not move
            sa.case((own.evergreen_at <= span.c.cut_at, EVERGREEN), else_=how).label("kind"),
        )
        .join(span, joined)
        .where(own.opened_at <= span.c.cut_at, stop_at >= span.c.start_at)
        .cte("seats_opened_windows" if is_cohort else "seats_windows")
    )


def _age(is_late: sa.ColumnElement[bool], seconds: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Age at entry on the grid; -1 = there from its beginning."""
    return sa.case((is_late, TenthsOfDay(seconds)), else_=-1)


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    if metric.id == "time_to_fill_filled":
        table = group.table(metric.id)
        return median_figure(table, (FILLED,), TENTHS, {"evergreen": table.of_kind(EVERGREEN)})
    if metric.id != "time_to_fill":
        table = group.table("seat_gross" if metric.id == "time_to_fill_gross" else metric.id)
        counted = {"cancelled": table.of_kind(CANCELLED), "evergreen": table.of_kind(EVERGREEN)}
        return _curve(question, group, table_tag=metric.id, extra=counted)
    return _curve(question, group, table_tag="seat_net", extra=_beside(question, group))


def _curve(question: Question, group: Group, *, table_tag: str, extra: Mapping[str, float | int | None]) -> Figure:
    tag = "seat_gross" if table_tag == "time_to_fill_gross" else table_tag
    return curve_figure(
        group.table(tag), events=(FILLED,), censored=(CANCELLED, OPEN), scale=TENTHS, raw=question.raw, extra=extra
    )


def lifetimes_of(group: Group) -> Lifetimes:
    """The counts behind the headline's curve."""
    table, left = group.table("seat_net"), (CANCELLED, OPEN)
    times = table.times(LATE_ENTRY, FILLED, *left)
    return Lifetimes(times, table.at(times, LATE_ENTRY), table.at(times, FILLED), table.at(times, *left))


def _beside(question: Question, group: Group) -> dict[str, float | int | None]:
    """Gross median, mean hold, shares filled by day 30, 60 and 90, and what was left out."""
    net, gross = group.table("seat_net"), group.table("seat_gross")
    found: dict[str, float | int | None] = {
        "cancelled": net.of_kind(CANCELLED),
        "evergreen": net.of_kind(EVERGREEN),
    }
    if question.expected:
        ages = net.total_time(FILLED, CANCELLED, OPEN) - net.total_time(LATE_ENTRY)
        found["days_at_risk"] = round(ages / TENTHS)
    if question.grain is not None:
        return found
    by_gross = curve_figure(gross, events=(FILLED,), censored=(CANCELLED, OPEN), scale=TENTHS, raw=question.raw)
    found["gross"] = by_gross.value
    if by_gross.n:
        kinds = (FILLED, CANCELLED, OPEN)
        stopped = gross.total_time(*kinds) - net.total_time(*kinds)
        found["hold_days_mean"] = stopped / TENTHS / by_gross.n
    estimate = incidence(exits_of(net, (FILLED, CANCELLED), (OPEN,)), raw=question.raw)
    for day in SHARES_BY_DAY:
        if estimate.end is not None and estimate.end >= day * TENTHS:
            found[f"filled_by_{day}"] = estimate.at(0, day * TENTHS)
    return found


_NEEDS: Mapping[str, str] = {metric.id: "opening" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
