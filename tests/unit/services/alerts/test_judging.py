"""1.4 when a limit is broken and when it is kept again: the words of the definition, case by case."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.judging import Judgement, Verdict, Window, judge

MONTHS = (date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1))


def judged(*counts: tuple[int, int], limit: float = 0.3, **options: object) -> Judgement | None:
    windows = [Window(start, *pair) for start, pair in zip(MONTHS[-len(counts) :], counts, strict=True)]
    settings = {"minimum_n": 20, "is_ceiling": True, "is_open": False} | options
    return judge(windows, limit, **settings)  # type: ignore[arg-type]


def verdict(*counts: tuple[int, int], **options: object) -> Verdict | None:
    found = judged(*counts, **options)
    return None if found is None else found.verdict


def test_1_4_a_breach_needs_the_one_sided_90_percent_bound_above_the_limit() -> None:
    """n 20 against 30 %: 8 are within chance (bound 27.2 %), 9 are not (31.7 %); a 95 % interval would ask for 11."""
    assert verdict((8, 20)) is Verdict.NOTHING
    assert verdict((9, 20)) is Verdict.BREACH
    found = judged((9, 20))
    assert found is not None
    assert found.bound == pytest.approx(0.316694, abs=1e-6)
    assert found.value == pytest.approx(0.45)


def test_1_4_a_warning_needs_two_windows_in_a_row_above_the_limit() -> None:
    assert verdict((7, 20), (7, 20)) is Verdict.WARN
    assert verdict((7, 20), (6, 20)) is Verdict.NOTHING
    assert verdict((6, 20), (7, 20)) is Verdict.NOTHING
    assert verdict((7, 20)) is Verdict.NOTHING
    assert verdict((7, 20), (6, 20), (7, 20)) is Verdict.NOTHING


def test_1_4_exactly_the_limit_is_not_above_it() -> None:
    assert verdict((30, 100), (30, 100)) is Verdict.NOTHING
    assert verdict((31, 100), (31, 100)) is Verdict.WARN


def test_1_4_fewer_than_the_minimum_say_nothing() -> None:
    assert verdict((19, 19)) is Verdict.NOTHING
    assert verdict((19, 19), (8, 20)) is Verdict.NOTHING
    assert verdict((7, 19), (7, 20)) is Verdict.NOTHING
    assert verdict((20, 40), (20, 40), minimum_n=50) is Verdict.NOTHING
    assert verdict((0, 0)) is None


def test_1_4_it_clears_at_nine_tenths_of_the_limit_in_two_windows() -> None:
    """27 % is exactly 0.9 x 30 %, which floats miss on either side."""
    assert verdict((27, 100), (27, 100), is_open=True) is Verdict.CLEAR
    assert verdict((28, 100), (27, 100), is_open=True) is Verdict.NOTHING
    assert verdict((27, 100), (28, 100), is_open=True) is Verdict.NOTHING
    assert verdict((27, 100), is_open=True) is Verdict.NOTHING
    assert verdict((5, 19), (27, 100), is_open=True) is Verdict.NOTHING
    assert verdict((27, 100), (27, 100), is_open=False) is Verdict.NOTHING
    assert verdict((18, 100), (18, 100), limit=0.2, is_open=True) is Verdict.CLEAR


def test_1_4_a_limit_that_must_be_reached_is_judged_by_its_complement() -> None:
    assert verdict((11, 20), limit=0.7, is_ceiling=False) is Verdict.BREACH
    assert verdict((12, 20), limit=0.7, is_ceiling=False) is Verdict.NOTHING
    found = judged((11, 20), limit=0.7, is_ceiling=False)
    assert found is not None
    assert found.value == pytest.approx(0.55)
    assert found.bound == pytest.approx(1 - 0.316694, abs=1e-6)
    assert verdict((73, 100), (73, 100), limit=0.7, is_ceiling=False, is_open=True) is Verdict.CLEAR
    assert verdict((72, 100), (73, 100), limit=0.7, is_ceiling=False, is_open=True) is Verdict.NOTHING


@given(
    counts=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)).map(sorted), min_size=1, max_size=3),
    limit=st.sampled_from((0.05, 0.1, 0.2, 0.3, 0.5, 0.7)),
    is_open=st.booleans(),
)
def test_1_4_no_figures_are_broken_and_clear_at_once(*, counts: list[list[int]], limit: float, is_open: bool) -> None:
    pairs = [(few, many) for few, many in counts]
    found = judged(*pairs, limit=limit, is_open=is_open)
    if found is None:
        assert pairs[-1][1] == 0
    elif found.verdict in {Verdict.BREACH, Verdict.WARN}:
        assert found.value > limit
        assert found.n >= 20
    elif found.verdict is Verdict.CLEAR:
        assert is_open
        assert found.value <= limit
