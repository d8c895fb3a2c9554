"""Teams: load, results and plan of departments or regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callbacks.pages.filtered import FilteredPage
from layouts.components.team_parts import switch_card, what_if_card
from services.access.policy import Action
from services.domain.filters import filters_of
from services.domain.team_views import Switch, WhatIf
from services.metrics.pages.frame import Desk
from services.reporting.pages.teams import TeamsPage

if TYPE_CHECKING:
    from callbacks.registry import PageRequest
    from services.container import Services
    from services.domain.views import PageView


def teams_page(services: Services) -> TeamsPage:
    desk = Desk(services.query, services.store, services.overview.standing)
    return TeamsPage(desk, services.policy, services.planning)


def _view(request: PageRequest) -> PageView:
    return teams_page(request.services).view(filters_of(request.query), request.query, request.viewer)


# capacity lies in the store and may change between batches, so answers are not kept
PAGE = FilteredPage(
    "teams",
    "/teams",
    "Teams",
    Action.TEAMS_VIEW,
    _view,
    {Switch: switch_card, WhatIf: what_if_card},
    response_seconds=0,
)
