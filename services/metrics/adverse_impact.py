"""Adverse impact after the uniform guidelines (29 CFR 1607): how often each group is selected, against the highest.

Considered are people the company decided about: selected or rejected. Whoever withdrew, was transferred or was left
when the position was filled is out. A ratio alone decides nothing: the verdict needs a test, and where groups are
tiny it says that the evidence is insufficient. Over several requisitions it follows from the comparison within them
(Mantel-Haenszel). No disparity is called discrimination.

Example: 2 of 20 against 4 of 20 is a ratio of 0.50, p 0.66 and, with one selection moved, a ratio of 1.00.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise

import sqlalchemy as sa

from services.domain.metric import Anchor, Estimator, Metric, Reason, Unit
from services.domain.people import ColumnClass
from services.domain.pipeline import Outcome, ReasonKind
from services.mart.schema import fact_application as application
from services.mart.schema import fact_stage_visit as visit
from services.metrics.association import Fourfold, fisher_exact, two_proportion_z
from services.metrics.diversity import SPLITS, hidden
from services.metrics.figures import Asking, Family, Figure
from services.metrics.question import Question
from services.metrics.released import released
from services.metrics.selection_rates import Pool, Selection, bounds, moved_ratio, verdict, within_requisitions
from services.metrics.self_identification import (
    Dims,
    Numbers,
    Source,
    Tally,
    exact_tallies,
    numbers_of_tally,
    questions_of,
    reached,
)

SELECTED, REJECTED = "selected", "rejected"
DISCLOSED_FROM = 0.8
SHOWN_DIGITS = 2
"""Of what is made from the numbers of single requisitions, which may be below k."""
OVERALL = "applied to hired"

ADVERSE_IMPACT_RATIO = Metric(
    id="adverse_impact_ratio",
    name="Adverse impact",
    unit=Unit.RATIO,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.DECIDED,
    family="adverse_impact",
    grain="person and requisition",
    summary="A group's selection rate by the rate of the reference group. A ratio alone decides nothing.",
    start="applied, or entered the stage",
    stop="the company's decision",
    denominator="considered: selected or rejected by the company",
    exclusions=(
        "withdrawn, transferred, left when the position was filled",
        "not disclosed: a rate of its own; below 80 % disclosed the verdict is withheld",
        "groups under 2 % of the disclosed are listed, not compared",
    ),
    source="29 CFR 1607.4",
    column_class=ColumnClass.DIVERSITY,
    dimensions=("question", "group", "transition", *SPLITS),
    extra={
        "considered": "considered by the company",
        "selected": "selected",
        "rate": "selection rate",
        "fisher_p": "two-sided exact test against the reference",
        "z": "two-proportion z, pooled, without continuity correction",
        "shortfall": "n x pooled rate of both groups - selected",
        "moved": "ratio after one selection moved from the reference to the group",
        "mh_ratio": "ratio of the rates within requisitions, Mantel-Haenszel",
        "mh_p": "p of the comparison within requisitions (Cochran, Mantel, Haenszel)",
        "strata": "requisitions with both groups",
        "all_considered": "considered, with those who did not disclose",
        "asked": "asked among the considered",
        "asked_rate": "asked by considered",
        "declined": "declined among the considered",
        "disclosed": "disclosed among the considered",
        "disclosure_rate": "disclosed by considered",
        "worst": "ratio if those who did not disclose were as bad for the group as can be",
        "best": "ratio if they were as good for it as can be",
    },
)
METRICS = (ADVERSE_IMPACT_RATIO,)


# --- what is asked -------------------------------------------------------------------------------------------------


def _decisions(transition: str) -> Source:
    """Everybody the company decided about on the whole way, or when they last left a stage."""
    start = transition.partition(" to ")[0]
    if transition == OVERALL:
        columns = application.c
        is_selected = sa.and_(columns.accepted_at.is_not(None), columns.undone_at.is_(None))
        is_rejected = sa.and_(columns.accepted_at.is_(None), columns.outcome == Outcome.REJECTED.value)
        on: sa.ColumnElement[date] = sa.case((is_selected, columns.accepted_on), else_=columns.ended_on)
        table: sa.FromClause = application
        reason = columns.reason_kind
        limits = []
    else:
        left = visit.c
        is_selected = left.exit_kind.in_(("advanced", Outcome.HIRED.value))
        is_rejected = left.exit_kind == Outcome.REJECTED.value
        on, table, reason = left.exited_on, visit, left.reason_kind
        limits = [left.stage == start, left.is_last_of_stage]
    by_company = sa.or_(reason.is_(None), reason == ReasonKind.COMPANY.value)
    part = sa.case((is_selected, SELECTED), else_=REJECTED)
    conditions = [*limits, sa.or_(is_selected, sa.and_(is_rejected, by_company))]
    return Source(transition, table, on, part, conditions, table.c.requisition_id)


def _asked_transitions(question: Question) -> list[str]:
    chosen = [str(value) for value in question.chosen.get("transition", ())]
    if chosen or not any(dimension.id == "transition" for dimension in question.by):
        return chosen or [OVERALL]
    stages = question.stages
    return [OVERALL, *(f"{start} to {stop}" for start, stop in pairwise(stages))]


def _whole(asking: Asking, metric: Metric) -> Iterator[tuple[Dims, Figure]]:
    del metric
    names = {dimension.id for dimension in asking.question.by}
    is_answered = False
    for name in questions_of(asking):
        for transition in _asked_transitions(asking.question):
            for dims, numbers, strata in _numbers(asking, name, transition):
                labels = {**dims, "question": name, "transition": transition}
                for group, figure in _figures(asking.question, numbers, strata):
                    is_answered = True
                    found = {**labels, "group": group}
                    yield {key: value for key, value in found.items() if key in names}, figure
    if not is_answered and not asking.question.by:
        yield {}, hidden(asking.k)


Strata = Mapping[str, Mapping[int, Selection]]
"""Per group and requisition."""


def _numbers(asking: Asking, name: str, transition: str) -> Iterator[tuple[Dims, Numbers, Strata]]:
    source = _decisions(transition)
    if asking.k is None:
        for dims, tally in exact_tallies(asking, source, name):
            yield dims, numbers_of_tally(tally), _strata(tally)
        return
    # who was selected are those that reached the next stage: shown here only where they are shown there
    next_stage = reached(transition.rpartition(" to ")[2])
    shown = released(asking, source, name, released(asking, next_stage, name), SELECTED)
    for slice_ in shown.slices(asking):
        yield slice_.dims, shown.of(slice_), _strata(shown.tally(slice_))


def _strata(tally: Tally) -> Strata:
    found: dict[str, dict[int, Selection]] = {}
    for (_, category, part, requisition), number in tally.items():
        if category is not None:
            before = found.setdefault(category, {}).get(requisition, Selection(0, 0))
            selected = number if part == SELECTED else 0
            found[category][requisition] = Selection(before.considered + number, before.selected + selected)
    return found


def pool_of(numbers: Numbers) -> Pool:
    """Groups whose considered and selected are both shown. Nobody considered = no group."""
    groups = {}
    for name, parts in numbers.by_category.items():
        considered = parts[""]
        selected = parts.get(SELECTED, 0 if numbers.k is None else None)
        if considered is not None and selected is not None and considered:
            groups[name] = Selection(considered, selected)
    return Pool(
        groups,
        len(numbers.by_category) - len(groups),
        numbers.reached,
        numbers.reached_by_part.get(SELECTED, 0),
        sum(group.considered for group in groups.values()),
        numbers.asked,
        numbers.declined,
    )


def _figures(question: Question, numbers: Numbers, strata: Strata) -> Iterator[tuple[str | None, Figure]]:
    pool = pool_of(numbers)
    chosen = [str(value) for value in question.chosen.get("group", ())]
    is_split = any(dimension.id == "group" for dimension in question.by)
    wanted = chosen or sorted(numbers.by_category)
    figures = {name: _figure_of(pool, name, numbers.k, strata) for name in wanted}
    if is_split:
        yield from figures.items()
        return
    compared = [figure for figure in figures.values() if figure.value is not None and figure.events is not None]
    lowest = min(compared, key=lambda figure: figure.value or 0.0, default=None)
    yield None, lowest if lowest is not None else hidden(numbers.k)


def _figure_of(pool: Pool, name: str, k: int | None, strata: Strata) -> Figure:
    """One group against the reference; ``events`` only of a comparison."""
    group, best = pool.groups.get(name), pool.reference()
    if group is None:
        return hidden(k)
    extra: dict[str, float | int | None] = {"considered": group.considered, "selected": group.selected}
    figure = Figure(None, group.considered, Reason.NO_COMPARISON if k is None else Reason.HIDDEN)
    figure = replace(figure, numerator=group.selected, denominator=group.considered)
    extra |= {"rate": group.rate, **_disclosure(pool)}
    if not pool.is_compared(name):
        return replace(figure, note="under 2 % of the disclosed: listed, not compared", extra=extra)
    if best is None:
        return replace(figure, note="no group is large enough to be the reference", extra=extra)
    highest = pool.highest()
    words = f"reference {best}" + (f"; highest of all {highest}" if highest not in {None, best} else "")
    reference = pool.groups[best]
    ratio = group.rate / reference.rate
    if name == best:
        note = words.replace(f"reference {best}", "the reference")
        return replace(figure, value=ratio, reason=None, note=note, extra=extra)
    table = Fourfold(group.selected, group.considered, reference.selected, reference.considered)
    p = fisher_exact(table)
    pooled = table.all_successes / table.total
    extra |= {
        "fisher_p": p,
        "z": two_proportion_z(table),
        "shortfall": group.considered * pooled - group.selected,
        "moved": moved_ratio(group, reference),
    }
    within = within_requisitions(strata.get(name, {}), strata.get(best, {}))
    decisive_ratio, decisive_p = ratio, p
    if within is not None:
        decisive_ratio = ratio if within.ratio is None else within.ratio
        decisive_p = p if within.p is None else within.p
        extra |= {"mh_ratio": _shown(within.ratio, k), "mh_p": _shown(within.p, k), "strata": within.strata}
    said = verdict(table, decisive_ratio, decisive_p)
    if pool.disclosure_rate < DISCLOSED_FROM:
        said = "withheld: under 80 % disclosed"
        selected = sum(other.selected for other in pool.groups.values())
        unknown = Selection(pool.considered - pool.disclosed, pool.selected - selected)
        extra["worst"], extra["best"] = bounds(group, reference, unknown)
    return replace(figure, value=ratio, reason=None, events=group.selected, note=f"{said}; {words}", extra=extra)


def _shown(value: float | None, k: int | None) -> float | None:
    return value if value is None or k is None else round(value, SHOWN_DIGITS)


def _disclosure(pool: Pool) -> dict[str, float | int | None]:
    """Where a group is hidden, those who disclosed together would give it away."""
    found: dict[str, float | int | None] = {"all_considered": pool.considered, "asked": pool.asked}
    if pool.considered:
        found["asked_rate"] = pool.asked / pool.considered
    if pool.hidden:
        return found
    return {
        **found,
        "declined": pool.declined,
        "disclosed": pool.disclosed,
        "disclosure_rate": pool.disclosure_rate,
    }


_NEEDS: Mapping[str, str] = {metric.id: "demographic" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, whole=_whole)
