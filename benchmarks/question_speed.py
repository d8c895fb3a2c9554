"""The fixed questions through the whole query layer against the hand-written SQL on the same file, in one run.

    .venv/bin/python -m benchmarks.question_speed DATA_DIR [--repeat 5]

Each question is the governed one nearest to the SQL (docs/metrics.md says how they differ); the tenth, a list of
applications, is none of the query layer's. Warm medians in milliseconds, their ratio, eight clients at once, and what
the policy costs: the same questions for a viewer limited to every department and region there is.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.machine import describe
from benchmarks.overview_speed import time_questions, timed, viewer_of
from dashapp.config import load_settings
from dashapp.wiring import build_services
from services.container import Services
from services.domain.metric import Period, Query
from services.domain.people import Scope, Viewer
from services.mart.schema import dim_department, dim_requisition

CLIENTS = 8
LAP_S = 10.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    settings = load_settings(data_dir=arguments.data_dir)
    services = build_services(settings)
    info = services.mart.snapshot()
    raw = time_questions(settings, info.as_of, arguments.repeat)
    asked = governed(services, info.as_of.date())
    viewer = viewer_of(services)
    own = {name: median(services, query, viewer, arguments.repeat) for name, query in asked.items()}
    limited = limited_to_everything(services, viewer)
    scoped = {name: median(services, query, limited, arguments.repeat) for name, query in asked.items()}
    ratios = {name: round(own[name] / raw[name], 2) for name in asked}
    print(
        json.dumps(
            {
                "machine": describe(),
                "applications": info.counts.get("fact_application"),
                "sql_ms": raw,
                "query_layer_ms": own,
                "ratio": ratios,
                "median_ratio": round(statistics.median(ratios.values()), 2),
                "policy_costs": round(statistics.median(scoped[name] / own[name] for name in asked) - 1, 3),
                "answers_a_second_of_eight_clients": clients(services, list(asked.values()), viewer),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            },
            indent=1,
        )
    )


def governed(services: Services, today: date) -> dict[str, Query]:
    """The nearest governed question to each of the fixed ones."""
    options = {choice.id: choice.options for choice in services.query.filter_options(viewer_of(services))}
    families = tuple(option.value for option in options["job_family"][:3])
    levels = tuple(option.value for option in options["seniority"][1:4])
    departments = tuple(option.value for option in options["department"][6:11])

    def last(months: int, until: date = today) -> Period:
        return Period(until - timedelta(days=months * 365 // 12), until)

    year_ago = today - timedelta(days=365)
    where = {"job_family": families, "seniority": levels}
    return {
        "q1": Query(("applications", "offers_extended", "hires"), (), where, last(12, year_ago)),
        "q2": Query(("time_to_fill_filled",), ("department", "quarter")),
        "q3": Query(("applications", "hires"), ("source",), {}, last(12)),
        "q4": Query(("applications", "hires", "time_to_hire"), ("recruiter",), {}, last(6)),
        "q5": Query(("requisition_age",), ("age_bucket",)),
        "q6": Query(("feedback_late_rate", "roles_with_late_feedback"), ("department",), {}, last(12)),
        "q7": Query(("pass_through_rate_snapshot",), ("channel", "transition"), {}, last(12)),
        "q8": Query(("applications", "hires"), ("week",), {"department": departments}, last(24)),
        "q9": Query(("pass_through_rate_snapshot",), ("job_family", "transition"), {}, last(12)),
    }


def median(services: Services, query: Query, viewer: Viewer, repeat: int) -> float:
    """Warm: the first two are left out, since rows are kept from their second use on."""
    times = [timed(lambda: services.query.ask(query, viewer)) for _ in range(repeat + 2)]
    return round(statistics.median(times[2:]), 1)


def limited_to_everything(services: Services, viewer: Viewer) -> Viewer:
    """Limited by department and region, and yet to all of them: the policy's own cost, with the same answers."""
    departments: Any = services.mart.execute(sa.select(dim_department.c.department_id))
    regions: Any = services.mart.execute(sa.select(dim_requisition.c.region).distinct())
    named = tuple(sorted(region for (region,) in regions if region is not None))
    return replace(viewer, scope=Scope(department_ids=tuple(sorted(key for (key,) in departments)), regions=named))


def clients(services: Services, queries: list[Query], viewer: Viewer) -> float:
    """Answers a second while eight threads ask all questions again and again."""
    until = time.perf_counter() + LAP_S

    def run(number: int) -> int:
        count = number
        while time.perf_counter() < until:
            services.query.ask(queries[count % len(queries)], viewer)
            count += 1
        return count - number

    with ThreadPoolExecutor(CLIENTS) as pool:
        return round(sum(pool.map(run, range(CLIENTS))) / LAP_S, 1)


if __name__ == "__main__":
    main()
