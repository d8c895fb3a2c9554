"""One requisition: its course, the trace of its clock, owners, candidates, and the form of what may be changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.card import card, page_note
from layouts.components.markup import Child, attributes, hb, present, with_icon
from layouts.components.status import chip
from layouts.pages.requisitions import state_chip
from layouts.pages.states import nothing_found
from services.domain.clock_traces import ClockTrace, TracedClock, TraceStep
from services.domain.requisition_edits import LONGEST_REASON, Field, News, Pause, PauseKind
from services.domain.requisition_pages import Bar, FieldLine, Figure, OneRequisition, OwnerCredit, Timeline
from services.domain.views import Note
from services.domain.wording import NOTHING, at_instant, number, on_date

BODY = "requisition-body"
SAID = "requisition-said"
DO = "requisition-do"
"""Type of every button that changes something; its index says what."""
TYPED = "requisition-typed"
VERSION = "requisition-version"
_DAY_S = 86_400
NEWS_WORDS = {
    News.CAUGHT_UP: "The source says the same now: giving it back changes nothing.",
    News.MOVED: "The source has changed since; the edit still holds.",
}
KIND_WORDS = {PauseKind.HOLD: "Hold", PauseKind.FREEZE: "Freeze", PauseKind.RELEASE: "End of the source's hold"}
_HINTS = {Field.TARGET_ON: "year-month-day, for example 2027-01-31", Field.TARGET_DAYS: "agreed for this role"}


def requisition_page(view: OneRequisition, timezone: str, now: datetime) -> Component:
    return html.Div(
        html.Div(requisition_body(view, timezone, now), id=BODY, className=hb("live-part")),
        **attributes(data_page="requisition"),
    )


def no_requisition() -> Component:
    """The same for one that does not exist and one that is not for the reader."""
    words = "There is no such requisition, or it is not for you. The list shows those you may see."
    return nothing_found("No requisition here", words, can_reset=False)


def requisition_body(view: OneRequisition, timezone: str, now: datetime, done: str = "") -> list[Component | str]:
    """``done``: what the reader just did."""
    beside: list[Component] = [_owners(view)] if view.owners is not None else []
    width = 7 if beside else 12
    return present(
        _head(view, timezone),
        html.Div(page_note(Note("info", done)), role="status") if done else None,
        page_note(Note("info", view.note)) if view.note else None,
        html.Div([_figure(one, view) for one in view.figures], className=hb("tiles mt-4")) if view.figures else None,
        html.Div(_timeline(view.timeline), className=hb("grid mt-4")) if view.timeline else None,
        html.Div([_trace(view.trace, width), *beside], className=hb("grid mt-4")) if view.trace is not None else None,
        html.Div(_candidates(view), className=hb("grid mt-4")) if view.candidates is not None else None,
        html.Div(_standing(view, timezone, now), className=hb("grid mt-4")),
    )


def _head(view: OneRequisition, timezone: str) -> Component:
    chips = present(
        state_chip(view.state, is_frozen=view.is_frozen and view.state == "open"),
        chip("bad", "Overdue") if view.is_late else None,
    )
    heading = html.Div(
        [
            html.P(
                [dcc.Link("Requisitions", href="/requisitions"), f" / {view.code or view.id}"], className=hb("crumb")
            ),
            html.H1(view.title),
            html.P([html.Span(chips, className=hb("row wrap")), html.Span(view.subtitle)], className=hb("sub")),
        ]
    )
    as_of = None
    if view.as_of is not None:
        words = f"As of {at_instant(view.as_of, timezone)}, batch {view.snapshot[:12]}"
        as_of = html.Span(words, className=with_icon("asof", "clock"))
    return html.Header(present(heading, as_of), className=hb("page-head"))


def _figure(figure: Figure, view: OneRequisition) -> Component:
    value = NOTHING if figure.value is None else number(figure.value, decimals=1 if figure.unit == "days" else 0)
    status = {"off": chip("bad", "Over target"), "on": chip("good", "On target")}.get(figure.status or "")
    at = f"{view.as_of.astimezone(UTC):%H:%M} UTC" if view.as_of else ""
    return html.Article(
        [
            html.Div(
                [html.Span(figure.name), html.Span(figure.unit, className=hb("ink3"))], className=hb("row between")
            ),
            html.P(present(html.B(value), status), className=hb("tile-v")),
            html.P(figure.words, className=hb("sm ink3")),
            html.Div([html.Span(f"n {number(figure.n)}"), html.Span(at)], className=hb("tile-f")),
        ],
        className=hb("tile"),
    )


# --- the course ---


def _timeline(timeline: Timeline) -> Component:
    lanes = [_lane(lane.name, lane.bars, timeline) for lane in timeline.lanes]
    dots = [
        html.I(
            className=hb(f"dot {dot.kind}"),
            style={"left": _place(dot.at, timeline)},
            title=f"{dot.words}, {on_date(dot.at.date())}",
        )
        for dot in timeline.dots
    ]
    if dots:
        lanes.append(html.Div([html.Span("Events"), html.Div(dots, className=hb("lane-t"))], className=hb("lane")))
    ends = html.Div(
        [html.Span(), html.Div([html.Span(on_date(end.date())) for end in (timeline.start, timeline.end)])],
        className=hb("lane lane-ends"),
    )
    picture = html.Div([*lanes, ends], className=hb("lanes"), role="img", **attributes(aria_label=timeline.finding))
    return card(
        "Timeline",
        "Status and stops make the net clock. Rings are interviews; filled dots are offers and answers.",
        picture,
        html.Details([html.Summary("As table", className=hb("link")), _timeline_table(timeline)], className=hb("mt-2")),
    )


def _lane(name: str, bars: Sequence[Bar], timeline: Timeline) -> Component:
    drawn = []
    for bar in bars:
        left, right = _share(bar.start, timeline), _share(bar.end or timeline.end, timeline)
        words = f"{bar.words}, {on_date(bar.start.date())} to {on_date(bar.end.date()) if bar.end else 'now'}"
        drawn.append(
            html.Span(
                bar.words,
                className=hb(f"lane-b {bar.tone}"),
                style={"left": f"{left:.2f}%", "width": f"{max(right - left, 0.4):.2f}%"},
                title=words,
            )
        )
    return html.Div([html.Span(name), html.Div(drawn, className=hb("lane-t"))], className=hb("lane"))


def _share(at: datetime, timeline: Timeline) -> float:
    whole = (timeline.end - timeline.start).total_seconds() or 1.0
    return min(100.0, max(0.0, (at - timeline.start).total_seconds() / whole * 100))


def _place(at: datetime, timeline: Timeline) -> str:
    return f"{_share(at, timeline):.2f}%"


def _timeline_table(timeline: Timeline) -> Component:
    rows = [
        html.Tr(
            [
                html.Th(lane.name, scope="row"),
                html.Td(bar.words),
                html.Td(on_date(bar.start.date())),
                html.Td(on_date(bar.end.date()) if bar.end else "now"),
            ]
        )
        for lane in timeline.lanes
        for bar in lane.bars
    ]
    rows += [
        html.Tr([html.Th("Event", scope="row"), html.Td(dot.words), html.Td(on_date(dot.at.date())), html.Td(NOTHING)])
        for dot in timeline.dots
    ]
    return _table(("Lane", "What", "From", "To"), rows, "The timeline in words")


def _table(heads: Sequence[str], rows: Sequence[Component], caption: str) -> Component:
    head = html.Thead(html.Tr([html.Th(words, scope="col") for words in heads]))
    table = html.Table(
        [html.Caption(caption, className="visually-hidden"), head, html.Tbody(rows)], className=hb("tbl tight")
    )
    return html.Div(table, className=hb("tbl-w"))


def _trace(trace: ClockTrace, width: int) -> Component:
    body: list[Child] = [html.P(words, className=hb("sub")) for words in trace.remarks]
    for clock in trace.clocks:
        body += [html.H3(f"{clock.subject.capitalize()}, {clock.state}", className=hb("mt-4")), _clock(clock)]
        body += [html.P(words.capitalize(), className=hb("xs ink3")) for words in clock.remarks]
    zone = trace.clocks[0].zone if trace.clocks else "UTC"
    return card(
        "Clock trace",
        "Every piece of time, counted or not, and by which rule.",
        *body,
        width=width,
        foot=[html.Span(f"Times of {zone}"), dcc.Link("Time to fill", href="/metrics/time_to_fill")],
    )


def _clock(clock: TracedClock) -> Component:
    rows = [html.Tr(_step(step)) for step in clock.steps]
    total = html.Tr(
        [
            html.Th(f"Gross {_days(clock.elapsed_seconds)}", scope="row"),
            html.Td(""),
            html.Td(number(clock.value, decimals=1), className=hb("n")),
            html.Td(chip("info", "Net")),
            html.Td(f"{_days(clock.skipped_seconds)} left out"),
        ],
        className=hb("total"),
    )
    return _table(("From", "To", "Days", "Counted", "Why"), [*rows, total], f"Clock of {clock.subject}")


def _step(step: TraceStep) -> list[Component]:
    tone = chip("info", "Counted") if step.counted else chip("hold", "Left out", "hold")
    shift = step.clock_change_seconds
    words = step.reason.capitalize() if step.reason else NOTHING
    if shift:
        words += f"; clocks put {'forward' if shift > 0 else 'back'} an hour, no time added"
    return [
        html.Th(f"{on_date(step.start.date())}, {step.start:%H:%M}", scope="row"),
        html.Td(f"{on_date(step.end.date())}, {step.end:%H:%M}"),
        html.Td(_days(step.seconds), className=hb("n")),
        html.Td(tone),
        html.Td(words),
    ]


def _days(seconds: int) -> str:
    return number(seconds / _DAY_S, decimals=1)


def _owners(view: OneRequisition) -> Component:
    owners = view.owners or ()
    rows = [html.Tr(_owner(owner)) for owner in owners]
    body = _table(("Recruiter", "From", "Net days", "Credit"), rows, "Owners") if rows else html.P("Nobody is known.")
    words = f"The primary rule would give {view.primary} 1.00." if view.primary else ""
    return card(
        "Owners and credit",
        "Split by net days. Parts add up to 1.00.",
        body,
        width=5,
        foot=[html.Span(words)] if words else (),
    )


def _owner(owner: OwnerCredit) -> list[Component]:
    until = f"to {on_date(owner.end.date())}" if owner.end else "owner now"
    return [
        html.Th([owner.name, html.Span(until)], scope="row", className=hb("two")),
        html.Td(on_date(owner.start.date())),
        html.Td(number(owner.net_days, decimals=1), className=hb("n")),
        html.Td(NOTHING if owner.credit is None else number(owner.credit, decimals=2), className=hb("n")),
    ]


def _candidates(view: OneRequisition) -> Component:
    rows = [
        html.Tr(
            [
                html.Th([row.name, html.Span(f"applied {on_date(row.applied_on)}")], scope="row", className=hb("two")),
                html.Td(row.source or NOTHING, className=hb("fold")),
                html.Td(row.stage or NOTHING),
                html.Td(
                    NOTHING if row.days_in_stage is None else number(row.days_in_stage, decimals=1), className=hb("n")
                ),
                html.Td(row.feedback or "not due", className=hb("fold")),
            ]
        )
        for row in view.candidates or ()
    ]
    heads = (("Candidate", ""), ("Source", "fold"), ("Stage", ""), ("Days in stage", "n"), ("Feedback", "fold"))
    head = html.Thead(html.Tr([html.Th(words, scope="col", className=hb(classes)) for words, classes in heads]))
    body: Component = html.P("Nobody is in process. That is counted, not missing.", className=hb("sub"))
    if rows:
        body = html.Div(html.Table([head, html.Tbody(rows)], className=hb("tbl")), className=hb("tbl-w"))
    return card("Candidates", f"{number(view.in_process)} in process, longest in their stage first.", body)


# --- what stands, and the form ---


def _standing(view: OneRequisition, timezone: str, now: datetime) -> Component:
    heads = ("Field", "Holds", "The source says", "Edited")
    rows = [html.Tr(_line(line, timezone)) for line in view.lines]
    forms = present(_form(view), _pause_form(view), html.Div(id=SAID, role="status"))
    may = any(line.may_edit for line in view.lines) or view.may_pause
    caption = "Edits stand beside the source and survive every import."
    return card(
        "Fields",
        caption if may else f"{caption} You read them; recruiter and HR partner change them.",
        _table(heads, rows, "Fields with both values"),
        _pauses(view, timezone, now) if view.pauses else None,
        html.Div(forms, className=hb("mt-4")) if may else None,
    )


def _line(line: FieldLine, timezone: str) -> list[Component]:
    edited: list[Component | str] = []
    if line.edited_by and line.edited_at:
        edited = present(
            html.Span(f"{line.edited_by}, {at_instant(line.edited_at, timezone)}: {line.reason}"),
            html.Span(NEWS_WORDS[line.news], className=hb("block ink3")) if line.news is not News.NONE else None,
            _do("Give back", f"give:{line.field.value}", "btn small") if line.may_edit else None,
        )
    return [
        html.Th(line.label, scope="row"),
        html.Td(html.B(line.words or NOTHING) if line.edited_by else line.words or NOTHING),
        html.Td(line.source or NOTHING),
        html.Td(edited or NOTHING),
    ]


def _pauses(view: OneRequisition, timezone: str, now: datetime) -> Component:
    rows = []
    for pause in view.pauses:
        is_over = pause.to_at is not None and pause.to_at <= now
        end = _do("End it now", f"resume:{pause.id}:{pause.version}", "btn small")
        rows.append(html.Tr(_pause(pause, timezone, end if view.may_pause and not is_over else None)))
    return html.Div(
        [html.H3("Holds and freezes made here"), _table(("Kind", "From", "To", "Why", ""), rows, "Holds and freezes")],
        className=hb("mt-4"),
    )


def _pause(pause: Pause, timezone: str, end: Component | None) -> list[Component]:
    zone = ZoneInfo(timezone)
    return [
        html.Th(KIND_WORDS[pause.kind], scope="row"),
        html.Td(on_date(pause.from_at.astimezone(zone).date())),
        html.Td(on_date(pause.to_at.astimezone(zone).date()) if pause.to_at else "open"),
        html.Td(f"{pause.reason} ({pause.edited_by})"),
        html.Td(end or NOTHING),
    ]


def _do(words: str, what: str, classes: str = "btn") -> Component:
    return html.Button(words, id={"type": DO, "index": what}, type="button", className=hb(classes))


def _typed(name: str, label: str, value: str = "", hint: str = "") -> Component:
    return _field(
        label,
        dcc.Input(
            id={"type": TYPED, "index": name},
            type="text",
            value=value,
            maxLength=LONGEST_REASON,
            autoComplete="off",
            placeholder=hint,
            className=hb("inp"),
        ),
    )


def _field(label: str, control: Component) -> Component:
    """The words stand in the label together with the control: an id that is a pattern cannot be named by it."""
    return html.Label([html.Span(label, className=hb("lab")), control], className=hb("field"))


def _form(view: OneRequisition) -> Component | None:
    lines = [line for line in view.lines if line.may_edit]
    if not lines:
        return None
    fields = [_control(line) for line in lines]
    versions = [dcc.Store(id={"type": VERSION, "index": line.field.value}, data=line.version) for line in lines]
    confirm = [_confirm("confirm", "Yes, cancel open seats")] if len(lines) > 1 else []
    return html.Details(
        [
            html.Summary("Edit fields", className=hb("btn")),
            html.Div(fields, className=hb("form-grid mt-4")),
            _typed("reason", "Why", hint="kept with the change"),
            *confirm,
            html.Div(_do("Save", "save", "btn primary"), className=hb("row mt-4")),
            *versions,
        ],
        className=hb("edit"),
    )


def _control(line: FieldLine) -> Component:
    if not line.choices:
        return _typed(line.field.value, line.label, line.value, _HINTS.get(line.field, ""))
    options = [{"label": words, "value": value} for value, words in line.choices]
    if line.value and all(value != line.value for value, _ in line.choices):
        options.insert(0, {"label": line.words or line.value, "value": line.value})
    select = dbc.Select(
        id={"type": TYPED, "index": line.field.value}, options=options, value=line.value, className=hb("inp")
    )
    return _field(line.label, select)


def _confirm(name: str, words: str) -> Component:
    ticks: Component = dbc.Checklist(
        id={"type": TYPED, "index": name}, options=[{"label": words, "value": "yes"}], value=[], className=hb("options")
    )
    return ticks


def _pause_form(view: OneRequisition) -> Component | None:
    if not view.may_pause or view.state not in {"open", "on_hold"}:
        return None
    buttons = present(
        _do("Put on hold", "hold", "btn primary"),
        _do("Freeze", "freeze"),
        _do("End the source's hold", "release") if view.is_held_by_source else None,
    )
    return html.Details(
        [
            html.Summary("Hold or freeze", className=hb("btn")),
            html.P("The clock stands still and the role leaves the open pipeline.", className=hb("sub mt-2")),
            html.Div(
                [
                    _typed("pause-from", "From", hint="today, or year-month-day"),
                    _typed("pause-to", "To", hint="open, or year-month-day"),
                    _typed("pause-reason", "Why", hint="kept with it"),
                ],
                className=hb("form-grid mt-4"),
            ),
            _confirm("pause-confirm", "Yes, stop the clock"),
            html.Div(buttons, className=hb("row mt-4")),
        ],
        className=hb("edit mt-2"),
    )


def said(note: Note, fresh_version: tuple[str, int] | None = None) -> list[Component]:
    """What happened. ``fresh_version``: after a conflict, so that saving again is meant for what is shown now."""
    found: list[Component] = [page_note(note)]
    if fresh_version is not None:
        found.append(dcc.Store(id={"type": VERSION, "index": f"{fresh_version[0]}!"}, data=fresh_version[1]))
    return found
