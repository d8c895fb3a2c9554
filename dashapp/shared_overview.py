"""The Overview's view models in the cache that all workers share: what one has worked out, the others read."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from services.domain.views import OverviewView
from services.metrics.overview import Overview
from services.metrics.registry import REGISTRY
from services.metrics.selection import Asks, Selection
from services.reporting.view_json import from_plain, to_plain
from services.validation.standing import Standing

if TYPE_CHECKING:
    from dashapp.caching import DataCache
    from services.domain.views import FilterChoice, Stamp
    from services.store.database import Store

SECONDS = 600


@cache
def definitions_version() -> str:
    """Changes with the program and with each metric's version, so that no kept answer outlives its definition."""
    versions = sorted((metric.id, metric.version) for metric in REGISTRY.values())
    raw = json.dumps([metadata.version("hireboard"), versions])
    return hashlib.sha256(raw.encode()).hexdigest()[:16]


class SharedOverview(Overview):
    """Overview keeps the latest views of its own process; here the others' are looked up before one is built."""

    def __init__(self, query: Asks, store: Store, shared: DataCache) -> None:
        super().__init__(query, store, Standing(store, {metric.id: metric.name for metric in REGISTRY.values()}))
        self._shared = shared

    def _build(self, selection: Selection, stamp: Stamp, options: tuple[FilterChoice, ...]) -> OverviewView:
        built: list[OverviewView] = []

        def build() -> object:
            built.append(super(SharedOverview, self)._build(selection, stamp, options))
            return to_plain(built[0])

        version = f"{definitions_version()} {stamp.snapshot} {stamp.as_of.isoformat()}"
        plain = self._shared.get_or_compute(
            selection.viewer, "overview", version, to_plain(selection.filters), build, seconds=SECONDS
        )
        return built[0] if built else _read(plain) or super()._build(selection, stamp, options)


def _read(plain: object) -> OverviewView | None:
    """None = the cache holds something that is no view of this version."""
    try:
        view = from_plain(plain)
    except (KeyError, TypeError, ValueError):
        return None
    return view if isinstance(view, OverviewView) else None
