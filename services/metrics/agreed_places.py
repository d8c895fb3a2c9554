"""Places where a works agreement is in force, and how a question about single people leaves them out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from services.domain.people import Agreed
from services.mart.schema import dim_office, dim_person
from services.metrics.dimensions import DIMENSIONS, Kind

PEOPLE = {name: dimension.column for name, dimension in DIMENSIONS.items() if dimension.kind is Kind.PERSON}
Chosen = Mapping[str, tuple[int | str, ...]]


def agreed_offices(agreed: Agreed) -> sa.Select[Any]:
    """Offices in which an agreement is in force."""
    by_country = dim_office.c.country.in_(agreed.countries)
    return sa.select(dim_office.c.office_id).where(sa.or_(by_country, dim_office.c.office_id.in_(agreed.office_ids)))


def person_limits(
    agreed: Agreed, by: Collection[str], chosen: Chosen, table: sa.FromClause
) -> list[sa.ColumnElement[bool]]:
    """Conditions that take agreed places out of a question about single people.

    Neither the requisition's office may be one of them nor the office the person works in. ``by``: asked dimensions.
    """
    asked = {column for name, column in PEOPLE.items() if _is_about_others(agreed, name, by, chosen)}
    if not agreed.is_anywhere or not asked:
        return []
    offices = agreed_offices(agreed)
    inside = sa.select(dim_person.c.person_id).where(dim_person.c.calendar_id.in_(offices))
    limits: list[sa.ColumnElement[bool]] = [sa.func.coalesce(table.c.office_id, 0).not_in(offices)]
    limits += [sa.func.coalesce(table.c[column], 0).not_in(inside) for column in sorted(asked) if column in table.c]
    return limits


def _is_about_others(agreed: Agreed, name: str, by: Collection[str], chosen: Chosen) -> bool:
    own = agreed.own_person_id
    return (name in chosen or name in by) and not (own is not None and chosen.get(name) == (own,))
