"""Diversity: who was asked before any share; representation and adverse impact by stage; goals of departments.

Only the released questions are asked (whole quarters that are over, for the whole or for one axis of places), so the
page switches off every other filter and says why. What is worked out here is worked out of shown numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qsl

from services.domain.consumers import Consumer, ConsumerKind
from services.domain.errors import ForbiddenError
from services.domain.filters import to_search
from services.domain.metric import Answer, Period, Query, Row, Unit
from services.domain.people import ColumnClass, Viewer
from services.domain.pipeline import STAGE_ORDER, Stage
from services.domain.views import (
    Bullet,
    Cell,
    Column,
    Dot,
    DotPlot,
    FilterChoice,
    Filters,
    Mark,
    Note,
    PageView,
    Section,
    Table,
    TableRow,
)
from services.domain.wording import FEW_GREY, HIDDEN, NOTHING, number, on_date, percent, span
from services.metrics import overview_parts as parts
from services.metrics.diversity_goals import Progress
from services.metrics.pages.adverse_impact_table import adverse_impact_table
from services.metrics.pages.frame import Desk, Opened, switched_off
from services.metrics.selection import Answers, Later
from services.metrics.sensitive import (
    HALF,
    QUARTER,
    first_day,
    quarter_of,
    smallest_cell,
)

PAGE, TITLE = "diversity", "Diversity"
COMPLETENESS, REPRESENTATION, IMPACT = "demographic_completeness", "representation", "adverse_impact_ratio"
METRICS = (COMPLETENESS, REPRESENTATION, IMPACT)
CONSUMER = Consumer(ConsumerKind.PAGE, PAGE, TITLE, frozenset(METRICS))
TOO_SMALL = "cells would get too small."
OFF = {"source": TOO_SMALL, "job_family": TOO_SMALL, "seniority": TOO_SMALL}
QUARTERS = {"3m": 1, "6m": 2, "12m": 4, "24m": 8}
"""Whole quarters that are over, by the chosen period; any other is a year."""
A_YEAR = 4
TREND_QUARTERS = 8
ENOUGH_ANSWERED = 0.8
NEAR = 0.9
Progresses = Callable[[Viewer], Sequence[Progress]]


@dataclass(frozen=True)
class Questions:
    """What people are asked about themselves: one is looked at, the others are a click away."""

    names: tuple[str, ...]
    chosen: str
    kept: tuple[tuple[str, str], ...] = ()
    """What else the address says."""


@dataclass(frozen=True)
class RecordForm:
    """The way to single records: a purpose, a question, days of application. What is opened is audited."""

    questions: tuple[str, ...]
    applied_from: date
    applied_until: date


@dataclass(frozen=True)
class _Frame:
    """What the page's questions share."""

    opened: Opened
    period: Period
    where: Mapping[str, tuple[str, ...]]

    def ask(self, metric: str, *by: str, period: Period | None = None, **more: str) -> Later:
        where = {**self.where, **{name: (value,) for name, value in more.items()}}
        return self.opened.selection.query.later(Query((metric,), by, where, period or self.period), self.opened.viewer)

    @property
    def is_whole(self) -> bool:
        return not self.where


class DiversityPage:
    """``progress`` tells how far goals are met, as the viewer may see it."""

    def __init__(self, desk: Desk, progress: Progresses) -> None:
        self._desk = desk
        self._progress = progress

    def view(self, filters: Filters, viewer: Viewer, question: str = "", *, may_open_records: bool = False) -> PageView:
        """The page for ``viewer``; an unknown ``question`` is the one most were asked.

        Raises ForbiddenError without the class, RetryLaterError without a snapshot.
        """
        if ColumnClass.DIVERSITY not in viewer.classes:
            raise ForbiddenError("Your role does not include numbers of groups.")
        with self._desk.opened(filters, viewer, OFF) as found:
            opened, place_notes = _at_places(found)
            frame = _framed(opened)
            completeness = frame.ask(COMPLETENESS, "question", "canonical_stage")()
            names = _questions(completeness)
            chosen = question if question in names else next(iter(names), "")
            sections = self._sections(frame, completeness, names, chosen) if chosen else ()
            if chosen and may_open_records:
                sections = (*sections, Section("records", _form(opened, names)))
            return PageView(
                id=PAGE,
                title=TITLE,
                subtitle=f"{_place_words(frame)}, {_span(frame.period)}",
                stamp=opened.stamp,
                filters=opened.filters,
                choices=opened.choices,
                lede="" if chosen else "Nobody was asked about themselves in what you may see.",
                notes=(*opened.standing, *_notes(filters, frame, place_notes)),
                sections=sections,
                is_empty=not chosen,
                trust=(*opened.trust, _k_words(viewer)),
            )

    def _sections(self, frame: _Frame, completeness: Answer, names: Sequence[str], chosen: str) -> tuple[Section, ...]:
        viewer = frame.opened.viewer
        later = {
            REPRESENTATION: frame.ask(REPRESENTATION, "group", "canonical_stage", question=chosen),
            IMPACT: frame.ask(IMPACT, "group", "transition", question=chosen),
        }
        trend = _by_quarter(frame, chosen) if frame.is_whole else None
        answers = Answers(later)
        own = [row for row in completeness.rows if row.dims.get("question") == chosen]
        width = 7 if trend is not None else 12
        found = [
            Section(
                "questions", Questions(tuple(names), chosen, tuple(parse_qsl(to_search(frame.opened.filters)[1:])))
            ),
            Section("completeness", completeness_table(own, chosen), width),
        ]
        if trend is not None:
            found.append(Section("by-quarter", quarter_dots(trend, chosen), 5))
        found.append(Section("goals", goals_table(self._progress(viewer))))
        found.append(Section("impact", adverse_impact_table(answers[IMPACT].of(IMPACT), _words(chosen))))
        table = representation_table(answers[REPRESENTATION].of(REPRESENTATION), own, chosen, smallest(viewer))
        found.append(Section("representation", table))
        return tuple(found)


# --- what is asked --------------------------------------------------------------------------------------------------


def _at_places(opened: Opened) -> tuple[Opened, tuple[Note, ...]]:
    """Top departments or regions, not both: the grid that is released has one axis of places."""
    choices = tuple(
        replace(choice, options=tuple(option for option in choice.options if not option.depth))
        for choice in opened.choices
    )
    tops = {option.value for choice in choices if choice.id == "department" for option in choice.options}
    filters = opened.filters
    notes = []
    kept = tuple(value for value in filters.department if value in tops)
    if kept != filters.department:
        notes.append(Note("warning", f"Only departments at the top can be chosen here: below them {TOO_SMALL}"))
    filters = replace(filters, department=kept)
    if kept and filters.geography:
        notes.append(Note("warning", f"Geography is off while a department is chosen: together {TOO_SMALL}"))
        filters = replace(filters, geography=())
    choices = tuple(_chosen_of(choice, filters) for choice in choices)
    return replace(opened, selection=replace(opened.selection, filters=filters), choices=choices), tuple(notes)


def _chosen_of(choice: FilterChoice, filters: Filters) -> FilterChoice:
    held = getattr(filters, choice.id)
    return replace(choice, options=tuple(replace(option, chosen=option.value in held) for option in choice.options))


def _framed(opened: Opened) -> _Frame:
    filters = opened.filters
    where = {"top_department": filters.department, "geography": filters.geography}
    where = {name: values for name, values in where.items() if values}
    return _Frame(opened, _released_period(opened.stamp.as_of.date(), filters.period, is_whole=not where), where)


def _released_period(today: date, period: str, *, is_whole: bool) -> Period:
    """The latest whole quarters, by place half years, that were over."""
    step = QUARTER if is_whole else HALF
    closed = quarter_of(today - timedelta(days=1))
    end = closed - closed % step
    length = -(-QUARTERS.get(period, A_YEAR) // step) * step
    return Period(first_day(end - length), first_day(end))


def _by_quarter(frame: _Frame, chosen: str) -> Mapping[Stage, Answer]:
    end = frame.period.end or date.min
    last = quarter_of(end)
    span_ = Period(first_day(last - TREND_QUARTERS), end)
    later = {
        stage: frame.ask(COMPLETENESS, "quarter", period=span_, question=chosen, canonical_stage=stage.value)
        for stage in (Stage.OFFER,)
    }
    return {stage: one() for stage, one in later.items()}


def _questions(completeness: Answer) -> tuple[str, ...]:
    """Those that somebody was asked, the most asked first."""
    asked: dict[str, float] = {}
    for row in completeness.rows:
        name = row.dims.get("question")
        if name is not None:
            asked[name] = asked.get(name, 0.0) + float(row.numerator or 0)
    return tuple(sorted(asked, key=lambda name: (-asked[name], name)))


def _form(opened: Opened, names: Sequence[str]) -> RecordForm:
    return RecordForm(tuple(names), opened.period.start, opened.period.last_day)


# --- words ----------------------------------------------------------------------------------------------------------


def _span(period: Period) -> str:
    start, end = period.start or date.min, period.end or date.max
    return f"{on_date(start)} to {on_date(end - timedelta(days=1))}"


def _place_words(frame: _Frame) -> str:
    return "; ".join(", ".join(values) for values in frame.where.values()) or "Everything you may see"


def smallest(viewer: Viewer) -> int:
    return smallest_cell(viewer, ColumnClass.DIVERSITY)


def _k_words(viewer: Viewer) -> str:
    return f"Cells under {smallest(viewer)} are hidden, with neighbours; the same in PDF, CSV, mail and API"


def _notes(filters: Filters, frame: _Frame, more: tuple[Note, ...]) -> tuple[Note, ...]:
    what = "quarters" if frame.is_whole else "half years"
    period = Note(
        "info",
        f"Group numbers only. They cover whole {what} that are over, {_span(frame.period)}: other days would make "
        "differences of a few people.",
    )
    return (*switched_off(filters, OFF), period, *more)


def _words(name: str) -> str:
    """A category or question as a word: ``non_binary`` is ``Non binary``."""
    return name.replace("_", " ").capitalize()


# --- completeness ---------------------------------------------------------------------------------------------------

_COMPLETENESS_COLUMNS = (
    Column("reached", "Reached", "number"),
    Column("asked", "Asked", "rate"),
    Column("interval", "95%", "rate", fold=True),
    Column("answered", "Answered", "number", fold=True),
    Column("declined", "Declined", "number", fold=True),
    Column("not_asked", "Not asked", "number", fold=True),
    Column("mark", "", "text"),
)
_STAGE_WORDS = {Stage.OFFER: "Offer", Stage.HIRED: "Hire"}


def completeness_table(rows: Sequence[Row], question: str) -> Table:
    """Who was asked comes before any share. To decline is an answer and is kept apart."""
    found = {row.dims.get("canonical_stage"): row for row in rows}
    wanted = [(stage, found[stage.value]) for stage in _STAGE_WORDS if stage.value in found]
    return Table(
        title="Who was asked, who answered",
        caption=f"{_words(question)}. Answering is voluntary; “declined” is an answer and is kept apart.",
        columns=_COMPLETENESS_COLUMNS,
        rows=tuple(TableRow(stage.value, _STAGE_WORDS[stage], _completeness(row)) for stage, row in wanted),
        note=f"Below {percent(ENOUGH_ANSWERED)} answered, verdicts on adverse impact are withheld",
        empty="Nobody reached an offer in countries where this is asked.",
        id="completeness",
        heading="Step",
    )


def _completeness(row: Row) -> dict[str, Cell]:
    """Where a group is hidden, those who answered are not told either: the neighbours would give it away."""
    if row.value is None:
        return dict.fromkeys(("reached", "asked", "interval", "answered", "declined", "not_asked", "mark"), HIDDEN)
    extra = row.extra
    asked = int(extra.get("asked") or 0)
    low, high = row.low, row.high
    return {
        "reached": number(row.n),
        "asked": percent(float(row.value)),
        "interval": span(low, high, Unit.RATE) if low is not None and high is not None else NOTHING,
        "answered": _of_asked(extra.get("disclosed"), asked),
        "declined": _of_asked(extra.get("declined"), asked),
        "not_asked": number(row.n - asked),
        "mark": _completeness_mark(row),
    }


def _of_asked(value: float | None, asked: int) -> str:
    return HIDDEN if value is None else f"{number(value)}, {percent(value / asked) if asked else NOTHING}"


def _completeness_mark(row: Row) -> Mark:
    if "incomplete" in (row.note or ""):
        return Mark("near", "Incomplete")
    answered = row.extra.get("disclosed_of_asked")
    if answered is None:
        return Mark("hold", "Group hidden")
    return Mark("good", "Enough") if answered >= ENOUGH_ANSWERED else Mark("near", "Low")


def quarter_dots(by_stage: Mapping[Stage, Answer], question: str) -> DotPlot:
    rows = by_stage[Stage.OFFER].of(COMPLETENESS)
    dots = tuple(Dot(row.dims.get("quarter") or "", row) for row in rows)
    told = [f"{dot.label} {percent(float(dot.row.value))}" for dot in dots if dot.row.value is not None]
    return DotPlot(
        title="Asked at offer, by quarter",
        caption=f"{_words(question)}: share of those who reached an offer that were asked. Line: 95% interval.",
        heading="Quarter",
        unit=Unit.RATE,
        dots=dots,
        finding=f"Share asked at offer by quarter: {', '.join(told)}.",
        empty="Too few reached an offer in every quarter.",
    )


# --- goals ----------------------------------------------------------------------------------------------------------

_GOAL_COLUMNS = (
    Column("what", "Goal", "text", fold=True),
    Column("n", "n", "number", fold=True),
    Column("share", "Share", "rate"),
    Column("bar", "Tick = goal", "bullet"),
    Column("goal", "Wanted", "rate"),
    Column("until", "Until", "text", fold=True),
    Column("met", "", "text"),
)


def goals_table(progress: Sequence[Progress]) -> Table:
    """Goals of departments and how far each is met; never of a person."""
    notes = sorted({one.reason.partition(": ")[2] for one in progress if one.reason and ": " in one.reason})
    return Table(
        title="Goals of departments",
        caption="Share of a group among those who answered, over the last two half years that are over.",
        columns=_GOAL_COLUMNS,
        rows=tuple(_goal(one) for one in progress),
        note="; ".join(notes),
        empty="No department has a goal. Where a country's rules allow them, the inclusion officer sets them.",
        id="goals",
        heading="Department",
    )


def _goal(one: Progress) -> TableRow:
    goal = one.goal
    is_hidden = one.value is None
    reason = (one.reason or "").partition(":")[0]
    words = HIDDEN if reason == HIDDEN else NOTHING
    cells: dict[str, Cell] = {
        "what": f"{_words(goal.group)}, {goal.stage}",
        "n": words if is_hidden else number(one.n),
        "share": words if one.value is None else percent(one.value),
        "bar": Bullet(one.value, Unit.RATE, target=goal.share, full=1.0, words=words),
        "goal": percent(goal.share),
        "until": on_date(goal.until_on),
        "met": _met(one, words),
    }
    return TableRow(key=str(goal.id), label=goal.department, cells=cells, detail=one.note or "")


def _met(one: Progress, words: str) -> Mark:
    if one.value is None:
        return Mark("hold", words.capitalize() if words == HIDDEN else "Not measured")
    if one.n < FEW_GREY:
        return Mark("hold", "Too few")
    if one.value >= one.goal.share:
        return Mark("good", "Met")
    return Mark("near", "Near") if one.value >= NEAR * one.goal.share else Mark("bad", "Not met")


# --- representation -------------------------------------------------------------------------------------------------


def representation_table(rows: Sequence[Row], completeness: Sequence[Row], question: str, k: int) -> Table:
    """Groups by stage; under them who answered, declined and was not asked."""
    stages = [stage for stage in STAGE_ORDER if any(row.dims.get("canonical_stage") == stage.value for row in rows)]
    columns = tuple(Column(stage.value, stage.value.capitalize(), "rate", fold=_is_early(stage)) for stage in stages)
    groups: dict[str, dict[str, Row]] = {}
    for row in rows:
        groups.setdefault(row.dims.get("group") or "", {})[row.dims.get("canonical_stage") or ""] = row
    body = [
        TableRow(group, _words(group), {**_shares(found), "change": _moved(found)}) for group, found in groups.items()
    ]
    asked = {row.dims.get("canonical_stage") or "": row for row in completeness}
    for key, label in (("disclosed", "Answered"), ("declined", "Declined to answer"), ("not_asked", "Not asked")):
        cells: dict[str, Cell] = {stage.value: _count(asked.get(stage.value), key) for stage in stages}
        body.append(TableRow(key, label, {**cells, "change": NOTHING}))
    return Table(
        title="Representation by stage",
        caption=f"{_words(question)}: share of people who answered. Cells under {k} and their neighbours are hidden.",
        columns=(*columns, Column("change", "Offer to hire, points", "rate", fold=True)),
        rows=tuple(body) if groups else (),
        note="Where a group is hidden, a share is given between what it is at least and at most",
        empty="No group can be shown.",
        id="representation",
        heading="Group",
    )


def _is_early(stage: Stage) -> bool:
    return stage not in {Stage.OFFER, Stage.HIRED}


def _shares(found: Mapping[str, Row]) -> dict[str, Cell]:
    return {stage: _share(row) for stage, row in found.items()}


def _share(row: Row) -> str:
    if row.value is None:
        return HIDDEN
    low, high = row.extra.get("bound_low"), row.extra.get("bound_high")
    if low is not None and high is not None:
        return f"{percent(low)} to {percent(high)}"
    return percent(float(row.value))


def _moved(found: Mapping[str, Row]) -> str:
    """Only between two exact shares."""
    ends = [found.get(stage.value) for stage in (Stage.OFFER, Stage.HIRED)]
    values = [parts.value_of(row) for row in ends if row is not None and "bound_low" not in row.extra]
    known = [value for value in values if value is not None]
    if len(known) < len(ends):
        return NOTHING
    points = (known[1] - known[0]) * 100
    return f"{'+' if points > 0 else ''}{number(points, decimals=1)}"


def _count(row: Row | None, key: str) -> str:
    if row is None or row.value is None:
        return HIDDEN
    if key == "not_asked":
        return number(row.n - int(row.extra.get("asked") or 0))
    value = row.extra.get(key)
    return HIDDEN if value is None else number(value)
