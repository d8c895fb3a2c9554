"""Bulk sink: columns of numbers straight into the store's tables, in bounded batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Boolean, Connection, Date, Table, text

from services.store.types import UtcDateTime

NONE = -1
"""Absent value in integer, instant (epoch seconds) and date (epoch days) columns."""

Columns = Mapping[str, Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]


class BulkSink:
    """Appends rows with ids of the caller's choosing. ``connection`` is an open ``store.write()``.

    Integer arrays use ``NONE`` for absent. Instants are epoch seconds, dates epoch days. Scalars are repeated.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._driver: Any = connection.connection.driver_connection
        if self._is_sqlite:
            # people name their manager before that one is written; checked at commit, as PostgreSQL does per statement
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        self.counts: dict[str, int] = {}

    def add(self, table: Table, columns: Columns) -> int:
        """Append one row per element; returns how many."""
        rows = max((len(values) for values in columns.values() if _is_array(values)), default=1)
        if not rows:
            return 0
        lists = [self._values(table, name, values, rows) for name, values in columns.items()]
        if self._is_sqlite:
            self._driver.executemany(self._insert(table, tuple(columns)), zip(*lists, strict=True))
        else:
            self._copy(table, tuple(columns), zip(*lists, strict=True))
        self.counts[table.name] = self.counts.get(table.name, 0) + rows
        return rows

    def finish(self, tables: Iterable[Table]) -> None:
        """Move PostgreSQL's sequences past the ids used."""
        if self._is_sqlite:
            return
        for table in tables:
            (key,) = table.primary_key.columns
            self._connection.execute(
                text(
                    f"select setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "  # noqa: S608 - our own names
                    f"greatest((select coalesce(max({key.name}), 0) from {_quoted(table.name)}), 1))"
                )
            )

    def _insert(self, table: Table, names: Sequence[str]) -> str:
        marks = ", ".join(_sqlite_mark(table, name) for name in names)
        return f"insert into {_quoted(table.name)} ({', '.join(map(_quoted, names))}) values ({marks})"  # noqa: S608 - our own names

    def _copy(self, table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        statement = f"copy {_quoted(table.name)} ({', '.join(map(_quoted, names))}) from stdin"
        with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _values(self, table: Table, name: str, values: Any, rows: int) -> list[Any]:
        if not _is_array(values):
            return [values] * rows
        kind = table.c[name].type
        if isinstance(values, np.ndarray) and values.dtype.kind == "i":
            if isinstance(kind, UtcDateTime) and not self._is_sqlite:
                return _texts(values, "datetime64[s]", "Z")
            if isinstance(kind, Date) and not self._is_sqlite:
                return _texts(values, "datetime64[D]", "")
            if isinstance(kind, Boolean):
                return list(values.astype(bool).tolist())
            return [None if value == NONE else value for value in values.tolist()]
        return list(values.tolist() if isinstance(values, np.ndarray) else values)


def only_where(mask: Mask, values: object) -> Objects:
    """``values`` where the mask holds, None elsewhere."""
    return np.where(mask, np.asarray(values, dtype=object), np.asarray(None, dtype=object))


def _is_array(values: object) -> bool:
    return isinstance(values, np.ndarray | list | tuple)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _sqlite_mark(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, UtcDateTime):
        return "datetime(?, 'unixepoch')"
    return "date(? * 86400, 'unixepoch')" if isinstance(kind, Date) else "?"


def _texts(values: NDArray[np.int64], unit: str, suffix: str) -> list[str | None]:
    words = np.datetime_as_string(values.astype(unit)).tolist()
    absent = values == NONE
    return [None if gone else word + suffix for word, gone in zip(words, absent.tolist(), strict=True)]
