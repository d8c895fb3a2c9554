"""How long a full build and a 0.1 % increment take, as seconds and as multiples of copying the finished facts.

    .venv/bin/python -m benchmarks.mart_build [--applications 5000000] [--data-dir DIR] [--check]

DIR is kept and used again when it already holds a store; without it a temporary folder is made and removed. The
yardstick is DuckDB writing every finished table into a new file, in the same run: it says what this machine can do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import sqlalchemy as sa

from benchmarks.machine import describe
from services.ingest.demonstration.load import is_empty, load
from services.mart.publishing import Mart
from services.mart.schema import metadata
from services.store.database import Store
from services.store.migrations import migrate
from services.store.tables import Application, ChangeRow

SHARE_CHANGED = 0.001


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def store_of(folder: Path, applications: int, seed: int) -> Store:
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    if is_empty(store):
        say(f"making {applications:,} applications")
        load(store, applications, seed)
    store.dispose()
    return store


def change_some(store: Store, seed: int) -> int:
    """Reject, reopen or redate one application in a thousand, spread over all of them."""
    dice = random.Random(seed)
    with store.write() as connection:
        total = connection.scalar(sa.select(sa.func.max(Application.id))) or 0
        chosen = sorted(dice.sample(range(1, total + 1), max(1, int(total * SHARE_CHANGED))))
        for number in chosen:
            source = dice.randint(1, 5)
            connection.execute(sa.update(Application).where(Application.id == number).values(source_id=source))
        rows = [{"kind": "application", "entity_id": number} for number in chosen]
        connection.execute(sa.insert(ChangeRow), rows)
    store.dispose()
    return len(chosen)


def copy_facts(snapshot: Path, folder: Path) -> float:
    """Seconds DuckDB takes to write the finished tables into a new file."""
    copy = folder / "yardstick.duckdb"
    copy.unlink(missing_ok=True)
    connection = duckdb.connect(str(copy))
    connection.execute(f"ATTACH '{snapshot}' AS built (READ_ONLY)")
    began = time.monotonic()
    for name in metadata.tables:
        connection.execute(f"CREATE TABLE {name} AS FROM built.{name}")
    connection.execute("CHECKPOINT")
    took = time.monotonic() - began
    connection.close()
    copy.unlink()
    return took


def measure(folder: Path, applications: int, seed: int, *, check: bool) -> dict[str, object]:
    store = store_of(folder, applications, seed)
    mart = Mart(store.url, folder / "bench-mart")
    began, cpu = time.monotonic(), time.process_time()
    full = mart.build(full=True)
    full_s, full_cpu_s = time.monotonic() - began, time.process_time() - cpu
    yardstick_s = copy_facts(mart.folder.file(full.id), folder)
    changed = change_some(store, seed)
    began, cpu = time.monotonic(), time.process_time()
    increment = mart.build()
    increment_s, increment_cpu_s = time.monotonic() - began, time.process_time() - cpu
    return {
        "machine": describe(),
        "load_average": round(os.getloadavg()[0], 1),
        "applications": int(full.tables["fact_application"].split(":")[0]),
        "stage_visits": int(full.tables["fact_stage_visit"].split(":")[0]),
        "file_mb": round(full.size_bytes / 1e6, 1),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "yardstick_s": round(yardstick_s, 2),
        "full_s": round(full_s, 1),
        "full_cpu_s": round(full_cpu_s, 1),
        "full_in_yardsticks": round(full_s / yardstick_s, 1),
        "increment": increment.how,
        "changed": changed,
        "increment_s": round(increment_s, 2),
        "increment_cpu_s": round(increment_cpu_s, 2),
        "increment_in_yardsticks": round(increment_s / yardstick_s, 2),
        "equal_to_full": (mart.differences() == {}) if check else None,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--applications", type=int, default=5_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--data-dir", type=Path)
    arguments.add_argument("--check", action="store_true", help="compare the increment with another full build")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.data_dir or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(json.dumps(measure(folder, chosen.applications, chosen.seed, check=chosen.check), indent=1))


if __name__ == "__main__":
    main()
