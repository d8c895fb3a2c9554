"""10: the archive page in a real browser."""

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


@pytest.mark.parametrize("width", [1280, 390])
def test_the_archive_breaks_no_accessibility_rule_and_does_not_scroll_sideways(open_as: Open, width: int) -> None:
    page = open_as(Role.ADMIN, "/reports", width=width)
    page.wait_for_selector("h1:has-text('Reports')")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_search_is_in_the_address_and_survives_a_reload(open_as: Open) -> None:
    page = open_as(Role.ADMIN, "/reports")
    page.get_by_label("Search the archive").fill("nobody by this name")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports?q=nobody+by+this+name")
    page.wait_for_selector("h2:has-text('No report matches')")
    page.reload()
    page.wait_for_selector("h2:has-text('No report matches')")
    assert page.get_by_label("Search the archive").input_value() == "nobody by this name"
    page.get_by_role("button", name="Reset").first.click()
    page.wait_for_url("**/reports")
