"""The metric catalogue and a metric's page in a real browser."""

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


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light")])
@pytest.mark.parametrize(("path", "heading"), [("/metrics", "Metrics"), ("/metrics/time_to_fill", "Time to fill")])
def test_the_pages_break_no_accessibility_rule_and_do_not_scroll_sideways(
    open_as: Open, path: str, heading: str, width: int, theme: str
) -> None:
    page = open_as(Role.RECRUITING_MANAGER, path, width=width, theme=theme)
    page.wait_for_selector(f"h1:text-is('{heading}')")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_by_keyboard_alone_from_the_search_to_a_definition_and_back(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE, "/metrics")
    page.wait_for_selector("h1:text-is('Metrics')")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "metric-search":
            break
    page.keyboard.type("accepted offers whose candidate")
    page.keyboard.press("Enter")
    page.wait_for_url("**/metrics?q=accepted+offers+whose+candidate")
    page.wait_for_selector("text=1 of")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "/metrics/offer_no_show_rate":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/metrics/offer_no_show_rate")
    page.wait_for_selector("h1:text-is('No-shows')")
    assert page.locator(".hb-nav-i[aria-current=page]").inner_text().strip() == "Metrics"
    page.go_back()
    page.wait_for_selector("text=1 of")
    assert page.get_by_label("Search the metrics").input_value() == "accepted offers whose candidate"


def test_a_unit_is_chosen_in_the_bar_and_stands_in_the_address(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE, "/metrics")
    page.wait_for_selector("h1:text-is('Metrics')")
    page.locator("summary", has_text="Unit").click()
    page.get_by_label("Business hours").check()
    page.wait_for_url("**/metrics?unit=business+hours")
    page.wait_for_selector("th:has-text('feedback_turnaround')")
    assert page.locator("tbody tr").count() < 6
    page.get_by_role("button", name="Reset").first.click()
    page.wait_for_url("**/metrics")


def test_a_tiles_definition_leads_to_the_metrics_page(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE, "/")
    page.wait_for_selector("h1:text-is('Overview')")
    page.get_by_role("button", name="Offer acceptance", exact=True).click()
    page.get_by_role("link", name="All about this metric").click()
    page.wait_for_url("**/metrics/offer_acceptance_rate")
    page.wait_for_selector("h1:text-is('Offer acceptance')")
