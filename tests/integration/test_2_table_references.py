"""2: a row may refer to a later one, to nothing, or to something that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from services.ingest.imports import ImportResult, import_path
from services.ingest.quarantine import list_quarantine
from services.store.database import Store
from services.store.tables import Application, Department, Freeze, Person, StageVisit

STAGES = "version: 1\nstages: [{Applied: applied}]\noutcomes: {Gone: withdrawn}\nfiles:\n"
APPLICATIONS = "  - {path: a.csv, entity: application, id: id, columns: {applied_at: at, merged_into: into}}\n"


@pytest.fixture
def store(migrated_store_url: str) -> Iterator[Store]:
    store = Store(migrated_store_url)
    yield store
    store.dispose()


def load(store: Store, tmp_path: Path, mapping: str, files: dict[str, str], *, dry_run: bool = False) -> ImportResult:
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "mapping.yml").write_text(mapping, encoding="utf-8")
    return import_path(
        store, "table", folder, mapping=tmp_path / "mapping.yml", dry_run=dry_run, spool_dir=tmp_path / "spool"
    )


def test_2_a_duplicate_may_name_an_application_that_comes_later(store: Store, tmp_path: Path) -> None:
    rows = "id,at,into\na1,2026-01-01,a2\na2,2026-01-02,\na3,2026-01-03,nobody\n"
    planned = load(store, tmp_path, STAGES + APPLICATIONS, {"a.csv": rows}, dry_run=True)
    result = load(store, tmp_path, STAGES + APPLICATIONS, {"a.csv": rows})
    assert (result.loaded, result.quarantined) == (planned.loaded, planned.quarantined) == (2, 1)
    (kept,) = list_quarantine(store)
    assert (kept.record, kept.field) == ("a3", "merged_into")
    with store.read() as connection:
        ids = dict(map(tuple, connection.execute(select(Application.external_id, Application.id))))
        merged = connection.scalar(select(Application.merged_into_id).where(Application.external_id == "a1"))
    assert merged == ids["a2"]


def test_2_events_given_as_dates_begin_where_the_office_is(store: Store, tmp_path: Path) -> None:
    mapping = (
        "version: 1\nstages: [{Applied: applied}]\noutcomes: {Gone: withdrawn}\n"
        "dimensions: {office: {Tokyo: {timezone: Asia/Tokyo}}}\nfiles:\n"
        "  - {path: j.csv, entity: requisition, id: job, columns: {office: office}}\n"
        "  - {path: a.csv, entity: application, id: id, columns: {requisition: job, applied_at: at}}\n"
        "  - {path: e.csv, entity: stage_event, columns: {application: id, stage: what, entered_at: at}}\n"
    )
    files = {
        "j.csv": "job,office\nJ1,Tokyo\n",
        "a.csv": "id,job,at\na1,J1,2026-01-05\n",
        "e.csv": "id,what,at\na1,Applied,2026-01-05\na1,Gone,2026-01-09\nno,Gone,2026-01-09\nno,Applied,2026-01-09\n",
    }
    result = load(store, tmp_path, mapping, files)
    assert result.quarantined == 2  # both events of an application that is not there
    with store.read() as connection:
        visit = connection.execute(select(StageVisit.entered_at, StageVisit.exited_at)).one()
    assert [moment.isoformat() for moment in visit] == ["2026-01-04T15:00:00+00:00", "2026-01-08T15:00:00+00:00"]


def test_2_a_freeze_names_its_scope_by_the_sources_key(store: Store, tmp_path: Path) -> None:
    mapping = "version: 1\nentity: freeze\nid: id\ncolumns: {scope: scope, scope_value: of, from_at: at}\n"
    rows = (
        "id,scope,of,at\n1,department,Sales,2026-01-01\n2,country,de,2026-01-01\n3,company,,2026-01-01\n"
        "4,requisition,R9,2026-01-01\n"
    )
    result = load(store, tmp_path, mapping, {"f.csv": rows})
    assert (result.loaded, result.quarantined) == (3, 1)
    assert "requisition R9 is not loaded" in list_quarantine(store)[0].reason
    with store.read() as connection:
        sales = connection.scalar(select(Department.id).where(Department.name == "Sales"))
        scopes = connection.scalars(select(Freeze.scope_value).order_by(Freeze.external_id)).all()
    assert scopes == [str(sales), "DE", None]


def test_2_people_are_created_by_name_or_address_and_described_later(store: Store, tmp_path: Path) -> None:
    jobs = "version: 1\nentity: requisition\nid: job\ncolumns: {recruiter: who, hiring_manager: boss}\n"
    load(store, tmp_path, jobs, {"j.csv": "job,who,boss\nJ1,Rita@example.org,77\n"})
    with store.read() as connection:
        made = set(map(tuple, connection.execute(select(Person.name, Person.email))))
    assert made == {("Rita@example.org", "rita@example.org"), ("Person 77", None)}
    people = "version: 1\nentity: person\nid: id\ncolumns: {name: name}\n"
    (tmp_path / "in" / "j.csv").unlink()
    load(store, tmp_path, people, {"p.csv": "id,name\nRita@example.org,Rita Lang\n77,Max\n"})
    with store.read() as connection:
        assert set(connection.scalars(select(Person.name))) == {"Rita Lang", "Max"}
