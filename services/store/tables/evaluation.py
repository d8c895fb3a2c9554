"""Interviews and feedback, checks, reviews, surveys, demographics."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, Sourced, optional_reference, reference


class Interview(Sourced, Base):
    __tablename__ = "interview"
    __table_args__ = (
        UniqueConstraint("source_system", "external_id"),
        Index("ix_interview_application", "application_id"),
    )
    application_id: Mapped[int] = reference("application.id")
    stage_id: Mapped[int | None] = optional_reference("pipeline_stage.id")
    name: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(20))
    """A services.domain.pipeline.InterviewStatus."""
    scheduled_at: Mapped[datetime | None]
    """When it was put in the calendar."""
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    """Scheduled end: feedback is owed from here."""


class Feedback(Sourced, Base):
    """What one interviewer owes after one interview. ``submitted_at`` None = not handed in."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("source_system", "external_id"),
        Index("ix_feedback_interview", "interview_id"),
    )
    interview_id: Mapped[int] = reference("interview.id")
    interviewer_id: Mapped[int | None] = optional_reference("person.id", index=True)
    submitted_at: Mapped[datetime | None]
    is_shadow: Mapped[bool] = mapped_column(default=False)
    """A shadowing interviewer owes nothing."""
    recommendation: Mapped[str | None] = mapped_column(String(20))


class BackgroundCheck(Sourced, Base):
    __tablename__ = "background_check"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    application_id: Mapped[int] = reference("application.id", index=True)
    vendor: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20), default="background")
    """background, drug, assessment."""
    ordered_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    """None = no result came (yet)."""
    outcome: Mapped[str | None] = mapped_column(String(20))


class PerformanceReview(Sourced, Base):
    __tablename__ = "performance_review"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    hire_id: Mapped[int] = reference("hire.id", index=True)
    rater_id: Mapped[int | None] = optional_reference("person.id")
    cycle: Mapped[str | None]
    reviewed_on: Mapped[date]
    scale_min: Mapped[float]
    scale_max: Mapped[float]
    rating: Mapped[float | None]


class SurveyAnswer(Sourced, Base):
    """One delivered survey. ``answered_at`` None = delivered, not answered."""

    __tablename__ = "survey_answer"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    kind: Mapped[str] = mapped_column(String(30))
    """candidate_experience (0-10) or hiring_manager_satisfaction (1-5)."""
    application_id: Mapped[int | None] = optional_reference("application.id", index=True)
    requisition_id: Mapped[int | None] = optional_reference("requisition.id")
    respondent: Mapped[str | None]
    """Opaque key of the respondent: distinct respondents are what small-n counts."""
    delivered_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    score: Mapped[float | None]


class Demographic(Sourced, Base):
    """Self-identification of one application.

    Column class diversity; a missing row = not asked, which is not a decline.
    """

    __tablename__ = "demographic"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    application_id: Mapped[int] = reference("application.id", index=True)
    asked_at: Mapped[datetime | None]
    question: Mapped[str] = mapped_column(String(20))
    """gender, hispanic, race, veteran, disability ..."""
    answer: Mapped[str | None]
    """None = asked, no answer yet; "declined" is an answer."""
