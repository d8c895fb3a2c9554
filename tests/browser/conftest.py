"""The product as it is shipped, served on a free loopback port, and somebody who is signed in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from services.domain.people import Role
from tests.http.product import OTTO, Product

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE_MS = 30_000
DASH_ITSELF = "body stream already read"
"""Dash reads the answer to a failed callback twice; the page is none the worse for it."""


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("browser"))
    yield made
    made.services.store.dispose()


@pytest.fixture(scope="session")
def address(product: Product) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, product.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Open = Callable[..., "Page"]


@pytest.fixture
def open_as(browser: Browser, address: str, product: Product) -> Iterator[Open]:
    """``open_as(Role.EXECUTIVE, "/", width=390)``: a page of somebody signed in; errors of scripts fail the test."""
    contexts = []
    errors: list[str] = []

    def open_page(role: Role | None, path: str = "/", *, width: int = 1280, theme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: None if DASH_ITSELF in str(error) else errors.append(str(error)))
        email = OTTO if role is None else product.emails[role]
        page.goto(f"{address}/login")
        page.fill("#email", email)
        page.fill("#password", product.passwords[email])
        page.press("#password", "Enter")
        page.wait_for_url(f"{address}/")
        if path != "/":
            page.goto(address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
