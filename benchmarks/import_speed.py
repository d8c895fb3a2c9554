"""Stage events a second through `hireboard import table`, and how long a web write waits meanwhile.

    .venv/bin/python -m benchmarks.import_speed [--events 2000000] [--postgres URL]

Makes its own CSV (jobs, applications, events), imports jobs and applications first and then measures the events. The
yardstick, in the same run: the same file read with `csv` and written into one bare SQLite table with an index, which is
what any import costs at least. A second thread does a small write twenty times a second, as the web does.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import sqlite3
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.machine import describe
from services.ingest.imports import import_path
from services.store.database import Store
from services.store.migrations import migrate
from services.store.tables import AppSetting

STAGES = ("Applied", "Screen", "Assessment", "Interview", "Offer")
CANONICAL = ("applied", "screen", "assessment", "interview", "offer")
HEAD = {
    "version": 1,
    "system": "bench",
    "stages": [{theirs: ours} for theirs, ours in zip(STAGES, CANONICAL, strict=True)],
}
BEFORE = [
    {"path": "jobs.csv", "entity": "requisition", "id": "job", "columns": {"opened_at": "opened"}},
    {
        "path": "applications.csv",
        "entity": "application",
        "id": "application",
        "record_version": "updated",
        "columns": {"requisition": "job", "applied_at": "applied", "source": "source"},
    },
]
EVENTS = [
    {
        "path": "events.csv",
        "entity": "stage_event",
        "id": "id",
        "record_version": "updated",
        "columns": {"application": "application", "stage": "stage", "entered_at": "entered", "left_at": "left"},
    },
]


def make_input(folder: Path, events: int, seed: int) -> None:
    dice = random.Random(seed)
    applications = events // len(STAGES)
    jobs = max(1, applications // 100)
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    _write(folder / "jobs.csv", ("job", "opened"), ((f"J{n}", "2024-01-01") for n in range(jobs)))
    updated = "2025-12-01T00:00:00Z"
    number = 0
    with (
        (folder / "applications.csv").open("w", newline="") as one,
        (folder / "events.csv").open("w", newline="") as two,
    ):
        heads, rows = csv.writer(one), csv.writer(two)
        heads.writerow(("application", "job", "applied", "source", "updated"))
        rows.writerow(("id", "application", "stage", "entered", "left", "updated"))
        for application in range(applications):
            at = begin + timedelta(seconds=dice.randrange(50_000_000))
            heads.writerow((f"A{application}", f"J{dice.randrange(jobs)}", _z(at), f"S{application % 8}", updated))
            for stage in STAGES:
                left = at + timedelta(seconds=dice.randrange(60, 800_000))
                number += 1
                rows.writerow((number, f"A{application}", stage, _z(at), _z(left), updated))
                at = left


def _write(path: Path, header: tuple[str, ...], rows: object) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)  # type: ignore[arg-type]


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def bare(folder: Path) -> float:
    """Seconds to read the events and write them into one indexed table, without a single check."""
    began = time.monotonic()
    database = sqlite3.connect(folder / "bare.sqlite")
    database.execute("pragma journal_mode = wal")
    database.execute("create table event (id text unique, application text, stage text, a text, b text, v text)")
    with (folder / "events.csv").open(newline="") as stream:
        rows = csv.reader(stream)
        next(rows)
        with database:
            database.executemany("insert into event values (?, ?, ?, ?, ?, ?)", rows)
    database.close()
    return time.monotonic() - began


class Writer(threading.Thread):
    """Small writes while the import runs; ``waits`` in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._store = Store(url)
        self._over = threading.Event()
        self.waits: list[float] = []

    def run(self) -> None:
        while not self._over.wait(0.05):
            began = time.monotonic()
            with self._store.write() as connection:
                connection.execute(sa.delete(AppSetting).where(AppSetting.name == "bench"))
                connection.execute(
                    sa.insert(AppSetting).values(
                        name="bench", version=1, value="1", changed_at=datetime.now(UTC), changed_by="bench"
                    )
                )
            self.waits.append(time.monotonic() - began)

    def end(self) -> dict[str, float]:
        self._over.set()
        self.join()
        self._store.dispose()
        ordered = sorted(self.waits)
        return {"p99_s": round(ordered[int(len(ordered) * 0.99)], 3), "max_s": round(ordered[-1], 3)}


def measure(url: str, folder: Path, events: int) -> dict[str, object]:
    store = Store(url)
    migrate(store)
    for name, files in (("before", BEFORE), ("events", EVENTS)):
        (folder / f"{name}.yml").write_text(json.dumps({**HEAD, "files": files}))
    import_path(store, "table", folder, mapping=folder / "before.yml", spool_dir=folder / "spool")
    writer = Writer(url)
    writer.start()
    began, cpu = time.monotonic(), time.process_time()
    result = import_path(store, "table", folder, mapping=folder / "events.yml", spool_dir=folder / "spool")
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    waits = writer.end()
    began = time.monotonic()
    again = import_path(store, "table", folder, mapping=folder / "events.yml", spool_dir=folder / "spool")
    again_s = time.monotonic() - began
    store.dispose()
    return {
        "loaded": result.loaded,
        "quarantined": result.quarantined,
        "seconds": round(took, 1),
        "cpu_s": round(cpu, 1),
        "events_a_second": round(events / took),
        "web_write_wait": waits,
        "again_unchanged": again.unchanged,
        "again_s": round(again_s, 1),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=2_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--postgres", help="URL of an empty database; without it PostgreSQL is left out")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_input(folder, chosen.events, chosen.seed)
        yardstick_s = bare(folder)
        urls = {"sqlite": f"sqlite:///{folder / 'hireboard.sqlite'}"}
        if chosen.postgres:
            urls["postgresql"] = chosen.postgres
        found = {name: measure(url, folder, chosen.events) for name, url in urls.items()}
        for figures in found.values():
            figures["in_yardsticks"] = round(float(str(figures["seconds"])) / yardstick_s, 1)
        report = {
            "machine": describe(),
            "load_average": round(os.getloadavg()[0], 1),
            "events": chosen.events,
            "yardstick_s": round(yardstick_s, 2),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            **found,
        }
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
