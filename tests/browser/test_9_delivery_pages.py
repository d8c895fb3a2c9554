"""9 and 10: schedules, mail and one report in a real browser."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import update
from werkzeug.serving import make_server

from layouts import ids
from services.store.database import Store
from services.store.tables import OutboxMessage
from tests.http.post import Post, make_post
from tests.people import PASSWORD, email_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def post(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("post")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    made = make_post(store, folder)
    made.deliver()
    yield made
    store.dispose()


@pytest.fixture(scope="module")
def served(post: Post) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, post.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def show(browser: Browser, served: str) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(name: str, path: str, *, width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
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


def paths(post: Post) -> list[str]:
    [entry] = post.services.archive_page.view(post.people.viewer("max")).entries
    return ["/reports/schedules", "/admin/mail", "/admin/mail/1", f"/reports/{entry.public_id}"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_break_no_accessibility_rule_and_do_not_scroll_sideways(
    post: Post, show: Callable[..., Page], served: str, width: int
) -> None:
    page = show("ada", "/reports/schedules", width=width)
    for path in paths(post):
        page.goto(served + path)
        page.wait_for_selector("#page h1")
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_run_now_by_keyboard_says_what_it_did(show: Callable[..., Page]) -> None:
    page = show("ron", "/reports/schedules")
    page.get_by_label("Period").fill("2026-W41")
    page.get_by_role("button", name="Run now").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#{ids.RUN_STATUS} >> text=1 reports for 2026-W41 are due")
    page.get_by_label("Period").fill("2026-10")
    page.get_by_role("button", name="Run now").click()
    page.wait_for_selector(f"#{ids.RUN_STATUS} >> text=write it like 2026-W47")


def test_a_mail_is_read_in_a_frame_and_its_scripts_do_not_run(show: Callable[..., Page]) -> None:
    page = show("ada", "/admin/mail/1")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    frame = page.frame_locator("iframe")
    frame.get_by_text("Nothing waits for you.").wait_for()
    assert dialogs == []


def test_an_administrator_decides_about_a_mail_in_doubt(post: Post, show: Callable[..., Page]) -> None:
    with post.store.write() as connection:
        connection.execute(update(OutboxMessage).where(OutboxMessage.id == 1).values(state="in_doubt"))
    page = show("ada", "/admin/mail/1")
    page.get_by_role("button", name="Take as sent").click()
    page.wait_for_selector(f"#{ids.MAIL_DECISION} >> text=counts as sent")
    assert post.services.outbox.mail(1).state == "sent"
