"""2.4 in a browser: a dialog says what will happen, a wrong form is told why, a right one is saved."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

from services.domain.people import Role
from tests.browser.conftest import Open


def test_2_4_ada_sets_limits_by_keyboard_and_reads_why_a_wrong_one_is_refused(open_as: Open) -> None:
    page = open_as(Role.ADMIN, "/admin/thresholds")
    opener = page.get_by_role("button", name="Set limits").first
    opener.focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Weighted seats of a recruiter")
    field.fill("minus one")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="takes a number").wait_for()
    assert Axe().run(page).response["violations"] == []
    field.fill("15.0")  # as it was: other tests share the company
    page.keyboard.press("Enter")
    page.get_by_text("Version 1.").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert Axe().run(page).response["violations"] == []
