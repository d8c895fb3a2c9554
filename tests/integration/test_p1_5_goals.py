"""1.5: goals of departments where the country's pack allows them, and "incomplete" until enough were asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.metric import Answer, Period, Query
from services.domain.people import ColumnClass, Viewer
from services.domain.wording import shown
from services.metrics.completeness_floor import CompletenessFloor, Floors
from services.metrics.diversity_goals import NOT_MEASURED, SEVERAL, Goals, Wanted
from services.metrics.jurisdictions import Jurisdictions, Pack
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.tables import AuditEvent, Department, DiversityGoal, Office, Requisition
from tests.delivery_scenes import HandClock
from tests.metric_scenes import EVA, FakeNames, SmallMart, SmallSnapshot
from tests.people import People, make_people

POOL_GOAL = Wanted("Sales", "US", "applied", "gender", "woman", 0.4, date(2027, 12, 31), "A wider pool")
HIRE_GOAL = replace(POOL_GOAL, stage="hired", legal_approver="Lena Legal")
DEE = replace(EVA, classes=frozenset({ColumnClass.GENERAL, ColumnClass.DIVERSITY}))


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = HandClock(datetime(2026, 11, 24, 9, tzinfo=UTC))
        self.people: People = make_people(store, clock=self.clock)
        with store.write() as connection:
            offices = {
                country: connection.execute(
                    insert(Office)
                    .values(source_system="t", external_id=country, name=country, country=country)
                    .returning(Office.id)
                ).scalar_one()
                for country in ("US", "DE")
            }
            for number, (name, countries) in enumerate({"Sales": ("US",), "Data": ("US", "DE")}.items()):
                department = connection.execute(
                    insert(Department).values(source_system="t", external_id=name, name=name).returning(Department.id)
                ).scalar_one()
                for country in countries:
                    connection.execute(
                        insert(Requisition).values(
                            source_system="t",
                            external_id=f"{number}{country}",
                            title="A role",
                            department_id=department,
                            office_id=offices[country],
                        )
                    )
        self.mart = SmallMart(SmallSnapshot(as_of=datetime(2026, 11, 24, tzinfo=UTC)))
        self.query = QueryLayer(self.mart, FakeNames(), completeness=CompletenessFloor(store))
        policy, audit = self.people.policy, self.people.audit
        self.goals = Goals(store, self, policy, audit, clock=self.clock)
        self.packs = Jurisdictions(store, policy, audit, clock=self.clock)
        self.floors = Floors(store, policy, audit, clock=self.clock)
        self.asked: list[tuple[Query, Viewer]] = []

    def ask(self, query: Query, viewer: Viewer, /) -> Answer:
        self.asked.append((query, viewer))
        return Answer(datetime(2026, 11, 24, tzinfo=UTC), "s1", ())

    def put(self, wanted: Wanted = POOL_GOAL, by: str = "dee") -> int:
        return self.goals.put(wanted, self.people.viewer(by))

    def allow(self, country: str = "US", *goals: str, asks: bool = True, decisions: bool = False) -> None:
        self.packs.put(country, Pack(asks, goals or ("applied",), decisions), self.people.viewer("dee"))

    # --- figures: of 20 who reached an offer, all hired, so many were asked -------------------------------------------

    def offers(self, asked: int, *, country: str = "US", department: int = 1, start: int = 0) -> None:
        for number in range(start, start + 20):
            row = {"application_id": number, "requisition_id": 1, "department_id": department, "country": country}
            day = datetime(2026, 8, 5)  # noqa: DTZ001 - the mart's instants are naive UTC
            times = {
                f"{stage}_at": day for stage in ("applied", "screen", "interview", "offer", "accepted", "extended")
            }
            days = {f"{stage}_on": day.date() for stage in ("applied", "screen", "offer", "accepted", "extended")}
            self.mart.add("fact_application", {**row, **times, **days})
            if number < start + asked:
                answer = {"question": "gender", "state": "declined", "offer_on": day.date(), "hired_on": day.date()}
                self.mart.add("fact_demographic", {**row, **answer})

    def note(self, metric: str, viewer: Viewer = EVA, **fields: Any) -> str | None:
        query = Query((metric,), period=fields.pop("period", Period(date(2026, 7, 1), date(2026, 10, 1))), **fields)
        self.query._completeness = CompletenessFloor(self.store)
        return self.query.ask(query, viewer).rows[0].note

    def floor(self, mode: str = "warn", share: float = 0.9, by: str = "dee") -> int:
        return self.floors.put(mode, {"offer": share, "hired": share}, self.people.viewer(by))


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


# --- the mark -------------------------------------------------------------------------------------------------------


def test_1_5_offer_and_hire_figures_are_incomplete_until_enough_were_asked(scene: Scene) -> None:
    scene.offers(asked=17)
    assert scene.note("hires") is None  # no floor is set
    scene.floor()
    assert scene.note("hires") == "incomplete: under 90% asked about themselves at hire"
    assert scene.note("offers_extended") == "incomplete: under 90% asked about themselves at offer"
    assert scene.note("applications") is None
    scene.offers(asked=20, start=20)  # 37 of 40: to decline is to have been asked
    assert scene.note("hires") is None


def test_1_5_the_diversity_report_carries_the_mark_too(lite: Scene) -> None:
    lite.offers(asked=10)
    lite.floor()
    words = "under 90% asked about themselves at offer and under 90% asked about themselves at hire"
    for metric in ("representation", "demographic_completeness"):
        assert (lite.note(metric, DEE) or "").endswith(f"incomplete: {words}")


@pytest.mark.parametrize(("asked", "is_marked"), [(17, True), (18, False)])
def test_1_5_exactly_the_floor_is_enough(lite: Scene, asked: int, is_marked: bool) -> None:  # noqa: FBT001 - a value
    lite.offers(asked=asked)
    lite.floor()
    assert (lite.note("hires") is not None) == is_marked


def test_1_5_the_share_is_of_the_same_places_and_period(lite: Scene) -> None:
    lite.mart.add("dim_department", {"department_id": 1, "name": "Sales"}, {"department_id": 2, "name": "Data"})
    lite.offers(asked=20)
    lite.offers(asked=0, department=2, start=20)
    lite.floor()
    assert lite.note("hires", where={"department": ("Sales",)}) is None
    assert lite.note("hires", where={"department": ("Data",)}) is not None
    assert lite.note("hires", period=Period(date(2026, 4, 1), date(2026, 7, 1))) is None


def test_1_5_who_may_not_be_asked_does_not_make_it_incomplete(lite: Scene) -> None:
    lite.offers(asked=20)
    lite.offers(asked=0, country="DE", start=20)
    lite.floor()
    assert lite.note("hires") is not None
    lite.allow("US")
    lite.allow("DE", asks=False)
    assert lite.note("hires") is None


def test_1_5_mode_off_marks_nothing(lite: Scene) -> None:
    lite.offers(asked=0)
    lite.floor("block")
    assert lite.note("hires") is not None
    lite.floor("off")
    assert lite.note("hires") is None


def test_1_5_the_share_is_worked_out_once_for_a_snapshot(lite: Scene) -> None:
    lite.offers(asked=0)
    lite.floor()
    lite.note("hires")
    query = Query(("hires",), period=Period(date(2026, 7, 1), date(2026, 10, 1)))
    lite.mart.statements.clear()
    assert lite.query.ask(query, EVA).rows[0].note is not None
    assert not [one for one in lite.mart.statements if "fact_demographic" in one]


def test_1_5_only_the_diversity_officer_and_the_admin_set_the_floor(scene: Scene) -> None:
    for name in ("eva", "ron", "rita", "max", "hana", "otto"):
        with pytest.raises(ForbiddenError):
            scene.floor(by=name)
    for share in (0, 1.1, float("nan")):
        with pytest.raises(InvalidInputError):
            scene.floor(share=share)
    with pytest.raises(InvalidInputError):
        scene.floors.put("warn", {}, scene.people.viewer("ada"))
    assert scene.floor(by="ada") == 1
    with pytest.raises(ConflictError):
        scene.floors.put("off", {}, scene.people.viewer("dee"), expected_version=0)


# --- goals ----------------------------------------------------------------------------------------------------------


def test_1_5_a_goal_needs_a_pack_that_allows_it(scene: Scene) -> None:
    with pytest.raises(InvalidInputError, match="No pack"):
        scene.put()
    scene.allow("US", "outreach")
    with pytest.raises(InvalidInputError, match="no goals on applied"):
        scene.put()
    scene.allow("US", "outreach", "applied")
    assert scene.put() == 1
    with pytest.raises(InvalidInputError, match="No pack"):
        scene.put(replace(POOL_GOAL, country="DE"))


def test_1_5_a_goal_on_hires_needs_a_named_legal_approver(scene: Scene) -> None:
    scene.allow()
    with pytest.raises(InvalidInputError, match="no goals on offers or hires"):
        scene.put(HIRE_GOAL)
    scene.allow(decisions=True)
    for approver in (None, "  "):
        with pytest.raises(InvalidInputError, match="legal department"):
            scene.put(replace(HIRE_GOAL, legal_approver=approver))
    scene.put(HIRE_GOAL)
    [goal] = scene.goals.listed(scene.people.viewer("dee"))
    assert goal.legal_approver == "Lena Legal"


def test_1_5_there_is_no_goal_for_a_person() -> None:
    columns = {column.name for column in DiversityGoal.__table__.columns}
    assert not [name for name in columns if "person" in name or "recruiter" in name or "user" in name]
    assert not [name for name in Wanted.__dataclass_fields__ if "person" in name or "recruiter" in name]


def test_1_5_who_sees_goals_and_who_sets_them(scene: Scene) -> None:
    scene.allow()
    for name in ("eva", "hana", "ron", "rita", "max", "otto"):
        with pytest.raises(ForbiddenError):
            scene.put(by=name)
    scene.put()
    assert len(scene.goals.listed(scene.people.viewer("eva"))) == 1
    for name in ("rita", "max", "ron", "otto"):
        with pytest.raises(ForbiddenError):
            scene.goals.listed(scene.people.viewer(name))
    eva = scene.people.viewer("eva")
    elsewhere = replace(eva, scope=replace(eva.scope, everything=False, department_ids=(99,), regions=None))
    assert scene.goals.listed(elsewhere) == []


def test_1_5_progress_is_asked_with_the_viewers_rights_and_small_cells(scene: Scene) -> None:
    scene.allow("US", "outreach", "applied")
    scene.put()
    scene.put(replace(POOL_GOAL, department="Data"))
    scene.put(replace(POOL_GOAL, stage="outreach"))
    found = {(one.goal.department, one.goal.stage): one for one in scene.goals.progress(scene.people.viewer("dee"))}
    assert found["Sales", "applied"].reason == "hidden"
    assert found["Data", "applied"].reason == SEVERAL
    assert found["Sales", "outreach"].reason == NOT_MEASURED
    [(query, viewer)] = [one for one in scene.asked if one[0].where]
    assert (query.metrics, query.raw, viewer.email) == (
        ("representation",),
        False,
        scene.people.viewer("dee").email,
    )
    assert query.period == Period(date(2025, 7, 1), date(2026, 7, 1))


def test_1_5_goals_are_versioned_audited_and_end(scene: Scene) -> None:
    scene.allow()
    assert scene.put() == 1
    assert scene.put(replace(POOL_GOAL, share=0.45, expected_version=1)) == 2
    with pytest.raises(ConflictError):
        scene.put(replace(POOL_GOAL, share=0.5, expected_version=1))
    [goal] = scene.goals.listed(scene.people.viewer("dee"))
    scene.goals.end(goal.id, scene.people.viewer("dee"))
    assert scene.goals.listed(scene.people.viewer("dee")) == []
    with pytest.raises(NotFoundError):
        scene.goals.end(goal.id, scene.people.viewer("dee"))
    with scene.store.read() as connection:
        events = connection.execute(select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.seq)).all()
    changes = [json.loads(detail) for action, detail in events if action == "goal.set"]
    assert [(one["share"], one["in_force"]) for one in changes] == [(0.4, True), (0.45, True), (0.45, False)]
    assert [action for action, _ in events].count("jurisdiction.set") == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"stage": "interview"}, "A goal is about"),
        ({"share": 1.0}, "between 0 and 1"),
        ({"question": " "}, "Name the question"),
        ({"group": "x" * 81}, "Name the group"),
        ({"reason": " "}, "needs a reason"),
        ({"until_on": date(2026, 11, 24)}, "a day to come"),
        ({"department": "Lunch"}, "no single department"),
    ],
)
def test_1_5_a_wrong_goal_says_what_to_do(lite: Scene, wrong: dict[str, Any], words: str) -> None:
    lite.allow()
    with pytest.raises(InvalidInputError, match=words):
        lite.put(replace(POOL_GOAL, **wrong))


def test_1_5_a_pack_is_about_a_country_and_open_stages(lite: Scene) -> None:
    for country, goals in (("USA", ("applied",)), ("1", ()), ("US", ("hired",))):
        with pytest.raises(InvalidInputError):
            lite.packs.put(country, Pack(asks=True, goals=goals), lite.people.viewer("dee"))
    lite.allow("de", "applied")
    assert list(lite.packs.listed(lite.people.viewer("hana"))) == ["DE"]
    with pytest.raises(ForbiddenError):
        lite.packs.listed(lite.people.viewer("rita"))


def test_1_5_a_page_or_report_prints_the_mark_beside_a_count(lite: Scene) -> None:
    lite.offers(asked=10)
    lite.floor()
    query = Query(("hires",), period=Period(date(2026, 7, 1), date(2026, 10, 1)))
    printed = shown(lite.query.ask(query, EVA).rows[0])
    assert (printed.text, printed.note) == ("20", "incomplete: under 90% asked about themselves at hire")
