"""Local time in DuckDB as Python's time zone database has it.

DuckDB converts with the zone rules it was compiled with; governments change theirs more often. Where the two differ
for a zone of an office, or DuckDB does not know it, ``t_zone`` carries the offsets themselves; elsewhere they are NULL
and DuckDB converts, which is many times faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import pyarrow as pa

from services.domain.business_time import FIRST_YEAR, LAST_YEAR

DAY_S = 86_400
MICROSECONDS = 1_000_000


class Shift(NamedTuple):
    """From ``start`` (seconds since 1970 UTC) on, local time is UTC plus ``offset`` seconds."""

    start: int
    offset: int


def write_zones(duck: duckdb.DuckDBPyConnection) -> None:
    """Make ``t_zone``: the known zones of the staged offices, with offsets where DuckDB cannot be trusted with them."""
    duck.execute("CREATE TEMP TABLE t_zone (name VARCHAR, shifts STRUCT(f BIGINT, o BIGINT)[])")
    for (name,) in duck.execute("SELECT DISTINCT timezone FROM s_office ORDER BY timezone").fetchall():
        shifts = shifts_of(name)
        if shifts is not None:
            own = None if _agrees(duck, name, shifts) else [{"f": start, "o": offset} for start, offset in shifts]
            duck.execute("INSERT INTO t_zone VALUES (?, ?)", [name, own])


@lru_cache(maxsize=128)
def shifts_of(name: str) -> tuple[Shift, ...] | None:
    """Every change of a zone's offset in the calendar's years, oldest first; None for an unknown zone."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    first = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
    shifts = [Shift(-(10**11), _offset(zone, first))]
    for day in range(first, end, DAY_S):
        after = _offset(zone, day + DAY_S)
        if after != shifts[-1].offset:
            shifts.append(Shift(_moment_of_change(zone, day, day + DAY_S), after))
    return tuple(shifts)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def _moment_of_change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second with the offset that holds at ``after``."""
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _agrees(duck: duckdb.DuckDBPyConnection, name: str, shifts: tuple[Shift, ...]) -> bool:
    """Whether DuckDB has the same offset on every day and around every change."""
    if duck.execute("SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [name]).fetchall() == [(0,)]:
        return False
    probes = list(_probes(shifts))
    instants = pa.array([at * MICROSECONDS for at, _ in probes], pa.timestamp("us"))
    duck.register("probes", pa.table({"t": instants, "o": pa.array([offset for _, offset in probes], pa.int64())}))
    local = "timezone(?, timezone('UTC', t))"
    different = duck.execute(f"SELECT count(*) FROM probes WHERE date_diff('second', t, {local}) <> o", [name])  # noqa: S608 - constant
    answer = different.fetchall()
    duck.unregister("probes")
    return answer == [(0,)]


def _probes(shifts: tuple[Shift, ...]) -> Iterator[tuple[int, int]]:
    first = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp())
    following = [*(shift.start for shift in shifts[1:]), end]
    for (start, offset), until in zip(shifts, following, strict=True):
        for at in range(max(start, first), until, DAY_S):
            yield at, offset
        yield until - 1, offset
