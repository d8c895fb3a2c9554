"""Pass-through from one stage to another, and source conversion: Aalen-Johansen at a horizon.

The cohort is every application that reached stage A in the period. Reaching B is the event; rejection, withdrawal, the
position being filled and a transfer compete; whoever is still on the way is censored. A stage counts as reached when
the application entered it or a later one, so a skipped one is reached and passed at once and the funnel multiplies out.

Example: of 12 in screen 4 advanced, 5 left otherwise, 3 are open: 59/144 = 0.41 by day 30, not 4/12 and not 4/9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.pipeline import Outcome, Stage, UndoneBy
from services.mart.constructs import SecondsBetween, TenthsOfDay
from services.mart.schema import fact_application as application
from services.mart.schema import fact_stage_reached as stage_reached
from services.metrics.competing_risks import Incidence
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.estimators import SLACK
from services.metrics.figures import TENTHS, Family, Figure, exits_of, incidence, rate_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question
from services.metrics.transitions import ADJACENT_DAYS, DISTANT_DAYS, Transition, adjacent_labels, transitions

REACHED, REJECTED, WITHDRAWN, POSITION_FILLED, TRANSFERRED, ARCHIVED, OPEN, INTERNAL, REHIRE = range(9)
CAUSES = (REACHED, REJECTED, WITHDRAWN, POSITION_FILLED, TRANSFERRED, ARCHIVED)
OVERALL = "applied to hired"

_CAUSE_NAMES = {
    REJECTED: "rejected",
    WITHDRAWN: "withdrawn",
    POSITION_FILLED: "position_filled",
    TRANSFERRED: "transferred",
    ARCHIVED: "archived",
}
_AJ_EXTRA = {
    "so_far": "share of the cohort that has arrived until now",
    "resolved_only": "share among those with a known end (also as naive)",
    **{f"by_{name}": f"probability to have left as {name} by the horizon" for name in _CAUSE_NAMES.values()},
    "still_there": "probability to be still on the way at the horizon",
    "open": "still on the way now",
}
PASS_THROUGH_RATE = Metric(
    id="pass_through_rate",
    name="Pass-through",
    unit=Unit.RATE,
    estimator=Estimator.AALEN_JOHANSEN,
    anchor=Anchor.REACHED,
    family="pass_through",
    grain="application",
    summary="Probability to reach the next stage within the horizon, all ways out competing.",
    better=Better.HIGHER,
    start="reached stage A (entered it or a later one)",
    stop="reached stage B",
    clock="elapsed; first time counts, a step back takes nothing away",
    horizon_days=ADJACENT_DAYS,
    denominator="applications that reached A in the period; n = applications, events = reached B",
    censored_by=("as of",),
    exclusions=("prospects without a requisition",),
    dimensions=(*APPLICATION, "transition", *TIME),
    extra=_AJ_EXTRA,
)


def _variant(suffix: str, name: str, summary: str, denominator: str) -> Metric:
    return replace(
        PASS_THROUGH_RATE,
        id=f"pass_through_rate_{suffix}",
        name=f"Pass-through, {name}",
        estimator=Estimator.PLAIN_RATE,
        summary=summary,
        denominator=denominator,
        horizon_days=None,
        censored_by=(),
        variant_of="pass_through_rate",
        extra={},
    )


METRICS = (
    PASS_THROUGH_RATE,
    _variant(
        "matured",
        "matured cohort",
        "Share that reached B within the horizon, of those whose horizon is over.",
        "applications that reached A in the period and at least the horizon before as-of",
    ),
    _variant(
        "resolved",
        "resolved only",
        "Reached B among those with a known end. Too low while the good ones still run.",
        "applications of the cohort that reached B or left",
    ),
    _variant(
        "activity",
        "activity ratio",
        "Arrivals in B in the period over arrivals in A in the period; not a cohort.",
        "applications that reached A in the period",
    ),
    _variant(
        "snapshot",
        "so far",
        "Reached B until as-of, of all that reached A in the period.",
        "applications that reached A in the period",
    ),
    replace(
        PASS_THROUGH_RATE,
        id="source_conversion",
        name="Source conversion",
        anchor=Anchor.APPLIED,
        family="sources",
        summary="Probability that an application becomes a hire within 120 days, by its own first valid source claim.",
        start="applied",
        stop="offer accepted and not undone before the start",
        horizon_days=DISTANT_DAYS,
        denominator="external applications received in the period",
        exclusions=("internal applicants and rehires (counted apart)",),
        dimensions=(*APPLICATION, *TIME),
        extra={**_AJ_EXTRA, "internal": "internal applicants left out", "rehire": "rehires left out"},
    ),
)


class Followed(NamedTuple):
    """Where to read each application's way: when it reached the start, where the way ended by as-of, and how."""

    fact: sa.Table
    on: sa.ColumnElement[date]
    stop: sa.ColumnElement[int]
    kind: sa.ColumnElement[int]
    entry: sa.ColumnElement[int]
    """Its age when the data begin; -1 = it began later."""
    limits: list[sa.ColumnElement[bool]]
    is_forward: sa.ColumnElement[bool]
    """Its end does not lie before its start."""


def _asked(question: Question, metric: Metric) -> list[Transition]:
    known = transitions(question.stages)
    chosen = [str(value) for value in question.chosen.get("transition", ())]
    if metric.id == "source_conversion" or not (chosen or question.asks_for("transition")):
        overall = Transition(Stage.APPLIED, Stage.HIRED, DISTANT_DAYS)
        return [overall]
    return [known[label] for label in chosen or adjacent_labels(question.stages)]


def asked_transition(question: Question, dims: Mapping[str, str | None]) -> Transition:
    """The transition of a group of ``pass_through_rate``."""
    asked = _asked(question, PASS_THROUGH_RATE)
    return next((item for item in asked if item.label == dims.get("transition")), asked[0])


def _plan(plan: Plan, metric: Metric) -> None:
    for transition in _asked(plan.question, metric):
        match metric.id:
            case "pass_through_rate_activity":
                _plan_activity(plan, transition)
            case "pass_through_rate_matured":
                _plan_matured(plan, transition)
            case "source_conversion":
                rows = cohort(plan, transition, external=True)
                plan.tabulate("conversion", "application", rows, entry=has_late_entries(plan))
            case "pass_through_rate_snapshot" | "pass_through_rate_resolved":
                rows = cohort(plan, transition, is_timed=False)
                plan.tabulate(
                    f"so_far_{transition.tag}", "application", rows, constant={"transition": transition.label}
                )
            case _:
                tag = f"cohort_{transition.tag}"
                name = {"transition": transition.label}
                rows = cohort(plan, transition)
                plan.tabulate(tag, "application", rows, entry=has_late_entries(plan), constant=name)


def _has_happened(question: Question, at: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """By as-of. Of the snapshot's own time everything in it has: the comparison would cost a fifth of the scan."""
    return at.is_not(None) if question.is_latest else at <= question.as_of


def has_late_entries(plan: Plan) -> bool:
    """Only an application that was on the way before the data begin enters late."""
    return plan.question.data_from is not None


def _reached(stage: Stage, question: Question) -> sa.ColumnElement[datetime]:
    """When the stage or a later one was reached; None = not by then."""
    columns = application.c
    if stage is not Stage.HIRED:
        return columns[f"{stage}_at"]
    undone = columns.undone_at
    stands = undone.is_(None) if question.is_latest else sa.or_(undone.is_(None), undone > question.as_of)
    return sa.case((stands, columns.accepted_at))


def _reached_on(stage: Stage) -> sa.ColumnElement[date]:
    return application.c.accepted_on if stage is Stage.HIRED else application.c[f"{stage}_on"]


def _groups(plan: Plan, transition: Transition, on: sa.ColumnElement[date], fact: sa.Table) -> list[sa.Label[object]]:
    label: sa.ColumnElement[str] = sa.literal_column(f"'{transition.label}'")
    return list(plan.group_columns(fact, on=on, literal={"transition": label}))


def cohort(plan: Plan, transition: Transition, *, external: bool = False, is_timed: bool = True) -> sa.Subquery:
    """Rows of a count table: everybody who reached the start in the period, and how far they came by as-of.

    ``is_timed``: also when; without, a plain share is counted in a handful of rows.
    """
    question = plan.question
    followed = _followed_to_now if question.is_latest and question.data_from is None else _followed_to_as_of
    way = followed(question, transition)
    # nothing after the horizon changes the estimate: one grid point stands for all of it
    beyond = transition.horizon_days * TENTHS + 1
    kind = sa.case(*_left_apart(external=external), else_=way.kind) if external else way.kind
    at = sa.func.least(way.stop, beyond) if is_timed else sa.literal_column("0")
    statement = sa.select(
        *_groups(plan, transition, way.on, way.fact),
        at.label("t"),
        kind.label("kind"),
        way.entry.label("entry"),
    ).where(*question.conditions(way.fact), *question.in_period(way.on), *way.limits)
    if not is_timed:
        # dates that contradict each other are left out, as from every count table
        statement = statement.where(way.is_forward)
    name = "conversion_cohort" if external else f"{'cohort' if is_timed else 'so_far'}_of_{transition.tag}"
    return statement.subquery(name)


def _followed_to_now(question: Question, transition: Transition) -> Followed:
    """Everything in the snapshot has happened, and nobody enters late: the ways are columns of the facts."""
    is_first = transition.start is Stage.APPLIED
    fact = application if is_first else stage_reached
    columns = fact.c
    prefix = "applied_to" if is_first else "to"
    start, on = (columns.applied_at, columns.applied_on) if is_first else (columns.reached_at, columns.reached_on)
    to_stop, to_exit = columns[f"{prefix}_{transition.stop}"], columns[f"{prefix}_exit"]
    known = sa.func.coalesce(to_stop, to_exit)
    running = TenthsOfDay(SecondsBetween(start, sa.literal(question.as_of, sa.DateTime)))
    return Followed(
        fact=fact,
        on=on,
        stop=sa.case((known.is_not(None), known), else_=running),
        kind=sa.case((to_stop.is_not(None), REACHED), else_=sa.func.coalesce(columns.exit_cause, OPEN)),
        entry=sa.literal_column("-1"),
        limits=[] if is_first else [columns.stage == transition.start.value],
        # who is still on the way began before as-of: everything in the snapshot has happened
        is_forward=sa.func.coalesce(known, 0) >= 0,
    )


def _followed_to_as_of(question: Question, transition: Transition) -> Followed:
    columns, as_of = application.c, question.as_of
    start = columns[f"{transition.start}_at"]
    reached = _reached(transition.stop, question)
    has_reached, has_undone, has_ended = (
        _has_happened(question, at) for at in (reached, columns.undone_at, columns.ended_at)
    )
    stop_at = sa.case(
        (has_reached, reached), (has_undone, columns.undone_at), (has_ended, columns.ended_at), else_=as_of
    )
    kinds = [
        (has_reached, REACHED),
        (sa.and_(has_undone, columns.undone_by == UndoneBy.COMPANY.value), REJECTED),
        (has_undone, WITHDRAWN),
        (sa.not_(sa.func.coalesce(has_ended, sa.false())), OPEN),
        *((columns.outcome == outcome.value, kind) for outcome, kind in _OUTCOMES.items()),
    ]
    stop = TenthsOfDay(SecondsBetween(start, stop_at))
    limits = [start <= as_of, *([] if question.data_from is None else [stop_at >= question.data_from])]
    return Followed(
        fact=application,
        on=_reached_on(transition.start),
        stop=stop,
        kind=sa.case(*kinds, else_=ARCHIVED),
        entry=_entry(question, start, stop),
        limits=limits,
        is_forward=stop >= 0,
    )


_OUTCOMES = {
    Outcome.REJECTED: REJECTED,
    Outcome.WITHDRAWN: WITHDRAWN,
    Outcome.POSITION_FILLED: POSITION_FILLED,
    Outcome.TRANSFERRED: TRANSFERRED,
}


def _left_apart(*, external: bool) -> list[tuple[sa.ColumnElement[bool], int]]:
    columns = application.c
    return [(columns.is_internal, INTERNAL), (columns.is_rehire, REHIRE)] if external else []


def _entry(question: Question, start: sa.ColumnElement[datetime], stop: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """Age at which it entered, when it was on the way before the data begin; -1 = from the beginning."""
    if question.data_from is None:
        return sa.literal_column("-1")
    age = TenthsOfDay(SecondsBetween(start, sa.literal(question.data_from, sa.DateTime)))
    return sa.case((start < question.data_from, sa.func.least(age, stop - 1)), else_=-1)


def _plan_activity(plan: Plan, transition: Transition) -> None:
    """Two plain counts, each by its own date: arrivals in A and arrivals in B."""
    question = plan.question
    for part, stage in (("a", transition.start), ("b", transition.stop)):
        reached, on = _reached(stage, question), _reached_on(stage)
        rows = sa.select(
            *_groups(plan, transition, on, application),
            sa.literal_column("0").label("t"),
            sa.literal_column("0").label("kind"),
        ).where(*question.conditions(application), *question.in_period(on), reached <= question.as_of)
        name = f"activity_{part}_{transition.tag}"
        plan.tabulate(name, "application", rows.subquery(f"rows_{name}"))


def _plan_matured(plan: Plan, transition: Transition) -> None:
    question = plan.question
    start, reached = application.c[f"{transition.start}_at"], _reached(transition.stop, question)
    horizon = timedelta(days=transition.horizon_days)
    in_time = TenthsOfDay(SecondsBetween(start, reached)) <= transition.horizon_days * TENTHS
    rows = sa.select(
        *_groups(plan, transition, _reached_on(transition.start), application),
        sa.literal_column("0").label("t"),
        sa.case((sa.and_(reached <= question.as_of, in_time), REACHED), else_=OPEN).label("kind"),
    ).where(*question.conditions(application), *question.in_period(_reached_on(transition.start)))
    rows = rows.where(start <= question.as_of - horizon)
    plan.tabulate(f"matured_{transition.tag}", "application", rows.subquery(f"matured_of_{transition.tag}"))


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    asked = _asked(question, metric)
    transition = next((item for item in asked if item.label == dims.get("transition")), asked[0])
    so_far = group.table(f"so_far_{transition.tag}")
    match metric.id:
        case "source_conversion":
            table = group.table("conversion")
            apart = {"internal": table.of_kind(INTERNAL), "rehire": table.of_kind(REHIRE)}
            return _estimate(question, group, "conversion", transition, apart)
        case "pass_through_rate_matured":
            matured = group.table(f"matured_{transition.tag}")
            return replace(
                rate_figure(matured.of_kind(REACHED), matured.of_kind(REACHED, OPEN)), horizon=transition.horizon_days
            )
        case "pass_through_rate_resolved":
            return rate_figure(so_far.of_kind(REACHED), so_far.of_kind(*CAUSES))
        case "pass_through_rate_snapshot":
            return rate_figure(so_far.of_kind(REACHED), so_far.of_kind(*CAUSES, OPEN))
        case "pass_through_rate_activity":
            return _activity(group, transition)
        case _:
            return _estimate(question, group, f"cohort_{transition.tag}", transition, {})


def _activity(group: Group, transition: Transition) -> Figure:
    """A ratio of arrivals: can exceed 1, so it has no interval."""
    arrived, entered = (group.table(f"activity_{part}_{transition.tag}").of_kind(0) for part in ("b", "a"))
    if entered == 0:
        return Figure(None, 0, Reason.NO_DATA, numerator=arrived, denominator=0)
    return Figure(arrived / entered, entered, resolved=entered, numerator=arrived, denominator=entered)


def _estimate(question: Question, group: Group, tag: str, transition: Transition, apart: Mapping[str, int]) -> Figure:
    table, horizon = group.table(tag), transition.horizon_days * TENTHS
    exits = exits_of(table, CAUSES, (OPEN,))
    if exits.subjects == 0:
        return Figure(None, 0, Reason.NO_DATA, events=0, horizon=transition.horizon_days, extra=apart)
    estimate = incidence(exits, raw=question.raw)
    if estimate.end is None:
        return Figure(
            None, exits.subjects, Reason.TOO_FEW, events=0, horizon=transition.horizon_days, extra=apart, resolved=0
        )
    low, high = estimate.interval(0, horizon) or (None, None)
    reached, resolved = table.of_kind(REACHED), exits.resolved
    extra: dict[str, float | int | None] = {
        "so_far": reached / exits.subjects,
        "resolved_only": reached / resolved if resolved else None,
        **{f"by_{name}": estimate.at(CAUSES.index(cause), horizon) for cause, name in _CAUSE_NAMES.items()},
        "still_there": estimate.remaining(horizon),
        "open": table.of_kind(OPEN),
        **apart,
    }
    return Figure(
        estimate.at(0, horizon),
        exits.subjects,
        events=reached,
        resolved=resolved,
        numerator=reached,
        denominator=exits.subjects,
        low=low,
        high=high,
        naive=reached / resolved if resolved else None,
        horizon=transition.horizon_days,
        note=_covers(estimate, horizon),
        extra=extra,
    )


def _covers(estimate: Incidence, horizon: int) -> str | None:
    """How far the estimate reaches, when somebody is still on the way at its end and that is before the horizon."""
    end = estimate.end or 0
    return None if end >= horizon or estimate.remaining(end) <= SLACK else f"by day {end // TENTHS}"


_NEEDS: Mapping[str, str] = {}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
