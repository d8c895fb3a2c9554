"""Targets: the most specific department wins, the latest counts, and a status is given only where one may judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from services.domain.metric import Estimator, Reason, Row, Unit
from services.metrics.targets import Target, TargetBook
from services.store.database import Store
from services.store.tables import Department, MetricTarget

TODAY = date(2026, 11, 24)
DEPARTMENTS = {1: ("Engineering", None), 2: ("Platform", 1), 3: ("Sales", None), 4: ("Support", 1), 5: ("Support", 3)}


def target(value: float, department_id: int | None = None, stage: str | None = None, year: int = 2026) -> Target:
    return Target("time_to_fill", department_id, stage, value, date(year, 1, 1))


BOOK = TargetBook(
    [target(45), target(40, 1), target(60, year=2025), target(35, 1, year=2027), target(9, None, "offer")], DEPARTMENTS
)


def row(value: float | None, n: int = 40, metric: str = "time_to_fill") -> Row:
    reason = None if value is not None else Reason.TOO_FEW
    return Row(metric, {}, value, Unit.DAYS, n, reason, estimator=Estimator.KAPLAN_MEIER)


@pytest.mark.parametrize(
    ("department", "expected"),
    [
        (None, 45),
        ("Sales", 45),
        ("Engineering", 40),
        ("Platform", 40),
        (2, 40),
        ("Engineering / Platform", 40),
        ("Nowhere", 45),
    ],
)
def test_the_most_specific_department_wins(department: str | int | None, expected: float) -> None:
    assert BOOK.target("time_to_fill", TODAY, department=department) == expected


def test_a_name_two_departments_share_has_the_companys_target() -> None:
    assert BOOK.target("time_to_fill", TODAY, department="Support") == 45


def test_a_target_holds_from_its_day_on_and_the_latest_counts() -> None:
    assert BOOK.target("time_to_fill", date(2025, 6, 1)) == 60
    assert BOOK.target("time_to_fill", date(2024, 6, 1)) is None
    assert BOOK.target("time_to_fill", date(2027, 6, 1), department="Platform") == 35


def test_a_stages_target_is_its_own() -> None:
    assert BOOK.target("time_to_fill", TODAY, stage="offer") == 9
    assert BOOK.target("time_to_fill", TODAY, stage="screen") is None
    assert BOOK.target("hires", TODAY) is None


@pytest.mark.parametrize(
    ("value", "n", "status"),
    [(45.0, 40, "on"), (45.1, 40, "near"), (49.5, 40, "near"), (49.6, 40, "off"), (90.0, 19, None), (None, 40, None)],
)
def test_status_of_a_row(value: float | None, n: int, status: str | None) -> None:
    assert BOOK.status(row(value, n), TODAY) == (45, status)


def test_without_a_target_there_is_no_status() -> None:
    assert BOOK.status(row(3, metric="hires"), TODAY) == (None, None)


def test_a_circle_of_departments_ends() -> None:
    circle = TargetBook([target(45)], {1: ("A", 2), 2: ("B", 1)})
    assert circle.target("time_to_fill", TODAY, department="A") == 45


@pytest.fixture
def store(migrated_sqlite_url: str) -> Iterator[Store]:
    store = Store(migrated_sqlite_url)
    yield store
    store.dispose()


def test_it_is_read_from_the_store(store: Store) -> None:
    with store.write() as connection:
        department = {"id": 1, "source_system": "test", "external_id": "1", "name": "Engineering"}
        connection.execute(sa.insert(Department), [department])
        values = {"metric_id": "time_to_fill", "value": 40.0, "effective_from": date(2026, 1, 1), "department_id": 1}
        connection.execute(sa.insert(MetricTarget), [values])
    book = TargetBook.of(store)
    assert book.target("time_to_fill", TODAY, department="Engineering") == 40
    assert book.target("time_to_fill", TODAY) is None
    assert book.status(replace(row(41.0)), TODAY, department="Engineering") == (40, "near")
