"""Names of one snapshot: from ids to shown names and back, within what the viewer may know of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import sqlalchemy as sa

from services.domain.errors import InvalidInputError
from services.domain.people import Scope
from services.domain.pipeline import STAGE_ORDER
from services.mart.schema import (
    dim_department,
    dim_job_family,
    dim_job_level,
    dim_office,
    dim_requisition,
    dim_source,
    dim_stage,
    fact_application,
    fact_feedback,
    metadata,
)
from services.metrics.dimensions import AGE_BUCKETS, Dimension, Kind
from services.metrics.plan import Executor
from services.metrics.scope import Places, within
from services.metrics.transitions import transitions

ACCEPTED_SHOWN = 12
"""Names listed in an error before it says how many more there are."""
_OCCURS_IN: Mapping[str, tuple[sa.Table, ...]] = {
    **dict.fromkeys(
        (
            "department",
            "top_department",
            "job_family",
            "seniority",
            "geography",
            "country",
            "office",
            "hiring_manager",
        ),
        (dim_requisition,),
    ),
    "recruiter": (dim_requisition, fact_application),
    "interviewer": (fact_feedback,),
    "source": (fact_application,),
    "channel": (fact_application,),
}
"""Where to look which values of a dimension a scope holds."""


class Names(Protocol):
    """People's names live in the store alone; the snapshot knows ids."""

    def people(self, ids: Collection[int], /) -> Mapping[int, str]:
        """Shown name per id, told apart by e-mail where two of ``ids`` share a name. Unknown ids are left out."""
        ...

    def person_ids(self, name: str, /) -> tuple[int, ...]:
        """People of that shown name or e-mail."""
        ...


@dataclass(frozen=True)
class Department:
    id: int
    name: str
    parent_id: int | None


class Catalog:
    """Reference data of one snapshot, loaded once. Loading costs a few milliseconds; nothing in it is personal."""

    def __init__(self, executor: Executor, names: Names) -> None:
        self._executor = executor
        self._names = names
        self.departments = {row[0]: Department(row[0], row[1], row[2]) for row in self._departments()}
        departments = {key: self._department_name(key) for key in self.departments}
        self._reference: Mapping[str, Mapping[int, str | None]] = {
            "department": departments,
            "top_department": {key: departments[self.way_up(key)[-1]] for key in self.departments},
            "job_family": self._pairs(dim_job_family.c.job_family_id, dim_job_family.c.name),
            "seniority": self._pairs(dim_job_level.c.job_level_id, dim_job_level.c.name),
            "office": self._pairs(dim_office.c.office_id, dim_office.c.name),
            "source": self._pairs(dim_source.c.source_id, dim_source.c.name),
            "channel": self._pairs(dim_source.c.source_id, dim_source.c.channel),
            "stage": self._pairs(dim_stage.c.stage_id, dim_stage.c.name),
        }
        self._ranks = self._pairs(dim_job_level.c.name, dim_job_level.c.rank)
        self._stage_order = self._pairs(dim_stage.c.name, dim_stage.c.sort_order)
        used = {row[0] for row in executor.execute(sa.select(dim_stage.c.canonical).distinct())}
        self.stages = tuple(stage.value for stage in STAGE_ORDER if stage in used or stage in _ALWAYS)
        self._orders: Mapping[str, Mapping[str, Any]] = {
            "seniority": self._ranks,
            "stage": self._stage_order,
            "canonical_stage": _CANONICAL_ORDER,
            "transition": {name: index for index, name in enumerate(transitions(self.stages))},
            "age_bucket": {name: index for index, name in enumerate(AGE_BUCKETS)},
        }
        self.zones = self._zones()
        self.first_on: date | None = executor.execute(sa.select(sa.func.min(fact_application.c.applied_on)))[0][0]
        self._known: dict[tuple[Scope, str], frozenset[Any]] = {}
        self._places: Places | None = None

    def _departments(self) -> list[tuple[Any, ...]]:
        columns = dim_department.c
        return self._executor.execute(sa.select(columns.department_id, columns.name, columns.parent_id))

    def _pairs(self, key: sa.ColumnElement[Any], value: sa.ColumnElement[Any]) -> dict[Any, Any]:
        return {row[0]: row[1] for row in self._executor.execute(sa.select(key, value))}

    def _zones(self) -> tuple[str, ...]:
        zone = sa.func.coalesce(dim_requisition.c.timezone, "UTC").label("zone")
        return tuple(sorted(row[0] for row in self._executor.execute(sa.select(zone).distinct()))) or ("UTC",)

    def _department_name(self, department_id: int) -> str:
        """The name alone where it is unique, the way from the top where it is not."""
        name = self.departments[department_id].name
        if sum(other.name == name for other in self.departments.values()) == 1:
            return name
        return " / ".join(self.departments[step].name for step in reversed(self.way_up(department_id)))

    def way_up(self, department_id: int) -> list[int]:
        """The department and its ancestors, bottom up; a circle in the data ends it."""
        way: list[int] = []
        at: int | None = department_id
        while at is not None and at in self.departments and at not in way:
            way.append(at)
            at = self.departments[at].parent_id
        return way

    def subtree(self, department_ids: Collection[int]) -> tuple[int, ...]:
        """These departments and all their children, sorted."""
        wanted = set(department_ids)
        return tuple(sorted(key for key in self.departments if wanted & set(self.way_up(key))))

    def places(self, scope: Scope) -> Places | None:
        """Where any row of the snapshot lies, looked up for the first limited scope; None = nobody needs to know."""
        if scope.everything or () in {scope.department_ids, scope.regions}:
            return None
        if self._places is None:
            tables = [table for table in metadata.sorted_tables if {"department_id", "region"} <= set(table.c.keys())]
            pairs = (sa.select(table.c.department_id, table.c.region).distinct() for table in tables)
            found = self._executor.execute(sa.union_all(*pairs))
            self._places = Places(frozenset(row[0] for row in found), frozenset(row[1] for row in found))
        return self._places

    # --- from raw values to names -------------------------------------------------------------------------------

    def labeller(self, dimension: Dimension, raw: Collection[str | None]) -> Callable[[str | None], str | None]:
        """From the text a statement returned to the shown name; None = unknown in the source."""
        table = self._labels(dimension, {value for value in raw if value is not None})
        return table.get if table is not None else lambda value: value

    def _labels(self, dimension: Dimension, raw: set[str]) -> dict[str | None, str | None] | None:
        if dimension.kind in {Kind.TEXT, Kind.LITERAL, Kind.TIME}:
            return None
        ids = {int(value) for value in raw}
        found = self._names_of(dimension, ids)
        return {str(key): name for key, name in found.items()}

    def _names_of(self, dimension: Dimension, ids: set[int]) -> Mapping[int, str | None]:
        if dimension.kind is Kind.PERSON:
            return self._names.people(ids)
        if dimension.kind is Kind.REQUISITION:
            return self.requisitions(ids)
        return {key: name for key, name in self._reference[dimension.id].items() if key in ids}

    def requisitions(self, ids: Collection[int]) -> dict[int, str | None]:
        """``CODE Title`` per id; two that would read alike carry the source's id."""
        columns = dim_requisition.c
        rows = self._executor.execute(
            sa.select(columns.requisition_id, columns.code, columns.title, columns.external_id).where(
                columns.requisition_id.in_(sorted(ids))
            )
        )
        labels = {row[0]: _requisition_label(row[1], row[2]) for row in rows}
        shared = {label for label in labels.values() if list(labels.values()).count(label) > 1}
        return {row[0]: f"{labels[row[0]]} ({row[3]})" if labels[row[0]] in shared else labels[row[0]] for row in rows}

    def position(self, dimension: Dimension, label: str | None) -> tuple[bool, Any, str]:
        """Sort key of a shown value: natural order where there is one, unknown last."""
        if label is None:
            return True, 0, ""
        return False, self._orders.get(dimension.id, _NO_ORDER).get(label, 0), label

    # --- from names to raw values -------------------------------------------------------------------------------

    def resolve(self, dimension: Dimension, labels: Iterable[str], scope: Scope) -> tuple[int | str, ...]:
        """Column values of shown names. Raises InvalidInputError for a name that does not exist within ``scope``."""
        found: set[int | str] = set()
        for label in labels:
            values = self._values(dimension, label, scope)
            if not values:
                raise InvalidInputError(self._unknown(dimension, label, scope))
            found.update(values)
        return tuple(sorted(found, key=str))

    def _values(self, dimension: Dimension, label: str, scope: Scope) -> Collection[int | str]:
        if dimension.kind is Kind.TIME:
            return ()
        if dimension.kind is Kind.LITERAL:
            known = transitions(self.stages) if dimension.id == "transition" else AGE_BUCKETS
            return (label,) if label in known else ()
        if dimension.kind is Kind.REQUISITION:
            return self._requisition_ids(label, scope)
        values: set[int | str]
        if dimension.kind is Kind.PERSON:
            values = set(self._names.person_ids(label))
        elif dimension.kind is Kind.TEXT:
            values = {label}
        else:
            values = {key for key, name in self._reference[dimension.id].items() if name == label}
        if dimension.id == "department":
            values = set(self.subtree({int(value) for value in values}))
        known_values = self._within(dimension, scope)
        return values if known_values is None else values & known_values

    def _requisition_ids(self, label: str, scope: Scope) -> tuple[int, ...]:
        columns = dim_requisition.c
        named = (columns.code, columns.title, columns.external_id, columns.code + " " + columns.title)
        reach = within(scope, dim_requisition)
        statement = sa.select(columns.requisition_id).where(sa.or_(*(column == label for column in named)))
        rows = self._executor.execute(statement if reach is None else statement.where(reach))
        return tuple(row[0] for row in rows)

    def _within(self, dimension: Dimension, scope: Scope) -> frozenset[Any] | None:
        """Values that occur within ``scope``; None = no need to look, or the dimension does not depend on it."""
        if dimension.id == "canonical_stage":
            return frozenset(self.stages)
        tables = _OCCURS_IN.get(dimension.id)
        if tables is None or (scope.everything and dimension.kind is not Kind.TEXT):
            return None
        key = (scope, dimension.id)
        if key not in self._known:
            found = [self._distinct(table, dimension.column, scope) for table in tables]
            self._known[key] = frozenset[Any]().union(*found)
        return self._known[key]

    def _distinct(self, table: sa.Table, column: str, scope: Scope) -> frozenset[Any]:
        reach = within(scope, table)
        statement = sa.select(table.c[column]).distinct()
        rows = self._executor.execute(statement if reach is None else statement.where(reach))
        return frozenset(row[0] for row in rows if row[0] is not None)

    def _unknown(self, dimension: Dimension, label: str, scope: Scope) -> str:
        accepted = self.accepted(dimension, scope)
        shown = ", ".join(accepted[:ACCEPTED_SHOWN])
        more = f" and {len(accepted) - ACCEPTED_SHOWN} more" if len(accepted) > ACCEPTED_SHOWN else ""
        choose = f"Choose from: {shown}{more}." if shown else "There is nothing to choose from."
        return f"There is no {dimension.name.lower()} {label!r}. {choose}"

    def accepted(self, dimension: Dimension, scope: Scope) -> list[str]:
        """Shown names that ``resolve`` takes. People are not listed: a name in an error would be a disclosure."""
        if dimension.kind is Kind.LITERAL:
            return list(transitions(self.stages) if dimension.id == "transition" else AGE_BUCKETS)
        if dimension.kind in {Kind.PERSON, Kind.REQUISITION, Kind.TIME}:
            return []
        known = self._within(dimension, scope)
        if dimension.kind is Kind.TEXT:
            return sorted(str(value) for value in known or ())
        reference = self._reference[dimension.id]
        if known is not None and dimension.id == "department":
            known = frozenset(step for key in known for step in self.way_up(key))
        names = {name for key, name in reference.items() if name and (known is None or key in known)}
        return sorted(names, key=lambda name: self.position(dimension, name))


_ALWAYS = (STAGE_ORDER[0], STAGE_ORDER[-1])
"""Every application was received and may be hired, whatever stages the source keeps."""
_NO_ORDER: Mapping[str, Any] = {}
_CANONICAL_ORDER = {stage.value: index for index, stage in enumerate(STAGE_ORDER)}


def _requisition_label(code: str | None, title: str | None) -> str:
    parts = [part for part in dict.fromkeys((code, title)) if part]
    return " ".join(parts)
