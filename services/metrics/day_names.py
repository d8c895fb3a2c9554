"""Names of days off, from the offices as the store has them now; what counts comes from the snapshot alone."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import sqlalchemy as sa

from services.calendars.offices import OfficeHours, calendar_of
from services.domain.business_time import Calendar
from services.store.database import Store
from services.store.tables import CompanyHoliday, Office

DAY_OFF = "day off"


class StoreDayNames:
    """Implements ``services.metrics.clock_traces.DayNames`` on the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._calendar = lru_cache(maxsize=32)(self._read)

    def reason_off(self, calendar_id: int, on: date, /) -> str:
        """The words for a plain day off where the office has changed since and works on that day now."""
        calendar = self._calendar(calendar_id)
        return calendar.reason_off(on) or DAY_OFF

    def _read(self, calendar_id: int) -> Calendar:
        with self._store.read() as connection:
            office = connection.execute(sa.select(Office.__table__).where(Office.id == calendar_id)).one_or_none()
            days = connection.execute(
                sa.select(CompanyHoliday.on, CompanyHoliday.name)
                .where(sa.or_(CompanyHoliday.office_id.is_(None), CompanyHoliday.office_id == calendar_id))
                .order_by(CompanyHoliday.office_id.is_not(None), CompanyHoliday.id)
            ).all()
        if office is None:
            return calendar_of(OfficeHours())
        company = tuple(sorted({row.on: row.name for row in days}.items()))
        return calendar_of(
            OfficeHours(
                office.country, office.subdivision, office.timezone, office.work_start, office.work_end,
                office.friday_end, company,
            )
        )  # fmt: skip
