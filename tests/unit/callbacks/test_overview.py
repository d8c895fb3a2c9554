"""7: the page's callback: one for all parts, nothing drawn twice, no failure takes the page down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from callbacks.pages import overview, reports
from callbacks.registry import PageRequest
from services.domain.errors import RetryLaterError
from services.domain.people import Role, Viewer
from services.domain.views import Filters, OverviewView
from services.mart.reader import NotReadyError
from tests import overview_factories as make
from tests.unit.layouts.test_overview_page import having, text_of

EVA = Viewer(1, "eva@northwind.example", "Executive Eva", roles=frozenset({Role.EXECUTIVE}))
VERSION = "3f2a9c1d8b7e6655-20261102050000"


@dataclass
class FakeOverview:
    error: Exception | None = None
    asked: list[Filters] = field(default_factory=list)

    def view(self, filters: Filters, viewer: Viewer) -> OverviewView:
        self.asked.append(filters)
        if self.error:
            raise self.error
        return make.an_overview(filters=filters)


class FakeMart:
    def __init__(self, *, is_ready: bool = True) -> None:
        self.is_ready = is_ready

    def snapshot(self) -> Any:
        if not self.is_ready:
            raise NotReadyError("There is no snapshot of the data yet.")
        return SimpleNamespace(version=VERSION, as_of=datetime(2026, 11, 2, tzinfo=UTC))

    def execute(self, _statement: Any) -> list[tuple[Any, ...]]:
        """No freeze."""
        return []


def services(error: Exception | None = None, *, is_ready: bool = True) -> Any:
    refresh = SimpleNamespace(notes=lambda _timezone: ())
    return SimpleNamespace(overview=FakeOverview(error), mart=FakeMart(is_ready=is_ready), refresh=refresh)


def request(parts: Any, **query: list[str]) -> PageRequest:
    return PageRequest(EVA, parts, {}, query)


def test_the_first_paint_already_carries_the_filters_of_the_address() -> None:
    parts = services()
    page = overview.page(request(parts, department=["Sales"], period=["3m"]))
    assert parts.overview.asked == [Filters(period="3m", department=("Sales",))]
    assert "Last 3 months" in text_of(page)


def test_before_the_first_batch_the_page_says_what_to_do() -> None:
    page = overview.page(request(services(is_ready=False)))
    assert "There are no numbers yet" in text_of(page)


def test_a_failure_is_words_with_a_reference_and_a_way_on() -> None:
    page = overview.page(request(services(RetryLaterError("The query took longer than 30 s and was stopped."))))
    text = text_of(page)
    assert "took longer than 30 s" in text
    assert "Reference " in text
    assert having(page, data_reload="page")


def test_all_parts_come_out_of_one_call() -> None:
    parts = overview.overview_parts(services(), Filters(), EVA)
    assert len(parts) == 5
    assert parts[-1] == VERSION


def test_what_is_drawn_is_named_by_snapshot_and_filters() -> None:
    parts = overview.overview_parts(services(), Filters(source=("Referral",)), EVA)
    assert parts[-1] == f"{VERSION}?source=Referral"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, ("", "", "", 1)),
        (
            {"q": ["rita oct"], "kind": ["weekly"], "period": ["2026-10"], "page": ["3"]},
            ("rita oct", "weekly", "2026-10", 3),
        ),
        ({"page": ["-1"]}, ("", "", "", 1)),
        ({"page": ["0"]}, ("", "", "", 1)),
        ({"page": ["9" * 400]}, ("", "", "", 1)),
        ({"page": ["٣"]}, ("", "", "", 1)),
        ({"q": ["x" * 101], "kind": ["\x00"]}, ("", "", "", 1)),
    ],
)
def test_hostile_archive_addresses_are_the_first_page(query: dict[str, list[str]], wanted: tuple[Any, ...]) -> None:
    assert tuple(reports.parse_wanted(query)) == wanted
