"""Rows that depend on no viewer and no filter, kept in memory beside an opened snapshot.

Many questions of a page share their dearest step: which seats were at risk in which month, how old each open
requisition was at each cut. It depends only on the snapshot, on as-of and on the windows. Asked for a second time, such
a set is worked out once for everybody and kept as a table in the reader's own memory; scope and filters limit it in the
statement that reads it, exactly as they limit a fact.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeAlias

import duckdb
import sqlalchemy as sa
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql.type_api import TypeEngine

from services.mart.compiler import compile_select

log = logging.getLogger(__name__)

BUDGET_BYTES = 160 * 2**20
"""Part of the reader's memory limit, not on top of it."""
_BYTES: tuple[tuple[type[TypeEngine[Any]], int], ...] = (
    (sa.BigInteger, 8),
    (sa.SmallInteger, 2),
    (sa.Integer, 4),
    (sa.Boolean, 1),
    (sa.Date, 4),
    (sa.String, 16),
)
IN_USE_S = 60.0
"""A table used less than this ago may still be part of a running question, and stays."""
REMEMBERED = 500
MEMORY = quoted_name("memory.main", quote=False)

Run: TypeAlias = Callable[[str, list[Any]], list[tuple[Any, ...]]]


@dataclass
class _Kept:
    table: sa.TableClause
    size: int
    used_at: float


class PreparedRows:
    """The kept tables of one opened snapshot. Safe for threads."""

    def __init__(
        self, run: Run, *, budget_bytes: int = BUDGET_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._run = run
        self._budget = budget_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._kept: dict[Hashable, _Kept] = {}
        self._asked: OrderedDict[Hashable, None] = OrderedDict()
        self._made = 0

    def table(self, key: Hashable, build: Callable[[], sa.Select[Any]], *, now: bool = False) -> sa.TableClause | None:
        """The rows of ``build()`` as a table; None = not kept (first use unless ``now``, or no room): ask without it.

        ``key`` must name everything the rows depend on within the snapshot.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                kept.used_at = self._clock()
                return kept.table
            if not self._is_asked_again(key) and not now:
                return None
        # somebody else is at it: rather work the long way than wait
        if not self._building.acquire(blocking=False):
            return None
        try:
            return self._make(key, build())
        finally:
            self._building.release()

    def _is_asked_again(self, key: Hashable) -> bool:
        is_known = key in self._asked
        self._asked[key] = None
        self._asked.move_to_end(key)
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)
        return is_known

    def _make(self, key: Hashable, statement: sa.Select[Any]) -> sa.TableClause | None:
        columns = [sa.column(column.key or "", column.type) for column in statement.selected_columns]
        self._made += 1
        name = f"prepared_{self._made}"
        sql, values = compile_select(statement)
        try:
            rows = self._run(f"CREATE TABLE {MEMORY}.{name} AS {sql}", values)[0][0]
        except duckdb.OutOfMemoryException:
            log.warning("No memory left to keep prepared rows; questions take longer.")
            return None
        size = int(rows) * sum(_bytes_of(column) for column in columns)
        with self._lock:
            if not self._has_room(size):
                self._run(f"DROP TABLE {MEMORY}.{name}", [])
                self._asked.pop(key, None)
                return None
            self._kept[key] = _Kept(sa.table(name, *columns, schema=MEMORY), size, self._clock())
            return self._kept[key].table

    def _has_room(self, size: int) -> bool:
        """Lets go of what was used longest ago until ``size`` fits."""
        idle_since = self._clock() - IN_USE_S
        for key, kept in sorted(self._kept.items(), key=lambda item: item[1].used_at):
            if sum(other.size for other in self._kept.values()) + size <= self._budget:
                return True
            if kept.used_at < idle_since:
                self._run(f"DROP TABLE {MEMORY}.{kept.table.name}", [])
                del self._kept[key]
        return sum(other.size for other in self._kept.values()) + size <= self._budget


def _bytes_of(column: sa.ColumnElement[Any]) -> int:
    """As the engine keeps a value in memory, uncompressed."""
    return next((size for kind, size in _BYTES if isinstance(column.type, kind)), 8)
