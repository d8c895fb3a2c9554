"""A small company in the store, and what can happen to it: each change leaves its change row, as imports do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.store import tables as t
from services.store.database import Store

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """An instant from ISO text; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day(number: float) -> datetime:
    """Midnight UTC ``number`` days after 1 January 2026."""
    return T0 + timedelta(days=number)


class Company:
    """Writes rows of the canonical model with the fewest words. Ids are given, so two stores can hold the same rows."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._connection: sa.Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[Company]:
        with self.store.write() as connection:
            self._connection = connection
            yield self
        self._connection = None

    @property
    def connection(self) -> sa.Connection:
        assert self._connection is not None, "inside writing() only"
        return self._connection

    def add(self, table: Any, **values: Any) -> None:
        if {"source_system", "external_id"} <= set(table.__table__.c.keys()):
            values = {"source_system": "test", "external_id": str(values["id"]), **values}
        self.connection.execute(sa.insert(table).values(**values))

    def set(self, table: Any, row_id: int, **values: Any) -> None:
        self.connection.execute(sa.update(table).where(table.id == row_id).values(**values))

    def delete(self, table: Any, condition: Any) -> None:
        self.connection.execute(sa.delete(table).where(condition))

    def changed(self, kind: str, entity_id: int | None = None) -> None:
        xid = None
        if self.store.dialect == "postgresql":
            xid = self.connection.scalar(sa.text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)"))
        self.add(t.ChangeRow, kind=kind, entity_id=entity_id, xid=xid)

    # --- the standing organisation --------------------------------------------------------------------------------

    def found(self) -> None:
        """Two offices, a department with a child, people, stages and reasons."""
        self.add(t.Office, id=1, name="Berlin", country="DE", subdivision="BE", region="EMEA", timezone="Europe/Berlin")
        self.add(t.Office, id=2, name="Oakland", country="US", region="AMER", timezone="America/Los_Angeles")
        self.add(t.Department, id=1, name="Engineering")
        self.add(t.Department, id=2, name="Platform", parent_id=1)
        self.add(t.Department, id=3, name="Sales")
        self.add(t.JobFamily, id=1, name="Software")
        self.add(t.JobLevel, id=1, name="Senior", rank=3)
        self.add(t.Source, id=1, name="Referral", channel="referral")
        self.add(t.Source, id=2, name="Agency", channel="agency")
        for number, name in enumerate(("Rita", "Omar", "Max", "Lea"), 1):
            self.add(t.Person, id=number, name=name, office_id=1 if number < 4 else 2)
        for number, stage in enumerate(("applied", "screen", "assessment", "interview", "offer", "hired"), 1):
            self.add(t.PipelineStage, id=number, name=stage.title(), canonical=stage, sort_order=number)
        for number, kind in enumerate(("company", "candidate", "no_show", "unresponsive", "unknown"), 1):
            self.add(t.ExitReason, id=number, name=kind, kind=kind)
        self.add(t.PersonLeave, id=1, person_id=3, start_on=date(2026, 3, 31), end_on=date(2026, 4, 2))

    def requisition(self, number: int, opened: datetime, **values: Any) -> None:
        """A requisition open since ``opened``, owned by Rita, managed by Max."""
        places = {"department_id": 1, "office_id": 1, "job_family_id": 1, "job_level_id": 1}
        people = {"recruiter_id": 1, "hiring_manager_id": 3}
        self.add(t.Requisition, id=number, title=f"Role {number}", opened_at=opened, **{**places, **people, **values})

    def status(self, requisition: int, *steps: tuple[str, datetime]) -> None:
        """The whole status history, replacing the one before."""
        self.delete(t.RequisitionStatusInterval, t.RequisitionStatusInterval.requisition_id == requisition)
        ends = [moment for _, moment in steps[1:]] + [None]
        for number, ((status, start), end) in enumerate(zip(steps, ends, strict=True)):
            row = requisition * 100 + number
            self.add(
                t.RequisitionStatusInterval,
                id=row,
                requisition_id=requisition,
                status=status,
                from_at=start,
                to_at=end,
            )

    def application(self, number: int, requisition: int | None, applied: datetime, **values: Any) -> None:
        self.add(t.Candidate, id=number)
        self.add(
            t.Application,
            id=number,
            candidate_id=number,
            requisition_id=requisition,
            applied_at=applied,
            **{"source_id": 1, **values},
        )

    def visits(self, application: int, *steps: tuple[int, datetime], until: datetime | None = None) -> None:
        """The whole way through the stages, replacing the one before: (stage id, entered)."""
        self.delete(t.StageVisit, t.StageVisit.application_id == application)
        ends = [*(entered for _, entered in steps[1:]), until]
        for number, ((stage, entered), exited) in enumerate(zip(steps, ends, strict=True)):
            row = application * 100 + number
            self.add(
                t.StageVisit, id=row, application_id=application, stage_id=stage, entered_at=entered, exited_at=exited
            )

    def standing_company(self) -> None:
        """The organisation, and something of everything."""
        self.found()
        self.standing_company_without_organisation()

    def standing_company_without_organisation(self) -> None:
        """Four requisitions, twelve applications, seats, holds, a freeze, offers, interviews and feedback."""
        for number in range(1, 5):
            self.requisition(number, day(number), department_id=(1, 2, 3, 3)[number - 1], office_id=1 + number % 2)
            self.status(number, ("open", day(number)))
            self.add(t.RequisitionOwner, id=number, requisition_id=number, person_id=1, from_at=day(number))
            self.add(t.Opening, id=number, requisition_id=number, opened_at=day(number))
        self.status(1, ("open", day(1)), ("on_hold", day(11)), ("open", day(16)))
        self.add(t.Freeze, id=1, scope="department", scope_value="1", from_at=day(14), to_at=day(20.5))
        for number in range(1, 13):
            self.application(number, 1 + number % 4, day(5 + number))
            self.visits(number, (1, day(5 + number)), (2, day(8 + number)), (4, day(12 + number)))
            self.add(t.Interview, id=number, application_id=number, status="held", ends_at=day(85 + number))
            self.add(t.Feedback, id=number, interview_id=number, interviewer_id=3, submitted_at=day(86 + number))
        self.accept(1)
        self.what_follows(1)
        self.application(13, None, day(3), is_prospect=True)
        self.application(14, 2, day(3), is_test=True)

    def what_follows(self, number: int) -> None:
        """A hire with its review, task, surveys and check; one survey belongs to a requisition alone."""
        dates = {"planned_start_on": date(2026, 2, 10), "started_on": date(2026, 2, 12)}
        self.add(t.Hire, id=number, application_id=number, person_id=4, employment="Employee", target_days=90, **dates)
        rated = {"rater_id": 3, "cycle": "90 days", "scale_min": 1, "scale_max": 5, "rating": 4.2}
        self.add(t.PerformanceReview, id=number, hire_id=number, reviewed_on=date(2026, 5, 20), **rated)
        self.add(t.OnboardingTask, id=number, hire_id=number, name="Laptop", due_on=date(2026, 2, 10))
        asked = {"delivered_at": day(33), "answered_at": day(34), "score": 4}
        self.add(t.SurveyAnswer, id=1, kind="hiring_manager_satisfaction", application_id=number, **asked)
        self.add(t.SurveyAnswer, id=2, kind="hiring_manager_satisfaction", requisition_id=3, respondent="m", **asked)
        checked = {"ordered_at": day(26), "completed_at": day(29), "outcome": "clear"}
        self.add(t.BackgroundCheck, id=number, application_id=number, vendor="Verity", kind="background", **checked)

    def accept(self, number: int, undone: datetime | None = None) -> None:
        """An offer, made and accepted, which fills a seat."""
        self.delete(t.OfferVersion, t.OfferVersion.application_id == number)
        answer = {"extended_at": day(25), "answered_at": day(30), "answer": "accepted", "undone_at": undone}
        self.add(t.OfferVersion, id=number, application_id=number, offer_key="o", **answer)
        self.set(t.Application, number, outcome="hired", ended_at=day(30))
        requisition = self.connection.scalar(sa.select(t.Application.requisition_id).where(t.Application.id == number))
        seats = sa.update(t.Opening).where(t.Opening.requisition_id == requisition)
        self.connection.execute(seats.values(application_id=number, filled_at=day(30)))
        self.changed("application", number)
        self.changed("requisition", requisition)
