"""Numbers by what applicants said of themselves, as they may be shown: the common ground of the diversity figures.

A slice's numbers come either exactly (raw) or released: then a hidden number is None, and whatever is worked out of the
others is worked out of shown numbers alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from services.domain.pipeline import Stage
from services.mart.schema import fact_application as application
from services.mart.schema import fact_demographic as demographic
from services.metrics.catalog import Catalog
from services.metrics.dimensions import Dimension, Kind
from services.metrics.figures import Asking
from services.metrics.plan import truncated
from services.metrics.question import Question

DISCLOSED, DECLINED, NO_ANSWER, NOT_ASKED = "disclosed", "declined", "no_answer", "not_asked"
OWN = ("question", "group", "canonical_stage", "transition")
"""Dimensions that are no columns of the counted set."""
Dims = Mapping[str, str | None]
State = tuple[str, str | None, str, int]
"""State of the answer, category, part, requisition."""
Tally = Mapping[State, int]


@dataclass(frozen=True)
class Numbers:
    """Of one slice. ``by_category``: members per category and part; None = hidden."""

    reached: int
    asked: int
    declined: int
    by_category: Mapping[str, Mapping[str, int | None]]
    k: int | None
    reached_by_part: Mapping[str, int]

    @property
    def hidden(self) -> int:
        return sum(parts[""] is None for parts in self.by_category.values())

    @property
    def disclosed(self) -> int:
        """Sum of the shown categories: all of them when nothing is hidden."""
        return sum(parts[""] or 0 for parts in self.by_category.values())

    @property
    def disclosed_at_most(self) -> int:
        """What the disclosed can be together as far as shown numbers say."""
        return self.disclosed if not self.hidden else max(self.disclosed, self.asked)


class Source(NamedTuple):
    """A set of applications with the local date it is counted by: rows to be grouped by answers."""

    name: str
    """Tells it from other sets of the same snapshot."""
    table: sa.FromClause
    on: sa.ColumnElement[Any]
    part: sa.ColumnElement[str]
    conditions: Sequence[sa.ColumnElement[bool]]
    requisition: sa.ColumnElement[Any] = sa.literal_column("0")
    """What strata are kept apart by; by default nothing."""


STAGE_COLUMNS: Mapping[str, str] = {
    Stage.APPLIED: "applied_on",
    Stage.SCREEN: "screen_on",
    Stage.ASSESSMENT: "assessment_on",
    Stage.INTERVIEW: "interview_on",
    Stage.OFFER: "offer_on",
    Stage.HIRED: "accepted_on",
}


def reached(stage: str) -> Source:
    """Applications that reached a stage, by the date they did. Hired = accepted and not undone."""
    on = application.c[STAGE_COLUMNS[stage]]
    conditions = [application.c.undone_at.is_(None)] if stage == Stage.HIRED else []
    return Source(f"reached {stage}", application, on, sa.literal_column("''"), conditions)


def questions_of(asking: Asking) -> list[str]:
    """The asked questions: those chosen, all when it is split by question, else the one that most were asked."""
    chosen = [str(value) for value in asking.question.chosen.get("question", ())]
    known = list(categories_of(asking))
    if chosen:
        return [question for question in chosen if question in known]
    return sorted(known) if any(item.id == "question" for item in asking.question.by) else known[:1]


def categories_of(asking: Asking) -> Mapping[str, Sequence[str]]:
    """Questions, the most asked first, and every answer anybody gave to them, wherever: also nobody's is a secret."""
    known = _KNOWN.get(asking.catalog)
    if known is None:
        columns = (demographic.c.question, demographic.c.category)
        rows = asking.executor.execute(sa.select(*columns, sa.func.count().label("n")).group_by(*columns))
        asked: Counter[str] = Counter()
        for question, _, number in rows:
            asked[question] += number
        known = {
            name: sorted(category for question, category, _ in rows if question == name and category is not None)
            for name in sorted(asked, key=lambda name: (-asked[name], name))
        }
        _KNOWN[asking.catalog] = known
    return known


_KNOWN: WeakKeyDictionary[Catalog, Mapping[str, Sequence[str]]] = WeakKeyDictionary()


def counted(
    asking: Asking, source: Source, name: str, columns: Sequence[sa.ColumnElement[Any]], conditions: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """(column values ..., state, category, part, requisition, number), of countries where somebody was ever asked."""
    answer = sa.select(demographic.c.application_id, demographic.c.state, demographic.c.category).where(
        demographic.c.question == name
    )
    answer_of = answer.subquery("answers")
    countries = sa.select(sa.func.coalesce(demographic.c.country, "")).where(demographic.c.question == name)
    joined = source.table.outerjoin(answer_of, answer_of.c.application_id == source.table.c.application_id)
    values = [
        *columns,
        sa.func.coalesce(answer_of.c.state, NOT_ASKED),
        answer_of.c.category,
        source.part,
        source.requisition,
    ]
    labelled = [value.label(f"v{index}") for index, value in enumerate(values)]
    statement = sa.select(*labelled, sa.func.count().label("n")).select_from(joined)
    where = [
        *source.conditions,
        *conditions,
        source.on <= asking.question.as_of.date(),
        sa.func.coalesce(source.table.c.country, "").in_(countries),
    ]
    # by position: an expression with a bound value is not recognised when it is repeated
    positions: list[sa.ColumnElement[Any]] = [sa.literal_column(str(index)) for index in range(1, len(labelled) + 1)]
    return asking.executor.execute(statement.where(*where).group_by(*positions))


def exact_tallies(asking: Asking, source: Source, name: str) -> Iterator[tuple[Dims, Tally]]:
    """What was answered to question ``name``, for every asked slice, nothing hidden."""
    question = asking.question
    by = [dimension for dimension in question.by if dimension.id not in OWN]
    columns = [_column(question, dimension, source) for dimension in by]
    conditions = [*question.conditions(source.table, without=OWN), *question.in_period(source.on)]
    rows = counted(asking, source, name, columns, conditions)
    width = len(by)
    labels = [labeller(asking, dimension, {row[index] for row in rows}) for index, dimension in enumerate(by)]
    found: dict[tuple[str | None, ...], dict[State, int]] = {} if by else {(): {}}
    for row in rows:
        key = tuple(label(value) for label, value in zip(labels, row, strict=False))
        add(found.setdefault(key, {}), row[width:-1], row[-1])
    for shown, tally in sorted(found.items(), key=lambda item: str(item[0])):
        yield {dimension.id: label for dimension, label in zip(by, shown, strict=True)}, tally


def add(tally: dict[State, int], state: Sequence[Any], number: int) -> None:
    """Adds to the tally; states that share all four parts are one."""
    key = (str(state[0]), state[1], str(state[2]), int(state[3]))
    tally[key] = tally.get(key, 0) + number


def numbers_of_tally(tally: Tally) -> Numbers:
    """The numbers with nothing hidden."""
    by_category: dict[str, dict[str, int | None]] = {}
    for (_, category, part, _), number in tally.items():
        if category is not None:
            parts = by_category.setdefault(category, {"": 0})
            for key in {"", part}:
                parts[key] = (parts.get(key) or 0) + number
    return numbers_from(tally, by_category, None)


def _column(question: Question, dimension: Dimension, source: Source) -> sa.ColumnElement[Any]:
    if dimension.kind is Kind.TIME and question.grain is not None:
        return truncated(question.grain, source.on, question.fiscal_year_start)
    return source.table.c[dimension.column]


def labeller(asking: Asking, dimension: Dimension, values: set[Any]) -> Callable[[Any], str | None]:
    if dimension.kind is Kind.TIME:
        return asking.question.label_of_day
    label = asking.catalog.labeller(dimension, {None if value is None else str(value) for value in values})
    return lambda value: label(None if value is None else str(value))


def numbers_from(tally: Tally, by_category: Mapping[str, Mapping[str, int | None]], k: int | None) -> Numbers:
    by_state: dict[str, int] = {}
    by_part: dict[str, int] = {}
    for (state, _, part, _), number in tally.items():
        by_state[state] = by_state.get(state, 0) + number
        by_part[part] = by_part.get(part, 0) + number
    total = sum(by_state.values())
    asked = total - by_state.get(NOT_ASKED, 0)
    return Numbers(total, asked, by_state.get(DECLINED, 0), by_category, k, by_part)
