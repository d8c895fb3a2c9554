"""What hiring managers and candidates answer. n is distinct respondents: ten answers of one manager are one voice.

Silence is shown beside every score. A candidate's answer depends on the outcome more than on anything else, and the
hired answer most: the overall figure is weighted back to the mix of those asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Reason, Unit
from services.domain.pipeline import Outcome, SurveyKind
from services.mart.schema import fact_survey_answer as survey
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.estimators import Z95, Counts, Floats
from services.metrics.figures import Family, Figure
from services.metrics.plan import CountTable, Group, Plan
from services.metrics.question import Question
from services.metrics.scores import DETRACTOR_TO, PROMOTER_FROM

RESPONDENTS_SHOWN = 5
RESPONSE_ENOUGH = 0.5
SILENT, INVALID = 0, -2
SCORE_GRID = 100
TOP_BOXES = 4
OUTCOMES = {"hired": Outcome.HIRED, "rejected": Outcome.REJECTED, "withdrawn": Outcome.WITHDRAWN}
OTHER = "other"
GROUPS = (*OUTCOMES, OTHER)
DETRACTOR, PASSIVE, PROMOTER, OUTSIDE = 1, 2, 3, 9
_STEP = 10

MANAGER_SATISFACTION = Metric(
    id="hiring_manager_satisfaction",
    name="Hiring-manager satisfaction",
    unit=Unit.SCORE,
    estimator=Estimator.PLAIN_MEAN,
    anchor=Anchor.ACCEPTED,
    family="satisfaction",
    grain="answer, the last one per hire",
    summary="Mean of hiring managers' answers about their hires, 1 to 5.",
    better=Better.HIGHER,
    start="survey delivered",
    stop="answered",
    denominator="answers about hires of the period; n = distinct managers, shown from 5",
    exclusions=("surveys that belong to no hire", "acceptances undone", "scores outside 1-5 (counted)"),
    source="survey",
    dimensions=(*APPLICATION, *TIME),
    extra={
        "answers": "hires with an answer",
        "delivered": "hires asked about",
        "invalid": "answers outside 1-5",
        "response_rate": "answered of asked",
        "top_two_box": "share of answers of 4 or 5",
    },
)
CANDIDATE_NPS = Metric(
    id="candidate_nps",
    name="Candidate net promoter score",
    unit=Unit.SCORE,
    estimator=Estimator.PLAIN_MEAN,
    anchor=Anchor.DECIDED,
    family="satisfaction",
    grain="answer",
    summary="Promoters (9-10) less detractors (0-6) among candidates, weighted to the outcomes of those asked.",
    better=Better.HIGHER,
    start="survey delivered",
    stop="answered",
    formula="sum over outcomes of share asked x score; margin 196 sqrt((p + d - (p - d)^2) / n) per outcome",
    denominator="answers of candidates whose decision fell into the period; n = distinct candidates, shown from 5",
    exclusions=("candidates still in the process", "scores outside 0-10 (counted)"),
    source="survey",
    dimensions=(*APPLICATION, *TIME),
    extra={
        "answers": "answers",
        "delivered": "surveys delivered",
        "invalid": "answers outside 0-10",
        "promoters": "answers of 9 or 10",
        "detractors": "answers of 0 to 6",
        "response_rate": "answered of delivered",
        "margin": "half the width of the 95 % interval",
        **{f"score_{name}": f"score of the {name}, from 5 respondents" for name in GROUPS},
        **{f"margin_{name}": f"its margin, {name}" for name in GROUPS},
        **{f"response_rate_{name}": f"answered of delivered, {name}" for name in GROUPS},
        **{f"answers_{name}": f"answers, {name}" for name in GROUPS},
    },
)
METRICS = (MANAGER_SATISFACTION, CANDIDATE_NPS)


def _plan(plan: Plan, metric: Metric) -> None:
    rows = _managers(plan) if metric.id == "hiring_manager_satisfaction" else _candidates(plan)
    plan.tabulate(metric.id, "survey", rows)


def _delivered(question: Question, kind: SurveyKind) -> list[sa.ColumnElement[bool]]:
    return [survey.c.kind == kind.value, survey.c.delivered_at <= question.as_of]


def _is_answered(question: Question) -> sa.ColumnElement[bool]:
    answered = sa.and_(survey.c.answered_at <= question.as_of, survey.c.score.is_not(None))
    return sa.func.coalesce(answered, sa.false())


def _managers(plan: Plan) -> sa.Subquery:
    """One row a hire asked about: its last answer, or silence."""
    question, columns = plan.question, survey.c
    is_answered = _is_answered(question)
    order = (
        sa.case((is_answered, 1), else_=0).desc(),
        columns.answered_at.desc().nulls_last(),
        columns.answer_id.desc(),
    )
    score = sa.cast(sa.func.round(columns.score * SCORE_GRID), sa.Integer)
    kind = sa.case((sa.not_(is_answered), SILENT), (columns.score.between(1, 5), score), else_=INVALID)
    ranked = (
        sa.select(
            *plan.group_columns(survey, on=columns.hired_on),
            columns.respondent.label("t"),
            kind.label("kind"),
            sa.func.row_number().over(partition_by=columns.application_id, order_by=order).label("back"),
        )
        .where(*question.conditions(survey), *question.in_period(columns.hired_on))
        .where(*_delivered(question, SurveyKind.HIRING_MANAGER_SATISFACTION), columns.application_id.is_not(None))
        .where(sa.or_(columns.undone_at.is_(None), columns.undone_at > question.as_of))
        .subquery("manager_survey_in_order")
    )
    return sa.select(ranked).where(ranked.c.back == 1).subquery("manager_survey")


def _candidates(plan: Plan) -> sa.Subquery:
    question, columns = plan.question, survey.c
    verdict = sa.case(
        (sa.not_(_is_answered(question)), 0),
        (sa.not_(columns.score.between(0, 10)), OUTSIDE),
        (columns.score >= PROMOTER_FROM, PROMOTER),
        (columns.score <= DETRACTOR_TO, DETRACTOR),
        else_=PASSIVE,
    )
    undone = sa.func.coalesce(columns.undone_at <= question.as_of, sa.false())
    is_hired = sa.and_(columns.outcome == Outcome.HIRED.value, sa.not_(undone))
    outcome = sa.case(
        (is_hired, 0),
        (columns.outcome == Outcome.REJECTED.value, _STEP),
        (columns.outcome == Outcome.WITHDRAWN.value, 2 * _STEP),
        else_=3 * _STEP,
    )
    return (
        sa.select(
            *plan.group_columns(survey, on=columns.decided_on),
            columns.respondent.label("t"),
            (outcome + verdict).label("kind"),
        )
        .where(*question.conditions(survey), *question.in_period(columns.decided_on))
        .where(*_delivered(question, SurveyKind.CANDIDATE_EXPERIENCE), columns.decided_at <= question.as_of)
        .subquery("candidate_survey")
    )


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del dims
    table = group.table(metric.id)
    if metric.id == "hiring_manager_satisfaction":
        return _manager_figure(table)
    return _candidate_figure(table, raw=question.raw)


def _manager_figure(table: CountTable) -> Figure:
    respondent, kind, count = table.columns
    has = kind > SILENT
    answers, delivered = int(count[has].sum()), int(count.sum())
    extra: dict[str, float | int | None] = {
        "answers": answers,
        "delivered": delivered,
        "invalid": table.of_kind(INVALID),
    }
    if answers == 0:
        return Figure(None, 0, Reason.NO_DATA, extra=extra)
    scores, voices = np.repeat(kind[has], count[has]) / SCORE_GRID, np.repeat(respondent[has], count[has])
    managers = len(np.unique(voices))
    response = answers / delivered
    low, high = _clustered_interval(scores, voices)
    extra |= {"response_rate": response, "top_two_box": float(np.mean(scores >= TOP_BOXES))}
    return Figure(
        float(np.mean(scores)),
        managers,
        resolved=managers,
        numerator=answers,
        denominator=delivered,
        low=low,
        high=high,
        note=_representation(response),
        extra=extra,
        shown_from=RESPONDENTS_SHOWN,
    )


def _representation(response: float) -> str | None:
    return "may not represent" if response < RESPONSE_ENOUGH else None


def _clustered_interval(scores: Floats, voices: Counts) -> tuple[float | None, float | None]:
    """Of the mean, with answers of one respondent taken as one cluster; None with a single respondent."""
    _, cluster = np.unique(voices, return_inverse=True)
    clusters = int(cluster.max()) + 1
    if clusters == 1:
        return None, None
    mean = float(np.mean(scores))
    sums = np.bincount(cluster, weights=scores - mean)
    spread = Z95 * float(np.sqrt(clusters / (clusters - 1) * (sums**2).sum())) / len(scores)
    return mean - spread, mean + spread


def _candidate_figure(table: CountTable, *, raw: bool) -> Figure:
    respondent, kind, count = table.columns
    verdict, outcome = kind % _STEP, kind // _STEP
    is_answer = (verdict >= DETRACTOR) & (verdict <= PROMOTER)
    answers, delivered = int(count[is_answer].sum()), int(count.sum())
    extra: dict[str, float | int | None] = {
        "answers": answers,
        "delivered": delivered,
        "invalid": int(count[verdict == OUTSIDE].sum()),
        "promoters": int(count[verdict == PROMOTER].sum()),
        "detractors": int(count[verdict == DETRACTOR].sum()),
    }
    if answers == 0:
        return Figure(None, 0, Reason.NO_DATA, extra=extra)
    respondents = len(np.unique(respondent[is_answer]))
    parts = [_outcome_part(respondent, verdict, np.where(outcome == index, count, 0)) for index in range(len(GROUPS))]
    for name, part in zip(GROUPS, parts, strict=True):
        extra |= part.shown(name, raw=raw)
    heard = [part for part in parts if part.answers]
    asked = sum(part.delivered for part in heard)
    score = sum(part.delivered / asked * part.score for part in heard)
    margin = 100 * Z95 * sum((part.delivered / asked) ** 2 * part.variance for part in heard) ** 0.5
    response = answers / delivered
    extra |= {"response_rate": response, "margin": margin}
    unheard = [name for name, part in zip(GROUPS, parts, strict=True) if part.delivered and not part.answers]
    notes = [_representation(response), f"no answer from the {', '.join(unheard)}" if unheard else None]
    return Figure(
        100 * score,
        respondents,
        resolved=respondents,
        numerator=answers,
        denominator=delivered,
        low=max(-100.0, 100 * score - margin),
        high=min(100.0, 100 * score + margin),
        naive=100 * (int(extra["promoters"] or 0) - int(extra["detractors"] or 0)) / answers,
        note="; ".join(note for note in notes if note) or None,
        extra=extra,
        shown_from=RESPONDENTS_SHOWN,
    )


@dataclass(frozen=True)
class _Part:
    """Answers of one outcome; ``variance`` is that of the score on -1 to 1."""

    delivered: int
    answers: int
    respondents: int
    score: float
    variance: float

    def shown(self, name: str, *, raw: bool) -> dict[str, float | int | None]:
        """A score of fewer than 5 respondents stays hidden, also where the whole has more."""
        found: dict[str, float | int | None] = {f"answers_{name}": self.answers}
        if self.delivered:
            found[f"response_rate_{name}"] = self.answers / self.delivered
        if self.answers and (raw or self.respondents >= RESPONDENTS_SHOWN):
            found[f"score_{name}"] = 100 * self.score
            found[f"margin_{name}"] = 100 * Z95 * self.variance**0.5
        return found


def _outcome_part(respondent: Counts, verdict: Counts, count: Counts) -> _Part:
    is_answer = (verdict >= DETRACTOR) & (verdict <= PROMOTER) & (count > 0)
    n = int(count[is_answer].sum())
    if n == 0:
        return _Part(int(count.sum()), 0, 0, 0.0, 0.0)
    promoters, detractors = int(count[verdict == PROMOTER].sum()), int(count[verdict == DETRACTOR].sum())
    score = (promoters - detractors) / n
    variance = max(0.0, (promoters + detractors) / n - score**2) / n
    return _Part(int(count.sum()), n, len(np.unique(respondent[is_answer])), score, variance)


_NEEDS: Mapping[str, str] = {metric.id: "survey_answer" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
