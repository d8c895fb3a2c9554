"""One requisition: the page, and everything a person changes on it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dash import ALL, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from callbacks.registry import GuardedDash, PageRequest
from callbacks.session import current_viewer
from layouts import ids
from layouts.pages.requisition import (
    BODY,
    DO,
    SAID,
    TYPED,
    VERSION,
    no_requisition,
    requisition_body,
    requisition_page,
    said,
)
from services.access.policy import Action
from services.domain.errors import ForbiddenError, HireboardError, InvalidInputError, NotFoundError
from services.domain.requisition_edits import Change, EditConflictError, Field, PauseKind
from services.domain.views import Note

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services
    from services.domain.people import Viewer

_ADDRESS = re.compile(r"/requisitions/([0-9]{1,18})/?", re.ASCII)
_RESUME = re.compile(r"resume:([0-9]{1,18}):([0-9]{1,9})", re.ASCII)
LARGEST_VERSION = 2**31
Typed = Mapping[str, Any]


def number_in(path: object) -> int | None:
    """The number in the address (hostile: any JSON value)."""
    found = _ADDRESS.fullmatch(path) if isinstance(path, str) else None
    return int(found[1]) if found else None


def page(request: PageRequest) -> Component:
    number = number_in(f"/requisitions/{request.parameters['requisition_id']}")
    if number is None:
        return no_requisition()
    try:
        view = request.services.requisitions.one.view(number, request.viewer)
    except NotFoundError:
        return no_requisition()
    return requisition_page(view, request.viewer.timezone, datetime.now(UTC))


def register(app: GuardedDash, services: Services) -> None:
    @app.callback(
        Output(BODY, "children"),
        Output(SAID, "children"),
        Input({"type": DO, "index": ALL}, "n_clicks"),
        State({"type": TYPED, "index": ALL}, "value"),
        State({"type": TYPED, "index": ALL}, "id"),
        State({"type": VERSION, "index": ALL}, "data"),
        State({"type": VERSION, "index": ALL}, "id"),
        State(ids.URL, "pathname"),
        requires=Action.REQUISITIONS_EDIT_TARGET_DATE,
        prevent_initial_call=True,
    )
    def act(
        clicks: object, values: object, value_ids: object, versions: object, version_ids: object, path: object
    ) -> tuple[Any, Any]:
        number, pressed = number_in(path), _pressed(ctx.triggered_id)
        if number is None or pressed is None or not isinstance(clicks, list) or not any(clicks):
            raise PreventUpdate  # the buttons have only been drawn
        typed, known = _by_name(value_ids, values), _by_name(version_ids, versions)
        viewer = current_viewer()
        try:
            words = _do(services, number, viewer, pressed, typed, known)
        except EditConflictError as conflict:
            fresh = (conflict.standing.field.value, conflict.standing.version)
            return no_update, said(Note("error", str(conflict)), fresh)
        except (ForbiddenError, NotFoundError):
            raise
        except HireboardError as error:
            return no_update, said(Note("error", str(error)))
        try:
            view = services.requisitions.one.view(number, viewer)
        except NotFoundError:  # it was handed over
            return [no_requisition()], no_update
        return requisition_body(view, viewer.timezone, datetime.now(UTC), words), no_update


def _pressed(triggered: object) -> str | None:
    index = triggered.get("index") if isinstance(triggered, Mapping) else None
    return index if isinstance(index, str) else None


def _by_name(names: object, values: object) -> dict[str, Any]:
    """Values by the index of their component; what a conflict brought (marked ``!``) counts over the first."""
    if not isinstance(names, list) or not isinstance(values, list) or len(names) != len(values):
        return {}
    found: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        index = name.get("index") if isinstance(name, Mapping) else None
        if isinstance(index, str) and (index.endswith("!") or index not in found):
            found[index.removesuffix("!")] = value
    return found


def _do(services: Services, number: int, viewer: Viewer, pressed: str, typed: Typed, known: Typed) -> str:
    """Do what was pressed; the words for what was done."""
    edits = services.requisitions.edits
    if pressed == "save":
        changes = _changes(typed, known)
        edits.change(number, viewer, changes, _text(typed, "reason"), confirmed=_ticked(typed, "confirm"))
        return "Saved. Figures follow with the next batch."
    if pressed.startswith("give:"):
        name = _field(pressed.removeprefix("give:"))
        edits.give_back(number, viewer, name, _version(known.get(name.value)), "given back to the source")
        return "Given back: the source's value holds."
    resumed = _RESUME.fullmatch(pressed)
    if resumed:
        edits.resume(number, viewer, int(resumed[1]), int(resumed[2]), "ended on the page")
        return "Ended. The clock runs again."
    if pressed not in set(PauseKind):
        raise InvalidInputError("There is no such button. Reload the page.")
    start, end = (_day(typed, name, viewer.timezone) for name in ("pause-from", "pause-to"))
    reason, confirmed = _text(typed, "pause-reason"), _ticked(typed, "pause-confirm")
    edits.pause(number, viewer, PauseKind(pressed), start, end, reason, confirmed=confirmed)
    return "Done. Figures follow with the next batch."


def _changes(typed: Typed, known: Typed) -> list[Change]:
    """Every field of the form that has a value; those left as they were change nothing."""
    return [
        Change(name, value, _version(known.get(name.value)))
        for name in Field
        if isinstance(value := typed.get(name.value), str) and value.strip()
    ]


def _field(text: str) -> Field:
    if text not in set(Field):
        raise InvalidInputError("There is no such field. Reload the page.")
    return Field(text)


def _version(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST_VERSION:
        return value
    raise InvalidInputError("The form is not the one this page drew. Reload the page.")


def _text(typed: Typed, name: str) -> str:
    value = typed.get(name)
    return value if isinstance(value, str) else ""


def _ticked(typed: Typed, name: str) -> bool:
    value = typed.get(name)
    return isinstance(value, Sequence) and not isinstance(value, str) and "yes" in value


def _day(typed: Typed, name: str, timezone: str) -> datetime | None:
    """The beginning of that day where the reader is; None = nothing was entered."""
    text = _text(typed, name).strip()
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise InvalidInputError(f"{text[:40]!r} is no day. Write it as year-month-day, or leave it empty.") from None
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
