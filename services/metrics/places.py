"""Where a profile, a template or a capacity holds: the company, a department, a job family or a role.

A role is a job family at one level. Places are kept by id and named as they are shown, so a new name loses nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.domain.errors import InvalidInputError
from services.store.tables import Department, JobFamily, JobLevel

SHOWN = 12
"""Names listed in an error."""
BETWEEN = " / "


class Level(enum.StrEnum):
    """From wide to narrow."""

    COMPANY = "company"
    DEPARTMENT = "department"
    JOB_FAMILY = "job_family"
    ROLE = "role"


@dataclass(frozen=True)
class Place:
    level: Level
    key: str
    """Ids as text; empty for the company."""
    name: str

    @property
    def words(self) -> str:
        return {
            Level.COMPANY: "the company",
            Level.DEPARTMENT: f"department {self.name}",
            Level.JOB_FAMILY: f"job family {self.name}",
            Level.ROLE: f"role {self.name}",
        }[self.level]

    @property
    def where(self) -> dict[str, tuple[str, ...]]:
        """The place as limits of a question."""
        match self.level:
            case Level.COMPANY:
                return {}
            case Level.ROLE:
                family, _, level = self.name.rpartition(BETWEEN)
                return {"job_family": (family,), "seniority": (level,)}
            case _:
                return {self.level.value: (self.name,)}


COMPANY = Place(Level.COMPANY, "", "company")


class PlaceBook:
    """The names of one moment."""

    def __init__(
        self,
        departments: Mapping[int, tuple[str, int | None]],
        families: Mapping[int, str],
        levels: Mapping[int, str],
    ) -> None:
        self._departments = departments
        self._families = families
        self._levels = levels

    @classmethod
    def of(cls, connection: Connection) -> PlaceBook:
        departments = connection.execute(select(Department.id, Department.name, Department.parent_id))
        families = connection.execute(select(JobFamily.id, JobFamily.name))
        levels = connection.execute(select(JobLevel.id, JobLevel.name))
        return cls(
            {key: (name, parent) for key, name, parent in departments},
            {key: name for key, name in families},  # noqa: C416 - rows are no pairs to mypy
            {key: name for key, name in levels},  # noqa: C416 - as above
        )

    def listed(self) -> list[Place]:
        """The company, then every department and job family by name."""
        departments = [self.place(Level.DEPARTMENT, str(key)) for key in self._departments]
        families = [self.place(Level.JOB_FAMILY, str(key)) for key in self._families]
        return [COMPANY, *sorted(departments, key=_by_name), *sorted(families, key=_by_name)]

    def find(self, department: str | None = None, job_family: str | None = None, level: str | None = None) -> Place:
        """One place; nothing named = the company. Raises InvalidInputError, which lists the names there are."""
        if department is not None and (job_family is not None or level is not None):
            raise InvalidInputError("Name a department or a job family, not both.")
        if level is not None and job_family is None:
            raise InvalidInputError("A level makes a role of a job family: name the job family too.")
        if department is not None:
            return self.place(Level.DEPARTMENT, str(self.department(department)))
        if job_family is None:
            return COMPANY
        family = _one("job family", job_family, self._families)
        if level is None:
            return self.place(Level.JOB_FAMILY, str(family))
        return self.place(Level.ROLE, f"{family}:{_one('level', level, self._levels)}")

    def department(self, name: str) -> int:
        """By its own name, or by its path where two share one ("Sales / Berlin")."""
        return _one("department", name, {key: self._department_name(key) for key in self._departments})

    def named(
        self, department: str | None, job_family: str | None, level: str | None
    ) -> tuple[int | None, int | None, int | None]:
        """Ids of what a person named; raises InvalidInputError, which lists the names there are."""
        return (
            None if department is None else self.department(department),
            None if job_family is None else _one("job family", job_family, self._families),
            None if level is None else _one("level", level, self._levels),
        )

    def ids(
        self, department: str | None, job_family: str | None, level: str | None
    ) -> tuple[int | None, int | None, int | None]:
        """Of names as the query layer shows them; None where the store does not know the name or two share it."""
        shown = {key: self._department_name(key) for key in self._departments}
        return _id_of(department, shown), _id_of(job_family, self._families), _id_of(level, self._levels)

    def place(self, level: Level, key: str) -> Place:
        """From what a row keeps; a place that is gone is named by its id."""
        match level:
            case Level.COMPANY:
                return COMPANY
            case Level.DEPARTMENT:
                return Place(level, key, self._department_name(int(key)))
            case Level.JOB_FAMILY:
                return Place(level, key, self._families.get(int(key), f"no. {key}"))
            case Level.ROLE:
                family, _, at = key.partition(":")
                names = self._families.get(int(family), f"no. {family}"), self._levels.get(int(at), f"no. {at}")
                return Place(level, key, BETWEEN.join(names))

    def above(self, place: Place) -> Iterator[Place]:
        """The wider places whose settings a department or family takes over, the nearest first."""
        if place.level is Level.DEPARTMENT:
            yield from (self.place(Level.DEPARTMENT, str(key)) for key in self.way_up(int(place.key))[1:])
        elif place.level is Level.ROLE:
            yield self.place(Level.JOB_FAMILY, place.key.partition(":")[0])
        if place.level is not Level.COMPANY:
            yield COMPANY

    def way_up(self, department_id: int) -> list[int]:
        """The department and what is above it."""
        way: list[int] = []
        at: int | None = department_id
        while at is not None and at in self._departments and at not in way:
            way.append(at)
            at = self._departments[at][1]
        return way

    def _department_name(self, key: int) -> str:
        if key not in self._departments:
            return f"no. {key}"
        name = self._departments[key][0]
        if sum(other == name for other, _ in self._departments.values()) == 1:
            return name
        return BETWEEN.join(self._departments[step][0] for step in reversed(self.way_up(key)))


def _by_name(place: Place) -> str:
    return place.name


def _id_of(name: str | None, names: Mapping[int, str]) -> int | None:
    found = [key for key, known in names.items() if known == name]
    return found[0] if len(found) == 1 else None


def _one(kind: str, name: str, names: Mapping[int, str]) -> int:
    found = [key for key, known in names.items() if known.casefold() == name.strip().casefold()]
    if len(found) == 1:
        return found[0]
    known = sorted(set(names.values()))
    shown = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
    raise InvalidInputError(f"There is no single {kind} {name!r}. Choose from: {shown or 'none yet'}.")
