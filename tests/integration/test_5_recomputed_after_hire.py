"""Capability 5: what follows a hire, recomputed in pandas from the store, before and after random changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from services.domain.metric import Answer, Period, Query
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store import tables as t
from services.store.database import Store
from services.store.migrations import migrate
from tests.independent.after_hire import AfterHire
from tests.independent.company import Company
from tests.independent.recomputed import Span, aj_at, curves, km_quantile
from tests.independent.records import Records
from tests.metric_scenes import OPERATOR

APPLICATIONS = 3_000
RATE, DAYS, SCORE = 1e-9, 0.05, 1e-4
YEARS = Span(date(2024, 1, 1), date(2026, 10, 1))
NOW, JULY = datetime(2026, 11, 24, 6, tzinfo=UTC), datetime(2026, 7, 20, 15, 30, tzinfo=UTC)
Asker = Callable[..., Answer]


def disturb(store: Store, seed: int) -> None:
    """Hires that leave, come back, move, never were staff; ratings, checks and tasks that are odd or missing."""
    dice = random.Random(seed)
    with store.write() as connection:
        hires = connection.execute(sa.select(t.Hire.id, t.Hire.application_id, t.Hire.started_on)).all()
        people = list(connection.scalars(sa.select(t.Person.id).limit(50)))
        started = [(hire, application, on) for hire, application, on in hires if on is not None]
        for hire, _, on in started:
            if dice.random() < 0.7:
                change = _changed_hire(dice, on, people)
                connection.execute(sa.update(t.Hire).where(t.Hire.id == hire).values(**change))
        for number, (_, application, on) in enumerate(dice.sample(started, len(started) // 3)):
            again = on + timedelta(days=dice.choice([20, 110, 119, 121, 230]))
            row = {"source_system": "again", "external_id": str(number), "application_id": application}
            connection.execute(sa.insert(t.Hire).values(**row, started_on=again, employment="employee"))
        _disturb_ratings_and_checks(connection, dice, people)
        connection.execute(sa.update(t.OnboardingTask).where(t.OnboardingTask.id % 7 == 0).values(done_on=None))
        connection.execute(sa.delete(t.OnboardingTask).where(t.OnboardingTask.hire_id % 5 == 0))
        _let_claims_meet(connection)


def _let_claims_meet(connection: sa.Connection) -> None:
    """Every second candidate with an agency or a referral is the one before."""
    claimed = (
        sa.select(t.Application.id, t.Application.candidate_id)
        .join(t.Source, t.Source.id == t.Application.source_id)
        .where(t.Application.ended_at.is_(None), t.Source.channel.in_(("agency", "referral")))
        .order_by(t.Application.id)
    )
    rows = connection.execute(claimed).all()
    for (_, candidate), (number, _) in zip(rows[::2], rows[1::2], strict=False):
        connection.execute(sa.update(t.Application).where(t.Application.id == number).values(candidate_id=candidate))


def _changed_hire(dice: random.Random, started: date, people: list[int]) -> dict[str, object]:
    change: dict[str, object] = {"employment": dice.choice(["employee", "Contractor", "intern", None])}
    if dice.random() < 0.5:
        change["left_on"] = started + timedelta(days=dice.choice([5, 89, 90, 200, 365, 366]))
        causes = ["voluntary", "involuntary", "fixed_term_ended", "internal_move", None]
        change["leave_cause"] = dice.choice(causes)
    if dice.random() < 0.3:
        change |= {"person_id": dice.choice(people), "target_days": dice.choice([None, 30, 90])}
    if dice.random() < 0.2:
        change["productive_on"] = None
    return change


def _disturb_ratings_and_checks(connection: sa.Connection, dice: random.Random, people: list[int]) -> None:
    for review in connection.scalars(sa.select(t.PerformanceReview.id)).all():
        odd = {"rating": dice.choice([None, 1, 4.5, 9]), "rater_id": dice.choice([None, *people[:3]])}
        if dice.random() < 0.4:
            odd["cycle"] = dice.choice([None, "other"])
            connection.execute(sa.update(t.PerformanceReview).where(t.PerformanceReview.id == review).values(**odd))
    for check in connection.scalars(sa.select(t.BackgroundCheck.id)).all():
        odd = {"outcome": dice.choice([None, "clear", "review"]), "kind": dice.choice(["drug", "assessment"])}
        if dice.random() < 0.4:
            connection.execute(sa.update(t.BackgroundCheck).where(t.BackgroundCheck.id == check).values(**odd))


@pytest.fixture(scope="module", params=[None, 3], ids=["as told", "disturbed"])
def store(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("independent")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    load(store, applications=APPLICATIONS, seed=8, until=NOW.date())
    if request.param is not None:
        disturb(store, request.param)
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def query_layer(store: Store, tmp_path_factory: pytest.TempPathFactory) -> QueryLayer:
    snapshots = tmp_path_factory.mktemp("snapshots")
    build_apart(store.url.render_as_string(hide_password=False), snapshots)
    return QueryLayer(MartReader(snapshots), StoreNames(store))


@pytest.fixture(scope="module", params=[NOW, JULY], ids=["now", "july"])
def recomputed(store: Store, request: pytest.FixtureRequest) -> AfterHire:
    return AfterHire(Company(store.engine, pd.Timestamp(request.param)))


@pytest.fixture(scope="module")
def ask(query_layer: QueryLayer, recomputed: AfterHire) -> Asker:
    def ask_(*metrics: str, by: tuple[str, ...] = ()) -> Answer:
        as_of = recomputed.company.as_of.to_pydatetime()
        query = Query(metrics, by=by, period=Period(YEARS.start, YEARS.end), as_of=as_of, raw=True)
        return query_layer.ask(query, OPERATOR)

    return ask_


def test_5_attrition_agrees_by_cause_and_department(ask: Asker, recomputed: AfterHire) -> None:
    whole = recomputed.attrition(YEARS, lambda _: None)[None]
    row = ask("first_year_attrition").one("first_year_attrition")
    assert (row.n, row.events) == (len(whole), sum(bool(cause) for _, _, cause in whole))
    causes = ("voluntary", "involuntary", "fixed_term_ended", "unknown_cause")
    expected = {cause: aj_at(whole, cause, 365) for cause in causes}
    assert {cause: row.extra[cause] for cause in causes} == pytest.approx(expected, abs=RATE)
    assert row.value == pytest.approx(row.extra["voluntary"] + row.extra["involuntary"], abs=RATE)
    by_department = recomputed.attrition(YEARS, lambda hire: hire.department)
    for one in ask("first_year_attrition", by=("department",)).rows:
        subjects = by_department[one.dims["department"]]
        headline = [
            (entry, t, cause if cause not in {"voluntary", "involuntary"} else "left") for entry, t, cause in subjects
        ]
        assert one.value == pytest.approx(aj_at(headline, "left", 365), abs=RATE)


def _headline(cause: str) -> str:
    return "left" if cause in {"voluntary", "involuntary"} else cause


def test_5_time_to_productivity_agrees(ask: Asker, recomputed: AfterHire) -> None:
    subjects = recomputed.productivity(YEARS)
    row = ask("time_to_productivity").one("time_to_productivity")
    assert (row.n, row.events) == (len(subjects), sum(cause == "productive" for _, _, cause in subjects))
    for level, value in ((0.25, row.p25), (0.5, row.value), (0.75, row.p75)):
        reached = (t / 10 for t, _, incidence in curves(subjects) if incidence.get("productive", 0) >= level - 1e-9)
        assert value == next(reached, None)


def test_5_quality_of_hire_agrees(ask: Asker, recomputed: AfterHire) -> None:
    for metric, horizon in (("quality_of_hire_90", 90), ("quality_of_hire_12m", 365)):
        expected = recomputed.quality(YEARS, horizon)
        answer = ask(metric, by=("department",))
        found = {row.dims["department"]: row.value for row in answer.rows if row.value is not None}
        means = {group: sum(index for index, _ in own) / len(own) for group, own in expected.items()}
        assert found == pytest.approx(means, abs=SCORE)
        everybody = [one for own in expected.values() for one in own]
        row = ask(metric).one(metric)
        assert (row.n, row.extra["leavers"]) == (len(everybody), sum(is_leaver for _, is_leaver in everybody))
        stayed = [index for index, is_leaver in everybody if not is_leaver]
        without = pytest.approx(sum(stayed) / len(stayed), abs=SCORE) if stayed else None
        assert row.extra["without_leavers"] == without
        assert len(everybody) > (20 if metric == "quality_of_hire_90" else 0)


def test_5_early_performance_agrees(ask: Asker, recomputed: AfterHire) -> None:
    expected = recomputed.early_performance(YEARS)
    found = {row.dims["department"]: (row.value, row.n) for row in ask("early_performance", by=("department",)).rows}
    known = {group: value for group, (value, n) in found.items() if n}
    assert known == pytest.approx({group: sum(z) / len(z) for group, z in expected.items()}, abs=1e-5)
    assert {group: n for group, (_, n) in found.items() if n} == {group: len(z) for group, z in expected.items()}


def test_5_satisfaction_agrees(ask: Asker, recomputed: AfterHire) -> None:
    scores, voices, asked = recomputed.satisfaction(YEARS)
    row = ask("hiring_manager_satisfaction").one("hiring_manager_satisfaction")
    assert (row.numerator, row.denominator, row.n) == (len(scores), asked, len(voices))
    assert row.value == pytest.approx(sum(scores) / len(scores), abs=RATE)
    weighted, plain = recomputed.promoters(YEARS)
    row = ask("candidate_nps").one("candidate_nps")
    assert (row.value, row.naive) == pytest.approx((weighted, plain), abs=RATE)


def test_5_onboarding_agrees(ask: Asker, recomputed: AfterHire) -> None:
    done, due, first = recomputed.onboarding(YEARS)
    row = ask("onboarding_completion").one("onboarding_completion")
    assert (row.numerator, row.denominator) == (done, due)
    ready = ask("first_day_ready").one("first_day_ready")
    assert dict(ready.extra) == {name: first[name] for name in ("ready", "not_ready", "unknown")}
    assert min(first.values()) > 0


def test_5_checks_agree(ask: Asker, recomputed: AfterHire) -> None:
    subjects = recomputed.turnaround(YEARS)
    row = ask("check_turnaround").one("check_turnaround")
    assert (row.n, row.events) == (len(subjects), sum(bool(cause) for _, _, cause in subjects))
    assert row.value == pytest.approx(km_quantile(subjects, 0.5), abs=DAYS)
    assert ask("check_before_offer").one("check_before_offer").value == recomputed.before_offer(YEARS)
    states = recomputed.clearance(YEARS)
    row = ask("hire_before_clearance").one("hire_before_clearance")
    assert row.value == states["not_back"] + states["not_clear"]
    assert dict(row.extra) == {name: states[name] for name in ("not_back", "not_clear", "cleared", "no_check")}


@pytest.fixture(scope="module")
def records(recomputed: AfterHire) -> Records:
    return Records(recomputed.company)


def test_5_field_completeness_agrees(ask: Asker, records: Records) -> None:
    required, missing = records.fields()
    row = ask("field_completeness").one("field_completeness")
    assert (row.denominator, row.denominator - row.numerator) == (required.total(), missing.total())
    assert {name: row.extra[f"missing_{name}"] for name in required} == {name: missing[name] for name in required}


def test_5_silence_agrees(ask: Asker, records: Records) -> None:
    stale, standing = records.silent()
    row = ask("stale_candidates").one("stale_candidates")
    assert (row.value, row.denominator) == (stale, standing)
    assert 0 < stale < standing


def test_5_disputed_claims_agree(ask: Asker, records: Records, request: pytest.FixtureRequest) -> None:
    found = ask("ownership_conflicts").one("ownership_conflicts").value
    assert found == records.conflicts()
    assert found or "disturbed-now" not in request.node.name


def test_5_loads_agree(ask: Asker, records: Records) -> None:
    weeks = records.interviewer_weeks(YEARS)
    row = ask("interviewer_load").one("interviewer_load")
    assert (row.n, row.extra["people"]) == (len(weeks), len({person for person, _ in weeks}))
    assert row.value == pytest.approx(sum(load for load, _ in weeks.values()) / len(weeks), abs=0.01)
    assert row.extra["over_cap"] == sum(round(load * 60) > round(cap * 60) for load, cap in weeks.values())
    used = sum(load for load, _ in weeks.values()) / sum(cap for _, cap in weeks.values())
    assert ask("capacity_use").one("capacity_use").value == pytest.approx(used, abs=1e-4)
    seats = records.recruiter_seats()
    row = ask("recruiter_load").one("recruiter_load")
    assert row.extra["people"] == len(seats)
    assert row.value == pytest.approx(sum(seats.values()) / len(seats), abs=0.01)
