"""Reported problems: the own ones with their answers; for administrators everybody's, to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import jsonify
from flask.typing import ResponseReturnValue

from callbacks.pages.figures import sent_object
from callbacks.registry import PageRequest, RouteSpec
from layouts.pages.problems import problems_page
from services.access.policy import Action
from services.domain.errors import NotFoundError
from services.reporting.problem_reports import ProblemReports

if TYPE_CHECKING:
    from dash.development.base_component import Component

_LONGEST_NUMBER = 9


def _reports(asked: PageRequest) -> ProblemReports:
    services = asked.services
    return ProblemReports(services.store, services.query, services.policy, services.audit)


def page(asked: PageRequest) -> Component:
    number = next(iter(asked.query.get("page", ())), "")
    view = _reports(asked).view(asked.viewer, _number(number) or 1)
    return problems_page(view, asked.viewer.timezone)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def answer(asked: PageRequest) -> ResponseReturnValue:
    number = _number(asked.parameters["problem_id"])
    if number is None:
        raise NotFoundError("There is no such report.")
    _reports(asked).answer(asked.viewer, number, sent_object().get("words"))
    return jsonify(message="Answered.")


ROUTES = (RouteSpec("/problems/<problem_id>/answer", Action.PROBLEMS_ANSWER, answer, methods=("POST",)),)
