"""What stands above any page of figures: that its numbers are held, or that their refresh failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.registry import PageRequest, RouteSpec
from services.access.policy import Action
from services.domain.views import Note
from services.domain.wording import at_instant

if TYPE_CHECKING:
    from services.container import Services
    from services.domain.people import Viewer

PINNED = "pinned"
LET_GO = "#let-go"
"""What the note's link says to the page's script."""


@contextmanager
def held_or_fresh(services: Services, query: Mapping[str, Sequence[str]], viewer: Viewer) -> Iterator[tuple[Note, ...]]:
    """All questions inside are answered by the snapshot the address holds on to; gives the notes to show.

    Raises NotFoundError when it is not kept any more.
    """
    held = next(iter(query.get(PINNED, ())), "")
    if not held:
        yield services.refresh.notes(viewer.timezone)
        return
    with services.mart.hold_at(held) as snapshot:
        moment = at_instant(snapshot.as_of, viewer.timezone)
        words = f"This view is held: its numbers are those of {moment}, and newer ones do not change them."
        yield (Note("info", words, LET_GO, "Let go"),)


def hold(asked: PageRequest) -> ResponseReturnValue:
    return jsonify(snapshot=asked.services.held_views.hold(asked.viewer))


def let_go(asked: PageRequest) -> ResponseReturnValue:
    asked.services.held_views.let_go(asked.viewer, str(sent_object().get("snapshot", "")))
    return jsonify(message="Let go.")


ROUTES = (
    RouteSpec("/held-views", Action.OVERVIEW_VIEW, hold, methods=("POST",)),
    RouteSpec("/held-views/let-go", Action.OVERVIEW_VIEW, let_go, methods=("POST",)),
)
