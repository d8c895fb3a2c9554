"""Metrics of what follows a hire once more, in plain pandas and Python, straight from the definitions."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from tests.independent.company import Company
from tests.independent.recomputed import Span, Subject, tenths

Key = str | None


@dataclass
class Hired:
    """One hire of the HR system whose start is known at as-of. Dates after as-of are None."""

    id: int
    application_id: int
    candidate_id: int
    person: Any
    department: Key
    started: date
    left: date | None
    cause: str | None
    employment: str | None
    productive: date | None
    target: float | None

    @property
    def has_moved(self) -> bool:
        return self.cause == "internal_move"

    @property
    def gone(self) -> date | None:
        return None if self.has_moved else self.left


class AfterHire:
    def __init__(self, company: Company) -> None:
        self.company = company
        self.today: date = company.as_of.date()

    def known(self, day: Any) -> date | None:
        if pd.isna(day):
            return None
        found = pd.Timestamp(day).date()
        return found if found <= self.today else None

    def department(self, application_id: int) -> Key:
        return self.company.departments.get(self.company.application[application_id]["department_id"])

    def is_undone(self, application_id: int) -> bool:
        versions = self.company.offers[self.company.offers["application_id"] == application_id]
        return bool(len(versions)) and pd.notna(at := versions.iloc[-1]["undone_at"]) and at <= self.company.as_of

    @cached_property
    def survivors(self) -> dict[int, int]:
        merged = self.company.table("candidate").dropna(subset=["merged_into_id"])
        return {int(row.id): int(row.merged_into_id) for row in merged.itertuples()}

    def candidate(self, number: int) -> int:
        while number in self.survivors:
            number = self.survivors[number]
        return number

    @cached_property
    def all_hires(self) -> pd.DataFrame:
        frame = self.company.table("hire").sort_values("id")
        return frame[frame["application_id"].isin(self.company.applications.index)]

    @cached_property
    def hires(self) -> list[Hired]:
        found = []
        for row in self.all_hires.itertuples():
            started = self.known(row.started_on)
            if started is None or self.is_undone(row.application_id):
                continue
            owner = self.company.application[row.application_id]["candidate_id"]
            found.append(
                Hired(
                    row.id,
                    row.application_id,
                    self.candidate(int(owner)),
                    None if pd.isna(row.person_id) else int(row.person_id),
                    self.department(row.application_id),
                    started,
                    self.known(row.left_on),
                    row.leave_cause if isinstance(row.leave_cause, str) else None,
                    row.employment.strip().lower() if isinstance(row.employment, str) else None,
                    self.known(row.productive_on),
                    None if pd.isna(row.target_days) else float(row.target_days),
                )
            )
        return found

    # --- leaving ----------------------------------------------------------------------------------------------------

    def employments(self) -> list[tuple[Hired, date | None, str | None]]:
        """(first hire, last day employed, cause), rehires within 30 days bridged."""
        staff = [hire for hire in self.hires if hire.employment not in {"contractor", "intern"}]
        person_of = {hire.candidate_id: hire.person for hire in staff if hire.person is not None}
        by_person: dict[Any, list[Hired]] = {}
        for hire in sorted(staff, key=lambda hire: (hire.started, hire.id)):
            person = hire.person if hire.person is not None else person_of.get(hire.candidate_id)
            key = ("person", person) if person is not None else ("candidate", hire.candidate_id)
            by_person.setdefault(key, []).append(hire)
        found = []
        for hires in by_person.values():
            spells: list[list[Hired]] = []
            for hire in hires:
                if spells and self._continues(spells, hire):
                    spells[-1].append(hire)
                else:
                    spells.append([hire])
            found.extend((spell[0], *self._end(spell)) for spell in spells)
        return found

    def _continues(self, spells: list[list[Hired]], hire: Hired) -> bool:
        before = [one for spell in spells for one in spell]
        if any(one.gone is None for one in before):
            return True
        return hire.started <= max(one.gone for one in before if one.gone) + timedelta(days=30)

    def _end(self, spell: list[Hired]) -> tuple[date | None, str | None]:
        last = spell[-1]
        running = [one for one in spell if one.gone is None and not (one.has_moved and one.left and one is not last)]
        if running:
            return None, None
        ended = max((one for one in spell if one.gone), key=lambda one: (one.gone, one.started, one.id))
        return ended.gone, ended.cause

    def attrition(self, span: Span, group: Callable[[Hired], Key]) -> dict[Key, list[Subject]]:
        """Tenths of days, so that the shared estimator can be used; the horizon is 365 days."""
        found: dict[Key, list[Subject]] = {}
        for hire, ended, cause in self.employments():
            if not span.holds(hire.started):
                continue
            days = ((ended or self.today) - hire.started).days
            if days < 0:
                continue
            event = (cause or "unknown_cause") if ended is not None and days <= 365 else ""
            found.setdefault(group(hire), []).append((None, 10 * min(days, 366), event))
        return found

    def productivity(self, span: Span) -> list[Subject]:
        found: list[Subject] = []
        for hire in self.hires:
            row = self.all_hires.set_index("id").loc[hire.id]
            if not span.holds(hire.started) or (pd.isna(row["target_days"]) and pd.isna(row["productive_on"])):
                continue
            if hire.productive and (hire.left is None or hire.productive <= hire.left):
                stop, event = hire.productive, "productive"
            else:
                stop, event = hire.left or self.today, "left" if hire.gone else ""
            if stop >= hire.started:
                found.append((None, 10 * (stop - hire.started).days, event))
        return found

    # --- quality ----------------------------------------------------------------------------------------------------

    @cached_property
    def z(self) -> dict[int, float]:
        """By hire: the first rating from day 90 on, against what its rater usually gives in that cycle."""
        started = {row.id: row.started_on for row in self.all_hires.itertuples()}
        first: dict[int, tuple[date, int, str, Any, float]] = {}
        for row in self.company.table("performance_review").itertuples():
            reviewed, start = self.known(row.reviewed_on), started.get(row.hire_id)
            if reviewed is None or start is None or pd.isna(start) or pd.isna(row.rating):
                continue
            if not row.scale_min <= row.rating <= row.scale_max or row.scale_min >= row.scale_max:
                continue
            if (reviewed - pd.Timestamp(start).date()).days < 90:
                continue
            share = (row.rating - row.scale_min) / (row.scale_max - row.scale_min)
            cycle = row.cycle if isinstance(row.cycle, str) else ""
            this = (reviewed, row.id, cycle, row.rater_id, share)
            if row.hire_id not in first or this[:2] < first[row.hire_id][:2]:
                first[row.hire_id] = this
        found: dict[int, float] = {}
        for cycle in {one[2] for one in first.values()}:
            own = {hire: one for hire, one in first.items() if one[2] == cycle}
            ratings = [one[4] for one in own.values()]
            if len(ratings) < 2 or statistics.stdev(ratings) == 0:
                continue
            mean, spread = statistics.fmean(ratings), statistics.stdev(ratings)
            for hire, one in own.items():
                given = [two[4] for two in own.values() if pd.notna(one[3]) and two[3] == one[3]]
                usual = (sum(given) + 5 * mean) / (len(given) + 5)
                found[hire] = (one[4] - usual) / spread
        return found

    @cached_property
    def manager_answers(self) -> dict[int, tuple[float, Any]]:
        """(score, respondent) of the last answer about each application."""
        frame = self.company.table("survey_answer")
        frame = frame[(frame["kind"] == "hiring_manager_satisfaction") & frame["application_id"].notna()]
        frame = frame[(frame["answered_at"] <= self.company.as_of) & frame["score"].notna()]
        found = {}
        for row in frame.sort_values(["answered_at", "id"]).itertuples():
            found[int(row.application_id)] = (float(row.score), row.respondent)
        return found

    def early_performance(self, span: Span) -> dict[Key, list[float]]:
        found: dict[Key, list[float]] = {}
        for hire in self.hires:
            if span.holds(hire.started) and hire.id in self.z:
                found.setdefault(hire.department, []).append(max(-10.0, min(10.0, self.z[hire.id])))
        return found

    def quality(self, span: Span, horizon: int) -> dict[Key, list[tuple[float, bool]]]:
        """(index, is a leaver) of every matured hire that has one."""
        found: dict[Key, list[tuple[float, bool]]] = {}
        for hire in self.hires:
            if span.holds(hire.started) and (self.today - hire.started).days >= horizon + 30:
                index, is_leaver = self._index(hire, horizon)
                if index is not None:
                    found.setdefault(hire.department, []).append((index, is_leaver))
        return found

    def _index(self, hire: Hired, horizon: int) -> tuple[float | None, bool]:
        is_leaver = hire.gone is not None and (hire.gone - hire.started).days < horizon
        parts: list[tuple[float, float]] = [(0.2, 0.0 if is_leaver else 100.0)]
        if hire.id in self.z:
            parts.append((0.4, 50 * math.erfc(-self.z[hire.id] / math.sqrt(2))))
        ramp = 0.0 if is_leaver else self._ramp(hire)
        if ramp is not None:
            parts.append((0.2, ramp))
        answer = self.manager_answers.get(hire.application_id)
        if answer is not None and 1 <= answer[0] <= 5:
            parts.append((0.2, 25 * (answer[0] - 1)))
        weight = sum(weight for weight, _ in parts)
        if not is_leaver and weight < 0.6 - 1e-9:
            return None, is_leaver
        return sum(weight * score for weight, score in parts) / weight, is_leaver

    def _ramp(self, hire: Hired) -> float | None:
        if not hire.target:
            return None
        if hire.productive is not None:
            days = (hire.productive - hire.started).days
            return None if days < 0 else 100 * max(0.0, min(1.0, 2 - days / hire.target))
        ever = self.all_hires.set_index("id").loc[hire.id, "productive_on"]
        return 0.0 if pd.isna(ever) and (self.today - hire.started).days >= 2 * hire.target else None

    # --- surveys, onboarding, checks --------------------------------------------------------------------------------

    def accepted_on(self, application_id: int) -> date | None:
        """Local day of the yes, undone or not: of the offer's last version, else of the hired application's end."""
        versions = self.company.offers[self.company.offers["application_id"] == application_id]
        application = self.company.application[application_id]
        if len(versions) and versions.iloc[-1]["answer"] == "accepted":
            at = versions.iloc[-1]["answered_at"]
        else:
            undone = len(versions) and pd.notna(versions.iloc[-1]["undone_at"])
            at = application["ended_at"] if application["outcome"] == "hired" and not undone else pd.NaT
        return self.company.local_date(at, application["zone"])

    def satisfaction(self, span: Span) -> tuple[list[float], set[Any], int]:
        """(scores, distinct respondents, hires asked about)."""
        frame = self.company.table("survey_answer")
        frame = frame[(frame["kind"] == "hiring_manager_satisfaction") & (frame["delivered_at"] <= self.company.as_of)]
        scores, voices, asked = [], set(), set()
        for row in frame.itertuples():
            if row.application_id not in self.company.application or self.is_undone(int(row.application_id)):
                continue
            if not span.holds(self.accepted_on(int(row.application_id))) or row.application_id in asked:
                continue
            asked.add(row.application_id)
            score, respondent = self.manager_answers.get(int(row.application_id), (None, None))
            if score is not None and 1 <= score <= 5:
                scores.append(score)
                voices.add(respondent)
        return scores, voices, len(asked)

    def promoters(self, span: Span) -> tuple[float, float]:
        """(weighted score, unweighted score), -100 to 100."""
        frame = self.company.table("survey_answer")
        frame = frame[(frame["kind"] == "candidate_experience") & (frame["delivered_at"] <= self.company.as_of)]
        asked, tally = Counter[str](), {}
        for row in frame.itertuples():
            application = self.company.application.get(row.application_id)
            if application is None or pd.isna(application["ended_at"]) or application["ended_at"] > self.company.as_of:
                continue
            if not span.holds(self.company.local_date(application["ended_at"], application["zone"])):
                continue
            outcome = application["outcome"]
            if outcome == "hired" and self.is_undone(int(row.application_id)):
                outcome = "other"
            outcome = outcome if outcome in {"hired", "rejected", "withdrawn"} else "other"
            asked[outcome] += 1
            if pd.notna(row.score) and pd.notna(row.answered_at) and row.answered_at <= self.company.as_of:
                counter = tally.setdefault(outcome, Counter())
                counter["n"] += 1
                counter["score"] += (row.score >= 9) - (row.score <= 6)
        total = sum(asked[outcome] for outcome in tally)
        weighted = sum(asked[outcome] / total * one["score"] / one["n"] for outcome, one in tally.items())
        plain = sum(one["score"] for one in tally.values()) / sum(one["n"] for one in tally.values())
        return 100 * weighted, 100 * plain

    def expected(self, span: Span) -> list[tuple[int | None, date | None]]:
        """(hire id, start) of everybody whose first day should have come in the period."""
        rows: dict[int, list[Any]] = {}
        for row in self.all_hires.itertuples():
            rows.setdefault(row.application_id, []).append(row)
        promised = self.company.offers.dropna(subset=["start_on"]).groupby("application_id")["start_on"].last()
        found: list[tuple[int | None, date | None]] = []
        for application_id in self.company.applications.index:
            accepted = self.accepted_on(application_id)
            hires = rows.get(application_id, [])
            if self.is_undone(application_id) or not (hires or accepted):
                continue
            for row in hires or [None]:
                days = [row.started_on, row.planned_start_on] if row else []
                days += [promised.get(application_id), accepted]
                day = next(pd.Timestamp(one).date() for one in days if one is not None and pd.notna(one))
                if day <= self.today and span.holds(day):
                    started = pd.Timestamp(row.started_on).date() if row and pd.notna(row.started_on) else None
                    found.append((row.id if row else None, started))
        return found

    def onboarding(self, span: Span) -> tuple[int, int, Counter[str]]:
        """(done, due, first days: ready, not_ready, unknown)."""
        tasks: dict[int, list[Any]] = {}
        for row in self.company.table("onboarding_task").itertuples():
            tasks.setdefault(row.hire_id, []).append(row)
        done = due = 0
        first = Counter[str]()
        for hire_id, started in self.expected(span):
            own = tasks.get(hire_id, []) if hire_id is not None else []
            for task in own:
                if pd.Timestamp(task.due_on).date() <= self.today:
                    due += 1
                    done += self.known(task.done_on) is not None
            wanted = [task for task in own if started and pd.Timestamp(task.due_on).date() <= started]
            if not wanted:
                first["unknown"] += 1
                continue
            ready = all(pd.notna(task.done_on) and pd.Timestamp(task.done_on).date() <= started for task in wanted)
            first["ready" if ready else "not_ready"] += 1
        return done, due, first

    @cached_property
    def checks(self) -> pd.DataFrame:
        frame = self.company.table("background_check")
        frame = frame[frame["application_id"].isin(self.company.applications.index)]
        return frame[frame["ordered_at"] <= self.company.as_of]

    def turnaround(self, span: Span) -> list[Subject]:
        found: list[Subject] = []
        for row in self.checks.itertuples():
            zone = self.company.application[row.application_id]["zone"]
            if span.holds(self.company.local_date(row.ordered_at, zone)):
                is_back = pd.notna(row.completed_at) and row.completed_at <= self.company.as_of
                seconds = ((row.completed_at if is_back else self.company.as_of) - row.ordered_at).total_seconds()
                if seconds >= 0:
                    found.append((None, tenths(seconds), "back" if is_back else ""))
        return found

    def before_offer(self, span: Span) -> int:
        extended = self.company.offers.groupby("application_id")["extended_at"].min()
        count = 0
        for row in self.checks.itertuples():
            zone = self.company.application[row.application_id]["zone"]
            if row.kind not in {"background", "drug"}:
                continue
            if span.holds(self.company.local_date(row.ordered_at, zone)):
                at = extended.get(row.application_id, pd.NaT)
                count += pd.isna(at) or at > self.company.as_of or row.ordered_at < at
        return count

    def clearance(self, span: Span) -> Counter[str]:
        by_application: dict[int, list[Any]] = {}
        for row in self.checks.itertuples():
            by_application.setdefault(row.application_id, []).append(row)
        found = Counter[str]()
        for hire in self.hires:
            if not span.holds(hire.started):
                continue
            states = {self._state(row, hire) for row in by_application.get(hire.application_id, [])}
            order = ("not_back", "not_clear", "cleared")
            found[next((state for state in order if state in states), "no_check")] += 1
        return found

    def _state(self, row: Any, hire: Hired) -> str:
        zone = self.company.application[hire.application_id]["zone"]
        if pd.isna(row.completed_at) or row.completed_at > self.company.as_of:
            return "not_back"
        if self.company.local_date(row.completed_at, zone) > hire.started:
            return "not_back"
        return "cleared" if row.outcome == "clear" else "not_clear"
