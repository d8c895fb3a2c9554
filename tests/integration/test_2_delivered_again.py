"""2: what is delivered again, whole or corrected, leaves the store as one delivery would, on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.ingest.imports import ImportResult, import_path
from services.ingest.quarantine import list_quarantine
from services.store.database import Store
from services.store.tables import ChangeRow, PipelineStage, RequisitionStatusInterval, StageVisit


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    store = Store(migrated_store_url)
    yield store
    store.dispose()


def load(store: Store, path: Path, mapping: str, tmp_path: Path) -> ImportResult:
    file = tmp_path / "mapping.yml"
    file.write_text(mapping, encoding="utf-8")
    return import_path(store, "table", path, mapping=file, spool_dir=tmp_path / "spool")


def test_2_a_row_of_stage_dates_that_is_emptied_takes_every_visit_away(store: Store, tmp_path: Path) -> None:
    """And what another file said of the same application, event by event, stays."""
    mapping = """
version: 1
stages: [{Applied: applied}, {Phone: screen}, {Onsite: interview}]
files:
  - {path: a.csv, entity: application, id: id, columns: {applied_at: applied}}
  - path: stages.csv
    entity: stage_event
    columns: {application: id}
    stage_columns: {Applied: applied, Phone: phone}
"""
    events = """
version: 1
stages: [{Applied: applied}, {Phone: screen}, {Onsite: interview}]
files: [{path: e.csv, entity: stage_event, columns: {application: id, stage: stage, entered_at: at}}]
"""

    def entered() -> list[str]:
        query = select(PipelineStage.name).join(StageVisit, StageVisit.stage_id == PipelineStage.id)
        with store.read() as connection:
            return list(connection.scalars(query.order_by(StageVisit.entered_at)))

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("id,applied\na1,2026-03-01\n")
    (folder / "stages.csv").write_text("id,applied,phone\na1,2026-03-01,2026-03-05\n")
    assert load(store, folder, mapping, tmp_path).loaded == 2
    (tmp_path / "e.csv").write_text("id,stage,at\na1,Onsite,2026-03-09\n")
    load(store, tmp_path / "e.csv", events, tmp_path)
    assert entered() == ["Applied", "Phone", "Onsite"]
    (folder / "stages.csv").write_text("id,applied,phone\na1,,\n")
    assert load(store, folder, mapping, tmp_path).loaded == 1
    assert entered() == ["Onsite"]
    assert load(store, folder, mapping, tmp_path).unchanged == 2
    (folder / "stages.csv").write_text("id,applied,phone\n,,\nlost,,\n")
    load(store, folder, mapping, tmp_path)
    assert {(kept.record, kept.field) for kept in list_quarantine(store)} == {
        ("line 2", "application"),
        ("lost", "application"),
    }


HOLDS = """
version: 1
files:
  - {path: jobs.csv, entity: requisition, id: id, columns: {opened_at: opened, closed_at: closed}}
  - {path: holds.csv, entity: hold, columns: {requisition: id, from_at: start, to_at: stop, reason: why}}
"""


class Holds:
    """One requisition and the days of March on which it stood still."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        (folder / "in").mkdir()

    def deliver(self, *holds: tuple[int, int], why: str = "", closed: str = "") -> ImportResult:
        (self.folder / "in" / "jobs.csv").write_text(f"id,opened,closed\nr1,2026-03-01,{closed}\n")
        rows = [f"r1,2026-03-{start:02d},2026-03-{stop:02d},{why}" for start, stop in holds]
        (self.folder / "in" / "holds.csv").write_text("\n".join(["id,start,stop,why", *rows, ""]))
        return load(self.store, self.folder / "in", HOLDS, self.folder)

    def intervals(self) -> list[tuple[int, str, int, int | None]]:
        """With their ids: rows that are written again get new ones."""
        table = RequisitionStatusInterval
        with self.store.read() as connection:
            rows = connection.execute(select(table.id, table.status, table.from_at, table.to_at).order_by(table.id))
            return [(number, status, start.day, stop.day if stop else None) for number, status, start, stop in rows]

    def held(self) -> set[int]:
        held = [(start, stop) for _, status, start, stop in self.intervals() if status == "on_hold"]
        return {day for start, stop in held for day in range(start, stop or 32)}

    def changes(self) -> int:
        with self.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(ChangeRow)) or 0


def test_2_overlapping_holds_delivered_again_change_nothing(store: Store, tmp_path: Path) -> None:
    desk = Holds(store, tmp_path)
    desk.deliver((2, 10), (5, 15), (7, 9), (20, 25))
    before, changes = desk.intervals(), desk.changes()
    assert desk.held() == {*range(2, 15), *range(20, 25)}
    again = desk.deliver((2, 10), (5, 15), (7, 9), (20, 25))
    assert (again.loaded, again.unchanged) == (0, 5)
    assert desk.intervals() == before
    assert desk.changes() == changes  # nor does the mart build anything anew
    reworded = desk.deliver((2, 10), (5, 15), (7, 9), (20, 25), why="budget")
    assert reworded.loaded == 4
    assert desk.held() == {*range(2, 15), *range(20, 25)}


def test_2_a_hold_that_is_corrected_gives_back_the_days_it_had_cut_from_another(store: Store, tmp_path: Path) -> None:
    """Of two that overlap the later one cuts the earlier one short: only the export still knows how long it was."""
    desk = Holds(store, tmp_path)
    desk.deliver((2, 12), (5, 15))
    corrected = desk.deliver((2, 12), (5, 7))
    assert (corrected.loaded, corrected.unchanged) == (1, 2)
    assert desk.held() == set(range(2, 12))
    desk.deliver((2, 4), (3, 6), (5, 7))
    assert desk.held() == set(range(2, 7))


def test_2_a_requisition_that_is_open_longer_gets_its_held_days_back(store: Store, tmp_path: Path) -> None:
    desk = Holds(store, tmp_path)
    desk.deliver((5, 15), closed="2026-03-10")
    assert desk.held() == set(range(5, 10))
    desk.deliver((5, 15), closed="2026-03-20")
    assert desk.held() == set(range(5, 15))
