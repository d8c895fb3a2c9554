"""Writes refusals of signed-in people and of tokens to the audit log, whichever way they were answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from services.audit.refusals import without_secrets
from services.domain.errors import RetryLaterError

if TYPE_CHECKING:
    from callbacks.registry import PageTable
    from services.audit.refusals import Refusals
    from services.domain.people import Viewer

_LOG = logging.getLogger("hireboard.web")
FORBIDDEN = 403


def install_refused_access(server: Flask, refusals: Refusals, pages: PageTable, page_rules: frozenset[str]) -> None:
    """After every response: a 403, or words that stand for one, of somebody known. Nobody signed in is no event."""

    @server.after_request
    def _note(response: Response) -> Response:
        viewer: Viewer | None = g.get("viewer")
        told: str | None = g.pop("refused", None)
        if viewer is not None and (told is not None or response.status_code == FORBIDDEN):
            _write(refusals, viewer, told or _address(pages, page_rules))
        return response


def _write(refusals: Refusals, viewer: Viewer, address: str) -> None:
    detail = {"method": request.method, "path": without_secrets(request.path)}
    token = g.get("token_prefix")
    if token is not None:
        detail["token"] = token
    try:
        refusals.note(viewer.email, address, detail)
    except RetryLaterError as error:
        # It stays refused; only the note is missing, and the log of the process says so.
        _LOG.warning("a refusal of %r was not written to the audit log: %s", address, error)


def _address(pages: PageTable, page_rules: frozenset[str]) -> str:
    """What was asked for, as it is declared: placeholders not filled in."""
    output = g.get("callback_output")
    if output is not None:
        return f"callback {output}"
    rule = request.url_rule.rule if request.url_rule is not None else ""
    if rule in page_rules:
        found = pages.match(request.path)
        return found[0].path if found is not None else rule
    return rule
