"""P10: every security-relevant action is one event; the chain verifies, and says where it was broken."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from services.audit.log import GENESIS, AuditLog
from services.store.append_only import audit_ddl, audit_ddl_undo
from services.store.database import Store
from services.store.tables.base import Base

EVENTS = 40


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    made = Store(migrated_store_url)
    yield made
    made.dispose()


def fill(store: Store, count: int = EVENTS) -> AuditLog:
    start = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    ticks = iter(start + timedelta(seconds=index) for index in range(count * 2))
    log = AuditLog(store, lambda: next(ticks))
    with store.write() as connection:
        for index in range(count):
            detail = {"before": index, "after": index + 1, "who": "Zoë"}
            log.append(connection, "ada@northwind.example", "target.changed", f"target:{index}", detail)
    return log


def unprotect(store: Store) -> None:
    with store.write() as connection:
        for statement in audit_ddl_undo(store.dialect):
            connection.exec_driver_sql(statement)


def test_an_untouched_log_holds_and_names_its_head(store: Store) -> None:
    log = fill(store)
    result = log.verify()
    assert (result.events, result.first_bad_seq, result.reason) == (EVENTS, None, None)
    with store.read() as connection:
        newest = connection.scalar(text("SELECT hash FROM audit_event ORDER BY seq DESC LIMIT 1"))
    assert bytes(newest).hex() == result.head


def test_an_empty_log_holds(store: Store) -> None:
    result = AuditLog(store).verify()
    assert (result.events, result.head, result.first_bad_seq) == (0, GENESIS.hex(), None)


def test_an_event_is_there_exactly_when_its_action_is(store: Store) -> None:
    log = fill(store, 1)

    def fail() -> None:
        with store.write() as connection:
            log.append(connection, "ada@northwind.example", "target.changed")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert log.verify().events == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'somebody else' WHERE seq = 3",
        "DELETE FROM audit_event WHERE seq = 3",
        "DELETE FROM audit_event",
    ],
)
def test_the_database_refuses_changes(store: Store, statement: str) -> None:
    log = fill(store)
    with pytest.raises(DatabaseError, match="append-only"), store.write() as connection:
        connection.exec_driver_sql(statement)
    assert log.verify().first_bad_seq is None


def test_sqlite_refuses_replacing_an_event(migrated_sqlite_url: str) -> None:
    """INSERT OR REPLACE passes a delete trigger on a connection without recursive triggers."""
    store = Store(migrated_sqlite_url)
    log = fill(store, 5)
    path = store.sqlite_path()
    assert isinstance(path, Path)
    stranger = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError, match="only grows at its end"):
        stranger.execute(
            "INSERT OR REPLACE INTO audit_event SELECT seq, at, 'evil', action, resource, detail, previous_hash, hash "
            "FROM audit_event WHERE seq = 3"
        )
    stranger.close()
    assert log.verify().first_bad_seq is None
    store.dispose()


def test_postgresql_refuses_truncating(migrated_postgres_url: str) -> None:
    store = Store(migrated_postgres_url)
    fill(store, 3)
    with pytest.raises(DatabaseError, match="append-only"), store.write() as connection:
        connection.exec_driver_sql("TRUNCATE audit_event")
    store.dispose()


COLUMNS = {
    "at": ("2020-01-01 00:00:00", "2020-01-01 00:00:00+00"),
    "actor": ("someone",) * 2,
    "action": ("nothing.happened",) * 2,
    "resource": ("target:none",) * 2,
    "detail": ("{}",) * 2,
}


def mutate(store: Store, choice: random.Random) -> int:
    """Tamper once as a database owner could; returns the first seq that is now wrong."""
    seq = choice.randint(1, EVENTS)
    kind = choice.choice(["edit", "hash", "previous", "delete", "insert", "swap", "cut"])
    is_postgres = store.dialect == "postgresql"
    zeros = "decode(repeat('00', 32), 'hex')" if is_postgres else "zeroblob(32)"
    with store.write() as connection:
        run = connection.exec_driver_sql
        if kind == "edit":
            column = choice.choice(sorted(COLUMNS))
            run(f"UPDATE audit_event SET {column} = '{COLUMNS[column][is_postgres]}' WHERE seq = {seq}")
        elif kind == "hash":
            run(f"UPDATE audit_event SET hash = {zeros} WHERE seq = {seq}")
        elif kind == "previous":
            seq = max(seq, 2)
            run(f"UPDATE audit_event SET previous_hash = {zeros} WHERE seq = {seq}")
        elif kind == "delete":
            run(f"DELETE FROM audit_event WHERE seq = {seq}")
        elif kind == "cut":
            run(f"DELETE FROM audit_event WHERE seq >= {seq}")
        elif kind == "insert":
            seq = EVENTS + 1
            run(
                f"INSERT INTO audit_event SELECT {seq}, at, actor, action, resource, detail, hash, previous_hash "
                f"FROM audit_event WHERE seq = {EVENTS}"
            )
        else:
            seq = min(seq, EVENTS - 1)
            for old, new in ((seq, 900), (seq + 1, seq), (900, seq + 1)):
                run(f"UPDATE audit_event SET seq = {new} WHERE seq = {old}")
    return seq


def test_a59_two_hundred_random_mutations_are_all_found_and_located(migrated_sqlite_url: str) -> None:
    """One log, tampered with 200 times, put back after each."""
    store = Store(migrated_sqlite_url)
    log = fill(store)
    unprotect(store)
    with store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM audit_event")
    choice = random.Random(59)
    for _ in range(200):
        seq = mutate(store, choice)
        assert log.verify().first_bad_seq == seq
        with store.write() as connection:
            connection.exec_driver_sql("DELETE FROM audit_event")
            connection.exec_driver_sql("INSERT INTO audit_event SELECT * FROM kept")
    assert log.verify().first_bad_seq is None
    store.dispose()


def test_a59_mutations_are_found_on_postgresql(migrated_postgres_url: str) -> None:
    store = Store(migrated_postgres_url)
    log = fill(store)
    unprotect(store)
    seq = mutate(store, random.Random(1))
    assert log.verify().first_bad_seq == seq
    store.dispose()


def test_parallel_actions_make_one_chain(store: Store) -> None:
    log = AuditLog(store)
    problems: list[Exception] = []

    def act(number: int) -> None:
        try:
            for _ in range(10):
                with store.write() as connection:
                    log.append(connection, f"process {number}", "target.changed")
        except Exception as error:  # noqa: BLE001 - reported by the assertion below
            problems.append(error)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    result = log.verify()
    assert (result.events, result.first_bad_seq) == (40, None)


def test_the_protection_can_be_laid_and_taken_back(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    with store.write() as connection:
        Base.metadata.tables["audit_event"].create(connection)
        Base.metadata.tables["app_setting"].create(connection)
        for statement in [*audit_ddl("sqlite"), *audit_ddl_undo("sqlite"), *audit_ddl("sqlite")]:
            connection.exec_driver_sql(statement)
    fill(store, 2)
    store.dispose()
