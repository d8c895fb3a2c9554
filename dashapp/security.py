"""The gate before every route, and the headers after it.

Order within a request: who is it, may they use this route, does it come from our own page, and for a callback: does the
policy grant it and has it the registered shape. Only then a cached answer or the view itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request, session
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import SecurityError

from callbacks.registry import GuardedDash, PageTable, RouteSpec
from dashapp.api import bearer
from services.access.policy import Action, Policy
from services.domain.errors import ForbiddenError, NotFoundError, NotSignedInError

if TYPE_CHECKING:
    from dashapp.auth import StoredSessions
    from dashapp.caching import ResponseCache
    from services.domain.people import Viewer

MAX_BODY_BYTES = 2 * 1024 * 1024
CALLBACK_PATH = "/_dash-update-component"
RENDERER_TOKEN = "endId"  # noqa: S105 - the name of a query field
"""Dash's scripts send it with every call; only background callbacks, which are refused, would read it."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_IMMUTABLE = "public, max-age=31536000, immutable"
_PRIVATE = "no-store, private"

BUILT_IN_ROUTES: Mapping[str, Action] = {
    "/login": Action.PUBLIC,
    "/logout": Action.PUBLIC,
    "/survey/<token>": Action.PUBLIC,
    "/healthz": Action.PUBLIC,
    "/readyz": Action.PUBLIC,
    "/api/version": Action.SESSION_USE,
    "/assets/<path:filename>": Action.PUBLIC,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Action.PUBLIC,
    "/_favicon.ico": Action.PUBLIC,
    "/_dash-layout": Action.SESSION_USE,
    "/_dash-dependencies": Action.SESSION_USE,
    CALLBACK_PATH: Action.SESSION_USE,
    "/_reload-hash": Action.ADMIN_ACCESS,
    **bearer.ROUTES,
}
PAGE_RULES = frozenset({"/", "/<path:path>"})
"""Dash's index for any path; the page table decides."""


@dataclass
class Gate:
    """Everything the gate asks. ``routes`` maps Flask rules to actions; a rule that is not in it is refused."""

    policy: Policy
    pages: PageTable
    sessions: StoredSessions
    csrf: CSRFProtect
    programs: bearer.BearerGate
    app: GuardedDash | None = None
    responses: ResponseCache | None = None
    routes: dict[str, Action] = field(default_factory=lambda: dict(BUILT_IN_ROUTES))

    def add(self, route: RouteSpec) -> None:
        known = self.routes.setdefault(route.rule, route.action)
        if known is not route.action:
            raise RuntimeError(f"{route.rule} is declared for {known} and for {route.action}; it can have one policy")

    def check_complete(self, server: Flask) -> None:
        """RuntimeError when a rule of the server has no policy: such a server is not to start."""
        rules = {rule.rule for rule in server.url_map.iter_rules()}
        missing = sorted(rules - set(self.routes) - PAGE_RULES)
        if missing:
            raise RuntimeError(f"routes without a policy: {missing}. Give each an action in its RouteSpec.")

    def admit(self) -> Response | None:
        """The ``before_request``: None lets the request through."""
        fault = getattr(session, "fault", None)
        if fault is not None:
            raise fault
        if isinstance(request.routing_exception, SecurityError):
            raise request.routing_exception  # another host name: not even the form
        rule = request.url_rule.rule if request.url_rule is not None else None
        action = None if rule is None else self.routes.get(rule)
        if request.path.startswith(bearer.PREFIX):
            self.programs.admit(rule, action)
            return None
        viewer: Viewer | None = getattr(session, "viewer", None)
        g.viewer = viewer
        if action is not Action.PUBLIC:
            self._check_route(viewer, rule, action)
        if request.method not in _SAFE_METHODS:
            _check_origin()
            self.csrf.protect()
        return self._check_callback(viewer) if rule == CALLBACK_PATH and viewer is not None else None

    def _check_route(self, viewer: Viewer | None, rule: str | None, action: Action | None) -> None:
        if viewer is None:
            raise NotSignedInError("You are signed out. Sign in again; your filters are kept in the address.")
        if rule is None:
            return  # Flask answers 404 or 405 itself
        if rule in PAGE_RULES:
            found = self.pages.match(request.path)
            if found is None:
                raise NotFoundError("No page has this address. Check it, or start from the overview.")
            action = found[0].action
        if action is None:
            raise ForbiddenError("This address has no policy, so nobody may use it.")
        self.policy.require(viewer, action)

    def _check_callback(self, viewer: Viewer) -> Response | None:
        if self.app is None:
            abort(404)
        if not request.is_json:
            abort(415)
        if set(request.args) - {RENDERER_TOKEN}:
            abort(400)  # Dash reads handles of background jobs from the query; there are none
        body = _body()
        output = body.get("output")
        action = self.app.policies.get(output) if isinstance(output, str) else None
        if action is None or output not in self.app.server_outputs:
            abort(404)
        g.callback_output = output
        self.policy.require(viewer, action)
        if not self.app.accepts(body):
            abort(400)
        seconds = self.app.response_seconds.get(output)
        if seconds and self.responses is not None:
            return self.responses.look_up(viewer, body, seconds)
        return None


def install_gate(server: Flask, gate: Gate) -> None:
    """To be called before Dash adds its own hooks, so that the gate is the first."""
    server.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the gate calls it, in its place in the order
    server.config["WTF_CSRF_TIME_LIMIT"] = None
    gate.csrf.init_app(server)
    server.before_request(gate.admit)


def install_headers(server: Flask, sessions: StoredSessions, csp: Callable[[], str], *, is_https: bool) -> None:
    """Security and cache headers on every response. A view may set its own policy for framing or content first."""

    @server.after_request
    def _headers(response: Response) -> Response:
        is_page = response.mimetype == "text/html"
        if is_page and g.get("viewer") is not None:
            sessions.tell_csrf(response)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", csp())
        headers.setdefault("X-Frame-Options", "DENY")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        _cache_headers(response)
        return response


def content_security_policy(script_hashes: list[str]) -> str:
    """Scripts only from here or by hash. Styles may be inline: the components of the page set them so."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {' '.join(script_hashes)}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _cache_headers(response: Response) -> None:
    path = request.path
    if path.startswith("/assets/"):
        fingerprinted = "m" in request.args and response.status_code == 200  # noqa: PLR2004 - the code is the name
        response.headers["Cache-Control"] = _IMMUTABLE if fingerprinted else "public, max-age=300"
    elif path.startswith("/_dash-component-suites/"):
        if "max-age" in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = _IMMUTABLE
    elif path == "/api/version" and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = "no-cache, private"
        response.vary.add("Cookie")
    else:
        response.headers["Cache-Control"] = _PRIVATE
        response.vary.add("Authorization" if path.startswith(bearer.PREFIX) else "Cookie")


def _check_origin() -> None:
    """A browser says where a request comes from; another site's is refused even with a stolen token."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ForbiddenError("This request came from another site. Open the page here and try again.")
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForbiddenError("This request came from another site. Open the page here and try again.")


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        abort(400)
    return body
