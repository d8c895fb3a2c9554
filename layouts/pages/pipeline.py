"""Pipeline: where candidates wait, who is over the limit, what happened just now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.components.bars import bullet_bar
from layouts.components.card import card, page_note
from layouts.components.filters import filter_bar
from layouts.components.markup import Child, attributes, button, hb, icon, present, spoken, with_icon
from layouts.components.page_parts import trust_line
from layouts.components.status import status_chip
from services.domain.incidents import STEP_WORDS, IncidentEntry, Step
from services.domain.pipeline_page import (
    MINE,
    PAGE_SIZE,
    TEAM,
    Counted,
    FeedEntry,
    PipelineTile,
    PipelineView,
    StageLine,
    WaitingCandidate,
)
from services.domain.wording import NOTHING, at_instant, number

TITLE = "Pipeline"
_LONGEST_BAR = 2.5
"""A bar is full at so many times the limit."""


class Parts(NamedTuple):
    head: Component
    filters: Component
    body: list[Component]
    foot: Component
    shown: str


def pipeline_page(parts: Parts) -> Component:
    return html.Div(
        [
            html.Div(parts.head, id=ids.PIPELINE_HEAD),
            html.Div(parts.filters, id=ids.PIPELINE_FILTERS),
            html.Div(parts.body, id=ids.PIPELINE_BODY, className=hb("live-part")),
            html.Div(parts.foot, id=ids.PIPELINE_FOOT),
            dcc.Store(id=ids.PIPELINE_SHOWN, data=parts.shown),
            dcc.Store(id=ids.LIVE),
        ],
        **attributes(data_page="pipeline"),
    )


def pipeline_parts(view: PipelineView, shown: str, snapshot_version: str, *, has_requisitions: bool) -> Parts:
    """``has_requisitions``: the page of one requisition is there to be linked."""
    return Parts(
        _head(view, snapshot_version),
        filter_bar(view.filters, view.choices),
        _body(view, has_requisitions=has_requisitions),
        trust_line(view.trust),
        shown,
    )


def _head(view: PipelineView, snapshot_version: str) -> Component:
    is_live = view.stamp.lane == "live"
    moment = at_instant(view.stamp.as_of, view.stamp.timezone)
    as_of: list[Child] = [html.Span(className=hb("pulse")), f"Live, as of {moment}"]
    if not is_live:
        as_of = [icon("clock", "s"), f"Batch of {moment}"]
    lanes = html.Span(
        [
            button("Live", data_set="lane=", aria_pressed=str(view.settings.lane != "batch").lower(), classes="seg-b"),
            button(
                "Batch", data_set="lane=batch", aria_pressed=str(view.settings.lane == "batch").lower(), classes="seg-b"
            ),
        ],
        className=hb("seg"),
        role="group",
        **attributes(aria_label="Lane"),
    )
    follows = view.version if view.settings.lane != "batch" else None
    return html.Header(
        [
            html.Div([html.H1(TITLE), html.P(_counted(view.counted), className=hb("sub"))]),
            html.Div([html.Span(present(*as_of), className=hb("asof")), lanes], className=hb("row gap-3")),
        ],
        className=hb("page-head"),
        **attributes(data_version=snapshot_version, data_live=follows),
    )


def _choices(label: str, choices: Sequence[tuple[str, str, bool]]) -> Component:
    """(words, what it sets in the address, whether it holds now)."""
    buttons = [
        button(words, classes="seg-b", data_set=sets, aria_pressed=str(is_on).lower()) for words, sets, is_on in choices
    ]
    return html.Span(buttons, className=hb("seg"), role="group", **attributes(aria_label=label))


def _counted(counted: Counted) -> str:
    on = f"{_count(counted.open_roles, 'open role')}."
    never = f"{number(counted.held_roles)} on hold with {_count(counted.held_candidates, 'candidate')}"
    return f"{on} {never} and {_count(counted.cancelled_roles, 'role')} cancelled in 14 days are never counted here."


def _count(value: int, noun: str) -> str:
    return f"{number(value)} {noun}" if value == 1 else f"{number(value)} {noun}s"


def _body(view: PipelineView, *, has_requisitions: bool) -> list[Component]:
    notes: list[Component] = [page_note(note) for note in view.notes]
    tiles = html.Div([_tile(tile, view) for tile in view.tiles], className=hb("tiles mt-4"), style={"--n": 5})
    incident = [_incident(view.incident, view.stamp.timezone)] if view.incident else []
    return [
        *notes,
        tiles,
        *incident,
        html.Div(_stages(view.stages), className=hb("grid mt-4")),
        html.Div(_needs(view, has_requisitions=has_requisitions), className=hb("grid mt-4")),
        html.Div(_feed(view.feed, view.stamp.timezone, can_pause=bool(view.version)), className=hb("grid mt-4")),
    ]


def _tile(tile: PipelineTile, view: PipelineView) -> Component:
    """Each says which lane it is from, and whether that is older than the page needs."""
    time = at_instant(view.stamp.as_of, view.stamp.timezone).split(", ")[1].split(" ")[0]
    lane: Child = f"Live {time}" if view.stamp.lane == "live" else f"Batch {time}"
    if view.is_miss:
        lane = html.Span(lane, className=with_icon("t-near", "near"), title="Older than the 15 s this page needs")
    value = present(html.B(number(tile.value)), status_chip(tile.status, "Over") if tile.status else None)
    return html.Article(
        [
            html.Header(html.H2(tile.title, className=hb("tile-n")), className=hb("tile-h")),
            html.P(value, className=hb("tile-v")),
            html.Footer([html.Span(tile.detail), html.Span(lane)], className=hb("tile-f")),
        ],
        className=hb("tile"),
        **attributes(data_metric=f"pipeline-{tile.id}"),
    )


def _incident(entry: IncidentEntry, timezone: str) -> Component:
    steps = [
        html.Li(f"{STEP_WORDS[step].capitalize()}, told", className=hb("done with ico-good"))
        for step in Step
        if step <= entry.step
    ]
    if entry.next_step_at is not None and entry.step < max(Step):
        words = f"{STEP_WORDS[Step(entry.step + 1)].capitalize()}, due {at_instant(entry.next_step_at, timezone)}"
        steps.append(html.Li(words, className=hb("now with ico-clock")))
    words = f"{entry.value} ({entry.sample}) in {entry.window}; the limit is {entry.limit}. "
    ladder = html.Ol(steps, className=hb("ladder wrap mt-2"))
    opened = f"Incident {entry.id}, opened {at_instant(entry.opened_at, timezone)}."
    return html.Div(
        [
            icon("bad"),
            html.Span([html.B(f"{entry.title} is over the limit. "), words, opened, ladder], className=hb("grow")),
            dcc.Link("Open", href=f"/actions/{entry.id}", className=hb("btn small")),
        ],
        className=hb("note bad mt-4"),
    )


def _stages(stages: Sequence[StageLine]) -> Component:
    head = [
        html.Th("Stage", scope="col"),
        html.Th("Active", scope="col", className=hb("n")),
        html.Th("In, 7 days", scope="col", className=hb("n fold")),
        html.Th("Median days", scope="col", className=hb("n fold")),
        html.Th("Slowest tenth, tick = limit", scope="col", className=hb("fold")),
        html.Th("Days", scope="col", className=hb("n fold")),
        html.Th("Limit", scope="col", className=hb("n fold")),
        html.Th("Over", scope="col", className=hb("n")),
        html.Th(spoken("Status"), scope="col", className=hb("fold")),
    ]
    rows = [html.Tr(_stage(stage)) for stage in stages]
    table = html.Table(
        [
            html.Caption("Active candidates by stage", className="visually-hidden"),
            html.Thead(html.Tr(head)),
            html.Tbody(rows),
        ],
        className=hb("tbl tight"),
    )
    foot = [
        html.Span("Business days, holds and freezes left out"),
        html.Span("Ages are said of ten candidates or more"),
    ]
    caption = "Open stays count at their age now; candidates on hold and cancelled roles are never in it."
    return card("Where candidates wait", caption, table, foot=foot)


def _stage(line: StageLine) -> list[Component]:
    folded = f"{number(line.new)} in 7 days" + (
        f", median {_days(line.median)} days" if line.median is not None else ""
    )
    bar: Child = NOTHING
    if line.slowest is not None:
        full = max(line.slowest, (line.limit or 0) * _LONGEST_BAR) * 1.05
        bar = bullet_bar(line.slowest, full=full, target=line.limit, tone="near" if line.over else "")
    status = status_chip("near", "Over") if line.over else status_chip("on", "Within") if line.active else None
    return [
        html.Th([line.stage, html.Span(folded, className=hb("only-m"))], scope="row", className=hb("two")),
        html.Td(html.B(number(line.active)), className=hb("n")),
        html.Td(f"+{number(line.new)}", className=hb("n fold")),
        html.Td(_days(line.median), className=hb("n fold")),
        html.Td(bar, className=hb("fold")),
        html.Td(_days(line.slowest), className=hb("n fold")),
        html.Td(_days(line.limit), className=hb("n fold")),
        html.Td(number(line.over), className=hb("n")),
        html.Td(status or NOTHING, className=hb("fold")),
    ]


def _days(value: float | None) -> str:
    return NOTHING if value is None else number(value, decimals=1)


def _needs(view: PipelineView, *, has_requisitions: bool) -> Component:
    body: Child
    if view.waiting:
        body = _waiting_table(view, has_requisitions=has_requisitions)
    elif view.waiting_total:
        body = html.P("This page of the list is past its end.", className=hb("sub"))
    else:
        words = (
            "Nobody of yours waits longer than the limit."
            if view.settings.who == MINE
            else "Nobody waits longer than the limit."
        )
        body = html.P(f"{words} That is counted, not missing.", className=hb("sub"))
    return card(
        "Needs a move",
        "Longest over its stage limit first. Business days in stage / limit.",
        body,
        aside=_who(view) if view.mine is not None else None,
        foot=_pager(view),
    )


def _who(view: PipelineView) -> Component:
    who = view.settings.who
    mine = (f"Mine {number(view.mine or 0)}", f"who={MINE}", who == MINE)
    return _choices("Whose candidates", (mine, (f"Team {number(view.team)}", f"who={TEAM}", who == TEAM)))


def _pager(view: PipelineView) -> list[Child]:
    page, first = view.settings.page, (view.settings.page - 1) * PAGE_SIZE
    shown = f"Showing {number(first + 1)}–{number(first + len(view.waiting))} of {number(view.waiting_total)}"
    parts: list[Child] = [html.Span(shown if view.waiting else f"Showing 0 of {number(view.waiting_total)}")]
    if page > 1:
        parts.append(button("Earlier", classes="link", data_set=f"page={min(page - 1, view.pages)}"))
    if page < view.pages:
        parts.append(button("Further", classes="link", data_set=f"page={page + 1}"))
    return parts


def _waiting_table(view: PipelineView, *, has_requisitions: bool) -> Component:
    head = present(
        html.Th("Candidate", scope="col"),
        html.Th("Stage", scope="col", className=hb("fold")),
        html.Th("Owner", scope="col", className=hb("fold")) if view.shows_owners else None,
        html.Th("Days", scope="col", className=hb("n")),
        html.Th("Over the limit, tick = limit", scope="col", className=hb("fold")),
    )
    rows = [html.Tr(_waiting(one, view, has_requisitions=has_requisitions)) for one in view.waiting]
    table = html.Table(
        [
            html.Caption("Candidates over their limit", className="visually-hidden"),
            html.Thead(html.Tr(head)),
            html.Tbody(rows),
        ],
        className=hb("tbl tight"),
    )
    return html.Div(table, className=hb("tbl-w"))


def _waiting(one: WaitingCandidate, view: PipelineView, *, has_requisitions: bool) -> list[Component | str]:
    name = one.name or f"Candidate {one.number}"
    role: Child = one.requisition or f"Requisition {one.requisition_id}"
    if has_requisitions:
        role = dcc.Link(role, href=f"/requisitions/{one.requisition_id}")
    owner = f", {one.owner}" if one.owner and view.shows_owners else ""
    return present(
        html.Th(
            [
                html.B(name, dir="auto"),
                html.Span(role, dir="auto"),
                html.Span(f"{one.stage}{owner}", className=hb("only-m")),
            ],
            scope="row",
            className=hb("two"),
        ),
        html.Td(one.stage, className=hb("fold")),
        html.Td(one.owner or NOTHING, className=hb("fold"), dir="auto") if view.shows_owners else None,
        html.Td([html.B(_days(one.age)), f" / {_days(one.limit)}"], className=hb("n nowrap")),
        html.Td(
            bullet_bar(one.age, full=max(one.age, one.limit * _LONGEST_BAR) * 1.02, target=one.limit, tone="near"),
            className=hb("fold"),
        ),
    )


def _feed(feed: Sequence[FeedEntry], timezone: str, *, can_pause: bool) -> Component:
    items = [
        html.Li(
            [
                html.Time(_when(entry, timezone), className=hb("ink3 sm feed-t")),
                html.Span([html.B(entry.what), html.Span(entry.about, className=hb("sub block"), dir="auto")]),
            ],
            className=hb("row top feed-i"),
        )
        for entry in feed
    ]
    pause = button("Pause", classes="btn small", data_pause="live", aria_pressed="false") if can_pause else None
    body: Child = html.Ol(items, className=hb("feed")) if items else html.P("Nothing in 14 days.", className=hb("sub"))
    return card("Just now", "Every event once, newest first.", body, aside=pause)


def _when(entry: FeedEntry, timezone: str) -> str:
    day, time = at_instant(entry.at, timezone).split(", ")
    return f"{day.rsplit(' ', 1)[0]}, {time.split(' ')[0]}"
