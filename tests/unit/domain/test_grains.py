"""Bins of time: where a day belongs and what the bin is called."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.grains import Grain, bin_label, bin_start, bins, next_bin
from services.domain.periods import parse_period

days = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("grain", "day", "start", "label"),
    [
        (Grain.DAY, date(2026, 11, 24), date(2026, 11, 24), "2026-11-24"),
        (Grain.WEEK, date(2026, 11, 29), date(2026, 11, 23), "2026-W48"),
        (Grain.WEEK, date(2027, 1, 3), date(2026, 12, 28), "2026-W53"),
        (Grain.WEEK, date(2024, 12, 31), date(2024, 12, 30), "2025-W01"),
        (Grain.MONTH, date(2026, 2, 28), date(2026, 2, 1), "2026-02"),
        (Grain.QUARTER, date(2026, 12, 31), date(2026, 10, 1), "2026-Q4"),
        (Grain.QUARTER, date(2026, 3, 31), date(2026, 1, 1), "2026-Q1"),
        (Grain.FISCAL_YEAR, date(2026, 3, 31), date(2026, 1, 1), "FY2026"),
    ],
)
def test_a_day_belongs_to_its_bin(grain: Grain, day: date, start: date, label: str) -> None:
    assert bin_start(grain, day) == start
    assert bin_label(grain, start) == label


def test_a_fiscal_year_begins_with_its_first_month() -> None:
    assert bin_start(Grain.FISCAL_YEAR, date(2026, 6, 30), 7) == date(2025, 7, 1)
    assert bin_start(Grain.FISCAL_YEAR, date(2026, 7, 1), 7) == date(2026, 7, 1)
    assert bin_label(Grain.FISCAL_YEAR, date(2099, 7, 1)) == "FY2099/00"


@given(st.sampled_from(list(Grain)), days, days, st.integers(1, 12))
def test_bins_follow_each_other_without_gap_and_cover_the_span(grain: Grain, a: date, b: date, first: int) -> None:
    start, end = min(a, b), max(a, b)
    if grain in {Grain.DAY, Grain.WEEK} and (end - start).days > 2_000:
        end = date.fromordinal(start.toordinal() + 2_000)
    found = list(bins(grain, start, end, first))
    if start == end:
        assert len(found) <= 1
        return
    assert found[0] <= start
    assert next_bin(grain, found[-1]) >= end > found[-1]
    for earlier, later in pairwise(found):
        assert next_bin(grain, earlier) == later
        assert bin_start(grain, later, first) == later


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("30d", date(2026, 10, 25), date(2026, 11, 24)),
        ("90d", date(2026, 8, 26), date(2026, 11, 24)),
        ("mtd", date(2026, 11, 1), date(2026, 11, 25)),
        ("qtd", date(2026, 10, 1), date(2026, 11, 25)),
    ],
)
def test_days_and_so_far_end_where_they_say(key: str, start: date, end: date) -> None:
    period = parse_period(key, date(2026, 11, 24))
    assert (period.start, period.end) == (start, end)
