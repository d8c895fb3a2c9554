"""When a figure may be shown and judged: small numbers first, then the distance from the target."""

from __future__ import annotations

import pytest

from services.domain.judgement import Display, display_of, judge
from services.domain.metric import Better, Estimator, Reason, Row, Unit


def row(value: float | None, n: int = 100, **fields: object) -> Row:
    base: dict[str, object] = {"estimator": Estimator.PLAIN_RATE, "reason": Reason.NO_DATA if value is None else None}
    return Row("m", {}, value, Unit.RATE, n, **{**base, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "better", "status"),
    [
        (40.0, Better.LOWER, "on"),
        (42.0, Better.LOWER, "on"),
        (46.2, Better.LOWER, "near"),
        (46.3, Better.LOWER, "off"),
        (42.0, Better.HIGHER, "on"),
        (37.8, Better.HIGHER, "near"),
        (37.7, Better.HIGHER, "off"),
    ],
)
def test_near_is_within_a_tenth_of_the_target_on_the_wrong_side(value: float, better: Better, status: str) -> None:
    assert judge(row(value), 42.0, better) == status


@pytest.mark.parametrize(
    ("asked", "target", "better"),
    [
        (row(50.0), None, Better.LOWER),
        (row(50.0), 42.0, Better.NEITHER),
        (row(50.0, n=19), 42.0, Better.LOWER),
        (row(None), 42.0, Better.LOWER),
    ],
)
def test_without_target_direction_or_enough_cases_nothing_is_judged(
    asked: Row, target: float | None, better: Better
) -> None:
    assert judge(asked, target, better) is None


@pytest.mark.parametrize(
    ("asked", "display"),
    [
        (row(0.5, n=20), Display.NORMAL),
        (row(0.5, n=19), Display.THIN),
        (row(None, n=7, reason=Reason.TOO_FEW, numerator=5), Display.COUNT_ONLY),
        (row(None, n=7, reason=Reason.TOO_FEW), Display.HIDDEN),
        (row(None, n=4, reason=Reason.TOO_FEW, numerator=2), Display.HIDDEN),
        (row(None, n=70, reason=Reason.HIDDEN), Display.HIDDEN),
        (row(None, n=0), Display.ABSENT),
        (row(3, n=3, estimator=Estimator.COUNT), Display.NORMAL),
    ],
)
def test_the_number_of_cases_decides_how_much_is_shown(asked: Row, display: Display) -> None:
    assert display_of(asked) is display
