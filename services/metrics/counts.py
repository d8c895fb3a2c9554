"""Plain counts by their own local date: applications, offers, hires, starts, interviews held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from services.domain.metric import Anchor, Estimator, Metric, Unit
from services.domain.pipeline import InterviewStatus
from services.mart.schema import REQUISITION_DIMENSIONS
from services.mart.schema import fact_application as application
from services.mart.schema import fact_interview as interview
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import Family, Figure, count_figure
from services.metrics.plan import Group, Limits, Plan, Statement
from services.metrics.question import Question

_COUNT = Metric(
    id="",
    name="",
    unit=Unit.COUNT,
    estimator=Estimator.COUNT,
    anchor=Anchor.APPLIED,
    family="counts",
    grain="application",
    summary="",
    dimensions=(*APPLICATION, *TIME),
    exclusions=("prospects without a requisition", "test applications", "merged duplicates"),
)

METRICS = (
    replace(
        _COUNT,
        id="applications",
        name="Applications",
        anchor=Anchor.APPLIED,
        grain="application",
        summary="Applications received: one candidate on one requisition. Applying again later is a new one.",
        start="applied",
    ),
    replace(
        _COUNT,
        id="offers_extended",
        name="Offers extended",
        anchor=Anchor.EXTENDED,
        grain="application",
        summary="Applications that got a first offer; further versions of the same chain are not counted again.",
        start="first version extended",
    ),
    replace(
        _COUNT,
        id="hires",
        name="Hires",
        anchor=Anchor.ACCEPTED,
        grain="application",
        summary="Offers accepted and not undone before the start. A hire is not a start.",
        start="offer accepted",
        source="SHRM/EMA 2002",
    ),
    replace(
        _COUNT,
        id="starts",
        name="Starts",
        anchor=Anchor.STARTED,
        grain="application",
        summary="First days worked, from the HR system.",
        start="first day worked",
        source="HR system",
    ),
    replace(
        _COUNT,
        id="interviews_held",
        name="Interviews held",
        anchor=Anchor.INTERVIEW_END,
        grain="interview",
        summary="Interviews that took place; cancelled ones and candidates who did not come are not among them.",
        start="scheduled end",
    ),
)


def accepted_applications(plan: Plan) -> sa.FromClause:
    """Applications with an acceptance, whenever: one in fifty, so that questions about hires need not read them all."""

    def rows(limits: Limits) -> Statement:
        dates = ("applied_at", "accepted_at", "undone_at", "accepted_on")
        columns = [application.c[name] for name in (*REQUISITION_DIMENSIONS, "source_id", *dates)]
        return sa.select(*columns).where(*limits(application), application.c.accepted_at.is_not(None))

    return plan.prepared("accepted_applications", (), rows, instead=application)


def is_hired(accepted: sa.FromClause, as_of: object) -> list[sa.ColumnElement[bool]]:
    """Accepted by ``as_of`` and not undone by then."""
    undone = accepted.c.undone_at
    return [accepted.c.accepted_at <= as_of, sa.or_(undone.is_(None), undone > as_of)]


def _plan(plan: Plan, metric: Metric) -> None:
    question = plan.question
    as_of, within = question.as_of, question.in_period
    app, held = application.c, interview.c
    match metric.id:
        case "applications":
            # of the snapshot's own time everything in it has happened: the comparison would only cost
            happened = () if question.is_latest else (app.applied_at <= as_of,)
            plan.count(metric.id, application, *within(app.applied_on), *happened, on=app.applied_on)
        case "offers_extended":
            plan.count(metric.id, application, *within(app.extended_on), app.extended_at <= as_of, on=app.extended_on)
        case "hires":
            accepted = accepted_applications(plan)
            on = accepted.c.accepted_on
            plan.count(metric.id, accepted, *within(on), *is_hired(accepted, as_of), on=on)
        case "starts":
            known = app.started_on <= as_of.date()
            plan.count(metric.id, application, *within(app.started_on), known, on=app.started_on)
        case _:
            took_place = (held.status == InterviewStatus.HELD.value, held.ends_at <= as_of)
            plan.count(metric.id, interview, *within(held.ends_on), *took_place, on=held.ends_on)


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    return count_figure(group.number(metric.id))


_NEEDS: Mapping[str, str] = {"offers_extended": "offer_version", "starts": "hire", "interviews_held": "interview"}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
