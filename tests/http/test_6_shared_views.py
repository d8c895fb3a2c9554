"""P4, A29: view models are shared between workers, by rights, filters, snapshot and definitions."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from dashapp.caching import CacheStore, DataCache
from dashapp.shared_overview import SharedOverview
from services.domain.people import Role
from services.domain.views import Filters
from services.metrics.overview import Overview
from tests.http.product import Product


@pytest.fixture
def cache(tmp_path: Path) -> DataCache:
    return DataCache(CacheStore(Flask("cache"), folder=str(tmp_path / "cache"), redis_url=None))


def shared(product: Product, cache: DataCache) -> SharedOverview:
    """As another worker has it: nothing in its own memory."""
    return SharedOverview(product.services.query, product.services.store, cache)


def test_what_one_worker_built_another_reads_the_same(
    product: Product, cache: DataCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers = [product.services.accounts.viewer_by_email(role.value) for role in (Role.EXECUTIVE, Role.HRBP)]
    plain = Overview(product.services.query, product.services.store)
    built = {viewer.name: shared(product, cache).view(Filters(), viewer) for viewer in viewers}

    def never(*_arguments: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(Overview, "_build", never)
    read = {viewer.name: shared(product, cache).view(Filters(), viewer) for viewer in viewers}
    monkeypatch.undo()
    assert read == built == {viewer.name: plain.view(Filters(), viewer) for viewer in viewers}
    assert len({view.subtitle + str(view.hero) + str(view.choices) for view in read.values()}) == 2


@pytest.mark.parametrize("found", [None, 17, {"~type": "Nothing"}, {"~type": "Stamp"}, {"~enum": "Role"}, ["x"]])
def test_what_is_no_view_in_the_cache_is_built_anew(
    product: Product, monkeypatch: pytest.MonkeyPatch, found: object
) -> None:
    class Poisoned(DataCache):
        def __init__(self) -> None:
            """Without a store."""

        def get_or_compute(self, *_arguments: object, **_options: object) -> object:
            return found

    fresh = object()
    monkeypatch.setattr(Overview, "_build", lambda *_arguments: fresh)
    eva = product.services.accounts.viewer_by_email("executive")
    assert shared(product, Poisoned()).view(Filters(), eva) is fresh


@pytest.mark.parametrize("change", ["filters", "definitions"])
def test_other_filters_and_other_definitions_are_built_anew(
    product: Product, cache: DataCache, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    eva = product.services.accounts.viewer_by_email("executive")
    shared(product, cache).view(Filters(), eva)
    count = 0
    real = Overview._build

    def counted(*arguments: object) -> object:
        nonlocal count
        count += 1
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Overview, "_build", counted)
    filters = Filters(period="6m") if change == "filters" else Filters()
    if change == "definitions":
        monkeypatch.setattr("dashapp.shared_overview.definitions_version", lambda: "another")
    shared(product, cache).view(filters, eva)
    assert count == 1
