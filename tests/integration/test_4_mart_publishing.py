"""Capability 4: publishing is atomic, exclusive and checked; readers follow the link and outlive everything."""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from services.domain.errors import ConfigurationError, NotFoundError, RetryLaterError
from services.mart import schema as m
from services.mart.apart import build_apart
from services.mart.publishing import Mart
from services.mart.reader import MartReader, NotReadyError
from services.mart.snapshots import SnapshotFolder
from services.mart.verifying import verify_files
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day

APPLICATIONS = sa.select(sa.func.count()).select_from(m.fact_application)


class Installation:
    """A store, a folder of snapshots, and a way to let the next application arrive."""

    def __init__(self, url: str, folder: Path) -> None:
        self.store = Store(url)
        self.mart = Mart(self.store.url, folder)
        self.folder = SnapshotFolder(folder)
        self.company = Company(self.store)
        self.next_number = 100
        with self.company.writing():
            self.company.standing_company()
        self.store.dispose()

    def arrive(self) -> None:
        self.next_number += 1
        with self.company.writing():
            self.company.application(self.next_number, 1, day(30))
            self.company.changed("application", self.next_number)
        self.store.dispose()

    def reader(self, **options) -> MartReader:
        return MartReader(self.folder.path, **{"look_again_s": 0, **options})


@pytest.fixture
def installed(migrated_sqlite_url: str, tmp_path: Path) -> Installation:
    return Installation(migrated_sqlite_url, tmp_path / "mart")


def count(reader: MartReader) -> int:
    ((number,),) = reader.execute(APPLICATIONS)
    return number


def test_4_before_the_first_build_a_reader_says_what_to_do(tmp_path):
    reader = MartReader(tmp_path / "none")
    with pytest.raises(NotReadyError, match="hireboard mart build"):
        reader.snapshot()
    with pytest.raises(NotReadyError):
        reader.execute(APPLICATIONS)


def test_4_a_reader_follows_the_link_and_a_held_snapshot_stands_still(installed):
    first = installed.mart.build()
    reader = installed.reader()
    assert (count(reader), reader.snapshot().id) == (12, first.id)
    with reader.hold() as held:
        installed.arrive()
        second = installed.mart.build()
        assert (count(reader), held.id, reader.snapshot().id) == (12, first.id, second.id)
    assert count(reader) == 13


def test_4_the_id_is_of_the_content_and_not_of_the_time(installed):
    first = installed.mart.build()
    again = installed.mart.build(full=True)
    unchanged = installed.mart.build()
    assert first.id == again.id == unchanged.id
    assert unchanged.how == "none"
    assert first.as_of <= again.as_of <= unchanged.as_of
    assert installed.reader().snapshot().as_of == unchanged.as_of
    installed.arrive()
    assert installed.mart.build().id != first.id


def test_4_a_later_publication_of_equal_content_has_another_version(installed):
    manifest = installed.mart.build()
    reader = installed.reader()
    before = reader.snapshot()
    installed.folder.republish(replace(manifest, as_of=manifest.as_of + timedelta(hours=1)))
    after = reader.snapshot()
    assert before.id == after.id
    assert before.version != after.version


def test_4_nothing_is_published_while_an_import_is_being_applied(installed):
    first = installed.mart.build()
    with installed.company.writing():
        batch = {"source_system": "test", "path": "x", "state": "applying", "started_at": day(1)}
        installed.company.add(t.ImportBatch, id=1, **batch)
    installed.arrive()
    with pytest.raises(RetryLaterError, match="import"):
        installed.mart.build()
    assert (installed.folder.current_id(), count(installed.reader())) == (first.id, 12)
    with installed.company.writing():
        installed.company.set(t.ImportBatch, 1, state="complete")
    installed.store.dispose()
    installed.mart.build()
    assert count(installed.reader()) == 13


def test_4_a_store_that_was_not_migrated_is_named(store_url, tmp_path):
    with pytest.raises(ConfigurationError, match="hireboard migrate"):
        Mart(store_url, tmp_path / "mart").build()


def test_4_a_database_that_is_away_is_named(tmp_path):
    with pytest.raises(RetryLaterError, match="cannot be read for the mart"):
        Mart("postgresql://nobody@127.0.0.1:1/nothing", tmp_path / "mart").build()


def test_4_there_is_one_builder_at_a_time(installed):
    with installed.folder.exclusive(), pytest.raises(RetryLaterError, match="Another mart build"):
        Mart(installed.store.url, installed.folder.path).build()
    installed.mart.build()


def test_4_a_build_apart_publishes_the_same(installed):
    here = installed.mart.build()
    there = build_apart(installed.store.url.render_as_string(hide_password=False), installed.folder.path, full=True)
    assert (there.id, there.how) == (here.id, "full")


def test_4_a_build_apart_tells_its_error_here(installed):
    with installed.folder.exclusive(), pytest.raises(RetryLaterError, match="Another mart build"):
        build_apart(str(installed.store.url), installed.folder.path)


KILLED_BUILD = """
import os, signal, sys
from pathlib import Path
from services.mart import publishing, snapshots
def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
owner, name = {where}
setattr(owner, name, die)
publishing.Mart(sys.argv[1], Path(sys.argv[2])).build()
"""


@pytest.mark.parametrize(
    "where",
    [
        "publishing, 'apply_changes'",
        "publishing, 'sha256_of'",
        "snapshots.SnapshotFolder, 'publish'",
        "snapshots.SnapshotFolder, 'write_manifest'",
        "snapshots.SnapshotFolder, '_point_current'",
    ],
    ids=["in the middle", "before the checksum", "before the rename", "before the manifest", "before the link"],
)
def test_4_a_build_killed_anywhere_leaves_the_published_snapshot_and_the_next_one_heals(installed, where):
    first = installed.mart.build()
    installed.arrive()
    url, folder = str(installed.store.url), str(installed.folder.path)
    program = KILLED_BUILD.format(where=where)
    killed = subprocess.run([sys.executable, "-c", program, url, folder], check=False)
    assert killed.returncode == -9
    reader = installed.reader()
    assert (reader.snapshot().id, count(reader)) == (first.id, 12)
    second = installed.mart.build()
    assert (second.id, count(reader)) == (installed.folder.current_id(), 13)
    assert installed.mart.differences() == {}
    assert not list(installed.folder.path.glob(".build*"))


def test_4_a_flipped_bit_is_found_before_serving_and_the_previous_snapshot_is_used(installed):
    first = installed.mart.build()
    installed.arrive()
    second = installed.mart.build()
    file = installed.folder.file(second.id)
    content = file.read_bytes()
    dice = random.Random(4)
    for _ in range(100):
        position, bit = dice.randrange(len(content)), 1 << dice.randrange(8)
        file.write_bytes(content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :])
        assert not installed.folder.is_intact(second), position
    reader = installed.reader()
    assert (reader.snapshot().id, count(reader)) == (first.id, 12)
    states = verify_files(installed.folder)
    assert states[first.id] == "intact"
    assert "checksum" in states[second.id]
    healed = installed.mart.build()
    assert (healed.id, healed.how, count(installed.reader())) == (second.id, "full", 13)


def test_4_a_truncated_or_missing_file_is_survived_too(installed):
    first = installed.mart.build()
    installed.arrive()
    second = installed.mart.build()
    with installed.folder.file(second.id).open("r+b") as handle:
        handle.truncate(5000)
    assert installed.reader().snapshot().id == first.id
    installed.folder.file(second.id).unlink()
    assert installed.reader().snapshot().id == first.id
    installed.folder.file(first.id).unlink()
    with pytest.raises(NotReadyError):
        installed.reader().snapshot()


def test_4_old_snapshots_go_but_the_last_three_month_ends_and_pinned_ones_stay(installed):
    made = []
    for month in (1, 1, 2, 3, 3, 3, 3, 3):
        installed.arrive()
        manifest = installed.mart.build()
        dated = replace(manifest, published_at=day(30 * month - 20 + len(made)))
        installed.folder.write_manifest(dated)
        made.append(manifest.id)
        if len(made) == 4:
            installed.folder.pin(manifest.id)
    installed.folder.prune()
    kept = {item.id for item in installed.folder.manifests()}
    assert kept == {made[1], made[2], made[3], *made[5:]}
    with pytest.raises(NotFoundError, match="no snapshot"):
        installed.folder.pin("nothing")


def test_4_a_published_file_is_never_written_again(installed):
    first = installed.mart.build()
    file = installed.folder.file(first.id)
    before = (file.stat().st_mtime_ns, file.read_bytes())
    count(installed.reader())
    installed.arrive()
    installed.mart.build()
    installed.mart.build(full=True)
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before


def test_4_readers_in_threads_see_whole_snapshots_while_new_ones_are_published(installed):
    installed.mart.build()
    reader = installed.reader()
    seen: set[tuple[str, int]] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            with reader.hold() as info:
                seen.add((info.id, count(reader)))

    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look) for _ in range(4)]
        for _ in range(3):
            installed.arrive()
            installed.mart.build()
        stop.set()
        for task in looking:
            task.result()
    assert len({snapshot for snapshot, _ in seen}) == len(seen)


def _count_in_child(reader: MartReader, answers) -> None:
    answers.put((os.getpid(), count(reader)))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_4_a_reader_survives_a_fork_even_during_a_query(installed):
    """Web workers are forked; the child opens its own connection and never touches the inherited one."""
    installed.mart.build()
    reader = installed.reader()
    assert count(reader) == 12
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            count(reader)

    busy = threading.Thread(target=keep_asking)
    busy.start()
    children = [context.Process(target=_count_in_child, args=(reader, answers)) for _ in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    stop.set()
    busy.join()
    assert [child.exitcode for child in children] == [0] * 6
    assert [number for _, number in (answers.get(timeout=5) for _ in children)] == [12] * 6


@pytest.mark.parametrize("rows_wanted", [True, False], ids=["rows one after another", "one figure at the end"])
def test_4_a_question_that_takes_too_long_is_stopped_and_the_next_one_answered(installed, rows_wanted):
    installed.mart.build()
    reader = installed.reader(timeout_s=0.3)
    c = m.dim_calendar.alias("c")
    days = m.dim_calendar.c.business_days
    asked = days + c.c.business_days if rows_wanted else sa.func.sum(days * c.c.business_days)
    endless = sa.select(asked).select_from(m.dim_calendar.join(c, days * c.c.business_days != -1))
    began = time.monotonic()
    with pytest.raises(RetryLaterError, match=r"longer than 0\.3 s"):
        reader.execute(endless)
    assert time.monotonic() - began < 10
    assert count(reader) == 12


def test_4_the_reader_can_neither_write_nor_reach_a_file_nor_be_reconfigured(installed, tmp_path):
    installed.mart.build()
    reader = installed.reader()
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for statement in (
        "DELETE FROM fact_application",
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        "SET enable_external_access = true",
        "SET memory_limit = '10GB'",
        "INSTALL httpfs",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
    ):
        with pytest.raises(Exception, match=r"(?i)read-only|disabled|locked|permission|cannot"):
            reader._current().cursor().execute(statement)


def test_4_arrays_come_by_label_for_curve_arithmetic(installed):
    installed.mart.build()
    seat = m.fact_seat.c
    arrays = installed.reader().fetch_arrays(
        sa.select(seat.seat_id.label("seat"), (seat.filled_net - seat.opened_net).label("net")).order_by(seat.seat_id)
    )
    assert arrays["seat"].tolist() == [1, 2, 3, 4]
    assert [value is None for value in arrays["net"].tolist()] == [True, False, True, True]


def test_4_a_block_that_breaks_while_it_is_open_sends_the_reader_to_the_previous_snapshot(installed, monkeypatch):
    """DuckDB checks each block it reads; the first person gets a try-again, the next one an answer."""
    first = installed.mart.build()
    installed.arrive()
    installed.mart.build()
    reader = installed.reader()
    assert count(reader) == 13

    class BrokenCursor:
        def execute(self, *_: object) -> None:
            raise duckdb.IOException("Corrupt database file")

        def interrupt(self) -> None:
            """Nothing runs."""

    monkeypatch.setattr(reader._current(), "cursor", BrokenCursor)
    with pytest.raises(RetryLaterError, match="damaged"):
        count(reader)
    assert (count(reader), reader.snapshot().id) == (12, first.id)


def test_4_a_question_that_needs_too_much_memory_is_refused_in_words(installed):
    installed.mart.build()
    c, d = m.dim_calendar.alias("c"), m.dim_calendar.alias("d")
    pairs = sa.select(sa.func.array_agg(sa.func.repeat("x", 100_000 + c.c.calendar_id + d.c.business_seconds % 7)))
    with pytest.raises(RetryLaterError, match="more memory"):
        installed.reader().execute(pairs.select_from(c.join(d, c.c.local_on == d.c.local_on)))
    assert count(installed.reader()) == 12
