"""Reported problems, newest open ones first."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import empty_card
from layouts.components.markup import Child, attributes, button, hb, present, with_icon
from services.domain.kept_views import ProblemsView, ReportedProblem
from services.domain.wording import at_instant, number

_NONE = (
    "Nobody has reported a number. Every figure's menu has “Report a problem”: it keeps the metric, the filters and "
    "the batch, so that the exact view opens here again."
)


def problems_page(view: ProblemsView, timezone: str) -> Component:
    whose = "Everybody's reports" if view.can_answer else "Your reports and their answers"
    head = html.Header(
        html.Div(
            [html.H1("Reported problems"), html.P(f"{whose}, {number(view.open_count)} open", className=hb("sub"))]
        ),
        className=hb("page-head"),
    )
    if not view.problems:
        return html.Div([head, empty_card("good", "No reports", _NONE)], **attributes(data_page="problems"))
    cards = [_problem(problem, timezone, can_answer=view.can_answer) for problem in view.problems]
    return html.Div(
        present(head, html.Div(cards, className=hb("stack")), _pager(view)), **attributes(data_page="problems")
    )


def _problem(problem: ReportedProblem, timezone: str, *, can_answer: bool) -> Component:
    figure = f", which showed {problem.shown}" if problem.shown else ""
    return html.Section(
        present(
            html.Header(
                html.Div(
                    [
                        html.H2(f"{problem.metric_name}, version {problem.metric_version}{figure}"),
                        html.P(
                            f"{problem.reporter}, {at_instant(problem.created_at, timezone)}; "
                            f"batch {problem.snapshot[:12]} as of {at_instant(problem.as_of, timezone)}",
                            className=hb("sub"),
                        ),
                    ]
                ),
                className=hb("card-h"),
            ),
            html.P(problem.words, className=hb("said")),
            html.P(dcc.Link("Open this view", href=problem.href)),
            _answer(problem, timezone, can_answer=can_answer),
        ),
        className=hb("card mt-4"),
    )


def _answer(problem: ReportedProblem, timezone: str, *, can_answer: bool) -> Child:
    if problem.answer is not None and problem.answered_at is not None:
        who = f"Answered by {problem.answered_by}, {at_instant(problem.answered_at, timezone)}"
        return html.Div([html.P(who, className=hb("sub")), html.P(problem.answer, className=hb("said"))])
    if not can_answer:
        return html.P("Not answered yet.", className=with_icon("sub", "clock"))
    name = f"answer-{problem.id}"
    return html.Div(
        [
            html.Label("Answer", htmlFor=name),
            dcc.Textarea(id=name, maxLength=2000, rows=3, className=hb("inp area")),
            button("Send the answer", classes="btn primary", data_answer=problem.id),
        ],
        className=hb("form"),
    )


def _pager(view: ProblemsView) -> Child:
    if view.pages == 1:
        return None
    links = [
        dcc.Link(words, href=f"/problems?page={page}", className=hb("btn"))
        for words, page in (("Newer", view.page - 1), ("Older", view.page + 1))
        if 1 <= page <= view.pages
    ]
    return html.Nav(
        [html.Span(f"Page {view.page} of {view.pages}", className=hb("sub")), *links],
        className=hb("row gap-3 mt-4"),
        **attributes(aria_label="Pages"),
    )
