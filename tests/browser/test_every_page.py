"""Every page as every person in a real browser: nothing breaks, nothing scrolls sideways, and pictures are kept.

``HIREBOARD_SCREENSHOTS`` names the folder they are kept in; without it they lie in the test's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callbacks.pages import PAGES
from services.domain.people import Role
from tests.http.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
Open = Callable[..., "Page"]
PLAIN = tuple(page for page in PAGES if "<" not in page.path)
SETTLED = "#page:not([aria-busy=true]) h1"
WIDE, NARROW = 1440, 390
FITS = "document.documentElement.scrollWidth <= innerWidth"
EXPECTED_NOISE = ("Failed to load resource",)
"""A refused page's own status is no error of the page."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("HIREBOARD_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "nobody")
def test_every_page_of_a_person(open_as: Open, product: Product, pictures: Path, role: Role | None) -> None:
    if role is not None and role not in product.emails:
        pytest.skip("the demonstration company has nobody with this role")
    page = open_as(role, "/", width=WIDE)
    home = page.url.rstrip("/")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    for path in _own_pages(product, role):
        page.set_viewport_size({"width": WIDE, "height": 900})
        page.goto(home + path)
        page.wait_for_selector(SETTLED)
        assert page.evaluate(FITS), path
        page.screenshot(path=pictures / _picture(role, path, WIDE), full_page=True)
        page.set_viewport_size({"width": NARROW, "height": 900})
        assert _fits_soon(page), f"{path} at {NARROW}"
        page.screenshot(path=pictures / _picture(role, path, NARROW), full_page=True)
        assert page.locator("h1").count() == 1, path
        assert page.locator("#failure").is_hidden(), path
        assert [words for words in said if not words.startswith(EXPECTED_NOISE)] == [], path


def _fits_soon(page: Page) -> bool:
    """Charts follow a new width a moment later."""
    for _ in range(20):
        if page.evaluate(FITS):
            return True
        page.wait_for_timeout(100)
    return False


def _own_pages(product: Product, role: Role | None) -> list[str]:
    """Pages the person may open; Otto, who has no role, sees the first one refused."""
    if role is None:
        return ["/"]
    viewer = product.services.accounts.viewer_by_email(product.emails[role])
    return [page.path for page in PLAIN if product.services.policy.can(viewer, page.action)]


def _picture(role: Role | None, path: str, width: int) -> str:
    return f"{role or 'nobody'}-{path.strip('/').replace('/', '-') or 'overview'}-{width}.png"
