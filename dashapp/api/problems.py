"""Refusals of ``/api/v1`` as JSON problem details (RFC 9457)."""

from __future__ import annotations

from flask import Response, make_response, request

from dashapp.api.bearer import PREFIX

MEDIA_TYPE = "application/problem+json"


def is_for_program() -> bool:
    """Whether the request is one of the interface for programs."""
    return request.path.startswith(PREFIX)


def problem(status: int, title: str, detail: str, reference: str | None = None) -> Response:
    """What happened and what to do. 401 names the scheme, as RFC 6750 asks."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if reference is not None:
        body["reference"] = reference
    response = make_response(body, status)
    response.mimetype = MEDIA_TYPE
    if status == 401:  # noqa: PLR2004 - the status code is the name
        response.headers["WWW-Authenticate"] = 'Bearer realm="hireboard"'
    return response
