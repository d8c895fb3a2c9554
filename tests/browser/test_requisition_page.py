"""The requisitions' list and one requisition in a real browser: keys, an edit, a conflict, a phone, and no barrier."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from services.domain.people import Role
from services.domain.requisition_edits import Change, Field

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Open
    from tests.http.product import Product

pytestmark = pytest.mark.browser


def barriers(page: Page) -> list[str]:
    result = Axe().run(page)
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in result.response["violations"]]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_the_list_is_sorted_and_searched_by_keyboard_and_fits_a_phone(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE, "/requisitions")
    page.wait_for_selector("#sort-gross")
    assert barriers(page) == []
    page.focus("#sort-gross")
    page.keyboard.press("Enter")
    page.wait_for_selector('th[aria-sort="descending"] #sort-gross')
    assert page.url.endswith("?sort=gross&order=desc")
    page.focus("#requisition-state")
    page.select_option("#requisition-state", "all")
    page.wait_for_function("location.search.includes('state=all')")
    page.fill("#requisition-search", "no such role")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=No requisition here")
    assert "sort=gross" in page.url
    phone = open_as(Role.EXECUTIVE, "/requisitions", width=390)
    phone.wait_for_selector("#sort-net")
    assert overflow(phone) == 0


def test_4_1_hana_edits_a_target_date_and_a_conflict_keeps_what_she_typed(open_as: Open, product: Product) -> None:
    page = open_as(Role.HRBP, "/requisitions?state=all")
    page.click("table a >> nth=0")
    page.wait_for_selector("text=Clock trace")
    assert barriers(page) == []
    page.focus("summary:has-text('Edit fields')")
    page.keyboard.press("Enter")
    page.get_by_label("Target date").fill("2027-03-01")
    page.get_by_label("Why").first.fill("two people left")
    assert barriers(page) == []
    page.get_by_role("button", name="Save").press("Enter")
    page.wait_for_selector("text=Saved. Figures follow")
    assert page.get_by_role("row", name="Target date").locator("td").first.inner_text() == "1 Mar 2027"
    number = int(page.url.rpartition("/")[2].partition("?")[0])
    viewer = product.services.accounts.viewer_by_email(product.emails[Role.HRBP])
    product.services.requisitions.edits.change(
        number, viewer, [Change(Field.TARGET_ON, "2027-05-05", 1)], "in another window"
    )
    page.click("summary:has-text('Edit fields')")
    page.get_by_label("Target date").fill("2027-04-01")
    page.get_by_label("Why").first.fill("later after all")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=5 May 2027")
    assert page.get_by_label("Target date").input_value() == "2027-04-01"
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=Saved. Figures follow")
    page.set_viewport_size({"width": 390, "height": 800})
    assert overflow(page) == 0


def test_4_1_eva_finds_no_control_on_the_page(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE, "/requisitions?state=all", theme="dark")
    page.click("table a >> nth=0")
    page.wait_for_selector("text=The source says")
    assert page.locator("button:has-text('Save'), summary:has-text('Edit')").count() == 0
    assert barriers(page) == []
