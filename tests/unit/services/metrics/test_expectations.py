"""Capability 3 (5.1): observed against expected for the same mix, as further figures of a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.domain.errors import InvalidInputError
from services.domain.metric import Answer, Query
from services.domain.people import Scope, Viewer
from services.metrics.query import QueryLayer
from tests.metric_scenes import ADA, OPERATOR, RITA, FakeNames, SmallMart, SmallSnapshot

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
KEYS = ("observed", "expected", "ratio", "ratio_low", "ratio_high")


def seconds(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp())


class Scene:
    """Offers and seats of Rita (105) and Omar (205) in two job families."""

    def __init__(self) -> None:
        self.mart = SmallMart(SmallSnapshot(as_of=(FIRST + timedelta(days=300)).replace(tzinfo=UTC)))
        self.mart.add(
            "dim_job_family", {"job_family_id": 1, "name": "Engineering"}, {"job_family_id": 2, "name": "Sales"}
        )
        self.mart.add("dim_job_level", {"job_level_id": 1, "rank": 1, "name": "Senior"})
        for key in (1, 2):
            row = {"requisition_id": key, "recruiter_id": (105, 205)[key - 1], "timezone": "UTC", "status": "open"}
            self.mart.add("dim_requisition", row)
        self.count = 0

    def dims(self, recruiter: int, family: int, department: int = 1) -> dict[str, Any]:
        own = {"requisition_id": 1 if recruiter == 105 else 2, "recruiter_id": recruiter, "job_family_id": family}
        return own | {"job_level_id": 1, "country": "DE", "department_id": department, "region": "EMEA"}

    def offers(self, recruiter: int, family: int, accepted: int, declined: int) -> None:
        for number in range(accepted + declined):
            self.count += 1
            row = self.dims(recruiter, family) | {"offer_version_id": self.count, "application_id": self.count}
            row |= {"position": 1, "first_extended_on": FIRST.date(), "extended_at": FIRST, "first_extended_at": FIRST}
            answer = "accepted" if number < accepted else "declined"
            self.mart.add("fact_offer_version", row | {"answered_at": FIRST, "answer": answer})

    def seats(self, recruiter: int, family: int, count: int, days: int) -> None:
        for _ in range(count):
            self.count += 1
            filled = FIRST + timedelta(days=days)
            row = self.dims(recruiter, family) | {"seat_id": self.count}
            row |= {"opened_at": FIRST, "opened_on": FIRST.date(), "opened_net": seconds(FIRST)}
            row |= {"filled_at": filled, "filled_on": filled.date(), "filled_net": seconds(filled)}
            self.mart.add("fact_seat", row)

    def ask(self, metric: str, viewer: Viewer = OPERATOR, **fields: Any) -> Answer:
        return QueryLayer(self.mart, FakeNames()).ask(Query((metric,), expected=True, **fields), viewer)


@pytest.fixture
def scene() -> Scene:
    """Engineering accepts half of Omar's 60 offers, sales 45 of 50. Rita: 9 of 12 and 8 of 10."""
    scene = Scene()
    scene.offers(105, 1, 9, 3)
    scene.offers(105, 2, 8, 2)
    scene.offers(205, 1, 30, 30)
    scene.offers(205, 2, 45, 5)
    return scene


def test_5_1_a_rate_beside_what_its_mix_would_give(scene: Scene) -> None:
    row = scene.ask("offer_acceptance_rate", by=("recruiter",)).one("offer_acceptance_rate", recruiter="Recruiter Rita")
    assert row.value == pytest.approx(17 / 22)
    observed, expected, ratio, low, high = (row.extra[key] for key in KEYS)
    assert (observed, expected, ratio) == pytest.approx((17 / 22, 15 / 22, 17 / 15))
    assert low is not None
    assert high is not None
    assert low < 17 / 15 < high


def test_5_1_a_filter_compares_like_a_split(scene: Scene) -> None:
    row = scene.ask("offer_acceptance_rate", where={"recruiter": ("Recruiter Rita",)}).one("offer_acceptance_rate")
    assert row.extra["ratio"] == pytest.approx(17 / 15)


def test_5_1_a_curve_is_compared_by_events_per_day_at_risk() -> None:
    """Omar fills 40 seats in 50 days each, 0.02 a day. Rita's 25 seats took 20 days each: 500 days, 10 expected."""
    scene = Scene()
    scene.seats(105, 2, 25, 20)
    scene.seats(205, 2, 40, 50)
    row = scene.ask("time_to_fill", by=("recruiter",)).one("time_to_fill", recruiter="Recruiter Rita")
    assert (row.value, row.extra["days_at_risk"]) == (20.0, 500)
    assert [row.extra[key] for key in KEYS[:3]] == pytest.approx([25, 10, 2.5])


def test_5_1_rita_learns_her_ratio_though_her_scope_is_her_own(scene: Scene) -> None:
    hers = scene.ask("offer_acceptance_rate", viewer=RITA).one("offer_acceptance_rate")
    assert hers.n == 22
    assert hers.extra["expected"] == pytest.approx(15 / 22)
    nobody = scene.ask("offer_acceptance_rate", viewer=Viewer(9, "o", "Otto", scope=Scope())).rows[0]
    assert not set(KEYS) & set(nobody.extra)


def test_5_1_below_twenty_cases_nothing_is_compared(scene: Scene) -> None:
    where = {"recruiter": ("Recruiter Rita",), "job_family": ("Engineering",)}
    row = scene.ask("offer_acceptance_rate", viewer=ADA, where=where).one("offer_acceptance_rate")
    assert (row.n, row.value) == (12, None)
    assert not set(KEYS) & set(row.extra)


def test_5_1_without_asking_nothing_is_compared(scene: Scene) -> None:
    query = Query(("offer_acceptance_rate",), by=("recruiter",))
    for row in QueryLayer(scene.mart, FakeNames()).ask(query, OPERATOR).rows:
        assert not set(KEYS) & set(row.extra)


def test_5_1_a_source_is_compared_within_the_source(scene: Scene) -> None:
    """Splits that say nothing of who did it hold for the company too; a year of nothing has no expectation."""
    answer = scene.ask("offer_acceptance_rate", by=("recruiter", "month"))
    january = answer.one("offer_acceptance_rate", recruiter="Recruiter Rita", month="2026-01")
    assert january.extra["ratio"] == pytest.approx(17 / 15)


def test_5_1_what_has_no_expectation_is_refused(scene: Scene) -> None:
    for metric in ("hires", "time_to_hire", "pass_through_rate"):
        with pytest.raises(InvalidInputError, match="no expectation"):
            scene.ask(metric)
