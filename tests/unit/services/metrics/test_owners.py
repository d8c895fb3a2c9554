"""Capability 3 (5.1): figures by recruiter under each model, through the query layer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from services.domain.errors import ForbiddenError, InvalidInputError
from services.domain.metric import Answer, Attribution, Period, Query
from services.domain.people import Viewer
from services.metrics.attribution import PARTS, Held, Stop, credits_of
from services.metrics.query import QueryLayer
from tests.metric_scenes import EVA, OPERATOR, RITA, FakeNames, SmallMart, SmallSnapshot

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
NAMES = {105: "Recruiter Rita", 205: "Recruiter Omar", 305: "Recruiter Lea"}
IDS = {name.split()[1]: key for key, name in NAMES.items()}


def at(day: float) -> datetime:
    """Midnight UTC so many days after 1 January 2026."""
    return FIRST + timedelta(days=day)


def seconds(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp())


class Scene:
    """Requisitions in UTC with owners, holds, seats and hires; days count from 1 January 2026."""

    def __init__(self) -> None:
        self.mart = SmallMart(SmallSnapshot(as_of=at(180).replace(tzinfo=UTC)))
        self.mart.add("dim_job_family", {"job_family_id": 1, "name": "Software"})
        self.stops: dict[int, list[tuple[float, float]]] = {}
        self.seats = 0

    def requisition(
        self, key: int, *owners: tuple[str, float, float | None], opened: float = 0, named: int = 205
    ) -> None:
        row = {"requisition_id": key, "recruiter_id": named, "job_family_id": 1, "timezone": "UTC", "code": f"R{key}"}
        self.mart.add("dim_requisition", row | {"opened_at": at(opened), "status": "open"})
        for name, start, end in owners:
            held = {"requisition_id": key, "person_id": IDS[name], "part": "recruiter", "from_at": at(start)}
            self.mart.add("requisition_owner", held | {"to_at": None if end is None else at(end)})

    def hold(self, requisition: int, start: float, end: float) -> None:
        self.mart.add("requisition_hold", {"requisition_id": requisition, "from_at": at(start), "to_at": at(end)})
        self.stops.setdefault(requisition, []).append((start, end))

    def net(self, requisition: int, day: float) -> int:
        stopped = sum(max(0.0, min(day, end) - start) for start, end in self.stops.get(requisition, []) if day > start)
        return seconds(at(day)) - round(stopped * 86_400)

    def hire(self, requisition: int, accepted: float, opened: float = 0) -> None:
        """A seat that is filled by an application."""
        self.seat(requisition, opened, accepted=accepted)
        row = {"application_id": self.seats, "candidate_id": self.seats, "requisition_id": requisition}
        row |= {"recruiter_id": 205, "job_family_id": 1, "applied_at": at(0), "applied_on": at(0).date()}
        self.mart.add("fact_application", row | {"accepted_at": at(accepted), "accepted_on": at(accepted).date()})

    def seat(self, requisition: int, opened: float = 0, **days: float) -> None:
        self.seats += 1
        row: dict[str, Any] = {"seat_id": self.seats, "requisition_id": requisition, "recruiter_id": 205}
        row |= {"job_family_id": 1}
        for name, column in (("opened", "opened"), ("accepted", "filled"), ("cancelled", "cancelled")):
            day = {"opened": opened, **days}.get(name)
            if day is not None:
                net = self.net(requisition, day)
                row |= {f"{column}_at": at(day), f"{column}_on": at(day).date(), f"{column}_net": net}
        self.mart.add("fact_seat", row | ({"application_id": self.seats} if "accepted" in days else {}))

    def ask(self, metric: str, model: str | None, viewer: Viewer = OPERATOR, **fields: Any) -> Answer:
        attribution = None if model is None else Attribution(model)
        query = Query((metric,), attribution=attribution, **{"raw": viewer is OPERATOR, **fields})
        return QueryLayer(self.mart, FakeNames(NAMES)).ask(query, viewer)

    def by_recruiter(self, metric: str, model: str | None, **fields: Any) -> dict[str | None, Any]:
        rows = self.ask(metric, model, by=("recruiter",), **fields).of(metric)
        return {(row.dims["recruiter"] or "nobody").removeprefix("Recruiter "): row for row in rows}

    def credits(self, model: str, **fields: Any) -> dict[str | None, Fraction]:
        rows = self.by_recruiter("hires", model, **fields)
        return {name: Fraction(row.numerator, row.denominator) for name, row in rows.items()}


@pytest.fixture
def g11() -> Scene:
    """Golden G11; x1 without the clock change, which seconds do not see: 672 and 215 of 887 hours."""
    scene = Scene()
    scene.requisition(1, ("Rita", 0, 28), ("Omar", 28, None))
    scene.hold(1, 31, 34)
    scene.hire(1, 28 + 287 / 24)
    scene.requisition(2, ("Rita", 0, 10), ("Omar", 10, 20), ("Lea", 20, None))
    scene.hire(2, 30)
    return scene


def test_g11_split_credits_add_up_to_the_hires_exactly(g11: Scene) -> None:
    found = g11.credits("split")
    expected = {"Rita": 672 / 887 + 1 / 3, "Omar": 215 / 887 + 1 / 3, "Lea": 1 / 3}
    assert {name: float(credit) for name, credit in found.items()} == pytest.approx(expected, abs=3e-9)
    assert sum(found.values()) == 2
    assert g11.by_recruiter("hires", "split")["Rita"].value == pytest.approx(1.090943, abs=1e-6)
    assert g11.ask("hires", "split").one("hires").value == 2


@pytest.mark.parametrize("model", ["primary", "handover"])
def test_g11_the_last_owner_has_the_whole_hire(g11: Scene, model: str) -> None:
    rows = g11.by_recruiter("hires", model)
    assert {name: row.value for name, row in rows.items()} == {"Omar": 1, "Lea": 1}


def test_5_1_without_a_model_it_is_the_recruiter_the_source_names(g11: Scene) -> None:
    assert {name: row.value for name, row in g11.by_recruiter("hires", None).items()} == {"Omar": 2}


def test_5_1_requisitions_without_owners_are_their_recruiters() -> None:
    scene = Scene()
    scene.requisition(1, named=305)
    scene.hire(1, 30)
    for model in Attribution:
        assert scene.credits(model.value) == {"Lea": 1}
    scene.requisition(2, ("Rita", 50, None), named=205)
    scene.hire(2, 30)
    assert scene.credits("split") == {"Lea": 1, "Omar": 1}


def test_5_1_a_gap_between_owners_is_nobodys_time() -> None:
    scene = Scene()
    scene.requisition(1, ("Rita", 0, 10), ("Omar", 25, None))
    scene.hire(1, 30)
    assert {name: round(float(credit), 6) for name, credit in scene.credits("split").items()} == {
        "Rita": 0.666667,
        "Omar": 0.333333,
    }
    scene.hire(1, 20)
    assert scene.credits("primary") == {"Omar": 1, "Rita": 1}


def test_5_1_credits_by_month_and_family_add_up_too(g11: Scene) -> None:
    answer = g11.ask("hires", "split", by=("recruiter", "month", "job_family"), period=Period(date(2026, 1, 1)))
    by_month: dict[str | None, int] = {}
    for row in answer.rows:
        by_month[row.dims["month"]] = by_month.get(row.dims["month"], 0) + int(row.numerator or 0)
    assert {month: parts for month, parts in by_month.items() if parts} == {"2026-01": PARTS, "2026-02": PARTS}


def test_5_1_a_filter_by_recruiter_is_a_filter_by_owner(g11: Scene) -> None:
    (row,) = g11.ask("hires", "split", where={"recruiter": ("Recruiter Lea",)}).rows
    assert (row.numerator, row.denominator, row.n) == (PARTS // 3, PARTS, 1)


def test_5_1_random_histories_agree_with_exact_fractions() -> None:
    rng, scene, expected = random.Random(4), Scene(), {name: Fraction(0) for name in IDS}
    hires = 0
    for key in range(1, 60):
        cuts = sorted(rng.sample(range(100), rng.randrange(1, 5)))
        names = rng.choices(list(IDS), k=len(cuts))
        history = list(zip(names, cuts, [*cuts[1:], None], strict=True))
        scene.requisition(key, *history)
        stop = sorted(rng.sample(range(100), 2))
        scene.hold(key, *stop)
        accepted = rng.randrange(cuts[0] + 1, 150)
        scene.hire(key, accepted)
        hires += 1
        holds = [Held(name, start * 86_400, None if end is None else end * 86_400) for name, start, end in history]
        stops = [Stop(stop[0] * 86_400, stop[1] * 86_400)]
        for name, credit in credits_of(holds, stops, 0, accepted * 86_400).items():
            expected[name] += credit
    found = scene.credits("split")
    assert {name: float(credit) for name, credit in found.items()} == pytest.approx(
        {name: float(credit) for name, credit in expected.items()}, abs=1e-6
    )
    assert sum(found.values()) == hires == scene.ask("hires", None).one("hires").value
    assert sum(scene.credits("primary").values()) == sum(scene.credits("handover").values()) == hires


def test_5_1_after_a_handover_the_clock_runs_for_the_new_owner_only() -> None:
    """Rita held it for 40 days without a fill; Omar, who took over at day 40, filled it at day 50."""
    scene = Scene()
    scene.requisition(1, ("Rita", 0, 40), ("Omar", 40, None))
    scene.seat(1, accepted=50)
    scene.requisition(2, ("Rita", 0, None))
    scene.seat(2, accepted=30)
    primary = scene.by_recruiter("time_to_fill", "primary")
    assert {name: (row.n, row.events, row.value) for name, row in primary.items()} == {
        "Rita": (1, 1, 30.0),
        "Omar": (1, 1, 50.0),
    }
    handover = scene.by_recruiter("time_to_fill", "handover")
    assert (handover["Rita"].n, handover["Rita"].events) == (2, 1)
    assert (handover["Rita"].value, handover["Rita"].note) == (30.0, None)
    assert (handover["Omar"].n, handover["Omar"].events, handover["Omar"].value) == (1, 1, 50.0)


def test_5_1_whoever_takes_over_late_is_not_at_risk_before() -> None:
    """Omar takes over 3 seats at age 40. One of his own fills at 20, when it alone is at risk: the median is 20."""
    scene = Scene()
    scene.requisition(1, ("Rita", 0, 40), ("Omar", 40, None))
    for accepted in (60, 70, 80):
        scene.seat(1, accepted=accepted)
    scene.requisition(2, ("Omar", 0, None))
    scene.seat(2, accepted=20)
    assert scene.by_recruiter("time_to_fill", "handover")["Omar"].value == 20.0
    assert scene.by_recruiter("time_to_fill", "primary")["Omar"].value == 60.0


def test_5_1_every_fill_belongs_to_one_owner_in_each_month() -> None:
    rng, scene = random.Random(7), Scene()
    for key in range(1, 40):
        cut = rng.randrange(1, 60)
        scene.requisition(key, ("Rita", 0, cut), (rng.choice(["Omar", "Lea"]), cut, None))
        scene.hold(key, 10, 15)
        scene.seat(key, rng.randrange(0, 40), accepted=rng.randrange(45, 170))
        scene.seat(key, rng.randrange(0, 40))
    whole = scene.ask("time_to_fill", None, by=("month",), period=Period(date(2026, 1, 1)))
    for model in ("primary", "handover"):
        split = scene.ask("time_to_fill", model, by=("recruiter", "month"), period=Period(date(2026, 1, 1)))
        for row in whole.rows:
            events = sum(part.events or 0 for part in split.rows if part.dims["month"] == row.dims["month"])
            assert events == row.events
        together = scene.ask("time_to_fill", model, by=("month",), period=Period(date(2026, 1, 1)))
        assert [row.value for row in together.rows] == [row.value for row in whole.rows]


def test_5_1_time_to_hire_is_the_owners_at_the_acceptance(g11: Scene) -> None:
    """Both applied on 1 January: x1 is Omar's after just under 40 days, x2 Lea's after 30."""
    rows = g11.by_recruiter("time_to_hire", "primary")
    assert {name: (row.n, row.value) for name, row in rows.items()} == {"Omar": (1, 40.0), "Lea": (1, 30.0)}
    whole = g11.ask("time_to_hire", "handover").one("time_to_hire")
    assert (whole.n, whole.value) == (2, g11.ask("time_to_hire", None).one("time_to_hire").value)


def test_5_1_what_a_model_does_not_cover_is_refused_with_what_it_does(g11: Scene) -> None:
    with pytest.raises(InvalidInputError, match="time_to_fill has no attribution split"):
        g11.ask("time_to_fill", "split")
    with pytest.raises(InvalidInputError, match="Ask it of: hires, time_to_fill, time_to_hire"):
        g11.ask("applications", "primary")


def test_5_1_a_model_opens_no_door(g11: Scene) -> None:
    """Single people stay of their class, and figures of few stay hidden."""
    with pytest.raises(ForbiddenError):
        g11.ask("hires", "split", viewer=RITA, by=("recruiter",))
    assert g11.ask("hires", "split", viewer=RITA).one("hires").value == 0
    rows = g11.ask("time_to_fill", "handover", viewer=EVA, by=("recruiter",)).rows
    assert {row.value for row in rows} == {None}


def test_5_1_the_models_are_counted_for_whole_questions(g11: Scene) -> None:
    hires: Mapping[str, Any] = {model: g11.ask("hires", model).one("hires").value for model in Attribution}
    assert set(hires.values()) == {2}
