"""What people and programs get when something is refused or fails: the right status, words, never a traceback."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from urllib.parse import quote

from dash.exceptions import DependencyException, PreventUpdate
from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from callbacks.session import viewer_or_none
from dashapp.api.problems import is_for_program, problem
from services.domain.errors import (
    ConflictError,
    ForbiddenError,
    HireboardError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    RetryLaterError,
    TooManyAttemptsError,
)

_LOG = logging.getLogger("hireboard.web")

_STATUS: tuple[tuple[type[HireboardError], int], ...] = (
    (NotSignedInError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (InvalidInputError, 422),
    (TooManyAttemptsError, 429),
    (RetryLaterError, 503),
)
_HEADINGS = {
    400: "This request cannot be read",
    401: "You are signed out",
    403: "You cannot open this",
    404: "There is nothing here",
    405: "This address does not take that",
    409: "Somebody else was first",
    413: "This is too large",
    415: "This is not JSON",
    422: "This cannot be used",
    429: "Too many tries",
    503: "Try again in a moment",
}
_WORDS = {
    400: "Something in the request is missing or of the wrong kind. Reload the page and try again.",
    404: "No page has this address, or it is not for you. Check the address, or start from the overview.",
    405: "The address exists, but not for this kind of request. Open it from its page.",
    413: "The server takes up to 2 MB in one request. Send less at a time.",
    415: "This address takes JSON. Send it with the content type application/json.",
}
_ICONS = {401: "lock", 403: "lock", 404: "search"}
_RETRY_SECONDS = {429: "900", 503: "5"}


@dataclass(frozen=True)
class Refusal:
    status: int
    message: str
    reference: str | None = None
    retry_after_s: int | None = None

    @property
    def heading(self) -> str:
        return _HEADINGS.get(self.status, "This did not work")


def install_refusals(server: Flask) -> None:
    """Error handlers for everything that can be raised."""

    @server.errorhandler(HireboardError)
    def _known(error: HireboardError) -> ResponseReturnValue:
        status = _status_of(error)
        if status == 401 and _wants_page():  # noqa: PLR2004 - the status code is the name
            return _to_sign_in()
        return respond(Refusal(status, str(error), retry_after_s=getattr(error, "retry_after_s", None)))

    @server.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> ResponseReturnValue:
        message = "The page you sent this from is too old, or not ours. Reload it and try again."
        return respond(Refusal(403, message))

    @server.errorhandler(HTTPException)
    def _http(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:  # noqa: PLR2004 - redirects are no refusals
            return error.get_response()
        if error.code >= 500:  # noqa: PLR2004 - ours, not the client's
            return _unexpected(getattr(error, "original_exception", None) or error)
        return respond(Refusal(error.code, _WORDS.get(error.code, error.description or "")))

    @server.errorhandler(DependencyException)
    def _no_such_file(_error: DependencyException) -> ResponseReturnValue:
        """Dash raises it for a component file it does not ship; its text lists those it does."""
        return respond(Refusal(404, _WORDS[404]))

    @server.errorhandler(PreventUpdate)
    def _nothing_to_do(_error: PreventUpdate) -> ResponseReturnValue:
        return "", 204

    # Broad on purpose: this is the last line, whatever reaches it is logged and answered without details.
    @server.errorhandler(Exception)
    def _unexpected(error: Exception) -> ResponseReturnValue:
        reference = secrets.token_hex(4).upper()
        _LOG.error("unexpected error, reference %s, %s %r", reference, request.method, request.path, exc_info=error)
        message = "Something went wrong here; it is not your doing. Try again, or give an administrator the reference."
        return respond(Refusal(500, message, reference))


def _status_of(error: HireboardError) -> int:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    # A program sends nothing but its question, so what cannot be used is the request itself.
    return 400 if status == 422 and is_for_program() else status  # noqa: PLR2004 - the status code is the name


def respond(refusal: Refusal) -> Response:
    """Problem details for programs, JSON for callbacks, a page for people."""
    if is_for_program():
        response = problem(refusal.status, refusal.heading, refusal.message, refusal.reference)
    elif _wants_page():
        page = render_template(
            "refusal.html",
            heading=refusal.heading,
            message=refusal.message,
            reference=refusal.reference,
            icon=_ICONS.get(refusal.status, "bad"),
            signed_in=viewer_or_none() is not None,
        )
        response = make_response(page, refusal.status)
    else:
        body = {"status": refusal.status, "title": refusal.heading, "message": refusal.message}
        if refusal.reference:
            body["reference"] = refusal.reference
        response = make_response(jsonify(error=body), refusal.status)
    if refusal.retry_after_s is not None:
        response.headers["Retry-After"] = str(refusal.retry_after_s)
    elif refusal.status in _RETRY_SECONDS:
        response.headers["Retry-After"] = _RETRY_SECONDS[refusal.status]
    return response


def _wants_page() -> bool:
    if request.path.startswith(("/api/", "/_", "/webhooks/", "/scim/")):
        return False
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "text/html"


def _to_sign_in() -> ResponseReturnValue:
    if request.method not in {"GET", "HEAD"}:
        return respond(Refusal(401, "You are signed out. Sign in again; your filters are kept in the address."))
    raw_query = request.environ.get("QUERY_STRING", "")
    target = quote(request.path) + (f"?{raw_query}" if raw_query else "")
    query = [] if target == "/" else [f"next={quote(target, safe='/?=')}"]
    if getattr(session, "is_over", False):
        query.append("ended=1")
    return redirect("/login" + ("?" + "&".join(query) if query else ""))
