"""1.4: the ladder with acknowledge, snooze and escalation in business hours, who sees what, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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
from services.store.database import Store
from services.store.tables import (
    AuditEvent,
    Incident,
    IncidentEvent,
    OutboxMessage,
    ThresholdRule,
    UserAccount,
)
from tests.alert_scenes import ENGINEERING, OCTOBER, SALES, AlertScene

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
