"""6: sign-in and the refusal pages in a real browser: without scripts, by keyboard, in both themes, at 390 px."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from services.store.database import Store
from tests.http.site import Site, make_site
from tests.people import PASSWORD, email_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("sign-in")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    site: Site = make_site(store, folder)
    live = make_server("127.0.0.1", 0, site.server, threaded=True)
    thread = threading.Thread(target=live.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{live.server_port}"
    live.shutdown()
    thread.join()
    live.server_close()
    store.dispose()


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def sign_in(page: Page, address: str, name: str = "eva", password: str = PASSWORD, path: str = "/login") -> None:
    page.goto(address + path)
    page.get_by_label("E-mail address").fill(email_of(name))
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_sign_in_and_refusals_need_no_scripts(without_scripts: Page, address: str) -> None:
    page = without_scripts
    sign_in(page, address, password="not the password")
    assert page.get_by_role("alert").inner_text() == "Not signed in. That e-mail address and password do not match."
    assert page.get_by_label("E-mail address").input_value() == email_of("eva")
    assert page.get_by_label("Password").input_value() == ""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{address}/"
    page.goto(f"{address}/admin/mail")
    assert page.get_by_role("heading", level=1).inner_text() == "You cannot open this"
    page.get_by_role("button", name="Sign out").click()
    assert page.url == f"{address}/login"
    page.goto(f"{address}/reports")
    assert page.url == f"{address}/login?next=/reports"


def test_sign_in_by_keyboard_alone(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    assert page.evaluate("document.activeElement.id") == "email"
    page.keyboard.type(email_of("max"))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_axe_violations_and_no_sideways_scrolling(browser: Browser, address: str, theme: Any, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, address, password="not the password")
    visited = [_look(page)]
    sign_in(page, address, "otto")
    visited.append(_look(page))
    page.goto(f"{address}/no-such-page")
    visited.append(_look(page))
    assert visited == [(0, theme)] * 3
    assert complaints == []
    context.close()


def _look(page: Page) -> tuple[int, str]:
    """Axe violations and theme; fails at once when the page is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    return results.violations_count, str(page.evaluate("document.documentElement.dataset.bsTheme"))
