"""Whom a report can be about: people with requisitions within the viewer's scope, read from the snapshot."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from services.access.policy import Policy
from services.domain.errors import NotFoundError
from services.domain.people import Viewer
from services.domain.pipeline import RequisitionStatus
from services.mart.schema import dim_requisition, requisition_status
from services.metrics.catalog import Names
from services.metrics.scope import within

RECENT = timedelta(days=92)
"""A person is listed while a requisition was open or on hold within this time."""
_RUNNING = (RequisitionStatus.OPEN.value, RequisitionStatus.ON_HOLD.value)


class HeldSnapshot(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...


class Snapshots(Protocol):
    """The part of ``services.mart.reader.MartReader`` that is used here."""

    def hold(self) -> contextlib.AbstractContextManager[HeldSnapshot]: ...

    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class Subject:
    """``id`` is that of a person in the store, as text."""

    id: str
    name: str


class Subjects:
    """``part`` is the person's column in the snapshot: recruiter_id or hiring_manager_id."""

    def __init__(self, snapshots: Snapshots, names: Names, policy: Policy) -> None:
        self._snapshots = snapshots
        self._names = names
        self._policy = policy

    def everybody(self, part: str, viewer: Viewer | None) -> tuple[Subject, ...]:
        """Those with requisitions running lately, by name; ``viewer`` None = the scheduler, which sends to each."""
        with self._snapshots.hold() as snapshot:
            since = snapshot.as_of.replace(tzinfo=None) - RECENT
            status = requisition_status.c
            recently = (
                sa.select(status.requisition_id)
                .where(status.status.in_(_RUNNING))
                .where(sa.or_(status.to_at.is_(None), status.to_at >= since))
            )
            person = dim_requisition.c[part]
            statement = sa.select(person).distinct().where(person.is_not(None))
            statement = statement.where(dim_requisition.c.requisition_id.in_(recently))
            ids = [row[0] for row in self._snapshots.execute(_reached(statement, viewer))]
        seen = [key for key in ids if viewer is None or self._policy.may_see_person(viewer, key)]
        people: Mapping[int, str] = self._names.people(seen)
        found = (Subject(str(key), name) for key, name in people.items())
        return tuple(sorted(found, key=lambda subject: (subject.name, int(subject.id))))

    def one(self, part: str, subject: str, viewer: Viewer) -> Subject:
        """NotFoundError for what is no person, has no requisition, or lies outside the scope: one answer for all."""
        missing = NotFoundError(
            f"There is nobody {subject[:40]!r} to report on, or you may not see them. "
            "`hireboard report subjects` lists whom you can choose."
        )
        if not (subject.isascii() and subject.isdigit() and len(subject) <= len(str(2**62))):
            raise missing
        person_id = int(subject)
        if not self._policy.may_see_person(viewer, person_id):
            raise missing
        statement = sa.select(dim_requisition.c.requisition_id).where(dim_requisition.c[part] == person_id).limit(1)
        if not self._snapshots.execute(_reached(statement, viewer)):
            raise missing
        name = self._names.people([person_id]).get(person_id)
        if name is None:
            raise missing
        return Subject(str(person_id), name)


def _reached(statement: sa.Select[Any], viewer: Viewer | None) -> sa.Select[Any]:
    reach = None if viewer is None else within(viewer.scope, dim_requisition)
    return statement if reach is None else statement.where(reach)
