"""Whose working hours a ladder waits in: those of the rule's office, else of the first one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select

from services.calendars.offices import OfficeHours, calendar_of
from services.domain.business_time import Calendar
from services.domain.intervals import instant_of, seconds_of
from services.store.tables import CompanyHoliday, Office

HOUR_S = 3600


def calendar_for(connection: Connection, office_id: int | None) -> Calendar:
    """The calendar of an office with the company's days off; Monday to Friday, 9 to 17 UTC without any office."""
    query = select(Office.__table__).order_by(Office.id).limit(1)
    row = connection.execute(query if office_id is None else query.where(Office.id == office_id)).first()
    days = select(CompanyHoliday.on, CompanyHoliday.name).order_by(CompanyHoliday.id)
    here = CompanyHoliday.office_id.is_(None)
    days = days.where(here if row is None else or_(here, CompanyHoliday.office_id == row.id))
    company_days = tuple(sorted({day.on: day.name for day in connection.execute(days)}.items()))
    if row is None:
        return calendar_of(OfficeHours(company_days_off=company_days))
    return calendar_of(
        OfficeHours(
            row.country,
            row.subdivision,
            row.timezone,
            row.work_start,
            row.work_end,
            row.friday_end,
            company_days,
        )
    )


def next_step_at(calendar: Calendar, since: datetime, step_hours: int) -> datetime:
    """When a step that began at ``since`` has waited its business hours."""
    return instant_of(calendar.later(seconds_of(since), step_hours * HOUR_S))


def is_due(calendar: Calendar, since: datetime, step_hours: int, now: datetime) -> bool:
    """Whether the hours have passed and somebody is at work: a server that was away does not catch up at night."""
    at = seconds_of(now)
    return calendar.is_working(at) and next_step_at(calendar, since, step_hours) <= now
