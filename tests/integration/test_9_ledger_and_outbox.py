"""Capability 9: the ledger and the outbox as state machines, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.delivery.leases import DutyRoster, LeaseLostError
from services.delivery.ledger import Claim, retry_delay
from services.delivery.outbox import OutgoingMail
from services.delivery.sending import Sending, Sent
from services.delivery.transports import SmtpTransport, parse_smtp_url
from services.domain.errors import ConflictError, NotFoundError
from services.store.database import Store
from tests.delivery_scenes import DeliveryScene
from tests.services_for_tests import SmtpServer


@pytest.fixture
def scene(migrated_store_url: str) -> Iterator[DeliveryScene]:
    store = Store(migrated_store_url)
    yield DeliveryScene(store)
    store.dispose()


def claim_run(scene: DeliveryScene, owner: str = "one") -> Claim:
    claim = scene.ledger.claim(owner)
    assert claim is not None
    return claim


def claim_mail(scene: DeliveryScene, owner: str = "one") -> OutgoingMail:
    mail = scene.outbox.claim(owner)
    assert mail is not None
    return mail


# --- the ledger ---------------------------------------------------------------------------------------------------


def test_a_second_fire_of_the_same_period_is_a_no_op(scene: DeliveryScene) -> None:
    assert scene.enter("max", "otto") == 2
    assert scene.enter("max", "otto", "rita") == 1
    assert scene.run_states() == [("max", "due"), ("otto", "due"), ("rita", "due")]
    assert scene.enter("max", period="2026-W45") == 1


def test_four_workers_never_hold_the_same_run(scene: DeliveryScene) -> None:
    scene.enter(*(f"s{number}" for number in range(40)))
    held: list[int] = []

    def work(owner: str) -> None:
        while claim := scene.ledger.claim(owner):
            held.append(claim.run_id)

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(held) == 40
    assert len(set(held)) == 40


def test_an_expired_lease_returns_the_run_and_the_late_worker_may_not_write(scene: DeliveryScene) -> None:
    scene.enter("max")
    slow = claim_run(scene, "slow")
    assert scene.ledger.claim("quick") is None
    scene.clock.pass_by(seconds=61)
    quick = claim_run(scene, "quick")
    assert (quick.run_id, quick.fence) == (slow.run_id, slow.fence + 1)
    assert not scene.ledger.renew(slow)
    with pytest.raises(LeaseLostError), scene.store.write() as connection:
        scene.ledger.failed(connection, slow, "too late")
    with scene.store.write() as connection:
        scene.ledger.failed(connection, quick, "no such manager")
    assert scene.ledger.run(quick.run_id).error == "no such manager"


def test_a_renewed_lease_holds(scene: DeliveryScene) -> None:
    scene.enter("max")
    claim = claim_run(scene)
    for _ in range(3):
        scene.clock.pass_by(seconds=50)
        assert scene.ledger.renew(claim)
        assert scene.ledger.claim("other") is None


def test_a_clock_set_back_by_two_hours_does_not_block_a_dead_workers_run(scene: DeliveryScene) -> None:
    """F26: the lease seems to end two hours from now; no lease can, so it counts as over."""
    scene.enter("max")
    claim_run(scene, "dead")
    scene.clock.pass_by(hours=-2)
    scene.enter("otto")
    assert claim_run(scene, "next").subject in {"max", "otto"}
    assert claim_run(scene, "next").subject in {"max", "otto"}


def test_tries_are_counted_and_spaced_from_a_minute_to_an_hour(scene: DeliveryScene) -> None:
    scene.enter("max")
    for attempt in range(1, 6):
        claim = claim_run(scene)
        assert (claim.attempts, claim.is_last_try, claim.is_exhausted) == (attempt, attempt == 5, False)
        scene.ledger.put_back(claim, "no luck", counts=True)
        scene.clock.pass_by(seconds=retry_delay(attempt).total_seconds() - 1)
        assert scene.ledger.claim("early") is None
        scene.clock.pass_by(seconds=1)
    assert claim_run(scene).is_exhausted
    assert [retry_delay(n) for n in (1, 2, 7, 50)] == [timedelta(seconds=s) for s in (60, 120, 3600, 3600)]


def test_a_full_disk_uses_up_no_try(scene: DeliveryScene) -> None:
    """F16: reports stay queued, not lost."""
    scene.enter("max")
    for _ in range(12):
        scene.ledger.put_back(claim_run(scene), "No space left on device", counts=False)
        scene.clock.pass_by(hours=1)
    assert claim_run(scene).attempts == 1


def test_a_period_that_is_not_made_says_so_once(scene: DeliveryScene) -> None:
    for expected in (True, False):
        with scene.store.write() as connection:
            stated = scene.ledger.enter_not_made(
                connection,
                schedule_id=scene.schedule_id,
                report_kind="hiring_manager_weekly",
                period="2026-W43",
                due_at=scene.clock(),
                why="The server was down.",
            )
        assert stated is expected
    [record] = scene.ledger.runs(state="cancelled")
    assert (record.subject, record.error) == ("*", "The server was down.")
    assert scene.ledger.claim("anyone") is None


def test_an_unknown_run_is_not_found(scene: DeliveryScene) -> None:
    with pytest.raises(NotFoundError, match="report list"):
        scene.ledger.run(99)


# --- duties -------------------------------------------------------------------------------------------------------


def test_one_leader_at_a_time_and_a_zombie_may_not_write(scene: DeliveryScene) -> None:
    """F06: a leader that was stopped for a minute comes back to a fence that has moved on."""
    roster = DutyRoster(scene.store, length_s=15, clock=scene.clock)
    first = roster.acquire("scheduler", "a")
    assert first is not None
    assert roster.acquire("scheduler", "b") is None
    assert roster.acquire("scheduler", "a") == first
    scene.clock.pass_by(seconds=16)
    second = roster.acquire("scheduler", "b")
    assert second is not None
    assert second.fence == first.fence + 1
    with pytest.raises(LeaseLostError), scene.store.write() as connection:
        roster.require(connection, first)
    with scene.store.write() as connection:
        roster.require(connection, second)
    roster.release(second)
    assert roster.acquire("scheduler", "a") is not None


# --- the outbox ---------------------------------------------------------------------------------------------------


def test_one_key_is_one_mail_for_ever(scene: DeliveryScene) -> None:
    assert scene.post("run/1")
    assert not scene.post("run/1", recipient="other@northwind.example")
    [mail] = scene.outbox.mails()
    assert mail.recipient == "max@northwind.example"


def test_an_expired_claim_is_pending_again(scene: DeliveryScene) -> None:
    scene.post("run/1")
    dead = claim_mail(scene, "dead")
    scene.clock.pass_by(seconds=61)
    assert claim_mail(scene, "next").fence == dead.fence + 1
    assert not scene.outbox.start_transmission(dead)


def test_an_expired_transmission_is_in_doubt_and_only_a_person_sends_it_again(scene: DeliveryScene) -> None:
    scene.post("run/1")
    dead = claim_mail(scene, "dead")
    assert scene.outbox.start_transmission(dead)
    scene.clock.pass_by(seconds=61)
    assert scene.outbox.recover() == 1
    assert scene.outbox.recover() == 0
    assert scene.mail_states() == ["in_doubt"]
    scene.clock.pass_by(days=30)
    assert scene.outbox.claim("next") is None
    scene.outbox.decide(dead.id, send_again=True, actor="ada@northwind.example")
    again = claim_mail(scene, "next")
    assert (again.message_id, again.body) == (dead.message_id, dead.body)
    with pytest.raises(ConflictError, match="claimed"):
        scene.outbox.decide(dead.id, send_again=True, actor="ada@northwind.example")
    assert scene.audit.verify().events == 1


def test_a_person_may_take_a_doubtful_mail_as_sent(scene: DeliveryScene) -> None:
    scene.post("run/1")
    mail = claim_mail(scene)
    scene.outbox.start_transmission(mail)
    scene.outbox.in_doubt(mail, "cut")
    scene.outbox.decide(mail.id, send_again=False, actor="ada@northwind.example")
    assert scene.mail_states() == ["sent"]
    with pytest.raises(NotFoundError):
        scene.outbox.decide(99, send_again=False, actor="ada@northwind.example")


def test_a_sender_that_was_stopped_after_250_may_still_say_so(scene: DeliveryScene) -> None:
    scene.post("run/1")
    mail = claim_mail(scene)
    scene.outbox.start_transmission(mail)
    scene.clock.pass_by(seconds=61)
    scene.outbox.recover()
    assert scene.outbox.sent(mail)
    assert scene.mail_states() == ["sent"]
    assert not scene.outbox.sent(mail)


def test_a_recipient_who_left_gets_nothing_that_was_still_queued(scene: DeliveryScene) -> None:
    """A13: queued mail of a deactivated account."""
    max_id = scene.add_user("max@northwind.example", "Hiring manager Max")
    scene.post("run/1", user_id=max_id)
    mail = claim_mail(scene)
    scene.deactivate(max_id)
    assert not scene.outbox.start_transmission(mail)
    [record] = scene.outbox.mails()
    assert record.state == "failed"
    assert "deactivated" in str(record.error)


def test_a_mail_that_nobody_takes_for_three_days_fails_visibly(scene: DeliveryScene) -> None:
    scene.post("run/1")
    mail = claim_mail(scene)
    assert scene.outbox.deferred(mail, "451 later") == timedelta(seconds=60)
    assert scene.outbox.claim("early") is None
    scene.clock.pass_by(days=3, seconds=1)
    scene.outbox.deferred(claim_mail(scene), "451 later")
    [record] = scene.outbox.mails()
    assert record.state == "failed"
    assert record.error == "Given up after three days. Last: 451 later"


def test_no_address_at_all_is_a_visible_failure(scene: DeliveryScene) -> None:
    scene.post("run/1", recipient="nobody")
    [record] = scene.outbox.mails(state="failed")
    assert "not a mail address" in str(record.error)
    with pytest.raises(ConflictError):
        scene.outbox.decide(record.id, send_again=True, actor="ada@northwind.example")


# --- sending over a real SMTP server ------------------------------------------------------------------------------


@pytest.fixture
def sending(scene: DeliveryScene, smtp_server: SmtpServer) -> Iterator[Sending]:
    transport = SmtpTransport(parse_smtp_url(smtp_server.url), step_timeout_s=2, mail_timeout_s=3)
    sending = Sending(scene.outbox, transport, "sender")
    yield sending
    sending.close()


def results(sending: Sending) -> list[Sent]:
    found = []
    while (step := sending.step()).result is not Sent.NOTHING_DUE:
        found.append(step.result)
        if step.result is Sent.UNREACHABLE:
            break
    return found


def test_mails_go_out_in_order_over_one_connection(
    scene: DeliveryScene, sending: Sending, smtp_server: SmtpServer
) -> None:
    for number in range(5):
        scene.post(f"run/{number}")
    assert results(sending) == [Sent.SENT] * 5
    assert [mail.message["Subject"] for mail in smtp_server.received] == [f"Report run/{n}" for n in range(5)]
    assert smtp_server.sessions == 1
    assert scene.outbox.counts() == {"sent": 5}


def test_one_refused_recipient_does_not_hold_up_the_others(
    scene: DeliveryScene, sending: Sending, smtp_server: SmtpServer
) -> None:
    """F18: 550 for one of five: four sent once, one failed with the server's reason; 450 is tried again."""
    smtp_server.reject["gone@northwind.example"] = "550 no such user"
    smtp_server.reject["grey@northwind.example"] = "450 greylisted, come back"
    for name in ("max", "gone", "grey", "hana", "rita"):
        scene.post(name, recipient=f"{name}@northwind.example")
    assert results(sending) == [Sent.SENT, Sent.FAILED, Sent.DEFERRED, Sent.SENT, Sent.SENT]
    [failed] = scene.outbox.mails(state="failed")
    assert failed.error == "The mail server refused the recipient: 550 no such user"
    smtp_server.reject.clear()
    scene.clock.pass_by(seconds=60)
    assert results(sending) == [Sent.SENT]
    assert len({mail.message["Message-ID"] for mail in smtp_server.received}) == len(smtp_server.received) == 4


def test_a_server_that_is_away_keeps_the_queue_in_order(scene: DeliveryScene, smtp_server: SmtpServer) -> None:
    """F17: the queue waits, then all are sent once, in order."""
    away = SmtpTransport(parse_smtp_url("smtp://127.0.0.1:9"), step_timeout_s=1)
    for number in range(3):
        scene.post(f"run/{number}")
    step = Sending(scene.outbox, away, "sender").step()
    assert step == (Sent.UNREACHABLE, timedelta(seconds=60))
    assert scene.mail_states() == ["deferred", "pending", "pending"]
    assert "HIREBOARD_SMTP_URL" in str(scene.outbox.mails(state="deferred")[0].error)
    scene.clock.pass_by(seconds=60)
    here = Sending(scene.outbox, SmtpTransport(parse_smtp_url(smtp_server.url)), "sender")
    assert results(here) == [Sent.SENT] * 3
    here.close()
    assert [mail.message["Subject"] for mail in smtp_server.received] == [f"Report run/{n}" for n in range(3)]


def test_a_line_cut_before_the_text_is_certainly_not_sent(
    scene: DeliveryScene, sending: Sending, smtp_server: SmtpServer
) -> None:
    scene.post("run/1")
    smtp_server.drop_before_data = True
    assert results(sending) == [Sent.DEFERRED]
    smtp_server.drop_before_data = False
    scene.clock.pass_by(seconds=60)
    assert results(sending) == [Sent.SENT]
    assert len(smtp_server.received) == 1


def test_a_line_cut_after_the_text_is_in_doubt(scene: DeliveryScene, sending: Sending, smtp_server: SmtpServer) -> None:
    scene.post("run/1")
    smtp_server.drop_after_data = True
    assert results(sending) == [Sent.IN_DOUBT]
    scene.clock.pass_by(days=1)
    assert results(sending) == []
    assert scene.mail_states() == ["in_doubt"]


def test_a_server_that_answers_too_slowly_is_in_doubt(
    scene: DeliveryScene, sending: Sending, smtp_server: SmtpServer
) -> None:
    """F19: no answer within the limit."""
    scene.post("run/1")
    smtp_server.delay_s = 2.5
    assert results(sending) == [Sent.IN_DOUBT]


@pytest.mark.parametrize(
    ("answer", "result", "state"),
    [("451 try later", Sent.DEFERRED, "deferred"), ("554 spam", Sent.FAILED, "failed")],
)
def test_the_answer_to_the_text_decides(
    scene: DeliveryScene, sending: Sending, smtp_server: SmtpServer, answer: str, result: Sent, state: str
) -> None:
    scene.post("run/1")
    smtp_server.answer_data = answer
    assert results(sending) == [result]
    assert scene.mail_states() == [state]
