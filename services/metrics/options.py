"""The filter bar's choices: values that occur within a scope, with the applications behind each."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from services.domain.people import Scope
from services.domain.views import FilterChoice, FilterOption
from services.mart.schema import fact_application as application
from services.metrics.catalog import Catalog
from services.metrics.dimensions import DIMENSIONS, Dimension
from services.metrics.plan import Executor, Statement
from services.metrics.scope import within

FILTERS = ("department", "job_family", "seniority", "geography", "source")


def choices(executor: Executor, catalog: Catalog, scope: Scope) -> tuple[FilterChoice, ...]:
    """One statement. A department's count includes its children; values without applications are left out."""
    reach = within(scope, application)
    selects = []
    for name in FILTERS:
        column = application.c[DIMENSIONS[name].column]
        select: Statement = sa.select(
            sa.literal_column(f"'{name}'").label("name"),
            sa.cast(column, sa.String).label("value"),
            sa.func.count().label("n"),
        ).group_by(column)
        selects.append(select if reach is None else select.where(reach))
    found: dict[str, dict[str | None, int]] = {name: {} for name in FILTERS}
    for name, value, count in executor.execute(sa.union_all(*selects)):
        found[name][value] = count
    return tuple(_choice(catalog, DIMENSIONS[name], found[name]) for name in FILTERS)


def _choice(catalog: Catalog, dimension: Dimension, counts: dict[str | None, int]) -> FilterChoice:
    if dimension.id == "department":
        return FilterChoice(dimension.id, dimension.name, _departments(catalog, counts))
    label = catalog.labeller(dimension, counts.keys())
    by_label: Counter[str] = Counter()
    for value, count in counts.items():
        shown = label(value)
        if shown is not None:
            by_label[shown] += count
    ordered = sorted(by_label, key=lambda shown: catalog.position(dimension, shown))
    options = tuple(FilterOption(shown, shown, by_label[shown]) for shown in ordered)
    return FilterChoice(dimension.id, dimension.name, options)


def _departments(catalog: Catalog, counts: dict[str | None, int]) -> tuple[FilterOption, ...]:
    """The tree, top down, each with its children's applications in it."""
    total: Counter[int] = Counter()
    for value, count in counts.items():
        if value is not None:
            for step in catalog.way_up(int(value)):
                total[step] += count
    label = catalog.labeller(DIMENSIONS["department"], {str(key) for key in total})

    def path(key: int) -> list[Any]:
        return [catalog.departments[step].name for step in reversed(catalog.way_up(key))]

    return tuple(
        FilterOption(label(str(key)) or "", catalog.departments[key].name, total[key], depth=len(path(key)) - 1)
        for key in sorted(total, key=path)
    )
