"""The interface as an OpenAPI 3.1 document, for whoever writes a program against it."""

from __future__ import annotations

from typing import Any

from dashapp.api.requisition_description import REQUISITION_SCHEMAS, requisition_operations
from services.accounts.tokens import PER_MINUTE, TokenScope
from services.domain.metric import Anchor, Attribution, Better, Estimator, Reason, Status, Unit
from services.domain.people import ColumnClass

TITLE = "Hireboard"
VERSION = "1"
_TEXT = {"type": "string"}
_NUMBER_OR_NULL = {"type": ["number", "null"]}


def description() -> dict[str, Any]:
    """The whole document. Plain data: the same for everybody, and nothing of anybody's figures in it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": "Governed hiring metrics. A token acts as its owner, with the owner's rights of the moment. "
            f"{PER_MINUTE} requests a minute and token. Unknown parameters are refused.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {
            "/api/v1/metrics": {"get": _list_operation()},
            "/api/v1/metrics/{metric_id}": {"get": _one_operation()},
            "/api/v1/metrics/query": {"get": _query_operation()},
            "/api/v1/requisitions/{requisition_id}": requisition_operations(),
            "/api/v1/openapi.json": {"get": _own_operation()},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": _SCHEME}},
            "schemas": {
                "Answer": _ANSWER,
                "Row": _row(),
                "Metrics": _object({"metrics": {"type": "array", "items": _ref("ListedMetric")}}),
                "ListedMetric": _listed(),
                "Metric": _metric(),
                "Problem": _PROBLEM,
                **REQUISITION_SCHEMAS,
            },
        },
    }


_SCHEME = (
    "Made by `hireboard token create`, shown once. In the header only, never in an address. Scopes: "
    f"{', '.join(TokenScope)}."
)


def _list_operation() -> dict[str, Any]:
    return _operation("listMetrics", "Metrics the token's owner may ask for", "Metrics", TokenScope.DEFINITIONS_READ)


def _one_operation() -> dict[str, Any]:
    words = "One definition, every field of it"
    operation = _operation("getMetric", words, "Metric", TokenScope.DEFINITIONS_READ, missing=True)
    return operation | {"parameters": [{"name": "metric_id", "in": "path", "required": True, "schema": _TEXT}]}


def _query_operation() -> dict[str, Any]:
    operation = _operation("queryMetrics", "Figures", "Answer", TokenScope.METRICS_READ, wrong=True)
    return operation | {
        "description": "Without `by` each metric has exactly one row. A value of null always has a reason.",
        "parameters": [
            _many("metric", "Id of a metric; at least one.", required=True),
            _many("by", "Dimension or time grain to split by."),
            _many("where", "DIM=VALUE, a value as it is shown; values of one dimension add up."),
            _one("from", "First day of the period.", "date"),
            _one("to", "Last day of the period, included.", "date"),
            _one("as_of", "Ignore what happened later; UTC unless it says otherwise.", "date-time"),
            _flag("raw", "Without the small-number rule; administrators."),
            {
                "name": "attribution",
                "in": "query",
                "description": "Figures by who held the requisition, not by the recruiter the source names.",
                "schema": {"type": "string", "enum": list(Attribution)},
            },
            _flag("clustered", "Intervals by bootstrap of requisitions or people, where a metric's cases share them."),
            _flag("expected", "Beside each figure, in extra, what the company's rate for the same mix would give."),
        ],
    }


def _flag(name: str, words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": words, "schema": {"type": "boolean", "default": False}}


def _own_operation() -> dict[str, Any]:
    answer = {"description": "This document", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"operationId": "describe", "summary": "This document", "security": [], "responses": {"200": answer}}


def _operation(
    name: str, summary: str, schema: str, scope: TokenScope, *, wrong: bool = False, missing: bool = False
) -> dict[str, Any]:
    answer = {"description": summary, "content": {"application/json": {"schema": _ref(schema)}}}
    responses = {"200": answer}
    if wrong:
        responses["400"] = _problem("Something in the question is not known; says what is accepted")
    responses["401"] = _problem("No token, or one that is not valid")
    responses["403"] = _problem("The token's scope or its owner's role does not include this")
    if missing:
        responses["404"] = _problem("There is no such metric, or it is not for the owner")
    responses["429"] = _problem("Too many requests within a minute") | {"headers": {"Retry-After": _SECONDS}}
    responses["503"] = _problem("No snapshot yet, or the server is busy") | {"headers": {"Retry-After": _SECONDS}}
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Needs the scope {scope}.",
        "responses": responses,
    }


_SECONDS = {"description": "Seconds to wait", "schema": {"type": "integer"}}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/problem+json": {"schema": _ref("Problem")}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _many(name: str, words: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "array", "items": _TEXT}
    return {"name": name, "in": "query", "required": required, "description": words, "schema": schema, "explode": True}


def _one(name: str, words: str, kind: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": words, "schema": {"type": "string", "format": kind}}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties, **more}


def _words(kind: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [str(one) for one in kind]}


def _row() -> dict[str, Any]:
    fields: dict[str, Any] = {
        "metric": _TEXT,
        "value": _NUMBER_OR_NULL,
        "unit": _words(Unit),
        "n": {"type": "integer"},
        "reason": {"type": ["string", "null"], "enum": [*(str(one) for one in Reason), None]},
        "events": {"type": ["integer", "null"]},
        **dict.fromkeys(("numerator", "denominator", "low", "high", "p25", "p75", "naive"), _NUMBER_OR_NULL),
        "estimator": _words(Estimator),
        "anchor": _words(Anchor),
        "horizon": {"type": ["integer", "null"]},
        "lane": _TEXT,
        "definition_version": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "extra": {"type": "object", "additionalProperties": _NUMBER_OR_NULL},
    }
    words = "One metric in one group. Each dimension that was asked for is a field of its own, before the others."
    return _object(fields, description=words, additionalProperties={"type": ["string", "null"]})


_ANSWER = _object(
    {
        "as_of": {"type": "string", "format": "date-time"},
        "snapshot": _TEXT,
        "rows": {"type": "array", "items": _ref("Row")},
    }
)
_PROBLEM = _object(
    {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
    },
    description="RFC 9457. An unexpected failure carries a reference to quote.",
)


def _listed() -> dict[str, Any]:
    texts = {"type": "array", "items": _TEXT}
    return _object(
        {
            "id": _TEXT,
            "name": _TEXT,
            "unit": _words(Unit),
            "version": {"type": "integer"},
            "status": _words(Status),
            "classes": {"type": "array", "items": _words(ColumnClass)},
            "dimensions": texts,
        }
    )


def _metric() -> dict[str, Any]:
    texts = {"type": "array", "items": _TEXT}
    known = _listed()["properties"] | {
        "estimator": _words(Estimator),
        "anchor": _words(Anchor),
        "better": _words(Better),
        "summary": _TEXT,
        "exclusions": texts,
    }
    return _object(known, description="Further fields of the definition stand beside these.")
