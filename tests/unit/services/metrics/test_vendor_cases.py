"""X1: each rule of a walk by hand, on the offers of golden case 6 and on a handful of seats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.metric import Period, Query
from services.metrics.query import QueryLayer
from services.metrics.vendor_cases import VARIANTS, Counted, Variant, evaluator, turned
from services.metrics.vendor_rules import rule
from tests.metric_scenes import OPERATOR, FakeNames, SmallMart, SmallSnapshot

ROLE = {"requisition_id": 1, "department_id": 1, "country": "DE", "region": "EMEA"}
FIRST_QUARTER = Period(date(2026, 1, 1), date(2026, 4, 1))
OFFERS = (
    ("p1", "2026-01-10", "2026-01-12", "superseded"),
    ("p1", "2026-01-15", "2026-01-18", "accepted"),
    ("p2", "2026-01-20", "2026-01-23", "accepted"),
    ("p3", "2026-02-01", "2026-02-05", "declined"),
    ("p4", "2026-02-03", "2026-02-17", "expired"),
    ("p5", "2026-02-04", "2026-02-06", "rescinded"),
    ("p6", "2026-03-25", None, "pending"),
    ("p7", "2026-02-10", "2026-02-12", "candidate_withdrew"),
    ("p8", "2026-02-11", "2026-02-13", "declined"),
    ("p8", "2026-02-27", "2026-03-02", "accepted"),
    ("p9", "2026-03-01", "2026-03-04", "accepted"),
    ("p10", "2026-03-28", "2026-04-01", "superseded"),
    ("p10", "2026-04-02", "2026-04-06", "accepted"),
    ("p11", "2026-03-10", "2026-03-12", "accepted"),
)
"""Application, extended, answered, answer."""


def at(day: str | None) -> datetime | None:
    return datetime.fromisoformat(day) if day else None


@pytest.fixture
def mart() -> SmallMart:
    mart = SmallMart(SmallSnapshot(as_of=datetime(2026, 4, 30, tzinfo=UTC)))
    mart.add("dim_requisition", {**ROLE, "timezone": "UTC"})
    return mart


def figures(mart: SmallMart, metric: str) -> Callable[[Variant], Counted]:
    layer = QueryLayer(mart, FakeNames())
    question = layer.strata(Query((metric,), period=FIRST_QUARTER), OPERATOR).question
    return evaluator(metric, question, mart)


def walk(mart: SmallMart, vendor: str, metric: str) -> list[tuple[float | None, int]]:
    figure, found = figures(mart, metric), rule(vendor, metric)
    variant = VARIANTS[found.start]
    values = [figure(variant)]
    for step in found.steps:
        if step != "open_seats_censored":
            variant = turned(variant, step)
            values.append(figure(variant))
    return [(one.value, one.n) for one in values]


def add_offers(mart: SmallMart) -> None:
    first: dict[str, str] = {}
    for number, (application, extended, answered, answer) in enumerate(OFFERS, 1):
        began = at(first.setdefault(application, extended))
        row: dict[str, Any] = {"offer_version_id": number, "application_id": int(application[1:]), "position": number}
        row |= {"first_extended_at": began, "first_extended_on": began, "extended_at": at(extended)}
        mart.add("fact_offer_version", {**ROLE, **row, "answered_at": at(answered), "answer": answer})


def test_x1_offers_of_the_quarter_rule_by_rule(mart: SmallMart) -> None:
    add_offers(mart)
    # by the last version p10 belongs to the second quarter; p6 waits, p5 was taken back
    assert walk(mart, "greenhouse", "offer_acceptance_rate") == [(5 / 10, 10), (6 / 11, 11), (6 / 10, 10), (6 / 9, 9)]
    # accepted and declined by the day of the answer; p4 and p7 come in last
    assert walk(mart, "ashby", "offer_acceptance_rate") == [(5 / 6, 6), (6 / 7, 7), (6 / 9, 9)]


def test_x1_who_waits_in_the_offer_stage_counts_for_gem(mart: SmallMart) -> None:
    add_offers(mart)
    waiting = {"application_id": 50, "offer_at": at("2026-03-01"), "offer_on": at("2026-03-01")}
    mart.add("fact_application", {**ROLE, **waiting})
    mart.add("fact_application", {**ROLE, **waiting, "application_id": 51, "offer_on": at("2025-12-30")})
    assert walk(mart, "gem", "offer_acceptance_rate") == [(6 / 12, 12), (6 / 11, 11), (6 / 10, 10), (6 / 9, 9)]


def add_seat(mart: SmallMart, number: int, requisition: int, days: float | None, **fields: Any) -> None:
    opened, held = datetime.fromisoformat("2026-01-05T22:00"), fields.pop("held", 0)
    row: dict[str, Any] = {"seat_id": number, "opened_at": opened, "opened_net": 0, **fields}
    if days is not None:
        filled = opened + timedelta(days=days)
        row |= {"filled_at": filled, "filled_on": filled.date(), "filled_net": round((days - held) * 86_400)}
    mart.add("fact_seat", {**ROLE, "requisition_id": requisition, **row})


def test_x1_seats_rule_by_rule(mart: SmallMart) -> None:
    """Role 1 has seats filled after 10 and 30 days, role 2 one after 20 (4 held), role 3 one made for its offer.

    Role 4 has a filled and an open seat: no requisition is filled yet.
    """
    for requisition in (2, 3, 4):
        mart.add("dim_requisition", {**ROLE, "requisition_id": requisition, "timezone": "UTC"})
    add_seat(mart, 1, 1, 10)
    add_seat(mart, 2, 1, 30)
    add_seat(mart, 3, 2, 20.03, held=4)
    add_seat(mart, 4, 3, 1, evergreen_at=at("2026-01-06"))
    add_seat(mart, 5, 4, 60)
    add_seat(mart, 6, 4, None)
    lever = walk(mart, "lever", "time_to_fill")
    assert [n for _, n in lever] == [3, 5, 4, 4, 4, 4]
    expected = [
        (30 + 20.03 + 1) / 3,
        (10 + 30 + 20.03 + 1 + 60) / 5,
        (10 + 30 + 20.03 + 60) / 4,
        120 / 4,
        116 / 4,
        23.0,
    ]
    assert [value for value, _ in lever] == pytest.approx(expected)
    # opened 22:00, filled 22:43 twenty days later, four days of it held
    workable = walk(mart, "workable", "time_to_fill")
    assert workable[0][0] == pytest.approx((10 + 30 + 16 + 1 + 60) / 5)


def test_x1_hires_rule_by_rule(mart: SmallMart) -> None:
    hires = (("2026-01-10T23:00", "2026-01-31T01:00", None), ("2026-01-10", "2026-02-09", "2026-02-20"))
    for number, (applied, accepted, undone) in enumerate((*hires, ("2026-01-01", "2026-03-30", None)), 1):
        moment = at(accepted)
        assert moment
        row = {"application_id": number, "applied_at": at(applied), "accepted_at": moment, "accepted_on": moment.date()}
        mart.add("fact_application", {**ROLE, **row, "undone_at": at(undone)})
    found = [value for value, _ in walk(mart, "workable", "time_to_hire")]
    first = 20 + 2 / 24
    assert found == pytest.approx([139 / 3, (first + 30 + 88) / 3, (first + 88) / 2, (20.1 + 88) / 2, (20.1 + 88) / 2])
