"""Server time of the Overview against the raw DuckDB statements it needs and the ten fixed questions, in one run.

    .venv/bin/python -m benchmarks.overview_speed DATA_DIR [--repeat 5]

DATA_DIR holds a store and a built mart. Prints one JSON document; figures are milliseconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from dashapp.config import Settings, load_settings
from dashapp.wiring import build_services
from services.container import Services
from services.domain.views import Filters
from services.mart.connection import open_for_reading

QUESTIONS = Path(__file__).with_name("questions.sql")
SEED = 11
Timings = dict[str, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    settings = load_settings(data_dir=arguments.data_dir, database_url=os.environ.get("HIREBOARD_DATABASE_URL"))
    services = build_services(settings)
    info = services.mart.snapshot()
    questions = time_questions(settings, info.as_of, arguments.repeat)
    recorded = record_statements(services)
    changes = list(filter_changes(services, arguments.repeat * 4))
    served, raw, sent = [], [], []
    for filters in changes:
        recorded.clear()
        served.append(timed(lambda filters=filters: services.overview.view(filters, viewer_of(services))))
        statements = list(recorded)
        raw.append(sum(timed(run) for run in statements))
        sent.append(len(statements))
    cached = [timed(lambda: services.overview.view(changes[-1], viewer_of(services))) for _ in range(50)]
    print(
        json.dumps(
            {
                "machine": describe(),
                "applications": info.counts.get("fact_application"),
                "questions_ms": questions,
                "questions_sum_ms": round(sum(questions.values()), 1),
                "overview_uncached_ms": spread(served),
                "its_statements_raw_ms": spread(raw),
                "statements_a_page": {"median": statistics.median(sent), "most": max(sent)},
                "ratio_to_own_statements": round(statistics.median(served) / statistics.median(raw), 2),
                "overview_cached_ms": spread(cached),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            },
            indent=1,
        )
    )
    sys.stdout.flush()


def viewer_of(services: Services) -> Any:
    """The whole company: the dearest view."""
    return services.accounts.local_operator()


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def spread(values: list[float]) -> Timings:
    """Median, largest and P95."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[max(0, int(len(ordered) * 0.95) - 1)], 1),
        "max": round(ordered[-1], 1),
    }


def time_questions(settings: Settings, as_of: Any, repeat: int) -> Timings:
    """Warm medians of the ten questions on the same file, one thread setup, read-only."""
    connection = open_for_reading((settings.mart_dir / "current").resolve())
    now = as_of.replace(tzinfo=None)
    found = {}
    for block in QUESTIONS.read_text(encoding="utf-8").split("-- q")[1:]:
        number, sql = block.split("\n", 1)
        parameters = {"now": now} if "$now" in sql else None
        times = [timed(lambda sql=sql, p=parameters: connection.execute(sql, p).fetchall()) for _ in range(repeat + 1)]
        found[f"q{number.strip()}"] = round(statistics.median(times[1:]), 1)
    connection.close()
    return found


def record_statements(services: Services) -> list[Callable[[], object]]:
    """Wrap the reader so that each statement it runs is kept as something that can be run again, without us."""
    kept: list[Callable[[], object]] = []
    reader = services.mart
    original = reader._run  # noqa: SLF001 - the measure needs exactly what was sent

    def recording(sql: str, values: list[object], *how: Any) -> Any:
        # on the reader's own connection: rows that it keeps in memory are read there
        raw = reader._current().cursor()  # noqa: SLF001 - as above
        kept.append(lambda: raw.execute(sql, values).fetchnumpy())
        return original(sql, values, *how)

    reader._run = recording  # type: ignore[method-assign, assignment]  # noqa: SLF001
    return kept


def filter_changes(services: Services, count: int) -> list[Filters]:
    """A seeded walk through filters a person would choose; the first one is thrown in to warm up."""
    rng = random.Random(SEED)
    viewer = viewer_of(services)
    services.overview.view(Filters(), viewer)
    choices = {
        choice.id: [option.value for option in choice.options] for choice in services.query.filter_options(viewer)
    }
    changes = []
    for _ in range(count):
        chosen: dict[str, Any] = {"period": rng.choice(["12m", "3m", "ytd"])}
        for name in rng.sample(sorted(set(choices) & {f.name for f in dataclasses.fields(Filters)}), 2):
            if choices[name]:
                chosen[name] = tuple(rng.sample(choices[name], min(len(choices[name]), rng.randint(1, 3))))
        changes.append(Filters(**chosen))
    return changes


if __name__ == "__main__":
    main()
