"""Capability 5: a small count table is added up in plain numbers, a large one in arrays; the figures are the same."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.metric import Row
from services.metrics import plan
from services.metrics.figures import Figure, median_figure
from services.metrics.plan import CountTable
from services.metrics.registry import REGISTRY
from services.metrics.rows import RowMaker

PARTS = st.lists(
    st.lists(st.tuples(st.integers(0, 400), st.integers(-1, 3), st.integers(1, 4)), max_size=9), max_size=3
)


def table_of(parts: list[list[tuple[int, int, int]]]) -> CountTable:
    table = CountTable()
    for part in parts:
        table.add(np.array(part, dtype=np.int64).reshape(-1, 3).T)
    return table


@given(PARTS)
def test_5_a_median_of_few_equals_that_of_arrays(parts: list[list[tuple[int, int, int]]]) -> None:
    small = median_figure(table_of(parts), (0, 2), 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "FEW_ROWS", -1)
        assert not table_of(parts).is_small
        assert median_figure(table_of(parts), (0, 2), 10) == small


@given(PARTS)
def test_5_counts_of_few_equal_those_of_arrays(parts: list[list[tuple[int, int, int]]]) -> None:
    small = [table_of(parts).of_kind(*kinds) for kinds in ((0,), (1, 1, 2), (-1, 3))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "FEW_ROWS", -1)
        assert [table_of(parts).of_kind(*kinds) for kinds in ((0,), (1, 1, 2), (-1, 3))] == small


def test_5_a_row_made_in_one_step_has_every_field_of_a_row() -> None:
    metric = REGISTRY["time_to_hire"]
    figure = Figure(12.5, 30, events=3, low=1.0, high=20.0, p25=4.0, p75=18.0, naive=11.0, horizon=60, note="by day 9")
    made = RowMaker(metric).row({"department": "Sales"}, figure)
    assert set(vars(made)) == {field.name for field in fields(Row)}
    assert made == Row(
        metric="time_to_hire",
        dims={"department": "Sales"},
        value=12.5,
        unit=metric.unit,
        n=30,
        events=3,
        low=1.0,
        high=20.0,
        p25=4.0,
        p75=18.0,
        naive=11.0,
        estimator=metric.estimator,
        anchor=metric.anchor,
        horizon=60,
        definition_version=metric.version,
        note="by day 9",
    )
