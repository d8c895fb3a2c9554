"""Priorities, scorecard templates, capacity and goals: shown, asked what-if, and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.registry import PageRequest, RouteSpec
from layouts.pages.planning import settings_page
from services.access.policy import Action
from services.domain.errors import InvalidInputError
from services.metrics import diversity_goals, profiles, scorecard_templates
from services.metrics.capacities import Capacity
from services.metrics.capacity_plan import MOST_HIRES, MOST_WEEKS
from services.metrics.places import Place
from services.reporting.pages import settings_words as words
from services.reporting.pages.planning import PlanningPage, WhatIf
from services.reporting.pages.planning_forms import PATH

if TYPE_CHECKING:
    from dash.development.base_component import Component

_LONGEST_NUMBER = 18


def parse_what_if(query: Mapping[str, Sequence[str]]) -> WhatIf:
    """What the address asks (hostile); what cannot be read is as it stands there at first."""
    usual = WhatIf()
    hires = _whole(query, "hires", MOST_HIRES) or usual.hires
    weeks = _whole(query, "weeks", MOST_WEEKS) or usual.weeks
    place = next(iter(query.get("place", ())), "")
    return WhatIf(hires, weeks, place, next(iter(query.get("differs", ())), "") == "1")


def _whole(query: Mapping[str, Sequence[str]], name: str, most: int) -> int | None:
    value = next(iter(query.get(name, ())), "")
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(most))
    return int(value) if is_number and 0 < int(value) <= most else None


def page(asked: PageRequest) -> Component:
    services = asked.services
    shown = PlanningPage(services.planning, services.query, services.policy)
    return settings_page(shown.view(asked.viewer, parse_what_if(asked.query)))


def _place(asked: PageRequest, sent: Mapping[str, Any]) -> Place:
    return words.parse_place(asked.services.planning.places(), sent)


def set_profile(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    place = _place(asked, sent)
    wanted = profiles.Wanted(
        first=words.text(sent, "first"),
        weights=words.pairs(sent, "weights"),
        owner=words.text(sent, "owner"),
        reason=words.text(sent, "reason"),
        next_review_on=words.needed_day(sent, "review"),
        effective_from=words.day(sent, "start"),
        expected_version=words.seen_version(sent, place),
    )
    asked.services.planning.profiles.put(place, wanted, asked.viewer)
    return jsonify(message="The profile is set.")


def add_expectation(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    said = words.text(sent, "who"), words.text(sent, "what"), words.needed_day(sent, "asked_on")
    asked.services.planning.profiles.expect(_place(asked, sent), *said, asked.viewer)
    return jsonify(message="It is written down.")


def set_template(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    place = _place(asked, sent)
    wanted = scorecard_templates.Wanted(
        words.text(sent, "name"),
        words.lines(sent, "metrics"),
        words.lines(sent, "without"),
        words.seen_version(sent, place),
    )
    asked.services.planning.templates.put(place, wanted, asked.viewer)
    return jsonify(message="The template is set.")


def end_template(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    place = _place(asked, sent)
    asked.services.planning.templates.end(place, asked.viewer, words.seen_version(sent, place))
    return jsonify(message="The wider template counts now.")


def set_capacity(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    place = _place(asked, sent)
    wanted = Capacity(
        interviewer_hours=words.number(sent, "interviewer_hours"),
        hours_per_candidate=words.number(sent, "hours_per_candidate"),
        recruiters=words.number(sent, "recruiters"),
        screens_per_recruiter=words.number(sent, "screens_per_recruiter"),
        targets=words.pairs(sent, "targets"),
    )
    asked.services.planning.capacities.put(place, wanted, asked.viewer, words.seen_version(sent, place))
    return jsonify(message="Capacity is set.")


def set_goal(asked: PageRequest) -> ResponseReturnValue:
    sent = sent_object()
    wanted = diversity_goals.Wanted(
        department=words.text(sent, "department"),
        country=words.text(sent, "country"),
        stage=words.text(sent, "stage"),
        question=words.text(sent, "question"),
        group=words.text(sent, "group"),
        share=words.needed_number(sent, "share"),
        until_on=words.needed_day(sent, "until"),
        reason=words.text(sent, "reason"),
        legal_approver=words.text(sent, "legal_approver") or None,
    )
    asked.services.planning.goals.put(wanted, asked.viewer)
    return jsonify(message="The goal is set.")


def end_goal(asked: PageRequest) -> ResponseReturnValue:
    asked.services.planning.goals.end(parse_number(words.text(sent_object(), "goal")), asked.viewer)
    return jsonify(message="The goal is out of force.")


def parse_number(given: str) -> int:
    """Raises InvalidInputError for what is no number of something on the page."""
    if not (given.isascii() and given.isdigit()) or len(given) > _LONGEST_NUMBER:
        raise InvalidInputError("Choose one from the list.")
    return int(given)


def _post(path: str, action: Action, view: Any) -> RouteSpec:
    return RouteSpec(f"{PATH}/{path}", action, view, methods=("POST",))


ROUTES = (
    _post("profile", Action.PLANNING_MANAGE, set_profile),
    _post("expectation", Action.PLANNING_MANAGE, add_expectation),
    _post("template", Action.PLANNING_MANAGE, set_template),
    _post("template/end", Action.PLANNING_MANAGE, end_template),
    _post("capacity", Action.PLANNING_MANAGE, set_capacity),
    _post("goal", Action.GOALS_MANAGE, set_goal),
    _post("goal/end", Action.GOALS_MANAGE, end_goal),
)
