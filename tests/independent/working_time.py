"""Working minutes between two instants, day by day on the wall clock: for the independent recomputation."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import holidays
import pandas as pd

from tests.independent.company import Company

YEARS = range(2023, 2028)


class WorkingTime:
    def __init__(self, company: Company) -> None:
        self.offices = company.table("office").set_index("id")
        self.company_days = [
            (row.office_id, pd.Timestamp(row.on).date()) for row in company.table("company_holiday").itertuples()
        ]
        self.leave: dict[int, list[tuple[date, date]]] = {}
        for row in company.table("person_leave").itertuples():
            span = (pd.Timestamp(row.start_on).date(), pd.Timestamp(row.end_on).date())
            self.leave.setdefault(row.person_id, []).append(span)

    @cached_property
    def days_off(self) -> dict[int, set[date]]:
        found = {}
        for key, office in self.offices.iterrows():
            subdivision = office["subdivision"] if pd.notna(office["subdivision"]) else None
            public = holidays.country_holidays(office["country"], subdiv=subdivision, years=YEARS)
            own = {day for office_id, day in self.company_days if pd.isna(office_id) or int(office_id) == key}
            found[key] = set(public) | own
        return found

    def minutes(self, office_id: int, person_id: int, start: pd.Timestamp, end: pd.Timestamp) -> int:
        """Working seconds within [start, end), the person's leave left out, as minutes half up; 0 when backwards."""
        office = self.offices.loc[office_id]
        zone, seconds = ZoneInfo(office["timezone"]), 0.0
        day, last = start.tz_convert(zone).date(), end.tz_convert(zone).date()
        while day <= last:
            if self._works(office_id, person_id, day):
                closes = (
                    office["friday_end"]
                    if day.weekday() == 4 and pd.notna(office["friday_end"])
                    else office["work_end"]
                )
                opened, closed = (_at(day, text, zone) for text in (office["work_start"], closes))
                seconds += max(0.0, (min(end, closed) - max(start, opened)).total_seconds())
            day += timedelta(days=1)
        return int((seconds + 30) // 60)

    def _works(self, office_id: int, person_id: int, day: date) -> bool:
        is_away = any(first <= day <= last for first, last in self.leave.get(person_id, []))
        return day.weekday() < 5 and day not in self.days_off[office_id] and not is_away


def _at(day: date, text: str, zone: ZoneInfo) -> pd.Timestamp:
    return pd.Timestamp(datetime.combine(day, time.fromisoformat(text), zone))
