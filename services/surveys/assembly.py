"""The parts of this area, put together."""

from __future__ import annotations

from typing import NamedTuple

from services.access.policy import Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.delivery.outbox import Outbox
from services.domain.notices import NoticeWriter
from services.store.database import Store
from services.surveys.answers import SurveyAnswers
from services.surveys.links import Links
from services.surveys.plans import SurveyPlans
from services.surveys.rounds import SurveyRounds
from services.surveys.standing import SurveyStandings


class Surveys(NamedTuple):
    """What commands, the answer page and the scheduler call."""

    plans: SurveyPlans
    rounds: SurveyRounds
    answers: SurveyAnswers
    standings: SurveyStandings


def make_surveys(
    store: Store,
    policy: Policy,
    audit: AuditLog,
    outbox: Outbox,
    write_notice: NoticeWriter,
    secret: str,
    base_url: str,
    *,
    clock: Clock = utc_now,
) -> Surveys:
    """``secret`` signs the links: the installation's own."""
    links, plans = Links(secret, base_url), SurveyPlans(store, policy, audit, clock=clock)
    return Surveys(
        plans=plans,
        rounds=SurveyRounds(store, plans, outbox, audit, links, write_notice, clock=clock),
        answers=SurveyAnswers(store, links, audit, clock=clock),
        standings=SurveyStandings(store, policy),
    )
