"""2: an import that was cut off is listed, finished from what it had read or given up; half of one is never shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.delivery import failpoints
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError, RetryLaterError
from services.ingest.abandoning import Way, abandon_import, plan_abandon
from services.ingest.batches import ListedImport, kept_file, list_imports
from services.ingest.import_lock import ImportLock
from services.ingest.imports import ImportResult, import_path, resume_import
from services.mart.publishing import Mart
from services.store.database import Store
from services.store.tables import (
    Application,
    AuditEvent,
    Candidate,
    CompanyHoliday,
    ImportBatch,
    Requisition,
    metadata,
)
from tests.command_line import CommandLine

MAPPING = """\
version: 1
system: ats
stages: [{Applied: applied}, {Phone: screen}]
files:
  - path: jobs*.csv
    entity: requisition
    id: id
    columns: {title: title, opened_at: opened}
  - path: applications*.csv
    entity: application
    id: id
    columns: {requisition: job, applied_at: applied}
"""
COUNT = 1_200
"""More than one transaction takes."""


@pytest.fixture
def desk(migrated_store_url: str, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(migrated_store_url, tmp_path)
    yield found
    found.store.dispose()


@pytest.fixture
def lite_desk(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(migrated_sqlite_url, tmp_path)
    yield found
    found.store.dispose()


class Desk:
    """An installation, and exports written to its folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.store = Store(url)
        self.folder = folder
        self.spools = folder / "import"
        self.mapping = folder / "mapping.yml"
        self.mapping.write_text(MAPPING, encoding="utf-8")
        self.mart = Mart(self.store.url, folder / "mart")

    def export(
        self, name: str, applications: Mapping[str, str], job: str = "Baker", opened: str = "2026-01-01"
    ) -> Path:
        """One job, and applications by id with the day they came in."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        _write(folder / "jobs.csv", ("id", "title", "opened"), [("r1", job, opened)])
        rows = [(key, "r1", day) for key, day in applications.items()]
        _write(folder / "applications.csv", ("id", "job", "applied"), rows)
        return folder

    def load(self, export: Path) -> ImportResult:
        return import_path(self.store, "table", export, mapping=self.mapping, spool_dir=self.spools)

    def cut(self, export: Path, monkeypatch: pytest.MonkeyPatch) -> int:
        """Import until the second chunk of applications is written; returns the batch."""
        hits: list[str] = []

        def hit(name: str) -> None:
            hits.append(name)
            if len(hits) == 3:  # stages, the job, then the first of the applications
                raise failpoints.FailpointError(name)

        with monkeypatch.context() as patch:
            patch.setattr("services.ingest.loader.failpoints.hit", hit)
            with pytest.raises(failpoints.FailpointError):
                self.load(export)
        return self.listed()[0].id

    def listed(self) -> list[ListedImport]:
        return list_imports(self.store, self.spools)

    def states(self) -> list[str]:
        return [one.state for one in reversed(self.listed())]

    def count(self, table: type) -> int:
        with self.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def applied(self) -> dict[str, str]:
        with self.store.read() as connection:
            rows = connection.execute(select(Application.external_id, Application.applied_at)).all()
        return {key: f"{at:%Y-%m-%d}" for key, at in rows}

    def published(self) -> int:
        """Applications of a snapshot built now."""
        self.store.dispose()
        return self.mart.build().counts["fact_application"]

    def actions(self) -> list[tuple[str, str | None]]:
        with self.store.read() as connection:
            query = select(AuditEvent.action, AuditEvent.resource).order_by(AuditEvent.seq)
            return [(action, resource) for action, resource in connection.execute(query)]


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([columns, *rows])


def many(count: int = COUNT, day: str = "2026-02-01") -> dict[str, str]:
    return {f"a{number}": day for number in range(count)}


# --- resume -----------------------------------------------------------------------------------------------------------


def test_2_an_import_that_ends_with_an_error_is_failed_and_names_itself_wherever_it_blocks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = desk.cut(desk.export("monday", many()), monkeypatch)
    (one,) = desk.listed()
    assert (one.id, one.state, one.blocks, one.can_resume, one.is_running) == (batch, "failed", True, True, False)
    assert 0 < (one.written or 0) < COUNT
    desk.store.dispose()
    with pytest.raises(RetryLaterError, match=f"Import {batch} of ats from .*monday.*hireboard import resume {batch}"):
        desk.mart.build()
    assert ("import.failed", f"import:{batch}") in desk.actions()


def test_2_a_cut_import_is_finished_without_the_export_it_came_from(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = desk.export("monday", many())
    batch = desk.cut(export, monkeypatch)
    for file in export.iterdir():
        file.unlink()
    export.rmdir()
    with pytest.raises(InvalidInputError, match=f"There is no file.*hireboard import resume {batch}"):
        desk.load(export)
    result = resume_import(desk.store, batch, spool_dir=desk.spools)
    assert result.read == result.loaded + result.unchanged == COUNT + 1
    assert (desk.states(), desk.applied()) == (["complete"], many())
    assert desk.published() == COUNT
    assert list(desk.spools.glob("*.spool")) == []  # candidates' records are kept no longer than they must be
    assert [action for action, _ in desk.actions()] == ["import.failed", "import.resumed", "import.completed"]


def test_2_finishing_late_does_not_undo_what_a_later_import_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a table have no version: without the rule the older file would win."""
    batch = desk.cut(desk.export("monday", many()), monkeypatch)
    later = desk.load(desk.export("tuesday", {"a1199": "2026-03-03", "b1": "2026-03-03"}))
    assert any(f"hireboard import resume {batch}" in warning for warning in later.warnings)
    assert desk.states() == ["failed", "complete"]
    resume_import(desk.store, batch, spool_dir=desk.spools)
    assert desk.applied() == {**many(), "a1199": "2026-03-03", "b1": "2026-03-03"}
    assert desk.states() == ["complete", "complete"]


def test_2_quarantined_records_of_a_cut_import_are_counted_when_it_is_resumed(
    lite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = lite_desk.cut(lite_desk.export("monday", {**many(), "bad": "1890-01-01"}), monkeypatch)
    result = resume_import(lite_desk.store, batch, spool_dir=lite_desk.spools)
    assert (result.read, result.quarantined) == (COUNT + 2, 1)


def test_2_only_an_unfinished_import_can_be_resumed_and_only_where_it_was_read(
    lite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite_desk.load(lite_desk.export("sunday", many(1)))
    with pytest.raises(ConflictError, match="Import 1 is complete: there is nothing to resume"):
        resume_import(lite_desk.store, 1, spool_dir=lite_desk.spools)
    with pytest.raises(NotFoundError, match="There is no import 77"):
        resume_import(lite_desk.store, 77, spool_dir=lite_desk.spools)
    batch = lite_desk.cut(lite_desk.export("monday", many()), monkeypatch)
    with pytest.raises(NotFoundError, match=f"not kept on this machine.*hireboard import abandon {batch}"):
        resume_import(lite_desk.store, batch, spool_dir=lite_desk.folder / "elsewhere")


@pytest.mark.parametrize("damage", ["cut", "writable", "another store"])
def test_2_what_was_kept_is_used_only_when_it_is_whole_and_ours(
    lite_desk: Desk, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """A damaged file would bring half an export; one that others can write could bring anything."""
    batch = lite_desk.cut(lite_desk.export("monday", many()), monkeypatch)
    file = kept_file(lite_desk.spools, batch)
    assert file.stat().st_mode & 0o077 == 0  # it holds candidates' records
    if damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "writable":
        file.chmod(0o666)
    else:
        with lite_desk.store.write() as connection:
            connection.execute(ImportBatch.__table__.update().values(path="/somewhere/else"))
    with pytest.raises((ConflictError, NotFoundError)):
        resume_import(lite_desk.store, batch, spool_dir=lite_desk.spools)
    assert lite_desk.states() == ["failed"]


def test_2_another_import_of_the_same_place_replaces_what_was_kept(
    lite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = lite_desk.export("monday", many())
    batch = lite_desk.cut(export, monkeypatch)
    result = lite_desk.load(export)
    assert (result.batch_id, lite_desk.states()) == (batch, ["complete"])
    assert result.warnings == ("An earlier run of this import was cut off; this run finished it.",)


# --- given up ---------------------------------------------------------------------------------------------------------


def test_2_a_first_import_that_is_abandoned_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = desk.cut(desk.export("wrong", many()), monkeypatch)
    with desk.store.write() as connection:
        connection.execute(
            CompanyHoliday.__table__.insert().values(office_id=None, on=date(2026, 1, 2), name="Founders' day")
        )
    plan = plan_abandon(desk.store, batch)
    assert plan.way is Way.TAKE_BACK
    assert "deletes every row of ats" in plan.words()
    abandon_import(desk.store, batch, spool_dir=desk.spools)
    kept = {"import_batch", "audit_event", "change_row", "alembic_version", "live_lane"}
    with desk.store.read() as connection:
        left = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table.name not in kept
        }
    assert {name: count for name, count in left.items() if count and name != "app_setting"} == {}
    assert desk.states() == ["taken_back"]
    assert not kept_file(desk.spools, batch).exists()
    assert desk.published() == 0
    desk.load(desk.export("right", many(5)))
    assert desk.published() == 5


def test_2_taking_back_leaves_other_sources_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.load(desk.export("first", many(7)))
    desk.mapping.write_text(MAPPING.replace("system: ats", "system: other"), encoding="utf-8")
    batch = desk.cut(desk.export("wrong", many()), monkeypatch)
    assert desk.count(Application) > 7
    assert abandon_import(desk.store, batch, spool_dir=desk.spools).way is Way.TAKE_BACK
    assert (desk.count(Application), desk.count(Requisition), desk.count(Candidate)) == (7, 1, 7)
    assert desk.published() == 7


def test_2_what_was_written_over_older_records_stays_unseen_until_they_are_said_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of an abandoned import is never shown; an older export can bring back what was before."""
    before = many(day="2026-01-15")
    good = desk.export("good", before)
    desk.load(good)
    assert desk.published() == COUNT
    batch = desk.cut(desk.export("bad", many()), monkeypatch)
    written = desk.listed()[0].written or 0
    plan = abandon_import(desk.store, batch, spool_dir=desk.spools)
    assert (plan.way, plan.written) == (Way.WAIT, written)
    desk.store.dispose()
    with pytest.raises(RetryLaterError, match=f"Import {batch} .*abandoned: import an export of ats"):
        desk.mart.build()
    part = desk.load(desk.export("part", {"a0": "2026-01-15"}))
    assert any(f"Import {batch}" in warning and "still not complete" in warning for warning in part.warnings)
    assert desk.listed()[1].written == written - 1
    desk.load(good)
    assert desk.states() == ["complete", "superseded", "complete", "complete"]
    assert desk.applied() == before
    assert desk.published() == COUNT


def test_2_an_older_version_brings_back_what_was_before_an_abandoned_import(
    lite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the half that was written last would stand for its newer version, and block for ever."""
    desk = lite_desk
    desk.mapping.write_text(MAPPING.replace("    id: id\n", "    id: id\n    record_version: opened\n", 1), "utf-8")
    good = desk.export("good", many(3), opened="2026-01-01")
    desk.load(good)
    batch = desk.cut(desk.export("bad", many(), job="Cook", opened="2026-01-05"), monkeypatch)
    abandon_import(desk.store, batch, spool_dir=desk.spools)
    desk.load(good)
    with desk.store.read() as connection:
        assert connection.scalar(select(Requisition.title)) == "Baker"


def test_2_the_next_whole_export_takes_the_place_of_a_cut_one_of_which_nothing_is_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each night's export has a folder of its own; the one that was cut is not there any more."""
    desk.load(desk.export("sunday", many(10, "2026-01-15")))
    batch = desk.cut(desk.export("monday", many()), monkeypatch)
    kept_file(desk.spools, batch).unlink()
    assert not desk.listed()[0].can_resume
    desk.load(desk.export("tuesday", {**many(), "a1": "2026-02-22"}))
    assert desk.states() == ["complete", "superseded", "complete"]
    assert desk.published() == COUNT


def test_2_an_import_that_wrote_nothing_is_simply_over(lite_desk: Desk) -> None:
    lite_desk.load(lite_desk.export("sunday", many(3)))
    with lite_desk.store.write() as connection:
        batch = {
            "source_system": "ats",
            "path": "gone",
            "state": "applying",
            "started_at": lite_desk.listed()[0].started_at,
        }
        connection.execute(ImportBatch.__table__.insert().values(**batch))
    assert abandon_import(lite_desk.store, 2, spool_dir=lite_desk.spools).way is Way.NOTHING_WRITTEN
    assert lite_desk.states() == ["complete", "taken_back"]
    assert lite_desk.published() == 3
    with pytest.raises(ConflictError, match="only an unfinished one can be abandoned"):
        abandon_import(lite_desk.store, 2, spool_dir=lite_desk.spools)


def test_2_nothing_is_given_up_while_an_import_runs(lite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = lite_desk.cut(lite_desk.export("monday", many()), monkeypatch)
    with ImportLock(lite_desk.spools) as lock:
        lock.name(batch)
        (one,) = lite_desk.listed()
        assert (one.is_running, one.can_resume) == (True, False)
        with pytest.raises(ConflictError, match="Another import is running"):
            abandon_import(lite_desk.store, batch, spool_dir=lite_desk.spools)
        with pytest.raises(ConflictError, match="Another import is running"):
            resume_import(lite_desk.store, batch, spool_dir=lite_desk.spools)
    assert not lite_desk.listed()[0].is_running


# --- the command line -------------------------------------------------------------------------------------------------


def test_2_the_commands_list_resume_and_abandon(lite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hireboard = CommandLine(str(lite_desk.store.url), lite_desk.folder)
    batch = lite_desk.cut(lite_desk.export("monday", many()), monkeypatch)
    lite_desk.store.dispose()
    (one,) = hireboard.json("import", "list")["imports"]
    assert (one["id"], one["system"], one["state"], one["blocks"], one["can_resume"]) == (
        1,
        "ats",
        "failed",
        True,
        True,
    )
    assert one["path"].endswith("monday")
    listed = hireboard.run("import", "list")[1]
    assert f"`hireboard import resume {batch}` finishes it." in listed
    for command in (["check"], ["mart", "build"]):
        status, output, errors = hireboard.run(*command)
        assert status == 1
        assert f"hireboard import resume {batch}" in output + errors
    assert hireboard.json("import", "resume", str(batch))["read"] == COUNT + 1
    assert hireboard.run("mart", "build")[0] == 0
    assert "1,201 read, " in hireboard.run("import", "list")[1]
    assert hireboard.run("import", "resume", str(batch))[0] == 1


def test_2_abandoning_asks_first_and_says_what_it_does(lite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hireboard = CommandLine(str(lite_desk.store.url), lite_desk.folder)
    batch = lite_desk.cut(lite_desk.export("monday", many()), monkeypatch)
    lite_desk.store.dispose()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    status, _, errors = hireboard.run("import", "abandon", str(batch))
    assert status == 1
    assert "deletes every row of ats" in errors
    assert lite_desk.states() == ["failed"]
    lite_desk.store.dispose()
    done = hireboard.json("import", "abandon", str(batch), "--yes")
    assert (done["id"], done["way"]) == (batch, "take_back")
    assert lite_desk.states() == ["taken_back"]
