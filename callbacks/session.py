"""Who is signed in, for callbacks and pages."""

from __future__ import annotations

from flask import g, has_request_context

from services.domain.errors import NotSignedInError
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
