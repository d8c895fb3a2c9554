"""Diversity goals of departments: allowed by the country's pack, on outreach and applicant pool by default.

A goal on offers or hires needs a named legal approver besides. There are goals of departments and nothing smaller:
never of a person. How far a goal is met is asked of the query layer, with the viewer's rights and its small cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, select

from services.access.policy import Action, Policy, Resource
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.metric import Period, Query, Reason
from services.domain.people import Viewer
from services.domain.periods import add_months
from services.metrics.jurisdictions import DECISION_STAGES, OPEN_STAGES, OUTREACH, packs_of
from services.metrics.outliers import Answers
from services.metrics.places import Level, PlaceBook
from services.metrics.planning_rights import require_place
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import DiversityGoal, Office, Requisition

REPRESENTATION = "representation"
HALF_YEAR = 6
"""Months: figures of places are answered for half years only, lest two of them tell a small cell."""
LONGEST = {"question": 60, "group": 80}
SEVERAL = "no_comparison: the department hires in several countries, and figures by country would get too small"
NOT_MEASURED = "not_loaded: the sources do not say whom one reached out to"


@dataclass(frozen=True)
class Goal:
    """The newest version of what a department wants in one country."""

    id: int
    department_id: int
    department: str
    country: str
    stage: str
    question: str
    group: str
    share: float
    """Of those who disclosed."""
    until_on: date
    legal_approver: str | None
    reason: str
    version: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class Progress:
    """``value`` None = not shown; ``reason`` says why, hidden for empty and small alike."""

    goal: Goal
    value: float | None
    reason: str | None
    note: str | None
    period: Period
    n: int = 0
    """Those who disclosed; 0 while the share is not shown."""


@dataclass(frozen=True)
class Wanted:
    """What ``Goals.put`` is asked for."""

    department: str
    country: str
    stage: str
    question: str
    group: str
    share: float
    until_on: date
    reason: str
    legal_approver: str | None = None
    expected_version: int | None = None
    """The newest version the writer has seen; None = whatever it is."""


class Goals:
    """Lists, sets and ends goals; each change is one version more and one audit event."""

    def __init__(
        self, store: Store, answers: Answers, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._answers = answers
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def listed(self, viewer: Viewer) -> list[Goal]:
        """Those in force of departments within the viewer's scope. Raises ForbiddenError."""
        if not self._policy.can(viewer, Action.GOALS_VIEW):
            self._policy.require(viewer, Action.GOALS_MANAGE)
        action = Action.GOALS_VIEW if self._policy.can(viewer, Action.GOALS_VIEW) else Action.GOALS_MANAGE
        with self._store.read() as connection:
            goals = _all(connection)
        return [one for one in goals if self._policy.can(viewer, action, Resource(department_id=one.department_id))]

    def progress(self, viewer: Viewer) -> list[Progress]:
        """Each goal with the share of the last two half years that are over, as the viewer may see it."""
        self._policy.require(viewer, Action.GOALS_VIEW)
        known_until = self._answers.ask(Query(("hires",)), viewer).as_of
        end = date(known_until.year, 1 if known_until.month <= HALF_YEAR else HALF_YEAR + 1, 1)
        span = Period(add_months(end, -2 * HALF_YEAR), end)
        goals = self.listed(viewer)
        with self._store.read() as connection:
            countries = _countries(connection)
        return [self._progress(one, span, viewer, countries.get(one.department_id, frozenset())) for one in goals]

    def put(self, wanted: Wanted, viewer: Viewer) -> int:
        """Returns the new version. Raises ForbiddenError, InvalidInputError and ConflictError."""
        wanted = replace(wanted, country=wanted.country.strip().upper())
        today = self._clock().astimezone(UTC).date()
        _check(wanted, today)
        with self._store.write() as connection:
            places = PlaceBook.of(connection)
            department = places.department(wanted.department)
            require_place(self._policy, viewer, Action.GOALS_MANAGE, places.place(Level.DEPARTMENT, str(department)))
            _check_allowed(connection, wanted)
            values = {
                "department_id": department,
                "country": wanted.country,
                "stage": wanted.stage,
                "question": wanted.question,
                "category": wanted.group,
                "share": wanted.share,
                "until_on": wanted.until_on,
                "legal_approver": (wanted.legal_approver or "").strip() or None,
                "reason": wanted.reason.strip(),
            }
            return self._append(connection, values, viewer, wanted.expected_version, is_in_force=True)

    def end(self, number: int, viewer: Viewer) -> None:
        """Take a goal out of force. Raises NotFoundError."""
        with self._store.write() as connection:
            found = next((one for one in _all(connection) if one.id == number), None)
            if found is None:
                raise NotFoundError(f"There is no goal {number} in force. `hireboard goals list` shows them.")
            place = PlaceBook.of(connection).place(Level.DEPARTMENT, str(found.department_id))
            require_place(self._policy, viewer, Action.GOALS_MANAGE, place)
            row = connection.execute(select(DiversityGoal.__table__).where(DiversityGoal.id == number)).one()
            kept = {name: getattr(row, name) for name in _KEPT}
            self._append(connection, kept, viewer, None, is_in_force=False)

    def _append(
        self,
        connection: Connection,
        values: Mapping[str, Any],
        viewer: Viewer,
        expected: int | None,
        *,
        is_in_force: bool,
    ) -> int:
        parts = (str(values[name]) for name in ("department_id", "country", "stage", "question", "category"))
        key = "/".join(parts)
        row = {**values, "is_in_force": is_in_force, "changed_at": self._clock(), "changed_by": viewer.email}
        version = append_version(connection, DiversityGoal, {"key": key}, row, expected)
        detail = {"version": version, **values, "until_on": str(values["until_on"]), "in_force": is_in_force}
        self._audit.append(connection, viewer.email, "goal.set", f"goal:{key}", detail)
        return version

    def _progress(self, goal: Goal, span: Period, viewer: Viewer, countries: frozenset[str]) -> Progress:
        if goal.stage == OUTREACH:
            return Progress(goal, None, NOT_MEASURED, None, span)
        if countries != {goal.country}:
            return Progress(goal, None, SEVERAL, None, span)
        where = {
            "department": (goal.department,),
            "question": (goal.question,),
            "group": (goal.group,),
            "canonical_stage": (goal.stage,),
        }
        try:
            rows = self._answers.ask(Query((REPRESENTATION,), where=where, period=span), viewer).of(REPRESENTATION)
        except InvalidInputError:
            # nobody within the viewer's scope has such a department, question or group: as empty, so hidden
            rows = ()
        if not rows or rows[0].value is None:
            return Progress(goal, None, str(rows[0].reason if rows else Reason.HIDDEN), None, span)
        return Progress(goal, float(rows[0].value), None, rows[0].note, span, rows[0].n)


_KEPT = (
    "department_id",
    "country",
    "stage",
    "question",
    "category",
    "share",
    "until_on",
    "legal_approver",
    "reason",
)


def _all(connection: Connection) -> list[Goal]:
    places = PlaceBook.of(connection)
    return [
        Goal(
            row.id,
            row.department_id,
            places.place(Level.DEPARTMENT, str(row.department_id)).name,
            row.country,
            row.stage,
            row.question,
            row.category,
            row.share,
            row.until_on,
            row.legal_approver,
            row.reason,
            row.version,
            row.changed_at,
            row.changed_by,
        )
        for row in newest_versions(connection, DiversityGoal, "key")
        if row.is_in_force
    ]


def _countries(connection: Connection) -> dict[int, frozenset[str]]:
    """Where a department, with what is below it, has requisitions; an unknown country is one of its own."""
    places = PlaceBook.of(connection)
    pairs = connection.execute(
        select(Requisition.department_id, Office.country)
        .join(Office, Office.id == Requisition.office_id, isouter=True)
        .where(Requisition.department_id.is_not(None))
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for department, country in pairs:
        for step in places.way_up(department) if department is not None else ():
            found.setdefault(step, set()).add(country or "unknown")
    return {key: frozenset(held) for key, held in found.items()}


def _check(wanted: Wanted, today: date) -> None:
    stages: Sequence[str] = (*OPEN_STAGES, *DECISION_STAGES)
    if wanted.stage not in stages:
        raise InvalidInputError(f"A goal is about {', '.join(stages)}, not {wanted.stage!r}.")
    if not (math.isfinite(wanted.share) and 0 < wanted.share < 1):
        raise InvalidInputError(f"A goal is a share between 0 and 1, for example 0.4, not {wanted.share}.")
    for name, longest in LONGEST.items():
        if not 0 < len(getattr(wanted, name).strip()) <= longest:
            raise InvalidInputError(f"Name the {name}, in at most {longest} characters.")
    if not wanted.reason.strip():
        raise InvalidInputError("A goal needs a reason.")
    if wanted.until_on <= today:
        raise InvalidInputError("A goal is for a day to come.")


def _check_allowed(connection: Connection, wanted: Wanted) -> None:
    pack = packs_of(connection).get(wanted.country)
    if pack is None:
        raise InvalidInputError(
            f"No pack says that goals are allowed in {wanted.country}. `hireboard goals country` sets one, after the "
            "legal department has said so."
        )
    if wanted.stage in DECISION_STAGES:
        if not pack.decisions:
            raise InvalidInputError(f"The pack of {wanted.country} allows no goals on offers or hires.")
        if not (wanted.legal_approver or "").strip():
            raise InvalidInputError(
                "A goal on offers or hires needs the name of who approved it in the legal department."
            )
    elif wanted.stage not in pack.goals:
        raise InvalidInputError(f"The pack of {wanted.country} allows no goals on {wanted.stage}.")
