"""Every metric of the golden list once more, in plain pandas and Python, straight from metrics.md.

Slow and obvious on purpose: one loop per definition, no SQL, no shared code with what it checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tests.independent.company import STAGES, Company
from tests.independent.working_time import WorkingTime

Group = Callable[[pd.Series], str | None]


@dataclass(frozen=True)
class Span:
    """First day, and the day after the last."""

    start: date
    end: date

    def holds(self, day: date | None) -> bool:
        return day is not None and self.start <= day < self.end


def tenths(seconds: float) -> int:
    return (round(seconds) + 4320) // 8640


# --- estimators -----------------------------------------------------------------------------------------------------


Subject = tuple[int | None, int, str]
"""(entry or None, stop, how it left; "" = censored)."""


def curves(subjects: list[Subject], guard: int = 1) -> Iterator[tuple[int, float, dict[str, float]]]:
    """(t, S(t), incidence by cause) at each exit, events before censorings, late entry, from and until ``guard``."""
    survival, incidence, began = 1.0, Counter[str](), False
    for t in sorted({stop for _, stop, _ in subjects}):
        at_risk = sum((entry is None or entry < t) and t <= stop for entry, stop, _ in subjects)
        if at_risk < guard:
            if began:
                return
            continue
        began = True
        exits = Counter(cause for _, stop, cause in subjects if stop == t and cause)
        for cause, count in exits.items():
            incidence[cause] += survival * count / at_risk
        survival *= (at_risk - exits.total()) / at_risk
        yield t, survival, dict(incidence)


def km_quantile(subjects: list[Subject], level: float, guard: int = 1) -> float | None:
    return next((t / 10 for t, survival, _ in curves(subjects, guard) if survival <= level + 1e-9), None)


def aj_at(subjects: list[Subject], cause: str, horizon_days: int, guard: int = 1) -> float | None:
    value = None
    for t, _, incidence in curves(subjects, guard):
        if t <= horizon_days * 10:
            value = incidence.get(cause, 0.0)
        elif value is None:
            value = 0.0
    return value


def plain_median(days: Iterable[int]) -> float | None:
    values = list(days)
    return float(np.quantile(values, 0.5)) / 10 if values else None


# --- the metrics ----------------------------------------------------------------------------------------------------


class Recomputed:
    """Answers by group: ``{group: value}``. ``group`` maps an application (or requisition) row to its group."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def by_department(self, row: pd.Series) -> str | None:
        return self.company.departments.get(row["department_id"])

    def _dated(self, at: pd.Series, span: Span) -> pd.Series:
        applications = self.company.applications.loc[at.index]
        days = [self.company.local_date(instant, zone) for instant, zone in zip(at, applications["zone"], strict=True)]
        keep = [span.holds(day) and instant <= self.company.as_of for day, instant in zip(days, at, strict=True)]
        return at[keep]

    def accepted(self, span: Span) -> pd.Series:
        chains = self.company.chains
        accepted = chains[(chains["answer"] == "accepted") & chains["undone_at"].isna()]
        return self._dated(accepted["answered_at"], span)

    def counts(self, at: pd.Series, group: Group) -> Counter[str | None]:
        return Counter(group(self.company.application[key]) for key in at.index)

    def applications(self, span: Span, group: Group) -> Counter[str | None]:
        return self.counts(self._dated(self.company.applications["applied_at"], span), group)

    def hires(self, span: Span, group: Group) -> Counter[str | None]:
        return self.counts(self.accepted(span), group)

    def offers_extended(self, span: Span, group: Group) -> Counter[str | None]:
        return self.counts(self._dated(self.company.chains["extended_at"], span), group)

    def starts(self, span: Span, group: Group) -> Counter[str | None]:
        hires = self.company.table("hire")
        hires = hires[hires["application_id"].isin(self.company.applications.index) & hires["started_on"].notna()]
        days = pd.to_datetime(hires.groupby("application_id")["started_on"].last()).dt.date
        known = [span.holds(day) and day <= self.company.as_of.date() for day in days]
        return self.counts(days[known], group)

    def interviews_held(self, span: Span, group: Group) -> Counter[str | None]:
        interviews = self.company.table("interview")
        held = interviews[interviews["status"] == "held"].dropna(subset=["ends_at"])
        held = held[held["application_id"].isin(self.company.applications.index)].set_index("application_id")
        return self.counts(self._dated(held["ends_at"], span), group)

    def days_to_interview(self, span: Span, group: Group) -> dict[str | None, float | None]:
        company = self.company
        found: dict[str | None, list[int]] = {}
        for row in company.table("interview").dropna(subset=["scheduled_at", "starts_at", "ends_at"]).itertuples():
            application = company.application.get(row.application_id)
            if application is None or row.status != "held" or row.ends_at > company.as_of:
                continue
            seconds = (row.starts_at - row.scheduled_at).total_seconds()
            if seconds >= 0 and span.holds(company.local_date(row.ends_at, application["zone"])):
                found.setdefault(group(application), []).append(tenths(seconds))
        return {name: plain_median(days) for name, days in found.items()}

    def time_to_hire(self, span: Span, group: Group) -> dict[str | None, float | None]:
        return self._median_since_application(self.accepted(span), group)

    def days_to_offer(self, span: Span, group: Group) -> dict[str | None, float | None]:
        return self._median_since_application(self._dated(self.company.chains["extended_at"], span), group)

    def _median_since_application(self, stop: pd.Series, group: Group) -> dict[str | None, float | None]:
        found: dict[str | None, list[int]] = {}
        for key, at in stop.items():
            application = self.company.application[key]
            seconds = (at - application["applied_at"]).total_seconds()
            if seconds >= 0:
                found.setdefault(group(application), []).append(tenths(seconds))
        return {name: plain_median(days) for name, days in found.items()}

    def offer_rates(self, span: Span, group: Group) -> dict[str | None, dict[str, float | None]]:
        extended = self._dated(self.company.chains["extended_at"], span)
        tally: dict[str | None, Counter[str]] = {}
        for key in extended.index:
            chain = self.company.chains.loc[key]
            counter = tally.setdefault(group(self.company.application[key]), Counter())
            counter[chain["answer"]] += 1
            if chain["answer"] == "accepted" and chain["undone_by"]:
                counter[f"undone by {chain['undone_by']}"] += 1
        return {name: _offer_rates(counter) for name, counter in tally.items()}

    def time_to_fill(self, span: Span, group: Group) -> dict[str | None, list[Subject]]:
        """Net life times of the seats at risk in the period; evergreen ones are out."""
        company = self.company
        undone = set(company.chains.index[company.chains["undone_at"].notna()])
        found: dict[str | None, list[Subject]] = {}
        for seat in company.table("opening").itertuples():
            requisition = company.requisition[seat.requisition_id]
            start, end = (company.midnight(day, requisition["zone"]) for day in (span.start, span.end))
            filled = pd.NaT if seat.application_id in undone else seat.filled_at
            cancelled = self._cancelled_at(seat, filled)
            cut = min(end, company.as_of)
            happened = [(at, name) for at, name in ((filled, "filled"), (cancelled, "cancelled")) if pd.notna(at)]
            happened = [(at, name) for at, name in happened if at < end and at <= company.as_of]
            stop, how = min(happened, default=(cut, ""))
            if seat.opened_at > cut or stop < start or self.is_evergreen(seat, cut):
                continue
            subject = self._subject(
                seat.requisition_id, seat.opened_at, start, stop, "filled" if how == "filled" else ""
            )
            left = bool(how)
            if subject is not None and (left or subject[0] is None or subject[0] < subject[1]):
                entry = min(subject[0], subject[1] - 1) if left and subject[0] is not None else subject[0]
                found.setdefault(group(requisition), []).append((entry, subject[1], subject[2]))
        return found

    def evergreen_seats(self, span: Span) -> int:
        """Those at risk in the period that are out of it because they were made for an offer."""
        company = self.company
        found = 0
        for seat in company.table("opening").itertuples():
            zone = company.requisition[seat.requisition_id]["zone"]
            start, end = (company.midnight(day, zone) for day in (span.start, span.end))
            cut = min(end, company.as_of)
            stop = seat.filled_at if pd.notna(seat.filled_at) else cut
            found += bool(seat.opened_at <= cut and stop >= start and self.is_evergreen(seat, cut))
        return found

    def is_evergreen(self, seat: Any, known_at: pd.Timestamp) -> bool:
        """Made less than 72 hours before the first offer to the person who took it (or after), as known then."""
        chains = self.company.chains
        if pd.isna(seat.filled_at) or seat.application_id not in chains.index:
            return False
        chain = chains.loc[seat.application_id]
        if pd.notna(chain["undone_at"]) or (chain["extended_at"] - seat.opened_at).total_seconds() >= 72 * 3600:
            return False
        return max(chain["extended_at"], seat.opened_at) <= known_at

    def _cancelled_at(self, seat: object, filled: pd.Timestamp) -> pd.Timestamp:
        """Closed without a fill is cancelled: the requisition's last status, when that is an end."""
        if pd.notna(filled):
            return pd.NaT
        if pd.notna(seat.cancelled_at):
            return seat.cancelled_at
        history = self.company.statuses[self.company.statuses["requisition_id"] == seat.requisition_id]
        if len(history) and history["status"].iloc[-1] in {"cancelled", "closed", "filled"}:
            ended = history["from_at"].iloc[-1]
            return ended if ended >= seat.opened_at else pd.NaT
        return pd.NaT

    def _subject(
        self, requisition_id: int, opened: pd.Timestamp, start: pd.Timestamp, stop: pd.Timestamp, cause: str
    ) -> Subject | None:
        net = self.company.net_seconds(requisition_id, opened, stop)
        entry = tenths(self.company.net_seconds(requisition_id, opened, start)) if opened < start else None
        return (entry, tenths(net), cause) if net >= 0 else None

    def time_in_stage(self, span: Span) -> dict[str, list[Subject]]:
        company, found = self.company, {}
        for visit in company.visits.itertuples():
            zone = company.requisition[visit.requisition_id]["zone"]
            start, end = (company.midnight(day, zone) for day in (span.start, span.end))
            cut = min(end, company.as_of)
            left = pd.notna(visit.exited_at) and visit.exited_at < end and visit.exited_at <= company.as_of
            stop = visit.exited_at if left else cut
            if visit.entered_at > cut or stop < start:
                continue
            entry, t, cause = self._subject(visit.requisition_id, visit.entered_at, start, stop, "left" if left else "")
            if left and entry is not None:
                entry = min(entry, t - 1)
            if left or entry is None or entry < t:
                found.setdefault(visit.stage, []).append((entry, t, cause))
        return found

    def reached(self) -> pd.DataFrame:
        """When each application reached each stage or a later one. An accepted or extended offer proves the stages."""
        company = self.company
        visits = company.visits
        frame = pd.DataFrame({"applied": company.applications["applied_at"]})
        accepted = company.chains[company.chains["answer"] == "accepted"]
        proof = company.chains["extended_at"].reindex(frame.index)
        for order, stage in enumerate(STAGES[1:-1], start=1):
            first = visits[visits["order"] >= order].groupby("application_id")["entered_at"].min()
            frame[stage] = first.reindex(frame.index).fillna(proof)
        frame["hired"] = accepted[accepted["undone_at"].isna()]["answered_at"].reindex(frame.index)
        return frame.where(frame <= company.as_of)

    def transition(
        self, span: Span, start: str, stop: str, group: Group, *, external: bool = False
    ) -> dict[str | None, list[Subject]]:
        company, reached = self.company, self._reached
        found: dict[str | None, list[Subject]] = {}
        for key in self._dated(reached[start].dropna(), span).index:
            application = company.application[key]
            if external and (application["is_internal"] or application["is_rehire"]):
                continue
            at, cause = self._way_out(key, application, reached.loc[key, stop])
            seconds = (at - reached.loc[key, start]).total_seconds()
            found.setdefault(group(application), []).append((None, tenths(seconds), cause))
        return found

    @property
    def _reached(self) -> pd.DataFrame:
        if not hasattr(self, "_reached_frame"):
            self._reached_frame = self.reached()
        return self._reached_frame

    def _way_out(self, key: int, application: pd.Series, arrived: pd.Timestamp) -> tuple[pd.Timestamp, str]:
        company = self.company
        if pd.notna(arrived):
            return arrived, "reached"
        if key in company.chains.index and pd.notna(company.chains.loc[key, "undone_at"]):
            chain = company.chains.loc[key]
            return chain["undone_at"], "rejected" if chain["undone_by"] == "company" else "withdrawn"
        if pd.notna(application["ended_at"]) and application["ended_at"] <= company.as_of:
            return application["ended_at"], application["outcome"] or "archived"
        return company.as_of, ""

    def drop_off(self, span: Span) -> dict[str, Counter[str]]:
        """By canonical stage, decided by the last visit of each application."""
        company = self.company
        tally: dict[str, Counter[str]] = {}
        ways: dict[int, list[Any]] = {}
        for visit in company.visits[company.visits["entered_at"] <= company.as_of].itertuples():
            ways.setdefault(visit.application_id, []).append(visit)
        for application_id, visits in ways.items():
            application = company.application[application_id]
            for stage, (visit, following) in _last_of_each_stage(visits).items():
                left = visit.exited_at
                if pd.isna(left) and following is not None:
                    left = following.entered_at
                day = company.local_date(left, application["zone"])
                if pd.isna(left) or left > company.as_of or not span.holds(day):
                    continue
                tally.setdefault(stage, Counter())[_how_it_left(visit, following, application)] += 1
        return tally

    def feedback_hours(self, span: Span) -> list[tuple[int, bool]]:
        """(working minutes, handed in?) of every feedback owed for the interviews of the period."""
        company, clock = self.company, WorkingTime(self.company)
        interviews = company.table("interview").set_index("id")
        office_of = dict(company.table("person").set_index("id")["office_id"])
        found = []
        for feedback in company.table("feedback").itertuples():
            interview = interviews.loc[feedback.interview_id]
            application = company.application.get(interview["application_id"])
            if application is None or interview["status"] != "held" or feedback.is_shadow:
                continue
            due = interview["ends_at"]
            if pd.isna(due) or due > company.as_of or not span.holds(company.local_date(due, application["zone"])):
                continue
            is_in = pd.notna(feedback.submitted_at) and feedback.submitted_at <= company.as_of
            stop = feedback.submitted_at if is_in else company.as_of
            minutes = clock.minutes(int(office_of[feedback.interviewer_id]), feedback.interviewer_id, due, stop)
            found.append((minutes, is_in))
        return found

    # --- as of ------------------------------------------------------------------------------------------------------

    def open_seats(self, group: Group) -> tuple[Counter[str | None], Counter[str | None], Counter[str | None]]:
        """(open requisitions, the same with holds included, open seats)."""
        company, at = self.company, self.company.as_of
        undone = set(company.chains.index[company.chains["undone_at"].notna()])
        seats: Counter[int] = Counter()
        has_seats = set()
        for seat in company.table("opening").itertuples():
            filled = pd.NaT if seat.application_id in undone else seat.filled_at
            cancelled = self._cancelled_at(seat, filled)
            if seat.opened_at <= at:
                has_seats.add(seat.requisition_id)
                gone = [when for when in (filled, cancelled) if pd.notna(when) and when <= at]
                seats[seat.requisition_id] += not gone
        net, gross, open_seats = Counter[str | None](), Counter[str | None](), Counter[str | None]()
        for row in company.statuses.itertuples():
            running = row.from_at <= at and (pd.isna(row.to_at) or row.to_at > at)
            requisition_id = row.requisition_id
            if not running or row.status not in {"open", "on_hold"}:
                continue
            if requisition_id in has_seats and not seats[requisition_id]:
                continue
            name = group(company.requisition[requisition_id])
            gross[name] += 1
            if row.status == "open" and not company.is_stopped(requisition_id, at):
                net[name] += 1
                open_seats[name] += seats[requisition_id]
        return net, gross, open_seats

    def pipeline(self, group: Group) -> tuple[Counter[str | None], Counter[str | None]]:
        """(active pipeline, open applications)."""
        company, at = self.company, self.company.as_of
        status = {
            row.requisition_id: row.status
            for row in company.statuses.itertuples()
            if row.from_at <= at and (pd.isna(row.to_at) or row.to_at > at)
        }
        hired = set(self.accepted(Span(date(1990, 1, 1), date(2190, 1, 1))).index)
        active, still_open = Counter[str | None](), Counter[str | None]()
        for key, application in company.application.items():
            over = pd.notna(application["ended_at"]) and application["ended_at"] <= at
            if application["applied_at"] > at or over or key in hired:
                continue
            still_open[group(application)] += 1
            requisition_id = application["requisition_id"]
            if status.get(requisition_id) == "open" and not company.is_stopped(requisition_id, at):
                active[group(application)] += 1
        return active, still_open


def _offer_rates(counter: Counter[str]) -> dict[str, float | None]:
    answered = sum(counter[name] for name in ("accepted", "declined", "expired", "candidate_withdrew"))
    accepted = counter["accepted"]
    return {
        "offer_acceptance_rate": accepted / answered if answered else None,
        "offer_renege_rate": counter["undone by candidate"] / accepted if accepted else None,
        "offer_rescission_rate": counter["undone by company"] / accepted if accepted else None,
        "offer_no_show_rate": counter["undone by no_show"] / accepted if accepted else None,
    }


def _last_of_each_stage(visits: list[Any]) -> dict[str, tuple[Any, Any]]:
    """The last visit of each stage with the visit that followed it."""
    return {visit.stage: (visit, after) for visit, after in zip(visits, [*visits[1:], None], strict=True)}


def _how_it_left(visit: object, following: object | None, application: pd.Series) -> str:
    if following is not None:
        is_back = (following.order, following.sort_order) <= (visit.order, visit.sort_order)
        return "returned" if is_back else "advanced"
    outcome, reason = application["outcome"], application["reason_kind"]
    if outcome in {"hired", "transferred"}:
        return {"hired": "advanced"}.get(outcome, outcome)
    if outcome == "withdrawn" or reason in {"candidate", "no_show", "unresponsive"}:
        return "dropped"
    if outcome == "position_filled" or reason == "position_filled":
        return "position_filled"
    if reason == "transfer":
        return "transferred"
    return "rejected" if outcome == "rejected" or reason == "company" else "unknown"


TRANSITIONS = tuple(pairwise(STAGES))
