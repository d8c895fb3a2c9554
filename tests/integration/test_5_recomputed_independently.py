"""Capability 5: an independent pandas recomputation from the store agrees with the query layer.

Counts exactly, rates to 1e-9, durations to 0.05 days; with the small-n rule off, so that every group is compared.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from services.domain.metric import Answer, Attribution, Period, Query, Row
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.migrations import migrate
from tests.independent.company import Company
from tests.independent.ownership import credits_by_owner, handed_over, matured_conversion
from tests.independent.recomputed import TRANSITIONS, Recomputed, Span, aj_at, km_quantile
from tests.independent.starts import conditional_median, time_to_start
from tests.metric_scenes import OPERATOR

APPLICATIONS = 3_000
RATE, DAYS = 1e-9, 0.05
YEAR = Span(date(2025, 10, 1), date(2026, 10, 1))
AS_OF = (datetime(2026, 11, 24, 6, tzinfo=UTC), datetime(2026, 7, 20, 15, 30, tzinfo=UTC))
Asker = Callable[..., Answer]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demonstration company, small."""
    folder = tmp_path_factory.mktemp("independent")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=APPLICATIONS, seed=5, until=AS_OF[0].date())
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def query_layer(store: Store, tmp_path_factory: pytest.TempPathFactory) -> QueryLayer:
    snapshots = tmp_path_factory.mktemp("snapshots")
    build_apart(store.url.render_as_string(hide_password=False), snapshots)
    return QueryLayer(MartReader(snapshots), StoreNames(store))


@pytest.fixture(scope="module", params=AS_OF, ids=["now", "july"])
def recomputed(store: Store, request: pytest.FixtureRequest) -> Recomputed:
    return Recomputed(Company(store.engine, pd.Timestamp(request.param)))


@pytest.fixture(scope="module")
def ask(query_layer: QueryLayer, recomputed: Recomputed) -> Asker:
    def ask_(*metrics: str, by: tuple[str, ...] = (), span: Span | None = YEAR) -> Answer:
        period = Period(span.start, span.end) if span else Period()
        as_of = recomputed.company.as_of.to_pydatetime()
        return query_layer.ask(Query(metrics, by=by, period=period, as_of=as_of, raw=True), OPERATOR)

    return ask_


def values(answer: Answer, metric: str, dimension: str) -> dict[str | None, float | int | None]:
    return {row.dims[dimension]: row.value for row in answer.of(metric)}


def non_zero(found: Mapping[str | None, float | int | None]) -> dict[str | None, float | int | None]:
    return {key: value for key, value in found.items() if value}


def assert_close(
    actual: Mapping[str | None, float | int | None], expected: Mapping[str | None, float | None], tolerance: float
) -> None:
    known = {key: value for key, value in actual.items() if value is not None}
    wanted = {key: value for key, value in expected.items() if value is not None}
    assert known == pytest.approx(wanted, abs=tolerance)
    assert wanted


@pytest.mark.parametrize("metric", ["applications", "hires", "starts", "offers_extended", "interviews_held"])
def test_5_counts_agree_by_department(ask: Asker, recomputed: Recomputed, metric: str) -> None:
    expected = getattr(recomputed, metric)(YEAR, recomputed.by_department)
    assert non_zero(values(ask(metric, by=("department",)), metric, "department")) == dict(expected)
    assert ask(metric).one(metric).value == expected.total() > 0


def test_5_counts_agree_by_local_month(ask: Asker, recomputed: Recomputed) -> None:
    company = recomputed.company

    def by_month(row: pd.Series) -> str:
        return f"{company.local_date(row['applied_at'], row['zone']):%Y-%m}"

    found = values(ask("applications", by=("month",)), "applications", "month")
    assert non_zero(found) == dict(recomputed.applications(YEAR, by_month))


@pytest.mark.parametrize("metric", ["time_to_hire", "days_to_offer", "days_to_interview"])
def test_5_plain_medians_agree(ask: Asker, recomputed: Recomputed, metric: str) -> None:
    expected = getattr(recomputed, metric)(YEAR, recomputed.by_department)
    assert_close(values(ask(metric, by=("department",)), metric, "department"), expected, DAYS)


def test_5_offer_rates_agree(ask: Asker, recomputed: Recomputed) -> None:
    expected = recomputed.offer_rates(YEAR, recomputed.by_department)
    names = ("offer_acceptance_rate", "offer_renege_rate", "offer_rescission_rate", "offer_no_show_rate")
    answer = ask(*names, by=("department",))
    for name in names:
        assert_close(
            values(answer, name, "department"), {group: rates[name] for group, rates in expected.items()}, RATE
        )


def test_5_time_to_fill_agrees(ask: Asker, recomputed: Recomputed) -> None:
    subjects = recomputed.time_to_fill(YEAR, recomputed.by_department)
    answer = ask("time_to_fill", by=("department",))
    expected = {group: km_quantile(found, 0.5) for group, found in subjects.items()}
    assert_close(values(answer, "time_to_fill", "department"), expected, DAYS)
    assert {row.dims["department"]: row.n for row in answer.rows} == {g: len(found) for g, found in subjects.items()}
    everybody = [subject for found in subjects.values() for subject in found]
    row = ask("time_to_fill").one("time_to_fill")
    assert row.events == sum(cause == "filled" for _, _, cause in everybody)
    quartiles = [km_quantile(everybody, level) for level in (0.75, 0.5, 0.25)]
    assert [row.p25, row.value, row.p75] == pytest.approx(quartiles, abs=DAYS)
    assert row.extra["evergreen"] == recomputed.evergreen_seats(YEAR) > 0


def test_2_time_to_start_agrees(ask: Asker, recomputed: Recomputed) -> None:
    subjects = time_to_start(recomputed, YEAR, recomputed.by_department)
    answer = ask("time_to_start", by=("department",))
    expected = {group: km_quantile(found, 0.5) for group, found in subjects.items()}
    assert_close(values(answer, "time_to_start", "department"), expected, DAYS)
    assert {row.dims["department"]: row.n for row in answer.rows} == {g: len(found) for g, found in subjects.items()}
    started = sum(cause == "started" for found in subjects.values() for _, _, cause in found)
    assert ask("time_to_start").one("time_to_start").events == started > 0


def test_2_the_cohort_view_of_time_to_hire_agrees(ask: Asker, recomputed: Recomputed) -> None:
    subjects = recomputed.transition(YEAR, "applied", "hired", recomputed.by_department)
    expected = {group: conditional_median(found, "reached", 120) for group, found in subjects.items()}
    answer = ask("time_to_hire_cohort", by=("department",))
    assert_close(values(answer, "time_to_hire_cohort", "department"), expected, DAYS)


def by_owner(query_layer: QueryLayer, recomputed: Recomputed, metric: str, model: str) -> dict[str | None, Row]:
    as_of = recomputed.company.as_of.to_pydatetime()
    period = Period(YEAR.start, YEAR.end)
    query = Query((metric,), ("recruiter",), {}, period, as_of, raw=True, attribution=Attribution(model))
    return {row.dims["recruiter"]: row for row in query_layer.ask(query, OPERATOR).of(metric)}


def test_3_credits_agree_and_add_up_to_the_hires(query_layer: QueryLayer, recomputed: Recomputed, ask: Asker) -> None:
    people = recomputed.company.table("person").set_index("id")["name"]
    hires = ask("hires").one("hires").value
    for model in ("primary", "split"):
        expected = credits_by_owner(recomputed, YEAR, model)
        rows = by_owner(query_layer, recomputed, "hires", model)
        found = {name: row.numerator / row.denominator for name, row in rows.items()}
        assert found == pytest.approx({people[key]: float(credit) for key, credit in expected.items()}, abs=1e-6)
        assert sum(row.numerator for row in rows.values()) == hires * 10**9
    assert any(credit.denominator > 1 for credit in expected.values())


def test_3_clocks_that_stop_at_the_handover_agree(query_layer: QueryLayer, recomputed: Recomputed) -> None:
    people = recomputed.company.table("person").set_index("id")["name"]
    expected = handed_over(recomputed, YEAR)
    rows = by_owner(query_layer, recomputed, "time_to_fill", "handover")
    assert {name: row.n for name, row in rows.items() if row.n} == {
        people[key]: len(found) for key, found in expected.items()
    }
    medians = {people[key]: km_quantile(found, 0.5) for key, found in expected.items()}
    assert_close({name: row.value for name, row in rows.items()}, medians, DAYS)


def test_3_matured_conversion_agrees(ask: Asker, recomputed: Recomputed) -> None:
    names = recomputed.company.table("source").set_index("id")["name"]
    expected = matured_conversion(recomputed, YEAR, lambda row: names.get(row["source_id"]))
    rows = ask("source_conversion_matured", by=("source",)).rows
    assert {row.dims["source"]: (row.numerator, row.denominator) for row in rows if row.denominator} == expected


def test_5_time_in_stage_agrees(ask: Asker, recomputed: Recomputed) -> None:
    subjects = recomputed.time_in_stage(YEAR)
    answer = ask("time_in_stage", by=("canonical_stage",))
    expected = {stage: km_quantile(found, 0.5) for stage, found in subjects.items()}
    assert_close(values(answer, "time_in_stage", "canonical_stage"), expected, DAYS)
    assert {row.dims["canonical_stage"]: row.n for row in answer.rows} == {s: len(f) for s, f in subjects.items()}


def test_5_pass_through_agrees(ask: Asker, recomputed: Recomputed) -> None:
    found = values(ask("pass_through_rate", by=("transition",)), "pass_through_rate", "transition")
    expected = {
        f"{start} to {stop}": aj_at(recomputed.transition(YEAR, start, stop, lambda _: "")[""], "reached", 60)
        for start, stop in TRANSITIONS
    }
    assert_close(found, expected, RATE)
    whole = recomputed.transition(YEAR, "applied", "hired", recomputed.by_department)
    by_department = values(ask("pass_through_rate", by=("department",)), "pass_through_rate", "department")
    assert_close(by_department, {group: aj_at(subjects, "reached", 120) for group, subjects in whole.items()}, RATE)


def test_5_the_curve_guard_agrees(query_layer: QueryLayer, recomputed: Recomputed) -> None:
    as_of = recomputed.company.as_of.to_pydatetime()
    query = Query(("pass_through_rate", "time_to_fill"), period=Period(YEAR.start, YEAR.end), as_of=as_of)
    answer = query_layer.ask(query, OPERATOR)
    subjects = recomputed.transition(YEAR, "applied", "hired", lambda _: "")[""]
    assert answer.one("pass_through_rate").value == pytest.approx(aj_at(subjects, "reached", 120, guard=5), abs=RATE)
    seats = recomputed.time_to_fill(YEAR, lambda _: "")[""]
    assert answer.one("time_to_fill").value == pytest.approx(km_quantile(seats, 0.5, guard=5), abs=DAYS)


def test_5_source_conversion_agrees(ask: Asker, recomputed: Recomputed) -> None:
    names = recomputed.company.table("source").set_index("id")["name"]

    def by_source(row: pd.Series) -> str | None:
        return names.get(row["source_id"])

    subjects = recomputed.transition(YEAR, "applied", "hired", by_source, external=True)
    answer = ask("source_conversion", by=("source",))
    assert_close(
        values(answer, "source_conversion", "source"),
        {group: aj_at(found, "reached", 120) for group, found in subjects.items()},
        RATE,
    )


def test_5_drop_off_agrees(ask: Asker, recomputed: Recomputed) -> None:
    tally = recomputed.drop_off(YEAR)
    answer = ask("drop_off_rate", by=("canonical_stage",))
    for row in answer.rows:
        counter = tally[str(row.dims["canonical_stage"])]
        counted = {name: row.extra[name] for name in counter}
        assert counted == dict(counter)
        resolved = counter["advanced"] + counter["rejected"] + counter["dropped"]
        assert row.value == (pytest.approx(counter["dropped"] / resolved, abs=RATE) if resolved else None)
    assert set(tally) == {row.dims["canonical_stage"] for row in answer.rows}


def test_5_what_is_open_agrees(ask: Asker, recomputed: Recomputed) -> None:
    net, gross, seats = recomputed.open_seats(recomputed.by_department)
    answer = ask("open_requisitions", "open_seats", by=("department",), span=None)
    assert non_zero(values(answer, "open_requisitions", "department")) == dict(net)
    assert non_zero(values(answer, "open_seats", "department")) == dict(+seats)
    assert {row.dims["department"]: row.extra["gross"] for row in answer.of("open_requisitions")} == dict(gross)
    active, still_open = recomputed.pipeline(recomputed.by_department)
    answer = ask("active_pipeline", "open_applications", by=("department",), span=None)
    assert non_zero(values(answer, "active_pipeline", "department")) == dict(active)
    assert non_zero(values(answer, "open_applications", "department")) == dict(still_open)


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_5_each_bin_equals_its_own_question(ask: Asker, grain: str) -> None:
    names = ("time_to_fill", "time_in_stage", "time_to_hire", "offer_acceptance_rate", "hires", "feedback_turnaround")
    series = ask(*names, by=(grain,))
    for start in (date(2026, 1, 1), date(2026, 4, 1)):
        end = date(2026, start.month + (1 if grain == "month" else 3), 1)
        label = f"{start:%Y-%m}" if grain == "month" else f"2026-Q{(start.month + 2) // 3}"
        alone = ask(*names, span=Span(start, end))
        for name in names:
            one, other = series.one(name, **{grain: label}), alone.one(name)
            assert (one.value, one.n, one.events) == (other.value, other.n, other.events), (name, label)


def test_5_late_feedback_agrees(ask: Asker, recomputed: Recomputed) -> None:
    hours = recomputed.feedback_hours(YEAR)
    row = ask("feedback_turnaround").one("feedback_turnaround")
    assert (row.n, row.events) == (len(hours), sum(is_in for _, is_in in hours))
    assert row.value == pytest.approx(km_quantile([(None, t, "in" if is_in else "") for t, is_in in hours], 0.5) / 6)


def test_5_the_recomputation_shares_no_code_with_what_it_checks() -> None:
    folder = Path(__file__).parents[1] / "independent"
    files = list(folder.glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(("services.mart", "services.metrics")), f"{file.name} imports {name}"
