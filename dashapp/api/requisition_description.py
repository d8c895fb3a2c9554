"""What the OpenAPI document says of one requisition: its fields with both values, and how to change them."""

from __future__ import annotations

from typing import Any

from services.accounts.tokens import TokenScope
from services.domain.requisition_edits import LONGEST_REASON, Field, News, PauseKind

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_WHOLE = {"type": "integer", "minimum": 0}
_INSTANT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}


def _object(properties: dict[str, Any], required: tuple[str, ...] | None = None, **more: Any) -> dict[str, Any]:
    names = list(properties) if required is None else list(required)
    return {"type": "object", "required": names, "properties": properties, **more}


_FIELD = _object(
    {
        "value": _TEXT_OR_NULL,
        "source": _TEXT_OR_NULL,
        "edited": _TEXT_OR_NULL,
        "version": _WHOLE,
        "news": {"type": "string", "enum": list(News)},
        "may_edit": {"type": "boolean"},
    },
    description="value holds: edited where it was edited here, else source. Ids are text.",
)
_PAUSE = _object(
    {
        "id": _WHOLE,
        "kind": {"type": "string", "enum": list(PauseKind)},
        "from": {"type": "string", "format": "date-time"},
        "to": _INSTANT_OR_NULL,
        "reason": _TEXT,
        "version": _WHOLE,
    }
)
_CHANGE = _object(
    {
        "reason": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON},
        "confirm": {"type": "boolean", "default": False},
        "fields": {
            "type": "object",
            "properties": {
                name.value: _object({"value": _TEXT, "version": _WHOLE}, additionalProperties=False) for name in Field
            },
            "additionalProperties": False,
        },
        "pause": _object(
            {"kind": {"type": "string", "enum": list(PauseKind)}, "from": _INSTANT_OR_NULL, "to": _INSTANT_OR_NULL},
            required=("kind",),
        ),
        "resume": _object({"id": _WHOLE, "version": _WHOLE}),
    },
    required=("reason",),
    description="Exactly one of fields, pause and resume. All of it holds, or none.",
    additionalProperties=False,
)
REQUISITION_SCHEMAS: dict[str, Any] = {
    "RequisitionField": _FIELD,
    "RequisitionPause": _PAUSE,
    "Requisition": _object(
        {
            "id": {"type": "integer"},
            "title": _TEXT,
            "status": _TEXT,
            "source_status": _TEXT,
            "fields": {
                "type": "object",
                "additionalProperties": {"$ref": "#/components/schemas/RequisitionField"},
            },
            "pauses": {"type": "array", "items": {"$ref": "#/components/schemas/RequisitionPause"}},
        }
    ),
    "RequisitionChange": _CHANGE,
}
_REFUSALS = {
    "401": "No token, or one that is not valid",
    "403": "The token's scope, or its owner's role here, does not include this",
    "404": "There is no such requisition, or it is not for the owner",
    "429": "Too many requests within a minute",
    "503": "The server is busy",
}
_WRITING = {
    "400": "Something cannot be used, or is to be confirmed; says what is accepted",
    "409": "Somebody else changed it first; both values are in the words, and nothing was written",
}


def requisition_operations() -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": _ref("RequisitionChange")}}}
    parameter = {"name": "requisition_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return {
        "parameters": [parameter],
        "get": _operation("getRequisition", "What holds of a requisition, beside its source", {}),
        "patch": _operation("changeRequisition", "Change a requisition", _WRITING) | {"requestBody": body},
    }


def _operation(name: str, summary: str, more: dict[str, str]) -> dict[str, Any]:
    answer = {"description": summary, "content": {"application/json": {"schema": _ref("Requisition")}}}
    refused = {
        status: {"description": words, "content": {"application/problem+json": {"schema": _ref("Problem")}}}
        for status, words in sorted({**_REFUSALS, **more}.items())
    }
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Needs the scope {TokenScope.REQUISITIONS_EDIT}.",
        "responses": {"200": answer, **refused},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
