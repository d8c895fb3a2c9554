"""Values of a requisition's fields: what is accepted, what there is to choose from, and how one reads in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select, union

from services.domain.errors import InvalidInputError
from services.domain.people import Role
from services.domain.requisition_edits import (
    LABELS,
    LONGEST_TARGET_DAYS,
    MOST_OPENINGS,
    OWNER_PARTS,
    URGENCIES,
    Field,
    Standing,
)
from services.domain.wording import on_date
from services.store.tables import (
    Department,
    JobFamily,
    JobLevel,
    Person,
    Requisition,
    RequisitionOwner,
    RoleGrant,
    UserAccount,
)

FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST_VALUE = 40
LONGEST_NUMBER = 18
"""Digits of an id that every store can hold."""
_ROLES = {
    Field.RECRUITER: (Role.RECRUITER, Role.RECRUITING_MANAGER),
    Field.HIRING_MANAGER: (Role.HIRING_MANAGER,),
}


def accepted(connection: Connection, name: Field, typed: object, standing: Standing) -> str:
    """``typed`` (hostile) as the text that is kept. Raises InvalidInputError, which says what is accepted."""
    text = str(typed).strip() if isinstance(typed, (str, int)) and not isinstance(typed, bool) else ""
    if not text or len(text) > LONGEST_VALUE:
        raise InvalidInputError(f"{LABELS[name]} is empty or no text. Enter a value, or give the field back.")
    match name:
        case Field.TARGET_ON:
            return _day(text)
        case Field.URGENCY:
            if text not in URGENCIES:
                raise InvalidInputError(f"Urgency is one of {', '.join(URGENCIES)}.")
            return text
        case Field.OPENINGS:
            return _count(name, text, max(1, standing.filled), MOST_OPENINGS)
        case Field.TARGET_DAYS:
            return _count(name, text, 1, LONGEST_TARGET_DAYS)
        case _:
            return _known(connection, name, text)


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{text!r} is no day. Write it as year-month-day, for example 2027-01-31.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInputError(f"The target date lies between {FIRST_YEAR} and {LAST_YEAR}.")
    return day.isoformat()


def _count(name: Field, text: str, least: int, most: int) -> str:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not least <= number <= most:
        filled = " Filled seats stay." if name is Field.OPENINGS and least > 1 else ""
        raise InvalidInputError(f"{LABELS[name]} is a whole number from {least} to {most}.{filled}")
    return str(number)


def _known(connection: Connection, name: Field, text: str) -> str:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else -1
    found = connection.execute(_choices(name).where(_key(name) == number)).first() if number > 0 else None
    if found is None:
        raise InvalidInputError(f"There is no {LABELS[name].lower()} {text!r} to choose. Take one from the list.")
    return str(number)


def _key(name: Field) -> Any:
    match name:
        case Field.JOB_FAMILY:
            return JobFamily.id
        case Field.JOB_LEVEL:
            return JobLevel.id
        case Field.DEPARTMENT:
            return Department.id
        case _:
            return Person.id


def _choices(name: Field) -> Select[*tuple[int, str]]:
    """(id, name) of everything a field can be set to; people: who holds such a part, or has such a role here."""
    match name:
        case Field.JOB_FAMILY:
            return select(JobFamily.id, JobFamily.name).order_by(JobFamily.name)
        case Field.JOB_LEVEL:
            return select(JobLevel.id, JobLevel.name).order_by(JobLevel.rank, JobLevel.name)
        case Field.DEPARTMENT:
            return select(Department.id, Department.name).order_by(Department.name)
        case _:
            column = Requisition.recruiter_id if name is Field.RECRUITER else Requisition.hiring_manager_id
            granted = (
                select(UserAccount.person_id)
                .join(RoleGrant, RoleGrant.user_id == UserAccount.id)
                .where(UserAccount.is_active, RoleGrant.to_at.is_(None), RoleGrant.role.in_(_ROLES[name]))
            )
            owned = select(RequisitionOwner.person_id).where(RequisitionOwner.part == OWNER_PARTS[name])
            known = union(select(column), owned, granted).subquery()
            return select(Person.id, Person.name).where(Person.id.in_(select(known.c[0]))).order_by(Person.name)


def choices(connection: Connection, name: Field) -> tuple[tuple[str, str], ...]:
    """(value, words) to choose from; empty for fields that are typed."""
    if name is Field.URGENCY:
        return tuple((value, value.capitalize()) for value in URGENCIES)
    if name in {Field.TARGET_ON, Field.OPENINGS, Field.TARGET_DAYS}:
        return ()
    return tuple((str(row[0]), row[1]) for row in connection.execute(_choices(name)))


def worded(connection: Connection, values: Mapping[Field, set[str]]) -> dict[tuple[Field, str], str]:
    """Each value in words, an id by its name."""
    found: dict[tuple[Field, str], str] = {}
    for name, texts in values.items():
        if name is Field.TARGET_ON:
            found |= {(name, text): on_date(date.fromisoformat(text)) for text in texts}
        elif name in {Field.URGENCY, Field.OPENINGS, Field.TARGET_DAYS}:
            found |= {(name, text): text.capitalize() for text in texts}
        else:
            found |= _names(connection, name, texts)
    return found


def _names(connection: Connection, name: Field, texts: set[str]) -> dict[tuple[Field, str], str]:
    ids = sorted({int(text) for text in texts if text.isdigit()})
    if not ids:
        return {}
    owner: Any = {Field.JOB_FAMILY: JobFamily, Field.JOB_LEVEL: JobLevel, Field.DEPARTMENT: Department}.get(
        name, Person
    )
    rows = connection.execute(select(owner.id, owner.name).where(owner.id.in_(ids)))
    return {(name, str(row[0])): row[1] for row in rows}
