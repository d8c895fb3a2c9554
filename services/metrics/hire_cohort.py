"""Time to hire as a cohort sees it: of those who applied in the period and will be hired, half are by then.

The plain median looks back from the hires of a period; this looks forward from its applications. Ways out compete, so
it is the time at which the incidence of being hired has come half the way to where it is at the horizon. Kaplan-Meier
with rejections censored would ask how long it takes if nobody were ever rejected.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.pipeline import Stage
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.estimators import SLACK
from services.metrics.figures import TENTHS, Family, Figure, exits_of, incidence
from services.metrics.pass_through import CAUSES, OPEN, REACHED, cohort, has_late_entries
from services.metrics.plan import Group, Plan
from services.metrics.question import Question
from services.metrics.transitions import DISTANT_DAYS, Transition

_WAY = Transition(Stage.APPLIED, Stage.HIRED, DISTANT_DAYS)
TAG = f"cohort_{_WAY.tag}"
HIRED = 0
"""Place of the hires among the causes."""

METRICS = (
    Metric(
        id="time_to_hire_cohort",
        name="Time to hire, by application date",
        unit=Unit.DAYS,
        estimator=Estimator.AALEN_JOHANSEN,
        anchor=Anchor.APPLIED,
        family="hire_cohort",
        grain="application",
        summary="Days by which half of those hired within 120 days of applying were hired, all ways out competing.",
        better=Better.LOWER,
        start="applied",
        stop="offer accepted and not undone before the start",
        clock="elapsed",
        horizon_days=DISTANT_DAYS,
        denominator="applications received in the period; n = applications, events = hires among them",
        censored_by=("as of",),
        exclusions=("prospects without a requisition",),
        formula="first t with F(t) >= F(H) / 2, where F is the cumulative incidence of being hired",
        source="ATS",
        dimensions=(*APPLICATION, *TIME),
        variant_of="time_to_hire",
        extra={
            "hired_by_horizon": "probability to be hired by the horizon, F(H)",
            "open": "still on the way now",
        },
    ),
)


def _plan(plan: Plan, metric: Metric) -> None:
    del metric
    plan.tabulate(TAG, "application", cohort(plan, _WAY), entry=has_late_entries(plan))


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del metric, dims
    table, horizon = group.table(TAG), DISTANT_DAYS * TENTHS
    exits = exits_of(table, CAUSES, (OPEN,))
    hires = table.of_kind(REACHED)
    extra: dict[str, float | int | None] = {"open": table.of_kind(OPEN)}
    if exits.subjects == 0:
        return Figure(None, 0, Reason.NO_DATA, events=0, horizon=DISTANT_DAYS, extra=extra)
    estimate = incidence(exits, raw=question.raw)
    whole = estimate.at(HIRED, horizon)
    if estimate.end is None or whole <= SLACK:
        reason = Reason.TOO_FEW if estimate.end is None else Reason.NOT_REACHED
        return Figure(None, exits.subjects, reason, events=hires, resolved=hires, horizon=DISTANT_DAYS, extra=extra)
    quarter, half, most = (estimate.reaches(HIRED, whole * share) for share in (0.25, 0.5, 0.75))
    is_whole = estimate.end >= horizon or estimate.remaining(estimate.end) <= SLACK
    return Figure(
        _days(half),
        exits.subjects,
        events=hires,
        resolved=hires,
        p25=_days(quarter),
        p75=_days(most),
        horizon=DISTANT_DAYS,
        note=None if is_whole else f"by day {estimate.end // TENTHS}",
        extra={"hired_by_horizon": whole, **extra},
    )


def _days(time: int | None) -> float | None:
    return None if time is None else time / TENTHS


_NEEDS: Mapping[str, str] = {}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
