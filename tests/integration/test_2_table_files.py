"""2: a table import takes CSV, XLSX and Parquet and any entity, and says what is wrong with a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from services.domain.errors import InvalidInputError
from services.ingest.entities import ENTITIES
from services.ingest.imports import ImportResult, import_path
from services.ingest.quarantine import list_quarantine
from services.ingest.replay import replay_quarantine
from services.ingest.resolve import table_of
from services.store.database import Store
from services.store.tables import (
    Application,
    ImportBatch,
    OfferVersion,
    Office,
    PipelineStage,
    Requisition,
    RequisitionStatusInterval,
    Source,
    StageVisit,
)
from tests.conftest import ROOT


@pytest.fixture
def store(migrated_sqlite_url: str) -> Iterator[Store]:
    store = Store(migrated_sqlite_url)
    yield store
    store.dispose()


def load(store: Store, path: Path, mapping: str, tmp_path: Path, **options: Any) -> ImportResult:
    file = tmp_path / "mapping.yml"
    file.write_text(mapping, encoding="utf-8")
    result = import_path(store, "table", path, mapping=file, spool_dir=tmp_path / "spool", **options)
    assert result.read == result.loaded + result.unchanged + result.quarantined
    return result


APPLICATIONS = """
version: 1
system: old_ats
entity: application
id: Nummer
columns:
  applied_at: Eingang
  outcome: {column: Status, values: {Absage: rejected, Offen: ""}}
  ended_at: Ende
  source: Kanal
"""

GERMAN = APPLICATIONS + 'zone: Europe/Berlin\ndate_formats: ["%d.%m.%Y %H:%M", "%d.%m.%Y"]\n'


def applications(store: Store) -> list[tuple[str, str, str | None]]:
    query = select(Application.external_id, Application.applied_at, Application.outcome).order_by(
        Application.external_id
    )
    with store.read() as connection:
        return [(key, f"{at:%Y-%m-%d %H:%M}", outcome) for key, at, outcome in connection.execute(query)]


EXPECTED = [("1", "2026-03-02 08:30", "rejected"), ("2", "2026-03-03 00:00", None)]


def test_2_csv_in_an_old_encoding_with_semicolons_and_german_dates(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "bewerbungen.csv"
    text = "Nummer;Eingang;Status;Ende;Kanal\n1;02.03.2026 09:30;Absage;05.03.2026;Büro\n2;03.03.2026;Offen;;Büro\n"
    file.write_bytes(text.encode("cp1252"))
    result = load(store, file, GERMAN + 'encoding: cp1252\ndelimiter: ";"\n', tmp_path)
    assert (result.loaded, result.quarantined) == (2, 0)
    assert applications(store) == EXPECTED
    with store.read() as connection:
        assert list(connection.scalars(select(Source.name))) == ["Büro"]


def test_2_xlsx_with_real_dates_and_numbers(store: Store, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Nummer": [1, 2],
            "Eingang": [pd.Timestamp("2026-03-02 09:30"), pd.Timestamp("2026-03-03")],
            "Status": ["Absage", "Offen"],
            "Ende": [pd.Timestamp("2026-03-05"), None],
            "Kanal": ["Web", None],
        }
    )
    file = tmp_path / "bewerbungen.xlsx"
    frame.to_excel(file, index=False)
    assert load(store, file, APPLICATIONS + "zone: Europe/Berlin\n", tmp_path).loaded == 2
    assert applications(store) == EXPECTED


def test_2_parquet_with_aware_times_and_missing_values(store: Store, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Nummer": [1, 2],
            "Eingang": pd.to_datetime(["2026-03-02T08:30Z", "2026-03-03T00:00Z"]),
            "Status": ["Absage", "Offen"],
            "Ende": pd.to_datetime(["2026-03-05T00:00Z", None]),
            "Kanal": ["Web", None],
        }
    )
    file = tmp_path / "bewerbungen.parquet"
    frame.to_parquet(file)
    assert load(store, file, APPLICATIONS, tmp_path).loaded == 2
    assert applications(store) == EXPECTED


def test_2_dates_per_stage_change_and_vanish_with_their_row(store: Store, tmp_path: Path) -> None:
    mapping = """
version: 1
stages: [{Applied: applied}, {Phone: screen}, {Onsite: interview}]
files:
  - {path: a.csv, entity: application, id: application, columns: {applied_at: applied}}
  - path: a.csv
    entity: stage_event
    columns: {application: application}
    stage_columns: {Applied: applied, Phone: phone, Onsite: onsite}
"""

    def visits() -> list[tuple[str, str, str | None]]:
        query = (
            select(PipelineStage.name, StageVisit.entered_at, StageVisit.exited_at)
            .join(PipelineStage, PipelineStage.id == StageVisit.stage_id)
            .order_by(StageVisit.entered_at)
        )
        with store.read() as connection:
            return [(name, f"{a:%d}", f"{b:%d}" if b else None) for name, a, b in connection.execute(query)]

    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("application,applied,phone,onsite\na1,2026-03-01,2026-03-05,2026-03-09\n")
    assert load(store, folder, mapping, tmp_path).loaded == 2
    assert visits() == [("Applied", "01", "05"), ("Phone", "05", "09"), ("Onsite", "09", None)]
    (folder / "a.csv").write_text("application,applied,phone,onsite\na1,2026-03-01,,2026-03-08\n")
    assert load(store, folder, mapping, tmp_path).loaded == 1
    assert visits() == [("Applied", "01", "08"), ("Onsite", "08", None)]
    (folder / "a.csv").write_text("application,applied,phone,onsite\na1,2026-03-01,,\n")
    assert load(store, folder, mapping, tmp_path).loaded == 1
    assert visits() == [("Applied", "01", None)]


def test_2_a_single_file_is_read_by_the_entries_that_name_it(store: Store, tmp_path: Path) -> None:
    mapping = """
version: 1
files:
  - {path: jobs.csv, entity: requisition, id: job, columns: {}}
  - {path: "people*.csv", entity: person, id: id, columns: {}}
"""
    (tmp_path / "people_2026.csv").write_text("id\nrita\nmax\n")
    assert load(store, tmp_path / "people_2026.csv", mapping, tmp_path).loaded == 2
    (tmp_path / "other.csv").write_text("id\nrita\n")
    with pytest.raises(InvalidInputError, match=r"has no entry for other\.csv"):
        load(store, tmp_path / "other.csv", mapping, tmp_path)
    with pytest.raises(InvalidInputError, match=r"names jobs\.csv, but .* holds no such file"):
        load(store, tmp_path, mapping, tmp_path)


def test_2_a_row_describes_the_office_it_names_and_dates_follow_that_office(store: Store, tmp_path: Path) -> None:
    mapping = """
version: 1
entity: requisition
id: job
columns:
  office: city
  office.country: country
  office.timezone: zone
  opened_at: opened
"""
    file = tmp_path / "jobs.csv"
    file.write_text("job,city,country,zone,opened\nJ1,Tokyo,JP,Asia/Tokyo,2026-03-01\n")
    load(store, file, mapping, tmp_path)
    with store.read() as connection:
        assert connection.execute(select(Office.name, Office.country)).one() == ("Tokyo", "JP")
        opened = connection.scalar(select(Requisition.opened_at))
    assert opened is not None
    assert opened.isoformat() == "2026-02-28T15:00:00+00:00"


EVERYTHING: dict[str, tuple[str, dict[str, object]]] = {
    "office": ("Berlin", {"name": "Berlin", "country": "DE", "timezone": "Europe/Berlin"}),
    "department": ("Sales", {"name": "Sales"}),
    "job_family": ("Field", {"name": "Field"}),
    "job_level": ("L3", {"name": "L3", "rank": 3}),
    "source": ("Web", {"name": "Web", "channel": "careers_site"}),
    "exit_reason": ("skills", {"name": "skills", "kind": "company"}),
    "person": ("rita", {"name": "Rita", "email": "rita@example.org", "office": "Berlin", "department": "Sales"}),
    "leave": ("", {"person": "rita", "start_on": "2026-03-02", "end_on": "2026-03-03"}),
    "holiday": ("", {"office": "Berlin", "on": "2026-12-24", "name": "Christmas Eve"}),
    "requisition": (
        "R1",
        {
            "title": "Seller", "department": "Sales", "job_family": "Field", "job_level": "L3", "office": "Berlin",
            "hiring_manager": "max", "recruiter": "rita", "opened_at": "2026-01-05", "target_on": "2026-06-01",
        },
    ),
    "requisition_status": ("", {"requisition": "R1", "status": "open", "from_at": "2026-01-05"}),
    "hold": ("", {"requisition": "R1", "from_at": "2026-02-01", "to_at": "2026-02-10", "reason": "budget"}),
    "owner": ("", {"requisition": "R1", "person": "rita", "part": "recruiter", "from_at": "2026-01-05"}),
    "freeze": ("F1", {"scope": "department", "scope_value": "Sales", "from_at": "2026-03-01", "to_at": "2026-03-05"}),
    "freeze_exemption": ("", {"freeze": "F1", "requisition": "R1"}),
    "stage": ("S1", {"name": "Call", "canonical": "screen", "sort_order": 1}),
    "candidate": ("C1", {"name": "Cara", "email": "cara@example.org"}),
    "application": (
        "A1", {"candidate": "C1", "requisition": "R1", "source": "Web", "applied_at": "2026-01-10", "outcome": "hired"},
    ),
    "stage_event": ("", {"application": "A1", "stage": "Call", "entered_at": "2026-01-10"}),
    "interview": ("I1", {"application": "A1", "status": "held", "ends_at": "2026-01-20T10:00Z"}),
    "feedback": ("", {"interview": "I1", "interviewer": "max", "submitted_at": "2026-01-21T10:00Z"}),
    "offer": (
        "",
        {
            "application": "A1", "extended_at": "2026-01-25", "answered_at": "2026-01-28T09:00Z", "answer": "accepted",
            "salary": "65000.50", "currency": "EUR", "band_min": "50000", "band_max": "80000",
        },
    ),
    "seat": ("R1-1", {"requisition": "R1", "opened_at": "2026-01-05", "application": "A1"}),
    "hire": ("H1", {"application": "A1", "person": "cara", "started_on": "2026-03-01", "target_days": 60}),
    "onboarding_task": ("T1", {"hire": "H1", "name": "Laptop", "due_on": "2026-03-01", "done_on": "2026-03-02"}),
    "review": ("P1", {"hire": "H1", "reviewed_on": "2026-06-01", "scale_min": 1, "scale_max": 5, "rating": 4}),
    "survey": (
        "Q1", {"kind": "candidate_experience", "application": "A1", "delivered_at": "2026-02-01", "score": 9},
    ),
    "demographic": ("", {"application": "A1", "question": "gender", "answer": "declined"}),
    "check": ("B1", {"application": "A1", "vendor": "Acme", "ordered_at": "2026-02-01", "outcome": "clear"}),
}  # fmt: skip


def test_2_every_entity_of_the_canonical_model_can_be_imported(store: Store, tmp_path: Path) -> None:
    assert set(EVERYTHING) == set(ENTITIES)
    folder = tmp_path / "in"
    folder.mkdir()
    files = []
    for entity, (key, values) in reversed(EVERYTHING.items()):  # the order of the files does not matter
        row = {"id": key, **values} if key else values
        pd.DataFrame([row]).to_csv(folder / f"{entity}.csv", index=False)
        rule: dict[str, object] = {
            "path": f"{entity}.csv",
            "entity": entity,
            "columns": {name: name for name in values},
        }
        files.append({**rule, "id": "id"} if key else rule)
    mapping = json.dumps({"version": 1, "stages": [{"Call": "screen"}], "files": files})
    result = load(store, folder, mapping, tmp_path)
    assert list_quarantine(store) == []
    assert result.loaded == len(ENTITIES)
    with store.read() as connection:
        for entity in ENTITIES:
            count = connection.scalar(select(func.count()).select_from(table_of(entity)))
            assert count, f"{entity} left no row"
        salary = connection.execute(select(OfferVersion.salary_minor, OfferVersion.offer_key)).one()
        statuses = connection.scalars(
            select(RequisitionStatusInterval.status).order_by(RequisitionStatusInterval.from_at)
        ).all()
        filled = connection.scalar(
            select(func.count()).select_from(table_of("seat")).where(table_of("seat").c.filled_at.is_not(None))
        )
    assert salary == (6_500_050, "A1")
    assert statuses == ["open", "on_hold", "open"]
    assert filled == 1
    assert load(store, folder, mapping, tmp_path).unchanged == len(ENTITIES)


ROWS = {
    "1,2026-03-01,vanished,,Web": ("1", "outcome", "'vanished' is not known"),
    "1,2026-03-01,,,": None,
    "1,tomorrow,,,": ("1", "applied_at", "'tomorrow' is not a date"),
    ",2026-03-01,,,": ("line 3", "id", "Nummer is empty"),
    "1,2026-03-01": ("line 3", None, "has 2 fields, the header has 5"),
    "1,2026-03-01,,," + "x" * 1_048_576: ("1", "source", "1,048,576 characters"),
}


@pytest.mark.parametrize("row", ROWS, ids=[str(place) for place in range(len(ROWS))])
def test_2_a_broken_row_is_kept_out_and_the_rest_loads(store: Store, tmp_path: Path, row: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"Nummer,Eingang,Status,Ende,Kanal\n9,2026-03-01,,,Web\n{row}\n")
    result = load(store, file, APPLICATIONS, tmp_path)
    expected = ROWS[row]
    if expected is None:
        assert (result.loaded, result.quarantined) == (2, 0)
        return
    (kept,) = list_quarantine(store)
    assert (kept.file, kept.record, kept.field) == ("a.csv", *expected[:2])
    assert expected[2] in kept.reason
    assert (result.loaded, result.quarantined) == (1, 1)


def test_2_a_completed_mapping_lets_rows_be_replayed(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Nummer,Eingang,Status,Ende,Kanal\n1,2026-03-01,Zusage,2026-03-05,Web\n")
    assert load(store, file, APPLICATIONS, tmp_path).quarantined == 1
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(APPLICATIONS.replace("Absage: rejected", "Absage: rejected, Zusage: hired"), encoding="utf-8")
    done = replay_quarantine(store, mapping=mapping, spool_dir=tmp_path / "spool")
    assert (done.tried, done.loaded, done.still) == (1, 1, 0)
    assert applications(store)[0][2] == "hired"
    assert list_quarantine(store) == []


def test_2_rows_of_a_table_need_their_mapping_for_a_replay(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Nummer,Eingang,Status,Ende,Kanal\n1,soon,,,\n")
    load(store, file, APPLICATIONS, tmp_path)
    with pytest.raises(InvalidInputError, match="came from tables"):
        replay_quarantine(store, spool_dir=tmp_path / "spool")


FILES = {
    "a.csv": (b"", "does not even have a header"),
    "b.csv": (b"Nummer,Eingang\n", "has no column Ende, Kanal, Status"),
    "c.csv": (b"Nummer,Nummer,Eingang,Status,Ende,Kanal\n", "more than once"),
    "d.xlsx": (b"PK not a workbook", "cannot be read as xlsx"),
    "e.parquet": (b"PAR1 no", "cannot be read as parquet"),
    "f.doc": (b"x", "is none of .csv"),
}


@pytest.mark.parametrize("name", FILES)
def test_2_a_file_that_cannot_be_read_is_named_and_nothing_is_written(store: Store, tmp_path: Path, name: str) -> None:
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match=re.escape(words)) as caught:
        load(store, tmp_path / name, APPLICATIONS, tmp_path)
    assert name in str(caught.value)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ImportBatch)) == 0


APPLICATION = "version: 1\nentity: application\nid: n\ncolumns: "
MAPPINGS = {
    "version: 1\nentity: seats": "entity is 'seats'. Known: office",
    "version: 1\nentity: application\nid: n": "needs applied_at",
    "version: 1\nentity: application\ncolumns: {applied_at: d}": "name the column that identifies a application",
    APPLICATION + "{aplied_at: d}": "aplied_at is not known",
    APPLICATION + "{applied_at: 3}": "write a column name",
    APPLICATION + "{applied_at: {column: a, value: 1}}": "either a column or a value",
    APPLICATION + "{applied_at: {column: a, pattern: '('}}": "not a regular expression",
    APPLICATION + "{applied_at: {column: a, pattern: 'x'}}": "needs a group",
    APPLICATION + "{applied_at: d, requisition.title: t}": "can be described beside",
    APPLICATION + "{applied_at: d, source.chanel: t}": "chanel is not known",
    APPLICATION + "{applied_at: d}\nstage_columns: {A: a}": "belong to the entity",
    "version: 1\nfiles: []": "at least one entry",
    "version: 1\nfiles: [x]": "must be a set of keys",
    "version: 1\nstages: [{A: soon}]\nfiles: [{entity: seat}]": "Accepted: applied",
    "version: 1\nstages: [A]\nfiles: [{entity: seat}]": "must be a list of",
    "version: 1\nsystem: Old ATS\nfiles: [{entity: seat}]": "system is 'Old ATS'",
    "version: 1\nzone: Berlin\nfiles: [{entity: stage_event}]": "is not a time zone",
    "version: 1\nencoding: utf-9\nfiles: [{entity: stage_event}]": "encoding 'utf-9' is not known",
    "version: 1\ndelimiter: tab\nfiles: [{entity: stage_event}]": "it is one character",
    "version: 1\ndate_formats: [iso]\nfiles: [{entity: stage_event}]": "must be formats",
    "version: 1\ndata_from: soon\nfiles: [{entity: stage_event}]": "data_from",
    "version: 1\ndimensions: {planet: {}}\nfiles: [{entity: stage_event}]": "planet is not known",
    "version: 1\ndimensions: {office: {Rome: {contry: IT}}}\nfiles: [{entity: stage_event}]": "contry is not known",
    "version: 1\nfiles: [{entity: seat, where: {a: {is: full}}}]": "write a value, a list",
    "version: 3\nfiles: []": "version is 3",
}  # fmt: skip


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_2_a_wrong_mapping_is_refused_with_the_place(store: Store, tmp_path: Path, mapping: str) -> None:
    (tmp_path / "a.csv").write_text("n,d\n")
    complete = mapping.replace(
        "{entity: seat}", "{entity: seat, id: n, columns: {requisition: r, opened_at: d}}"
    ).replace("{entity: stage_event}", "{entity: stage_event, columns: {application: a, stage: s, entered_at: d}}")
    with pytest.raises(InvalidInputError, match=re.escape(MAPPINGS[mapping])):
        load(store, tmp_path / "a.csv", complete, tmp_path)


def test_2_the_documentation_names_every_entity_and_field() -> None:
    text = (ROOT / "docs" / "integrations" / "table.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    for entity in ENTITIES.values():
        row = next((line for line in rows if f"`{entity.name}`" in line.split("|")[1]), None)
        assert row is not None, f"{entity.name} is not documented"
        words = set(re.findall(r"[a-z_]+", row))
        assert set(entity.fields) <= words, f"{entity.name}: {set(entity.fields) - words}"
        for field in entity.required:
            assert f"**{field}**" in row or f"{field} (default" in row, f"{entity.name}: {field} is required"
