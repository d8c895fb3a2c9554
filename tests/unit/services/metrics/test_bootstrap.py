"""Capability 3: the cluster bootstrap equals drawing whole clusters row by row, and is wider where clusters agree."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pytest

from services.metrics.bootstrap import ClusterTable, incidence_interval, median_interval
from services.metrics.competing_risks import Exits, aalen_johansen
from services.metrics.estimators import Lifetimes, kaplan_meier

ENTRY, FILLED, OPEN = -1, 0, 1
Seat = tuple[int, int | None, int, bool]
"""(requisition, entry, stop, filled)."""


def seats(requisitions: int, per_requisition: int, seed: int = 3) -> list[Seat]:
    """All seats of a requisition take about equally long."""
    rng = np.random.default_rng(seed)
    found: list[Seat] = []
    for requisition in range(requisitions):
        usual = int(rng.integers(100, 900))
        for _ in range(per_requisition):
            stop = usual + int(rng.integers(0, 20))
            entry = int(rng.integers(1, stop)) if rng.random() < 0.3 else None
            found.append((requisition, entry, stop, bool(rng.random() < 0.7)))
    return found


def table_of(rows: list[Seat]) -> ClusterTable:
    counts: Counter[tuple[int, int, int]] = Counter()
    for requisition, entry, stop, filled in rows:
        counts[requisition, stop, FILLED if filled else OPEN] += 1
        if entry is not None:
            counts[requisition, entry, ENTRY] += 1
    columns = np.array([(*key, count) for key, count in counts.items()], dtype=np.int64).T
    return ClusterTable(*columns)


def lifetimes(rows: list[Seat]) -> Lifetimes:
    return Lifetimes.of([row[2] for row in rows], [row[3] for row in rows], [row[1] for row in rows])


def interval(table: ClusterTable, **options: int) -> tuple[float | None, float | None]:
    return median_interval(table, entry=ENTRY, events=(FILLED,), censored=(OPEN,), **options)


def test_it_equals_resampling_the_rows_of_whole_requisitions() -> None:
    rows = seats(40, 3)
    by_requisition: dict[int, list[Seat]] = {}
    for row in rows:
        by_requisition.setdefault(row[0], []).append(row)
    rng = np.random.default_rng(8)
    medians = []
    for _ in range(1_000):
        drawn = [row for key in rng.integers(0, 40, 40) for row in by_requisition[int(key)]]
        median = kaplan_meier(lifetimes(drawn)).quantile(0.5)
        medians.append(np.inf if median is None else median)
    low, high = np.quantile(medians, (0.025, 0.975), method="inverted_cdf")
    found = interval(table_of(rows))
    assert found == pytest.approx((low, high), rel=0.06)


def test_seats_of_one_requisition_are_not_independent() -> None:
    """Eight seats that fill together say hardly more than one: the usual interval would be much too narrow."""
    rows = seats(30, 8)
    low, high = interval(table_of(rows))
    assert low is not None
    assert high is not None
    usual = kaplan_meier(lifetimes(rows)).quantile_interval(0.5)
    assert usual[0] is not None
    assert usual[1] is not None
    assert high - low > 1.5 * (usual[1] - usual[0])


def test_the_same_question_gets_the_same_interval() -> None:
    table = table_of(seats(25, 2))
    order = np.random.default_rng(1).permutation(len(table.times))
    shuffled = ClusterTable(*(column[order] for column in (table.cluster, table.times, table.kinds, table.counts)))
    assert interval(table) == interval(table)
    assert interval(shuffled) == interval(table)


def test_subjects_on_their_own_give_the_usual_interval() -> None:
    rows = [(key, None, stop, filled) for key, (_, _, stop, filled) in enumerate(seats(150, 1))]
    table = table_of(rows)
    alone = ClusterTable(np.full(len(table.times), -1), table.times, table.kinds, table.counts)
    usual = kaplan_meier(lifetimes(rows)).quantile_interval(0.5)
    assert interval(alone) == pytest.approx(usual, rel=0.08)
    assert interval(alone) == pytest.approx(interval(table), rel=0.05)


def test_a_median_that_is_not_reached_in_the_draws_has_no_upper_end() -> None:
    rows: list[Seat] = [(key, None, 10 + key, key % 4 == 0) for key in range(40)]
    low, high = interval(table_of(rows))
    assert low is not None
    assert high is None


def test_one_cluster_has_no_interval() -> None:
    assert interval(table_of(seats(1, 30))) == (None, None)
    empty = np.zeros(0, dtype=np.int64)
    assert interval(ClusterTable(empty, empty, empty, empty)) == (None, None)


def test_incidence_of_independent_subjects_equals_the_delta_method() -> None:
    rng = np.random.default_rng(5)
    stops, kinds = rng.integers(1, 60, 600), rng.integers(0, 3, 600)
    times = np.unique(stops)
    by_kind = np.array([[(stops[kinds == kind] == t).sum() for t in times] for kind in range(3)])
    exits = Exits(times, np.zeros_like(times), by_kind[:2], by_kind[2])
    usual = aalen_johansen(exits).interval(0, 30)
    columns = np.array([(-1, t, kind, n) for kind in range(3) for t, n in zip(times, by_kind[kind], strict=True)]).T
    found = incidence_interval(ClusterTable(*columns), entry=ENTRY, causes=(0, 1), censored=(2,), horizon=30)
    assert usual is not None
    assert found == pytest.approx(usual, abs=0.012)


def test_people_who_apply_often_widen_the_interval() -> None:
    rng = np.random.default_rng(5)
    rows = []
    for person in range(60):
        lucky = int(rng.random() < 0.4)
        rows += [(person, int(t), 0 if lucky else 1, 1) for t in rng.integers(1, 60, 6)]
    columns = np.array(rows).T
    kinds = {"entry": ENTRY, "causes": (0, 1), "censored": (2,), "horizon": 60}
    wide = incidence_interval(ClusterTable(*columns), **kinds)
    alone = incidence_interval(ClusterTable(np.full(len(rows), -1), *columns[1:]), **kinds)
    assert wide[1] - wide[0] > 1.8 * (alone[1] - alone[0])


def test_a_thousand_draws_over_thousands_of_seats_are_quick() -> None:
    table = table_of(seats(3_000, 3))
    started = time.process_time()
    interval(table)
    assert time.process_time() - started < 5
