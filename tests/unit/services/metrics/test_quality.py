"""Early performance and quality of hire: golden G12, and the ratings' z against the statistics module."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.metric import Query, Reason
from services.metrics.query import QueryLayer
from services.metrics.scores import shrunken_raters
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart, SmallSnapshot

START = date(2026, 1, 5)
AS_OF = datetime(2026, 8, 1, tzinfo=UTC)
Rating = tuple[int | None, float]


class HiredCompany:
    def __init__(self) -> None:
        self.mart = SmallMart(SmallSnapshot(as_of=AS_OF))
        self.layer = QueryLayer(self.mart, FakeNames())

    def hire(self, number: int, **values: Any) -> None:
        standing = {"hire_id": number, "application_id": number, "requisition_id": 1, "started_on": START}
        self.mart.add("fact_hire", {**standing, "department_id": 1, "region": "EMEA", **values})

    def rate(self, number: int, rater: int | None, rating: float | None, **values: Any) -> None:
        standing = {"review_id": number, "hire_id": number, "started_on": START, "cycle": "90 days"}
        when = {"reviewed_on": START + timedelta(days=95)}
        self.mart.add("fact_review", {**standing, **when, "rater_id": rater, "rating": rating, **values})

    def answer(self, number: int, score: float) -> None:
        kind = {"kind": "hiring_manager_satisfaction", "answered_at": datetime(2026, 2, 1)}  # noqa: DTZ001 - naive UTC
        self.mart.add("fact_survey_answer", {"answer_id": number, "application_id": number, "score": score, **kind})

    def ask(self, metric: str, **query: Any) -> Any:
        return self.layer.ask(Query((metric,), **{"raw": True, **query}), OPERATOR).one(metric)


@pytest.fixture
def g12() -> HiredCompany:
    """Five hires with two raters; the fifth left on day 70."""
    company = HiredCompany()
    for number, days in enumerate((60, 120, 200, 90), 1):
        company.hire(number, productive_on=START + timedelta(days=days), target_days=90)
    company.hire(5, target_days=90, left_on=START + timedelta(days=70), leave_cause="voluntary")
    for number, (rater, rating) in enumerate([(201, 3 / 4), (201, 1.0), (201, 3 / 4), (202, 6 / 9)], 1):
        company.rate(number, rater, rating)
    for number, score in enumerate((4, 5, 3, 4, 2), 1):
        company.answer(number, score)
    return company


def test_golden_g12_index_with_and_without_the_leaver(g12: HiredCompany) -> None:
    row = g12.ask("quality_of_hire_90")
    assert (row.n, row.horizon) == (5, 90)
    assert row.value == pytest.approx(55.0193, abs=1e-4)
    assert row.extra["without_leavers"] == row.naive == pytest.approx(66.6908, abs=1e-4)
    parts = {name: row.extra[name] for name in ("leavers", "with_performance", "with_ramp", "with_satisfaction")}
    assert parts == {"leavers": 1, "with_performance": 4, "with_ramp": 5, "with_satisfaction": 5}
    assert row.extra["performance"] == pytest.approx((34.5710 + 90.9082 + 34.5710 + 23.5243) / 4, abs=1e-4)
    assert row.extra["retention"] == 80


def test_golden_g12_the_small_number_rule_hides_the_index_and_keeps_the_coverage(g12: HiredCompany) -> None:
    row = g12.ask("quality_of_hire_90", raw=False)
    assert (row.value, row.reason, row.n) == (None, Reason.TOO_FEW, 5)
    assert (row.naive, row.extra["with_performance"]) == (None, 4)
    assert "without_leavers" not in row.extra


def test_golden_g12_z_shrinks_each_rater_towards_everybody(g12: HiredCompany) -> None:
    of_a, of_b, s = (2.5 + 5 * 19 / 24) / 8, (2 / 3 + 5 * 19 / 24) / 6, (1 / 48) ** 0.5
    assert (of_a, of_b, s) == pytest.approx((0.807292, 0.770833, 0.144338), abs=1e-6)
    z = [(3 / 4 - of_a) / s, (1 - of_a) / s, (3 / 4 - of_a) / s, (2 / 3 - of_b) / s]
    row = g12.ask("early_performance")
    assert (row.n, row.extra["not_rated"]) == (4, 1)
    assert row.value == pytest.approx(sum(z) / 4, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_z_in_the_engine_equals_the_statistics_module(seed: int) -> None:
    dice = random.Random(seed)
    company, given = HiredCompany(), dict[str, list[float]]()
    ratings = [(dice.choice([201, 202, 203]), dice.randint(0, 10) / 10) for _ in range(dice.randint(2, 30))]
    for number, (rater, rating) in enumerate(ratings, 1):
        company.hire(number)
        company.rate(number, rater, rating)
        given.setdefault(str(rater), []).append(rating)
    raters = shrunken_raters(given)
    assert raters is not None
    z = [raters.z(str(rater), rating) for rater, rating in ratings]
    known = [one for one in z if one is not None]
    row = company.ask("early_performance")
    assert row.value == (pytest.approx(sum(known) / len(known), abs=2e-6) if known else None)


def test_only_the_first_rating_from_day_90_on_counts_and_each_cycle_is_its_own() -> None:
    company = HiredCompany()
    for number in (1, 2, 3, 4):
        company.hire(number)
        company.rate(10 + number, 201, 1.0, hire_id=number, reviewed_on=START + timedelta(days=89))
        company.rate(20 + number, 201, 1.0, hire_id=number, reviewed_on=START + timedelta(days=170))
    for number, rating in ((1, 0.25), (2, 0.75)):
        company.rate(number, 201, rating, reviewed_on=START + timedelta(days=90))
    for number, rating in ((3, 0.5), (4, 0.5)):
        company.rate(number, 201, rating, cycle="other")
    row = company.ask("early_performance")
    # the other cycle's ratings do not differ: they say nothing
    assert (row.n, row.extra["not_rated"]) == (2, 2)
    assert row.value == pytest.approx(0, abs=1e-6)


def test_what_is_missing_rescales_the_weights_if_enough_remains() -> None:
    company = HiredCompany()
    company.hire(1, productive_on=START, target_days=90)
    company.answer(1, 5)
    company.hire(2, productive_on=START, target_days=90)  # 0.4 of the weights
    row = company.ask("quality_of_hire_90")
    assert (row.n, row.value, row.extra["not_scored"]) == (1, pytest.approx(100), 1)


def test_a_milestone_never_attested_is_unknown_until_twice_its_target_has_gone_by() -> None:
    company = HiredCompany()
    for number, target in ((1, 104), (2, 105)):  # 208 days after the start
        company.hire(number, target_days=target)
        company.answer(number, 3)
    row = company.ask("quality_of_hire_90")
    assert (row.n, row.extra["with_ramp"], row.extra["not_scored"]) == (1, 1, 1)
    assert row.value == pytest.approx((0 + 100 + 50) / 3)


@pytest.mark.parametrize(("days", "count"), [(119, 0), (120, 1)])
def test_a_hire_matures_thirty_days_after_day_90(days: int, count: int) -> None:
    company = HiredCompany()
    company.hire(1, started_on=AS_OF.date() - timedelta(days=days), left_on=AS_OF.date(), target_days=90)
    assert company.ask("quality_of_hire_90").n + company.ask("quality_of_hire_90").extra["not_scored"] == count


@pytest.mark.parametrize(
    ("left", "cause", "leavers"), [(89, "voluntary", 1), (90, "voluntary", 0), (50, "internal_move", 0)]
)
def test_whoever_works_on_day_90_has_stayed_and_a_move_is_no_leaving(left: int, cause: str, leavers: int) -> None:
    company = HiredCompany()
    company.hire(1, left_on=START + timedelta(days=left), leave_cause=cause, target_days=90)
    company.answer(1, 4)
    assert company.ask("quality_of_hire_90").extra["leavers"] == leavers


def test_a_year_is_the_other_horizon() -> None:
    company = HiredCompany()
    company.hire(1, started_on=date(2025, 3, 1), left_on=date(2025, 9, 1), leave_cause="voluntary")
    company.answer(1, 5)
    assert company.ask("quality_of_hire_90").extra["leavers"] == 0
    row = company.ask("quality_of_hire_12m")
    assert (row.value, row.extra["leavers"], row.horizon) == (pytest.approx((0 + 0 + 100) / 3), 1, 365)
