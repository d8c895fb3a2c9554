"""1.2: templates in versions, audited, without overwriting each other."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.metrics.places import COMPANY, Place, PlaceBook
from services.metrics.scorecard_templates import BUILT_IN, Role, Templates, Wanted
from services.store.database import Store
from services.store.tables import AuditEvent, Department, ScorecardTemplate
from tests.people import People, make_people

SALES = Wanted("Sales scorecard", ("hires",), ("candidate_nps",))


class Scene:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.people: People = make_people(store)
        with store.write() as connection:
            connection.execute(insert(Department).values(source_system="t", external_id="1", name="Sales"))
        self.templates = Templates(store, self.people.policy, self.people.audit)

    @property
    def sales(self) -> Place:
        with self.store.read() as connection:
            return PlaceBook.of(connection).find("Sales")

    def put(self, wanted: Wanted = SALES, at: Place | None = None, by: str = "ron") -> int:
        return self.templates.put(at or self.sales, wanted, self.people.viewer(by))


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[Scene]:
    store = Store(migrated_store_url)
    yield Scene(store)
    store.dispose()


def test_1_2_a_change_is_a_version_more_and_the_old_one_stays(scene: Scene) -> None:
    assert scene.put() == 1
    assert scene.put(Wanted("Sales scorecard", ("starts",), expected_version=1)) == 2
    book = scene.templates.book(scene.people.viewer("max"))
    role = Role(department_id=int(scene.sales.key))
    assert book.resolve(role).metrics == (*BUILT_IN.metrics, "starts")
    with scene.store.read() as connection:
        table = ScorecardTemplate.__table__.c
        rows = connection.execute(select(table.version, table.metrics).order_by(table.version)).all()
        actions = connection.execute(select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.seq)).all()
    assert [json.loads(row.metrics) for row in rows] == [["hires"], ["starts"]]
    changed = [json.loads(detail)["version"] for action, detail in actions if action == "template.set"]
    assert changed == [1, 2]


def test_1_2_who_saw_an_older_version_does_not_overwrite(scene: Scene) -> None:
    scene.put()
    with pytest.raises(ConflictError):
        scene.put(Wanted("Sales scorecard", ("starts",), expected_version=0))
    with pytest.raises(ConflictError):
        scene.templates.end(scene.sales, scene.people.viewer("ron"), expected_version=2)


def test_1_2_an_ended_template_gives_way_to_the_wider_one(scene: Scene) -> None:
    scene.put()
    scene.templates.end(scene.sales, scene.people.viewer("ron"))
    book = scene.templates.book(scene.people.viewer("max"))
    assert book.resolve(Role(department_id=int(scene.sales.key))).template == BUILT_IN
    with pytest.raises(NotFoundError, match="no template of its own"):
        scene.templates.end(scene.sales, scene.people.viewer("ron"))
    assert scene.put(Wanted("Sales scorecard", ("starts",))) == 3


def test_1_2_only_planners_change_templates(scene: Scene) -> None:
    for name in ("eva", "max", "rita", "hana", "dee", "otto"):
        with pytest.raises(ForbiddenError):
            scene.put(by=name)
    with pytest.raises(ForbiddenError):
        scene.templates.book(scene.people.viewer("otto"))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted("  ", ("hires",)), "has a name"),
        (Wanted("x", ("no_such",)), "no metric"),
        (Wanted("x", (), ("no_such",)), "no metric"),
        (Wanted("x", ("hires",), ("hires",)), "at once"),
        (Wanted("x"), "changes nothing"),
    ],
)
def test_1_2_a_template_that_makes_no_sense_is_refused(scene: Scene, wanted: Wanted, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        scene.put(wanted)


def test_1_2_two_templates_never_share_a_name(scene: Scene) -> None:
    scene.put()
    with pytest.raises(InvalidInputError, match="Another template"):
        scene.put(Wanted("sales Scorecard", ("hires",)), at=COMPANY)
    scene.put(Wanted("Sales scorecard", ("starts",)))
