"""X2: why a figure moved is told in parts that add up, with the viewer's rights and nothing named below five."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.metric import Period
from services.domain.movements import Movement
from services.mart.snapshots import Manifest
from services.metrics.decomposition import Moved, Movements
from services.metrics.query import QueryLayer
from services.metrics.time_machine import KnownSnapshot
from tests.metric_scenes import HANA, OPERATOR, OTTO, FakeNames, SmallMart, SmallSnapshot

START = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
DAY = timedelta(days=1)
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
THEN, NOW = Period(date(2026, 1, 1), date(2026, 2, 1)), Period(date(2026, 4, 1), date(2026, 5, 1))
DEPARTMENTS = {1: "Engineering", 2: "Sales", 3: "Legal"}


class Scene:
    """A mart that is filled offer by offer and seat by seat; requisition n belongs to department n."""

    def __init__(self, name: str = "now", as_of: datetime = AS_OF) -> None:
        self.mart = SmallMart(SmallSnapshot(name, as_of))
        self._next = iter(range(1, 10**6))
        for key, department in DEPARTMENTS.items():
            self.mart.add("dim_department", {"department_id": key, "name": department})
            self.mart.add("dim_requisition", {**self.role(key), "timezone": "UTC", "opened_at": START - 200 * DAY})

    def role(self, department: int) -> dict[str, Any]:
        return {"requisition_id": department, "department_id": department, "country": "DE", "region": "EMEA"}

    def offers(self, department: int, at: datetime, answer: str, times: int = 1) -> None:
        for _ in range(times):
            key = next(self._next)
            when = {"first_extended_at": at, "extended_at": at, "answered_at": at + DAY, "first_extended_on": at.date()}
            row = {"offer_version_id": key, "application_id": key, "position": 1, "answer": answer}
            self.mart.add("fact_offer_version", {**self.role(department), **row, **when})

    def seats(self, department: int, opened: datetime, days: float | None, times: int = 1, *, held: float = 0) -> None:
        """Filled after ``days``, ``held`` of them on hold; None = still open at the end of the data."""
        for _ in range(times):
            filled = opened + days * DAY if days is not None else None
            row: dict[str, Any] = {"seat_id": next(self._next), "opened_at": opened, "opened_on": opened.date()}
            row |= {"filled_at": filled, "filled_on": filled.date() if filled else None}
            opened_net = round((opened - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - as above
            row |= {"opened_net": opened_net}
            if days is not None:
                row |= {"filled_net": opened_net + round((days - held) * 86_400)}
            self.mart.add("fact_seat", {**self.role(department), **row})

    def applications(self, department: int, applied: datetime, days: float | None, outcome: str | None = None) -> None:
        """Accepted after ``days``; else ended so (``outcome``) or still there."""
        key = next(self._next)
        row: dict[str, Any] = {"application_id": key, "candidate_id": key, "is_internal": False, "source_id": 1}
        row |= {"applied_at": applied, "applied_on": applied.date()}
        if outcome:
            ended = applied + (days or 1) * DAY
            row |= {"ended_at": ended, "ended_on": ended.date(), "outcome": outcome, "exit_cause": 1}
            row |= {"applied_to_exit": round((days or 1) * 10)}
        elif days is not None:
            accepted = applied + days * DAY
            row |= {"accepted_at": accepted, "accepted_on": accepted.date(), "applied_to_hired": round(days * 10)}
        self.mart.add("fact_application", {**self.role(department), **row})

    @property
    def layer(self) -> QueryLayer:
        return QueryLayer(self.mart, FakeNames())


class Archive:
    """The snapshot that was kept for the day after the old period."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.asked: list[date] = []

    def known_on(self, day: date, now: datetime, /) -> KnownSnapshot:
        del now
        self.asked.append(day)
        snapshot = self._scene.mart.snapshot
        numbers = {"watermark": 0, "schema_version": 1, "size_bytes": 0, "duration_s": 0.0}
        texts = {"store": "", "sha256": "", "how": "full"}
        times = {"as_of": snapshot.as_of, "published_at": snapshot.as_of}
        return KnownSnapshot(
            Manifest(id=snapshot.id, tables={}, counts={}, **numbers, **texts, **times), snapshot.as_of
        )

    def layer(self, known: KnownSnapshot, /) -> QueryLayer:
        del known
        return self._scene.layer


def assert_adds_up(movement: Movement) -> None:
    assert sum(part.value for part in movement.parts) == pytest.approx(movement.change, abs=1e-9)


def why(scene: Scene, metric: str, archive: Archive | None = None, **asked: Any) -> Movement:
    moved = Moved(metric, NOW, THEN, **{"by": "department", **asked})
    movement = Movements(scene.layer, archive).why(moved, OPERATOR)
    assert_adds_up(movement)
    return movement


def two_departments(scene: Scene) -> None:
    """January: 40 of 50 and 20 of 50. April: 18 of 20 and 40 of 80."""
    january, april = START + 5 * DAY, datetime(2026, 4, 10)  # noqa: DTZ001 - as above
    for department, at, accepted, declined in (
        (1, january, 40, 10), (2, january, 20, 30), (1, april, 18, 2), (2, april, 40, 40),
    ):  # fmt: skip
        scene.offers(department, at, "accepted", accepted)
        scene.offers(department, at, "declined", declined)


def test_x2_mix_and_rate_of_a_rate_by_hand() -> None:
    scene = Scene()
    two_departments(scene)
    movement = why(scene, "offer_acceptance_rate")
    assert (movement.then.value, movement.now.value) == pytest.approx((0.60, 0.58))
    # shares move by 0.3 between averages of 0.85 and 0.45; own rates rise by 0.1 at average shares of 0.35 and 0.65
    assert movement.part("mix") == pytest.approx(-0.12, abs=1e-4)
    assert movement.part("rate") == pytest.approx(0.10, abs=1e-4)
    shifts = {shift.name: shift for shift in movement.shifts}
    assert shifts["Engineering"].mix == pytest.approx(-0.3 * (0.85 - 0.59), abs=1e-9)
    assert shifts["Sales"].rate == pytest.approx(0.1 * 0.65, abs=1e-9)
    assert (shifts["Engineering"].share_then, shifts["Engineering"].share_now) == (0.5, 0.2)


def test_x2_a_curve_that_moves_by_mix_alone() -> None:
    """Engineering fills in 20 days, Sales in 60, in both periods; more of Sales makes the median 60."""
    scene = Scene()
    for period, (engineering, sales) in ((THEN, (28, 12)), (NOW, (12, 28))):
        assert period.start
        middle = datetime(period.start.year, period.start.month, 20)  # noqa: DTZ001 - as above
        scene.seats(1, middle - 20 * DAY, 20, engineering)
        scene.seats(2, middle - 60 * DAY, 60, sales)
    movement = why(scene, "time_to_fill_filled")
    assert (movement.then.value, movement.now.value) == (20.0, 60.0)
    assert (movement.part("mix"), movement.part("rate")) == pytest.approx((40.0, 0.0))


def test_x2_definition_and_data_are_told_apart_from_mix_and_rate() -> None:
    """Gross was what they said then; and since then two of the old seats were found to be filled later."""
    january, march = START + 15 * DAY, datetime(2026, 4, 15)  # noqa: DTZ001 - as above
    scene, archived = Scene(), Scene("kept", datetime(2026, 2, 1, 12, tzinfo=UTC))
    for target, slow in ((archived, 0), (scene, 8)):
        target.seats(1, january - 30 * DAY, 30, 20 - slow, held=10)
        target.seats(1, january - 30 * DAY, 36, slow, held=10)
    scene.seats(1, march - 40 * DAY, 40, 20, held=10)
    archive = Archive(archived)
    movement = why(scene, "time_to_fill", archive, formerly="time_to_fill_gross")
    assert archive.asked == [date(2026, 2, 1)]
    assert (movement.then.value, movement.then.metric, movement.then.snapshot) == (30.0, "time_to_fill_gross", "kept")
    assert movement.now.value == 30.0
    assert movement.part("definition") == -10.0
    assert movement.part("data") == 0.0  # eight of twenty do not move the median
    scene.seats(1, january - 30 * DAY, 37, 30, held=10)
    moved = why(scene, "time_to_fill", archive, formerly="time_to_fill_gross")
    assert moved.part("data") == 7.0
    assert moved.part("definition") + moved.part("data") + moved.part("rate") == moved.change


def test_x2_a_count_has_volume_and_a_missing_archive_is_said() -> None:
    class Nothing(Archive):
        def known_on(self, day: date, now: datetime, /) -> KnownSnapshot:
            raise NotFoundError(f"No snapshot is kept for {day}.")

    scene = Scene()
    two_departments(scene)
    movement = why(scene, "offer_acceptance_rate", Nothing(scene))
    assert movement.part("data") == 0
    assert any("No snapshot is kept for 2026-02-01" in remark for remark in movement.remarks)
    for number in range(30):
        scene.applications(1, START + number % 20 * DAY, None)
    counted = why(scene, "applications")
    assert ([part.name for part in counted.parts], counted.change) == (["definition", "data", "volume"], -30)


def test_x2_nothing_below_five_is_named_and_people_and_sensitive_metrics_are_not_taken_apart() -> None:
    scene = Scene()
    two_departments(scene)
    scene.offers(3, START + 5 * DAY, "accepted", 4)
    movement = why(scene, "offer_acceptance_rate")
    assert ({shift.name for shift in movement.shifts}, movement.others) == ({"Engineering", "Sales"}, 1)
    for asked, words in (
        ({"metric": "offer_acceptance_rate", "by": "recruiter"}, "cannot be taken apart by recruiter"),
        ({"metric": "offer_acceptance_rate", "by": "month"}, "cannot be taken apart by month"),
        ({"metric": "representation"}, "sensitive"),
        ({"metric": "time_to_fill", "formerly": "offer_acceptance_rate"}, "cannot be compared"),
        ({"metric": "time_to_hire"}, "no value to compare"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            why(scene, **asked)
    with pytest.raises(InvalidInputError, match="first and a last day"):
        Movements(scene.layer).why(Moved("hires", Period(date(2026, 1, 1)), THEN), OPERATOR)


def test_x2_the_viewers_rights_hold_for_every_part() -> None:
    """Hana sees departments 1 and 2; Otto nothing."""
    scene = Scene()
    two_departments(scene)
    scene.offers(3, START + 5 * DAY, "declined", 90)
    moved = Moved("offer_acceptance_rate", NOW, THEN, by="department")
    hana = Movements(scene.layer).why(moved, HANA)
    assert (hana.then.n, {shift.name for shift in hana.shifts}) == (100, {"Engineering", "Sales"})
    assert hana.then.value == pytest.approx(0.6)
    with pytest.raises(InvalidInputError, match="no value to compare"):
        Movements(scene.layer).why(moved, OTTO)


WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
"""An example is a seed: a smaller one is no simpler, and each takes seconds."""
METRICS = ("offer_acceptance_rate", "time_to_fill", "time_to_fill_filled", "time_to_hire", "pass_through_rate")


def at_random(scene: Scene, dice: random.Random) -> None:
    for month in (1, 4):
        for department in DEPARTMENTS:
            for _ in range(dice.randint(4, 25)):
                at = datetime(2026, month, dice.randint(1, 28))  # noqa: DTZ001 - as above
                scene.offers(department, at, dice.choice(["accepted", "accepted", "declined", "expired"]))
                days = dice.uniform(1, 70)
                scene.seats(department, at - days * DAY, dice.choice([days, None]), held=dice.uniform(0, days))
                hired_after = dice.choice([dice.uniform(1, 50), None])
                scene.applications(department, at, hired_after, dice.choice([None, None, "rejected"]))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING)
@given(seed=st.integers(0, 10**6))
def test_x2_the_parts_add_up_to_the_change(seed: int) -> None:
    dice = random.Random(seed)
    scene, archived = Scene(), Scene("kept", datetime(2026, 2, 3, tzinfo=UTC))
    for target in (scene, archived):
        at_random(target, dice)
    checked = 0
    for metric in METRICS:
        formerly = "time_to_fill_gross" if metric == "time_to_fill" else None
        moved = Moved(metric, NOW, THEN, by="department", formerly=formerly)
        try:
            movement = Movements(scene.layer, Archive(archived)).why(moved, replace(OPERATOR))
        except InvalidInputError as error:
            assert "no value" in str(error)  # noqa: PT017 - the only refusal there may be
            continue
        assert_adds_up(movement)
        checked += 1
    assert checked
