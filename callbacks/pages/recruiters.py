"""Recruiters: a list in alphabetical order for those who may see people, and the page of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from callbacks.pages.filtered import FilteredPage
from layouts.components.team_parts import expected_card, switch_card
from layouts.pages.filtered import Draw
from services.access.policy import Action
from services.domain.filters import filters_of
from services.domain.team_views import Expected, Switch
from services.metrics.pages.frame import Desk
from services.reporting.pages.questions import attribution_of
from services.reporting.pages.recruiter import RecruiterPage
from services.reporting.pages.recruiters import RecruitersPage

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from callbacks.registry import GuardedDash, PageRequest
    from services.container import Services
    from services.domain.views import PageView

DRAW: Mapping[type, Draw] = {Switch: switch_card, Expected: expected_card}


def _desk(services: Services) -> Desk:
    return Desk(services.query, services.store, services.overview.standing)


def _recruiter(services: Services) -> RecruiterPage:
    return RecruiterPage(_desk(services), services.policy, services.mart)


def _one(request: PageRequest) -> PageView:
    page = _recruiter(request.services)
    recruiter = request.parameters["recruiter_id"]
    return page.view(recruiter, filters_of(request.query), attribution_of(request.query), request.viewer)


def _own(request: PageRequest) -> PageView:
    """Without the right to see others the list is one's own page."""
    page = _recruiter(request.services)
    own = str(request.viewer.person_id)
    return page.view(own, filters_of(request.query), attribution_of(request.query), request.viewer, "/recruiters")


def _all(request: PageRequest) -> PageView:
    services = request.services
    page = RecruitersPage(_desk(services), services.policy, services.mart)
    return page.view(filters_of(request.query), request.query, request.viewer)


# rights alone do not tell whose own page it is, so answers about one person are not kept for others
ONE = FilteredPage(
    "recruiter",
    "/recruiters/<recruiter_id>",
    "Recruiter",
    Action.RECRUITERS_VIEW_OWN,
    _one,
    DRAW,
    response_seconds=0,
)
OWN = FilteredPage(
    "recruiter-own", "/recruiters", "Recruiters", Action.RECRUITERS_VIEW_OWN, _own, DRAW, response_seconds=0
)
LIST = FilteredPage("recruiters", "/recruiters", "Recruiters", Action.RECRUITERS_VIEW, _all, DRAW)


def page(request: PageRequest) -> Component:
    """A recruiter is led to her own page."""
    if request.services.policy.can(request.viewer, Action.RECRUITERS_VIEW):
        return LIST.page(request)
    return OWN.page(request)


def register(app: GuardedDash, services: Services) -> None:
    for one in (ONE, OWN, LIST):
        one.register(app, services)
