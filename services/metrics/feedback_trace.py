"""The clock of one feedback: working time of the interviewer's office from the interview's end, leave taken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.clock_traces import TracedClock, merged, step
from services.domain.intervals import Interval, clip, seconds_of, subtract
from services.domain.metric import Unit
from services.domain.people import ColumnClass
from services.mart.schema import dim_calendar, dim_office, dim_person, dim_requisition, fact_feedback, person_leave
from services.metrics.agreed_places import agreed_offices
from services.metrics.requisition_trace import (
    Asked,
    DayNames,
    Made,
    as_id,
    at,
    instant,
    reach,
    requisition_title,
    stops_of,
)
from services.metrics.scope import within

ONE_DAY = timedelta(days=1)
MINUTES_PER_HOUR = 60
HALF_A_MINUTE = 30
_NO_OFFICE = 0


class _Feedback(NamedTuple):
    feedback_id: int
    requisition_id: int
    interviewer_id: int | None
    calendar_id: int
    due_from_at: datetime
    submitted_at: datetime | None


class _Office(NamedTuple):
    """Hours by local day, leave as runs of local days."""

    calendar_id: int
    zone: ZoneInfo
    hours: dict[date, Interval]
    leave: Sequence[tuple[date, date]]
    names: DayNames

    def is_away(self, on: date) -> bool:
        return any(first <= on <= last for first, last in self.leave)


def trace_feedback(asked: Asked) -> Made | None:
    """``asked.key``: the number of a feedback owed for a held interview."""
    found = _find(asked)
    if found is None:
        return None
    role = dim_requisition.c
    query = sa.select(role.code, role.title).where(role.requisition_id == found.requisition_id)
    code, name = asked.reader.execute(query)[0]
    title = f"Feedback {found.feedback_id} for {requisition_title(code, name, found.requisition_id)}"
    if found.due_from_at > asked.as_of:
        return found.feedback_id, title, (), ("The interview had not ended by then.",)
    clock = _clock(asked, found)
    held = [
        stop.reason
        for stop in stops_of(asked.reader, found.requisition_id)
        if clip([stop.interval], instant(found.due_from_at), instant(_end(found, asked.as_of)))
    ]
    remarks = tuple(f"Meanwhile: {why}. It does not stop this clock." for why in dict.fromkeys(held))
    return found.feedback_id, title, (clock,), remarks


def _find(asked: Asked) -> _Feedback | None:
    number, viewer = as_id(asked.key), asked.viewer
    if number is None:
        return None
    fact = fact_feedback.c
    columns = [fact[name] for name in _Feedback._fields]
    rows = asked.reader.execute(sa.select(*columns).where(fact.feedback_id == number))
    if not rows:
        return None
    found = _Feedback(*rows[0])
    is_own = viewer.person_id is not None and found.interviewer_id == viewer.person_id
    limit = within(viewer.scope, fact_feedback)
    limits = reach(asked, fact_feedback, needs=ColumnClass.PERSON)
    if is_own:
        limits = [] if limit is None else [limit]
    if limits is None:
        return None
    if viewer.scope.agreed.is_anywhere and not is_own:
        elsewhere = sa.select(dim_person.c.person_id).where(
            dim_person.c.calendar_id.in_(agreed_offices(viewer.scope.agreed))
        )
        limits.append(sa.func.coalesce(fact.interviewer_id, 0).not_in(elsewhere))
    seen = asked.reader.execute(sa.select(fact.feedback_id).where(fact.feedback_id == number, *limits))
    return found if seen else None


def _end(found: _Feedback, as_of: datetime) -> datetime:
    is_in = found.submitted_at is not None and found.submitted_at <= as_of
    return found.submitted_at if is_in and found.submitted_at is not None else as_of


def _clock(asked: Asked, found: _Feedback) -> TracedClock:
    end = _end(found, asked.as_of)
    is_in = end == found.submitted_at
    whole = Interval(instant(found.due_from_at), instant(end))
    office = _office(asked, found, whole)
    judged = [part for day in _days(whole, office.zone) for part in _of_day(day, whole, office)]
    steps = tuple(step(part, office.zone, why, counted=counted) for part, counted, why in merged(judged))
    counted = sum(one.seconds for one in steps if one.counted)
    minutes = (counted + HALF_A_MINUTE) // MINUTES_PER_HOUR
    remarks = ("submitted before the interview's end: counts as 0",) if whole.end < whole.start else ()
    return TracedClock(
        "feedback_turnaround",
        "feedback",
        "submitted" if is_in else "missing",
        office.zone.key,
        steps,
        minutes / MINUTES_PER_HOUR,
        Unit.BUSINESS_HOURS,
        remarks,
    )


def _office(asked: Asked, found: _Feedback, whole: Interval) -> _Office:
    days, office, leave = dim_calendar.c, dim_office.c, person_leave.c
    first, last = at(whole.start) - 2 * ONE_DAY, at(max(whole.end, whole.start)) + 2 * ONE_DAY
    hours = asked.reader.execute(
        sa.select(days.local_on, days.opens_at, days.closes_at).where(
            days.calendar_id == found.calendar_id, days.local_on.between(first.date(), last.date())
        )
    )
    zones = asked.reader.execute(sa.select(office.timezone).where(office.office_id == found.calendar_id))
    away: list[tuple[Any, ...]] = []
    if found.interviewer_id is not None:
        away = asked.reader.execute(
            sa.select(leave.start_on, leave.end_on).where(leave.person_id == found.interviewer_id)
        )
    return _Office(
        found.calendar_id,
        _zone(zones[0][0] if zones else None),
        {_day(on): Interval(instant(opens), instant(closes)) for on, opens, closes in hours},
        [(_day(start), _day(end)) for start, end in away],
        asked.names,
    )


def _zone(name: str | None) -> ZoneInfo:
    """As the calendars are made: an unknown zone is read as UTC."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _days(whole: Interval, zone: ZoneInfo) -> Iterator[date]:
    on = at(whole.start).replace(tzinfo=UTC).astimezone(zone).date()
    while _midnight(on, zone) < whole.end:
        yield on
        on += ONE_DAY


def _midnight(on: date, zone: ZoneInfo) -> int:
    return seconds_of(datetime.combine(on, time(), zone))


def _of_day(on: date, whole: Interval, office: _Office) -> list[tuple[Interval, bool, str]]:
    """The clock's part of one local day, in order."""
    day = clip([Interval(_midnight(on, office.zone), _midnight(on + ONE_DAY, office.zone))], *whole)
    hours = office.hours.get(on)
    if hours is None:
        return [(part, False, office.names.reason_off(office.calendar_id, on)) for part in day]
    inside = [part for piece in day for part in clip([hours], *piece)]
    if office.is_away(on):
        found = [(part, False, "interviewer on leave") for part in inside]
    else:
        found = [(part, True, "working time") for part in inside]
    found += [(part, False, "outside working hours") for part in subtract(day, [hours])]
    return sorted(found)
