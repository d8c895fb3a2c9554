"""Interviews: waits, lateness of feedback, load of panels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from callbacks.pages.filtered import FilteredPage
from layouts.components.team_parts import switch_card
from layouts.pages.filtered import Draw
from services.access.policy import Action
from services.domain.filters import filters_of
from services.domain.team_views import Switch
from services.metrics.pages.frame import Desk
from services.reporting.pages.interviews import InterviewsPage
from services.reporting.pages.questions import page_number

if TYPE_CHECKING:
    from callbacks.registry import PageRequest
    from services.container import Services
    from services.domain.views import PageView


def interviews_page(services: Services) -> InterviewsPage:
    desk = Desk(services.query, services.store, services.overview.standing)
    return InterviewsPage(desk, services.policy, lambda: services.query.limits.interview_hours)


def _view(request: PageRequest) -> PageView:
    return interviews_page(request.services).view(filters_of(request.query), request.viewer, page_number(request.query))


DRAW: Mapping[type, Draw] = {Switch: switch_card}
PAGE = FilteredPage("interviews", "/interviews", "Interviews", Action.INTERVIEWS_VIEW, _view, DRAW)
