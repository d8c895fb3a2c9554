"""The parts of a recruiter's page that are made without asking anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from services.domain.metric import Answer, Attribution, Row, Unit
from services.domain.views import Table
from services.metrics.attribution import PARTS
from services.reporting.definitions.waiting import Waiting
from services.reporting.pages.questions import Asked, attribution_of, page_number
from services.reporting.pages.recruiter import credits_table, waiting_table

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def asked(hires: dict[str, float], parts: dict[str, int] | None = None) -> Asked:
    rows = tuple(
        Row("hires", {"requisition": name}, value, Unit.COUNT, 1, numerator=(parts or {}).get(name), denominator=PARTS)
        for name, value in hires.items()
    )
    return Asked(lambda: Answer(NOW, "small", rows))


def cells(table: Table) -> dict[str, tuple[Fraction, ...]]:
    names = ("mine", "others", "hires")
    return {row.key: tuple(Fraction(str(row.cells[name])) for name in names) for row in table.rows}


def test_5_1_parts_of_a_shared_hire_add_up_as_they_are_shown() -> None:
    parts = {"A": 333_333_334, "B": 2_995_000_000, "C": 1_000_000_000}
    own = asked({name: part / PARTS for name, part in parts.items()}, parts)
    found = cells(credits_table(own, asked({"A": 1, "B": 3, "C": 1}), Attribution.SPLIT))
    assert all(mine + others == whole for mine, others, whole in found.values())
    assert found["A"] == (Fraction("0.33"), Fraction("0.67"), Fraction(1))
    assert found["total"][2] == 5


def test_5_1_a_role_in_which_nothing_is_credited_is_not_listed() -> None:
    assert credits_table(asked({"A": 0}, {"A": 0}), asked({"A": 2}), Attribution.PRIMARY).rows == ()


def test_x7_without_an_open_requisition_there_is_nothing_to_wait_for() -> None:
    assert waiting_table(Waiting(0, 0, 0, 0), "October").rows == ()
    rows = {row.key: row.cells for row in waiting_table(Waiting(100, 10, 20, 5, 8), "October").rows}
    assert [rows[key]["share"] for key in ("manager", "feedback", "hold", "candidate")] == [
        "8.0%",
        "20%",
        "10%",
        "5.0%",
    ]


@pytest.mark.parametrize(
    ("value", "model"), [("split", "split"), ("SPLIT", "primary"), ("", "primary"), ("x", "primary")]
)
def test_5_1_a_hostile_model_is_the_last_owner(value: str, model: str) -> None:
    assert attribution_of({"attribution": [value]}) is Attribution(model)


@pytest.mark.parametrize(("value", "page"), [("2", 2), ("0", 1), ("-3", 1), ("9" * 30, 1), ("٣", 1), ("x", 1)])
def test_a_hostile_page_number_is_the_first(value: str, page: int) -> None:
    assert page_number({"page": [value]}) == page
