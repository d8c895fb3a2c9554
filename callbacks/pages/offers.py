"""Offers and pay: how offers end; pay for those who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callbacks.pages.filtered import FilteredPage
from services.access.policy import Action
from services.domain.filters import filters_of
from services.metrics.pages.frame import Desk
from services.metrics.pages.offers import PAGE, TITLE, OffersPage

if TYPE_CHECKING:
    from callbacks.registry import PageRequest
    from services.domain.views import PageView


def view(request: PageRequest) -> PageView:
    services = request.services
    desk = Desk(services.query, services.store, services.overview.standing)
    return OffersPage(desk).view(filters_of(request.query), request.viewer)


OFFERS = FilteredPage(PAGE, "/offers", TITLE, Action.OFFERS_VIEW, view)
page, register = OFFERS.page, OFFERS.register
