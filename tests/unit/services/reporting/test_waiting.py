"""8, X7: days that were not in the recruiter's hands, worked by hand on a mart of five rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from services.domain.intervals import interval
from services.domain.people import Scope, Viewer
from services.mart.builder import create_tables
from services.mart.compiler import compile_select
from services.mart.schema import (
    dim_requisition,
    fact_application,
    fact_feedback,
    fact_offer_version,
    requisition_hold,
    requisition_status,
)
from services.reporting.definitions.waiting import waiting

RITA, OTHER = 7, 8
EVERYTHING = Viewer(None, "x@northwind.example", "X", scope=Scope(everything=True))
OCTOBER = interval(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))


class Snapshots:
    def __init__(self) -> None:
        self.duck = duckdb.connect()
        create_tables(self.duck)

    def add(self, table: sa.Table, **values: Any) -> None:
        names = ", ".join(values)
        self.duck.execute(
            f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(values))})", list(values.values())
        )

    @contextlib.contextmanager
    def hold(self) -> Iterator[Any]:
        yield None

    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]:
        return self.duck.execute(*compile_select(statement)).fetchall()


def at(day: int, month: int = 10) -> datetime:
    return datetime(2026, month, day)  # noqa: DTZ001 - the mart's instants are naive UTC


@pytest.fixture
def mart() -> Iterator[Snapshots]:
    """One requisition of Rita, open since September; one of somebody else that waits all month."""
    snapshots = Snapshots()
    for key, person in ((1, RITA), (2, OTHER)):
        snapshots.add(dim_requisition, requisition_id=key, recruiter_id=person, department_id=key)
        snapshots.add(requisition_status, requisition_id=key, status="open", from_at=at(1, 9))
        snapshots.add(fact_application, application_id=key)
    snapshots.add(fact_feedback, requisition_id=2, application_id=2, due_from_at=at(1))
    yield snapshots
    snapshots.duck.close()


def rita(mart: Snapshots, viewer: Viewer = EVERYTHING) -> Any:
    return waiting(mart, "recruiter_id", RITA, viewer, OCTOBER)


def test_open_days_are_those_of_the_period(mart):
    assert rita(mart).open_days == 31
    assert (rita(mart).hold_days, rita(mart).feedback_days, rita(mart).candidate_days) == (0, 0, 0)


def test_feedback_of_two_interviewers_counts_each_day_once_and_not_during_a_hold(mart):
    """Owed 3-9 and 5-12, on hold 7-10: 3, 4, 5, 6 and 10, 11 are waiting for feedback: 6 days; 3 days of hold."""
    mart.add(fact_feedback, requisition_id=1, application_id=1, due_from_at=at(3), submitted_at=at(9))
    mart.add(fact_feedback, requisition_id=1, application_id=1, due_from_at=at(5), submitted_at=at(12))
    mart.add(requisition_hold, requisition_id=1, from_at=at(7), to_at=at(10), stopped_before=0)
    found = rita(mart)
    assert (found.feedback_days, found.hold_days, found.open_days) == (6, 3, 31)


def test_missing_feedback_stops_waiting_when_the_application_is_decided(mart):
    mart.duck.execute("UPDATE fact_application SET ended_at = ? WHERE application_id = 1", [at(13)])
    mart.add(fact_feedback, requisition_id=1, application_id=1, due_from_at=at(3))
    assert rita(mart).feedback_days == 10


def test_an_offer_waits_for_its_answer_and_a_replaced_version_for_nobody(mart):
    mart.add(fact_offer_version, requisition_id=1, extended_at=at(20), answer="superseded")
    mart.add(fact_offer_version, requisition_id=1, extended_at=at(22), answered_at=at(26), answer="accepted")
    assert rita(mart).candidate_days == 4


def test_what_began_before_and_still_runs_is_cut_to_the_period(mart):
    mart.add(requisition_hold, requisition_id=1, from_at=at(20, 9), stopped_before=0)
    assert rita(mart).hold_days == 31


def test_requisitions_outside_the_viewers_scope_are_not_counted(mart):
    elsewhere = Viewer(5, "h@northwind.example", "Hana", scope=Scope(department_ids=(99,), regions=None))
    assert rita(mart, elsewhere).open_days == 0
