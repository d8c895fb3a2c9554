"""How a figure comes about, put together for whoever shows one: traces, movements, matches."""

from __future__ import annotations

from typing import NamedTuple

from services.mart.reader import MartReader
from services.metrics.clock_traces import ClockTraces
from services.metrics.day_names import StoreDayNames
from services.metrics.decomposition import Movements
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.metrics.time_machine import TimeMachine
from services.metrics.vendor_match import VendorMatches
from services.store.database import Store


class Explanations(NamedTuple):
    traces: ClockTraces
    movements: Movements
    matches: VendorMatches
    past: TimeMachine


def make_explanations(mart: MartReader, query: QueryLayer, store: Store) -> Explanations:
    """Nothing is opened yet. ``query`` must read from ``mart``."""
    past = TimeMachine(mart.folder.path, StoreNames(store))
    traces = ClockTraces(mart, StoreDayNames(store))
    return Explanations(traces, Movements(query, past), VendorMatches(query, mart), past)
