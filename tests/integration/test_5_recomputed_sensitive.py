"""Capabilities 1.5 and 3.6: representation, adverse impact and pay agree with a recomputation in pandas and scipy."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pytest
import sqlalchemy as sa
from scipy import stats

from services.domain.metric import Answer, Period, Query, Reason
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store import tables as t
from services.store.database import Store
from services.store.migrations import migrate
from tests.independent.company import Company
from tests.independent.recomputed import Recomputed, Span
from tests.independent.sensitive import NO_GROUP, Sensitive
from tests.metric_scenes import OPERATOR

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
YEAR = Span(date(2025, 10, 1), date(2026, 10, 1))


def ask_twice(store: Store, seed: int) -> None:
    """Some are asked in two questions, some again, some never answer."""
    dice = random.Random(seed)
    with store.write() as connection:
        raced = list(
            connection.scalars(sa.select(t.Demographic.application_id).where(t.Demographic.question == "race"))
        )
        for number, application in enumerate(dice.sample(raced, len(raced) // 2)):
            answer = dice.choice(["yes", "no", "no", "no", "declined", None])
            row = {"source_system": "again", "external_id": f"h{number}", "asked_at": NOW, "question": "hispanic"}
            connection.execute(sa.insert(t.Demographic).values(**row, application_id=application, answer=answer))
        asked = list(
            connection.scalars(sa.select(t.Demographic.application_id).where(t.Demographic.question == "gender"))
        )
        for number, application in enumerate(dice.sample(asked, len(asked) // 9)):
            row = {"source_system": "again", "external_id": f"g{number}", "asked_at": NOW, "question": "gender"}
            answer = dice.choice(["woman", "declined", None])
            connection.execute(sa.insert(t.Demographic).values(**row, application_id=application, answer=answer))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("sensitive")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=2_500, seed=8, until=NOW.date())
    ask_twice(store, 4)
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def query_layer(store: Store, tmp_path_factory: pytest.TempPathFactory) -> QueryLayer:
    snapshots = tmp_path_factory.mktemp("snapshots")
    build_apart(store.url.render_as_string(hide_password=False), snapshots)
    return QueryLayer(MartReader(snapshots), StoreNames(store))


@pytest.fixture(scope="module")
def sensitive(store: Store) -> Sensitive:
    return Sensitive(Recomputed(Company(store.engine, pd.Timestamp(NOW))))


def by_region(row: pd.Series) -> str | None:
    return str(row["region"])


def ask(layer: QueryLayer, metric: str, *by: str, **where: str) -> Answer:
    chosen = {name: (value,) for name, value in where.items()}
    return layer.ask(Query((metric,), by, chosen, Period(YEAR.start, YEAR.end), NOW, raw=True), OPERATOR)


@pytest.mark.parametrize("question", ["gender", "ethnicity"])
@pytest.mark.parametrize("stage", ["applied", "hired"])
def test_1_5_representation_agrees(query_layer: QueryLayer, sensitive: Sensitive, question: str, stage: str) -> None:
    expected = sensitive.representation(question, stage, YEAR, by_region)
    rows = ask(query_layer, "representation", "group", "geography", question=question, canonical_stage=stage).rows
    found = {(row.dims["geography"], row.dims["group"]): row for row in rows if row.numerator}
    wanted = {
        (region, category): number
        for region, counts in expected.items()
        for category, number in counts.items()
        if category not in NO_GROUP
    }
    assert {key: row.numerator for key, row in found.items()} == wanted
    for (region, category), row in found.items():
        disclosed = sum(n for name, n in expected[region].items() if name not in NO_GROUP)
        assert row.denominator == disclosed
        assert row.value == pytest.approx(wanted[region, category] / disclosed, abs=1e-9)


@pytest.mark.parametrize("question", ["gender", "ethnicity"])
def test_1_5_who_was_asked_and_who_declined_agree(query_layer: QueryLayer, sensitive: Sensitive, question: str) -> None:
    expected = sensitive.representation(question, "hired", YEAR, by_region)
    rows = ask(query_layer, "demographic_completeness", "geography", question=question, canonical_stage="hired").rows
    assert {row.dims["geography"] for row in rows} == set(expected)
    for row in rows:
        counts = expected[row.dims["geography"]]
        asked = counts.total() - counts["not_asked"]
        assert (row.numerator, row.denominator) == (asked, counts.total())
        assert row.extra["declined"] == counts["declined"]
        assert row.extra["disclosed"] == asked - counts["declined"] - counts["no_answer"]


@pytest.mark.parametrize("question", ["gender", "ethnicity"])
def test_1_5_adverse_impact_agrees_with_scipy(query_layer: QueryLayer, sensitive: Sensitive, question: str) -> None:
    expected = sensitive.selections(question, YEAR)
    rows = {row.dims["group"]: row for row in ask(query_layer, "adverse_impact_ratio", "group", question=question).rows}
    assert {group: (row.numerator, row.denominator) for group, row in rows.items() if row.denominator} == expected
    pool = sum(considered for _, considered in expected.values())
    able = {g: s / n for g, (s, n) in expected.items() if n >= max(30, 0.02 * pool) and s}
    best = max(able, key=lambda group: able[group], default=None)
    if best is None:
        assert {(row.value, row.reason) for row in rows.values()} == {(None, Reason.NO_COMPARISON)}
        return
    for group, (selected, considered) in expected.items():
        row = rows[group]
        if considered < 0.02 * pool or group == best:
            continue
        reference_selected, reference = expected[best]
        table = [[selected, considered - selected], [reference_selected, reference - reference_selected]]
        assert row.value == pytest.approx((selected / considered) / able[best], abs=1e-9)
        assert row.extra["fisher_p"] == pytest.approx(stats.fisher_exact(table).pvalue, abs=1e-9)


def test_3_6_pay_agrees(query_layer: QueryLayer, sensitive: Sensitive) -> None:
    pay = sensitive.pay(YEAR)
    for metric, column, split in (
        ("offer_position_in_range", "position", "region"),
        ("offer_salary", "salary", "currency"),
    ):
        rows = ask(query_layer, metric, "geography" if split == "region" else split).rows
        quartiles = {
            name: tuple(values.quantile(level) for level in (0.25, 0.5, 0.75))
            for name, values in pay.groupby(split)[column]
        }
        found = {next(iter(row.dims.values())): (row.p25, row.value, row.p75) for row in rows}
        assert set(found) == set(quartiles)
        for name, values in found.items():
            assert values == pytest.approx(quartiles[name], abs=1e-6)
    assert len(pay) > 20
