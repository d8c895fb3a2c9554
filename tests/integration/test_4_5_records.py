"""4.5: single answers only for designated HR, with a purpose, and never without a trace in the audit log."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.access.policy import Policy
from services.audit.log import AuditLog
from services.domain.errors import ForbiddenError, InvalidInputError
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.metrics.diversity_records import DiversityRecords
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day
from tests.people import People, make_people

JANUARY = {"question": "gender", "applied_from": date(2026, 1, 1), "applied_until": date(2026, 1, 31)}
PURPOSE = "Answer to request 17 of the equality office"


@pytest.fixture
def scene(migrated_sqlite_url: str, tmp_path: Path) -> tuple[DiversityRecords, People, Store]:
    store = Store(migrated_sqlite_url)
    company = Company(store)
    with company.writing():
        company.standing_company()
        company.delete(t.Demographic, t.Demographic.id > 0)
        for number, answer in ((1, "woman"), (2, "declined"), (3, "man")):
            asked = {"asked_at": day(20), "question": "gender", "answer": answer}
            company.add(t.Demographic, id=number, application_id=number, **asked)
    people = make_people(store, person_ids={}, regions={"dee": None})
    store.dispose()
    Mart(store.url, tmp_path / "mart").build()
    records = DiversityRecords(MartReader(tmp_path / "mart"), store, AuditLog(store), Policy())
    return records, people, store


def events(store: Store) -> list[tuple[str, dict[str, object]]]:
    with store.read() as connection:
        rows = connection.execute(
            sa.select(t.AuditEvent.actor, t.AuditEvent.detail).where(t.AuditEvent.action == "diversity.records_opened")
        )
        return [(row.actor, json.loads(row.detail)) for row in rows]


def test_4_5_dee_opens_records_and_the_log_says_why(scene: tuple[DiversityRecords, People, Store]) -> None:
    records, people, store = scene
    found = records.open_records(people.viewer("dee"), purpose=PURPOSE, **JANUARY)  # type: ignore[arg-type]
    assert [(row.application_id, row.state, row.category) for row in found] == [
        (1, "disclosed", "woman"),
        (2, "declined", None),
        (3, "disclosed", "man"),
    ]
    ((actor, detail),) = events(store)
    assert actor == people.email("dee")
    assert (detail["purpose"], detail["records"]) == (PURPOSE, 3)


def test_4_5_nobody_else_may_and_nobody_without_a_purpose(scene: tuple[DiversityRecords, People, Store]) -> None:
    records, people, store = scene
    for name in ("eva", "hana", "ron", "rita", "max", "cleo", "ada", "otto"):
        with pytest.raises(ForbiddenError):
            records.open_records(people.viewer(name), purpose=PURPOSE, **JANUARY)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="what the records are needed for"):
        records.open_records(people.viewer("dee"), purpose="  why not ", **JANUARY)  # type: ignore[arg-type]
    assert events(store) == []
