"""A server with its people: shared where a test only looks, fresh where it changes accounts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store.database import Store
from tests.http.product import Product
from tests.http.site import Site, make_site


@pytest.fixture(scope="module")
def site(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Shared by a module's tests."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copyfile(_sqlite_template, folder / "hireboard.sqlite")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    yield make_site(store, folder)
    store.dispose()


@pytest.fixture
def own_site(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """For one test alone."""
    store = Store(migrated_sqlite_url)
    yield make_site(store, tmp_path)
    store.dispose()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product as it is shipped, with a small demonstration company. Nobody may change it."""
    made = Product(tmp_path_factory.mktemp("product"))
    yield made
    made.services.store.dispose()
