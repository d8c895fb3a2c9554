"""Priority profiles: what counts first in a company, department or job family, from which day on, and who asked for it.

The profile in force on a period's last day decides about the period. A version is never changed, and a new one begins
today or later, so that no period that is over is judged by other weights than it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.metric import Better, Estimator
from services.domain.people import ColumnClass, Viewer
from services.metrics.lifecycle import answerable
from services.metrics.places import Level, Place, PlaceBook
from services.metrics.planning_rights import require_place
from services.metrics.versions import append_version
from services.store.database import Store
from services.store.tables import PriorityExpectation, PriorityProfile

TIME, QUALITY = "time", "quality"
LEVELS = (Level.COMPANY, Level.DEPARTMENT, Level.JOB_FAMILY)
ROUNDING = 1e-9
TIME_FIRST: Mapping[str, float] = {
    "time_to_fill": 0.4,
    "feedback_turnaround": 0.2,
    "offer_acceptance_rate": 0.2,
    "quality_of_hire_90": 0.2,
}
QUALITY_FIRST: Mapping[str, float] = {
    "quality_of_hire_90": 0.4,
    "first_year_attrition": 0.2,
    "hiring_manager_satisfaction": 0.2,
    "time_to_fill": 0.2,
}
SUGGESTED: Mapping[str, Mapping[str, float]] = {TIME: TIME_FIRST, QUALITY: QUALITY_FIRST}
"""Weights to begin with."""


@dataclass(frozen=True)
class Expectation:
    """What a stakeholder asked for. ``is_met`` None = not yet known."""

    id: int
    who: str
    what: str
    asked_on: date
    is_met: bool | None
    version: int


@dataclass(frozen=True)
class Profile:
    """One version. ``weights`` empty = it ended here, and what the wider place says counts again."""

    place: Place
    version: int
    effective_from: date
    first: str
    weights: Mapping[str, float]
    owner: str
    reason: str
    next_review_on: date
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class Wanted:
    """What ``Profiles.put`` is asked for. ``weights`` empty ends the place's own profile."""

    first: str
    weights: Mapping[str, float]
    owner: str
    reason: str
    next_review_on: date
    effective_from: date | None = None
    """None = today."""
    expected_version: int | None = None
    """The newest version the writer has seen; None = whatever it is."""


@dataclass(frozen=True)
class ProfileBook:
    """Every profile of one moment."""

    profiles: Sequence[Profile]
    places: PlaceBook = field(repr=False)

    def of(self, place: Place, on: date) -> Profile | None:
        """In force on a day: the place's own, else the nearest wider one's; None = there was none.

        Of a place's versions that begin on or before the day the one that begins last counts, of two that begin on one
        day the newer.
        """
        for candidate in (place, *self.places.above(place)):
            own = [
                one
                for one in self.profiles
                if (one.place.level, one.place.key) == (candidate.level, candidate.key) and one.effective_from <= on
            ]
            if own:
                latest = max(own, key=lambda one: (one.effective_from, one.version))
                if latest.weights:
                    return latest
        return None

    def in_force(self, on: date) -> list[Profile]:
        """Each place's own, from wide to narrow."""
        own = {(one.place.level, one.place.key): one.place for one in self.profiles}
        found = [self.of(place, on) for place in own.values()]
        distinct = {(one.place.level, one.place.key): one for one in found if one is not None}
        return sorted(distinct.values(), key=lambda one: (LEVELS.index(one.place.level), one.place.name))


def ordered(profile: Profile | None, metrics: Iterable[str]) -> tuple[str, ...]:
    """Metrics as a page or scorecard shows them: the weighty ones first, the others as they come."""
    weights = profile.weights if profile is not None else {}
    return tuple(sorted(metrics, key=lambda metric: -weights.get(metric, 0.0)))


class Profiles:
    """Lists and sets profiles and expectations; each change is one version more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def book(self, viewer: Viewer) -> ProfileBook:
        """Raises ForbiddenError for who may not ask for figures."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        with self._store.read() as connection:
            return read_book(connection)

    def expectations(self, place: Place, viewer: Viewer) -> list[Expectation]:
        """In the order in which they were written down."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        table = PriorityExpectation.__table__.c
        own = select(PriorityExpectation.__table__).where(table.level == place.level.value, table.place == place.key)
        with self._store.read() as connection:
            rows = connection.execute(own.order_by(table.id)).all()
        return [Expectation(row.id, row.who, row.what, row.asked_on, row.is_met, row.version) for row in rows]

    def put(self, place: Place, wanted: Wanted, viewer: Viewer) -> int:
        """Returns the new version. Raises ForbiddenError, InvalidInputError and ConflictError."""
        require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
        today = self._clock().astimezone(UTC).date()
        start = wanted.effective_from or today
        _check(place, wanted, today)
        key = {"level": place.level.value, "place": place.key}
        values = {
            "effective_from": start,
            "first": wanted.first,
            "weights": json.dumps(dict(wanted.weights)),
            "owner": wanted.owner.strip(),
            "reason": wanted.reason.strip(),
            "next_review_on": wanted.next_review_on,
            "changed_at": self._clock(),
            "changed_by": viewer.email,
        }
        with self._store.write() as connection:
            if start < today and connection.scalar(select(func.count()).select_from(PriorityProfile)):
                raise InvalidInputError(
                    f"A profile begins today ({today}) or later: periods that are over keep the weights they had. Only "
                    "the first of all may begin earlier."
                )
            version = append_version(connection, PriorityProfile, key, values, wanted.expected_version)
            detail = {"version": version, "from": str(start), "first": wanted.first, "weights": dict(wanted.weights)}
            detail["reason"] = wanted.reason.strip()
            self._audit.append(connection, viewer.email, "profile.set", f"profile:{place.level}:{place.key}", detail)
        return version

    def expect(self, place: Place, who: str, what: str, asked_on: date, viewer: Viewer) -> int:
        """Write down what somebody asked for; returns its number."""
        require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
        if not who.strip() or not what.strip():
            raise InvalidInputError("Say who asked, and for what.")
        values = {
            "level": place.level.value,
            "place": place.key,
            "who": who.strip(),
            "what": what.strip(),
            "asked_on": asked_on,
            "changed_at": self._clock(),
            "changed_by": viewer.email,
        }
        with self._store.write() as connection:
            row = insert(PriorityExpectation).values(**values).returning(PriorityExpectation.id)
            number = int(connection.execute(row).scalar_one())
            detail = {"who": who.strip(), "what": what.strip(), "asked_on": str(asked_on)}
            self._audit.append(connection, viewer.email, "expectation.added", f"expectation:{number}", detail)
        return number

    def meet(self, number: int, viewer: Viewer, *, is_met: bool | None, expected_version: int | None = None) -> None:
        """Say whether an expectation was met. Raises NotFoundError, and ConflictError when it changed meanwhile."""
        table = PriorityExpectation.__table__
        with self._store.write() as connection:
            row = connection.execute(select(table).where(table.c.id == number).with_for_update()).first()
            if row is None:
                raise NotFoundError(f"There is no expectation {number}. `hireboard profiles show` lists them.")
            place = PlaceBook.of(connection).place(Level(row.level), row.place)
            require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
            if expected_version not in {None, row.version}:
                raise ConflictError(f"Somebody else changed expectation {number} meanwhile. Look at it and try again.")
            connection.execute(
                update(PriorityExpectation)
                .where(PriorityExpectation.id == number)
                .values(is_met=is_met, version=row.version + 1, changed_at=self._clock(), changed_by=viewer.email)
            )
            detail = {"before": row.is_met, "after": is_met}
            self._audit.append(connection, viewer.email, "expectation.judged", f"expectation:{number}", detail)


def read_book(connection: Connection) -> ProfileBook:
    """As ``Profiles.book``, for a service that answers for itself who may ask."""
    rows = connection.execute(select(PriorityProfile.__table__).order_by(PriorityProfile.id)).all()
    places = PlaceBook.of(connection) if rows else PlaceBook({}, {}, {})
    return ProfileBook([_profile_of(row, places) for row in rows], places)


def _profile_of(row: Any, places: PlaceBook) -> Profile:
    return Profile(
        place=places.place(Level(row.level), row.place),
        version=row.version,
        effective_from=row.effective_from,
        first=row.first,
        weights=json.loads(row.weights),
        owner=row.owner,
        reason=row.reason,
        next_review_on=row.next_review_on,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _check(place: Place, wanted: Wanted, today: date) -> None:
    if place.level not in LEVELS:
        raise InvalidInputError("A profile is for the company, a department or a job family.")
    if wanted.first not in SUGGESTED:
        raise InvalidInputError(f"What comes first is {TIME} or {QUALITY}, not {wanted.first!r}.")
    if not wanted.owner.strip() or not wanted.reason.strip():
        raise InvalidInputError("A profile needs an owner and a reason.")
    if wanted.next_review_on <= max(today, wanted.effective_from or today):
        raise InvalidInputError("The next review lies after the day from which the profile counts.")
    if wanted.weights:
        check_weights(wanted.weights)
    elif place.level is Level.COMPANY:
        raise InvalidInputError("The company's profile has weights; only narrower ones can end.")


def check_weights(weights: Mapping[str, float]) -> None:
    """Raises InvalidInputError unless they are positive, add up to 1 and belong to metrics that can be good or bad."""
    for name, weight in weights.items():
        metric = answerable(name)
        if not (math.isfinite(weight) and weight > 0):
            raise InvalidInputError(f"The weight of {name} is a number above 0, not {weight}.")
        is_judged = metric.better is not Better.NEITHER and metric.estimator is not Estimator.COUNT
        if not is_judged or metric.column_class is not ColumnClass.GENERAL:
            raise InvalidInputError(
                f"{name} cannot be part of an index: it is a count, has no better side, or is for few eyes only."
            )
        if not {"month", "department", "job_family"} <= set(metric.dimensions):
            raise InvalidInputError(f"{name} cannot be split by month, department and job family.")
    total = math.fsum(weights.values())
    if abs(total - 1) > ROUNDING:
        raise InvalidInputError(f"The weights add up to {total:g}, not to 1.")
