"""Requisitions: the list under the filter bar, with search, state, order and place in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from callbacks.pages.filtered import FilteredPage
from callbacks.registry import PageRequest
from layouts.pages.requisitions import draw_list
from services.access.policy import Action
from services.domain.filters import filters_of
from services.domain.requisition_pages import (
    CURRENT,
    LARGEST_PAGE,
    LONGEST_SEARCH,
    SORTS,
    STATES,
    ListSettings,
    RequisitionList,
)

if TYPE_CHECKING:
    from services.domain.views import PageView


def settings_of(query: Mapping[str, Sequence[str]]) -> ListSettings:
    """What the address says (hostile); what it does not say in our words is as on a fresh page."""
    state, search = _first(query, "state"), " ".join(_first(query, "q").split())
    sort, page = _first(query, "sort"), _first(query, "page")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= len(str(LARGEST_PAGE)) else 1
    return ListSettings(
        state=state if state in dict(STATES) else CURRENT,
        search=search if len(search) <= LONGEST_SEARCH and search.isprintable() else "",
        sort=sort if sort in SORTS else "",
        descending=_first(query, "order") == "desc",
        page=min(max(number, 1), LARGEST_PAGE),
    )


def _first(query: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(query.get(name, ())), "")


def view(request: PageRequest) -> PageView:
    listing = request.services.requisitions.listing
    return listing.view(filters_of(request.query), settings_of(request.query), request.viewer)


PAGE = FilteredPage(
    "requisitions",
    "/requisitions",
    "Requisitions",
    Action.REQUISITIONS_VIEW,
    view,
    {RequisitionList: draw_list},
    response_seconds=60,
)
