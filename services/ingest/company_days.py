"""Company days off beyond public holidays, and the calendars of the offices as the clocks use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import sqlalchemy as sa

from services.audit.log import AuditLog
from services.calendars.by_office import calendars
from services.domain.administration import CalendarsView, Choice, CompanyDay, OfficeCalendar
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.ingest.changes import write_changes
from services.store.database import Store
from services.store.tables import CompanyHoliday, Office

LONGEST_NAME = 80
FIRST, LAST = date(2000, 1, 1), date(2100, 12, 31)
_SHOWN_AHEAD = 5


class CompanyDays:
    """A day changes every clock in working time: the next snapshot is built anew."""

    def __init__(
        self, store: Store, audit: AuditLog, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def view(self) -> CalendarsView:
        """Offices by name with their hours and next days off; company days from today on, then past ones."""
        today = self._clock().date()
        day = CompanyHoliday
        query = (
            sa.select(day.id, day.on, day.name, Office.name)
            .outerjoin(Office, Office.id == day.office_id)
            .order_by(day.on < today, day.on, day.id)
        )
        with self._store.read() as connection:
            days = [CompanyDay(id_, on, name, office or "") for id_, on, name, office in connection.execute(query)]
            offices = connection.execute(sa.select(Office.__table__).order_by(Office.name)).all()
            known = calendars(connection)
        own = [
            OfficeCalendar(
                office.name,
                ", ".join(part for part in (office.city, office.country, office.subdivision, office.region) if part),
                office.timezone,
                _hours(office.work_start, office.work_end, office.friday_end),
                tuple(sorted(off for off in known[office.id].days_off.items() if off[0] >= today)[:_SHOWN_AHEAD]),
            )
            for office in offices
        ]
        choices = (Choice("", "Every office"), *(Choice(str(office.id), office.name) for office in offices))
        return CalendarsView(tuple(own), tuple(days), choices)

    def add(self, actor: str, on: str, name: str, office: str) -> None:
        """``office`` is an id as text, empty = everywhere. Raises InvalidInputError, NotFoundError, ConflictError."""
        day, label = _checked(on, name)
        with self._store.write() as connection:
            office_id = None
            if office:
                known = {str(number): number for number in connection.scalars(sa.select(Office.id))}
                if office not in known:
                    raise NotFoundError("There is no such office any more. Reload the page and choose again.")
                office_id = known[office]
            same = CompanyHoliday.office_id.is_(None) if office_id is None else CompanyHoliday.office_id == office_id
            if connection.scalar(sa.select(CompanyHoliday.id).where(CompanyHoliday.on == day, same)) is not None:
                raise ConflictError(f"{day} is a day off there already.")
            connection.execute(sa.insert(CompanyHoliday).values(office_id=office_id, on=day, name=label))
            write_changes(connection, "reference", [None])
            detail = {"on": day.isoformat(), "name": label, "office": office_id}
            self._audit.append(connection, actor, "calendar.day_added", f"calendar:{day}", detail)

    def remove(self, actor: str, day_id: int) -> None:
        """Raises NotFoundError."""
        day = CompanyHoliday
        with self._store.write() as connection:
            found = connection.execute(sa.select(day.on, day.name, day.office_id).where(day.id == day_id)).first()
            if found is None:
                raise NotFoundError("There is no such day any more. It may have been removed already.")
            connection.execute(sa.delete(day).where(day.id == day_id))
            write_changes(connection, "reference", [None])
            detail = {"on": found.on.isoformat(), "name": found.name, "office": found.office_id}
            self._audit.append(connection, actor, "calendar.day_removed", f"calendar:{found.on}", detail)


def _checked(on: str, name: str) -> tuple[date, str]:
    try:
        day = date.fromisoformat(on)
    except ValueError:
        day = date.min
    if not FIRST <= day <= LAST:
        raise InvalidInputError(f"The day is a date like 2026-12-24, from {FIRST.year} to {LAST.year}.")
    label = name.strip()
    if not label or len(label) > LONGEST_NAME or not label.isprintable():
        raise InvalidInputError(f"The name takes 1 to {LONGEST_NAME} characters.")
    return day, label


def _hours(start: str, end: str, friday_end: str | None) -> str:
    friday = f", Friday to {friday_end}" if friday_end and friday_end != end else ""
    return f"{start} to {end}{friday}"
