"""2: what Greenhouse really sends: openings, teams, feedback, holds, offices, and records of the retired versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.ingest.connectors.greenhouse.resources import TRANSLATIONS
from services.ingest.imports import ImportResult, import_path
from services.ingest.quarantine import list_quarantine
from services.store.database import Store
from services.store.tables import (
    Application,
    AppSetting,
    Department,
    Feedback,
    Interview,
    OfferVersion,
    Office,
    Opening,
    Person,
    PipelineStage,
    Requisition,
    RequisitionOwner,
    RequisitionStatusInterval,
    Source,
)


@pytest.fixture
def store(migrated_sqlite_url: str) -> Iterator[Store]:
    store = Store(migrated_sqlite_url)
    yield store
    store.dispose()


def load_records(
    store: Store, tmp_path: Path, export: dict[str, list[dict[str, Any]]], mapping: str = ""
) -> ImportResult:
    folder = tmp_path / "export"
    folder.mkdir(exist_ok=True)
    for resource, records in export.items():
        (folder / f"{resource}.json").write_text(json.dumps(records), encoding="utf-8")
    file = tmp_path / "mapping.yml"
    file.write_text(f"version: 1\n{mapping}", encoding="utf-8")
    return import_path(store, "greenhouse", folder, mapping=file, spool_dir=tmp_path / "spool")


def company() -> dict[str, list[dict[str, Any]]]:
    owner = {"job_id": 1, "type": "recruiter", "created_at": "2025-01-01T08:00:00Z"}
    return {
        "offices": [{"id": 1, "name": "Berlin", "location": "Berlin, Germany"}],
        "departments": [{"id": 2, "name": "Sales", "parent_id": 3}, {"id": 3, "name": "Company", "parent_id": None}],
        "users": [
            {"id": 11, "name": "Rita", "primary_email": "Rita@Example.org", "department_ids": [2], "office_ids": [1]},
            {"id": 12, "first_name": "Max", "last_name": "Huber", "primary_email": "max@example.org"},
        ],
        "close_reasons": [{"id": 50, "name": "On Hold"}, {"id": 51, "name": "Hired"}, {"id": 52, "name": "Not"}],
        "jobs": [
            {
                "id": 1, "name": "Seller", "status": "closed", "opened_at": "2025-01-01T08:00:00Z",
                "closed_at": "2025-03-01T08:00:00Z", "department_id": 2, "office_ids": [1], "requisition_id": "REQ-1",
            },
        ],
        "openings": [
            {
                "id": 60, "job_id": 1, "opened_at": "2025-01-01T08:00:00Z", "closed_at": "2025-02-20T08:00:00Z",
                "application_id": 5, "close_reason_id": 51,
            },
            {
                "id": 61, "job_id": 1, "opened_at": "2025-01-01T08:00:00Z", "closed_at": "2025-03-01T08:00:00Z",
                "application_id": None, "close_reason_id": 50,
            },
        ],
        "job_owners": [
            {"id": 70, **owner, "user_id": 12, "responsible": False},
            {"id": 71, **owner, "user_id": 11, "responsible": True},
        ],
        "job_hiring_managers": [{"id": 80, "job_id": 1, "user_id": 12, "created_at": "2025-01-01T08:00:00Z"}],
        "applications": [
            {
                "id": 5, "candidate_id": 9, "job_id": 1, "status": "hired", "prospect": False, "source_id": 30,
                "created_at": "2025-01-10T08:00:00Z", "updated_at": "2025-02-20T08:00:00Z",
            },
        ],
        "candidates": [
            {"id": 9, "first_name": "Cara", "last_name": "Diaz", "email_addresses": [{"value": "Cara@Example.org"}]},
        ],
        "sources": [{"id": 30, "name": "Referral", "type": {"id": 1, "name": "Referrals"}}],
        "interviews": [
            {
                "id": 40, "application_id": 5, "status": "complete", "starts_at": "2025-01-20T09:00:00Z",
                "ends_at": "2025-01-20T10:00:00Z",
            },
        ],
        "interviewers": [
            {"id": 41, "interview_id": 40, "user_id": 12, "scorecard_id": 43},
            {"id": 42, "interview_id": 40, "user_id": 11, "scorecard_id": None},
        ],
        "scorecards": [
            {"id": 43, "status": "complete", "submitted_at": "2025-01-20T08:33:00Z", "candidate_rating": "yes"},
            {"id": 44, "status": "complete", "submitted_at": "2025-01-21T08:33:00Z"},
        ],
        "offers": [
            {
                "id": 20, "application_id": 5, "version": 1, "status": "Accepted", "sent_on": "2025-02-10",
                "resolved_at": "2025-02-15T08:00:00Z", "starts_on": "2025-04-01",
            },
            {"id": 21, "application_id": 5, "version": 2, "status": "Created", "sent_on": None},
        ],
    }  # fmt: skip


OFFICE = "offices: {Berlin: {country: DE, timezone: Europe/Berlin}}\n"


def test_2_a_whole_company_goes_in(store: Store, tmp_path: Path) -> None:
    result = load_records(store, tmp_path, company(), OFFICE)
    assert list_quarantine(store) == []
    assert result.loaded == result.read == 24
    with store.read() as connection:
        requisition = connection.execute(
            select(Requisition.requisition_code, Department.name, Office.country, Person.name)
            .join(Department, Department.id == Requisition.department_id)
            .join(Office, Office.id == Requisition.office_id)
            .join(Person, Person.id == Requisition.recruiter_id)
        ).one()
        manager = connection.scalar(select(Person.name).join(Requisition, Requisition.hiring_manager_id == Person.id))
        emails = set(connection.scalars(select(Person.email)))
        owners = connection.execute(
            select(Person.name, RequisitionOwner.part).join(Person, Person.id == RequisitionOwner.person_id)
        ).all()
        parent = connection.scalar(select(Department.parent_id).where(Department.name == "Sales"))
        assert connection.scalar(select(Source.channel)) == "referral"
    assert tuple(requisition) == ("REQ-1", "Sales", "DE", "Rita")
    assert (manager, emails) == ("Max Huber", {"rita@example.org", "max@example.org"})
    assert set(map(tuple, owners)) == {
        ("Rita", "recruiter"),
        ("Max Huber", "coordinator"),
        ("Max Huber", "hiring_manager"),
    }
    assert parent is not None


def test_2_a_sent_date_is_midnight_where_the_office_is_and_a_draft_is_no_offer(store: Store, tmp_path: Path) -> None:
    load_records(store, tmp_path, company(), OFFICE)
    with store.read() as connection:
        extended = connection.scalars(select(OfferVersion.extended_at)).all()
    assert [moment.isoformat() for moment in extended] == ["2025-02-09T23:00:00+00:00"]


def test_2_a_seat_is_filled_when_its_offer_was_accepted(store: Store, tmp_path: Path) -> None:
    load_records(store, tmp_path, company(), OFFICE)
    with store.read() as connection:
        filled = connection.scalar(select(Opening.filled_at).where(Opening.external_id == "60"))
        ended = connection.scalar(select(Application.ended_at))
    assert filled == ended
    assert filled is not None
    assert filled.isoformat() == "2025-02-15T08:00:00+00:00"


@pytest.mark.parametrize(
    ("mapping", "status", "cancelled"),
    [("", "filled", True), ("close_reasons: {on hold: on_hold}\n", "on_hold", False)],
)
def test_2_on_hold_is_a_close_reason_that_needs_the_mapping(
    store: Store, tmp_path: Path, mapping: str, status: str, *, cancelled: bool
) -> None:
    load_records(store, tmp_path, company(), mapping)
    with store.read() as connection:
        statuses = connection.scalars(
            select(RequisitionStatusInterval.status).order_by(RequisitionStatusInterval.from_at)
        ).all()
        end = connection.scalar(select(Opening.cancelled_at).where(Opening.external_id == "61"))
    assert statuses == ["open", status]
    assert (end is not None) == cancelled


def test_2_feedback_is_owed_by_each_interviewer_and_may_come_before_the_end(store: Store, tmp_path: Path) -> None:
    result = load_records(store, tmp_path, company(), OFFICE)
    with store.read() as connection:
        feedback = connection.execute(
            select(Feedback.external_id, Feedback.submitted_at, Feedback.recommendation).order_by(Feedback.external_id)
        ).all()
    assert [(key, bool(at), rating) for key, at, rating in feedback] == [("41", True, "yes"), ("42", False, None)]
    assert result.warnings == (
        "A scorecard belongs to no interviewer of this export; it says nothing about turnaround.",
    )


def test_2_what_has_files_counts_as_loaded_even_if_they_are_empty(store: Store, tmp_path: Path) -> None:
    load_records(store, tmp_path, {"jobs": company()["jobs"], "interviews": []}, OFFICE)
    with store.read() as connection:
        value = connection.scalar(select(AppSetting.value).where(AppSetting.name == "loaded_entities"))
    assert json.loads(value or "") == ["interview", "requisition"]


def test_2_recorded_answers_of_the_retired_version_are_understood(
    store: Store, shared_data: Path, tmp_path: Path
) -> None:
    """Prospects, nested references, an interview created after it took place, a scorecard before the interview."""
    folder = shared_data / "airbyte-greenhouse-sandbox-records"
    result = import_path(store, "greenhouse", folder, spool_dir=tmp_path / "spool")
    kept = {(row.resource, row.field) for row in list_quarantine(store)}
    assert kept == {("interviews", "application")}  # their application is not part of the recording
    assert result.read == result.loaded + result.quarantined
    with store.read() as connection:
        prospects = connection.execute(
            select(Application.external_id, Application.is_prospect, Requisition.title)
            .outerjoin(Requisition, Requisition.id == Application.requisition_id)
            .order_by(Application.external_id)
        ).all()
        stages = connection.execute(select(PipelineStage.name, PipelineStage.canonical)).all()
        assert connection.scalars(select(Interview.id)).all() == []
    assert [tuple(row)[1:] for row in prospects] == [(True, None), (True, None), (False, "Test job")]
    assert dict(map(tuple, stages)) == {
        "Application Review": "applied", "Preliminary Phone Screen": "screen", "Phone Interview": "screen",
    }  # fmt: skip


def test_2_each_resource_reads_the_fields_of_the_published_schemas(shared_data: Path) -> None:
    """The names our translations ask for exist in Harvest v3."""
    schemas = shared_data / "tap-greenhouse-v3-schemas" / "tap_greenhouse" / "schemas"
    missing = [resource for resource in TRANSLATIONS if not (schemas / f"{resource}.json").is_file()]
    assert missing == []
    for resource, records in company().items():
        fields = set(json.loads((schemas / f"{resource}.json").read_text(encoding="utf-8"))["properties"])
        given = {name for record in records for name in record}
        assert given <= fields, f"{resource}: {given - fields}"
