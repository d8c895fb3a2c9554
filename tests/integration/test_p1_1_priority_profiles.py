"""1.1: dated profiles with weights and owner; what is over stays as it was, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from dashapp.commands.profiles import index_document
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from services.domain.grains import Grain, bin_label, bins
from services.domain.metric import Answer, Better, Query, Row, Unit
from services.domain.people import Viewer
from services.domain.views import Filters, Tile
from services.metrics.composite import CompositeIndex
from services.metrics.places import COMPANY, Place, PlaceBook
from services.metrics.priority_order import by_priority
from services.metrics.profiles import Profiles, Wanted, ordered
from services.store.database import Store
from services.store.tables import AuditEvent, Department, JobFamily
from tests import overview_factories as make
from tests.delivery_scenes import HandClock
from tests.people import People, make_people

TODAY = date(2026, 11, 24)
REVIEW = date(2027, 12, 1)
TIME_FIRST = {"time_to_fill": 0.6, "offer_acceptance_rate": 0.4}
QUALITY_FIRST = {"offer_acceptance_rate": 0.9, "time_to_fill": 0.1}


@dataclass
class Figures:
    """A query layer that knows every month: time to fill gets longer, acceptance stays about the same."""

    as_of: datetime = datetime(2026, 12, 24, tzinfo=UTC)
    asked: list[tuple[Query, Viewer]] = field(default_factory=list)
    hidden: tuple[str, ...] = ()

    def ask(self, query: Query, viewer: Viewer, /) -> Answer:
        self.asked.append((query, viewer))
        assert query.period.start is not None
        assert query.period.end is not None
        starts = list(bins(Grain.MONTH, query.period.start, query.period.end))
        rows = [
            Row(name, {"month": bin_label(Grain.MONTH, start)}, self._value(name, number), Unit.DAYS, 40)
            for name in query.metrics
            for number, start in enumerate(starts)
        ]
        return Answer(self.as_of, "s1", tuple(rows))

    def _value(self, name: str, number: int) -> float | None:
        if name in self.hidden:
            return None
        return 40.0 + number if name == "time_to_fill" else 0.8 + 0.01 * (number % 3)


@dataclass
class Scene:
    store: Store
    people: People
    clock: HandClock
    profiles: Profiles
    figures: Figures

    def place(self, department: str | None = None, job_family: str | None = None) -> Place:
        with self.store.read() as connection:
            return PlaceBook.of(connection).find(department, job_family)

    def put(self, weights: dict[str, float] = TIME_FIRST, *, by: str = "ron", at: Place = COMPANY, **more: Any) -> int:
        wanted = Wanted("time", weights, "Ron", "Growth", REVIEW, **more)
        return self.profiles.put(at, wanted, self.people.viewer(by))

    def printed(self, period: str, at: Place = COMPANY) -> bytes:
        index = CompositeIndex(self.figures, self.profiles)
        return json.dumps(index_document(index.of(at, period, self.people.viewer("eva")))).encode()


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[Scene]:
    store = Store(migrated_store_url)
    clock = HandClock(datetime(2026, 11, 24, 9, tzinfo=UTC))
    people = make_people(store, clock=clock)
    with store.write() as connection:
        top = insert(Department).values(source_system="t", external_id="1", name="Commercial").returning(Department.id)
        parent = connection.execute(top).scalar_one()
        connection.execute(
            insert(Department).values(source_system="t", external_id="2", name="Sales", parent_id=parent)
        )
        connection.execute(insert(JobFamily).values(source_system="t", external_id="1", name="Software"))
    profiles = Profiles(store, people.policy, people.audit, clock=clock)
    yield Scene(store, people, clock, profiles, Figures())
    store.dispose()


def test_1_1_past_periods_stay_byte_identical_when_the_profile_changes(scene: Scene) -> None:
    """The profile in force on the last day of a month decides; a later one changes nothing before its date."""
    scene.put(effective_from=date(2026, 1, 1))
    months = ("2026-01", "2026-09", "2026-10")
    before = [scene.printed(month) for month in months]
    assert json.loads(before[1])["value"] is not None
    scene.put(QUALITY_FIRST)
    assert [scene.printed(month) for month in months] == before
    november = json.loads(scene.printed("2026-11"))
    assert november["profile"]["weights"] == QUALITY_FIRST
    assert november["profile"]["version"] == 2


def test_1_1_a_profile_that_would_change_the_past_is_refused(scene: Scene) -> None:
    scene.put(effective_from=date(2026, 1, 1))
    with pytest.raises(InvalidInputError, match="begins today"):
        scene.put(QUALITY_FIRST, effective_from=date(2026, 11, 23))
    with pytest.raises(InvalidInputError, match="begins today"):
        scene.put(QUALITY_FIRST, at=scene.place("Sales"), effective_from=date(2026, 10, 1))


def test_1_1_the_nearest_profile_counts_and_an_ended_one_gives_way(scene: Scene) -> None:
    scene.put(effective_from=date(2026, 1, 1))
    sales, commercial, software = scene.place("Sales"), scene.place("Commercial"), scene.place(None, "Software")
    scene.put(QUALITY_FIRST, at=commercial)
    book = scene.profiles.book(scene.people.viewer("max"))
    found = book.of(sales, TODAY)
    assert found is not None
    assert (found.place, found.weights) == (commercial, QUALITY_FIRST)
    assert book.of(sales, date(2026, 11, 23)) == book.of(COMPANY, TODAY) == book.of(software, TODAY)
    scene.put({}, at=commercial, effective_from=date(2026, 12, 1))
    later = scene.profiles.book(scene.people.viewer("max"))
    assert later.of(sales, date(2026, 12, 1)) == later.of(COMPANY, TODAY)
    assert [one.place.name for one in later.in_force(TODAY)] == ["company", "Commercial"]


def test_1_1_two_writers_who_saw_the_same_version_do_not_overwrite_each_other(scene: Scene) -> None:
    assert scene.put(expected_version=0) == 1
    assert scene.put(expected_version=1) == 2
    with pytest.raises(ConflictError, match="you saw 1"):
        scene.put(QUALITY_FIRST, expected_version=1)
    assert [one.version for one in scene.profiles.book(scene.people.viewer("ron")).profiles] == [1, 2]


def test_1_1_who_may_not_plan_changes_nothing(scene: Scene) -> None:
    for name in ("eva", "max", "rita", "hana", "otto"):
        with pytest.raises(ForbiddenError):
            scene.put(by=name)
    ron = scene.people.viewer("ron")
    sales = scene.place("Sales")
    partial = replace(ron, scope=replace(ron.scope, everything=False, department_ids=(int(sales.key),), regions=None))
    wanted = Wanted("time", TIME_FIRST, "Ron", "Growth", REVIEW)
    with pytest.raises(ForbiddenError, match="further than your part"):
        scene.profiles.put(COMPANY, wanted, partial)
    with pytest.raises(ForbiddenError):
        scene.profiles.put(scene.place("Commercial"), wanted, partial)
    assert scene.profiles.put(sales, wanted, partial) == 1


def test_1_1_each_change_is_audited_with_who_and_why(scene: Scene) -> None:
    scene.put()
    number = scene.profiles.expect(COMPANY, "Eva", "Fill sales seats in 40 days", TODAY, scene.people.viewer("ron"))
    scene.profiles.meet(number, scene.people.viewer("ron"), is_met=False, expected_version=1)
    with pytest.raises(ConflictError):
        scene.profiles.meet(number, scene.people.viewer("ron"), is_met=True, expected_version=1)
    [expectation] = scene.profiles.expectations(COMPANY, scene.people.viewer("eva"))
    assert (expectation.who, expectation.asked_on, expectation.is_met) == ("Eva", TODAY, False)
    with scene.store.read() as connection:
        table = AuditEvent.__table__
        rows = connection.execute(select(table.c.action, table.c.actor, table.c.detail).order_by(table.c.seq)).all()
    ours = [row for row in rows if row.action.split(".")[0] in {"profile", "expectation"}]
    assert [row.action for row in ours] == ["profile.set", "expectation.added", "expectation.judged"]
    assert json.loads(ours[0].detail)["reason"] == "Growth"
    assert scene.people.audit.verify().first_bad_seq is None


def test_1_1_the_index_asks_with_the_viewers_rights_and_names_missing_parts(scene: Scene) -> None:
    sales = scene.place("Sales")
    scene.put(effective_from=date(2026, 1, 1))
    scene.figures.hidden = ("offer_acceptance_rate",)
    document = json.loads(scene.printed("2026-09", sales))
    query, viewer = scene.figures.asked[-1]
    assert (viewer.email, query.where) == (scene.people.viewer("eva").email, {"department": ("Sales",)})
    assert document["weights_known"] == pytest.approx(0.6)
    assert document["value"] == document["parts"][0]["score"]
    scene.figures.hidden = ("time_to_fill",)
    assert json.loads(scene.printed("2026-09"))["value"] is None


def test_1_1_a_month_that_is_not_over_has_no_index(scene: Scene) -> None:
    scene.put()
    document = json.loads(scene.printed("2026-12"))
    assert document["value"] is None
    assert {part["reason"] for part in document["parts"]} == {"not matured before 2027-01-01"}
    with pytest.raises(InvalidInputError, match="by month"):
        scene.printed("12m")
    with pytest.raises(InvalidInputError, match="by month"):
        scene.printed("2026-Q3")


def test_1_1_pages_and_scorecards_show_the_weighty_metrics_first(scene: Scene) -> None:
    scene.put(QUALITY_FIRST)
    profile = scene.profiles.book(scene.people.viewer("eva")).of(COMPANY, TODAY)
    metrics = ("hires", "time_to_fill", "offer_acceptance_rate")
    assert ordered(profile, metrics) == ("offer_acceptance_rate", "time_to_fill", "hires")
    assert ordered(None, metrics) == metrics


def test_1_1_the_executive_page_stands_in_the_order_of_the_profile(scene: Scene) -> None:
    names = ("hires", "time_to_hire", "offer_acceptance_rate")
    rows = [Row(name, {}, 1.0, Unit.DAYS, 40) for name in names]
    tiles = tuple(Tile(row.metric, row.metric, row, row.unit, Better.HIGHER) for row in rows)
    view = make.an_overview(tiles=tiles)

    def shown(last_day: date, filters: Filters = Filters()) -> tuple[list[str], list[str]]:  # noqa: B008 - frozen
        found = by_priority(view, filters, last_day, scene.store)
        return [tile.metric_id for tile in found.tiles], [note.text for note in found.notes[len(view.notes) :]]

    as_it_is = list(names)
    assert shown(TODAY) == (as_it_is, [])
    scene.put(QUALITY_FIRST)
    first = ["offer_acceptance_rate", "hires", "time_to_hire"]
    assert shown(TODAY) == (first, ["Order of the figures: time first, by the priority profile of the company."])
    assert shown(date(2026, 11, 23)) == (as_it_is, [])
    scene.put({"time_to_hire": 1.0}, at=scene.place("Commercial"))
    assert shown(TODAY, Filters(department=("Sales",)))[0][0] == "time_to_hire"
    assert shown(TODAY, Filters(department=("Gone",)))[0] == first
