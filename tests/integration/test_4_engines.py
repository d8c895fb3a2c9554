"""Issue 3: the same figures from every engine, and what a publication promises those who read meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from services.domain.errors import HireboardError, RetryLaterError
from services.domain.metric import Attribution, Metric, Period, Query
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.engines.choosing import engine_at, open_mart, publish
from services.mart.engines.engine import Engine
from services.mart.engines.reader import PublishedReader
from services.mart.reader import MartReader, NotReadyError
from services.mart.schema import dim_calendar, fact_application
from services.mart.snapshots import Manifest, SnapshotFolder
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY
from services.store.database import Store
from services.store.migrations import migrate
from tests.command_line import CommandLine
from tests.engine_scenes import ENGINES, is_same, new_engine
from tests.mart_scenes import Company, day
from tests.metric_scenes import HANA, MAX, OPERATOR, RITA

QUARTERS = Period(date(2026, 1, 1), date(2026, 10, 1))


class Installed(NamedTuple):
    store: Store
    folder: SnapshotFolder
    manifest: Manifest
    duckdb: QueryLayer


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("engines")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=2_000, seed=4, until=date(2026, 11, 1))
    manifest = build_apart(store.url.render_as_string(hide_password=False), folder / "mart")
    layer = QueryLayer(MartReader(folder / "mart"), StoreNames(store))
    yield Installed(store, SnapshotFolder(folder / "mart"), manifest, layer)
    store.dispose()


@pytest.fixture(scope="module", params=ENGINES)
def elsewhere(request: pytest.FixtureRequest, demonstration: Installed) -> Iterator[QueryLayer]:
    """The same snapshot, answered by another engine."""
    url = new_engine(request)(request.param)
    publish(url, demonstration.folder, demonstration.manifest)
    with contextlib.closing(open_mart(demonstration.folder.path, url)) as mart:
        yield QueryLayer(mart, StoreNames(demonstration.store))


@pytest.mark.parametrize("metric", REGISTRY.values(), ids=lambda metric: metric.id)
def test_every_metric_is_the_same(demonstration: Installed, elsewhere: QueryLayer, metric: Metric) -> None:
    """Over all time, by department, by month, and by what is special to it."""
    special = ("transition", "age_bucket", "group", "interviewer", "currency")
    asked = [(), *((name,) for name in ("department", "month", *special) if name in metric.dimensions)]
    for by in asked:
        compare(demonstration.duckdb, elsewhere, Query((metric.id,), by, raw=True))
    if {"department", "fiscal_year"} <= set(metric.dimensions):
        compare(demonstration.duckdb, elsewhere, Query((metric.id,), ("department", "fiscal_year"), period=QUARTERS))


def compare(duckdb: QueryLayer, elsewhere: QueryLayer, query: Query, viewer: Any = OPERATOR) -> list[dict[str, Any]]:
    """Rows that both answer, in one order; or the same refusal."""
    ours, theirs = answer(duckdb, query, viewer), answer(elsewhere, query, viewer)
    if isinstance(ours, str) or isinstance(theirs, str):
        assert theirs == ours
        return []
    assert [row["dims"] for row in theirs] == [row["dims"] for row in ours]
    for our, their in zip(ours, theirs, strict=True):
        different = {name: (value, their[name]) for name, value in our.items() if not is_same(value, their[name])}
        assert different == {}, (query, our["dims"])
    return ours


def answer(layer: QueryLayer, query: Query, viewer: Any) -> list[dict[str, Any]] | str:
    try:
        return [dataclasses.asdict(row) for row in layer.ask(query, viewer).rows]
    except HireboardError as refused:
        return str(refused)


def test_intervals_owners_and_expectations_are_the_same(demonstration: Installed, elsewhere: QueryLayer) -> None:
    for metric in ("time_to_fill", "pass_through_rate", "time_to_hire_cohort"):
        (row, *_) = compare(demonstration.duckdb, elsewhere, Query((metric,), clustered=True, raw=True))
        assert row["low"] is not None
    owned = [
        compare(demonstration.duckdb, elsewhere, Query((metric,), ("recruiter",), attribution=attribution, raw=True))
        for metric in ("hires", "time_to_fill")
        for attribution in Attribution
    ]
    assert len(list(filter(None, owned))) >= len(Attribution)
    assert compare(demonstration.duckdb, elsewhere, Query(("hires", "offer_acceptance_rate"), ("department",)))
    compare(demonstration.duckdb, elsewhere, Query(("pass_through_rate",), ("department",), expected=True))


@pytest.mark.parametrize("viewer", [HANA, RITA, MAX], ids=lambda viewer: viewer.name)
def test_scope_is_compiled_into_what_an_engine_is_asked(
    demonstration: Installed, elsewhere: QueryLayer, viewer: Any
) -> None:
    whole = compare(demonstration.duckdb, elsewhere, Query(("applications",)))
    part = compare(demonstration.duckdb, elsewhere, Query(("applications",)), viewer)
    assert part[0]["n"] < whole[0]["n"]


class Small(NamedTuple):
    """A company that changes, and the database its snapshots are published to."""

    company: Company
    folder: SnapshotFolder
    url: str
    engine: Engine
    store_url: str

    def build(self) -> Manifest:
        return build_apart(self.store_url, self.folder.path, mart_url=self.url)

    def grow(self, number: int) -> Manifest:
        """One more application, published."""
        with self.company.writing() as company:
            company.application(number, 1, day(1))
            company.changed("application", number)
        return self.build()

    def published(self) -> list[str]:
        with contextlib.closing(self.engine.connect(10)) as session:
            return [manifest.id for manifest in session.manifests()]


@pytest.fixture(params=ENGINES)
def small(request: pytest.FixtureRequest, migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Small]:
    url = new_engine(request)(request.param)
    engine = engine_at(url)
    assert engine is not None
    store = Store(migrated_sqlite_url)
    company = Company(store)
    with company.writing() as writing:
        writing.standing_company()
    yield Small(company, SnapshotFolder(tmp_path / "mart"), url, engine, migrated_sqlite_url)
    store.dispose()


@pytest.fixture
def reader(small: Small) -> Iterator[MartReader]:
    with contextlib.closing(open_mart(small.folder.path, small.url)) as mart:
        yield mart


def test_nothing_published_is_said(reader: MartReader) -> None:
    with pytest.raises(NotReadyError, match="mart build"):
        reader.snapshot()


def test_readers_stay_on_the_last_complete_snapshot(
    small: Small, reader: MartReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = small.build()
    assert reader.refresh().id == first.id
    with small.company.writing() as company:
        company.application(90, 1, day(1))
        company.changed("application", 90)
    second = build_apart(small.store_url, small.folder.path)
    half = dataclasses.replace(second, counts={**second.counts, "fact_application": 10**6})
    with pytest.raises(RetryLaterError, match="fact_application"):
        small.engine.publish(half, small.folder.file(second.id), frozenset())
    assert (reader.refresh().id, small.published()) == (first.id, [first.id])
    # what stayed behind half loaded is loaded anew by the next build, although that finds nothing to do
    assert small.build().how == "none"
    assert reader.refresh().id == second.id


def test_the_last_three_and_the_pinned_ones_are_kept(small: Small, reader: MartReader) -> None:
    built = [small.build()]
    small.folder.pin(built[0].id)
    applications = sa.select(sa.func.count()).select_from(fact_application)
    with reader.hold():
        before = reader.execute(applications)
        built += [small.grow(number) for number in range(90, 94)]
        assert reader.execute(applications) == before == [(12,)]
    assert small.published() == [*(item.id for item in built[:1:-1]), built[0].id]
    reader.refresh()
    assert reader.execute(applications) == [(16,)]


def test_an_older_snapshot_is_not_made_current_again(small: Small, reader: MartReader) -> None:
    first = small.build()
    second = dataclasses.replace(small.grow(90))
    late = dataclasses.replace(second, as_of=first.as_of.replace(year=first.as_of.year + 1))
    small.engine.publish(late, small.folder.file(second.id), frozenset())
    small.engine.publish(first, small.folder.file(first.id), frozenset())
    assert reader.refresh().id == second.id
    assert sorted(small.published()) == sorted([first.id, second.id])


def test_a_question_takes_no_longer_than_the_limit(small: Small) -> None:
    small.build()
    endless = [dim_calendar.alias(f"day_{number}") for number in range(4)]
    moments = sa.select(sa.func.count()).select_from(*endless).where(endless[0].c.opens_at <= endless[3].c.closes_at)
    with contextlib.closing(PublishedReader(small.folder.path, small.engine, timeout_s=1)) as mart:
        with pytest.raises(RetryLaterError, match="longer than 1 s"):
            mart.execute(moments)
        assert mart.execute(sa.select(sa.func.count()).select_from(fact_application)) == [(12,)]


def test_the_command_line_says_what_is_published_where(small: Small, tmp_path: Path) -> None:
    hireboard = CommandLine(small.store_url, tmp_path)
    hireboard.settings["HIREBOARD_MART_URL"] = small.url
    status, text, _ = hireboard.run("mart", "status")
    assert (status, text.splitlines()[-1]) == (0, f"Published in {small.engine.name}: nothing yet")
    built = hireboard.json("mart", "build")
    there = hireboard.json("mart", "status")["engine"]
    assert there == {"name": small.engine.name, "current": built["id"], "snapshots": [built["id"]]}
    (checked,) = [found for found in hireboard.run("check")[1].splitlines() if " mart: " in found]
    assert (checked.split()[0], built["id"] in checked) == ("ok", True)
    assert hireboard.row("applications", "--raw")["value"] == 12
