"""1.4: the page of incidents in a real browser: keys, confirmation, a phone, dark, and no barrier."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from services.store.database import Store
from tests.http.actions_site import ActionsSite, make_actions
from tests.people import PASSWORD, email_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def site(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionsSite]:
    folder = tmp_path_factory.mktemp("actions")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    yield make_actions(store, folder)
    store.dispose()


@pytest.fixture(scope="module")
def served(site: ActionsSite) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, site.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def show(browser: Browser, served: str) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(name: str, path: str, *, width: int = 1280, theme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        context.add_init_script(f"localStorage.setItem('hb-theme', '{theme}')")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{served}/login?next={path}")
        page.fill("#email", email_of(name))
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(served + path)
        page.wait_for_selector("#page h1")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_1_4_the_page_breaks_no_accessibility_rule_and_does_not_scroll_sideways(
    site: ActionsSite, show: Callable[..., Page], width: int, theme: str
) -> None:
    page = show("eva", f"/actions/{site.sales}", width=width, theme=theme)
    page.wait_for_selector("#actions-detail h2")
    assert page.evaluate("document.documentElement.getAttribute('data-bs-theme')") == theme
    for shown in ("the incident", "the dialog"):
        found = Axe().run(page).response["violations"]
        assert [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in found] == [], shown
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if shown == "the incident":
            page.click("[data-dialog=snooze]")
    assert page.is_visible("#snooze-3")


def test_1_4_on_a_phone_the_incident_has_the_screen_and_a_way_back(
    site: ActionsSite, show: Callable[..., Page]
) -> None:
    page = show("eva", "/actions", width=390)
    page.click(f'a[href="/actions/{site.sales}"]')
    page.wait_for_selector("#actions-detail h2")
    assert not page.is_visible("#actions-list")
    page.click("text=All incidents")
    page.wait_for_selector("#actions-list >> visible=true")


def test_1_4_by_keyboard_from_the_list_to_a_confirmed_snooze(site: ActionsSite, show: Callable[..., Page]) -> None:
    page = show("ron", f"/actions/{site.sales}")
    page.wait_for_selector("#actions-detail h2")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_selector("text=Choose an incident")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector("#actions-detail h2")
    number = int(page.url.rpartition("/")[2])
    page.keyboard.press("s")
    page.wait_for_selector("#snooze[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#snooze[open]", state="detached")
    assert site.scene.incident(number).snoozed_until is None
    page.keyboard.press("s")
    page.check("#snooze-7")
    page.click("#actions-snooze")
    page.wait_for_selector("text=Snoozed. After it the wait begins anew.")
    assert site.scene.incident(number).snoozed_by == "ron@northwind.example"
    assert page.is_visible("#actions-list .hb-st >> text=Snoozed")
    page.keyboard.press("a")
    page.wait_for_selector("text=Acknowledged. Nobody else is told")
    assert site.scene.incident(number).acknowledged_by == "ron@northwind.example"
