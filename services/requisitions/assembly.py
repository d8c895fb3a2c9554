"""The parts of the area, put together for whoever shows or changes a requisition."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.mart.reader import MartReader
from services.metrics.clock_traces import ClockTraces
from services.metrics.day_names import StoreDayNames
from services.metrics.pages.frame import Desk
from services.metrics.query import QueryLayer
from services.requisitions.editing import RequisitionEdits
from services.requisitions.listing import RequisitionListing
from services.requisitions.one import OneRequisitionPage
from services.store.database import Store


class Requisitions(NamedTuple):
    listing: RequisitionListing
    edits: RequisitionEdits
    one: OneRequisitionPage


@lru_cache(maxsize=4)
def make_requisitions(
    mart: MartReader, query: QueryLayer, store: Store, policy: Policy, accounts: Accounts, audit: AuditLog
) -> Requisitions:
    """Nothing is opened yet. ``query`` must read from ``mart``; the same parts give the same object."""
    edits = RequisitionEdits(store, policy, accounts, audit)
    traces = ClockTraces(mart, StoreDayNames(store))
    return Requisitions(
        RequisitionListing(mart, Desk(query, store), policy), edits, OneRequisitionPage(edits, mart, store, traces)
    )
