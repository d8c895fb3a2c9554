"""The router: fills the page container when the address changes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from dash import Input, Output, State

from callbacks.registry import GuardedDash, PageRequest, PageTable
from callbacks.session import current_viewer, tell_refused
from layouts import ids
from layouts.pages.states import no_access
from services.access.policy import Action

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services

MAX_QUERY = 8_000


def parse_query(search: object) -> dict[str, list[str]]:
    """The address's query as lists by name. Hostile input: anything that is no reasonable query is an empty one."""
    if not isinstance(search, str) or len(search) > MAX_QUERY:
        return {}
    try:
        return parse_qs(search.removeprefix("?"), keep_blank_values=True, max_num_fields=500)
    except ValueError:
        return {}


def register(app: GuardedDash, services: Services, pages: PageTable) -> None:
    @app.callback(
        Output(ids.PAGE, "children"),
        Input(ids.URL, "pathname"),
        State(ids.URL, "search"),
        requires=Action.SESSION_USE,
    )
    def show_page(path: object, search: object) -> Component:
        return page_content(services, pages, path, search)


def page_content(services: Services, pages: PageTable, path: object, search: object = "") -> Component:
    """The page at ``path`` for the signed-in viewer; words where there is none, or none for them."""
    viewer = current_viewer()
    found = pages.match(path)
    if found is None:
        return no_access("this page", "No page has this address. Check it, or start from the overview.")
    page, parameters = found
    if not services.policy.can(viewer, page.action):
        tell_refused(page.path)
        words = "Your role does not include this page. Ask an administrator if you need it for your work."
        return no_access(page.title, words)
    return page.layout(PageRequest(viewer, services, parameters, parse_query(search)))
