"""X4: any number as it was known on a date, with snapshot, metric version and policy; or the words why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.access.policy import POLICY_VERSION
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.metric import Query
from services.mart.apart import build_apart
from services.mart.archived import OtherSchemaError, reader_of
from services.mart.snapshots import PUBLICATIONS, SnapshotFolder
from services.metrics import registry
from services.metrics.names import StoreNames
from services.metrics.time_machine import TimeMachine, version_on
from services.store import tables as t
from services.store.database import Store
from services.store.migrations import migrate
from tests.command_line import CommandLine
from tests.mart_scenes import Company
from tests.metric_scenes import OPERATOR, RITA

FIRST, SECOND = datetime(2026, 3, 3, 6, tzinfo=UTC), datetime(2026, 3, 10, 6, tzinfo=UTC)
NOW = datetime(2026, 3, 20, tzinfo=UTC)


def published(folder: SnapshotFolder, when: datetime) -> str:
    """As if what is current had been read and published then."""
    current = folder.current_id()
    manifest = folder.manifest(current or "")
    assert manifest
    (folder.path / PUBLICATIONS).touch()
    lines = (folder.path / PUBLICATIONS).read_text(encoding="utf-8").splitlines()[:-1]
    (folder.path / PUBLICATIONS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    folder.republish(dataclasses.replace(manifest, as_of=when, published_at=when))
    return manifest.id


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path, list[str]]]:
    """3 March: twelve applications. 10 March: one of them was found to be a test, backdated. Nothing happened since."""
    root = tmp_path_factory.mktemp("time")
    store = Store(f"sqlite:///{root / 'hireboard.sqlite'}")
    migrate(store)
    url = store.url.render_as_string(hide_password=False)
    company, folder = Company(store), SnapshotFolder(root / "mart")
    with company.writing():
        company.standing_company()
    build_apart(url, folder.path)
    ids = [published(folder, FIRST)]
    with company.writing():
        company.set(t.Application, 5, is_test=True)
        company.changed("application", 5)
    build_apart(url, folder.path)
    ids.append(published(folder, SECOND))
    yield store, root, ids
    store.dispose()


def applications(machine: TimeMachine, on: date) -> int | float | None:
    known = machine.known_on(on, NOW)
    return machine.layer(known).ask(Query(("applications",), as_of=known.as_of), OPERATOR).one("applications").value


def test_x4_a_number_as_it_was_known_then_and_as_it_is_known_now(past: tuple[Store, Path, list[str]]) -> None:
    store, root, ids = past
    machine = TimeMachine(root / "mart", StoreNames(store))
    assert [applications(machine, date(2026, 3, on)) for on in (3, 9, 10, 19)] == [12, 12, 11, 11]
    assert machine.known_on(date(2026, 3, 9), NOW).manifest.id == ids[0]
    # rights are compiled in as ever
    known = machine.known_on(date(2026, 3, 3), NOW)
    assert machine.layer(known).ask(Query(("applications",), as_of=known.as_of), RITA).rows[0].value == 0


def test_x4_the_command_names_snapshot_version_and_policy(past: tuple[Store, Path, list[str]]) -> None:
    store, root, ids = past
    line = CommandLine(store.url.render_as_string(hide_password=False), root)
    asked = ("metrics", "query", "applications", "time_to_fill", "--as-known")
    document = line.json(*asked, "2026-03-04")
    assert (document["snapshot"], document["as_of"]) == (ids[0], "2026-03-03T06:00:00Z")
    known = document["as_known"]
    assert (known["snapshot"], known["asked"], known["policy_version"]) == (ids[0], "2026-03-04", POLICY_VERSION)
    versions = [(one["metric"], one["version"], one["version_then"]) for one in known["metrics"]]
    assert versions == [("applications", 1, 1), ("time_to_fill", 2, 1)]
    status, text, _ = line.run(*asked, "2026-03-04")
    assert (status, "time_to_fill version 2; version 1 was in force then" in text) == (0, True)
    assert "as_known" not in line.json("metrics", "query", "applications")
    for day_, words in (
        ("2026-02-01", "the first was made on 3 Mar 2026"),
        ("2099-01-01", "not come yet"),
        ("x", "--as-known"),
    ):
        status, _, errors = line.run(*asked, day_)
        assert (status, words in errors) == (1, True), errors


def test_x4_clear_words_when_none_is_kept_or_it_cannot_be_read(
    past: tuple[Store, Path, list[str]], tmp_path: Path
) -> None:
    store, root, ids = past
    copy = tmp_path / "mart"
    copy.mkdir()
    for file in (root / "mart").glob("*"):
        if file.is_file() and not file.is_symlink():
            (copy / file.name).write_bytes(file.read_bytes())
    (copy / "current").symlink_to(f"{ids[1]}.duckdb")
    folder, machine = SnapshotFolder(copy), TimeMachine(copy, StoreNames(store))
    manifest = folder.manifest(ids[0])
    assert manifest
    folder.write_manifest(dataclasses.replace(manifest, schema_version=7))
    with pytest.raises(OtherSchemaError, match=r"schema 7, this one reads \d+.*2026-03-10"):
        machine.known_on(date(2026, 3, 5), NOW)
    with pytest.raises(OtherSchemaError, match="schema 7"):
        reader_of(copy, dataclasses.replace(manifest, schema_version=7))
    folder.file(ids[0]).unlink()
    with pytest.raises(NotFoundError, match=r"No snapshot is kept for 5 Mar 2026: .* has been removed.*2026-03-10"):
        machine.known_on(date(2026, 3, 5), NOW)
    with pytest.raises(InvalidInputError, match="has not come yet"):
        machine.known_on(NOW.date() + timedelta(days=1), NOW)


def test_x4_a_folder_without_a_list_vouches_for_the_days_of_its_manifests_alone(
    past: tuple[Store, Path, list[str]], tmp_path: Path
) -> None:
    """What was published between two kept snapshots is not known: the day between them is refused."""
    store, root, _ = past
    copy = tmp_path / "mart"
    copy.mkdir()
    for file in (root / "mart").glob("*"):
        if file.is_file() and not file.is_symlink() and file.name != PUBLICATIONS:
            (copy / file.name).write_bytes(file.read_bytes())
    machine = TimeMachine(copy, StoreNames(store))
    assert applications(machine, FIRST.date()) == 12
    with pytest.raises(NotFoundError, match="No snapshot is kept for 5 Mar 2026"):
        machine.known_on(date(2026, 3, 5), NOW)


def test_x4_versions_of_a_definition_by_day() -> None:
    metric = registry.metric("time_to_fill")
    assert [version_on(metric, on) for on in (date(2025, 1, 1), date(2026, 11, 23), date(2026, 11, 24))] == [0, 1, 2]
