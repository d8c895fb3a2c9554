"""Diversity: numbers of groups for those who may see them, and single records for a purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from dash import Input, Output, State
from dash.exceptions import PreventUpdate

from callbacks.pages.filtered import FilteredPage
from callbacks.registry import GuardedDash, PageRequest
from callbacks.session import current_viewer, tell_if_refused
from layouts import ids
from layouts.pages.diversity import (
    LONGEST_PURPOSE,
    Record,
    question_links,
    record_form,
    records_found,
    records_refused,
    word,
)
from layouts.pages.filtered import Draw
from services.access.policy import Action
from services.domain.errors import HireboardError, InvalidInputError
from services.domain.filters import filters_of
from services.domain.views import PageView, Section
from services.metrics.diversity_records import DiversityRecords
from services.metrics.pages.diversity import PAGE, TITLE, DiversityPage, Questions, RecordForm
from services.metrics.pages.frame import Desk

if TYPE_CHECKING:
    from dash.development.base_component import Component

    from services.container import Services

PATH = "/diversity"
LONGEST_NAME = 80


def view(request: PageRequest) -> PageView:
    services = request.services
    desk = Desk(services.query, services.store, services.overview.standing)
    made = DiversityPage(desk, services.planning.goals.progress)
    return made.view(
        filters_of(request.query),
        request.viewer,
        _question(request.query),
        may_open_records=services.policy.can(request.viewer, Action.DIVERSITY_RECORDS),
    )


def _question(query: Mapping[str, Sequence[str]]) -> str:
    """The question the address names (hostile); the page keeps only one that was asked."""
    return next(iter(query.get("question", ())), "")[:LONGEST_NAME]


def _questions(content: Questions, section: Section) -> Component:
    return question_links(content.names, content.chosen, content.kept, section.width)


def _form(content: RecordForm, section: Section) -> Component:
    return record_form(content.questions, content.applied_from, content.applied_until, section.width)


DRAW: Mapping[type, Draw] = {Questions: _questions, RecordForm: _form}
DIVERSITY = FilteredPage(PAGE, PATH, TITLE, Action.DIVERSITY_VIEW, view, DRAW, response_seconds=0)
page = DIVERSITY.page


def register(app: GuardedDash, services: Services) -> None:
    DIVERSITY.register(app, services)

    @app.callback(
        Output(ids.RECORDS_FOUND, "children"),
        Input(ids.RECORDS_OPEN, "n_clicks"),
        State(ids.RECORDS_PURPOSE, "value"),
        State(ids.RECORDS_QUESTION, "value"),
        State(ids.RECORDS_FROM, "value"),
        State(ids.RECORDS_UNTIL, "value"),
        requires=Action.DIVERSITY_RECORDS,
        prevent_initial_call=True,
    )
    def open_records(clicks: object, purpose: object, question: object, start: object, end: object) -> list[Component]:
        if not clicks:
            raise PreventUpdate  # the button has only been drawn
        try:
            return _opened(services, _text(purpose, LONGEST_PURPOSE), _text(question, LONGEST_NAME), start, end)
        except HireboardError as error:
            tell_if_refused(error, PATH)
            return records_refused(str(error))


def _opened(services: Services, purpose: str, question: str, start: object, end: object) -> list[Component]:
    records = DiversityRecords(services.mart, services.store, services.audit, services.policy)
    rows = records.open_records(
        current_viewer(), purpose=purpose, question=question, applied_from=_day(start), applied_until=_day(end)
    )
    listed = [
        Record(row.application_id, row.applied_on.isoformat(), row.state, word(row.category) if row.category else "–")
        for row in rows
    ]
    return records_found(listed, purpose.strip())


def _text(value: object, longest: int) -> str:
    """Hostile: any JSON value."""
    return value[:longest] if isinstance(value, str) and value.isprintable() else ""


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidInputError("Say both days as year-month-day, for example 2026-03-31.") from error
