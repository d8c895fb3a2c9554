"""Scorecard templates: standard, department, job family, role. The most specific wins, and the answer says why.

A template takes over what the next wider one shows, takes away what it names and adds its own metrics behind. Nothing
has to be set: the built-in standard is there from the beginning. A retired metric vanishes from all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.metric import Status
from services.domain.people import Viewer
from services.metrics.lifecycle import answerable, state
from services.metrics.places import COMPANY, Level, Place, PlaceBook
from services.metrics.planning_rights import require_place
from services.metrics.registry import REGISTRY
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import ScorecardTemplate

LEVELS = tuple(Level)
LONGEST_NAME = 120
STANDARD_METRICS = (
    "time_to_fill",
    "time_to_hire",
    "pass_through_rate",
    "offer_acceptance_rate",
    "feedback_turnaround",
    "source_conversion",
    "candidate_nps",
    "quality_of_hire_90",
)


@dataclass(frozen=True)
class Template:
    """The newest version of a place's template; version 0 is the built-in standard."""

    place: Place
    version: int
    name: str
    metrics: tuple[str, ...]
    """What it adds, in order."""
    without: tuple[str, ...] = ()
    is_in_force: bool = True
    changed_at: datetime | None = None
    changed_by: str = ""


BUILT_IN = Template(COMPANY, 0, "Standard", STANDARD_METRICS)


@dataclass(frozen=True)
class Role:
    """Whose scorecard is asked for, by id; None = not known, and the wider template counts."""

    department_id: int | None = None
    job_family_id: int | None = None
    job_level_id: int | None = None


@dataclass(frozen=True)
class Resolved:
    """``chain`` is what was put together, from the standard to the most specific, which is ``template``."""

    template: Template
    chain: tuple[Template, ...]
    metrics: tuple[str, ...]
    retired: tuple[str, ...]
    """Metrics the templates name that are no longer answered."""
    why: str


@dataclass(frozen=True)
class TemplateBook:
    """Every template in force at one moment, without the built-in standard."""

    templates: Sequence[Template]
    places: PlaceBook = field(repr=False)

    def at(self, place: Place) -> Template | None:
        """The place's own; None = it has none. The company always has one."""
        own = (one for one in self.templates if (one.place.level, one.place.key) == (place.level, place.key))
        return next(own, BUILT_IN if place.level is Level.COMPANY else None)

    def resolve(self, role: Role, *, but: frozenset[Level] = frozenset()) -> Resolved:
        """What a role is measured by. ``but``: levels that are left out of account."""
        considered = [place for place in self._ladder(role) if place.level not in but]
        chain = tuple(one for one in (self.at(place) for place in considered) if one is not None)
        shown: list[str] = []
        for template in chain:
            shown = [one for one in shown if one not in {*template.without, *template.metrics}] + list(template.metrics)
        live = tuple(one for one in dict.fromkeys(shown) if _is_live(one))
        retired = tuple(one for one in dict.fromkeys(shown) if not _is_live(one))
        return Resolved(chain[-1], chain, live, retired, _why(chain, considered))

    def _ladder(self, role: Role) -> list[Place]:
        """Places from wide to narrow: company, departments from the top down, job family, role."""
        found = [COMPANY]
        if role.department_id is not None:
            way = reversed(self.places.way_up(role.department_id))
            found += [self.places.place(Level.DEPARTMENT, str(key)) for key in way]
        if role.job_family_id is not None:
            found.append(self.places.place(Level.JOB_FAMILY, str(role.job_family_id)))
            if role.job_level_id is not None:
                found.append(self.places.place(Level.ROLE, f"{role.job_family_id}:{role.job_level_id}"))
        return found


def _is_live(metric_id: str) -> bool:
    return metric_id in REGISTRY and state(REGISTRY[metric_id]) is not Status.RETIRED


def _why(chain: Sequence[Template], considered: Sequence[Place]) -> str:
    chosen = chain[-1]
    narrower = considered[considered.index(chosen.place) + 1 :]
    passed = "".join(f"; {place.words} has none of its own" for place in reversed(narrower))
    taken = [f"“{one.name}” ({one.place.words})" for one in reversed(chain[:-1])]
    over = f"; it takes over {', then '.join(taken)}" if taken else ""
    owner = "it is the standard" if chosen.place.level is Level.COMPANY else f"{chosen.place.words} has its own"
    return f"“{chosen.name}”, because {owner}{passed}{over}."


@dataclass(frozen=True)
class Wanted:
    """What ``Templates.put`` is asked for."""

    name: str
    metrics: Sequence[str] = ()
    without: Sequence[str] = ()
    expected_version: int | None = None
    """The newest version the writer has seen; None = whatever it is."""


class Templates:
    """Lists and sets templates; each change is one version more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def book(self, viewer: Viewer) -> TemplateBook:
        """Raises ForbiddenError for who may not ask for figures."""
        self._policy.require(viewer, Action.METRICS_QUERY)
        with self._store.read() as connection:
            return book_of(connection)

    def put(self, place: Place, wanted: Wanted, viewer: Viewer) -> int:
        """Returns the new version. Raises ForbiddenError, InvalidInputError and ConflictError."""
        require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
        _check(place, wanted)
        with self._store.write() as connection:
            name = wanted.name.strip()
            others = [one for one in book_of(connection).templates if one.place != place]
            if any(one.name.casefold() == name.casefold() for one in others):
                raise InvalidInputError(f"Another template is called “{name}”. Take another name.")
            values = {"name": name, "metrics": tuple(wanted.metrics), "without": tuple(wanted.without)}
            return self._append(connection, place, values, viewer, wanted.expected_version, is_in_force=True)

    def end(self, place: Place, viewer: Viewer, expected_version: int | None = None) -> int:
        """From now on the wider template counts. Raises NotFoundError when the place has none of its own."""
        require_place(self._policy, viewer, Action.PLANNING_MANAGE, place)
        with self._store.write() as connection:
            own = book_of(connection).at(place)
            if own is None or own.version == 0:
                raise NotFoundError(f"{place.words.capitalize()} has no template of its own.")
            values = {"name": own.name, "metrics": own.metrics, "without": own.without}
            return self._append(connection, place, values, viewer, expected_version, is_in_force=False)

    def _append(
        self,
        connection: Connection,
        place: Place,
        values: Mapping[str, Any],
        viewer: Viewer,
        expected: int | None,
        *,
        is_in_force: bool,
    ) -> int:
        row = {
            "name": values["name"],
            "metrics": json.dumps(values["metrics"]),
            "without": json.dumps(values["without"]),
            "is_in_force": is_in_force,
            "changed_at": self._clock(),
            "changed_by": viewer.email,
        }
        key = {"level": place.level.value, "place": place.key}
        version = append_version(connection, ScorecardTemplate, key, row, expected)
        detail = {"version": version, **values, "in_force": is_in_force}
        self._audit.append(connection, viewer.email, "template.set", f"template:{place.level}:{place.key}", detail)
        return version


def book_of(connection: Connection, until: datetime | None = None) -> TemplateBook:
    """As ``Templates.book``, inside a transaction; ``until``: as it was at that instant."""
    places = PlaceBook.of(connection)
    rows = newest_versions(connection, ScorecardTemplate, "level", "place") if until is None else _at(connection, until)
    found = [_template_of(row, places) for row in rows if row.is_in_force]
    return TemplateBook(sorted(found, key=lambda one: (LEVELS.index(one.place.level), one.place.name)), places)


def _at(connection: Connection, until: datetime) -> list[Any]:
    table = ScorecardTemplate.__table__
    query = select(table).where(table.c.changed_at < until).order_by(table.c.version)
    return list({(row.level, row.place): row for row in connection.execute(query)}.values())


def _template_of(row: Any, places: PlaceBook) -> Template:
    return Template(
        place=places.place(Level(row.level), row.place),
        version=row.version,
        name=row.name,
        metrics=tuple(json.loads(row.metrics)),
        without=tuple(json.loads(row.without)),
        is_in_force=row.is_in_force,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _check(place: Place, wanted: Wanted) -> None:
    if not 0 < len(wanted.name.strip()) <= LONGEST_NAME:
        raise InvalidInputError(f"A template has a name of at most {LONGEST_NAME} characters.")
    for name in wanted.metrics:
        answerable(name)
    for name in wanted.without:
        if name not in REGISTRY:
            raise InvalidInputError(f"There is no metric {name!r} to take away.")
    twice = set(wanted.metrics) & set(wanted.without)
    if twice:
        raise InvalidInputError(f"{', '.join(sorted(twice))} is added and taken away at once. Do one of the two.")
    if place.level is Level.COMPANY and not wanted.metrics:
        raise InvalidInputError("The standard names at least one metric.")
    if not wanted.metrics and not wanted.without:
        raise InvalidInputError("The template changes nothing. Add a metric or take one away.")
