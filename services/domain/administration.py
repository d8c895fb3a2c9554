"""View models of the administration pages: people and access, calendars, works agreements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Choice:
    """An option of a form: ``value`` is sent, ``label`` shown."""

    value: str
    label: str


@dataclass(frozen=True)
class PersonWithAccess:
    """``roles`` in words, with what each is limited to. ``seen_at`` None = no open session."""

    user_id: int
    name: str
    email: str
    roles: tuple[str, ...]
    is_active: bool
    is_demo: bool
    tokens: int
    seen_at: datetime | None
    is_self: bool


@dataclass(frozen=True)
class PeopleView:
    people: tuple[PersonWithAccess, ...]
    total: int
    active: int
    search: str
    page: int
    pages: int
    roles: tuple[Choice, ...]
    departments: tuple[Choice, ...]
    regions: tuple[Choice, ...]


@dataclass(frozen=True)
class CompanyDay:
    """A day off beyond public holidays. ``office`` empty = everywhere."""

    id: int
    on: date
    name: str
    office: str


@dataclass(frozen=True)
class OfficeCalendar:
    """``next_days``: the next public and company holidays, with their names."""

    name: str
    place: str
    timezone: str
    hours: str
    next_days: tuple[tuple[date, str], ...]


@dataclass(frozen=True)
class CalendarsView:
    offices: tuple[OfficeCalendar, ...]
    days: tuple[CompanyDay, ...]
    choices: tuple[Choice, ...]
    """Offices a day can be given to."""


@dataclass(frozen=True)
class AgreementInWords:
    place: str
    is_in_force: bool
    version: int
    purpose: str
    keep_person_days: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True)
class AgreementsView:
    """``log``: the newest events of the audit log, who did what and when. ``can_change`` shows the form."""

    agreements: tuple[AgreementInWords, ...]
    log: tuple[tuple[datetime, str, str, str], ...]
    can_change: bool
