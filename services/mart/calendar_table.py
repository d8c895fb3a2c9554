"""The business axis of every office as rows of ``dim_calendar``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import duckdb
import pyarrow as pa

from services.calendars.offices import OfficeHours, calendar_of

DEFAULT_CALENDAR_ID = 0
MICROSECONDS = 1_000_000


class _Office(NamedTuple):
    calendar_id: int
    hours: OfficeHours


def write_calendars(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill ``dim_calendar`` from the staged offices and company holidays."""
    for office in _offices(connection):
        connection.register("calendar_rows", _days(office.hours))
        connection.execute(
            "INSERT INTO dim_calendar BY NAME SELECT CAST(? AS INTEGER) AS calendar_id, * FROM calendar_rows",
            [office.calendar_id],
        )
        connection.unregister("calendar_rows")


def _offices(connection: duckdb.DuckDBPyConnection) -> Iterator[_Office]:
    yield _Office(DEFAULT_CALENDAR_ID, OfficeHours())
    everywhere, by_office = _company_days(connection)
    columns = "id, country, subdivision, timezone, work_start, work_end, friday_end"
    for row in connection.execute(f"SELECT {columns} FROM s_office ORDER BY id").fetchall():  # noqa: S608 - constant
        office_id, country, subdivision, timezone, start, end, friday_end = row
        days = tuple(sorted({**everywhere, **by_office.get(office_id, {})}.items()))
        yield _Office(office_id, OfficeHours(country, subdivision, timezone, start, end, friday_end, days))


def _company_days(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[dict[date, str], dict[int, dict[date, str]]]:
    everywhere: dict[date, str] = {}
    by_office: dict[int, dict[date, str]] = {}
    for office_id, on, name in connection.execute(
        'SELECT office_id, "on", name FROM s_company_holiday ORDER BY id'
    ).fetchall():
        days = everywhere if office_id is None else by_office.setdefault(office_id, {})
        days[on] = name
    return everywhere, by_office


@lru_cache(maxsize=64)
def _days(hours: OfficeHours) -> pa.Table:
    days = calendar_of(hours).working_days
    at = pa.timestamp("us")
    return pa.table(
        {
            "local_on": pa.array([day.on for day in days], pa.date32()),
            "opens_at": pa.array([day.opens * MICROSECONDS for day in days], at),
            "closes_at": pa.array([day.closes * MICROSECONDS for day in days], at),
            "business_seconds": pa.array([day.seconds_before for day in days], pa.int64()),
            "business_days": pa.array([float(day.days_before) for day in days], pa.float64()),
        }
    )
