"""The graph of uses: which pages, reports, templates and alert rules ask a metric, from what each of them declares.

Pages and reports declare what they ask beside the code that asks, and a test runs each and compares. Templates and
alert rules are rows of the store.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from services.domain.consumers import Consumer, ConsumerKind
from services.metrics import overview
from services.metrics.pages import diversity, offers, sources
from services.reporting import data_health
from services.reporting.definitions import KINDS
from services.reporting.pages import interviews, recruiter, recruiters, teams
from services.store.database import Store
from services.store.tables import ScorecardTemplate, ThresholdRule

DECLARED: tuple[Consumer, ...] = (
    overview.CONSUMER,
    sources.CONSUMER,
    data_health.CONSUMER,
    offers.CONSUMER,
    diversity.CONSUMER,
    recruiter.CONSUMER,
    recruiters.CONSUMER,
    teams.CONSUMER,
    interviews.CONSUMER,
    *(Consumer(ConsumerKind.REPORT, kind.id, kind.name, frozenset(kind.metrics)) for kind in KINDS.values()),
)
"""What the product itself shows; a new page or report adds its declaration here."""


def consumers(store: Store) -> tuple[Consumer, ...]:
    """Everything that asks a metric: what is declared, the templates and the alert rules in force."""
    columns = (ThresholdRule.id, ThresholdRule.metric_id, ThresholdRule.scope)
    with store.read() as connection:
        rules = connection.execute(sa.select(*columns).where(ThresholdRule.is_active).order_by(ThresholdRule.id)).all()
        templates = _templates(connection)
    alerts = (
        Consumer(ConsumerKind.ALERT, f"threshold:{number}", f"Threshold {scope}", frozenset({metric_id}))
        for number, metric_id, scope in rules
    )
    return (*DECLARED, *templates, *alerts)


def _templates(connection: sa.Connection) -> list[Consumer]:
    """The last version of each place's template, if it is in force, with the metrics it adds itself."""
    columns = ScorecardTemplate
    latest = sa.func.max(columns.version).over(partition_by=(columns.level, columns.place))
    rows = sa.select(
        columns.level, columns.place, columns.name, columns.metrics, columns.version, columns.is_in_force, latest
    )
    found = []
    for level, place, name, metrics, version, is_in_force, last in connection.execute(
        rows.order_by(columns.level, columns.place)
    ):
        if version == last and is_in_force:
            key = f"{level}:{place}".rstrip(":")
            found.append(Consumer(ConsumerKind.TEMPLATE, key, name, frozenset(json.loads(metrics))))
    return found


def uses(metric_id: str, store: Store) -> tuple[Consumer, ...]:
    """Who asks the metric, in the order pages, reports, templates, alert rules."""
    return tuple(consumer for consumer in consumers(store) if metric_id in consumer.metrics)
