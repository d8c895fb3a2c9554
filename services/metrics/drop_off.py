"""Drop-off: where candidates decide against us.

One application counts once a stage, by its last visit. The numerator is the candidate's decision as the reason says
it, whatever the status in the source: a "rejected" because the candidate did not come is a drop-off. Company rejections
stay in the denominator; leaving them out would turn 4 of 10 into 4 of 7.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.pipeline import Outcome, ReasonKind
from services.mart.schema import fact_stage_visit as visit
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import Family, Figure, rate_figure
from services.metrics.plan import Group, Plan
from services.metrics.question import Question

ADVANCED, REJECTED, DROPPED, UNKNOWN, POSITION_FILLED, TRANSFERRED, RETURNED = range(7)

DROP_OFF_RATE = Metric(
    id="drop_off_rate",
    name="Drop-off",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.LEFT,
    family="drop_off",
    grain="application and stage, last visit",
    summary="Share of those who left a stage that left by their own decision.",
    better=Better.LOWER,
    stop="left the stage",
    denominator="advanced + rejected + dropped; company rejections stay in it",
    exclusions=(
        "still in the stage",
        "transferred",
        "position filled",
        "moved back",
        "ended without a known reason (counted, with bounds)",
        "moves undone within 60 seconds",
    ),
    dimensions=(*APPLICATION, "stage", "canonical_stage", *TIME),
    extra={
        "advanced": "moved on",
        "rejected": "company decision",
        "dropped": "candidate's decision: withdrawn, did not come, unresponsive",
        "unknown": "ended without a known reason",
        "position_filled": "left because the position was filled",
        "transferred": "moved to another requisition",
        "returned": "moved back to an earlier stage",
        "bound_low": "rate if no unknown one had dropped out",
        "bound_high": "rate if every unknown one had dropped out",
    },
)
METRICS = (DROP_OFF_RATE,)
_CANDIDATE = (ReasonKind.CANDIDATE.value, ReasonKind.NO_SHOW.value, ReasonKind.UNRESPONSIVE.value)


def _plan(plan: Plan, metric: Metric) -> None:
    question, columns = plan.question, visit.c
    rows = sa.select(
        *plan.group_columns(visit, on=columns.exited_on),
        sa.literal_column("0").label("t"),
        _kind().label("kind"),
    ).where(
        *question.conditions(visit),
        *question.in_period(columns.exited_on),
        columns.exited_at <= question.as_of,
        _is_last(question),
    )
    plan.tabulate(metric.id, "visit", rows.subquery("visits_left"))


def _is_last(question: Question) -> sa.ColumnElement[bool]:
    """The last visit of its stage that is known at as-of. Repeated visits are few, so only they are compared."""
    is_last: sa.ColumnElement[bool] = visit.c.is_last_of_stage
    if question.is_latest:
        return is_last
    earlier, later = visit.alias("earlier"), visit.alias("later")
    overtaken = (
        sa.select(earlier.c.visit_id)
        .join(
            later,
            sa.and_(
                later.c.application_id == earlier.c.application_id,
                later.c.stage == earlier.c.stage,
                later.c.entered_at > earlier.c.entered_at,
            ),
        )
        .where(sa.not_(earlier.c.is_last_of_stage), later.c.entered_at <= question.as_of)
    )
    return sa.or_(is_last, visit.c.visit_id.not_in(overtaken))


def _kind() -> sa.ColumnElement[int]:
    exit_kind, reason = visit.c.exit_kind, visit.c.reason_kind
    return sa.case(
        (exit_kind.in_(("advanced", Outcome.HIRED.value)), ADVANCED),
        (exit_kind == "returned", RETURNED),
        (exit_kind == Outcome.TRANSFERRED.value, TRANSFERRED),
        (exit_kind == Outcome.WITHDRAWN.value, DROPPED),
        (reason.in_(_CANDIDATE), DROPPED),
        (exit_kind == Outcome.POSITION_FILLED.value, POSITION_FILLED),
        (reason == ReasonKind.POSITION_FILLED.value, POSITION_FILLED),
        (reason == ReasonKind.TRANSFER.value, TRANSFERRED),
        (exit_kind == Outcome.REJECTED.value, REJECTED),
        (reason == ReasonKind.COMPANY.value, REJECTED),
        else_=UNKNOWN,
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    table = group.table(metric.id)
    dropped, unknown = table.of_kind(DROPPED), table.of_kind(UNKNOWN)
    resolved = table.of_kind(ADVANCED, REJECTED, DROPPED)
    extra: dict[str, float | int | None] = {
        "advanced": table.of_kind(ADVANCED),
        "rejected": table.of_kind(REJECTED),
        "dropped": dropped,
        "unknown": unknown,
        "position_filled": table.of_kind(POSITION_FILLED),
        "transferred": table.of_kind(TRANSFERRED),
        "returned": table.of_kind(RETURNED),
    }
    if resolved and unknown:
        extra["bound_low"] = dropped / (resolved + unknown)
        extra["bound_high"] = (dropped + unknown) / (resolved + unknown)
    return rate_figure(dropped, resolved, extra)


_NEEDS: Mapping[str, str] = {"drop_off_rate": "stage_visit"}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
