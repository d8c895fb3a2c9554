"""Figures by recruiter under a model of attribution: whoever held the requisition takes the recruiter's place.

``primary``: who held it at the acceptance. ``split``: everybody, by the share of un-held time. ``handover``: a hire is
the last owner's, and a seat is at risk for each owner only while it was theirs, entering at its age on the day they
took over and censored when they handed it on. A requisition without recorded owners is its recruiter's throughout.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.errors import InvalidInputError
from services.domain.metric import Attribution, Metric
from services.metrics.attribution import PARTS
from services.metrics.credits import plan_hires, plan_time_to_hire
from services.metrics.figures import TENTHS, Family, Figure, curve_figure, median_figure
from services.metrics.owned_seats import SEATS_BY_OWNER, plan_time_to_fill
from services.metrics.plan import Group, Plan
from services.metrics.question import Question
from services.metrics.time_to_fill import CANCELLED, EVERGREEN, FILLED, OPEN
from services.metrics.time_to_hire import NEGATIVE, VALID

_WHOLE = (Attribution.PRIMARY, Attribution.HANDOVER)
"""A clock cannot be cut into shares: of a median there is no split."""
SUPPORTED: Mapping[str, tuple[Attribution, ...]] = {
    "hires": tuple(Attribution),
    "time_to_fill": _WHOLE,
    "time_to_hire": _WHOLE,
}


def check(metric: Metric, attribution: Attribution) -> None:
    """Raises InvalidInputError where the model says nothing about the metric, naming what it can be asked of."""
    if attribution in SUPPORTED.get(metric.id, ()):
        return
    known = ", ".join(name for name, models in SUPPORTED.items() if attribution in models)
    raise InvalidInputError(f"{metric.id} has no attribution {attribution}. Ask it of: {known}; or leave it out.")


def _plan(plan: Plan, metric: Metric) -> None:
    match metric.id:
        case "hires":
            plan_hires(plan)
        case "time_to_hire":
            plan_time_to_hire(plan)
        case _:
            plan_time_to_fill(plan)


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    match metric.id:
        case "hires":
            return _hires(group)
        case "time_to_hire":
            table = group.table(metric.id)
            return median_figure(table, (VALID,), TENTHS, {"negative": table.of_kind(NEGATIVE)})
        case _:
            table = group.table(SEATS_BY_OWNER)
            counted = {"cancelled": table.of_kind(CANCELLED), "evergreen": table.of_kind(EVERGREEN)}
            ends = (CANCELLED, OPEN)
            return curve_figure(table, events=(FILLED,), censored=ends, scale=TENTHS, raw=question.raw, extra=counted)


def _hires(group: Group) -> Figure:
    """Whole hires, or credits as billionths of one: ``numerator`` of ``denominator``. n = hires with a part of them."""
    parts = group.number("credit")
    whole, rest = divmod(parts, PARTS)
    value = whole if rest == 0 else parts / PARTS
    return Figure(value, group.number("credited"), numerator=parts, denominator=PARTS, exempt=True)


FAMILY = Family((), {}, _plan, _figure)
"""Stands in for the family of a metric when a question names an attribution."""
