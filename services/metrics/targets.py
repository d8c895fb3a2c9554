"""Targets of metrics: who set which from when on, and which one counts for a department or stage."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from services.domain.judgement import judge
from services.domain.metric import Row
from services.metrics.registry import metric
from services.store.database import Store
from services.store.tables import Department, MetricTarget


@dataclass(frozen=True)
class Target:
    metric_id: str
    department_id: int | None
    stage: str | None
    value: float
    effective_from: date


class TargetBook:
    """All targets at one moment. Read it once a page: ``TargetBook.of(store)``."""

    def __init__(self, targets: Collection[Target], departments: Mapping[int, tuple[str, int | None]]) -> None:
        self._targets = tuple(targets)
        self._departments = departments

    @classmethod
    def of(cls, store: Store) -> TargetBook:
        columns = (
            MetricTarget.metric_id,
            MetricTarget.department_id,
            MetricTarget.stage,
            MetricTarget.value,
            MetricTarget.effective_from,
        )
        with store.read() as connection:
            targets = [Target(*row) for row in connection.execute(sa.select(*columns).order_by(MetricTarget.id))]
            rows = connection.execute(sa.select(Department.id, Department.name, Department.parent_id))
            return cls(targets, {row[0]: (row[1], row[2]) for row in rows})

    def target(
        self, metric_id: str, on: date, *, department: str | int | None = None, stage: str | None = None
    ) -> float | None:
        """The target in force ``on`` a day; None = there is none.

        The most specific department wins: the department's own, else its nearest ancestor's, else the company's. A
        target with a stage (or transition) holds for that one alone. Of several the latest counts. A department is
        named as it is shown, or by id; a name that two departments share has the company's target.
        """
        in_force = [
            target
            for target in self._targets
            if target.metric_id == metric_id and target.stage == stage and target.effective_from <= on
        ]
        for department_id in (*self._way_up(department), None):
            own = [target for target in in_force if target.department_id == department_id]
            if own:
                return max(own, key=lambda target: target.effective_from).value
        return None

    def status(
        self, row: Row, on: date, *, department: str | int | None = None, stage: str | None = None
    ) -> tuple[float | None, str | None]:
        """(target, ``on`` | ``near`` | ``off`` | None): near is at most 10 % of the target on the wrong side."""
        target = self.target(row.metric, on, department=department, stage=stage)
        return target, judge(row, target, metric(row.metric).better)

    def _way_up(self, department: str | int | None) -> list[int]:
        way: list[int] = []
        at = self._id_of(department)
        while at is not None and at in self._departments and at not in way:
            way.append(at)
            at = self._departments[at][1]
        return way

    def _id_of(self, department: str | int | None) -> int | None:
        if not isinstance(department, str):
            return department
        path = department.split(" / ")
        found = [key for key, (name, _) in self._departments.items() if name in {department, path[-1]}]
        return found[0] if len(found) == 1 else None
