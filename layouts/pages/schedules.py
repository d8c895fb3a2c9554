"""Schedules: when each fires next, run one now, preview, and where the latest runs stand."""

from __future__ import annotations

from collections.abc import Mapping

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card, page_note
from layouts.components.markup import hb, present
from layouts.components.status import chip
from layouts.pages.mail import STATES
from layouts.pages.states import nothing_found
from services.domain.schedules import RunEntry, ScheduleEntry, SchedulesView
from services.domain.views import Note
from services.domain.wording import NOTHING, at_instant, number

_RUN_STATES: Mapping[str, tuple[str, str]] = {
    "due": ("hold", "Due"),
    "claimed": ("hold", "Being made"),
    "archived": ("good", "Made"),
    "failed": ("bad", "Failed"),
    "cancelled": ("near", "Not made"),
}


def schedules_page(view: SchedulesView, timezone: str) -> Component:
    heading = html.Div(
        [html.H1("Schedules"), html.P("Which report is made when, and what became of it", className=hb("sub"))]
    )
    return html.Div(
        [
            html.Header(heading, className=hb("page-head")),
            html.Div(_cards(view, timezone), className=hb("grid")),
        ]
    )


def _cards(view: SchedulesView, timezone: str) -> list[Component]:
    if not view.schedules:
        words = "The demonstration company brings two; “hireboard report run” needs one too."
        return [nothing_found("No schedules yet", words, can_reset=False)]
    return [_schedules(view.schedules, timezone), _run_now(view.schedules), runs_card(view, timezone)]


def _schedules(schedules: tuple[ScheduleEntry, ...], timezone: str) -> Component:
    heads = [
        html.Th("Schedule", scope="col"),
        html.Th("Reports by", scope="col", className=hb("fold")),
        html.Th("Next", scope="col"),
    ]
    rows = [
        html.Tr(
            [
                html.Th(schedule.name, scope="row"),
                html.Td(schedule.grain.capitalize(), className=hb("fold")),
                html.Td(_next(schedule, timezone), className=hb("nowrap")),
            ]
        )
        for schedule in schedules
    ]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className=hb("tbl"))
    caption = "Everybody gets their own report, under their own permissions."
    return card("Next runs", caption, html.Div(table, className=hb("tbl-w")), width=6)


def _next(schedule: ScheduleEntry, timezone: str) -> str:
    return at_instant(schedule.next_fire, timezone) if schedule.next_fire else NOTHING


def _run_now(schedules: tuple[ScheduleEntry, ...]) -> Component:
    options = [{"label": schedule.name, "value": str(schedule.id)} for schedule in schedules]
    first = schedules[0]
    form = html.Form(
        [
            html.Fieldset([html.Legend("Schedule", className=hb("lab")), _select(options)]),
            html.Label("Period", htmlFor=ids.RUN_PERIOD, className=hb("lab mt-4")),
            dcc.Input(
                id=ids.RUN_PERIOD,
                name="period",
                type="text",
                value=first.last_period,
                maxLength=12,
                autoComplete="off",
                className=hb("inp"),
            ),
            html.P("A month like 2026-10 or a week like 2026-W47.", className=hb("sub")),
            html.Div(
                [
                    html.Button("Run now", id=ids.RUN_NOW, type="button", className=hb("btn primary")),
                    html.Button("Preview", type="submit", className=hb("btn")),
                ],
                className=hb("row mt-4"),
            ),
        ],
        action="/reports/preview",
        method="GET",
        target="_blank",
    )
    caption = "A report made already stays as it is. The preview is one report as you may see it; it is not kept."
    return card("Run now", caption, form, html.Div(id=ids.RUN_STATUS, role="status"), width=6)


def _select(options: list[dict[str, str]]) -> Component:
    """A native list whose choice Dash can read; it also travels with the preview's form."""
    named = [{**option, "input_id": f"run-schedule-{option['value']}"} for option in options]
    chosen = options[0]["value"]
    radios: Component = dbc.RadioItems(
        id=ids.RUN_SCHEDULE, name="schedule", options=named, value=chosen, className=hb("options")
    )
    return radios


def runs_card(view: SchedulesView, timezone: str) -> Component:
    counted = ", ".join(f"{number(count)} {name.replace('_', ' ')}" for name, count in view.balance)
    heads = [
        html.Th(words, scope="col", className=hb("fold" if words in {"Period", "Due"} else ""))
        for words in ("Report", "Period", "Due", "Run", "Mail")
    ]
    rows = [html.Tr(_row(run, timezone)) for run in view.runs]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className=hb("tbl"))
    body = html.Div(table, className=hb("tbl-w")) if rows else html.P("Nothing was due so far.", className=hb("sub"))
    return card("Runs", f"Of all that was due: {counted}.", body)


def _row(run: RunEntry, timezone: str) -> list[Component]:
    tone, words = _RUN_STATES[run.state]
    mail = chip(*STATES[run.mail_state]) if run.mail_state else NOTHING
    name = f"{run.schedule}, {run.subject_name}" if run.subject_name else run.schedule
    due = at_instant(run.due_at, timezone)
    return [
        html.Th(
            present(
                name,
                html.Span(f"{run.period}, due {due}", className=hb("only-m")),
                html.Span(run.error) if run.error else None,
            ),
            scope="row",
            className=hb("two"),
        ),
        html.Td(run.period, className=hb("nowrap fold")),
        html.Td(due, className=hb("nowrap fold")),
        html.Td(chip(tone, words)),
        html.Td(mail),
    ]


def run_status(words: str, *, is_refused: bool = False) -> Component:
    """What "run now" did."""
    return page_note(Note("error" if is_refused else "info", words))
