"""Addresses for load balancers and open tabs: alive, ready, and which snapshot is current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from services.domain.errors import HireboardError

if TYPE_CHECKING:
    from services.mart.reader import MartReader
    from services.store.database import Store


def health_routes(store: Store, mart: MartReader) -> Blueprint:
    """``/healthz``, ``/readyz``, ``/api/version``."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def alive() -> ResponseReturnValue:
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    def ready() -> ResponseReturnValue:
        parts = {"database": _database(store), "snapshot": _snapshot(mart)}
        is_ready = all(parts.values())
        words = {name: "ok" if good else "away" for name, good in parts.items()}
        return jsonify(status="ready" if is_ready else "not ready", **words), 200 if is_ready else 503

    @blueprint.get("/api/version")
    def version() -> ResponseReturnValue:
        """Polled by every open tab: cheap, and no sign of use. 304 while nothing was published."""
        current = mart.snapshot()
        tag = f'"{current.version}"'
        if request.headers.get("If-None-Match") == tag:
            response = make_response("", 304)
        else:
            response = make_response(jsonify(v=current.version, snapshot=current.id))
        response.headers["ETag"] = tag
        return response

    return blueprint


def _database(store: Store) -> bool:
    try:
        with store.read() as connection:
            connection.execute(text("SELECT 1"))
    except HireboardError:
        return False
    return True


def _snapshot(mart: MartReader) -> bool:
    try:
        mart.snapshot()
    except HireboardError:
        return False
    return True
