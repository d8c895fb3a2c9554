"""The tables of the Overview: departments, sources, recruiters. Pure: no question is asked here."""

from __future__ import annotations

from collections.abc import Iterable

from services.domain.judgement import judge
from services.domain.metric import Answer, Better, Reason, Row, Unit
from services.domain.views import Bullet, Cell, Column, Table, TableRow
from services.metrics.dimensions import AGE_BUCKETS
from services.metrics.overview_parts import HERO, Answers, Targets, value_of
from services.metrics.registry import REGISTRY

DEPARTMENT_IN_PERIOD = (HERO, "hires", "offer_acceptance_rate", "roles_with_late_feedback")
DEPARTMENT_AS_OF = ("open_requisitions", "requisition_age")
RECRUITER_IN_PERIOD = ("hires", HERO, "offer_acceptance_rate")

_DEPARTMENT_COLUMNS = (
    Column("open", "Open", "number", fold=True),
    Column("age", "Age of open roles", "buckets", fold=True),
    Column("time_to_fill", "Time to fill, days", "days"),
    Column("bullet", "Tick = target", "bullet", fold=True),
    Column("hires", "Hires", "number", fold=True),
    Column("acceptance", "Offer acceptance", "rate", fold=True),
    Column("late", "Late feedback", "rate", fold=True, help="Share of roles whose median feedback is late"),
    Column("status", "", "status", help="Time to fill against its target"),
)


def names_in(answers: Iterable[Answer], dimension: str) -> list[str]:
    """Known values of the dimension in the order of the answers, which is the catalogue's."""
    found: dict[str, None] = {}
    for answer in answers:
        for row in answer.rows:
            name = row.dims.get(dimension)
            if name is not None:
                found.setdefault(name)
    return list(found)


def row_of(answers: Answers, metric_id: str, dimension: str, name: str) -> Row:
    """The row of one group; a group that this question did not find is a count of nothing."""
    metric = REGISTRY[metric_id]
    found = answers[metric_id].group(metric_id, dimension, name)
    if found is not None:
        return found
    is_count = metric.unit is Unit.COUNT
    return Row(
        metric=metric_id,
        dims={dimension: name},
        value=0 if is_count else None,
        unit=metric.unit,
        n=0,
        reason=None if is_count else Reason.NO_DATA,
        estimator=metric.estimator,
        anchor=metric.anchor,
    )


def departments(level: str, period: Answers, standing: Answers, targets: Targets) -> Table:
    names = sorted(names_in([*period.values(), *standing.values()], level))
    rows = [_department(level, name, period, standing, targets) for name in names]
    shown = sorted(rows, key=_open_roles, reverse=True)
    return Table(
        title="Departments",
        caption="Roles on hold or frozen are left out.",
        columns=_DEPARTMENT_COLUMNS,
        rows=tuple(shown),
        note="Net days. Order: most open roles first",
        empty="No department has roles in this selection. Reset the filters to see all.",
        id="departments",
        heading="Department",
    )


def _open_roles(row: TableRow) -> float:
    cell = row.cells["open"]
    return float(cell.value or 0) if isinstance(cell, Row) else 0.0


def _department(level: str, name: str, period: Answers, standing: Answers, targets: Targets) -> TableRow:
    def found(metric_id: str) -> Row:
        return row_of(standing if metric_id in DEPARTMENT_AS_OF else period, metric_id, level, name)

    fill, late, acceptance = found(HERO), found("roles_with_late_feedback"), found("offer_acceptance_rate")
    goal = targets.of(HERO, department=name)
    status = judge(fill, goal, Better.LOWER)
    late_goal = targets.of("roles_with_late_feedback", department=name)
    acceptance_goal = targets.of("offer_acceptance_rate", department=name)
    ages = found("requisition_age").extra
    return TableRow(
        key=name,
        label=name,
        cells={
            "open": found("open_requisitions"),
            "age": tuple(int(ages.get(bucket) or 0) for bucket in AGE_BUCKETS),
            "time_to_fill": fill,
            "bullet": Bullet(value_of(fill), fill.unit, goal, status=status),
            "hires": found("hires"),
            "acceptance": acceptance,
            "acceptance_status": judge(acceptance, acceptance_goal, Better.HIGHER),
            "late": late,
            "late_status": judge(late, late_goal, Better.LOWER),
        },
        status=status,
    )


_SOURCE_COLUMNS = (
    Column("applications", "Applications", "number", fold=True),
    Column("hires", "Hires", "number", fold=True),
    Column("rate", "Hired", "rate"),
    Column("bar", "Share, line = 95%", "bullet"),
)


def sources(answers: Answers) -> Table:
    """Conversion with its interval, largest source first. A comparison between sources is no proof of cause."""
    rows = [_source(name, answers) for name in names_in(answers.values(), "source")]
    rows.sort(key=_applications, reverse=True)
    return Table(
        title="Sources",
        caption="Share of applications hired within 120 days, people still in process counted.",
        columns=_SOURCE_COLUMNS,
        rows=tuple(rows),
        note="Sources differ in the roles they serve: a difference is no proof of cause",
        empty="No applications in this selection.",
        id="sources",
        heading="Source",
    )


def _applications(row: TableRow) -> float:
    cell = row.cells["applications"]
    return float(cell.value or 0) if isinstance(cell, Row) else 0.0


def _source(name: str, answers: Answers) -> TableRow:
    rate = row_of(answers, "source_conversion", "source", name)
    cells: dict[str, Cell] = {
        "applications": row_of(answers, "applications", "source", name),
        "hires": row_of(answers, "hires", "source", name),
        "rate": rate,
        "bar": Bullet(value_of(rate), rate.unit, low=rate.low, high=rate.high),
    }
    return TableRow(key=name, label=name, cells=cells)


RECRUITERS_SHOWN = 100
_RECRUITER_COLUMNS = (
    Column("open", "Open", "number"),
    Column("hires", "Hires", "number"),
    Column("time_to_fill", "Time to fill, days", "days"),
    Column("acceptance", "Offer acceptance", "rate", fold=True),
)


def too_many_recruiters(people: int) -> Table:
    """No rows: a table of hundreds helps nobody and costs everybody; the words say how to get one that does."""
    return Table(
        title="Recruiters",
        caption="In alphabetical order: people are not ranked.",
        columns=_RECRUITER_COLUMNS,
        rows=(),
        empty=f"{people:,} recruiters have open roles in this selection, too many for one table. "
        "Choose a department, a job family or a geography to see them.",
        id="recruiters",
        heading="Recruiter",
    )


def recruiters(period: Answers, standing: Answers) -> Table:
    """People by name: never ranked, and rates only from 20 resolved cases on (the query layer sees to that)."""
    everybody = {**period, **standing}
    names = sorted(names_in(everybody.values(), "recruiter"), key=str.casefold)
    rows = tuple(
        TableRow(
            key=name,
            label=name,
            cells={
                "open": row_of(everybody, "open_requisitions", "recruiter", name),
                "hires": row_of(everybody, "hires", "recruiter", name),
                "time_to_fill": row_of(everybody, HERO, "recruiter", name),
                "acceptance": row_of(everybody, "offer_acceptance_rate", "recruiter", name),
            },
        )
        for name in names
    )
    return Table(
        title="Recruiters",
        caption="In alphabetical order: people are not ranked.",
        columns=_RECRUITER_COLUMNS,
        rows=rows,
        note="Rates and medians from 20 resolved cases a person on",
        empty="No recruiter has roles in this selection.",
        id="recruiters",
        heading="Recruiter",
    )
