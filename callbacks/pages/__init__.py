"""The pages of the product, in the order of the side bar. One line each."""

from __future__ import annotations

from callbacks.pages import overview
from callbacks.registry import PageSpec
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
)
