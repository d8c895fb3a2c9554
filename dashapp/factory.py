"""Builds the web server: sessions, gate, pages, callbacks, headers. Refuses to build one with a hole in its policy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from callbacks import routing
from callbacks.pages import PAGES
from callbacks.registry import GuardedDash, PageRequest, PageSpec, PageTable, RouteSpec
from callbacks.session import current_viewer, viewer_or_none
from dashapp.api.bearer import BearerGate
from dashapp.api.requisitions import requisition_routes
from dashapp.api.routes import api_routes
from dashapp.auth import StoredSessions, install_login
from dashapp.caching import CacheStore, DataCache, ResponseCache
from dashapp.compression import CompressedFiles, install_compression, warm
from dashapp.health import health_routes
from dashapp.refusals import install_refusals
from dashapp.refused_access import install_refused_access
from dashapp.security import (
    MAX_BODY_BYTES,
    PAGE_RULES,
    Gate,
    content_security_policy,
    install_gate,
    install_headers,
)
from dashapp.shared_overview import SharedOverview, definitions_version
from dashapp.survey_pages import survey_routes
from dashapp.wiring import build_services
from layouts.shell import INDEX_STRING, shell_layout
from services.accounts.tokens import Tokens
from services.audit.refusals import Refusals
from services.domain.errors import ConfigurationError
from services.reporting.definitions.naming import company_name

if TYPE_CHECKING:
    from dashapp.config import Settings
    from services.container import Services

TITLE = "Hireboard"
ICON = '<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">'
HERE = Path(__file__).resolve().parent
_LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]


def assets_folder() -> Path:
    """Beside the package in a checkout, inside it in an installed wheel."""
    inside = HERE / "_assets"
    return inside if inside.is_dir() else HERE.parent / "assets"


def create_server(settings: Settings, services: Services | None = None, pages: Iterable[PageSpec] = PAGES) -> Flask:
    """The whole web application. RuntimeError when a route or callback has no policy.

    The gate, which knows the Dash application, is at ``server.extensions["hireboard"]``, the services at
    ``server.extensions["hireboard.services"]``.
    """
    if os.environ.get("DASH_MCP_ENABLED"):
        raise ConfigurationError("DASH_MCP_ENABLED is set: it opens an address past the policy. Unset it.")
    services = services or build_services(settings)
    table = PageTable(pages)
    server = _flask(settings)
    store = CacheStore(server, folder=str(settings.cache_dir), redis_url=settings.redis_url)
    services = services._replace(overview=SharedOverview(services.query, services.store, DataCache(store)))
    sessions = StoredSessions(services.accounts, settings.signing_key(), is_https=settings.is_https)
    tokens = Tokens(services.store, services.accounts.caller, services.audit)
    programs = BearerGate(services.policy, tokens)
    gate = Gate(services.policy, table, sessions, CSRFProtect(), programs)
    install_gate(server, gate)
    install_refusals(server)
    install_refused_access(server, Refusals(services.store, services.audit), table, PAGE_RULES)
    install_login(server, services.accounts, sessions)
    server.register_blueprint(health_routes(services.store, services.mart))
    server.register_blueprint(survey_routes(services))
    server.register_blueprint(api_routes(services))
    server.register_blueprint(requisition_routes(services))
    _add_routes(server, gate, services, table)
    gate.responses = ResponseCache(store, lambda: _stamp(services))
    gate.app = _dash(server, services, table)
    _install_responses(server, gate, settings)
    gate.check_complete(server)
    server.extensions["hireboard"] = gate
    server.extensions["hireboard.services"] = services
    return server


def _stamp(services: Services) -> str:
    """What kept answers depend on besides who asks what: definitions, snapshot, limits that are set."""
    return f"{definitions_version()} {services.mart.snapshot().version} {services.query.limits.version}"


def _flask(settings: Settings) -> Flask:
    server = Flask("hireboard", root_path=str(HERE), template_folder="templates", static_folder=None)
    server.config.update(
        SECRET_KEY=settings.signing_key(),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=100,
        SESSION_COOKIE_SECURE=settings.is_https,
        TRUSTED_HOSTS=_hosts(settings),
    )
    server.jinja_env.globals["head_scripts"] = ["/assets/head/theme.js"]
    if settings.is_production:
        # One proxy in front, which writes the client's address and scheme.
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return server


def _hosts(settings: Settings) -> list[str]:
    """Names the server answers to: another name in the Host header is another site pointing at us."""
    named = urlsplit(settings.base_url).hostname
    return [*_LOOPBACK_NAMES, *([named] if named else [])]


def _dash(server: Flask, services: Services, table: PageTable) -> GuardedDash:
    app = GuardedDash(
        services.policy,
        server=server,
        title=TITLE,
        update_title="",
        assets_folder=str(assets_folder()),
        assets_path_ignore=["head"],
        index_string=INDEX_STRING.replace("{%favicon%}", ICON),
        add_log_handler=False,
    )

    def layout() -> object:
        viewer = viewer_or_none()
        company = company_name(services.store) if viewer else ""
        return shell_layout(viewer, table.navigation(services.policy, viewer), company)

    app.layout = layout
    routing.register(app, services, table)
    for page in table.pages:
        if page.register is not None:
            page.register(app, services)
    app.finalize()
    return app


def _add_routes(server: Flask, gate: Gate, services: Services, table: PageTable) -> None:
    for page in table.pages:
        for route in page.routes:
            gate.add(route)
            server.add_url_rule(
                route.rule,
                endpoint=f"{route.rule} {' '.join(route.methods)}",
                view_func=_view(route, services),
                methods=list(route.methods),
            )


def _view(route: RouteSpec, services: Services) -> Callable[..., ResponseReturnValue]:
    def view(**parameters: str) -> ResponseReturnValue:
        viewer = current_viewer()
        services.policy.require(viewer, route.action)
        return route.view(PageRequest(viewer, services, parameters, request.args.to_dict(flat=False)))

    return view


def _install_responses(server: Flask, gate: Gate, settings: Settings) -> None:
    """After a view, in this order: keep the answer, compress it, add the headers (Flask runs the last added first)."""
    app = gate.app
    responses = gate.responses
    if app is None or responses is None:
        raise RuntimeError("the gate has no application yet")
    app.prepare()
    csp = content_security_policy(list(app.csp_hashes()))
    install_headers(server, gate.sessions, lambda: csp, is_https=settings.is_https)
    install_compression(server, CompressedFiles())
    server.after_request(responses.keep)
    with server.test_request_context("/"):
        index = app.index()
    warm(server, index if isinstance(index, str) else "")
