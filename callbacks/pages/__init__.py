"""The pages of the product, in the order of the side bar. One line each."""

from __future__ import annotations

from callbacks.pages import overview, reports
from callbacks.registry import PageSpec, RouteSpec
from services.access.policy import Action

PAGES: tuple[PageSpec, ...] = (
    PageSpec(
        "/",
        "Overview",
        Action.OVERVIEW_VIEW,
        icon="overview",
        group="Hiring",
        layout=overview.page,
        register=overview.register,
    ),
    PageSpec(
        "/reports",
        "Reports",
        Action.ARCHIVE_VIEW,
        icon="reports",
        group="Decisions",
        layout=reports.page,
        register=reports.register,
        routes=(
            RouteSpec("/reports/<public_id>/open", Action.ARCHIVE_VIEW, reports.open_document),
            RouteSpec("/reports/<public_id>/download", Action.ARCHIVE_VIEW, reports.download),
        ),
    ),
)
