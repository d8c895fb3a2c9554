"""6: a refusal is one event a person, address and minute, whichever of several processes answered."""

# ruff: noqa: F811  # a test that asks for an imported fixture by name does not redefine it

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from services.audit.log import AuditLog
from services.audit.refusals import Refusals, without_secrets
from services.store.database import Store
from services.store.tables import AuditEvent, RefusedAccess
from tests.account_scenes import Clock, clock  # noqa: F401  # fixture
from tests.people import email_of


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    made = Store(migrated_store_url)
    yield made
    made.dispose()


def events(store: Store) -> list[tuple[str, str | None]]:
    with store.read() as connection:
        rows = connection.execute(
            select(AuditEvent.actor, AuditEvent.resource)
            .where(AuditEvent.action == "access.refused")
            .order_by(AuditEvent.seq)
        )
        return [(row.actor, row.resource) for row in rows]


def process(store: Store, clock: Clock) -> Refusals:
    """As one of several processes: a memory of its own."""
    return Refusals(store, AuditLog(store, clock), clock)


def test_a_flood_of_refusals_is_one_row_a_minute(store: Store, clock: Clock) -> None:
    one, other = process(store, clock), process(store, clock)
    rita, eva = email_of("rita"), email_of("eva")
    for _ in range(20):
        one.note(rita, "/admin/mail")
        other.note(rita, "/admin/mail")
        one.note(eva, "/admin/mail")
        other.note(rita, "/admin/audit")
    assert events(store) == [(rita, "/admin/mail"), (eva, "/admin/mail"), (rita, "/admin/audit")]
    clock.forward(minutes=1)
    assert other.note(rita, "/admin/mail") is True
    assert one.note(rita, "/admin/mail") is False
    assert len(events(store)) == 4
    assert AuditLog(store).verify().first_bad_seq is None


def test_refusals_at_the_same_moment_are_one_row(store: Store, clock: Clock) -> None:
    barrier = threading.Barrier(6)
    written: list[bool] = []

    def ask() -> None:
        refusals = process(store, clock)
        barrier.wait()
        written.append(refusals.note(email_of("max"), "callback mail.children"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [False] * 5 + [True]
    assert events(store) == [(email_of("max"), "callback mail.children")]


def test_what_keeps_the_count_is_forgotten_after_an_hour_and_the_event_is_not(store: Store, clock: Clock) -> None:
    refusals = process(store, clock)
    refusals.note(email_of("otto"), "/")
    clock.forward(hours=2)
    refusals.note(email_of("otto"), "/reports")
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(RefusedAccess)) == 1
    assert [address for _, address in events(store)] == ["/", "/reports"]


def test_memory_stays_small_under_many_addresses(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audit.refusals._REMEMBERED", 3)
    refusals = process(store, clock)
    for number in range(8):
        refusals.note(email_of("otto"), f"/{number}")
    assert len(refusals._noted) <= 3
    assert len(events(store)) == 8


def test_an_event_tells_who_and_what_and_no_token(store: Store, clock: Clock) -> None:
    secret = "hb_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6"
    assert without_secrets(f"/answers/{secret}/open") == "/answers/hb_Zm9vY…/open"
    assert without_secrets("/reports/4fXk2-short_enough") == "/reports/4fXk2-short_enough"
    process(store, clock).note(email_of("eva"), "x" * 500, {"path": without_secrets("/" + "y/" * 500)})
    with store.read() as connection:
        row = connection.execute(select(AuditEvent.__table__)).one()
    assert len(row.resource) == 200
    assert len(json.loads(row.detail)["path"]) == 200
