"""2: the worked cases go in through `hireboard import table` and mean the same on both stores, whatever the order."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from services.ingest.imports import ImportResult, import_path
from services.store.database import Store
from services.store.tables import (
    Application,
    AppSetting,
    ExitReason,
    OfferVersion,
    Opening,
    PersonLeave,
    PipelineStage,
    Requisition,
    RequisitionStatusInterval,
    StageVisit,
)

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
RECORDS = {
    "g01": 18, "g02": 22, "g03": 24, "g03_even": 12, "g03_not_reached": 30, "g04": 36, "g05": 71, "g06": 36, "g07": 46,
    "g10": 31, "g12": 24,
}  # fmt: skip


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    store = Store(migrated_store_url)
    yield store
    store.dispose()


def load(store: Store, folder: Path, tmp_path: Path) -> ImportResult:
    return import_path(store, "table", folder, mapping=folder / "mapping.yml", spool_dir=tmp_path / "spool")


@pytest.mark.parametrize("case", RECORDS)
def test_2_each_case_loads_whole_and_a_second_run_changes_nothing(
    migrated_sqlite_url: str, case: str, tmp_path: Path
) -> None:
    store = Store(migrated_sqlite_url)
    first = load(store, GOLDEN / case, tmp_path)
    second = load(store, GOLDEN / case, tmp_path)
    store.dispose()
    assert (first.read, first.quarantined) == (RECORDS[case], 0)
    assert (second.read, second.loaded, second.unchanged) == (RECORDS[case], 0, RECORDS[case])


def test_2_a_hold_lies_over_the_open_status_and_a_cancellation_ends_it(store: Store, tmp_path: Path) -> None:
    load(store, GOLDEN / "g01", tmp_path)
    query = (
        select(Requisition.external_id, RequisitionStatusInterval.status, RequisitionStatusInterval.from_at)
        .join(Requisition, Requisition.id == RequisitionStatusInterval.requisition_id)
        .where(Requisition.external_id.in_(["R1", "R3"]))
        .order_by(Requisition.external_id, RequisitionStatusInterval.from_at)
    )
    with store.read() as connection:
        found = [(key, status, f"{at:%m-%d}") for key, status, at in connection.execute(query)]
        seats = dict(connection.execute(select(Opening.external_id, Opening.cancelled_at)).all())
    assert found == [
        ("R1", "open", "01-01"),
        ("R1", "on_hold", "01-11"),
        ("R1", "open", "01-16"),
        ("R3", "open", "01-10"),
        ("R3", "cancelled", "02-09"),
    ]
    assert len(seats) == 8  # listed seats are taken as they are, none is made up
    assert seats["R3-a"] is not None


def test_2_the_day_the_data_begin_is_a_setting(store: Store, tmp_path: Path) -> None:
    load(store, GOLDEN / "g02", tmp_path)
    with store.read() as connection:
        value = connection.scalar(select(AppSetting.value).where(AppSetting.name == "data_from"))
    assert value == '"2026-01-01T00:00:00+00:00"'


def test_2_a_row_per_event_and_a_date_column_per_stage_give_visits(store: Store, tmp_path: Path) -> None:
    load(store, GOLDEN / "g05", tmp_path)
    query = (
        select(PipelineStage.canonical, StageVisit.entered_at, StageVisit.exited_at)
        .join(PipelineStage, PipelineStage.id == StageVisit.stage_id)
        .join(Application, Application.id == StageVisit.application_id)
        .where(Application.external_id == "a12")
        .order_by(StageVisit.entered_at)
    )
    reason = (
        select(Application.outcome, ExitReason.kind)
        .join(ExitReason, ExitReason.id == Application.exit_reason_id)
        .where(Application.external_id == "a8")
    )
    with store.read() as connection:
        visits = [(stage, f"{a:%d}", f"{b:%d}") for stage, a, b in connection.execute(query)]
        assert connection.execute(reason).one() == ("rejected", "unresponsive")
    assert visits == [("applied", "01", "05"), ("screen", "05", "06"), ("applied", "06", "08"), ("screen", "08", "11")]


def test_2_an_offer_taken_back_after_the_yes_stays_a_yes_and_is_marked(store: Store, tmp_path: Path) -> None:
    load(store, GOLDEN / "g06", tmp_path)
    query = select(OfferVersion.offer_key, OfferVersion.answer, OfferVersion.undone_by).where(
        OfferVersion.undone_at.is_not(None)
    )
    with store.read() as connection:
        undone = {tuple(row) for row in connection.execute(query)}
    assert undone == {("o2", "accepted", "candidate"), ("o12", "accepted", "company")}


def test_2_plain_dates_begin_at_midnight_of_the_office_and_leave_stays_dates(store: Store, tmp_path: Path) -> None:
    load(store, GOLDEN / "g07", tmp_path)
    with store.read() as connection:
        opened = set(connection.scalars(select(Requisition.opened_at)))
        leave = connection.execute(select(PersonLeave.start_on, PersonLeave.end_on)).one()
    assert {at.isoformat() for at in opened} == {"2026-02-28T23:00:00+00:00"}
    assert [day.isoformat() for day in leave] == ["2026-03-31", "2026-04-02"]


def visits_of(store: Store) -> list[tuple[str, str, str, str | None]]:
    query = (
        select(Application.external_id, PipelineStage.name, StageVisit.entered_at, StageVisit.exited_at)
        .join(PipelineStage, PipelineStage.id == StageVisit.stage_id)
        .join(Application, Application.id == StageVisit.application_id)
    )
    with store.read() as connection:
        return sorted((a, s, str(e), str(x)) for a, s, e, x in connection.execute(query))


def test_2_the_order_of_the_rows_and_of_the_deliveries_does_not_matter(
    migrated_sqlite_url: str, tmp_path: Path
) -> None:
    """Events arrive shuffled, in three deliveries one after the other; the visits are those of one delivery."""
    whole, parts = tmp_path / "whole.sqlite", tmp_path / "parts.sqlite"
    for file in (whole, parts):
        shutil.copyfile(Path(migrated_sqlite_url.removeprefix("sqlite:///")), file)
    one, many = Store(f"sqlite:///{whole}"), Store(f"sqlite:///{parts}")
    load(one, GOLDEN / "g05", tmp_path)
    header, *events = (GOLDEN / "g05" / "events.csv").read_text().splitlines()
    random.Random(7).shuffle(events)
    for start in range(0, len(events), 16):
        folder = tmp_path / f"part{start}"
        shutil.copytree(GOLDEN / "g05", folder)
        (folder / "events.csv").write_text("\n".join([header, *events[start : start + 16]]) + "\n")
        assert load(many, folder, tmp_path).quarantined == 0
    assert visits_of(many) == visits_of(one)
    one.dispose()
    many.dispose()
