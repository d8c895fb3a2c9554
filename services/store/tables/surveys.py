"""Surveys: when they are due, the one-time links that were sent, and who does not want to be asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference


class SurveyPlan(Base):
    """When a kind of survey is sent. Changed in place, each change a version more and an audit event."""

    __tablename__ = "survey_plan"
    __table_args__ = (UniqueConstraint("kind", "cadence"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    """hiring_manager_satisfaction or candidate_experience."""
    cadence: Mapped[str] = mapped_column(String(20))
    """per_hire, while_open, quarterly; per_decision for candidates."""
    every_days: Mapped[int | None]
    """while_open only."""
    delay_days: Mapped[int] = mapped_column(default=1)
    """Days after the hire or decision."""
    valid_days: Mapped[int] = mapped_column(default=21)
    """How long the link works."""
    remind_after_days: Mapped[int] = mapped_column(default=7)
    """One reminder after so many days; 0 = none."""
    throttle_days: Mapped[int] = mapped_column(default=14)
    """At least so many days between two surveys to one respondent."""
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    """What happened before is not asked about."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class SurveyRequest(Base):
    """One survey to one respondent. ``key`` says what it is about, so that it is asked once.

    The link's token is derived from ``nonce`` and the installation's secret; only its SHA-256 is kept.
    """

    __tablename__ = "survey_request"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("token_hash"),
        Index("ix_survey_request_respondent", "respondent", "created_at"),
        Index("ix_survey_request_state", "state"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_id: Mapped[int | None] = optional_reference("survey_plan.id")
    key: Mapped[str] = mapped_column(String(120))
    """``hiring_manager_satisfaction/hire/12``, ``candidate_experience/application/9``."""
    kind: Mapped[str] = mapped_column(String(30))
    application_id: Mapped[int | None] = optional_reference("application.id")
    requisition_id: Mapped[int | None] = optional_reference("requisition.id")
    respondent: Mapped[str] = mapped_column(String(40))
    """``person:7`` or ``candidate:12``."""
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str]
    nonce: Mapped[bytes] = mapped_column(LargeBinary(16))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(12), default="sent")
    """sent, answered, expired, declined (the respondent opted out), undelivered."""
    reminded_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    """When the mail server took it; None = not yet."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class SurveyOptOut(Base):
    """A respondent who does not want surveys any more."""

    __tablename__ = "survey_opt_out"
    __table_args__ = (UniqueConstraint("respondent"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    respondent: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
