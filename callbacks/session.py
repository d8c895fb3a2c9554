"""Who is signed in, for callbacks and pages."""

from __future__ import annotations

from flask import g, has_request_context

from services.domain.errors import ForbiddenError, NotSignedInError
from services.domain.people import Viewer


def viewer_or_none() -> Viewer | None:
    """The signed-in viewer of this request, put there by the session interface; None = nobody."""
    if not has_request_context():
        return None
    viewer: Viewer | None = g.get("viewer")
    return viewer


def current_viewer() -> Viewer:
    """The signed-in viewer; raises NotSignedInError."""
    viewer = viewer_or_none()
    if viewer is None:
        raise NotSignedInError("You are signed out. Sign in again; your filters are kept in the address.")
    return viewer


def tell_refused(address: str) -> None:
    """A refusal that is answered with words instead of a 403 is one for the audit log too."""
    g.refused = address


def tell_if_refused(error: Exception, address: str) -> None:
    """As ``tell_refused`` when ``error`` is a refusal."""
    if isinstance(error, ForbiddenError) and has_request_context():
        tell_refused(address)
