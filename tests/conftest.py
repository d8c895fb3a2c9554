"""Fixtures for everybody. Services start when the first test asks for them, so a single file runs on its own."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from services.store.database import Store
from services.store.migrations import migrate
from tests.services_for_tests import CHROMIUM_FLAGS, SmtpServer, ThrowAwayPostgres, ThrowAwayRedis, chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent

# No deadline for a single example: two cores shared by two test processes say nothing about speed.
# The suite draws the same examples for the same code, so a commit has one verdict; HYPOTHESIS_PROFILE=search looks for
# new ones.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


def _is_local(address: Any) -> bool:
    """Unix sockets and loopback addresses; a name counts when it is localhost."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return host in {"localhost", ""}


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """Nothing in the suite may leave this machine."""
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def guard(name: str) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(address):
                raise PermissionError(f"The suite talks to loopback only, not to {address!r}.")
            return real[name](self, address)

        return connect

    patch = pytest.MonkeyPatch()
    for name in real:
        patch.setattr(socket.socket, name, guard(name))
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """A developer's HIREBOARD_* variables must not reach the tests (the browser's path may)."""
    patch = pytest.MonkeyPatch()
    for name in os.environ:
        if name.startswith("HIREBOARD_") and name != "HIREBOARD_BROWSER":
            patch.delenv(name)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def postgres() -> Iterator[ThrowAwayPostgres]:
    """The session's PostgreSQL cluster."""
    server = ThrowAwayPostgres()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: ThrowAwayPostgres) -> Iterator[str]:
    """A fresh, empty database."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'hireboard.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """An empty store, once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(scope="session")
def _postgres_template(postgres: ThrowAwayPostgres) -> str:
    name = postgres.new_database()
    _migrate(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "hireboard.sqlite"
    _migrate(f"sqlite:///{file}")
    return file


def _migrate(url: str) -> None:
    store = Store(url)
    migrate(store)
    store.dispose()


@pytest.fixture
def migrated_sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite store with today's schema: a copy, so it costs milliseconds."""
    file = tmp_path / "hireboard.sqlite"
    shutil.copyfile(_sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def migrated_postgres_url(postgres: ThrowAwayPostgres, _postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL store with today's schema, from a template database."""
    name = postgres.new_database(_postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_store_url(request: pytest.FixtureRequest) -> str:
    """A store with today's schema and no rows, once on SQLite and once on PostgreSQL."""
    name = "migrated_sqlite_url" if request.param == "sqlite" else "migrated_postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[ThrowAwayRedis]:
    """The session's Redis; a test that stops it starts it again."""
    server = ThrowAwayRedis()
    yield server
    server.remove()


@pytest.fixture
def redis_url(redis_server: ThrowAwayRedis) -> str:
    """An empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def _smtp_server() -> Iterator[SmtpServer]:
    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture
def smtp_server(_smtp_server: SmtpServer) -> SmtpServer:
    """A capturing SMTP server, empty and with every knob off."""
    _smtp_server.reset()
    return _smtp_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own: no cookies, 1280 x 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real exports that lie beside the checkout; skipped where they are not."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real exports (../shared/data) are not beside this checkout")
    return folder
