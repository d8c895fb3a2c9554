"""5.2: the live lane is left under load by itself, taken up again by itself, and a miss is a miss."""

from __future__ import annotations

from typing import Any

import pytest

from services.domain.errors import RetryLaterError
from services.metrics.lane_choice import PIPELINE, Limits, LiveLoad, Need, cheapest


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def _ask(load: LiveLoad, clock: Clock, took: float) -> None:
    with load.measured():
        clock.at += took


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def load(clock: Clock) -> LiveLoad:
    return LiveLoad(1.0, limits=Limits(looked_at=4, at_least=3, pause_s=30, in_a_row=3, well_inside=0.5), clock=clock)


def test_5_2_one_slow_question_is_not_load(load: LiveLoad, clock: Clock) -> None:
    for took in (5.0, 0.1, 0.1, 0.1):
        _ask(load, clock, took)
    assert load.may_ask()
    assert not load.is_left


def test_5_2_under_load_live_is_left_and_comes_back_after_good_answers_in_a_row(load: LiveLoad, clock: Clock) -> None:
    for _ in range(3):
        _ask(load, clock, 2.0)
    assert load.is_left
    assert not load.may_ask()
    clock.at += 31
    assert load.may_ask(), "one question is let through to see how it does"
    assert not load.may_ask(), "and only one"
    _ask(load, clock, 0.2)
    assert load.is_left, "one good answer is not enough"
    for _ in range(2):
        clock.at += 4
        assert load.may_ask()
        _ask(load, clock, 0.2)
    assert not load.is_left
    assert load.may_ask()


def test_5_2_an_answer_just_inside_the_budget_does_not_bring_it_back(load: LiveLoad, clock: Clock) -> None:
    for _ in range(3):
        _ask(load, clock, 2.0)
    for _ in range(6):
        clock.at += 31
        assert load.may_ask()
        _ask(load, clock, 0.9)
    assert load.is_left


def test_5_2_questions_that_fail_count_as_over_the_budget(load: LiveLoad) -> None:
    for _ in range(3):
        with pytest.raises(RetryLaterError), load.measured():
            raise RetryLaterError("away")
    assert load.is_left
    assert load.share is None


def test_5_2_the_load_is_said_as_a_share_of_the_budget(load: LiveLoad, clock: Clock) -> None:
    _ask(load, clock, 0.2)
    _ask(load, clock, 0.4)
    assert load.share == pytest.approx(0.3)


OVERVIEW = Need("overview", "Overview", 900, 0.4, has_live=False)


@pytest.mark.parametrize(
    ("need", "age", "ready", "lane", "is_miss"),
    [
        (PIPELINE, 10, True, "batch", False),
        (PIPELINE, 60, True, "live", False),
        (PIPELINE, 60, False, "batch", True),
        (OVERVIEW, 600, True, "batch", False),
        (OVERVIEW, 1_200, True, "batch", True),
    ],
)
def test_5_2_the_lane_is_the_cheapest_that_is_fresh_enough(need: Need, age: float, ready: Any, lane: str, is_miss: Any):
    chosen = cheapest(need, age, is_live_ready=ready)
    assert (chosen.lane, chosen.is_miss) == (lane, is_miss)
