"""Words around a figure: plain, with the real minus, and never a percentage of a percentage."""

from __future__ import annotations

import pytest

from services.domain.metric import Better, Unit
from services.domain.phrases import Change, against_target, change, compact, listing, target
from services.domain.views import Comparison


@pytest.mark.parametrize(
    ("value", "unit", "better", "words"),
    [
        (42.0, Unit.DAYS, Better.LOWER, "Target ≤ 42"),
        (42.5, Unit.DAYS, Better.LOWER, "Target ≤ 42.5"),
        (0.30, Unit.RATE, Better.LOWER, "Limit ≤ 30%"),
        (0.855, Unit.RATE, Better.HIGHER, "Target ≥ 85.5%"),
        (1440.0, Unit.COUNT, Better.HIGHER, "Target ≥ 1,440"),
        (None, Unit.DAYS, Better.LOWER, "No target"),
    ],
)
def test_a_target_is_printed_with_its_direction(value: float | None, unit: Unit, better: Better, words: str) -> None:
    assert target(value, unit, better) == words


@pytest.mark.parametrize(
    ("difference", "unit", "expected"),
    [
        (-2.9, Unit.DAYS, Change("dn", "2.9 fewer than before")),
        (38, Unit.COUNT, Change("up", "38 more than before")),
        (10, Unit.COUNT, Change("up", "10 more than before")),
        (0.021, Unit.RATE, Change("up", "2.1 points more than before")),
        (-0.01, Unit.RATE, Change("dn", "1.0 point less than before")),
        (0.0, Unit.COUNT, Change("flat", "no change from before")),
        (-0.04, Unit.DAYS, Change("flat", "no change from before")),
        (None, Unit.DAYS, None),
    ],
)
def test_a_change_is_said_in_words(difference: float | None, unit: Unit, expected: Change | None) -> None:
    assert change(Comparison(difference, "before"), unit) == expected


def test_without_a_comparison_there_are_no_words() -> None:
    assert change(None, Unit.DAYS) is None


def test_the_distance_from_the_target_is_said_in_points_for_shares() -> None:
    assert against_target(43.4, 42.0, Unit.DAYS) == "1.4 over target"
    assert against_target(0.80, 0.85, Unit.RATE) == "5.0 points under target"
    assert against_target(42.0, 42.0, Unit.DAYS) == "exactly on target"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), ""),
        (("Sales",), "Sales"),
        (("Sales", "Finance"), "Sales and Finance"),
        (("A", "B", "C"), "A, B and C"),
        (("A", "B", "C", "D"), "A, B and 2 more"),
    ],
)
def test_a_list_of_names_stays_short(words: tuple[str, ...], text: str) -> None:
    assert listing(words) == text


def test_round_numbers_lose_their_decimal() -> None:
    assert [compact(value, Unit.DAYS) for value in (42.0, 2.5)] == ["42", "2.5"]
