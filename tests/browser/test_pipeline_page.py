"""5.2: the Pipeline page in a real browser: it follows the store, can be paused, and is accessible on any width."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select, update

from services.domain.people import Role
from services.ingest import live_lane
from services.store import tables as t
from tests.http.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Open = Callable[..., "Page"]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
ACTIVE = "[data-metric=pipeline-active] .hb-tile-v b"
WITHIN_MS = 16_500
"""The poll's 15 s, and the time it takes to draw."""


def _violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def _withdraw_one(product: Product) -> None:
    """Somebody leaves, in the store alone: nothing is published."""
    with product.services.store.write() as connection:
        is_active = t.OpenApplication.stage.is_not(None) & (t.OpenRequisition.status == "open")
        query = select(t.OpenApplication.application_id).join(
            t.OpenRequisition, t.OpenRequisition.requisition_id == t.OpenApplication.requisition_id
        )
        number = connection.scalar(query.where(is_active).limit(1))
        assert number is not None
        values = {"outcome": "withdrawn", "ended_at": datetime.now(UTC)}
        connection.execute(update(t.Application).where(t.Application.id == number).values(values))
        live_lane.follow(connection, applications=[number])


def test_5_2_a_change_in_the_store_appears_within_15_s_unless_it_is_paused(open_as: Open, product: Product) -> None:
    page = open_as(Role.ADMIN, "/pipeline")
    page.wait_for_selector(ACTIVE)
    before = int(page.inner_text(ACTIVE))
    page.click("[data-pause]")
    assert page.get_attribute("[data-pause]", "aria-pressed") == "true"
    _withdraw_one(product)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(2_500)
    assert int(page.inner_text(ACTIVE)) == before, "paused: the numbers stay"
    page.click("[data-pause]")
    shown = f"() => document.querySelector({ACTIVE!r}).textContent === '{before - 1}'"
    page.wait_for_function(shown, timeout=WITHIN_MS)
    _withdraw_one(product)
    shown = f"() => document.querySelector({ACTIVE!r}).textContent === '{before - 2}'"
    page.wait_for_function(shown, timeout=WITHIN_MS)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_5_2_no_accessibility_rule_is_broken_and_nothing_scrolls_sideways(
    open_as: Open, width: int, theme: str
) -> None:
    page = open_as(Role.RECRUITER, "/pipeline", width=width, theme=theme)
    page.wait_for_selector(ACTIVE)
    assert _violations(page) == []
    assert int(page.evaluate("document.documentElement.scrollWidth - innerWidth")) <= 0


def test_5_5_a_view_is_held_and_let_go(open_as: Open) -> None:
    page = open_as(Role.EXECUTIVE)
    page.wait_for_selector(".hb-lede")
    page.click("[data-hold]")
    page.wait_for_url("**/?pinned=*")
    page.wait_for_selector("text=This view is held")
    page.click("text=Let go")
    page.wait_for_function("() => !location.search.includes('pinned')")
    page.wait_for_selector(".hb-lede")
    assert page.locator("text=This view is held").count() == 0


def test_5_5_ada_sets_an_interval(open_as: Open) -> None:
    page = open_as(Role.ADMIN, "/admin/refresh")
    page.wait_for_selector("#refresh-overview-interval")
    assert _violations(page) == []
    page.fill("#refresh-overview-interval", "7")
    page.click("text=Set overview")
    page.wait_for_selector("text=Version 1, set by")
    assert page.input_value("#refresh-overview-interval") == "7"
