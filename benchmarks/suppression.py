"""What the release of sensitive cells shows, and whether it can be solved: a long run of what the tests do in short.

    python -m benchmarks.suppression [--minutes 20]

Prints the share of cells with at least k members that are shown, for companies of three sizes, and then attacks made-up
companies until the time is over: every question is asked, the linear system of all shown numbers is solved exactly, and
any number below k that follows is printed with its seed. Exit status 1 if there was one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from services.domain.metric import Query
from services.ingest.demonstration.load import load
from services.mart.apart import build_apart
from services.mart.reader import MartReader
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.migrations import migrate
from tests.disclosure_scenes import DEE, EVA, K, attack, company, coverage

SIZES = (1_000, 2_000, 20_000)
UNTIL = date(2026, 11, 24)
SHARES = (
    {"woman": 0.42, "man": 0.46, "non_binary": 0.03},
    {"white": 0.5, "black": 0.12, "asian": 0.14, "hispanic": 0.12, "pacific_islander": 0.01},
    {"yes": 0.05, "no": 0.9},
)


def print_coverage(applications: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/hireboard.sqlite")
        migrate(store)
        load(store, applications=applications, seed=5, until=UNTIL)
        build_apart(store.url.render_as_string(hide_password=False), Path(folder) / "mart")
        layer = QueryLayer(MartReader(Path(folder) / "mart"), StoreNames(store))
        quarters = layer.ask(Query(("applications",), by=("quarter",)), DEE).rows
        first = date(int(str(quarters[0].dims["quarter"])[:4]), 1, 1)
        for viewer in (DEE, EVA):
            able, shown = coverage(layer, viewer, first)
            print(
                f"{applications:>7,} applications, k {K[viewer.email]:>2}: {shown} of {able} cells, {shown / able:.0%}"
            )
        store.dispose()


def attack_until(end: float) -> int:
    """Attacks until ``end`` (monotonic seconds); returns how many numbers below k were found."""
    found = seed = 0
    while time.monotonic() < end:
        seed += 1
        shares = SHARES[seed % len(SHARES)]
        viewer = (DEE, EVA)[seed % 2]
        applicants = (30, 80, 150, 300, 600)[seed % 5]
        _, broken = attack(company(seed, applicants, shares, departments=2 + seed % 3), viewer)
        found += len(broken)
        if broken:
            print(
                f"seed {seed}, {applicants} applicants, {viewer.name}: {len(broken)} numbers follow, first {broken[0]}"
            )
    print(f"{seed} companies attacked, {found} numbers below k found")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    minutes = parser.parse_args().minutes
    for applications in SIZES:
        print_coverage(applications)
    sys.exit(1 if attack_until(time.monotonic() + minutes * 60) else 0)


if __name__ == "__main__":
    main()
