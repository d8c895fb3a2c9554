"""Actions: incidents that wait for somebody, one of them in full, what was done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.card import page_note
from layouts.components.markup import attributes, button, hb, icon, present
from layouts.components.status import chip
from layouts.pages.states import nothing_found
from services.domain.incidents import (
    LAST_STEP,
    STEP_WORDS,
    IncidentDetail,
    IncidentEntry,
    IncidentsView,
    Severity,
    Step,
)
from services.domain.views import Note
from services.domain.wording import at_instant, number

TABS = (("open", "Open"), ("closed", "Closed"), ("all", "All"))
SNOOZES = ((1, "1 day"), (3, "3 days"), (7, "1 week"), (14, "2 weeks"))
LONGEST_REASON = 500
_CLOSED_WORDS = {"cleared": "Cleared", "closed": "Closed", "removed": "Threshold removed"}


def actions_page(view: IncidentsView, timezone: str, now: datetime) -> Component:
    heading = html.Div([html.H1("Actions"), html.P(_summary(view), className=hb("sub"))])
    return html.Div(
        [
            html.Header(heading, className=hb("page-head")),
            html.Div(actions_body(view, timezone, now), id=ids.ACTIONS_BODY, className=hb("live-part")),
        ],
        **attributes(data_page="actions"),
    )


def _summary(view: IncidentsView) -> str:
    count = view.counts["open"]
    if not count:
        return "Nothing is open"
    return f"{number(count)} open {'incident' if count == 1 else 'incidents'}: a limit was broken"


def actions_body(view: IncidentsView, timezone: str, now: datetime) -> list[Component]:
    chosen = view.chosen.entry.id if view.chosen else None
    if not view.entries and view.chosen is None:
        return [_tabs(view), _nothing(view.state)]
    classes = "inbox has-choice" if view.chosen else "inbox"
    return [
        _tabs(view),
        html.Div(
            [
                html.Ul(
                    incident_items(view.entries, chosen, view.state, timezone, now),
                    id=ids.ACTIONS_LIST,
                    className=hb("inbox-l"),
                    **attributes(aria_label="Incidents"),
                ),
                html.Div(
                    incident_detail(view.chosen, view.state, timezone, now) if view.chosen else _choose(),
                    id=ids.ACTIONS_DETAIL,
                    className=hb("inbox-d"),
                ),
            ],
            className=hb(classes),
        ),
    ]


def _tabs(view: IncidentsView) -> Component:
    links = [
        dcc.Link(
            [words, " ", html.Span(number(view.counts[state]), className=hb("count"))],
            href=_address(None, state),
            className=hb("tab on" if state == view.state else "tab"),
        )
        for state, words in TABS
    ]
    return html.Nav(links, className=hb("tabs"), **attributes(aria_label=f"Incidents, showing {view.state}"))


def _address(incident: int | None, state: str) -> str:
    path = "/actions" if incident is None else f"/actions/{incident}"
    return path if state == "open" else f"{path}?state={state}"


def _nothing(state: str) -> Component:
    if state == "open":
        words = (
            "No limit is broken in what you may see. That is counted, not missing: "
            "thresholds are judged on every batch."
        )
        return nothing_found("Nothing is open", words, can_reset=False)
    return nothing_found("Nothing here yet", "Incidents appear here once they are closed or cleared.", can_reset=False)


def _choose() -> Component:
    return html.P("Choose an incident to see what happened and who was told.", className=hb("sub"))


def incident_items(
    entries: Sequence[IncidentEntry], chosen: int | None, state: str, timezone: str, now: datetime
) -> list[Component]:
    return [
        html.Li(
            [
                html.Div(
                    [_chip(entry, now), html.Span(_when(entry, timezone), className=hb("xs ink3"))],
                    className=hb("row between"),
                ),
                html.H2(dcc.Link(entry.title, href=_address(entry.id, state))),
                html.P(
                    f"{entry.limit.capitalize()} in {entry.window}: {entry.value}, {entry.sample}",
                    className=hb("sm ink3"),
                ),
            ],
            className=hb("chosen") if entry.id == chosen else None,
        )
        for entry in entries
    ]


def _chip(entry: IncidentEntry, now: datetime) -> Component:
    if not entry.is_open:
        return chip("good", _CLOSED_WORDS.get(entry.close_reason or "", "Closed"))
    if entry.acknowledged_by:
        return chip("info", "Acknowledged")
    if entry.snoozed_until and entry.snoozed_until > now:
        return chip("hold", "Snoozed", "clock")
    if entry.severity == Severity.BREACH:
        return chip("bad", "Escalated" if entry.step > Step.RECRUITER else "Breach")
    return chip("near", "Warning")


def _when(entry: IncidentEntry, timezone: str) -> str:
    if entry.closed_at:
        return at_instant(entry.closed_at, timezone)
    if entry.next_step_at:
        return f"next step {at_instant(entry.next_step_at, timezone)}"
    return f"since {at_instant(entry.opened_at, timezone)}"


def incident_detail(
    detail: IncidentDetail, state: str, timezone: str, now: datetime, done: Note | None = None
) -> list[Component | str]:
    """The right side. ``done``: what the reader just did, or why it was refused."""
    entry = detail.entry
    rule = html.P([_chip(entry, now), html.Span(f"Incident {entry.id}", className=hb("sm ink3"))], className=hb("row"))
    return present(
        html.P(dcc.Link("All incidents", href=_address(None, state)), className=hb("back only-m")),
        html.Div(page_note(done), role="status") if done else html.Div(role="status"),
        rule,
        html.H2(entry.title, className=hb("inbox-t")),
        html.P(detail.explained, className=hb("mt-2")),
        _facts(entry, timezone),
        html.H3("Ladder", className=hb("mt-4")),
        _ladder(entry),
        html.P(_next_words(entry, timezone, now), className=hb("sub")),
        _controls(detail),
        html.H3("History", className=hb("mt-4")),
        _history(detail, timezone),
        dcc.Store(id=ids.ACTIONS_VERSION, data=entry.version),
    )


def _facts(entry: IncidentEntry, timezone: str) -> Component:
    facts = (
        (entry.metric, entry.value),
        ("Counted", entry.sample),
        ("Limit", entry.limit),
        ("Window", entry.window),
        ("Open since", at_instant(entry.opened_at, timezone)),
    )
    pairs = [part for name, value in facts for part in (html.Dt(name), html.Dd(value))]
    return html.Dl(pairs, className=hb("dl mt-4"))


def _ladder(entry: IncidentEntry) -> Component:
    last = LAST_STEP[Severity(entry.severity)]
    steps = [step for step in Step if step <= last]
    items = []
    for step in steps:
        is_now = step == entry.step and entry.is_open
        state = "now" if is_now else "done" if step <= entry.step else ""
        told = ", told" if step <= entry.step else ", not told"
        words: list[Component | str] = [
            STEP_WORDS[step][:1].upper() + STEP_WORDS[step][1:],
            html.Span(told, className="visually-hidden"),
        ]
        items.append(
            html.Li(
                words, className=hb(state) if state else None, **attributes(aria_current="step" if is_now else None)
            )
        )
    return html.Ol(items, className=hb("ladder wrap"))


def _next_words(entry: IncidentEntry, timezone: str, now: datetime) -> str:
    if entry.closed_at:
        return f"Ended {at_instant(entry.closed_at, timezone)} by {entry.closed_by}."
    if entry.acknowledged_by and entry.acknowledged_at:
        return f"{entry.acknowledged_by} takes care of it since {at_instant(entry.acknowledged_at, timezone)}."
    snoozed = ""
    if entry.snoozed_until and entry.snoozed_until > now:
        snoozed = f"Snoozed until {at_instant(entry.snoozed_until, timezone)} by {entry.snoozed_by}. "
    if entry.next_step_at:
        following = STEP_WORDS[Step(entry.step + 1)]
        return f"{snoozed}The {following} is told {at_instant(entry.next_step_at, timezone)} unless somebody acts."
    return f"{snoozed}Everybody on the ladder was told."


def _controls(detail: IncidentDetail) -> Component | None:
    if not detail.entry.is_open:
        return None
    refused = None if detail.may_handle else "Your role does not include this."
    buttons = present(
        html.Button(
            "Acknowledge",
            id=ids.ACTIONS_ACKNOWLEDGE,
            type="button",
            disabled=not detail.may_handle or detail.entry.acknowledged_by is not None,
            title=refused,
            className=hb("btn primary"),
            **attributes(data_letter="a"),
        ),
        button(icon("clock"), "Snooze", classes="btn", data_dialog="snooze", data_letter="s"),
        button("Close with a reason", classes="btn", data_dialog="close-incident") if detail.may_close else None,
    )
    return html.Div(
        present(
            html.Div(buttons, className=hb("row wrap inbox-act")),
            _snooze_dialog(),
            _close_dialog() if detail.may_close else None,
        )
    )


def _snooze_dialog() -> Component:
    options = [{"label": words, "value": str(days), "input_id": f"snooze-{days}"} for days, words in SNOOZES]
    return _confirm(
        "snooze",
        "Snooze this incident",
        "Nobody else is told until then; after it the wait begins anew. Everybody sees that you snoozed it.",
        html.Fieldset(
            [
                html.Legend("For how long", className=hb("lab")),
                dbc.RadioItems(
                    id=ids.ACTIONS_SNOOZE_DAYS, name="days", options=options, value="1", className=hb("options")
                ),
            ]
        ),
        html.Button("Snooze", id=ids.ACTIONS_SNOOZE, type="button", className=hb("btn primary"), **_closes("snooze")),
    )


def _close_dialog() -> Component:
    field = html.Div(
        [
            html.Label("Why", htmlFor=ids.ACTIONS_REASON, className=hb("lab")),
            dcc.Input(
                id=ids.ACTIONS_REASON,
                type="text",
                value="",
                maxLength=LONGEST_REASON,
                autoComplete="off",
                className=hb("inp"),
            ),
        ]
    )
    confirm = html.Button(
        "Close it", id=ids.ACTIONS_CLOSE, type="button", className=hb("btn primary"), **_closes("close-incident")
    )
    words = "The same window does not open it again; a later one may. The reason stays in the history."
    return _confirm("close-incident", "Close this incident", words, field, confirm)


def _closes(dialog: str) -> dict[str, Any]:
    return attributes(data_dialog_close=dialog)


def _confirm(name: str, title: str, words: str, body: Component, confirm: Component) -> Component:
    return html.Dialog(
        [
            html.H2(title, id=f"{name}-title"),
            html.P(words, className=hb("sub")),
            body,
            html.Div([confirm, button("Cancel", classes="btn", data_dialog_close=name)], className=hb("row mt-4")),
        ],
        id=name,
        className=hb("dialog"),
        **attributes(aria_labelledby=f"{name}-title"),
    )


def _history(detail: IncidentDetail, timezone: str) -> Component:
    items = [
        html.Li(
            [
                html.Span(event.words),
                html.Span(f"{at_instant(event.at, timezone)}, {event.actor}", className=hb("xs ink3 block")),
            ]
        )
        for event in detail.events
    ]
    return html.Ol(items, className=hb("steps mt-2"))
