"""Capability 5: the questions of a page are asked together, and each is answered as if it had been asked alone.

Executive Eva sees everything, HRBP Hana two departments, Recruiter Rita her own roles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.errors import HireboardError, TooManyGroupsError
from services.domain.metric import Answer, Period, Query
from services.domain.people import Scope, Viewer
from services.domain.views import Filters
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.overview import Overview
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY
from services.store.database import Store
from services.store.migrations import migrate
from tests.metric_scenes import EVA, OPERATOR

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
MOST_STATEMENTS = 4


class CountingReader(MartReader):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.statements: list[str] = []

    def _run(self, sql: str, *how: Any) -> Any:
        self.statements.append(sql)
        return super()._run(sql, *how)


@dataclass
class House:
    layer: QueryLayer
    reader: CountingReader
    store: Store


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("together")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=1_500, seed=5, until=NOW.date())
    build_apart(store.url.render_as_string(hide_password=False), folder / "mart")
    reader = CountingReader(folder / "mart")
    yield House(QueryLayer(reader, StoreNames(store)), reader, store)
    store.dispose()


VIEWERS = (
    OPERATOR,
    replace(OPERATOR, scope=Scope(department_ids=(3, 4), regions=None)),
    replace(OPERATOR, scope=Scope(recruiter_id=7)),
)
BY = ["month", "week", "quarter", "department", "job_family", "source", "recruiter", "geography", "transition", "stage"]
QUERIES = st.builds(
    Query,
    metrics=st.lists(st.sampled_from(sorted(REGISTRY)), min_size=1, max_size=2, unique=True).map(tuple),
    by=st.lists(st.sampled_from(BY), max_size=2, unique=True).map(tuple),
    where=st.sampled_from([{}, {}, {"department": ("Sales",)}, {"geography": ("EMEA",)}, {"source": ("nowhere",)}]),
    period=st.sampled_from(
        [Period(date(2026, 1, 1), date(2026, 11, 1)), Period(date(2025, 11, 1), date(2026, 11, 1)), Period()]
    ),
    as_of=st.sampled_from([None, None, NOW - timedelta(days=200)]),
    raw=st.booleans(),
    most_groups=st.sampled_from([None, None, 3]),
)


def outcome(ask: Callable[[], Answer]) -> Answer | tuple[type[HireboardError], str]:
    try:
        return ask()
    except HireboardError as error:
        return type(error), str(error)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(QUERIES, min_size=1, max_size=6), st.sampled_from(VIEWERS))
def test_5_together_is_answered_as_alone(house: House, queries: list[Query], viewer: Viewer) -> None:
    together = [outcome(later) for later in house.layer.together(queries, viewer)]
    alone = [outcome(lambda query=query: house.layer.ask(query, viewer)) for query in queries]  # type: ignore[misc]
    assert together == alone


@pytest.mark.parametrize("by", [(), ("month",), ("department",), ("source",), ("geography", "quarter")], ids=str)
def test_5_every_metric_is_answered_together_as_alone(house: House, by: tuple[str, ...]) -> None:
    period = Period(date(2025, 11, 1), date(2026, 11, 1))
    queries = [Query((name,), by, {}, period) for name, metric in REGISTRY.items() if set(by) <= set(metric.dimensions)]
    together = [outcome(later) for later in house.layer.together(queries, OPERATOR)]
    assert together == [outcome(lambda query=query: house.layer.ask(query, OPERATOR)) for query in queries]  # type: ignore[misc]


def test_5_one_question_that_is_refused_does_not_touch_the_others(house: House) -> None:
    few, fine = house.layer.together(
        [Query(("applications",), ("recruiter",), most_groups=1), Query(("applications",))], OPERATOR
    )
    with pytest.raises(TooManyGroupsError):
        few()
    assert fine() == house.layer.ask(Query(("applications",)), OPERATOR)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(period="3m"),
        Filters(department=("Sales",)),
        Filters(department=("Sales",), seniority=("Senior",)),
        Filters(period="ytd", geography=("EMEA",), job_family=("Engineering",)),
    ],
    ids=["everything", "quarter", "department", "department and seniority", "geography and family"],
)
def test_5_a_page_needs_few_statements(house: House, filters: Filters) -> None:
    """Executive Eva opens the Overview and changes a filter; rows that are kept for everybody are made apart."""
    overview = Overview(house.layer, house.store)
    overview.view(Filters(period="30d"), EVA)
    house.reader.statements.clear()
    view = overview.view(filters, EVA)
    assert view.tiles
    assert len(house.reader.statements) <= MOST_STATEMENTS, [sql[:200] for sql in house.reader.statements]
