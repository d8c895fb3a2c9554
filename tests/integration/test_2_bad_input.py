"""2: what is broken in an export is named or kept out, record by record; the rest loads, nothing is half visible."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.domain.errors import InvalidInputError
from services.ingest.imports import ImportResult, import_path
from services.ingest.quarantine import QuarantinedRecord, list_quarantine, show_quarantined
from services.ingest.replay import replay_quarantine
from services.store.database import Store
from services.store.tables import Application, ImportBatch, StageVisit

Export = dict[str, list[dict[str, Any]]]


@pytest.fixture
def store(migrated_sqlite_url: str) -> Iterator[Store]:
    store = Store(migrated_sqlite_url)
    yield store
    store.dispose()


def small_export() -> Export:
    """Three candidates for one job."""
    return {
        "jobs": [{"id": 1, "name": "Baker", "status": "open", "opened_at": "2025-01-01T08:00:00Z"}],
        "job_interview_stages": [
            {"id": 10, "job_id": 1, "sort_order": 0, "name": "Application Review"},
            {"id": 11, "job_id": 1, "sort_order": 1, "name": "Phone Screen"},
        ],
        "applications": [
            {
                "id": number,
                "candidate_id": number + 100,
                "job_id": 1,
                "status": "in_process",
                "prospect": False,
                "created_at": "2025-02-01T08:00:00Z",
                "updated_at": "2025-02-03T08:00:00Z",
            }
            for number in (1, 2, 3)
        ],
        "application_stages": [
            {
                "id": 20 + number,
                "application_id": number,
                "job_interview_stage_id": 10,
                "entered_at": "2025-02-01T08:00:00Z",
                "exited_at": None,
                "updated_at": "2025-02-03T08:00:00Z",
            }
            for number in (1, 2, 3)
        ],
    }


def write(folder: Path, export: Export) -> Path:
    folder.mkdir(exist_ok=True)
    for resource, records in export.items():
        (folder / f"{resource}.json").write_text(json.dumps(records), encoding="utf-8")
    return folder


def load(store: Store, folder: Path, **options: Any) -> ImportResult:
    result = import_path(store, "greenhouse", folder, spool_dir=folder.parent / "spool", **options)
    assert result.read == result.loaded + result.unchanged + result.quarantined
    return result


def count(store: Store, table: Any) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def break_first(resource: str, **values: Any) -> Callable[[Export], None]:
    return lambda export: export[resource][0].update(values)


BROKEN: dict[str, tuple[Callable[[Export], None], str, str, str | None, str]] = {
    "unknown status": (break_first("applications", status="paused"), "applications", "1", "status", "'paused'"),
    "unknown stage": (
        break_first("application_stages", job_interview_stage_id=99), "application_stages", "21", "stage", "stage 99",
    ),
    "stage without a place": (
        break_first("job_interview_stages", name="Zumba"), "job_interview_stages", "10", "name", "'Zumba'",
    ),
    "before 1990": (
        break_first("applications", created_at="1970-01-01T00:00:00Z"), "applications", "1", "applied_at", "1970",
    ),
    "in the future": (
        break_first("application_stages", entered_at="2099-01-01T00:00:00Z"),
        "application_stages", "21", "entered_at", "future",
    ),
    "exit before entry": (
        break_first("application_stages", exited_at="2025-01-15T00:00:00Z"),
        "application_stages", "21", "left_at", "before",
    ),
    "no date": (break_first("applications", created_at="soon"), "applications", "1", "applied_at", "'soon'"),
    "missing parent": (break_first("applications", job_id=77), "applications", "1", "requisition", "requisition 77"),
    "no id": (break_first("applications", id=None), "applications", "record 1", "id", "no id"),
    "a name of a megabyte": (break_first("jobs", name="x" * 1_048_576), "jobs", "1", "title", "1,048,576"),
    "a NUL character": (break_first("jobs", name="Ba\x00ker"), "jobs", "1", "title", "NUL"),
    "text where a record belongs": (
        lambda export: export["applications"].insert(0, "nothing"),  # type: ignore[arg-type]
        "applications", "record 1", None, "not a JSON object",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_2_a_broken_record_is_quarantined_with_file_record_field_and_reason(
    store: Store, tmp_path: Path, name: str
) -> None:
    spoil, resource, record, field, reason = BROKEN[name]
    export = small_export()
    spoil(export)
    result = load(store, write(tmp_path / "export", export))
    found = {(row.resource, row.record): row for row in list_quarantine(store)}
    row = found[resource, record]
    assert (row.file, row.field) == (f"{resource}.json", field)
    assert reason in row.reason
    assert len(show_quarantined(store, row.id).payload) <= 64 * 1024
    assert result.quarantined == len(found)
    if resource.startswith("application"):
        assert count(store, Application) == (2 if resource == "applications" and "text" not in name else 3)
        assert result.loaded > 0


def test_2_the_same_broken_record_is_not_quarantined_twice(store: Store, tmp_path: Path) -> None:
    export = small_export()
    export["applications"][0]["status"] = "paused"
    folder = write(tmp_path / "export", export)
    first, second = load(store, folder), load(store, folder)
    assert first.quarantined == second.quarantined == 2  # the application and its stage
    assert second.unchanged == first.loaded
    assert len(list_quarantine(store)) == 2


def test_2_a_fixed_record_leaves_the_quarantine(store: Store, tmp_path: Path) -> None:
    export = small_export()
    export["applications"][0]["status"] = "paused"
    load(store, write(tmp_path / "export", export))
    export["applications"][0]["status"] = "in_process"
    load(store, write(tmp_path / "export", export))
    assert list_quarantine(store) == []
    assert count(store, StageVisit) == 3


def test_2_a_completed_mapping_lets_the_quarantine_be_replayed(store: Store, tmp_path: Path) -> None:
    export = small_export()
    export["job_interview_stages"][0]["name"] = "Zumba"
    assert load(store, write(tmp_path / "export", export)).quarantined == 4
    mapping = tmp_path / "mapping.yml"
    mapping.write_text("version: 1\nstages:\n  Zumba: applied\n", encoding="utf-8")
    result = replay_quarantine(store, mapping=mapping, spool_dir=tmp_path / "spool")
    assert (result.tried, result.loaded, result.still) == (4, 4, 0)
    assert count(store, StageVisit) == 3


def test_2_an_id_with_two_contents_is_loaded_once_and_the_other_kept_out(store: Store, tmp_path: Path) -> None:
    export = small_export()
    export["applications"].append({**export["applications"][0], "status": "rejected"})
    result = load(store, write(tmp_path / "export", export))
    (row,) = list_quarantine(store)
    assert (row.record, row.field, result.quarantined) == ("1", "id", 1)
    assert "more than once" in row.reason
    with store.read() as connection:
        outcome = connection.scalar(select(Application.outcome).where(Application.external_id == "1"))
    assert outcome is None  # the first one


def test_2_an_id_with_two_versions_is_loaded_in_the_newer_one(store: Store, tmp_path: Path) -> None:
    export = small_export()
    newer = {**export["applications"][0], "status": "rejected", "updated_at": "2025-02-09T08:00:00Z"}
    newer["rejected_at"] = "2025-02-09T08:00:00Z"
    export["applications"].insert(0, newer)
    result = load(store, write(tmp_path / "export", export))
    assert (result.quarantined, result.unchanged) == (0, 1)
    with store.read() as connection:
        assert connection.scalar(select(Application.outcome).where(Application.external_id == "1")) == "rejected"


def test_2_an_older_export_does_not_undo_a_newer_one(store: Store, tmp_path: Path) -> None:
    export = small_export()
    older = write(tmp_path / "older", export)
    export["applications"][0].update(
        status="rejected", rejected_at="2025-02-09T08:00:00Z", updated_at="2025-02-09T08:00:00Z"
    )
    load(store, write(tmp_path / "newer", export))
    assert load(store, older).loaded == 0
    with store.read() as connection:
        assert connection.scalar(select(Application.outcome).where(Application.external_id == "1")) == "rejected"


def test_2_bytes_that_are_not_utf8_keep_out_their_record_only(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", small_export())
    text = (folder / "jobs.json").read_bytes()
    (folder / "jobs.json").write_bytes(text.replace(b"Baker", b"B\xe4cker"))
    load(store, folder)
    row = next(row for row in list_quarantine(store) if row.resource == "jobs")
    assert (row.field, "UTF-8" in row.reason) == ("title", True)


def test_2_a_line_that_is_not_json_is_quarantined_and_a_packed_file_is_read(store: Store, tmp_path: Path) -> None:
    export = small_export()
    lines = [json.dumps(record) for record in export.pop("applications")]
    folder = write(tmp_path / "export", export)
    with gzip.open(folder / "applications.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write("\n".join([lines[0], lines[1][:20], lines[2]]))
    load(store, folder)
    row = next(row for row in list_quarantine(store) if row.resource == "applications")
    assert (row.file, row.record) == ("applications.jsonl.gz", "record 2")
    assert count(store, Application) == 2


def refusal(store: Store, path: Path, **options: Any) -> str:
    with pytest.raises(InvalidInputError) as caught:
        import_path(store, "greenhouse", path, spool_dir=path.parent / "spool", **options)
    assert count(store, ImportBatch) == 0
    return str(caught.value)


def test_2_a_cut_off_file_stops_the_import_before_anything_is_written(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", small_export())
    whole = (folder / "application_stages.json").read_text(encoding="utf-8")
    for size in (len(whole) - 1, len(whole) // 2, 30):
        (folder / "application_stages.json").write_text(whole[:size], encoding="utf-8")
        message = refusal(store, folder)
        assert "application_stages.json is damaged or cut off" in message
        assert "nothing was imported" in message
    assert count(store, Application) == 0


def test_2_a_file_that_is_no_array_or_no_archive_is_named(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", small_export())
    (folder / "jobs.json").write_text('{"message": "rate limited"}', encoding="utf-8")
    assert "jobs.json does not hold a JSON array" in refusal(store, folder)
    (folder / "jobs.json").unlink()
    (folder / "jobs.json.gz").write_bytes(b"not gzip")
    assert "jobs.json.gz cannot be read" in refusal(store, folder)


def test_2_a_wrong_place_is_named(store: Store, tmp_path: Path) -> None:
    assert "There is no file or folder" in refusal(store, tmp_path / "nowhere")
    (tmp_path / "file.json").write_text("[]", encoding="utf-8")
    assert "is a file" in refusal(store, tmp_path / "file.json")
    (tmp_path / "empty").mkdir()
    assert "no file named after a Greenhouse resource" in refusal(store, tmp_path / "empty")


def test_2_a_wrong_mapping_is_named(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", small_export())
    mapping = tmp_path / "mapping.yml"
    for text, words in {
        "": "empty",
        "version: 2": "version",
        "version: 1\nstagez: {}": "stagez",
        "version: 1\nstages: {Zumba: dancing}": "Accepted: applied",
        "version: 1\nstages: [": "not YAML",
        "version: 1\noffices: {Berlin: DE}": "Berlin",
    }.items():
        mapping.write_text(text, encoding="utf-8")
        assert words in refusal(store, folder, mapping=mapping)
    assert "cannot be read" in refusal(store, folder, mapping=tmp_path / "none.yml")


def test_2_an_empty_export_says_so_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", {"applications": [], "jobs": []})
    result = load(store, folder)
    assert (result.read, result.warnings) == (0, ("The export holds no record; nothing was changed.",))


def test_2_a_dry_run_counts_like_the_import_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    export = small_export()
    export["applications"][0]["status"] = "paused"
    folder = write(tmp_path / "export", export)
    planned = load(store, folder, dry_run=True)
    assert count(store, ImportBatch) == count(store, Application) == 0
    assert list_quarantine(store) == []
    done = load(store, folder)
    assert (planned.loaded, planned.unchanged, planned.quarantined) == (done.loaded, done.unchanged, done.quarantined)


def test_2_what_a_person_sees_of_a_quarantined_record(store: Store, tmp_path: Path) -> None:
    export = small_export()
    export["applications"][0]["status"] = "paused"
    load(store, write(tmp_path / "export", export))
    row = next(row for row in list_quarantine(store) if row.resource == "applications")
    assert isinstance(row, QuarantinedRecord)
    assert json.loads(row.payload)["candidate_id"] == 101
