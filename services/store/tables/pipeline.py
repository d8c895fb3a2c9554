"""Candidates, applications and their way through the stages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, Sourced, optional_reference, reference


class PipelineStage(Sourced, Base):
    """A source's own stage, with its place in the canonical order."""

    __tablename__ = "pipeline_stage"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    canonical: Mapped[str] = mapped_column(String(20))
    """A services.domain.pipeline.Stage."""
    sort_order: Mapped[int] = mapped_column(default=0)
    requisition_id: Mapped[int | None] = optional_reference("requisition.id")
    """Set when the source keeps stages per job."""


class ExitReason(Sourced, Base):
    __tablename__ = "exit_reason"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20), default="unknown")
    """A services.domain.pipeline.ReasonKind."""


class Candidate(Sourced, Base):
    """Personal data: shown only to viewers with the candidate class, never copied to the mart."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str | None]
    email: Mapped[str | None]
    merged_into_id: Mapped[int | None] = optional_reference("candidate.id")


class Application(Sourced, Base):
    """One candidate on one requisition: the unit of the funnel.

    ``outcome`` None = open. ``ended_at`` closes every clock of the application. Prospects (no requisition), tests
    and merged
    duplicates are kept and marked, and leave every count.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("source_system", "external_id"),
        Index("ix_application_requisition", "requisition_id"),
        Index("ix_application_candidate", "candidate_id"),
    )
    candidate_id: Mapped[int] = reference("candidate.id")
    requisition_id: Mapped[int | None] = optional_reference("requisition.id")
    source_id: Mapped[int | None] = optional_reference("source.id")
    recruiter_id: Mapped[int | None] = optional_reference("person.id")
    """Whoever handles this application, when the source says so; otherwise the requisition's owner at the time."""
    applied_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(20))
    """A services.domain.pipeline.Outcome."""
    ended_at: Mapped[datetime | None]
    exit_reason_id: Mapped[int | None] = optional_reference("exit_reason.id")
    is_prospect: Mapped[bool] = mapped_column(default=False)
    is_test: Mapped[bool] = mapped_column(default=False)
    is_internal: Mapped[bool] = mapped_column(default=False)
    is_rehire: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = optional_reference("application.id")


class StageVisit(Base):
    """One interval of one application in one stage; half-open. The set of an application is replaced as a whole."""

    __tablename__ = "stage_visit"
    __table_args__ = (Index("ix_stage_visit_application", "application_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    application_id: Mapped[int] = reference("application.id")
    stage_id: Mapped[int] = reference("pipeline_stage.id")
    entered_at: Mapped[datetime]
    exited_at: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(String(200))
    """The source's own event id, unique within the application: a correction replaces the visit."""
    left_at: Mapped[datetime | None]
    """The exit as the source states it; None = ``exited_at`` follows from the next visit or the application's end."""
