"""Addresses for load balancers and open tabs: alive, ready, and which snapshot is current."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text

from services.domain.errors import HireboardError
from services.store.tables import LiveLane

if TYPE_CHECKING:
    from services.mart.reader import MartReader
    from services.store.database import Store

LOOK_AGAIN_S = 1.0


def health_routes(store: Store, mart: MartReader) -> Blueprint:
    """``/healthz``, ``/readyz``, ``/api/version``."""
    blueprint = Blueprint("health", __name__)
    lane = _LaneNumber(store)

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
        """Polled by every open tab: cheap, and no sign of use. 304 while nothing changed."""
        current, live = mart.snapshot(), lane.number()
        tag = f'"{current.version}.{live}"'
        if request.headers.get("If-None-Match") == tag:
            response = make_response("", 304)
        else:
            response = make_response(jsonify(v=current.version, snapshot=current.id, live=str(live)))
        response.headers["ETag"] = tag
        return response

    return blueprint


class _LaneNumber:
    """The live lane's change number, looked up once a second in each process. 0 = the lane is not filled or away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: tuple[float, int] = (float("-inf"), 0)

    def number(self) -> int:
        at, seen = self._seen
        now = time.monotonic()
        if now - at >= LOOK_AGAIN_S:
            try:
                with self._store.read() as connection:
                    seen = int(connection.scalar(select(LiveLane.change_number)) or 0)
            except HireboardError:
                seen = 0
            self._seen = (now, seen)
        return seen


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
