"""1.3: who is asked when, one-time links, response rate, opt-out, and the switch to a formal KPI, on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.metric import Query
from services.domain.pipeline import SurveyKind
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.formal_kpis import FormalKpis
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.tables import (
    AppSetting,
    AuditEvent,
    ChangeRow,
    OutboxMessage,
    Person,
    RequisitionStatusInterval,
    SurveyRequest,
)
from services.surveys.links import Links, hash_of
from services.surveys.plans import PlanWanted
from tests.metric_scenes import OPERATOR
from tests.survey_scenes import CANDIDATE, MANAGER, NOON, SECRET, SurveyScene


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[SurveyScene]:
    store = Store(migrated_store_url)
    yield SurveyScene(store)
    store.dispose()


@pytest.fixture
def lite(migrated_sqlite_url: str) -> Iterator[SurveyScene]:
    """On SQLite only: what does not depend on the store."""
    store = Store(migrated_sqlite_url)
    yield SurveyScene(store)
    store.dispose()


# --- cadence --------------------------------------------------------------------------------------------------------


def test_1_3_a_hire_asks_its_manager_once_a_day_later(scene: SurveyScene) -> None:
    scene.plan()
    number = scene.decided("hired")
    assert scene.round_after(hours=23) == 0
    assert scene.round_after(hours=1) == 1
    assert scene.round_after(days=20) == 0
    assert scene.asked() == [f"{MANAGER}/application/{number}"]
    assert scene.recipients()[:1] == ["max"]
    assert "Role 1 &lt;b&gt;" in scene.body() or "Role 1 <b>" in scene.body()


def test_1_3_what_happened_before_the_plan_is_not_asked_about(lite: SurveyScene) -> None:
    lite.decided("hired")
    lite.clock.pass_by(days=2)
    lite.plan()
    assert lite.round_after(days=5) == 0


def test_1_3_a_manager_is_asked_about_one_hire_in_two_weeks_and_the_others_wait(scene: SurveyScene) -> None:
    scene.plan(throttle_days=14)
    for _ in range(3):
        scene.decided("hired")
    scene.decided("hired", requisition=2)
    asked = [scene.round_after(days=days) for days in (1, 1, 13, 14)]
    assert asked == [2, 0, 1, 1]
    assert scene.recipients().count("max") == 3
    assert scene.recipients().count("lea") == 1


def test_1_3_while_open_a_manager_is_asked_every_so_many_days_and_never_for_missed_ones(scene: SurveyScene) -> None:
    """Both requisitions are open for 100 days: the fourth round of 30 days is due on day 120."""
    scene.plan(cadence="while_open", every_days=30)
    assert scene.round_after(days=19) == 0
    assert scene.round_after(days=1) == 2
    with scene.store.write() as connection:
        row = update(RequisitionStatusInterval).where(RequisitionStatusInterval.requisition_id == 2)
        connection.execute(row.values(to_at=scene.clock()))
    assert scene.round_after(days=65) == 1
    assert scene.asked() == [f"{MANAGER}/requisition/{name}" for name in ("1/4", "2/4", "1/6")]


def test_1_3_quarterly_asks_everybody_who_had_something_open(scene: SurveyScene) -> None:
    scene.plan(cadence="quarterly", throttle_days=1)
    assert scene.round_after(days=1) == 0
    scene.clock.now = datetime(2027, 1, 2, 1, tzinfo=UTC)
    assert scene.round_after() == 2
    assert scene.round_after(days=30) == 0
    assert {key.rpartition("/")[2] for key in scene.asked()} == {"2026-Q4"}


def test_1_3_a_candidate_is_asked_after_a_decision_and_never_before(scene: SurveyScene) -> None:
    scene.plan(CANDIDATE, "per_decision")
    decided = [scene.decided(outcome) for outcome in ("hired", "rejected", "withdrawn")]
    for outcome, fields in (
        (None, {}),
        ("transferred", {}),
        ("archived", {}),
        ("rejected", {"is_test": True}),
        ("rejected", {"is_prospect": True}),
        ("rejected", {"email": None}),
    ):
        scene.decided(outcome, **fields)
    assert scene.round_after(days=2) == 3
    assert scene.asked() == [f"{CANDIDATE}/application/{number}" for number in decided]


def test_1_3_a_manager_who_left_or_has_no_address_is_not_asked(lite: SurveyScene) -> None:
    lite.plan()
    lite.decided("hired", requisition=1)
    lite.decided("hired", requisition=2)
    with lite.store.write() as connection:
        connection.execute(update(Person).where(Person.id == lite.lea).values(email=None))
        connection.execute(update(Person).where(Person.name == "Max Manager").values(left_on=date(2026, 11, 1)))
    assert lite.round_after(days=2) == 0


def test_1_3_a_deactivated_manager_gets_no_mail(scene: SurveyScene, tmp_path: Path) -> None:
    scene.plan()
    scene.decided("hired")
    scene.round_after(days=2)
    scene.people.accounts.deactivate(scene.people.ids["max"])
    sending = scene.sending(tmp_path)
    sending.step()
    assert [mail.state for mail in scene.outbox.mails()] == ["failed"]
    scene.surveys.rounds.run()
    assert scene.states() == ["undelivered"]
    assert scene.answers() == []


# --- links ----------------------------------------------------------------------------------------------------------


def asked_candidate(scene: SurveyScene) -> str:
    scene.plan(CANDIDATE, "per_decision")
    scene.decided("rejected")
    scene.round_after(days=2)
    return scene.token()


def test_1_3_an_answer_counts_once(scene: SurveyScene) -> None:
    token = asked_candidate(scene)
    scene.surveys.answers.answer(token, "9")
    with pytest.raises(ConflictError, match="answered already"):
        scene.surveys.answers.answer(token, "0")
    assert scene.surveys.answers.look(token).is_answered
    [answer] = scene.answers()
    assert (answer.kind, answer.score, answer.respondent) == (CANDIDATE, 9.0, "candidate:1")
    [request] = scene.requests()
    assert (request.state, request.address, request.name) == ("answered", "", "")


def test_1_3_looking_at_a_link_changes_nothing(lite: SurveyScene) -> None:
    """A mail scanner opens every link, often."""
    token = asked_candidate(lite)
    before = lite.requests()
    for _ in range(3):
        assert not lite.surveys.answers.look(token).is_answered
    assert lite.requests() == before
    assert lite.answers() == []


def test_1_3_a_wrong_an_expired_and_a_declined_link_are_refused_alike(scene: SurveyScene) -> None:
    token = asked_candidate(scene)
    words = set()
    for wrong in ("", "x", "x" * 43, token[:-1] + ("A" if token[-1] != "A" else "B"), "é" * 43, None, 7, b"x"):
        for use in (scene.surveys.answers.look, lambda one: scene.surveys.answers.answer(one, "9")):
            with pytest.raises(NotFoundError) as refused:
                use(wrong)
            words.add(str(refused.value))
    scene.clock.pass_by(days=21)
    with pytest.raises(NotFoundError) as refused:
        scene.surveys.answers.answer(token, "9")
    words.add(str(refused.value))
    assert len(words) == 1
    assert scene.answers() == []


def test_1_3_only_a_number_of_the_scale_is_an_answer(scene: SurveyScene) -> None:
    token = asked_candidate(scene)
    for score in (None, "", "11", "-1", "5.5", "09", " 9", 9, True, ["9"], "nine"):
        with pytest.raises(InvalidInputError, match="one of the numbers"):
            scene.surveys.answers.answer(token, score)
    assert scene.states() == ["sent"]


def test_1_3_the_token_is_in_no_table_once_the_mail_is_sent(scene: SurveyScene) -> None:
    token = asked_candidate(scene)
    [request] = scene.requests()
    assert bytes(request.token_hash) == hash_of(token)
    assert Links("another secret", "").token(bytes(request.nonce)) != token
    scene.deliver()
    scene.round_after(days=8)
    assert scene.recipients() == ["candidate1"] * 2
    scene.deliver()
    dumped = [str(row) for row in scene.requests()]
    with scene.store.read() as connection:
        bodies = connection.scalars(select(OutboxMessage.body))
        dumped += [bytes(body).decode().replace("=\r\n", "") for body in bodies]
        dumped += list(connection.scalars(select(AuditEvent.detail)))
    assert not any(token in text for text in dumped)


def test_1_3_whoever_can_write_the_store_cannot_make_a_link(scene: SurveyScene) -> None:
    """A hash put into the table is not enough: the token must be signed by the installation's secret."""
    asked_candidate(scene)
    forged = "F" * 43
    with scene.store.write() as connection:
        connection.execute(update(SurveyRequest).values(token_hash=hash_of(forged)))
    with pytest.raises(NotFoundError):
        scene.surveys.answers.look(forged)


def test_1_3_who_opts_out_is_not_asked_or_reminded_again(scene: SurveyScene) -> None:
    token = asked_candidate(scene)
    scene.deliver()
    scene.surveys.answers.decline(token)
    assert scene.states() == ["declined"]
    scene.decided("rejected", person=1)
    assert scene.round_after(days=20) == 0
    assert scene.recipients() == ["candidate1"]
    with pytest.raises(NotFoundError):
        scene.surveys.answers.look(token)


# --- delivery, reminder, response rate ------------------------------------------------------------------------------


def test_1_3_delivered_and_answered_are_what_the_mart_reads(scene: SurveyScene) -> None:
    scene.plan(CANDIDATE, "per_decision")
    for _ in range(4):
        scene.decided("rejected")
    scene.round_after(days=2)
    token = scene.token()
    assert scene.answers() == []
    scene.deliver()
    assert [answer.answered_at for answer in scene.answers()] == [None] * 4
    scene.surveys.answers.answer(token, "10")
    [standing] = [one for one in scene.surveys.standings.of_all(scene.people.viewer("ron")) if one.kind == CANDIDATE]
    assert (standing.sent, standing.delivered, standing.answered, standing.waiting) == (4, 4, 1, 3)
    assert standing.response_rate == 0.25
    with scene.store.read() as connection:
        changes = connection.execute(
            select(ChangeRow.kind, func.count(ChangeRow.entity_id.distinct())).group_by(ChangeRow.kind)
        ).all()
    assert sorted((str(kind), int(count)) for kind, count in changes) == [("application", 4), ("requisition", 1)]


def test_1_3_an_answer_that_comes_before_its_delivery_is_noted_counts_as_delivered(scene: SurveyScene) -> None:
    scene.surveys.answers.answer(asked_candidate(scene), "3")
    scene.deliver()
    scene.deliver()
    [answer] = scene.answers()
    assert answer.score == 3.0
    assert scene.states() == ["answered"]
    standing = scene.surveys.standings.of_all(scene.people.viewer("ada"))[0]
    assert standing.response_rate == 1.0


def test_1_3_one_reminder_with_the_same_link_and_none_to_those_who_answered(scene: SurveyScene) -> None:
    scene.plan(CANDIDATE, "per_decision", remind_after_days=7, valid_days=21)
    scene.decided("rejected")
    scene.decided("rejected")
    scene.round_after(days=2)
    token = scene.token()
    scene.deliver()
    scene.surveys.answers.answer(token, "5")
    scene.round_after(days=6)
    assert len(scene.recipients()) == 2
    scene.round_after(days=1)
    scene.round_after(days=5)
    assert scene.recipients() == ["candidate1", "candidate2", "candidate1"]
    scene.surveys.answers.answer(scene.token(), "6")
    assert scene.states() == ["answered", "answered"]


def test_1_3_what_is_over_says_so_and_keeps_no_address(scene: SurveyScene) -> None:
    asked_candidate(scene)
    scene.deliver()
    scene.round_after(days=30)
    [request] = scene.requests()
    assert (request.state, request.address) == ("expired", "")


def test_1_3_answers_reach_the_metrics(scene: SurveyScene, tmp_path: Path) -> None:
    """From the link to the query layer: full build, then an increment with the answers, equal to a full build."""
    scene.plan(CANDIDATE, "per_decision")
    for _ in range(6):
        scene.decided("rejected")
    scene.round_after(days=2)
    scene.deliver()
    url, mart = scene.store.url.render_as_string(hide_password=False), tmp_path / "mart"
    build_apart(url, mart)
    reader = MartReader(mart)
    layer = QueryLayer(reader, StoreNames(scene.store), formal_kpis=FormalKpis(scene.store))
    silent = layer.ask(Query(("candidate_nps",), as_of=scene.clock()), OPERATOR).one("candidate_nps")
    assert (silent.value, silent.extra["delivered"], silent.extra["answers"]) == (None, 6, 0)
    links = Links(SECRET, "")
    for number, request in enumerate(scene.requests()):
        scene.surveys.answers.answer(links.token(bytes(request.nonce)), "10" if number else "0")
    scene.surveys.plans.make_formal(SurveyKind.CANDIDATE_EXPERIENCE, date(2027, 1, 1), scene.people.viewer("ada"))
    increment = build_apart(url, mart)
    assert increment.how == "increment"
    layer = QueryLayer(reader, StoreNames(scene.store), formal_kpis=FormalKpis(scene.store))
    reader.refresh()
    scored = layer.ask(Query(("candidate_nps",), as_of=scene.clock()), OPERATOR).one("candidate_nps")
    assert (scored.n, scored.extra["answers"]) == (6, 6)
    assert scored.value == pytest.approx(100 * 4 / 6)
    assert "formal KPI from 1 Jan 2027" in str(scored.note)
    reader.close()
    assert build_apart(url, mart, full=True).id == increment.id


# --- who may, and what is written down ------------------------------------------------------------------------------


def test_1_3_a_formal_kpi_is_a_versioned_audited_setting(scene: SurveyScene) -> None:
    ada, kind = scene.people.viewer("ada"), SurveyKind.HIRING_MANAGER_SATISFACTION
    for day in (date(2027, 1, 1), date(2027, 4, 1), None):
        scene.surveys.plans.make_formal(kind, day, ada)
    with scene.store.read() as connection:
        versions = connection.execute(
            select(AppSetting.version, AppSetting.value)
            .where(AppSetting.name == "surveys.formal_kpi_from")
            .order_by(AppSetting.version)
        ).all()
        changed = connection.scalar(select(func.count()).where(AuditEvent.action == "setting.changed"))
    assert [row.version for row in versions] == [1, 2, 3]
    assert versions[-1].value == "{}"
    assert changed == 3


def test_1_3_nobody_else_manages_surveys(lite: SurveyScene) -> None:
    for name in ("max", "rita", "hana", "eva", "dee", "cleo", "otto"):
        viewer = lite.people.viewer(name)
        for attempt in (
            lambda who: lite.surveys.plans.put(PlanWanted(MANAGER, "per_hire"), who),
            lite.surveys.plans.listed,
            lambda who: lite.surveys.plans.remove(1, who),
            lambda who: lite.surveys.plans.make_formal(SurveyKind.CANDIDATE_EXPERIENCE, None, who),
            lite.surveys.standings.of_all,
        ):
            with pytest.raises(ForbiddenError):
                attempt(viewer)


def test_1_3_a_plan_that_makes_no_sense_is_refused(lite: SurveyScene) -> None:
    for wanted, words in (
        (PlanWanted("nps", "per_hire"), "no survey"),
        (PlanWanted(CANDIDATE, "per_hire"), "is sent per_decision"),
        (PlanWanted(MANAGER, "while_open"), "number of days"),
        (PlanWanted(MANAGER, "per_hire", every_days=30), "number of days"),
        (PlanWanted(MANAGER, "while_open", every_days=1), "every 14"),
        (PlanWanted(MANAGER, "per_hire", throttle_days=0), "Throttle"),
        (PlanWanted(MANAGER, "per_hire", valid_days=1), "Valid"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            lite.surveys.plans.put(wanted, lite.people.viewer("ron"))
    assert lite.surveys.plans.active() == []


def test_1_3_a_plan_is_changed_and_removed_and_both_are_in_the_log(scene: SurveyScene) -> None:
    first, again = scene.plan(), scene.plan(valid_days=30)
    assert first == again
    [plan] = scene.surveys.plans.active()
    assert (plan.valid_days, plan.version, plan.created_at) == (30, 2, NOON)
    scene.surveys.plans.remove(first, scene.people.viewer("ada"))
    scene.decided("hired")
    assert scene.round_after(days=3) == 0
    with pytest.raises(NotFoundError):
        scene.surveys.plans.remove(first, scene.people.viewer("ada"))
    with scene.store.read() as connection:
        found = select(AuditEvent.action).where(AuditEvent.action.like("survey_plan.%")).order_by(AuditEvent.seq)
        assert list(connection.scalars(found)) == ["survey_plan.set", "survey_plan.set", "survey_plan.removed"]
    scene.clock.pass_by(days=1)
    scene.plan()
    assert scene.round_after(days=3) == 0, "a plan set anew does not ask about the time it was off"


def test_1_3_thousands_due_are_entered_in_parts(scene: SurveyScene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.surveys.rounds.AT_A_TIME", 3)
    scene.plan(CANDIDATE, "per_decision")
    for _ in range(8):
        scene.decided("rejected")
    assert scene.round_after(days=2) == 8
    scene.deliver()
    assert len(scene.answers()) == 8
    assert scene.round_after(days=8) == 0
    assert len(scene.recipients()) == 16
    assert timedelta(days=8) + NOON < scene.clock()
