from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.errors import InvalidInputError
from services.domain.metric import Estimator, Reason, Row, Unit
from services.domain.people import Viewer
from services.domain.views import Column, ReportView, Table, TableRow
from services.reporting.view_json import from_json, to_json
from tests.kill_roles import TinyReports


def _view() -> ReportView:
    viewer = Viewer(user_id=1, email="max@northwind.example", name="Max", person_id=7)
    tiny = TinyReports().view("weekly", "7", "2026-W44", viewer, issued_at=datetime(2026, 11, 2, tzinfo=UTC))
    row = Row("time_to_fill", {"department": None}, 38.25, Unit.DAYS, 12, estimator=Estimator.KAPLAN_MEIER)
    none = Row("offers", {}, None, Unit.RATE, 0, reason=Reason.NO_DATA, extra={"pending": 3})
    cells: dict[str, Any] = {"row": row, "none": none, "words": "Zürich “x”", "buckets": (1, 2, 3), "gap": None}
    table = Table("Roles", "", (Column("row", "Days", kind="days"),), (TableRow("r1", "SRE", cells),))
    return replace(tiny, tables=(table,), extra={"rules": "a b"})


def test_a_view_comes_back_as_it_was() -> None:
    assert from_json(to_json(_view())) == _view()


def test_equal_views_are_equal_bytes() -> None:
    assert to_json(_view()) == to_json(_view())


def test_fields_that_came_or_went_do_not_hinder_reading() -> None:
    stored = json.loads(to_json(_view()))
    stored["of_a_later_version"] = 1
    del stored["notes"]
    assert from_json(json.dumps(stored).encode()) == _view()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"~type":"Nothing"}', b'{"~type":"Note","kind":"info","text":""}']
)
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        from_json(content)


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_no_view_may_hold_is_a_programming_error(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_json(replace(_view(), extra={"x": value}))
