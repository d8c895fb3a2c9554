"""The parts of this area, put together."""

from __future__ import annotations

from typing import NamedTuple

from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.alerts.escalation import Escalation
from services.alerts.evaluation import Evaluation
from services.alerts.incidents import Incidents
from services.alerts.ladder import Ladder
from services.alerts.rounds import AlertRounds
from services.alerts.sight import Sight
from services.alerts.thresholds import Thresholds
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.delivery.outbox import Outbox
from services.domain.notices import NoticeWriter
from services.metrics.query import QueryLayer
from services.store.database import Store


class Alerts(NamedTuple):
    """What pages, commands and the scheduler call."""

    thresholds: Thresholds
    incidents: Incidents
    rounds: AlertRounds


def make_alerts(
    store: Store,
    query: QueryLayer,
    policy: Policy,
    accounts: Accounts,
    audit: AuditLog,
    outbox: Outbox,
    write_notice: NoticeWriter,
    base_url: str,
    *,
    clock: Clock = utc_now,
) -> Alerts:
    sight = Sight(query, policy)
    ladder = Ladder(store, accounts, sight, outbox, audit, write_notice, base_url)
    thresholds = Thresholds(store, query, policy, audit, clock=clock)
    evaluation = Evaluation(store, query, thresholds, ladder, accounts, audit, clock=clock)
    return Alerts(
        thresholds=thresholds,
        incidents=Incidents(store, sight, policy, audit, clock=clock),
        rounds=AlertRounds(evaluation, Escalation(store, ladder, clock=clock)),
    )
