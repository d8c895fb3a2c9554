"""1.6: from hires wanted to entries a week with an interval, against what a department can carry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import insert, select

from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from services.domain.metric import Answer, Query, Reason, Row, Unit
from services.domain.people import Viewer
from services.metrics.capacities import Capacities, Capacity
from services.metrics.capacity import DRAWS, SEED
from services.metrics.capacity_plan import CapacityPlan, CapacityPlanner, Check, Verdict
from services.metrics.places import COMPANY, Place, PlaceBook
from services.store.database import Store
from services.store.tables import AuditEvent, Department, JobFamily
from tests.people import People, make_people

Counts = Mapping[str, tuple[int, int]]
COMPANY_COUNTS: Counts = {
    "applied to screen": (300, 600),
    "screen to interview": (120, 300),
    "interview to offer": (40, 120),
    "offer to hired": (30, 40),
}
SALES_COUNTS: Counts = {
    "applied to screen": (60, 100),
    "screen to interview": (20, 60),
    "interview to offer": (8, 20),
    "offer to hired": (7, 19),
}


@dataclass
class Figures:
    """Counts by scope as the question names it."""

    counts: dict[str, Counts]
    hidden: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)

    def ask(self, query: Query, viewer: Viewer, /) -> Answer:
        self.viewers.append(viewer)
        if query.metrics == ("open_seats",):
            return Answer(datetime(2026, 11, 24, tzinfo=UTC), "s1", ())
        scope = " + ".join(value for values in query.where.values() for value in values)
        self.asked.append(scope)
        rows = tuple(
            Row(
                query.metrics[0],
                {"transition": name},
                None,
                Unit.RATE,
                cases,
                numerator=reached,
                denominator=cases,
                reason=Reason.HIDDEN if scope in self.hidden else None,
            )
            for name, (reached, cases) in self.counts.get(scope, {}).items()
        )
        return Answer(datetime(2026, 11, 24, tzinfo=UTC), "s1", rows)


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.people: People = make_people(store)
        with store.write() as connection:
            top = insert(Department).values(source_system="t", external_id="1", name="Commercial")
            parent = connection.execute(top.returning(Department.id)).scalar_one()
            below = insert(Department).values(source_system="t", external_id="2", name="Sales", parent_id=parent)
            connection.execute(below)
            connection.execute(insert(JobFamily).values(source_system="t", external_id="1", name="Software"))
        self.capacities = Capacities(store, self.people.policy, self.people.audit)
        self.figures = Figures({"": COMPANY_COUNTS, "Sales": SALES_COUNTS, "Commercial": SALES_COUNTS})

    def place(self, department: str | None = None, job_family: str | None = None) -> Place:
        with self.store.read() as connection:
            return PlaceBook.of(connection).find(department, job_family)

    def put(self, capacity: Capacity, at: Place = COMPANY, by: str = "ron", expected: int | None = None) -> int:
        return self.capacities.put(at, capacity, self.people.viewer(by), expected)

    def plan(
        self, at: Place = COMPANY, *, hires: int = 6, weeks: int = 12, by: str = "ron", family: Place | None = None
    ) -> CapacityPlan:
        planner = CapacityPlanner(self.store, self.figures, self.capacities)
        return planner.plan(hires, weeks, self.people.viewer(by), place=at, job_family=family)


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[Scene]:
    store = Store(migrated_store_url)
    yield Scene(store)
    store.dispose()


@pytest.fixture
def lite(migrated_sqlite_url: str) -> Iterator[Scene]:
    """On SQLite only: what does not depend on the store."""
    store = Store(migrated_sqlite_url)
    yield Scene(store)
    store.dispose()


def test_1_6_needed_entries_are_hires_over_the_product_of_the_rates_ahead(lite: Scene) -> None:
    found = {need.stage: need for need in lite.plan().needs}
    assert found["offer"].expected == pytest.approx(6 / 0.75 / 12)
    assert found["screen"].expected == pytest.approx(6 / (0.4 * (1 / 3) * 0.75) / 12)
    assert found["applied"].expected == pytest.approx(10)


def test_1_6_the_interval_is_that_of_ten_thousand_draws_with_a_fixed_seed(lite: Scene) -> None:
    """Recomputed here: each rate from Beta(reached + 1/2, failed + 1/2)."""
    generator = np.random.default_rng(SEED)
    product = np.ones(DRAWS)
    for name in ("interview to offer", "offer to hired"):
        reached, cases = COMPANY_COUNTS[name]
        product *= generator.beta(reached + 0.5, cases - reached + 0.5, DRAWS)
    low, high = np.quantile(6 / product / 12, (0.1, 0.9))
    [need] = [one for one in lite.plan().needs if one.stage == "interview"]
    assert DRAWS == 10_000
    assert (need.low, need.high) == (pytest.approx(low), pytest.approx(high))
    assert lite.plan().needs == lite.plan().needs


def test_1_6_a_cell_under_20_is_pooled_upward_and_named(lite: Scene) -> None:
    """Commercial has 19 too: the way goes on to the company; what has 20 stays where it is."""
    rates = {rate.transition: rate for rate in lite.plan(lite.place("Sales")).rates}
    assert (rates["offer to hired"].passage.name, rates["offer to hired"].pooled) == ("the company", "department Sales")
    assert rates["offer to hired"].value == 0.75
    assert (rates["interview to offer"].passage.name, rates["interview to offer"].pooled) == ("department Sales", None)
    assert lite.figures.asked == ["Sales", "Commercial", ""]


def test_1_6_nothing_wider_is_asked_where_the_department_has_enough(lite: Scene) -> None:
    lite.figures.counts["Sales"] = {**SALES_COUNTS, "offer to hired": (7, 20)}
    assert lite.plan(lite.place("Sales")).rates[-1].value == 0.35
    assert lite.figures.asked == ["Sales"]


def test_1_6_a_job_family_in_a_department_widens_to_the_family(lite: Scene) -> None:
    lite.figures.counts |= {"Sales + Software": SALES_COUNTS, "Software": COMPANY_COUNTS}
    rates = lite.plan(lite.place("Sales"), family=lite.place(None, "Software")).rates
    assert rates[-1].passage.name == "job family Software"
    assert rates[0].passage.name == "job family Software in department Sales"


def test_1_6_too_few_even_in_the_company_gives_counts_and_no_plan(lite: Scene) -> None:
    lite.figures.counts = {"": {**COMPANY_COUNTS, "offer to hired": (7, 9)}}
    plan = lite.plan()
    assert (plan.needs, plan.checks) == ((), ())
    assert plan.reason == "too_few: offer to hired (n 9 in the company)"
    assert plan.rates[-1].value is None


def test_1_6_what_an_agreement_hides_is_pooled_upward(lite: Scene) -> None:
    lite.figures.hidden = frozenset({"Sales", "Commercial"})
    assert {rate.passage.name for rate in lite.plan(lite.place("Sales")).rates} == {"the company"}


def test_1_6_the_plan_stands_against_interviewer_hours_and_recruiter_caps(scene: Scene) -> None:
    scene.put(Capacity(hours_per_candidate=4, screens_per_recruiter=2))
    scene.put(Capacity(interviewer_hours=1, recruiters=50), at=scene.place("Sales"))
    plan = scene.plan(scene.place("Sales"))
    by_stage = {need.stage: need for need in plan.needs}
    interviews, screens = plan.checks
    assert (interviews.what, interviews.verdict, interviews.available) == ("interviewer hours", Verdict.SHORT, 1.0)
    assert interviews.low == pytest.approx(4 * by_stage["interview"].low)
    assert (screens.available, screens.verdict) == (100.0, Verdict.ENOUGH)
    assert screens.high == pytest.approx(by_stage["screen"].high)
    assert scene.plan().not_set == ("interviewer hours", "screens by recruiters")


@pytest.mark.parametrize(
    ("available", "verdict"),
    [(9.9, Verdict.SHORT), (10.0, Verdict.UNCERTAIN), (19.9, Verdict.UNCERTAIN), (20.0, Verdict.ENOUGH)],
)
def test_1_6_an_interval_over_the_cap_is_uncertain(available: float, verdict: Verdict) -> None:
    assert Check("x", 15.0, 10.0, 20.0, available).verdict is verdict


def test_1_6_targets_stand_beside_the_rates_and_are_taken_over_from_above(scene: Scene) -> None:
    scene.put(Capacity(targets={"interview to offer": 0.5, "offer to hired": 0.9}))
    scene.put(Capacity(targets={"offer to hired": 0.5}), at=scene.place("Commercial"))
    rates = {rate.transition: rate for rate in scene.plan(scene.place("Sales")).rates}
    assert (rates["interview to offer"].target, rates["interview to offer"].is_below_target) == (0.5, True)
    assert (rates["offer to hired"].target, rates["offer to hired"].is_below_target) == (0.5, False)
    assert rates["applied to screen"].is_below_target is None
    offer, interview = (
        next(one for one in scene.plan(scene.place("Sales")).needs if one.stage == stage)
        for stage in ("offer", "interview")
    )
    assert offer.at_target == pytest.approx(6 / 0.5 / 12)
    assert interview.at_target == pytest.approx(6 / 0.25 / 12)


def test_1_6_totals_of_the_company_are_not_a_departments(scene: Scene) -> None:
    scene.put(Capacity(interviewer_hours=400, recruiters=20, hours_per_candidate=4, screens_per_recruiter=10))
    found = scene.capacities.of(scene.place("Sales"), scene.people.viewer("max"))
    assert (found.interviewer_hours, found.recruiters, found.hours_per_candidate) == (None, None, 4)
    assert found.screens is None


def test_1_6_a_change_keeps_the_rest_is_audited_and_overwrites_nobody(scene: Scene) -> None:
    assert scene.put(Capacity(recruiters=2, targets={"offer to hired": 0.8})) == 1
    assert scene.put(Capacity(interviewer_hours=40), expected=1) == 2
    with pytest.raises(ConflictError):
        scene.put(Capacity(recruiters=9), expected=1)
    own = scene.capacities.own(COMPANY, scene.people.viewer("ron"))
    assert (own.version, own.capacity) == (2, Capacity(40, None, 2, None, {"offer to hired": 0.8}))
    with scene.store.read() as connection:
        events = connection.execute(select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.seq)).all()
    [first, second] = [json.loads(detail) for action, detail in events if action == "capacity.set"]
    assert (first["after"], second["after"]["interviewer_hours"]) == (second["before"], 40)


def test_1_6_only_planners_set_capacity_and_nonsense_is_refused(scene: Scene) -> None:
    for name in ("eva", "max", "rita", "hana", "otto"):
        with pytest.raises(ForbiddenError):
            scene.put(Capacity(recruiters=1), by=name)
    for wrong in (
        Capacity(recruiters=0),
        Capacity(interviewer_hours=float("nan")),
        Capacity(targets={"lunch to hired": 0.5}),
        Capacity(targets={"offer to hired": 1.5}),
    ):
        with pytest.raises(InvalidInputError):
            scene.put(wrong)
    with pytest.raises(InvalidInputError, match="a department or the company"):
        scene.put(Capacity(recruiters=1), at=scene.place(None, "Software"))
    for hires, weeks in ((0, 1), (1, 0), (-1, 4)):
        with pytest.raises(InvalidInputError):
            scene.plan(hires=hires, weeks=weeks)


def test_1_6_it_is_asked_with_the_viewers_rights_and_the_whole_is_named_as_theirs(lite: Scene) -> None:
    rates = lite.plan(by="rita").rates
    assert {rate.passage.name for rate in rates} == {"your part of the company"}
    assert {viewer.email for viewer in lite.figures.viewers} == {lite.people.viewer("rita").email}
    nobody = replace(lite.people.viewer("rita"), roles=frozenset())
    with pytest.raises(ForbiddenError):
        CapacityPlanner(lite.store, lite.figures, lite.capacities).plan(6, 12, nobody)
