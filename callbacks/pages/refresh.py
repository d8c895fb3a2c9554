"""Refresh intervals: shown, and set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.registry import PageRequest, RouteSpec
from layouts.pages.refresh import RULES, refresh_page
from services.access.policy import Action
from services.domain.errors import InvalidInputError
from services.domain.refresh_page import DASHBOARDS
from services.reporting.refresh import Rule

if TYPE_CHECKING:
    from dash.development.base_component import Component

_DIGITS = 9


def page(asked: PageRequest) -> Component:
    return refresh_page(asked.services.refresh.view(asked.viewer))


def set_rule(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    dashboard, seen = (next(iter(asked.query.get(name, ())), "") for name in ("dashboard", "seen"))
    rule = Rule(
        interval_minutes=_whole(sent.get("interval"), "Interval"),
        office_id=_whole(sent.get("office"), "When") if sent.get("office") else None,
        jitter_s=_whole(sent.get("jitter"), "Put off by"),
        objective_minutes=_whole(sent.get("objective"), "Never older than"),
    )
    expected = _whole(seen, "Version") if seen else None
    asked.services.refresh.put(asked.viewer, dashboard, rule, expected_version=expected)
    return jsonify(message=f"{dict(DASHBOARDS)[dashboard]} is refreshed by the new rule.")


def _whole(value: Any, label: str) -> int:
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise InvalidInputError(f"{label}: give a whole number.")
    return int(text)


ROUTES = (RouteSpec(RULES, Action.REFRESH_MANAGE, set_rule, methods=("POST",)),)
