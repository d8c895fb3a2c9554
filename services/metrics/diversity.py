"""Who was asked, who answered, and how the groups are represented, stage by stage.

"Declined" is an answer and no group: it is never in the denominator of a share. Where a small group is hidden, the sum
of those who answered would give it away, so it is not shown either; a share is then given between what it can be at
least and at most as far as the shown numbers say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from services.domain.grains import Grain
from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.people import ColumnClass
from services.domain.pipeline import Stage
from services.metrics.estimators import wilson
from services.metrics.figures import Asking, Family, Figure
from services.metrics.question import Question
from services.metrics.released import numbers_of
from services.metrics.self_identification import STAGE_COLUMNS, Dims, Numbers, questions_of, reached
from services.metrics.sensitive import AXES

WIDEST_BOUNDS = 0.10
"""A share that can lie further apart than this has no value."""
SPLITS = (*AXES, Grain.QUARTER.value)
"""Of the grid (``services.metrics.sensitive``); every other would make cells too small."""

DEMOGRAPHIC_COMPLETENESS = Metric(
    id="demographic_completeness",
    name="Self-identification: asked",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.REACHED,
    family="diversity",
    grain="application that reached the stage",
    summary="Share of those who reached the stage that were asked. Answering is voluntary; to decline is an answer.",
    better=Better.HIGHER,
    denominator="reached the stage, in countries where the question is asked",
    column_class=ColumnClass.DIVERSITY,
    dimensions=("question", "canonical_stage", *SPLITS),
    extra={
        "reached": "reached the stage",
        "asked": "were asked",
        "disclosed": "gave an answer other than to decline",
        "declined": "declined to answer",
        "disclosed_of_asked": "disclosed by asked",
        "declined_of_asked": "declined by asked",
        "disclosed_at_least": "disclosed, without groups that are hidden",
    },
)
REPRESENTATION = Metric(
    id="representation",
    name="Representation",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.REACHED,
    family="diversity",
    grain="application that reached the stage",
    summary="Share of a group among those who disclosed. Split by group; declined is never in the denominator.",
    denominator="disclosed",
    exclusions=("declined", "asked without an answer", "not asked"),
    column_class=ColumnClass.DIVERSITY,
    dimensions=("question", "group", "canonical_stage", *SPLITS),
    extra={
        "bound_low": "least the share can be, where a group is hidden",
        "bound_high": "most the share can be, where a group is hidden",
    },
)
METRICS = (DEMOGRAPHIC_COMPLETENESS, REPRESENTATION)


def stages_of(question: Question, default: Stage) -> list[str]:
    """Asked stages in their order; ``default`` when the question names none."""
    chosen = [str(value) for value in question.chosen.get("canonical_stage", ())]
    is_split = any(dimension.id == "canonical_stage" for dimension in question.by)
    return [stage for stage in STAGE_COLUMNS if stage in (chosen or (question.stages if is_split else (default,)))]


def _whole(asking: Asking, metric: Metric) -> Iterator[tuple[Dims, Figure]]:
    question = asking.question
    names = {dimension.id for dimension in question.by}
    default = Stage.OFFER if metric is DEMOGRAPHIC_COMPLETENESS else Stage.HIRED
    is_answered = False
    for name in questions_of(asking):
        for stage in stages_of(question, default):
            for dims, numbers in numbers_of(asking, reached(stage), name):
                labels = {**dims, "question": name, "canonical_stage": stage}
                for more, figure in _figures(question, metric, numbers, name, stage):
                    is_answered = True
                    yield {key: value for key, value in {**labels, **more}.items() if key in names}, figure
    if not is_answered and not question.by:
        yield {}, hidden()


def _figures(
    question: Question, metric: Metric, numbers: Numbers, name: str, stage: str
) -> Iterator[tuple[Mapping[str, str | None], Figure]]:
    if metric is DEMOGRAPHIC_COMPLETENESS:
        yield {}, replace(completeness(numbers), note=f"{name}, {stage}")
        return
    is_split = any(dimension.id == "group" for dimension in question.by)
    chosen = [str(value) for value in question.chosen.get("group", ())]
    if not is_split and len(chosen) != 1:
        yield {}, replace(hidden(numbers.k), note="split it by group, or keep one")
        return
    for category in chosen or sorted(numbers.by_category):
        yield {"group": category}, share(numbers, category)


def hidden(k: int | None = 1) -> Figure:
    """Empty and suppressed look alike; only raw figures say that there is nothing."""
    return Figure(None, 0, Reason.HIDDEN if k is not None else Reason.NO_DATA)


def completeness(numbers: Numbers) -> Figure:
    """Asked by reached; what was answered only as far as no hidden group follows from it."""
    if not numbers.reached or numbers.reached < (numbers.k or 0):
        return hidden(numbers.k)
    low, high = wilson(numbers.asked, numbers.reached) or (None, None)
    extra: dict[str, float | int | None] = {"reached": numbers.reached, "asked": numbers.asked}
    if not numbers.hidden:
        extra |= {"disclosed": numbers.disclosed, "declined": numbers.declined}
        if numbers.asked:
            extra["disclosed_of_asked"] = numbers.disclosed / numbers.asked
            extra["declined_of_asked"] = numbers.declined / numbers.asked
    else:
        extra["disclosed_at_least"] = numbers.disclosed
    return Figure(
        numbers.asked / numbers.reached,
        numbers.reached,
        numerator=numbers.asked,
        denominator=numbers.reached,
        low=low,
        high=high,
        extra=extra,
    )


def share(numbers: Numbers, category: str) -> Figure:
    """A group's share of the disclosed: exact, or between bounds where other groups are hidden."""
    members = numbers.by_category.get(category, {"": 0 if numbers.k is None else None})[""]
    if members is None or not numbers.disclosed:
        return hidden(numbers.k)
    if not numbers.hidden:
        low, high = wilson(members, numbers.disclosed) or (None, None)
        value = members / numbers.disclosed
        return Figure(value, numbers.disclosed, numerator=members, denominator=numbers.disclosed, low=low, high=high)
    least, most = members / numbers.disclosed_at_most, members / numbers.disclosed
    extra: dict[str, float | int | None] = {"bound_low": least, "bound_high": most}
    is_wide = most - least > WIDEST_BOUNDS
    return Figure(
        None if is_wide else (least + most) / 2,
        numbers.disclosed,
        Reason.HIDDEN if is_wide else None,
        numerator=members,
        note=f"between {least:.0%} and {most:.0%}: a group is hidden",
        extra=extra,
    )


_NEEDS: Mapping[str, str] = {metric.id: "demographic" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, whole=_whole)
