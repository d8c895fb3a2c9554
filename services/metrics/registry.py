"""Every governed metric, by id, with the family that computes it."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.errors import InvalidInputError
from services.domain.metric import Metric
from services.metrics import (
    adverse_impact,
    attrition,
    checks,
    compensation,
    counts,
    diversity,
    drop_off,
    feedback,
    hire_cohort,
    interview_wait,
    loads,
    offers,
    onboarding,
    pass_through,
    quality,
    record_quality,
    requisitions,
    satisfaction,
    source_comparison,
    time_in_stage,
    time_to_fill,
    time_to_hire,
    time_to_start,
)
from services.metrics.figures import Family

FAMILIES: tuple[Family, ...] = (
    counts.FAMILY,
    requisitions.FAMILY,
    time_to_fill.FAMILY,
    time_to_start.FAMILY,
    time_to_hire.FAMILY,
    hire_cohort.FAMILY,
    time_in_stage.FAMILY,
    pass_through.FAMILY,
    source_comparison.FAMILY,
    drop_off.FAMILY,
    offers.FAMILY,
    interview_wait.FAMILY,
    feedback.FAMILY,
    diversity.FAMILY,
    adverse_impact.FAMILY,
    compensation.FAMILY,
    quality.FAMILY,
    attrition.FAMILY,
    onboarding.FAMILY,
    satisfaction.FAMILY,
    checks.FAMILY,
    loads.FAMILY,
    record_quality.FAMILY,
)
REGISTRY: Mapping[str, Metric] = {metric.id: metric for family in FAMILIES for metric in family.metrics}
_FAMILY_OF = {metric.id: family for family in FAMILIES for metric in family.metrics}


def metric(metric_id: str) -> Metric:
    """Raises InvalidInputError for an unknown id, naming those that exist."""
    found = REGISTRY.get(metric_id)
    if found is None:
        raise InvalidInputError(f"There is no metric {metric_id!r}. Choose from: {', '.join(REGISTRY)}.")
    return found


def family_of(metric_id: str) -> Family:
    """The family of a known metric."""
    return _FAMILY_OF[metric_id]


def is_sensitive(metric_id: str) -> bool:
    """Whether its family answers as a whole; False for an unknown id."""
    family = _FAMILY_OF.get(metric_id)
    return family is not None and family.whole is not None
