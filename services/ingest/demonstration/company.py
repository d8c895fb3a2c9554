"""The company's frame: offices, departments, people. Small; written once, sampled by the generators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table

from services.ingest.demonstration import names
from services.ingest.demonstration.sink import NONE, BulkSink, Ints
from services.store.tables import (
    Base,
    CompanyHoliday,
    Department,
    ExitReason,
    JobFamily,
    JobLevel,
    Office,
    Person,
    PersonLeave,
    PipelineStage,
    Source,
)

SYSTEM = "demonstration"
DAY = 86_400


def table(model: type[Base]) -> Table:
    """The Core table of a mapped class."""
    return model.metadata.tables[model.__tablename__]


@dataclass(frozen=True)
class Company:
    """Arrays indexed by position; ids are position + 1."""

    teams: tuple[str, ...]
    team_department: Ints
    """Index into names.DEPARTMENTS."""
    team_ids: Ints
    """Department id of each team."""
    team_weights: NDArray[np.float64]
    team_promptness: NDArray[np.float64]
    """Each team's habit with feedback, relative to the company's."""
    families: tuple[str, ...]
    family_choices: tuple[Ints, ...]
    """Per top department: indexes of its families."""
    recruiters: tuple[Ints, ...]
    """Per region index: person ids."""
    managers: tuple[Ints, ...]
    """Per team: person ids."""
    interviewers: tuple[Ints, ...]
    """Per team: person ids; every third, from the region's index on, works in that region."""
    people: int
    cast: dict[str, int]
    """Role -> person id of the demonstration's sign-ins."""


REGIONS = ("EMEA", "AMER", "APAC")
OFFICE_REGION = np.array([REGIONS.index(office.region) for office in names.OFFICES])
OFFICE_OFFSET = np.array([int(office.utc_offset_hours * 3600) for office in names.OFFICES])


def external(prefix: str, ids: Ints) -> list[str]:
    """Ids as the made-up source would write them."""
    return [f"{prefix}-{number}" for number in ids.tolist()]


def _person_names(rng: np.random.Generator, count: int) -> list[str]:
    first = rng.integers(0, len(names.FIRST), count)
    last = rng.integers(0, len(names.LAST), count)
    return [f"{names.FIRST[a]} {names.LAST[b]}" for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def _share(total: int, floor: int, parts: int) -> int:
    return max(floor, round(total / parts))


def write_frame(sink: BulkSink, applications: int, seed: int, until: int) -> Company:
    """Write the reference tables for a company of that many applications; ``until`` in epoch seconds."""
    rng = np.random.default_rng([seed, 1])
    _write_places(sink)
    company = _people_plan(rng, applications)
    _write_people(sink, rng, company, until)
    return company


def _write_places(sink: BulkSink) -> None:
    offices = names.OFFICES
    columns = {
        field: [getattr(office, field) for office in offices]
        for field in ("name", "city", "country", "subdivision", "region", "timezone", "friday_end")
    }
    ids = np.arange(1, len(offices) + 1)
    sink.add(
        table(Office),
        {"id": ids, "source_system": SYSTEM, "external_id": external("office", ids), **columns}
        | {"work_start": "09:00", "work_end": "17:00"},
    )
    tops = [name for name, _, _ in names.DEPARTMENTS]
    teams = [(index, team) for index, (_, _, members) in enumerate(names.DEPARTMENTS) for team in members]
    parents = [NONE] * len(tops) + [index + 1 for index, _ in teams]
    ids = np.arange(1, len(parents) + 1)
    sink.add(
        table(Department),
        {
            "id": ids,
            "source_system": SYSTEM,
            "external_id": external("department", ids),
            "name": tops + [team for _, team in teams],
            "parent_id": np.array(parents),
        },
    )
    families = [family for members in names.FAMILIES.values() for family in members]
    _simple(sink, JobFamily, "family", {"name": families})
    _simple(sink, JobLevel, "level", {"name": names.LEVELS, "rank": np.arange(1, len(names.LEVELS) + 1)})
    _simple(sink, Source, "source", {"name": [s[0] for s in names.SOURCES], "channel": [s[1] for s in names.SOURCES]})
    stage_columns: dict[str, list[str]] = {
        "name": [s[0] for s in names.STAGES],
        "canonical": [s[1] for s in names.STAGES],
    }
    _simple(sink, PipelineStage, "stage", {**stage_columns, "sort_order": np.arange(len(names.STAGES))})
    reason_columns = {"name": [r[0] for r in names.EXIT_REASONS], "kind": [r[1] for r in names.EXIT_REASONS]}
    _simple(sink, ExitReason, "reason", reason_columns)


def _simple(sink: BulkSink, model: type[Base], prefix: str, columns: Mapping[str, Sequence[object] | Ints]) -> None:
    ids = np.arange(1, len(columns["name"]) + 1)
    sink.add(table(model), {"id": ids, "source_system": SYSTEM, "external_id": external(prefix, ids), **columns})


def _people_plan(rng: np.random.Generator, applications: int) -> Company:
    departments = [name for name, _, _ in names.DEPARTMENTS]
    teams = tuple(team for _, _, members in names.DEPARTMENTS for team in members)
    team_department = np.array([i for i, (_, _, members) in enumerate(names.DEPARTMENTS) for _ in members])
    weights = np.array([w / len(members) for _, w, members in names.DEPARTMENTS for _ in members])
    families = tuple(family for members in names.FAMILIES.values() for family in members)
    cast = {role: position + 1 for position, (role, _, _) in enumerate(names.CAST)}
    next_id = len(names.CAST) + 1

    def take(count: int) -> Ints:
        nonlocal next_id
        ids = np.arange(next_id, next_id + count)
        next_id += count
        return ids

    shares = [sum(o.weight for o in names.OFFICES if o.region == region) for region in REGIONS]
    recruiters = [take(max(2, round(share * _share(applications, 10, 1600)))) for share in shares]
    recruiters[0][0] = cast["recruiter"]
    managers = [take(max(3, round(w * _share(applications, 60, 330)))) for w in weights]
    managers[0][0] = cast["hiring_manager"]
    interviewers = [take(max(6, round(w * _share(applications, 150, 130)))) for w in weights]
    return Company(
        teams=teams,
        team_department=team_department,
        team_ids=np.arange(len(departments) + 1, len(departments) + 1 + len(teams)),
        team_weights=weights / weights.sum(),
        team_promptness=rng.uniform(0.75, 1.35, len(teams)),
        families=families,
        family_choices=tuple(np.array([families.index(f) for f in names.FAMILIES[d]]) for d in departments),
        recruiters=tuple(recruiters),
        managers=tuple(managers),
        interviewers=tuple(interviewers),
        people=next_id - 1,
        cast=cast,
    )


def _write_people(sink: BulkSink, rng: np.random.Generator, company: Company, until: int) -> None:
    count = company.people
    ids = np.arange(1, count + 1)
    shown = [f"{first} {last}" for _, first, last in names.CAST] + _person_names(rng, count - len(names.CAST))
    department = np.full(count, NONE)
    for team, members in enumerate(company.managers):
        department[members - 1] = company.team_ids[team]
    for team, members in enumerate(company.interviewers):
        department[members - 1] = company.team_ids[team]
    office = rng.choice(len(names.OFFICES), count, p=[o.weight for o in names.OFFICES]) + 1
    for members in company.interviewers:
        for region in range(len(REGIONS)):
            local = np.flatnonzero(region == OFFICE_REGION)
            office[members[region :: len(REGIONS)] - 1] = rng.choice(local, len(members[region :: len(REGIONS)])) + 1
    manager = np.where(ids == company.cast["executive"], NONE, company.cast["executive"])
    for members in company.recruiters:
        manager[members - 1] = company.cast["recruiting_manager"]
    mails = [f"{name.lower().replace(' ', '.')}.{number}@northwind.example" for number, name in enumerate(shown, 1)]
    mails[: len(names.CAST)] = [f"{first.lower()}@northwind.example" for _, first, _ in names.CAST]
    started = until // DAY - rng.integers(200, 3000, count)
    left = np.where(
        (rng.random(count) < 0.04) & (ids > len(names.CAST)), until // DAY - rng.integers(5, 200, count), NONE
    )
    sink.add(
        table(Person),
        {"id": ids, "source_system": SYSTEM, "external_id": external("person", ids), "name": shown, "email": mails}
        | {"manager_id": manager, "department_id": department, "office_id": office, "employment": "employee"}
        | {"started_on": started, "left_on": left},
    )
    _write_leave(sink, rng, company, until)


def _write_leave(sink: BulkSink, rng: np.random.Generator, company: Company, until: int) -> None:
    people = np.concatenate(company.interviewers)
    taken = people[rng.random(len(people)) < 0.7]
    start = until // DAY - rng.integers(0, 700, len(taken))
    sink.add(
        table(PersonLeave),
        {"person_id": taken, "start_on": start, "end_on": start + rng.integers(1, 14, len(taken))},
    )
    sink.add(
        table(CompanyHoliday),
        {"office_id": None, "on": np.array([until // DAY - 130]), "name": "Northwind day"},
    )
