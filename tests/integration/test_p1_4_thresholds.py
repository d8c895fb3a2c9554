"""1.4: what opens, worsens and ends an incident, one for each rule and scope; and the rules themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, select

from services.alerts.thresholds import Wanted
from services.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from services.domain.metric import Answer, Query, Reason
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables import (
    AuditEvent,
    Department,
    ScorecardTemplate,
)
from tests.alert_scenes import ENGINEERING, OCTOBER, SALES, SEPTEMBER, TUESDAY, AlertScene


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[AlertScene]:
    store = Store(migrated_store_url)
    yield AlertScene(store)
    store.dispose()


@pytest.fixture
def lite(migrated_sqlite_url: str) -> Iterator[AlertScene]:
    """On SQLite only: what does not depend on the store."""
    store = Store(migrated_sqlite_url)
    yield AlertScene(store)
    store.dispose()


# --- what opens an incident -----------------------------------------------------------------------------------------


def test_1_4_a_breach_opens_one_incident_and_tells_the_recruiter(scene: AlertScene) -> None:
    number = scene.breach()
    row = scene.incident(number)
    assert (row.severity, row.n, row.value, row.window_start) == ("breach", 100, 0.5, OCTOBER)
    assert scene.events(number) == ["opened", "told"]
    assert scene.told(number) == {"recruiter": ["rita@northwind.example"]}
    assert scene.mails() == [("rita", "Drop-off: Screen, Engineering is above 20%")]
    assert "50%" in scene.text_to("rita")


def test_1_4_a_snapshot_is_judged_once_and_a_new_one_keeps_the_incident(scene: AlertScene) -> None:
    number = scene.breach()
    assert scene.rounds.evaluate() == 0
    scene.month(OCTOBER, 10, 10)
    scene.publish("s2")
    assert scene.rounds.evaluate() == 1
    assert scene.open_incidents() == [number]
    assert scene.incident(number).n == 110
    assert scene.incident(number).snapshot == "s2"
    assert len(scene.mails()) == 1


def test_1_4_two_processes_with_the_same_snapshot_open_one_incident(scene: AlertScene) -> None:
    """The second evaluates what the first has read too: its claim of the rule fails, and nothing is doubled."""
    scene.month(OCTOBER, 50, 100)
    scene.limit()
    [rule] = scene.thresholds.active()
    as_of = scene.mart.snapshot.as_of
    assert scene.evaluation._evaluate(rule, "s1", as_of) is True
    assert scene.evaluation._evaluate(rule, "s1", as_of) is False
    assert len(scene.open_incidents()) == 1
    assert len(scene.mails()) == 1


def test_1_4_a_warning_stays_with_the_recruiter_and_the_lead(lite: AlertScene) -> None:
    """22 of 100 twice is above 20 %, and within chance."""
    lite.month(SEPTEMBER, 22, 100)
    lite.month(OCTOBER, 22, 100)
    lite.limit()
    lite.rounds.run()
    [number] = lite.open_incidents()
    assert lite.incident(number).severity == "warn"
    for _ in range(6):
        lite.clock.pass_by(days=7)
        lite.rounds.run()
    assert list(lite.told(number)) == ["recruiter", "lead"]


def test_1_4_a_warning_that_becomes_a_breach_is_nobodys_any_more(scene: AlertScene) -> None:
    scene.month(SEPTEMBER, 22, 100)
    scene.month(OCTOBER, 22, 100)
    scene.limit()
    scene.rounds.run()
    [number] = scene.open_incidents()
    scene.incidents.acknowledge(number, scene.viewer("rita"))
    scene.month(OCTOBER, 60, 60)
    scene.publish("s2")
    scene.rounds.run()
    row = scene.incident(number)
    assert (row.severity, row.acknowledged_by) == ("breach", None)
    assert scene.events(number) == ["opened", "told", "acknowledged", "worsened"]
    scene.clock.pass_by(days=1)
    scene.rounds.run()
    assert list(scene.told(number)) == ["recruiter", "lead"]


def test_1_4_it_clears_after_two_windows_well_inside_and_everybody_told_hears_it(scene: AlertScene) -> None:
    number = scene.breach()
    for start, as_of in ((date(2026, 11, 1), datetime(2026, 12, 2, tzinfo=UTC)), (date(2026, 12, 1), None)):
        scene.month(start, 10, 100)
        scene.publish(f"s{start}", as_of or datetime(2027, 1, 5, tzinfo=UTC))
        scene.evaluation.run()
    row = scene.incident(number)
    assert (row.state, row.close_reason, row.open_key) == ("closed", "cleared", None)
    assert scene.mails()[-1] == ("rita", "Over: Drop-off: Screen, Engineering")
    scene.month(date(2027, 1, 1), 60, 100)
    scene.publish("s9", datetime(2027, 2, 3, tzinfo=UTC))
    scene.evaluation.run()
    assert len(scene.open_incidents()) == 1
    assert scene.open_incidents() != [number]


def test_1_4_the_running_month_and_yesterdays_end_of_month_are_not_judged_yet(lite: AlertScene) -> None:
    lite.month(OCTOBER, 50, 100)
    lite.limit()
    lite.publish("s1", datetime(2026, 11, 1, 11, 0, tzinfo=UTC))
    lite.evaluation.run()
    assert lite.open_incidents() == []
    lite.publish("s1", datetime(2026, 11, 1, 12, 0, tzinfo=UTC))
    lite.evaluation.run()
    assert len(lite.open_incidents()) == 1


def test_1_4_a_dimension_makes_a_scope_of_each_value(scene: AlertScene) -> None:
    scene.month(OCTOBER, 50, 100, department=ENGINEERING)
    scene.month(OCTOBER, 60, 100, department=SALES)
    scene.limit(scope={"canonical_stage": ("screen",)}, each="department")
    scene.rounds.run()
    scopes = [json.loads(scene.incident(number).scope)["department"] for number in scene.open_incidents()]
    assert sorted(scopes) == [["Engineering"], ["Sales"]]
    assert [who for who, _ in scene.mails()].count("rita") == 1


def test_1_4_a_person_closes_it_and_the_same_window_does_not_open_it_again(scene: AlertScene) -> None:
    number = scene.breach()
    with pytest.raises(ForbiddenError):
        scene.incidents.close(number, "A one-off", scene.viewer("rita"))
    with pytest.raises(InvalidInputError, match="Say why"):
        scene.incidents.close(number, "  ", scene.viewer("ron"))
    scene.incidents.close(number, "A campus\nevent", scene.viewer("ron"))
    scene.publish("s2")
    scene.rounds.run()
    assert scene.open_incidents() == []
    scene.month(date(2026, 11, 1), 50, 100)
    scene.publish("s3", datetime(2026, 12, 3, tzinfo=UTC))
    scene.rounds.run()
    assert len(scene.open_incidents()) == 1
    assert scene.incidents.one(number, scene.viewer("eva")).events[-1].words == "Closed: A campus event"


def test_1_4_x8_a_rate_that_an_agreement_hides_is_not_judged(lite: AlertScene) -> None:
    """Counts stay beside a hidden rate; they must not become an incident that tells it."""
    lite.month(OCTOBER, 50, 100)
    lite.limit()
    query = lite.evaluation._query

    class Hiding:
        def __getattr__(self, name: str) -> object:
            return getattr(query, name)

        def ask(self, question: Query, viewer: Viewer) -> Answer:
            answer = query.ask(question, viewer)
            rows = tuple(replace(row, value=None, reason=Reason.HIDDEN) for row in answer.rows)
            return replace(answer, rows=rows)

    lite.evaluation._query = Hiding()  # type: ignore[assignment]
    lite.evaluation.run()
    assert lite.open_incidents() == []


# --- rules ----------------------------------------------------------------------------------------------------------


def test_1_4_setting_the_same_scope_again_changes_the_rule_and_says_so_in_the_log(scene: AlertScene) -> None:
    first = scene.limit(0.2)
    again = scene.limit(0.25, scope={"department": ("Engineering",), "canonical_stage": ("screen",)})
    assert first == again
    [rule] = scene.thresholds.active()
    assert (rule.limit, rule.version) == (0.25, 2)
    with scene.store.read() as connection:
        query = select(AuditEvent.detail).where(AuditEvent.action == "threshold.set").order_by(AuditEvent.seq)
        changes = [json.loads(detail) for detail in connection.scalars(query)]
    assert [(change["before"], change["after"]) for change in changes] == [(None, 0.2), (0.2, 0.25)]


def test_1_4_a_templates_place_is_part_of_the_scope(scene: AlertScene) -> None:
    """Stage and template: the interview of Engineering's own scorecard; the latest version in force counts."""
    with scene.store.write() as connection:
        connection.execute(insert(Department), [_named(1, "Engineering"), _named(2, "Sales")])
        for version, name in ((1, "Old name"), (2, "Engineering scorecard")):
            connection.execute(insert(ScorecardTemplate).values(_template("1", version, name)))
        retired = _template("2", 1, "Sales scorecard") | {"is_in_force": False}
        connection.execute(insert(ScorecardTemplate).values(retired))
    scene.month(OCTOBER, 50, 100)
    scene.limit(scope={"canonical_stage": ("screen",)}, template="engineering SCORECARD")
    [rule] = scene.thresholds.active()
    assert rule.template == "Engineering scorecard"
    assert rule.scope == {"canonical_stage": ("screen",), "department": ("Engineering",)}
    scene.rounds.run()
    assert len(scene.open_incidents()) == 1
    for name in ("Old name", "Sales scorecard", "nothing"):
        with pytest.raises(InvalidInputError, match="Templates: Engineering scorecard"):
            scene.limit(scope={}, template=name)
    with pytest.raises(InvalidInputError, match="leave it out"):
        scene.limit(scope={"department": ("Sales",)}, template="Engineering scorecard")


def _named(number: int, name: str) -> dict[str, object]:
    return {"id": number, "source_system": "t", "external_id": str(number), "name": name}


def _template(place: str, version: int, name: str) -> dict[str, object]:
    made = {"metrics": "[]", "without": "[]", "changed_at": TUESDAY, "changed_by": "tests"}
    where = {"level": "department", "place": place, "version": version}
    return {**where, "name": name, "is_in_force": True, **made}


def test_1_4_a_changed_limit_is_judged_on_the_same_snapshot(scene: AlertScene) -> None:
    scene.month(OCTOBER, 50, 100)
    scene.limit(0.8)
    scene.rounds.run()
    assert scene.open_incidents() == []
    scene.limit(0.2)
    scene.rounds.run()
    assert len(scene.open_incidents()) == 1


def test_1_4_removing_a_rule_closes_its_incidents(scene: AlertScene) -> None:
    number = scene.breach()
    [rule] = scene.thresholds.active()
    scene.thresholds.remove(rule.id, scene.viewer("ron"))
    assert scene.incident(number).close_reason == "removed"
    scene.publish("s2")
    scene.rounds.run()
    assert scene.open_incidents() == []
    with pytest.raises(NotFoundError, match="thresholds list"):
        scene.thresholds.remove(rule.id, scene.viewer("ron"))


NEVER_JUDGED = (
    (Wanted("time_to_fill", 0.2), "plain rate"),
    (Wanted("pass_through_rate", 0.2), "plain rate"),
    (Wanted("drop_of_rate", 0.2), "no metric"),
    (Wanted("drop_off_rate", 20), "between 0 and 1"),
    (Wanted("drop_off_rate", float("nan")), "between 0 and 1"),
    (Wanted("drop_off_rate", 0.2, minimum_n=19), "at least 20"),
    (Wanted("drop_off_rate", 0.2, grain="day"), "window is one of"),
    (Wanted("drop_off_rate", 0.2, step_hours=0), "1 to 200"),
    (Wanted("drop_off_rate", 0.2, {"department": ("Atlantis",)}), "Atlantis"),
    (Wanted("drop_off_rate", 0.2, {"recruiter": ("Rita",)}), "single people"),
    (Wanted("drop_off_rate", 0.2, {"month": ("2026-10",)}), "--window"),
    (Wanted("drop_off_rate", 0.2, each="recruiter"), "single people"),
    (Wanted("drop_off_rate", 0.2, {"department": ("Sales",)}, each="department"), "limited and split"),
    (Wanted("drop_off_rate", 0.2, recipients={"boss": ("eva@northwind.example",)}), "steps are"),
    (Wanted("drop_off_rate", 0.2, recipients={"lead": ("admin",)}), "e-mail"),
    (Wanted("drop_off_rate", 0.2, office="Atlantis"), "Offices: Berlin"),
    (Wanted("drop_off_rate", 0.2, owner="nobody@northwind.example"), "no active user"),
)


def test_1_4_a_rule_that_could_never_be_judged_is_refused(lite: AlertScene) -> None:
    for wanted, words in NEVER_JUDGED:
        with pytest.raises(InvalidInputError, match=words):
            lite.thresholds.put(wanted, lite.viewer("ron"))
    assert lite.thresholds.active() == []


def test_1_4_a_rule_whose_department_is_gone_says_so_once(lite: AlertScene) -> None:
    lite.limit()
    lite.mart.connection.execute("UPDATE dim_department SET name = 'Research' WHERE department_id = 1")
    for snapshot in ("s2", "s3"):
        lite.publish(snapshot)
        lite.rounds.run()
    [rule] = lite.thresholds.active()
    assert rule.problem is not None
    assert "Engineering" in rule.problem
    assert lite.mails() == [("ron", "A threshold of drop-off cannot be judged")]
