"""2: a Greenhouse export that nobody here wrote goes in, on both stores, and a second time changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.ingest.imports import ImportResult, import_path
from services.store.database import Store
from services.store.tables import (
    Application,
    ExitReason,
    ImportBatch,
    Interview,
    OfferVersion,
    Opening,
    PipelineStage,
    SourceRecord,
    StageVisit,
)


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    store = Store(migrated_store_url)
    yield store
    store.dispose()


@pytest.fixture
def export(shared_data: Path) -> Path:
    return shared_data / "recruiting-red-harvest-v3"


def load(store: Store, export: Path, tmp_path: Path) -> ImportResult:
    return import_path(store, "greenhouse", export, spool_dir=tmp_path / "spool")


def test_2_the_real_export_loads_completely_and_a_second_run_changes_nothing(
    store: Store, export: Path, tmp_path: Path
) -> None:
    first = load(store, export, tmp_path)
    assert (first.read, first.loaded, first.unchanged, first.quarantined) == (8027, 8027, 0, 0)
    with store.read() as connection:
        before = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (Application, StageVisit, OfferVersion, Interview)
        ]
        visits = connection.execute(select(StageVisit.__table__).order_by(StageVisit.id)).all()
    assert before == [916, 5691, 135, 446]

    second = load(store, export, tmp_path)
    assert (second.read, second.loaded, second.unchanged, second.quarantined) == (8027, 0, 8027, 0)
    with store.read() as connection:
        assert connection.execute(select(StageVisit.__table__).order_by(StageVisit.id)).all() == visits
        assert connection.scalar(select(func.count()).select_from(SourceRecord)) == 8027
        assert set(connection.scalars(select(ImportBatch.state))) == {"complete"}


def test_2_hires_end_with_their_acceptance_and_fill_a_seat_each(store: Store, export: Path, tmp_path: Path) -> None:
    load(store, export, tmp_path)
    with store.read() as connection:
        hired = connection.execute(
            select(Application.id, Application.ended_at).where(Application.outcome == "hired")
        ).all()
        accepted = connection.execute(
            select(OfferVersion.application_id, OfferVersion.answered_at).where(OfferVersion.answer == "accepted")
        ).all()
        seats = connection.execute(select(Opening.application_id, Opening.filled_at)).all()
    assert len(hired) == 89
    assert sorted(map(tuple, hired)) == sorted(map(tuple, accepted)) == sorted(map(tuple, seats))


def test_2_source_stages_have_their_place_in_the_canonical_order(store: Store, export: Path, tmp_path: Path) -> None:
    load(store, export, tmp_path)
    query = select(PipelineStage.name, PipelineStage.canonical).order_by(PipelineStage.sort_order)
    with store.read() as connection:
        stages = [tuple(row) for row in connection.execute(query)]
        reasons = {tuple(row) for row in connection.execute(select(ExitReason.name, ExitReason.kind))}
    assert stages == [
        ("Application Review", "applied"),
        ("Recruiter Assigned", "screen"),
        ("Vacancy Assigned", "screen"),
        ("First Screening", "screen"),
        ("Reference Check", "assessment"),
        ("Manager Consultation", "assessment"),
        ("Interview Scheduling", "interview"),
        ("Interview", "interview"),
        ("Offer", "offer"),
    ]
    assert reasons == {
        ("We rejected them (send rejection)", "company"),
        ("They declined our offer (job offer declined)", "candidate"),
    }


def test_2_a_date_without_a_time_is_local_midnight_of_the_requisitions_office(
    store: Store, export: Path, tmp_path: Path
) -> None:
    load(store, export, tmp_path)
    with store.read() as connection:
        times = {moment.time().isoformat() for moment in connection.scalars(select(OfferVersion.extended_at))}
    assert times == {"00:00:00"}  # this export has no offices, so the zone is UTC
