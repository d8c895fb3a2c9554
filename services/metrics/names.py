"""Names of people, read from the store when they are shown: the snapshot holds none, so erasure never rewrites it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from services.store.database import Store
from services.store.tables import Person

_CHUNK = 5_000
"""Ids per statement; SQLite limits bound values."""


class StoreNames:
    """Implements ``services.metrics.catalog.Names`` on the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def people(self, ids: Collection[int], /) -> Mapping[int, str]:
        """Shown name per id, told apart by e-mail (else by id) where two of ``ids`` share a name."""
        rows: list[sa.Row[int, str, str | None]] = []
        wanted = sorted(ids)
        if not wanted:
            return {}
        with self._store.read() as connection:
            for start in range(0, len(wanted), _CHUNK):
                chunk = wanted[start : start + _CHUNK]
                statement = sa.select(Person.id, Person.name, Person.email).where(Person.id.in_(chunk))
                rows.extend(connection.execute(statement).all())
        times = Counter(row.name for row in rows)
        return {row.id: row.name if times[row.name] == 1 else f"{row.name} ({row.email or row.id})" for row in rows}

    def person_ids(self, name: str, /) -> tuple[int, ...]:
        """People of that name, of that e-mail, or told apart as ``people`` does."""
        plain, _, mark = name.removesuffix(")").rpartition(" (")
        told_apart = sa.and_(Person.name == plain, sa.or_(Person.email == mark, sa.cast(Person.id, sa.String) == mark))
        either = sa.or_(Person.name == name, Person.email == name, told_apart)
        with self._store.read() as connection:
            return tuple(connection.scalars(sa.select(Person.id).where(either).order_by(Person.id)))
