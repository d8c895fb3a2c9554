"""Who is signed in: our server-side sessions for Flask, Flask-Login on top, the sign-in form, sign out."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Request, Response, g, make_response, redirect, render_template, request
from flask import session as flask_session
from flask.sessions import SessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadData, URLSafeTimedSerializer

from callbacks.session import viewer_or_none
from services.accounts.sessions import ABSOLUTE
from services.domain.errors import HireboardError, NotSignedInError, RetryLaterError, TooManyAttemptsError

if TYPE_CHECKING:
    from services.accounts.directory import Accounts
    from services.domain.people import Viewer

FORM_SECONDS = 3600
CSRF_KEY = "csrf_token"
CSRF_COOKIE = "_csrf_token"
"""Dash's own scripts read it under this name."""
UNTIMED_PATHS = frozenset({"/api/version"})
"""Polled by open tabs: does not count as use, so it cannot keep an idle session alive."""
AUTOMATIC = "X-Hireboard-Automatic"
"""Sent by the page's script with what it asks by itself, when something changed: no sign of use either."""
COOKIELESS_PREFIXES = ("/assets/", "/_dash-component-suites/", "/healthz", "/readyz", "/api/v1/")
"""Where a session counts for nothing: files, and programs, which send a token instead."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class WebSession(dict[str, Any], SessionMixin):
    """What Flask calls the session. ``token`` None = nobody is signed in; then only the form's CSRF secret is kept."""

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        *,
        viewer: Viewer | None = None,
        token: str | None = None,
        fault: HireboardError | None = None,
    ) -> None:
        super().__init__(data or {})
        self.stored = dict(self)
        self.viewer = viewer
        self.token = token
        self.fault = fault
        self.is_over = False
        """The browser still holds the cookie of a session that has ended."""


class StoredSessions(SessionInterface):
    """A random token in the cookie, its SHA-256 in the table; reading writes nothing.

    Before sign-in the form's CSRF secret lives in a signed cookie of its own, so that a visitor costs no row; it says
    nothing about who somebody is, and is replaced at sign-in.
    """

    def __init__(self, accounts: Accounts, secret_key: str, *, is_https: bool) -> None:
        self._accounts = accounts
        self._is_https = is_https
        prefix = "__Host-" if is_https else ""
        self.cookie = f"{prefix}hireboard"
        self.form_cookie = f"{prefix}hireboard_form"
        self._serializer = URLSafeTimedSerializer(secret_key, salt="hireboard sign-in form")

    def open_session(self, app: Flask, request: Request) -> WebSession:
        del app
        if request.path.startswith(COOKIELESS_PREFIXES):
            return WebSession()
        token = request.cookies.get(self.cookie)
        if not token:
            return WebSession(self._form_data(request))
        try:
            found = self._accounts.signed_in(token, touch=not _is_untimed(request))
        except RetryLaterError as error:
            # Raised again by the gate: errors here would bypass the error pages.
            return WebSession(fault=error)
        if found is None:
            over = WebSession(self._form_data(request))
            over.is_over = True
            return over
        return WebSession(dict(found.data), viewer=found.viewer, token=token)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        del app
        if not isinstance(session, WebSession) or session.fault is not None:
            return
        if session.token is not None:
            return
        if session.is_over:
            self.clear(response)
        if CSRF_KEY in session and session.get(CSRF_KEY) != session.stored.get(CSRF_KEY):
            value = self._serializer.dumps(session[CSRF_KEY])
            self._set(response, self.form_cookie, str(value), FORM_SECONDS)

    def start(self, response: Response, token: str) -> None:
        """Hand the browser its new token; nothing of the time before sign-in stays."""
        self._set(response, self.cookie, token, int(ABSOLUTE.total_seconds()))
        self._delete(response, self.form_cookie)

    def clear(self, response: Response) -> None:
        for name in (self.cookie, self.form_cookie, CSRF_COOKIE):
            self._delete(response, name)

    def tell_csrf(self, response: Response) -> None:
        """The token that scripts send back as a header; readable by them on purpose."""
        response.set_cookie(
            CSRF_COOKIE, generate_csrf(), secure=self._is_https, httponly=False, samesite="Strict", path="/"
        )

    def _form_data(self, request: Request) -> dict[str, Any]:
        raw = request.cookies.get(self.form_cookie)
        if not raw:
            return {}
        try:
            secret = self._serializer.loads(raw, max_age=FORM_SECONDS)
        except BadData:
            return {}
        return {CSRF_KEY: secret} if isinstance(secret, str) else {}

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, secure=self._is_https, httponly=True, samesite="Lax", path="/"
        )

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self._is_https, httponly=True, samesite="Lax")


class SignedInUser(UserMixin):
    """Flask-Login's view of our viewer."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.id = str(viewer.user_id)


def install_login(server: Flask, accounts: Accounts, sessions: StoredSessions) -> None:
    """Sessions, ``current_user``, ``/login`` and ``/logout`` on ``server``."""
    server.session_interface = sessions
    manager = LoginManager(server)
    manager.session_protection = None  # the token is bound to a row; an address may change on the way

    @manager.request_loader
    def _load(_request: Request) -> SignedInUser | None:
        viewer = viewer_or_none()
        return None if viewer is None else SignedInUser(viewer)

    server.register_blueprint(_pages(accounts, sessions))


def _pages(accounts: Accounts, sessions: StoredSessions) -> Blueprint:
    blueprint = Blueprint("session", __name__)

    @blueprint.get("/login")
    def login() -> ResponseReturnValue:
        if viewer_or_none() is not None:
            return redirect(safe_next(request.args.get("next")))
        return _form()

    @blueprint.post("/login")
    def sign_in() -> ResponseReturnValue:
        email = request.form.get("email", "")
        try:
            viewer = accounts.authenticate(email, request.form.get("password", ""), request.remote_addr or "")
            assert viewer.user_id is not None  # noqa: S101 - authenticate returns people, never the local operator
            token = accounts.open_session(
                viewer.user_id,
                data={CSRF_KEY: secrets.token_hex(20)},
                user_agent=request.user_agent.string,
                replaces=request.cookies.get(sessions.cookie),
            )
        except NotSignedInError as error:
            return _form(401, str(error), email)
        except TooManyAttemptsError as error:
            return _form(429, str(error), email)
        login_user(SignedInUser(viewer))
        response = make_response(redirect(safe_next(request.args.get("next")), 303))
        flask_session.clear()
        sessions.start(response, token)
        return response

    @blueprint.post("/logout")
    def sign_out() -> ResponseReturnValue:
        token = getattr(flask_session, "token", None)
        if token:
            accounts.close_session(token)
        logout_user()
        g.viewer = None
        response = make_response(redirect("/login", 303))
        sessions.clear(response)
        flask_session.clear()
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return blueprint


def _form(status: int = 200, problem: str | None = None, email: str = "") -> ResponseReturnValue:
    """The plain HTML form; works without scripts."""
    heading = "You are signed out." if "ended" in request.args else None
    page = render_template("sign_in.html", problem=problem, email=email[:254], notice=heading)
    response = make_response(page, status)
    if status == 429:  # noqa: PLR2004 - the status code is the name
        response.headers["Retry-After"] = "900"
    return response


def _is_untimed(request: Request) -> bool:
    return request.path in UNTIMED_PATHS or request.headers.get(AUTOMATIC) == "1"


def safe_next(target: str | None) -> str:
    """Where to go after sign-in: a path on this server, never another site; the start page otherwise."""
    if not target or not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return "/"
    if any(ord(letter) < 0x20 or letter == "\\" for letter in target):  # noqa: PLR2004 - control characters
        return "/"
    if target.startswith(("/login", "/logout")):
        return "/"
    return target
