"""Sources and quality: conversion and hires by source, and how the hires do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callbacks.pages.filtered import FilteredPage
from services.access.policy import Action
from services.domain.filters import filters_of
from services.metrics.pages.frame import Desk
from services.metrics.pages.sources import PAGE, TITLE, SourcesPage

if TYPE_CHECKING:
    from callbacks.registry import PageRequest
    from services.domain.views import PageView


def view(request: PageRequest) -> PageView:
    services = request.services
    desk = Desk(services.query, services.store, services.overview.standing)
    return SourcesPage(desk).view(filters_of(request.query), request.viewer)


SOURCES = FilteredPage(PAGE, "/sources", TITLE, Action.SOURCES_VIEW, view)
page, register = SOURCES.page, SOURCES.register
