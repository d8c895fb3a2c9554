"""Data health: how fresh each source is, what was imported, what waits, what is published, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.bars import bullet_bar
from layouts.components.card import card, page_note
from layouts.components.markup import Child, attributes, hb, present, spoken
from layouts.components.status import chip
from layouts.pages.quarantine import quarantine_section
from layouts.pages.replay import replay_section
from services.domain.data_health import (
    Certificate,
    Completeness,
    DataHealthView,
    ImportLine,
    SnapshotState,
    SourceFreshness,
)
from services.domain.judgement import Display, display_of
from services.domain.phrases import listing
from services.domain.views import Note
from services.domain.wording import NOTHING, at_instant, number, shown

_STATES: Mapping[str, tuple[str, str]] = {
    "running": ("hold", "Running"),
    "complete": ("good", "Complete"),
    "applying": ("bad", "Cut off"),
    "failed": ("bad", "Failed"),
    "abandoned": ("bad", "Given up"),
    "staged": ("near", "Not applied"),
    "superseded": ("good", "Said again since"),
    "taken_back": ("good", "Taken back"),
}
_SNAPSHOT_CHARACTERS = 12
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_MEGA = 1_000_000
_HOW = {"full": "Built in full", "increment": "Only what changed", "none": "Nothing had changed"}


def data_health_page(view: DataHealthView, timezone: str) -> Component:
    heading = html.Div(
        [html.H1("Data health"), html.P("Where the numbers come from and how far to trust them", className=hb("sub"))]
    )
    return html.Div(
        present(
            html.Header(heading, className=hb("page-head")),
            *_notes(view),
            html.Div(_tiles(view), className=hb("tiles")),
            html.Div(_sections(view, timezone), className=hb("grid mt-4")),
        ),
        **attributes(data_page="data-health"),
    )


def _notes(view: DataHealthView) -> list[Component]:
    notes = [Note("error", view.snapshot.blocked)] if view.snapshot is not None and view.snapshot.blocked else []
    late = [one.system for one in view.sources if one.is_late]
    if late:
        words = f"No import of {listing(tuple(late))} for longer than usual. What comes from there may be old."
        notes.append(Note("warning", words))
    return [page_note(note) for note in notes]


def _tiles(view: DataHealthView) -> list[Component]:
    judged = [one for one in view.sources if one.limit_s is not None]
    late = sum(one.is_late for one in judged)
    in_time = chip("near", f"{late} late") if late else chip("good", "In time") if judged else None
    drift = [one for one in view.certificates if one.has_open_drift]
    return present_components(
        _tile("Sources in time", f"{len(judged) - late} of {len(judged)}" if judged else NOTHING, in_time, "")
        if view.sources
        else None,
        _tile(
            "Records in quarantine",
            number(view.waiting),
            chip("near", "Look") if view.waiting else chip("good", "None wait"),
            "records",
        ),
        _filled_tile(view.completeness) if view.completeness else None,
        _tile(
            "Validated sources",
            f"{len(view.certificates) - len(drift)} of {len(view.certificates)}",
            chip("bad", "Does not agree") if drift else chip("good", "Agree"),
            "agree",
        )
        if view.certificates
        else None,
    )


def present_components(*children: Component | None) -> list[Component]:
    return [child for child in children if child is not None]


def _filled_tile(completeness: Completeness) -> Component:
    printed = shown(completeness.overall)
    words = printed.note or f"n {number(completeness.overall.n)}"
    return _tile("Required fields filled", printed.text, None, words)


def _tile(title: str, value: str, status: Component | None, words: str) -> Component:
    return html.Article(
        [
            html.Header(html.H2(title, className=hb("tile-n")), className=hb("tile-h")),
            html.P(present(html.B(value), html.Span(words) if words else None, status), className=hb("tile-v")),
        ],
        className=hb("tile"),
    )


def _sections(view: DataHealthView, timezone: str) -> list[Component]:
    return present_components(
        _sources(view.sources, timezone),
        quarantine_section(view.quarantine, timezone) if view.quarantine is not None else _reasons(view),
        replay_section(view.replay, timezone) if view.replay is not None else None,
        _snapshot(view.snapshot, timezone) if view.snapshot is not None else None,
        _imports(view.imports, timezone),
        _certificates(view.certificates, timezone) if view.certificates else None,
        _fields(view.completeness) if view.completeness is not None and view.completeness.fields else None,
        _recruiters(view.completeness)
        if view.completeness is not None and view.completeness.recruiters is not None
        else None,
    )


def table(heads: list[tuple[str, str]], rows: list[list[Component]]) -> Component:
    """``heads``: words and classes; the cells of a row are ready."""
    head = html.Tr(
        [html.Th(words or html.Span("Status", className="visually-hidden"), scope="col", className=hb(names))
         for words, names in heads]
    )  # fmt: skip
    body = [html.Tr(cells) for cells in rows]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className=hb("tbl tight")), className=hb("tbl-w"))


def name_cell(name: Child, *details: Child) -> Component:
    return html.Th(present(name, *details), scope="row", className=hb("two"))


def duration(seconds: float) -> str:
    """``3 h 20 min``: two units at most."""
    if seconds < _MINUTE:
        return "under 1 min"
    days, rest = divmod(int(seconds), _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes = rest // _MINUTE
    if days:
        return f"{number(days)} d {hours} h" if hours else f"{number(days)} d"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _sources(sources: tuple[SourceFreshness, ...], timezone: str) -> Component:
    caption = (
        "Last complete import, and how old it is. Tick: twice its usual distance; under three imports is not judged."
    )
    if not sources:
        words = "Nothing has been imported yet. “hireboard import” brings the first export."
        return card("Sources", caption, html.P(words, className=hb("sub")))
    heads = [("System", ""), ("Last import", "fold"), ("Imports", "n fold"), ("In quarantine", "n"), ("Age", "n")]
    rows = [_source(one, timezone) for one in sources]
    return card("Sources", caption, table([*heads, ("Against its usual distance", "fold"), ("", "")], rows))


def _source(one: SourceFreshness, timezone: str) -> list[Component]:
    last = at_instant(one.last_at, timezone) if one.last_at else "never completed"
    if one.limit_s is None:
        status = chip("hold", "Not judged", "unknown")
    else:
        status = chip("bad", "Late") if one.is_late else chip("good", "In time")
    bar: Child = NOTHING
    if one.age_s is not None and one.limit_s is not None:
        full = max(one.age_s, one.limit_s) * 1.25
        bar = bullet_bar(one.age_s, full=full, tone="bad" if one.is_late else "", target=one.limit_s)
    return [
        name_cell(one.system, html.Span(last, className=hb("only-m"))),
        html.Td(last, className=hb("nowrap fold")),
        html.Td(number(one.imports), className=hb("n fold")),
        html.Td(number(one.waiting), className=hb("n")),
        html.Td(duration(one.age_s) if one.age_s is not None else NOTHING, className=hb("n nowrap")),
        html.Td(bar, className=hb("wide fold")),
        html.Td(status),
    ]


def _imports(imports: tuple[ImportLine, ...], timezone: str) -> Component:
    if not imports:
        return card("Imports", "The latest first.", html.P("There were none so far.", className=hb("sub")))
    numbers = [(name, "n fold") for name in ("Read", "Loaded", "Unchanged", "Quarantine")]
    heads = [("Import", ""), ("By", "fold"), ("Began", "fold"), *numbers, ("Took", "n fold"), ("State", "")]
    foot = [html.Span("Read = loaded + unchanged + quarantine, in every import that is complete")]
    rows = [_import(one, timezone) for one in imports]
    return card("Imports", "The latest first; unfinished ones stay until they are over.", table(heads, rows), foot=foot)


def _import(one: ImportLine, timezone: str) -> list[Component]:
    began = at_instant(one.started_at, timezone)
    counts = [html.Td(number(count), className=hb("n fold")) for count in (one.read, one.loaded, one.unchanged)]
    short = f"{began}; {number(one.loaded)} loaded, {number(one.quarantined)} in quarantine"
    return [
        name_cell(
            f"{one.system}, import {one.id}",
            html.Span(one.place),
            html.Span(short, className=hb("only-m")),
            html.Span(one.todo) if one.todo else None,
        ),
        html.Td(one.by or NOTHING, className=hb("fold")),
        html.Td(began, className=hb("nowrap fold")),
        *counts,
        html.Td(number(one.quarantined), className=hb("n fold")),
        html.Td(duration(one.seconds) if one.seconds is not None else NOTHING, className=hb("n nowrap fold")),
        html.Td(chip(*_STATES.get(one.state, ("hold", one.state)))),
    ]


def _reasons(view: DataHealthView) -> Component:
    """For those who do not see records: how many wait."""
    caption = "Records that could not be loaded. Nothing is thrown away."
    if not view.reasons:
        return card("Quarantine", caption, html.P("No record waits.", className=hb("sub")), width=6)
    rows = [[name_cell(system), html.Td(number(count), className=hb("n"))] for system, count in view.reasons]
    return card("Quarantine", caption, table([("Source", ""), ("Records", "n")], rows), width=6)


def _snapshot(one: SnapshotState, timezone: str) -> Component:
    if one.waiting and one.lag_s is not None:
        behind: Child = f"{number(one.waiting)} imports wait, the oldest for {duration(one.lag_s)}"
    else:
        behind = "None: every complete import is in it"
    pairs: list[tuple[str, Child]] = [
        ("Batch", html.Code(one.id[:_SNAPSHOT_CHARACTERS])),
        ("Read at", at_instant(one.as_of, timezone)),
        ("Published", at_instant(one.published_at, timezone) if one.published_at else None),
        ("How", _HOW.get(one.how, one.how) if one.how else None),
        ("Build took", f"{number(one.duration_s, decimals=1)} s" if one.duration_s is not None else None),
        ("Size", f"{number(one.size_bytes / _MEGA, decimals=1)} MB" if one.size_bytes is not None else None),
        ("Watermark", number(one.watermark) if one.watermark is not None else None),
        ("Lag", behind),
    ]
    parts = [part for name, words in pairs if words is not None for part in (html.Dt(name), html.Dd(words))]
    return card("Published batch", "What every figure is worked out from.", html.Dl(parts, className=hb("dl")), width=6)


def _certificates(certificates: tuple[Certificate, ...], timezone: str) -> Component:
    heads = [("Source", ""), ("Figures", "n"), ("Verdict", ""), ("", "right")]
    rows = [_certificate(one, timezone) for one in certificates]
    caption = "Figures worked out a second time from a fresh export, by other code."
    return card("Validation", caption, table(heads, rows), width=6)


def _certificate(one: Certificate, timezone: str) -> list[Component]:
    wrong = f"{listing(one.differing)} did not agree" if one.differing else None
    drift = chip("bad", "Differs") if one.differing else chip("good", "Agrees")
    return [
        name_cell(
            one.system,
            html.Span(f"{one.period}, made {at_instant(one.made_at, timezone)}"),
            html.Span(wrong) if wrong else None,
            html.Span("Drift is open until a certificate agrees") if one.has_open_drift else None,
        ),
        html.Td(number(one.compared), className=hb("n")),
        html.Td(drift),
        html.Td(_document(one), className=hb("right")),
    ]


def _document(one: Certificate) -> Child:
    if one.public_id is None:
        return NOTHING
    return dcc.Link(["Certificate", spoken(f" of {one.system}, {one.period}")], href=f"/reports/{one.public_id}")


def _fields(completeness: Completeness) -> Component:
    most = max(one.missing for one in completeness.fields)
    rows = [
        [
            name_cell(one.name.capitalize()),
            html.Td(number(one.missing), className=hb("n")),
            html.Td(bullet_bar(one.missing, full=float(max(most, 1))), className=hb("wide")),
        ]
        for one in completeness.fields
    ]
    caption = "Applications in the process that lack a field a day after they need it."
    heads = [("Field", ""), ("Missing", "n"), ("Of the most", "")]
    foot = [dcc.Link("How it is counted", href="/metrics/field_completeness")]
    return card("Completeness by field", caption, table(heads, rows), width=6, foot=foot)


def _recruiters(completeness: Completeness) -> Component:
    caption = "Required fields filled, by name. Under 20 is grey."
    people = completeness.recruiters or ()
    if not people:
        return card(
            "Completeness by recruiter", caption, html.P("Nobody has an open role.", className=hb("sub")), width=6
        )
    rows = []
    for name, row in people:
        printed, display = shown(row), display_of(row)
        grey = "" if display is Display.NORMAL else "ink3"
        bar: Child = NOTHING
        if row.value is not None:
            bar = bullet_bar(float(row.value), full=1.0, tone="mute" if grey else "")
        cells = [
            name_cell(name),
            html.Td(number(row.n) if display is not Display.HIDDEN else NOTHING, className=hb("n fold")),
            html.Td(html.Span(printed.text, className=hb(grey) if grey else ""), className=hb("n"), title=printed.note),
            html.Td(bar, className=hb("wide")),
        ]
        rows.append(cells)
    more = [html.Span(f"and {number(completeness.not_shown)} more")] if completeness.not_shown else []
    heads = [("Recruiter", ""), ("n", "n fold"), ("Filled", "n"), ("0 to 100%", "")]
    return card("Completeness by recruiter", caption, table(heads, rows), width=6, foot=more)
