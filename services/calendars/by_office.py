"""The calendars of all offices, from the store: what the mart's ``dim_calendar`` holds, without building it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from services.calendars.offices import OfficeHours, calendar_of
from services.domain.business_time import Calendar
from services.store.tables import CompanyHoliday, Office

DEFAULT_CALENDAR_ID = 0
"""Of requisitions without an office: Monday to Friday, 9 to 17 UTC, no days off."""


def calendars(connection: Connection) -> dict[int, Calendar]:
    """By calendar id, which is the office's id."""
    everywhere: dict[date, str] = {}
    own: dict[int, dict[date, str]] = {}
    days = select(CompanyHoliday.office_id, CompanyHoliday.on, CompanyHoliday.name).order_by(CompanyHoliday.id)
    for office_id, on, name in connection.execute(days):
        (everywhere if office_id is None else own.setdefault(office_id, {}))[on] = name
    found = {DEFAULT_CALENDAR_ID: calendar_of(OfficeHours())}
    for row in connection.execute(select(Office.__table__).order_by(Office.id)):
        company_days = tuple(sorted({**everywhere, **own.get(row.id, {})}.items()))
        hours = (row.country, row.subdivision, row.timezone, row.work_start, row.work_end, row.friday_end)
        found[row.id] = calendar_of(OfficeHours(*hours, company_days))
    return found
