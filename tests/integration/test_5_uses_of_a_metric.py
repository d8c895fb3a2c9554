"""Issue 3: the graph of uses is built from what pages and reports declare and from rows of the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa

from services.domain.consumers import ConsumerKind
from services.metrics.registry import REGISTRY
from services.reporting.uses import DECLARED, consumers, uses
from services.store.database import Store
from services.store.tables import ScorecardTemplate, ThresholdRule

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def template(connection: sa.Connection, version: int, metrics: list[str], *, in_force: bool = True) -> None:
    about = {"level": "department", "place": "3", "name": "Sales", "without": "[]", "changed_by": "ada"}
    row = {"version": version, "metrics": json.dumps(metrics), "is_in_force": in_force, "changed_at": THEN}
    connection.execute(sa.insert(ScorecardTemplate).values(**about, **row))


def threshold(connection: sa.Connection, metric_id: str, *, active: bool = True) -> None:
    about = {"metric_id": metric_id, "scope_key": metric_id, "limit_value": 0.3, "is_active": active}
    made = {"created_at": THEN, "changed_at": THEN, "changed_by": "ada"}
    connection.execute(sa.insert(ThresholdRule).values(**about, **made))


def test_what_is_declared_is_in_the_registry() -> None:
    assert {consumer.kind for consumer in DECLARED} == {ConsumerKind.PAGE, ConsumerKind.REPORT}
    for consumer in DECLARED:
        assert consumer.metrics <= set(REGISTRY), consumer.id


def test_the_last_template_in_force_and_active_rules_use_a_metric(migrated_sqlite_url: str) -> None:
    store = Store(migrated_sqlite_url)
    with store.write() as connection:
        template(connection, 1, ["hires", "time_to_start"])
        template(connection, 2, ["hires", "drop_off_rate"])
        threshold(connection, "drop_off_rate")
        threshold(connection, "time_to_start", active=False)
    found = [(one.kind, one.id) for one in uses("drop_off_rate", store)]
    assert [kind for kind, _ in found] == [ConsumerKind.TEMPLATE, ConsumerKind.ALERT]
    assert found[0][1] == "department:3"
    assert uses("time_to_start", store) == ()
    with store.write() as connection:
        template(connection, 3, ["hires"], in_force=False)
    assert [one.kind for one in consumers(store)].count(ConsumerKind.TEMPLATE) == 0
    store.dispose()


def test_pages_and_reports_stand_first(migrated_sqlite_url: str) -> None:
    store = Store(migrated_sqlite_url)
    found = uses("time_to_fill", store)
    assert found[0].id == "overview"
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, key=[ConsumerKind.PAGE, ConsumerKind.REPORT].index)
    assert "recruiter_scorecard" in {one.id for one in found}
    store.dispose()
