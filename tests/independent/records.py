"""How well records are kept and what people carry, once more in plain pandas and Python."""

from __future__ import annotations

from collections import Counter
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from tests.independent.company import Company
from tests.independent.recomputed import Recomputed, Span
from tests.independent.working_time import WorkingTime

REQUIRED = {
    "source": ("source_id", "applied"),
    "department": ("department_id", "applied"),
    "job_family": ("job_family_id", "applied"),
    "office": ("office_id", "applied"),
    "recruiter": ("recruiter_id", "screen"),
    "seniority": ("job_level_id", "interview"),
    "hiring_manager": ("hiring_manager_id", "interview"),
}
LIMITS = {"applied": 5, "screen": 5, "assessment": 7, "interview": 7, "offer": 5}
URGENCY = {"critical": 1.5, "high": 1.25, "low": 0.75}


class Records:
    def __init__(self, company: Company) -> None:
        self.company = company
        self.recomputed = Recomputed(company)
        self.working = WorkingTime(company)

    def undecided(self) -> list[int]:
        hired = set(self.recomputed.accepted(Span(date(1990, 1, 1), date(2190, 1, 1))).index)
        at = self.company.as_of
        found = []
        for key, row in self.company.application.items():
            is_over = pd.notna(row["ended_at"]) and row["ended_at"] <= at
            if row["applied_at"] <= at and not is_over and key not in hired:
                found.append(key)
        return found

    def open_requisitions(self) -> set[int]:
        at = self.company.as_of
        rows = self.company.statuses
        rows = rows[(rows["status"] == "open") & (rows["from_at"] <= at)]
        rows = rows[rows["to_at"].isna() | (rows["to_at"] > at)]
        return {key for key in rows["requisition_id"] if not self.company.is_stopped(key, at)}

    def fields(self) -> tuple[Counter[str], Counter[str]]:
        """(required, missing) by field."""
        required, missing = Counter[str](), Counter[str]()
        reached = self.recomputed.reached()
        owners = self.owners()
        grace = self.company.as_of - pd.Timedelta(hours=24)
        for key in self.undecided():
            application = self.company.application[key]
            requisition = self.company.requisition[application["requisition_id"]]
            for name, (column, stage) in REQUIRED.items():
                since = reached.loc[key, stage]
                if pd.isna(since) or since > grace:
                    continue
                required[name] += 1
                if name == "source":
                    value = application["source_id"]
                elif name == "recruiter":
                    value = owners.get(key)
                else:
                    value = requisition[column]
                missing[name] += pd.isna(value)
        return required, missing

    def owners(self) -> dict[int, Any]:
        """Recruiter of each application: named there, else the owner when it came, else the requisition's."""
        history: dict[int, list[Any]] = {}
        owned = self.company.table("requisition_owner")
        for row in owned[owned["part"] == "recruiter"].sort_values(["from_at", "id"]).itertuples():
            history.setdefault(row.requisition_id, []).append(row)
        found = {}
        for key, application in self.company.application.items():
            named = application["recruiter_id"]
            if pd.isna(named):
                came = application["applied_at"]
                before = [row for row in history.get(application["requisition_id"], []) if row.from_at <= came]
                latest = [row for row in before if row.from_at == before[-1].from_at][:1] if before else []
                holds = latest and (pd.isna(latest[0].to_at) or came < latest[0].to_at)
                named = latest[0].person_id if holds else float("nan")
            if pd.isna(named):
                named = self.company.requisition[application["requisition_id"]]["recruiter_id"]
            found[key] = named
        return found

    def conflicts(self) -> int:
        channels = dict(self.company.table("source").set_index("id")["channel"])
        claims: dict[int, set[int]] = {}
        for key in self.undecided():
            row = self.company.application[key]
            if pd.notna(row["source_id"]) and channels.get(int(row["source_id"])) in {"agency", "referral"}:
                claims.setdefault(int(row["candidate_id"]), set()).add(int(row["source_id"]))
        return sum(len(sources) > 1 for sources in claims.values())

    # --- silence ----------------------------------------------------------------------------------------------------

    def silent(self) -> tuple[int, int]:
        """(stale, in a stage)."""
        at, running = self.company.as_of, self.open_requisitions()
        undecided = set(self.undecided())
        activity = self._activity()
        stale = standing = 0
        for visit in self.company.visits.itertuples():
            if visit.application_id not in undecided or visit.requisition_id not in running or visit.entered_at > at:
                continue
            if pd.notna(visit.exited_at) and visit.exited_at <= at:
                continue
            standing += 1
            since = max([visit.entered_at, *activity.get(visit.application_id, [])])
            days = self.business_days(visit.requisition_id, max(since, at - pd.Timedelta(days=400)), at)
            stale += visit.stage in LIMITS and round(days, 4) > LIMITS[visit.stage]
        return stale, standing

    def _activity(self) -> dict[int, list[pd.Timestamp]]:
        interviews = self.company.table("interview").set_index("id")
        feedback = self.company.table("feedback")
        feedback = feedback[~feedback["is_shadow"].astype(bool)].copy()
        held = interviews[(interviews["status"] == "held") & interviews["ends_at"].notna()]
        feedback = feedback[feedback["interview_id"].isin(held.index)]
        feedback["application_id"] = interviews["application_id"].reindex(feedback["interview_id"]).to_numpy()
        moments = [
            (interviews, "scheduled_at"),
            (interviews, "ends_at"),
            (feedback, "submitted_at"),
            (self.company.offers, "extended_at"),
            (self.company.offers, "answered_at"),
        ]
        found: dict[int, list[pd.Timestamp]] = {}
        for frame, column in moments:
            for application_id, moment in zip(frame["application_id"], frame[column], strict=True):
                if pd.notna(moment) and moment <= self.company.as_of:
                    found.setdefault(int(application_id), []).append(moment)
        return found

    def business_days(self, requisition_id: int, start: pd.Timestamp, end: pd.Timestamp) -> float:
        """Working days of the requisition's office, each as its share, stops left out."""
        office_id = int(self.company.requisition[requisition_id]["office_id"])
        office = self.working.offices.loc[office_id]
        zone = ZoneInfo(office["timezone"])
        stops = self.company.stops.get(requisition_id, [])
        total = 0.0
        day, last = start.tz_convert(zone).date(), end.tz_convert(zone).date()
        while day <= last:
            if day.weekday() < 5 and day not in self.working.days_off[office_id]:
                closes = office["work_end"]
                if day.weekday() == 4 and pd.notna(office["friday_end"]):
                    closes = office["friday_end"]
                opened, closed = (
                    pd.Timestamp.combine(day, time.fromisoformat(text)).tz_localize(zone)
                    for text in (office["work_start"], closes)
                )
                began, ended = max(start, opened), min(end, closed)
                worked = max(0.0, (ended - began).total_seconds())
                for from_at, to_at in stops:
                    worked -= max(0.0, (min(to_at, ended) - max(from_at, began)).total_seconds())
                total += worked / (closed - opened).total_seconds()
            day += timedelta(days=1)
        return total

    # --- loads ------------------------------------------------------------------------------------------------------

    def interviewer_weeks(self, span: Span) -> dict[tuple[int, date], tuple[float, float]]:
        """(hours, hours of the cap) by person and Monday."""
        interviews = self.company.table("interview").set_index("id")
        hours: dict[tuple[int, date], float] = {}
        for row in self.company.table("feedback").itertuples():
            interview = interviews.loc[row.interview_id]
            application = self.company.application.get(interview["application_id"])
            if row.is_shadow or interview["status"] != "held" or pd.isna(row.interviewer_id) or application is None:
                continue
            day = self.company.local_date(interview["ends_at"], application["zone"])
            if not span.holds(day) or interview["ends_at"] > self.company.as_of or pd.isna(interview["starts_at"]):
                continue
            key = (int(row.interviewer_id), day - timedelta(days=day.weekday()))
            hours[key] = hours.get(key, 0.0) + (interview["ends_at"] - interview["starts_at"]).total_seconds() / 3600
        return {key: (load, 6 * self.days_present(*key) / 5) for key, load in hours.items()}

    def days_present(self, person_id: int, monday: date) -> int:
        people = self.company.table("person").set_index("id")
        office_id = people.loc[person_id, "office_id"]
        if pd.isna(office_id):
            return 5
        week = [monday + timedelta(days=number) for number in range(7)]
        return sum(self.working._works(int(office_id), person_id, day) for day in week)

    def recruiter_seats(self) -> dict[int, float]:
        """Weighted open seats by recruiter."""
        owner = {key: row["recruiter_id"] for key, row in self.company.requisition.items()}
        seats = self.recomputed.open_seats(lambda row: row.name)[2]
        reached = self.recomputed.reached()["interview"]
        stages: dict[int, list[bool]] = {}
        at = self.company.as_of
        for key, row in self.company.application.items():
            if row["applied_at"] <= at and not (pd.notna(row["ended_at"]) and row["ended_at"] <= at):
                stages.setdefault(row["requisition_id"], []).append(pd.notna(reached[key]))
        found: dict[int, float] = {}
        for requisition_id, count in seats.items():
            recruiter = owner[requisition_id]
            if pd.isna(recruiter) or not count:
                continue
            late = stages.get(requisition_id, [False])
            weight = URGENCY.get(self.company.requisition[requisition_id]["urgency"], 1.0)
            load = count * weight * (1 + 0.5 * sum(late) / len(late))
            found[int(recruiter)] = found.get(int(recruiter), 0.0) + load
        return found
