"""Agreement mode: where a works agreement is in force there are no figures of single people and none of small teams.

Both rules are compiled into the question: whoever asks, by page, report, mail, command line or interface. One's own
figures stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.domain.metric import Estimator, Reason, Row
from services.mart.schema import dim_requisition, fact_feedback
from services.metrics.agreed_places import PEOPLE, agreed_offices
from services.metrics.dimensions import DIMENSIONS, Dimension

if TYPE_CHECKING:
    from services.metrics.catalog import Catalog
    from services.metrics.plan import Executor
    from services.metrics.question import Question

SMALLEST_TEAM = 5


@dataclass
class _Team:
    people: set[int]
    is_agreed: bool = False


def without_small_teams(
    rows: Sequence[Row], question: Question, executor: Executor, catalog: Catalog
) -> tuple[Row, ...]:
    """Rates and durations of groups in which fewer than five people of an agreed place worked are taken away.

    A team is those who recruit in a group or, for feedback, who interview in it; counts stay.
    """
    if not question.scope.agreed.is_anywhere or _is_own(question):
        return tuple(rows)
    tables = {"feedback": fact_feedback, "other": dim_requisition}
    teams = {name: _teams(question, executor, catalog, table) for name, table in tables.items()}
    return tuple(_hidden(row) if _is_small(row, teams[_kind(row.metric)]) else row for row in rows)


def _kind(metric: str) -> str:
    return "feedback" if metric.startswith(("feedback", "roles_with_late_feedback")) else "other"


def _is_own(question: Question) -> bool:
    own = question.scope.agreed.own_person_id
    return own is not None and any(question.chosen.get(name) == (own,) for name in PEOPLE)


def _is_small(row: Row, teams: Mapping[tuple[str | None, ...], _Team]) -> bool:
    if row.value is None or row.estimator is Estimator.COUNT:
        return False
    dims = [name for name in row.dims if _column(DIMENSIONS[name]) is not None]
    team = teams.get(tuple(row.dims[name] for name in dims))
    return team is not None and team.is_agreed and len(team.people) < SMALLEST_TEAM


def _column(dimension: Dimension) -> str | None:
    """The column in a requisition's dimensions, which every fact has; None for what is no place, person or role."""
    return dimension.column if dimension.column in dim_requisition.c else None


def _teams(
    question: Question, executor: Executor, catalog: Catalog, table: sa.Table
) -> dict[tuple[str | None, ...], _Team]:
    by = [dimension for dimension in question.by if _column(dimension) is not None]
    person = table.c.interviewer_id if table is fact_feedback else table.c.recruiter_id
    is_inside = sa.func.coalesce(table.c.office_id, 0).in_(agreed_offices(question.scope.agreed))
    other = tuple(name for name in question.chosen if _column(DIMENSIONS[name]) is None)
    columns = [table.c[dimension.column].label(f"d{index}") for index, dimension in enumerate(by)]
    statement = sa.select(*columns, person.label("person"), is_inside.label("inside")).distinct()
    found = executor.execute(statement.where(person.is_not(None), *question.conditions(table, without=other)))
    labels = [_labels(catalog, dimension, (row[index] for row in found)) for index, dimension in enumerate(by)]
    teams: dict[tuple[str | None, ...], _Team] = {}
    for *key, person_id, is_agreed in found:
        shown = tuple(label.get(value) for label, value in zip(labels, key, strict=True))
        team = teams.setdefault(shown, _Team(set()))
        team.people.add(person_id)
        team.is_agreed |= bool(is_agreed)
    return teams


def _labels(catalog: Catalog, dimension: Dimension, values: Iterable[Any]) -> dict[Any, str | None]:
    held = set(values)
    label = catalog.labeller(dimension, {None if value is None else str(value) for value in held})
    return {value: label(None if value is None else str(value)) for value in held}


def _hidden(row: Row) -> Row:
    counts = {name: value for name, value in row.extra.items() if isinstance(value, int)}
    return replace(
        row,
        value=None,
        reason=Reason.HIDDEN,
        low=None,
        high=None,
        p25=None,
        p75=None,
        naive=None,
        note="a works agreement hides teams under five",
        extra=counts,
    )
