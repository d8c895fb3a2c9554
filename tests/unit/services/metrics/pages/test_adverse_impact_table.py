"""1.5: adverse impact as a table: evidence beside every ratio, one word for hidden and empty."""

from __future__ import annotations

from typing import Any

import pytest

from services.domain.metric import Reason, Row, Unit
from services.domain.views import Mark, Spread, TableRow
from services.metrics.pages.adverse_impact_table import adverse_impact_table, ratio_interval


def a_row(group: str, selected: int, considered: int, note: str, *, value: float | None, **extra: Any) -> Row:
    return Row(
        metric="adverse_impact_ratio",
        dims={"group": group, "transition": "applied to hired"},
        value=value,
        unit=Unit.RATIO,
        n=considered,
        reason=None if value is not None else Reason.HIDDEN,
        numerator=selected,
        denominator=considered,
        note=note,
        extra={"considered": considered, "rate": selected / considered, **extra} if considered else {},
    )


REFERENCE = a_row("man", 40, 100, "the reference", value=1.0)


def only(*rows: Row) -> TableRow:
    (found,) = adverse_impact_table([*rows, REFERENCE], "Gender").rows
    return found


@pytest.mark.parametrize(
    ("verdict", "tone", "words"),
    [
        ("both", "bad", "Ratio and test"),
        ("ratio only", "near", "Ratio only"),
        ("significance only", "near", "Test only"),
        ("none", "good", "No gap shown"),
        ("insufficient evidence", "hold", "Not enough evidence"),
        ("withheld: under 80 % disclosed", "hold", "Withheld"),
    ],
)
def test_1_5_the_verdict_is_a_word_and_a_shape(verdict: str, tone: str, words: str) -> None:
    row = a_row("woman", 20, 100, f"{verdict}; reference man", value=0.5, fisher_p=0.003, z=-3.1, shortfall=9.2)
    assert only(row).cells["evidence"] == Mark(tone, words)


def test_1_5_the_test_the_counts_and_the_gap_stand_beside_the_ratio() -> None:
    row = a_row("woman", 20, 100, "both; reference man", value=0.5, fisher_p=0.0004, z=-3.1, shortfall=9.2, moved=0.538)
    cells = only(row).cells
    assert cells["n"] == "100 / 100"
    assert cells["selected"] == "20% / 40%"
    assert cells["ratio"] == "0.50"
    assert cells["test"] == "p < 0.001, z −3.1"
    assert cells["gap"] == "10 short, one moved: 0.54"


def test_1_5_the_interval_is_katz_on_the_log_scale() -> None:
    row = a_row("woman", 20, 100, "both; reference man", value=0.5)
    low, high = ratio_interval(row, REFERENCE)
    assert low == pytest.approx(0.3158, abs=1e-4)
    assert high == pytest.approx(0.7917, abs=1e-4)
    assert ratio_interval(a_row("woman", 0, 100, "", value=0.0), REFERENCE) == (None, None)


def test_4_5_a_hidden_group_is_one_word_and_tells_no_number() -> None:
    found = only(a_row("non_binary", 0, 0, "", value=None))
    line = found.cells["line"]
    assert isinstance(line, Spread)
    assert {str(cell) for name, cell in found.cells.items() if name != "line"} | {line.words} == {"hidden"}


def test_1_5_without_a_reference_nothing_is_compared() -> None:
    row = a_row("woman", 20, 100, "no group is large enough to be the reference", value=None)
    (found,) = adverse_impact_table([row], "Gender").rows
    assert found.cells["evidence"] == Mark("hold", "Not compared")
    assert found.cells["ratio"] == "–"
