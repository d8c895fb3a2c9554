"""Who may change what holds for a place: only somebody whose rights reach all of it."""

from __future__ import annotations

from services.access.policy import Action, Policy, Resource
from services.domain.errors import ForbiddenError
from services.domain.people import Viewer
from services.metrics.places import Level, Place


def require_place(policy: Policy, viewer: Viewer, action: Action, place: Place) -> None:
    """Raises ForbiddenError without the action, or where the place reaches further than the viewer does."""
    inside = Resource(department_id=int(place.key)) if place.level is Level.DEPARTMENT else None
    policy.require(viewer, action, inside)
    scope = viewer.scope
    is_partial = not scope.everything and (place.level is not Level.DEPARTMENT or scope.regions is not None)
    if is_partial:
        raise ForbiddenError(
            f"{place.words.capitalize()} reaches further than your part of the company. Ask somebody "
            "who sees all of it."
        )
