"""Sources, offers and diversity in a real browser: no barrier, no sideways scrolling, the form by its labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from services.domain.people import Role

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Open = Callable[..., "Page"]


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_3_2_the_pages_break_no_accessibility_rule_and_do_not_scroll_sideways(
    open_as: Open, width: int, theme: str
) -> None:
    page = open_as(Role.HRBP, "/sources", width=width, theme=theme)
    pages = (("/sources", "Sources and quality"), ("/offers", "Offers and pay"), ("/diversity", "Diversity"))
    for path, heading in pages:
        if path != "/sources":
            page.goto(f"{page.url.rpartition('/')[0]}{path}")
        page.wait_for_selector(f"h1:text-is('{heading}')")
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_4_5_dee_changes_the_question_and_opens_records_with_a_purpose(open_as: Open) -> None:
    page = open_as(Role.DEI_OFFICER, "/diversity?period=24m")
    page.get_by_role("link", name="Ethnicity").press("Enter")
    page.wait_for_url("**/diversity?period=24m&question=ethnicity")
    page.wait_for_selector("text=Ethnicity: share of people who answered")
    page.get_by_role("button", name="Open records").press("Enter")
    page.wait_for_selector("#records-found >> text=Say in words what the records are needed for")
    page.get_by_label("Purpose, in words").fill("Complaint of 3 March")
    page.get_by_label("Applied from (year-month-day)").fill("2026-08-01")
    page.get_by_label("Applied until (year-month-day)").fill("2026-08-20")
    page.get_by_role("button", name="Open records").press("Enter")
    page.wait_for_selector("#records-found >> text=records opened for: Complaint of 3 March")
    assert Axe().run(page).response["violations"] == []
