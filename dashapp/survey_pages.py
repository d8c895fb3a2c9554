"""The answer page of a survey: a plain HTML form behind a one-time link, without sign-in and without scripts.

GET shows and changes nothing, because mail scanners open links; only POST answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.surveys import SurveyForm
from services.surveys.answers import ANSWERED

if TYPE_CHECKING:
    from services.container import Services


def survey_routes(services: Services) -> Blueprint:
    """``/survey/<token>``."""
    blueprint = Blueprint("survey", __name__)

    @blueprint.get("/survey/<token>")
    def show(token: str) -> ResponseReturnValue:
        try:
            form = services.surveys.answers.look(token)
        except NotFoundError as error:
            return _end("This link does not work", str(error), 404)
        if form.is_answered:
            return _end("Answered already", ANSWERED)
        return _form(form)

    @blueprint.post("/survey/<token>")
    def take(token: str) -> ResponseReturnValue:
        answers = services.surveys.answers
        try:
            form = answers.look(token)
            if request.form.get("do") == "decline":
                answers.decline(token)
                return _end(
                    "You will not be asked again", "No more surveys are sent to you. You need to do nothing else."
                )
            answers.answer(token, request.form.get("score"))
        except NotFoundError as error:
            return _end("This link does not work", str(error), 404)
        except ConflictError as error:
            return _end("Answered already", str(error), 409)
        except InvalidInputError as error:
            return _form(form, str(error), 422)
        return _end("Thank you", "Your answer is counted. You can close this page.")

    return blueprint


def _form(form: SurveyForm, problem: str | None = None, status: int = 200) -> ResponseReturnValue:
    return make_response(render_template("survey.html", form=form, problem=problem), status)


def _end(heading: str, words: str, status: int = 200) -> ResponseReturnValue:
    return make_response(render_template("survey_end.html", heading=heading, words=words), status)
