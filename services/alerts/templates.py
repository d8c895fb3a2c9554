"""From a scorecard template's name to the scope it stands for, in the words of a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from services.domain.errors import InvalidInputError
from services.store.tables import Department, JobFamily, JobLevel, ScorecardTemplate

KNOWN_SHOWN = 12


class TemplateScope(NamedTuple):
    name: str
    """As the template is called now."""
    scope: Mapping[str, tuple[str, ...]]


def scope_of_template(connection: Connection, name: str) -> TemplateScope:
    """The place of the template in force under that name (case does not matter). Raises InvalidInputError.

    The standard is the whole company; a role is a job family at one seniority.
    """
    latest = select(
        ScorecardTemplate.level, ScorecardTemplate.place, func.max(ScorecardTemplate.version).label("version")
    ).group_by(ScorecardTemplate.level, ScorecardTemplate.place)
    newest = latest.subquery()
    rows = connection.execute(
        select(ScorecardTemplate.name, ScorecardTemplate.level, ScorecardTemplate.place)
        .join(
            newest,
            (ScorecardTemplate.level == newest.c.level)
            & (ScorecardTemplate.place == newest.c.place)
            & (ScorecardTemplate.version == newest.c.version),
        )
        .where(ScorecardTemplate.is_in_force)
        .order_by(ScorecardTemplate.name)
    ).all()
    found = [row for row in rows if row.name.lower() == name.strip().lower()]
    if len(found) != 1:
        known = ", ".join(row.name for row in rows[:KNOWN_SHOWN]) or "none"
        raise InvalidInputError(f"There is no scorecard template {name!r} in force. Templates: {known}.")
    return TemplateScope(found[0].name, _scope(connection, found[0].level, found[0].place))


def _scope(connection: Connection, level: str, place: str) -> Mapping[str, tuple[str, ...]]:
    if level == "department":
        return {"department": (_department_name(connection, int(place)),)}
    if level == "job_family":
        return {"job_family": (_name(connection, JobFamily, place),)}
    if level == "role":
        family, _, seniority = place.partition(":")
        return {
            "job_family": (_name(connection, JobFamily, family),),
            "seniority": (_name(connection, JobLevel, seniority),),
        }
    return {}


def _name(connection: Connection, table: type[JobFamily | JobLevel], number: str) -> str:
    return str(connection.execute(select(table.name).where(table.id == int(number))).scalar_one())


def _department_name(connection: Connection, department_id: int) -> str:
    """As the query layer shows it: the name alone where it is unique, the way from the top where it is not."""
    rows = connection.execute(select(Department.id, Department.name, Department.parent_id))
    known = {row.id: row for row in rows}
    name = str(known[department_id].name)
    if sum(row.name == name for row in known.values()) == 1:
        return name
    way: list[str] = []
    at: int | None = department_id
    while at is not None and at in known and known[at].name is not None and len(way) <= len(known):
        way.append(str(known[at].name))
        at = known[at].parent_id
    return " / ".join(reversed(way))
