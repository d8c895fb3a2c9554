"""7: the Overview in a real browser: keyboard alone, addresses, themes, widths, print, new numbers, accessibility."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from services.domain.errors import RetryLaterError
from services.domain.people import Role
from services.mart.reader import SnapshotInfo
from tests.http.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Open = Callable[..., "Page"]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def drawn(page: Page) -> Page:
    """The page with its chart."""
    page.wait_for_selector(".hb-lede")
    page.wait_for_selector(".hb-chart .main-svg, .hb-no-chart")
    return page


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_no_accessibility_rule_is_broken(open_as: Open, width: int, theme: str) -> None:
    page = drawn(open_as(Role.EXECUTIVE, width=width, theme=theme))
    assert page.get_attribute("html", "data-bs-theme") == theme
    assert violations(page) == []


def test_open_filters_menus_and_panels_break_no_rule_either(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    page.locator("summary[data-filter=department]").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".hb-tile [data-menu]").first.click()
    assert violations(page) == []
    page.keyboard.press("d")
    page.wait_for_selector("#panel[open]")
    assert violations(page) == []


def test_filters_are_operated_by_keyboard_alone_and_stay_in_the_address(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    page.keyboard.press("f")
    assert focused(page).startswith("Period")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert focused(page).startswith("Department")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.type") == "text":
        page.keyboard.press("Tab")
    chosen = page.evaluate("document.activeElement.value")
    page.keyboard.press("Space")
    page.wait_for_selector(".hb-fl.hb-on")
    assert "department=" in page.url
    # the list stays open, with the focus where it was, so that a second value can be chosen
    assert page.evaluate("document.activeElement.value") == chosen
    page.keyboard.press("Escape")
    assert focused(page).startswith("Department")
    page.reload()
    drawn(page)
    assert chosen in page.inner_text(".hb-fl.hb-on")
    page.get_by_role("button", name="Clear department").press("Enter")
    page.wait_for_selector(".hb-fl.hb-on", state="detached")
    assert page.url.endswith("/")


def test_menus_panels_and_pages_are_reached_by_keyboard_alone(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    more = page.locator(".hb-tile [data-menu]").first
    more.focus()
    page.keyboard.press("m")
    assert focused(page).startswith("Why did it move")
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("Definition")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    panel = page.locator("#panel[open]")
    assert panel.locator("table tbody tr").count() == 12
    page.keyboard.press("Escape")
    assert more.evaluate("element => element === document.activeElement")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("rep")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Reports')")
    assert page.locator("[aria-current=page]").first.inner_text() == "Reports"
    page.keyboard.press("g")
    page.keyboard.press("o")
    drawn(page)


def test_single_letters_can_be_switched_off_and_never_act_in_a_field(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    page.keyboard.press("/")
    page.wait_for_selector("#jump[open]")
    page.keyboard.type("f?")
    assert page.locator("#keys[open]").count() == 0
    page.keyboard.press("Escape")
    page.wait_for_selector("#jump:not([open])", state="attached")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.get_by_role("button", name="Switch single letters off").click()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert page.locator(".hb-fl-d[open]").count() == 0


def test_hostile_values_in_the_address_are_ignored(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE, "/?period=9%27%3B&department=%3Cscript%3Ealert(1)%3C%2Fscript%3E&x=1"))
    assert page.locator(".hb-fl.hb-on").count() == 0
    assert "<script>alert" not in page.content()


def test_the_theme_is_kept(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    page.locator(".hb-account > summary").click()
    page.get_by_role("button", name="Light or dark").click()
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


@pytest.mark.parametrize("width", [390, 768, 1024, 1280])
def test_no_width_scrolls_sideways(open_as: Open, width: int) -> None:
    assert sideways(drawn(open_as(Role.EXECUTIVE, width=width))) <= 0


def test_on_a_phone_side_bar_and_filters_are_sheets(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE, width=390))
    assert not page.locator("#side").is_visible()
    page.get_by_role("button", name="Menu").click()
    page.wait_for_selector("#side.hb-open")
    page.keyboard.press("Escape")
    assert not page.locator("#side").is_visible()
    page.get_by_role("button", name="Filters").click()
    sheet = page.get_by_role("dialog", name="Filters")
    sheet.locator("summary[data-filter=geography]").click()
    sheet.locator("input[name=geography]").first.check()
    page.wait_for_selector("#filter-sheet.hb-open .hb-fl.hb-on")
    sheet.get_by_role("button", name="Show results").click()
    assert page.get_by_role("button", name="Filters (1)").is_visible()


def test_print_is_light_without_navigation_and_shows_only_set_filters(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE, "/?period=3m", theme="dark"))
    page.emulate_media(media="print")
    assert not page.locator("#side").is_visible()
    assert page.locator(".hb-fl").filter(visible=True).count() == 1
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_chart_has_a_name_and_its_numbers_are_one_click_away(open_as: Open) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    picture = page.get_by_role("img", name="Line chart")
    if picture.count():
        assert "to fill by " in str(picture.get_attribute("aria-label"))
    page.get_by_role("button", name="As table").first.click()
    points = {"Month": 12, "Quarter": 8}
    shown = page.locator("#panel[open] table")
    assert shown.locator("tbody tr").count() == points[shown.locator("th").first.inner_text()]


def test_each_role_sees_its_own_page_and_recruiters_only_where_they_may(open_as: Open) -> None:
    heading = "h2:has-text('Recruiters')"
    assert drawn(open_as(Role.EXECUTIVE)).locator(heading).count() == 1
    assert drawn(open_as(Role.COMPLIANCE)).locator(heading).count() == 0


def test_a_new_snapshot_refreshes_the_page_by_itself_and_says_so(
    open_as: Open, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    page.wait_for_timeout(1_500)  # the first poll takes the version that is shown
    reader = product.services.mart
    real = reader.snapshot
    later = timedelta(hours=6)

    def published() -> SnapshotInfo:
        info = real()
        return SnapshotInfo(info.id, info.as_of + later, info.data_from, info.counts)

    asked: list[Any] = []
    page.on("request", lambda sent: asked.append(sent.url) if "_dash-update" in sent.url else None)
    monkeypatch.setattr(reader, "snapshot", published)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.locator("#live", has_text="The numbers on this page are new.").wait_for(state="attached")
    page.wait_for_timeout(500)
    assert asked


def test_an_ended_session_leads_to_the_sign_in_with_the_filters_kept(open_as: Open, address: str) -> None:
    page = drawn(open_as(Role.EXECUTIVE))
    page.locator("summary[data-filter=period]").click()
    page.locator("#period-3m").wait_for()
    # last: the page asks for news by itself, and would leave with the filters it has
    page.context.clear_cookies()
    page.locator("#period-3m").click(no_wait_after=True)
    page.wait_for_url("**/login?next=*")
    assert "period%3D3m" in page.url


def test_a_failed_refresh_keeps_the_old_numbers_and_says_what_to_do(
    open_as: Open, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = drawn(open_as(Role.HRBP))
    before = page.inner_text(".hb-lede")

    def fail(*_arguments: object) -> None:
        raise RetryLaterError("The query took longer than 30 s and was stopped. Choose a shorter period.")

    monkeypatch.setattr(type(product.server.extensions["hireboard.services"].overview), "view", fail)
    page.locator("summary[data-filter=period]").click()
    page.locator("#period-24m").check()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "took longer than 30 s" in alert.inner_text()
    assert "from before" in alert.inner_text()
    assert page.inner_text(".hb-lede") == before
    monkeypatch.undo()
    alert.get_by_role("button", name="Try again").click()
    page.wait_for_selector("[data-filter=period]:has-text('Last 24 months')")
    assert not page.get_by_role("alert").is_visible()


def test_the_first_load_stays_under_900_kilobytes(open_as: Open, address: str) -> None:
    page = open_as(Role.EXECUTIVE)
    drawn(page)
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.reload()
    drawn(page)
    assert 100_000 < sum(sizes) <= 900_000
