"""How pages, routes and callbacks are declared. Nothing registers without naming the action it needs.

A page is one line in ``callbacks.pages.PAGES``::

    PageSpec("/", "Overview", Action.OVERVIEW_VIEW, icon="overview", group="Hiring", layout=overview.page,
             register=overview.register)

``layout(request)`` returns the page's component tree; it may call one service. ``register(app, services)`` adds its
callbacks with ``app.callback(..., requires=Action.X)``. ``routes`` are plain HTTP answers of the page (a PDF, a mail).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dash import Dash
from dash import _callback as dash_globals  # the check that nothing was registered behind our back
from dash._utils import to_json
from flask import Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from callbacks.session import current_viewer, viewer_or_none
from layouts.navigation import NavItem
from services.access.policy import Action, Policy
from services.domain.people import Viewer

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services


@dataclass(frozen=True)
class PageRequest:
    """What a page's layout or a route's view gets."""

    viewer: Viewer
    services: Services
    parameters: Mapping[str, str]
    """The placeholders of the path."""
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The address's query, hostile: parse it."""


@dataclass(frozen=True)
class RouteSpec:
    """A plain HTTP address: ``rule`` in Flask's notation. ``view`` raises a HireboardError to refuse."""

    rule: str
    action: Action
    view: Callable[[PageRequest], ResponseReturnValue]
    methods: tuple[str, ...] = ("GET",)


@dataclass(frozen=True)
class PageSpec:
    """A page of the product. ``path`` may hold placeholders (``/reports/<id>``), each one path segment."""

    path: str
    title: str
    action: Action
    icon: str
    group: str
    layout: Callable[[PageRequest], Component]
    nav: bool = True
    """False = not in the side bar (a page of one thing)."""
    filtered: bool = False
    """The page follows the filters: links to it from other pages carry those that are set."""
    restricted: bool = False
    """Sensitive figures: the side bar shows a lock to those who may open it."""
    register: Callable[[GuardedDash, Services], None] | None = None
    routes: tuple[RouteSpec, ...] = ()


class PageTable:
    """The pages of one server: finds the page of a path, and what a viewer may open."""

    def __init__(self, pages: Iterable[PageSpec]) -> None:
        self.pages = tuple(pages)
        rules = [Rule(page.path, endpoint=str(index)) for index, page in enumerate(self.pages)]
        self._map = Map(rules, strict_slashes=False, merge_slashes=False, redirect_defaults=False).bind("")

    def match(self, path: object) -> tuple[PageSpec, dict[str, str]] | None:
        """The page at ``path`` (hostile: any JSON value) and its placeholders; None = there is none."""
        if not isinstance(path, str) or not path.startswith("/"):
            return None
        try:
            endpoint, parameters = self._map.match(path, method="GET")
        except HTTPException:
            return None
        return self.pages[int(endpoint)], dict(parameters)

    def navigation(self, policy: Policy, viewer: Viewer | None) -> tuple[NavItem, ...]:
        return tuple(
            NavItem(page.path, page.title, page.icon, page.group, page.filtered, page.restricted)
            for page in self.pages
            if page.nav and policy.can(viewer, page.action)
        )


def path_parameters(rule: str, path: object) -> dict[str, str] | None:
    """Placeholders of ``path`` (hostile) under a page's ``rule``; None = the path is another page's."""
    if not isinstance(path, str) or not path.startswith("/"):
        return None
    try:
        _, parameters = (
            Map([Rule(rule, endpoint="page")], strict_slashes=False, merge_slashes=False).bind("").match(path)
        )
    except HTTPException:
        return None
    return dict(parameters)


class GuardedDash(Dash):
    """Dash whose callbacks need ``requires=Action.X``: refused at registration without, checked again at each call.

    ``policies`` maps every callback's output id to its action, client-side ones included; ``response_seconds`` those
    whose final answer may be kept in the response cache (``cache_response=SECONDS``).
    """

    def __init__(self, policy: Policy, **settings: Any) -> None:
        self.policy = policy
        self.policies: dict[str, Action] = {}
        self.response_seconds: dict[str, int] = {}
        self._here: frozenset[str] = frozenset()
        # With validation on, Dash would ship every page's layout to everybody.
        super().__init__(suppress_callback_exceptions=True, enable_mcp=False, use_pages=False, **settings)

    def callback(
        self, *dependencies: Any, requires: Action | None = None, cache_response: int = 0, **settings: Any
    ) -> Callable[..., Any]:
        """As Dash's, plus ``requires``. Raises TypeError without it, or for callbacks that would bypass the gate."""
        action = _gated(requires, settings)
        known = len(self._callback_list)
        register = super().callback(*dependencies, **settings)
        (output,) = {entry["output"] for entry in self._callback_list[known:]}
        self.policies[output] = action
        if cache_response:
            self.response_seconds[output] = cache_response

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            guarded = self.guard(function, action)
            register(guarded)
            return guarded

        return decorate

    def clientside_callback(
        self, clientside_function: Any, *dependencies: Any, requires: Action | None = None, **settings: Any
    ) -> None:
        """As Dash's, plus ``requires``: who is told about it. It never reaches the server."""
        action = _gated(requires, settings)
        known = len(self._callback_list)
        super().clientside_callback(clientside_function, *dependencies, **settings)
        (output,) = {entry["output"] for entry in self._callback_list[known:]}
        self.policies[output] = action

    def guard(self, function: Callable[..., Any], action: Action) -> Callable[..., Any]:
        """``function`` behind the policy: NotSignedInError or ForbiddenError before it runs."""

        @functools.wraps(function)
        def guarded(*arguments: Any, **keywords: Any) -> Any:
            self.policy.require(current_viewer(), action)
            return function(*arguments, **keywords)

        return guarded

    def dependencies(self) -> Response:
        """What the browser is told about callbacks: only those the viewer may use."""
        viewer = viewer_or_none()
        told = [
            entry
            for entry in self._callback_list
            if (action := self.policies.get(entry["output"])) and self.policy.can(viewer, action)
        ]
        return Response(to_json(told), content_type="application/json")

    def _config(self) -> dict[str, Any]:
        """What the page tells the browser about the server: not which interpreter it runs on."""
        config: dict[str, Any] = super()._config()
        config["python_version"] = ""
        return config

    def finalize(self) -> None:
        """Call at the end of the factory. RuntimeError: a callback has no policy or was registered elsewhere."""
        self._here = self._outputs_here()
        strays = [*dash_globals.GLOBAL_CALLBACK_LIST, *dash_globals.GLOBAL_API_PATHS]
        if strays:
            raise RuntimeError(f"callbacks registered with dash.callback instead of app.callback: {strays}")
        outputs = {entry["output"] for entry in self._callback_list} | set(self.callback_map)
        missing = sorted(outputs - set(self.policies))
        if missing:
            raise RuntimeError(f"callbacks without a policy: {missing}")

    def prepare(self) -> None:
        """What Dash would do at the first request, done before: scripts and styles are known, callbacks complete."""
        with self.server.app_context():
            self._setup_server()

    @property
    def server_outputs(self) -> frozenset[str]:
        """Output ids of callbacks that run here, known after ``finalize``; the rest run in the browser."""
        return self._here

    def _outputs_here(self) -> frozenset[str]:
        return frozenset(entry["output"] for entry in self._callback_list if not entry.get("clientside_function"))

    def accepts(self, body: Mapping[str, Any]) -> bool:
        """Whether ids, properties and counts of a request are the registered ones. Values are the callback's job."""
        output = body["output"]
        registered = self.callback_map[output]
        for key in ("inputs", "state"):
            sent, expected = body.get(key, []), registered[key]
            if not isinstance(sent, list) or len(sent) != len(expected):
                return False
            if not all(_same(wanted, got) for wanted, got in zip(expected, sent, strict=True)):
                return False
        return _same_outputs(output, body.get("outputs")) and _changed_ids_are_text(body)


def _gated(requires: Action | None, settings: Mapping[str, Any]) -> Action:
    if not isinstance(requires, Action):
        raise TypeError("a callback needs requires=Action.X: without one nobody may call it")
    if requires is Action.PUBLIC:
        raise TypeError("a callback cannot be public: Dash's addresses need a session")
    if any(settings.get(name) for name in ("api_endpoint", "websocket", "background")):
        raise TypeError("api_endpoint, websocket and background callbacks bypass the gate")
    return requires


def _same(expected: Mapping[str, Any], sent: object) -> bool:
    is_pattern = expected["id"].startswith("{")
    if isinstance(sent, list):  # ALL, ALLSMALLER
        return is_pattern and all(isinstance(one, dict) and _same(expected, one) for one in sent)
    if not isinstance(sent, dict) or sent.get("property") != expected["property"]:
        return False
    got = sent.get("id")
    if not isinstance(got, dict):
        return bool(got == expected["id"])
    if not is_pattern:
        return False
    pattern = json.loads(expected["id"])
    return set(pattern) == set(got) and all(
        isinstance(value, list) or value == got[key] for key, value in pattern.items()
    )


def _same_outputs(output: str, sent: object) -> bool:
    """The outputs named in the request are those of the callback: Dash would use what the browser says."""
    expected = output[2:-2].split("...") if output.startswith("..") else [output]
    listed = sent if output.startswith("..") else [sent]
    if not isinstance(listed, list) or len(listed) != len(expected):
        return False
    return all(_names(wanted, got) for wanted, got in zip(expected, listed, strict=True))


def _names(expected: str, sent: object) -> bool:
    if isinstance(sent, list):
        return expected.startswith("{") and all(_names(expected, one) for one in sent)
    if not isinstance(sent, dict):
        return False
    identity, prop = sent.get("id"), sent.get("property")
    if expected.startswith("{"):
        pattern, _, wanted = expected.rpartition(".")
        return isinstance(identity, dict) and set(json.loads(pattern)) == set(identity) and prop == wanted
    return expected.replace("\\.", ".") == f"{identity}.{prop}"


def _changed_ids_are_text(body: Mapping[str, Any]) -> bool:
    changed = body.get("changedPropIds", [])
    return isinstance(changed, list) and all(isinstance(one, str) for one in changed)
