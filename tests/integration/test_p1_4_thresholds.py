"""1.4: thresholds, one open incident, the ladder with acknowledge, snooze and escalation, on both stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from services.alerts.escalation import Standing
from services.alerts.thresholds import Wanted
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.incidents import Step
from services.domain.metric import Answer, Query, Reason
from services.domain.people import Viewer
from services.store.database import Store
from services.store.tables import AuditEvent, Incident, IncidentEvent, OutboxMessage, ThresholdRule, UserAccount
from tests.alert_scenes import ENGINEERING, OCTOBER, SALES, SEPTEMBER, AlertScene

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY_EVENING = datetime(2026, 11, 6, 15, 0, tzinfo=UTC)
"""16:00 in Berlin: one business hour is left."""


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


# --- the ladder -----------------------------------------------------------------------------------------------------


def test_1_4_the_ladder_climbs_in_business_hours_to_the_executive_and_ends_there(scene: AlertScene) -> None:
    """Eight business hours are one working day: Tuesday 10:00, Wednesday 10:00, Thursday, Friday."""
    number = scene.breach()
    for hours, steps in ((23, 1), (1, 2), (23, 2), (1, 3), (24, 4), (240, 4)):
        scene.clock.pass_by(hours=hours)
        scene.rounds.run()
        assert len(scene.told(number)) == steps, hours
    assert scene.told(number) == {
        "recruiter": ["rita@northwind.example"],
        "lead": ["ron@northwind.example"],
        "hrbp": ["hana@northwind.example"],
        "executive": ["eva@northwind.example"],
    }
    with scene.store.read() as connection:
        audited = list(connection.scalars(select(AuditEvent.action).where(AuditEvent.action.like("incident.%"))))
    assert audited == ["incident.opened", *["incident.told"] * 4]
    assert scene.people.audit.verify().first_bad_seq is None


def test_1_4_nobody_is_told_over_the_weekend(lite: AlertScene) -> None:
    lite.clock.now = FRIDAY_EVENING
    number = lite.breach()
    expected = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)
    assert lite.incidents.one(number, lite.viewer("ron")).entry.next_step_at == expected
    while lite.clock() < expected:
        lite.rounds.run()
        assert list(lite.told(number)) == ["recruiter"]
        lite.clock.pass_by(hours=1)
    lite.rounds.run()
    assert list(lite.told(number)) == ["recruiter", "lead"]


def test_1_4_a_server_that_was_away_does_not_catch_up_at_night(lite: AlertScene) -> None:
    number = lite.breach()
    lite.clock.now = datetime(2026, 11, 7, 3, 0, tzinfo=UTC)
    lite.rounds.run()
    assert list(lite.told(number)) == ["recruiter"]
    lite.clock.now = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
    lite.rounds.run()
    lite.rounds.run()
    assert list(lite.told(number)) == ["recruiter", "lead"]


def test_1_4_acknowledged_it_rests_until_it_is_worse(lite: AlertScene) -> None:
    number = lite.breach()
    lite.incidents.acknowledge(number, lite.viewer("rita"))
    lite.clock.pass_by(days=30)
    lite.rounds.run()
    assert list(lite.told(number)) == ["recruiter"]
    entry = lite.incidents.one(number, lite.viewer("eva")).entry
    assert (entry.acknowledged_by, entry.next_step_at) == ("rita@northwind.example", None)


def test_1_4_an_acknowledgement_between_the_look_and_the_step_wins(scene: AlertScene) -> None:
    number = scene.breach()
    scene.clock.pass_by(days=1)
    [standing] = scene.escalation._due(scene.clock())
    scene.incidents.acknowledge(number, scene.viewer("rita"))
    assert scene.escalation._climb(standing, scene.clock()) is False
    assert list(scene.told(number)) == ["recruiter"]


def test_1_4_a_snooze_begins_the_wait_anew(scene: AlertScene) -> None:
    number = scene.breach()
    until = scene.clock() + timedelta(days=2)
    scene.incidents.snooze(number, until, scene.viewer("rita"))
    scene.clock.now = until + timedelta(hours=7)
    scene.rounds.run()
    assert list(scene.told(number)) == ["recruiter"]
    scene.clock.now = until + timedelta(hours=24)
    scene.rounds.run()
    assert list(scene.told(number)) == ["recruiter", "lead"]
    for wrong in (scene.clock(), scene.clock() + timedelta(days=31)):
        with pytest.raises(InvalidInputError, match="30 days"):
            scene.incidents.snooze(number, wrong, scene.viewer("rita"))


def test_1_4_two_people_at_once_do_not_overwrite_each_other(scene: AlertScene) -> None:
    number = scene.breach()
    version = scene.incidents.one(number, scene.viewer("rita")).entry.version
    scene.incidents.acknowledge(number, scene.viewer("ron"), version=version)
    with pytest.raises(ConflictError, match="Somebody else"):
        scene.incidents.snooze(number, scene.clock() + timedelta(days=1), scene.viewer("rita"), version=version)
    assert scene.incident(number).acknowledged_by == "ron@northwind.example"


def test_1_4_a_step_that_finds_nobody_tells_the_owner_and_goes_on_at_once(lite: AlertScene) -> None:
    """Sales has no recruiter with an account: the lead hears of it in the same minute."""
    lite.month(OCTOBER, 50, 100, department=SALES)
    lite.limit(scope={"department": ("Sales",)})
    lite.rounds.run()
    [number] = lite.open_incidents()
    assert lite.told(number) == {"recruiter": [], "lead": ["ron@northwind.example"]}
    assert lite.mails() == [
        ("ron", "Not told at the step “recruiter”: Drop-off: Sales"),
        ("ron", "Drop-off: Sales is above 20%"),
    ]


# --- rights ---------------------------------------------------------------------------------------------------------


def test_1_4_who_is_named_and_may_not_see_the_scope_gets_nothing_and_the_owner_is_told(lite: AlertScene) -> None:
    lite.month(OCTOBER, 50, 100, department=SALES)
    named = {"recruiter": ("rita@northwind.example", "otto@northwind.example", "nobody@northwind.example")}
    lite.limit(scope={"department": ("Sales",)}, recipients=named, by="ada")
    lite.evaluation.run()
    [number] = lite.open_incidents()
    assert lite.told(number)["recruiter"] == []
    assert [who for who, _ in lite.mails()] == ["ada"]
    text = lite.text_to("ada")
    for line in (
        "rita@northwind.example may not see this scope",
        "otto@northwind.example may not see this scope",
        "nobody@northwind.example has no active account",
    ):
        assert line in text


def test_1_4_a_reader_of_a_part_gets_the_own_part_alone(lite: AlertScene) -> None:
    """60 of 120 in the company; Rita's part is 10 of 50, and no mail or page gives her the rest."""
    lite.month(OCTOBER, 10, 50, department=ENGINEERING)
    lite.month(OCTOBER, 50, 70, department=SALES)
    lite.limit(scope={})
    lite.rounds.run()
    [number] = lite.open_incidents()
    text = lite.text_to("rita")
    assert "20%" in text
    assert "n 50, your part" in text
    assert "120" not in text
    entry = lite.incidents.one(number, lite.viewer("rita")).entry
    assert (entry.value, entry.sample) == ("20%", "n 50, your part")
    whole = lite.incidents.one(number, lite.viewer("eva")).entry
    assert (whole.value, whole.sample) == ("50%", "n 120")


def test_1_4_whom_nothing_of_it_concerns_is_not_told(lite: AlertScene) -> None:
    """A limit of the whole company, broken by Sales alone: Rita, of Engineering, hears nothing."""
    lite.month(OCTOBER, 60, 100, department=SALES)
    lite.limit(scope={})
    lite.evaluation.run()
    [number] = lite.open_incidents()
    assert lite.told(number) == {"recruiter": []}
    assert lite.incidents.view(lite.viewer("rita")).entries == ()


@pytest.mark.parametrize("name", ["rita", "hana"])
def test_1_4_an_incident_outside_the_scope_is_answered_like_one_that_does_not_exist(
    lite: AlertScene, name: str
) -> None:
    lite.month(OCTOBER, 50, 100, department=SALES)
    lite.limit(scope={"department": ("Sales",)})
    lite.rounds.run()
    [number] = lite.open_incidents()
    viewer = lite.viewer(name)
    assert lite.incidents.view(viewer).entries == ()
    answers = []
    for wanted in (number, number + 1):
        with pytest.raises(NotFoundError) as refused:
            lite.incidents.acknowledge(wanted, viewer)
        answers.append(str(refused.value))
    assert answers[0] == answers[1]
    assert lite.incident(number).acknowledged_by is None


@pytest.mark.parametrize("name", ["max", "dee", "cleo", "otto"])
def test_1_4_who_is_not_on_the_ladder_sees_no_incidents(lite: AlertScene, name: str) -> None:
    number = lite.breach()
    for ask in (lite.incidents.view, lambda who: lite.incidents.one(number, who)):
        with pytest.raises(ForbiddenError):
            ask(lite.viewer(name))
    with pytest.raises(ForbiddenError):
        lite.thresholds.put(Wanted("drop_off_rate", 0.2), lite.viewer(name))


def test_1_4_a_deactivated_recipient_gets_nothing(lite: AlertScene) -> None:
    number = lite.breach()
    lite.people.accounts.deactivate(lite.people.ids["ron"])
    lite.clock.pass_by(days=1)
    lite.rounds.run()
    assert lite.told(number)["lead"] == []
    assert ("ada", "Not told at the step “recruiting lead”: Drop-off: Screen, Engineering") in lite.mails()


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


# --- never twice ----------------------------------------------------------------------------------------------------

_MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from((1, 5, 8, 24, 72, 170))),
        st.tuples(st.just("round"), st.just(0)),
        st.tuples(st.just("acknowledge"), st.just(0)),
        st.tuples(st.just("snooze"), st.sampled_from((1, 9, 50))),
        st.tuples(st.just("worse"), st.just(0)),
        st.tuples(st.just("stale round"), st.just(0)),
    ),
    max_size=25,
)
STARTS = (
    datetime(2027, 10, 29, 13, 0, tzinfo=UTC),  # the Friday before the clocks go back in Berlin
    datetime(2027, 3, 25, 14, 30, tzinfo=UTC),  # the Thursday before Good Friday, Easter and the clocks going forward
    datetime(2026, 12, 23, 16, 0, tzinfo=UTC),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=_MOVES, start=st.sampled_from(STARTS), severity=st.sampled_from(("warn", "breach")))
def test_1_4_no_step_is_told_twice_or_outside_working_time(
    lite: AlertScene, moves: list[tuple[str, int]], start: datetime, severity: str
) -> None:
    """Whatever people and clocks do: each step once, in order, no two mails with one key, no step at night."""
    scene = lite
    _empty(scene)
    scene.clock.now = start
    scene.forget_months()
    end = scene.clock().date().replace(day=1)
    last = (end - timedelta(days=1)).replace(day=1)
    for month in ((last - timedelta(days=1)).replace(day=1), last):
        scene.month(month, *((22, 100) if severity == "warn" else (50, 100)))
    scene.publish(f"p{start}{severity}")
    scene.limit()
    scene.evaluation.run()
    [number] = scene.open_incidents()
    stale = scene.escalation._due(start + timedelta(days=10))
    for count, (move, amount) in enumerate(moves):
        _move(scene, number, move, amount, stale, f"x{count}")
    scene.clock.pass_by(hours=1)
    scene.rounds.run()
    with scene.store.read() as connection:
        told = connection.execute(
            select(IncidentEvent.key, IncidentEvent.at)
            .where(IncidentEvent.incident_id == number, IncidentEvent.kind == "told")
            .order_by(IncidentEvent.id)
        ).all()
        mails = connection.execute(select(func.count(), func.count(OutboxMessage.message_id.distinct()))).one()
    assert [event.key for event in told] == [f"step-{step}" for step in range(len(told))]
    assert mails[0] == mails[1] == len(told)
    for before, after in pairwise(told):
        local = after.at.astimezone(BERLIN)
        assert local.weekday() < 5
        assert 9 <= local.hour < 17
        assert after.at - before.at >= timedelta(hours=8)
    if scene.incident(number).severity == "warn":
        assert len(told) <= int(Step.LEAD) + 1


def _move(scene: AlertScene, number: int, move: str, amount: int, stale: list[Standing], name: str) -> None:
    if move == "wait":
        scene.clock.pass_by(hours=amount)
    elif move == "round":
        scene.rounds.run()
    elif move == "acknowledge":
        scene.incidents.acknowledge(number, scene.viewer("ron"))
    elif move == "snooze":
        scene.incidents.snooze(number, scene.clock() + timedelta(hours=amount), scene.viewer("ron"))
    elif move == "worse":
        scene.month(scene.incident(number).window_start, 60, 60)
        scene.publish(name, scene.mart.snapshot.as_of)
        scene.evaluation.run()
    # another scheduler that read the incident long ago: its step has an old version and is refused
    elif scene.incident(number).version > 1:
        for standing in stale:
            scene.escalation._climb(standing, scene.clock())


def _empty(scene: AlertScene) -> None:
    with scene.store.write() as connection:
        for table in (IncidentEvent, Incident, ThresholdRule, OutboxMessage):
            connection.execute(delete(table))
        connection.execute(update(UserAccount).values(is_active=True))
