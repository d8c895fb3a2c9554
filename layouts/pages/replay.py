"""Replay of the quarantine: count first, then confirm, then watch."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import card, page_note
from layouts.components.markup import attributes, hb, present
from services.domain.data_health import ReplayDesk, ReplayPlan, ReplayProgress
from services.domain.views import Note
from services.domain.wording import at_instant, number

_LOOK_MS = 2_000


def replay_section(desk: ReplayDesk, timezone: str) -> Component:
    caption = "Records are tried again as they came, after a mapping or what they refer to was repaired."
    is_running = desk.progress is not None and desk.progress.state == "running"
    return card(
        "Replay",
        caption,
        _form(desk) if desk.systems else html.P(_nothing(desk), className=hb("sub")),
        html.P(_by_hand(desk.by_hand), className=hb("sub mt-4")) if desk.by_hand and desk.systems else None,
        html.Div(id=ids.REPLAY_PLAN, role="status"),
        html.Div(
            replay_status(desk.progress, timezone) if desk.progress else None, id=ids.REPLAY_STATUS, role="status"
        ),
        dcc.Store(id=ids.REPLAY_COUNTED),
        dcc.Interval(id=ids.REPLAY_TICK, interval=_LOOK_MS, disabled=not is_running),
        width=6,
    )


def _form(desk: ReplayDesk) -> Component:
    options = [
        {"label": f"{system}, {number(count)} wait", "value": system, "input_id": f"replay-{system}"}
        for system, count in desk.systems
    ]
    choice = dbc.RadioItems(
        id=ids.REPLAY_SYSTEM, name="replay", options=options, value=desk.systems[0][0], className=hb("options")
    )
    return html.Div(
        [
            html.Fieldset([html.Legend("Source", className=hb("lab")), choice]),
            html.Div(
                [
                    html.Button("Count first", id=ids.REPLAY_COUNT, type="button", className=hb("btn")),
                    html.Button(
                        "Replay",
                        id=ids.REPLAY_START,
                        type="button",
                        disabled=True,
                        className=hb("btn primary with ico-refresh"),
                    ),
                ],
                className=hb("row mt-4"),
            ),
        ]
    )


def _nothing(desk: ReplayDesk) -> str:
    return _by_hand(desk.by_hand) if desk.by_hand else "No record waits, so there is nothing to replay."


def _by_hand(systems: tuple[str, ...]) -> str:
    return (
        f"Records of {', '.join(systems)} came from tables and need their mapping: "
        "“hireboard quarantine replay --mapping FILE” on the server."
    )


def plan_words(plan: ReplayPlan) -> Component:
    words = (
        f"Of {number(plan.waiting)} records of {plan.system}, {number(plan.loads)} would load, "
        f"{number(plan.unchanged)} are there already and {number(plan.still)} would stay in quarantine. "
        "Nothing has been changed."
    )
    return page_note(Note("info", words))


def refused(words: str) -> Component:
    return page_note(Note("error", words))


def replay_status(progress: ReplayProgress, timezone: str) -> Component:
    began = f"begun {at_instant(progress.started_at, timezone)} by {progress.by}"
    if progress.state == "running":
        share = 100 * progress.done / progress.total if progress.total else 0
        words = f"Replay of {progress.system} running: {number(progress.done)} of {number(progress.total)} records"
        bar = html.Div(
            html.I(style={"width": f"{share:.0f}%"}),
            className=hb("prog"),
            role="progressbar",
            **attributes(aria_label="Replay", aria_valuemin="0", aria_valuemax="100", aria_valuenow=str(round(share))),
        )
        return html.Div([html.P(html.B(words)), html.P(began, className=hb("sub")), bar], className=hb("mt-4"))
    kind = {"done": "info", "cut": "warning"}.get(progress.state, "error")
    return html.Div(
        present(page_note(Note(kind, f"Last replay, of {progress.system}, {began}: {progress.words}"))),
        className=hb("mt-4"),
    )
