"""``/api/v1/requisitions/ID``: what holds of one requisition and what the source says, and the way to change it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from callbacks.session import current_viewer
from dashapp.api.bearer import REQUISITION
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.requisition_edits import Change, Field, PauseKind, Standing

if TYPE_CHECKING:
    from services.container import Services
    from services.requisitions.editing import RequisitionEdits

ACCEPTED = ("reason", "confirm", "fields", "pause", "resume")
LARGEST_VERSION = 2**31
LONGEST_NUMBER = 18
Body = Mapping[str, Any]


def requisition_routes(services: Services) -> Blueprint:
    """The gate has admitted who gets here; rights on this requisition are the writing service's to judge."""
    blueprint = Blueprint("api_requisitions", __name__)

    @blueprint.get(REQUISITION)
    def read(requisition_id: str) -> Response:
        return jsonify(document(services.requisitions.edits.standing(number_of(requisition_id), current_viewer())))

    @blueprint.patch(REQUISITION)
    def change(requisition_id: str) -> Response:
        number, body = number_of(requisition_id), _body()
        return jsonify(document(_apply(services.requisitions.edits, number, body)))

    return blueprint


def number_of(text: str) -> int:
    """Raises NotFoundError in the words of an unknown requisition."""
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_NUMBER:
        raise NotFoundError("There is no such requisition, or it is not for you.")
    return int(text)


def _body() -> Body:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError("Send a JSON object. The description says what it may hold.")
    unknown = [name for name in body if name not in ACCEPTED]
    if unknown:
        raise InvalidInputError(f"There is no {str(unknown[0])[:40]!r} to change. Accepted: {', '.join(ACCEPTED)}.")
    asked = [name for name in ("fields", "pause", "resume") if name in body]
    if len(asked) != 1:
        raise InvalidInputError("Send exactly one of fields, pause and resume, so that all of it holds or none.")
    return body


def _apply(edits: RequisitionEdits, number: int, body: Body) -> Standing:
    viewer, reason, confirmed = current_viewer(), body.get("reason"), body.get("confirm") is True
    words = reason if isinstance(reason, str) else ""
    if "fields" in body:
        return edits.change(number, viewer, _changes(body["fields"]), words, confirmed=confirmed)
    part = body["pause"] if "pause" in body else body["resume"]
    if not isinstance(part, dict):
        raise InvalidInputError("pause and resume are objects. The description says what they hold.")
    if "resume" in body:
        return edits.resume(number, viewer, _whole(part, "id"), _whole(part, "version"), words)
    kind = part.get("kind")
    if kind not in set(PauseKind):
        raise InvalidInputError(f"kind is one of {', '.join(PauseKind)}.")
    start, end = _instant(part, "from"), _instant(part, "to")
    return edits.pause(number, viewer, PauseKind(kind), start, end, words, confirmed=confirmed)


def _changes(fields: object) -> list[Change]:
    if not isinstance(fields, dict) or not fields:
        raise InvalidInputError("fields is an object: name to value and version.")
    found = []
    for name, given in fields.items():
        if name not in set(Field):
            raise InvalidInputError(f"There is no field {str(name)[:40]!r}. Choose from: {', '.join(Field)}.")
        if not isinstance(given, dict) or set(given) != {"value", "version"}:
            raise InvalidInputError(f"{name} takes an object of value and version; version is the one you have read.")
        found.append(Change(Field(name), given["value"], _whole(given, "version")))
    return found


def _whole(part: Body, name: str) -> int:
    value = part.get(name)
    limit = LARGEST_VERSION if name == "version" else 10**LONGEST_NUMBER
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise InvalidInputError(f"{name} is a whole number.")
    return value


def _instant(part: Body, name: str) -> datetime | None:
    value = part.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not math.isfinite(moment.timestamp()):
        raise InvalidInputError(f"{name} is an instant with its zone, for example 2027-01-31T09:00:00+01:00, or null.")
    return moment.astimezone(UTC)


def document(standing: Standing) -> dict[str, Any]:
    """What holds, beside what the source says; ids as text."""
    return {
        "id": standing.id,
        "title": standing.title,
        "status": standing.status_at(datetime.now(UTC)),
        "source_status": standing.source_status,
        "fields": {
            name.value: {
                "value": held.value,
                "source": held.source,
                "edited": held.edited,
                "version": held.version,
                "news": held.news.value,
                "may_edit": name in standing.may_edit,
            }
            for name, held in standing.fields.items()
        },
        "pauses": [
            {
                "id": pause.id,
                "kind": pause.kind.value,
                "from": pause.from_at.isoformat(),
                "to": pause.to_at.isoformat() if pause.to_at else None,
                "reason": pause.reason,
                "version": pause.version,
            }
            for pause in standing.pauses
        ],
    }
