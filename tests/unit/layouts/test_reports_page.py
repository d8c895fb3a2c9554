"""10: the archive page: what there is, who got it, and words when there is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layouts.pages.reports import archive_body, archive_filters, reports_page
from services.domain.views import ArchiveEntry, ArchiveView
from tests.unit.layouts.test_overview_page import having, text_of, walk

MADE = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
ENTRY = ArchiveEntry(
    "RS-1", "recruiter_scorecard", "Recruiter scorecard", "2026-10", "Recruiter Rita", MADE, 69_000, "0e7000f1322b9999"
)
VIEW = ArchiveView(
    entries=(ENTRY,),
    total=41,
    page=2,
    page_size=20,
    search="rita",
    kind="",
    period="2026-10",
    kinds=("recruiter_scorecard",),
    periods=("2026-10", "2026-W45"),
)


def test_a_report_is_shown_with_person_period_time_size_and_digest() -> None:
    text = text_of(reports_page(VIEW, "Europe/Berlin"))
    for words in ("Recruiter scorecard, Recruiter Rita", "Oct 2026", "1 Nov 2026, 06:00 CET", "67 kB", "0e7000f1322b"):
        assert words in text


def test_open_and_download_have_addresses_of_their_own() -> None:
    links = {part.href for part in walk(archive_body(VIEW, "UTC")) if getattr(part, "_type", "") == "A"}
    assert links == {"/reports/RS-1/open", "/reports/RS-1/download"}


def test_paging_keeps_search_and_filters() -> None:
    links = {part.href for part in walk(archive_body(VIEW, "UTC")) if getattr(part, "_type", "") == "Link"}
    assert links == {"/reports?q=rita&period=2026-10", "/reports?q=rita&period=2026-10&page=3"}
    assert "21 to 21 of 41" in text_of(archive_body(VIEW, "UTC"))


def test_who_received_it_is_shown_only_where_the_list_was_given() -> None:
    assert "Received" not in text_of(archive_body(VIEW, "UTC"))
    receipts = (("rita@northwind.example", "mail", MADE), ("ada@northwind.example", "downloaded", MADE))
    text = text_of(archive_body(replace(VIEW, entries=(replace(ENTRY, deliveries=receipts),)), "UTC"))
    assert "2 times" in text
    assert "rita@northwind.example, by mail 1 Nov 2026, 05:00 UTC" in text


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (replace(VIEW, entries=(), total=0), "No report matches"),
        (replace(VIEW, entries=(), total=0, search="", period=""), "No reports yet"),
    ],
)
def test_nothing_found_is_told_from_nothing_made(view: ArchiveView, words: str) -> None:
    assert words in text_of(archive_body(view, "UTC"))


def test_filters_name_what_is_chosen_and_can_be_reset() -> None:
    bar = archive_filters(VIEW)
    assert "Oct 2026" in text_of(bar)
    assert having(bar, data_clear="all")
    assert not having(archive_filters(replace(VIEW, search="", period="")), data_clear="all")
