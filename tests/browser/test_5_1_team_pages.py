"""Teams, recruiters, one recruiter and interviews in a real browser."""

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


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light")])
def test_5_1_the_pages_break_no_accessibility_rule_and_do_not_scroll_sideways(
    open_as: Open, width: int, theme: str
) -> None:
    page = open_as(Role.RECRUITING_MANAGER, "/teams?hires=20&hours=30&each=3", width=width, theme=theme)
    for path, heading in (("/teams", "Teams"), ("/recruiters", "Recruiters"), ("/interviews", "Interviews")):
        if path != "/teams":
            page.goto(page.url.partition("/teams")[0].partition("/recruiters")[0] + path)
        page.wait_for_selector(f"h1:text-is('{heading}')")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_5_1_rita_changes_the_model_by_keyboard_and_goes_back(open_as: Open) -> None:
    page = open_as(Role.RECRUITER, "/recruiters?period=ytd")
    page.wait_for_selector("h2:text-is('Not in your hands')")
    assert page.locator(".hb-nav-i[aria-current=page]").inner_text().strip() == "Recruiters"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Split by time":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/recruiters?period=ytd&attribution=split")
    page.wait_for_selector("text=Attribution: split by time")
    assert page.locator("[aria-current=true]:text-is('Split by time')").count() == 1
    page.go_back()
    page.wait_for_selector("text=Attribution: last owner")
    assert Axe().run(page).response["violations"] == []


def test_1_6_the_what_if_form_puts_its_numbers_into_the_address(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE, "/teams?period=ytd")
    page.wait_for_selector("h2:text-is('What if')")
    page.get_by_label("Hires wanted").fill("24")
    page.get_by_label("Interviewer hours a week").fill("10")
    page.get_by_label("Hours a candidate costs").fill("4")
    page.get_by_role("button", name="Work out").press("Enter")
    page.wait_for_url("**/teams?period=ytd*hires=24*")
    page.wait_for_selector("text=24 hires in 26 weeks")
    page.wait_for_selector("th:has-text('Interviewer hours')")
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/teams?period=ytd")
