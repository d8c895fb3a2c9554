"""Offers: acceptance, and what undoes a yes. One application's offers and versions are one chain.

The first version's date puts the chain into its period; the last version's answer counts. A yes stays a yes: a later
renege or rescission has a rate of its own and never rewrites the acceptance rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from services.domain.metric import Anchor, Better, Estimator, Metric, Unit
from services.domain.pipeline import OfferAnswer, UndoneBy
from services.mart.schema import REQUISITION_DIMENSIONS
from services.mart.schema import fact_offer_version as version
from services.metrics.dimensions import APPLICATION, TIME
from services.metrics.figures import Family, Figure, rate_figure
from services.metrics.plan import Group, Limits, Plan, Statement
from services.metrics.question import Question

PROVISIONAL_SHARE = 0.10
"""More pending chains than this share of all, and the rate is provisional."""

OFFER_ACCEPTANCE_RATE = Metric(
    id="offer_acceptance_rate",
    name="Offer acceptance",
    unit=Unit.RATE,
    estimator=Estimator.PLAIN_RATE,
    anchor=Anchor.EXTENDED,
    family="offers",
    grain="application, all its offers one chain",
    summary="Share of answered offers that were accepted.",
    better=Better.HIGHER,
    start="first version extended",
    stop="last answer",
    denominator="accepted + declined + expired + withdrawn by the candidate",
    exclusions=("rescinded before an answer (counted)", "pending (counted)"),
    dimensions=(*APPLICATION, *TIME),
    extra={
        "accepted": "chains accepted",
        "declined": "chains declined",
        "expired": "chains that ran out",
        "candidate_withdrew": "candidates who withdrew",
        "pending": "no answer yet",
        "rescinded": "taken back by the company before an answer",
        "reneged": "accepted, then undone by the candidate",
        "rescinded_after": "accepted, then undone by the company",
        "no_show": "accepted, then did not start",
    },
)


def _undone(id_: str, name: str, summary: str) -> Metric:
    return replace(
        OFFER_ACCEPTANCE_RATE,
        id=id_,
        name=name,
        summary=summary,
        better=Better.LOWER,
        stop="acceptance undone before the start",
        denominator="accepted chains",
        exclusions=(),
        extra={},
    )


METRICS = (
    OFFER_ACCEPTANCE_RATE,
    _undone(
        "offer_renege_rate", "Offer reneges", "Share of accepted offers that the candidate undid before the start."
    ),
    _undone(
        "offer_rescission_rate",
        "Offer rescissions",
        "Share of accepted offers that the company took back before the start.",
    ),
    _undone(
        "offer_no_show_rate", "No-shows", "Share of accepted offers whose candidate did not come on the first day."
    ),
)
_NUMERATORS = {
    "offer_renege_rate": "reneged",
    "offer_rescission_rate": "rescinded_after",
    "offer_no_show_rate": "no_show",
}
_ANSWERS = {
    "accepted": OfferAnswer.ACCEPTED,
    "declined": OfferAnswer.DECLINED,
    "expired": OfferAnswer.EXPIRED,
    "candidate_withdrew": OfferAnswer.CANDIDATE_WITHDREW,
    "rescinded": OfferAnswer.RESCINDED,
}
_UNDONE = {
    "reneged": UndoneBy.CANDIDATE,
    "rescinded_after": UndoneBy.COMPANY,
    "no_show": UndoneBy.NO_SHOW,
}


def offer_chains(plan: Plan) -> sa.FromClause:
    """The last version of each chain that was extended by as-of, with its answer as it was known then."""
    return plan.prepared("offer_chains", (), lambda limits: _offer_chains(plan.question, limits))


def _offer_chains(question: Question, limits: Limits) -> Statement:
    columns, as_of = version.c, question.as_of
    rank = sa.func.row_number().over(partition_by=columns.application_id, order_by=columns.position.desc())
    ranked = (
        sa.select(*columns, rank.label("rank"))
        .where(*limits(version), columns.extended_at <= as_of)
        .subquery("ranked_versions")
    )
    answered_at = sa.func.coalesce(ranked.c.answered_at, ranked.c.extended_at)
    is_open = sa.or_(answered_at > as_of, ranked.c.answer == OfferAnswer.SUPERSEDED.value)
    known = sa.case((is_open, OfferAnswer.PENDING.value), else_=ranked.c.answer)
    undone_by = sa.case((ranked.c.undone_at <= as_of, ranked.c.undone_by))
    carried = [ranked.c[name] for name in (*REQUISITION_DIMENSIONS, "source_id", "first_extended_on")]
    return sa.select(*carried, known.label("answer"), undone_by.label("undone_by")).where(ranked.c.rank == 1)


def _plan(plan: Plan, metric: Metric) -> None:
    del metric
    chain = offer_chains(plan)
    on = chain.c.first_extended_on
    within = plan.question.in_period(on)
    for name, answer in _ANSWERS.items():
        plan.count(f"offer_{name}", chain, *within, chain.c.answer == answer.value, on=on)
    plan.count("offer_pending", chain, *within, chain.c.answer == OfferAnswer.PENDING.value, on=on)
    accepted = chain.c.answer == OfferAnswer.ACCEPTED.value
    for name, undone_by in _UNDONE.items():
        plan.count(f"offer_{name}", chain, *within, accepted, chain.c.undone_by == undone_by.value, on=on)


def _figure(question: Question, metric: Metric, group: Group, dims: Mapping[str, str | None]) -> Figure:
    del question, dims
    counted = {name: group.number(f"offer_{name}") for name in (*_ANSWERS, "pending", *_UNDONE)}
    if metric.id != "offer_acceptance_rate":
        return rate_figure(counted[_NUMERATORS[metric.id]], counted["accepted"])
    answered = sum(counted[name] for name in ("accepted", "declined", "expired", "candidate_withdrew"))
    is_provisional = counted["pending"] > PROVISIONAL_SHARE * (answered + counted["pending"])
    return rate_figure(counted["accepted"], answered, counted, "provisional" if is_provisional else None)


_NEEDS: Mapping[str, str] = {metric.id: "offer_version" for metric in METRICS}
FAMILY = Family(METRICS, _NEEDS, _plan, _figure)
