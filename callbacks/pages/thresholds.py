"""Targets, thresholds and limits: shown, and set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.pages.planning import parse_number
from callbacks.registry import PageRequest, RouteSpec
from layouts.pages.planning import settings_page
from services.access.policy import Action
from services.alerts.thresholds import Wanted
from services.domain.errors import InvalidInputError
from services.metrics.limits import STANDARD_STALE
from services.metrics.target_settings import TargetSettings
from services.reporting.pages import settings_words as words
from services.reporting.pages.limits import PATH, LimitsPage

if TYPE_CHECKING:
    from dash.development.base_component import Component


def _targets(asked: PageRequest) -> TargetSettings:
    services = asked.services
    return TargetSettings(services.store, services.policy, services.audit)


def page(asked: PageRequest) -> Component:
    services = asked.services
    thresholds = services.alerts.thresholds
    shown = LimitsPage(services.store, services.policy, _targets(asked), thresholds, services.limits)
    return settings_page(shown.view(asked.viewer))


def set_target(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    place = words.parse_place(asked.services.planning.places(), sent)
    _targets(asked).put(
        words.text(sent, "metric"),
        place,
        words.needed_number(sent, "value"),
        asked.viewer,
        effective_from=words.day(sent, "start"),
        newest_seen=parse_number(words.text(sent, "seen")),
    )
    return jsonify(message="The target is set.")


def set_rule(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    stage = words.text(sent, "stage")
    wanted = Wanted(
        metric_id=words.text(sent, "metric"),
        limit=words.needed_number(sent, "limit"),
        scope={"canonical_stage": (stage,)} if stage else {},
        each=words.text(sent, "each") or None,
        template=words.text(sent, "template") or None,
        minimum_n=_whole(sent, "minimum_n"),
        grain=words.text(sent, "window"),
        step_hours=_whole(sent, "step_hours"),
    )
    asked.services.alerts.thresholds.put(wanted, asked.viewer)
    return jsonify(message="The threshold is set.")


def _whole(sent: Any, name: str) -> int:
    found = words.needed_number(sent, name)
    if found != int(found):
        raise InvalidInputError(f"{name.replace('_', ' ').capitalize()} takes a whole number.")
    return int(found)


def end_rule(asked: PageRequest) -> ResponseReturnValue:
    asked.services.alerts.thresholds.remove(parse_number(words.text(sent_object(), "rule")), asked.viewer)
    return jsonify(message="The threshold is out of force.")


def set_limits(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    days = {stage: words.number(sent, f"stale_{stage}") for stage in STANDARD_STALE}
    asked.services.limits.put(
        asked.viewer,
        interview_hours=words.number(sent, "interview_hours"),
        recruiter_seats=words.number(sent, "recruiter_seats"),
        stale_days={stage: value for stage, value in days.items() if value is not None},
        expected_version=parse_number(words.text(sent, "seen")),
    )
    return jsonify(message="The limits are set.")


def _post(path: str, action: Action, view: Any) -> RouteSpec:
    return RouteSpec(f"{PATH}/{path}", action, view, methods=("POST",))


ROUTES = (
    _post("target", Action.PLANNING_MANAGE, set_target),
    _post("rule", Action.THRESHOLDS_MANAGE, set_rule),
    _post("rule/end", Action.THRESHOLDS_MANAGE, end_rule),
    _post("limits", Action.PLANNING_MANAGE, set_limits),
)
