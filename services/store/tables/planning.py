"""What a company, department or job family wants first, what it can carry, and its goals: all in versions."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, reference


class PriorityProfile(Base):
    """One version, from ``effective_from`` on until a later one; a version is never changed."""

    __tablename__ = "priority_profile"
    __table_args__ = (UniqueConstraint("level", "place", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    level: Mapped[str] = mapped_column(String(12))
    """company, department or job_family."""
    place: Mapped[str] = mapped_column(String(40))
    """Id of the department or job family as text; empty for the company."""
    version: Mapped[int]
    effective_from: Mapped[date]
    first: Mapped[str] = mapped_column(String(12))
    """time or quality."""
    weights: Mapped[str]
    """JSON: weight by metric id; they add up to 1. Empty = from here on what the wider scope says counts."""
    owner: Mapped[str]
    reason: Mapped[str]
    next_review_on: Mapped[date]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class PriorityExpectation(Base):
    """What somebody asked of hiring in a place, and whether it was met."""

    __tablename__ = "priority_expectation"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    level: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(40))
    who: Mapped[str]
    what: Mapped[str]
    asked_on: Mapped[date]
    is_met: Mapped[bool | None]
    """None = not yet known."""
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class CapacitySetting(Base):
    """What a department can carry and the rates it aims at; None = not said here, what is above it counts."""

    __tablename__ = "capacity_setting"
    __table_args__ = (UniqueConstraint("place", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    place: Mapped[str] = mapped_column(String(40))
    """A department's id as text; empty for the company."""
    version: Mapped[int]
    interviewer_hours: Mapped[float | None]
    """All interviewers together, a week."""
    hours_per_candidate: Mapped[float | None]
    """Interviewers' hours that one candidate who reaches the interview costs."""
    recruiters: Mapped[float | None]
    """Full-time equivalents."""
    screens_per_recruiter: Mapped[float | None]
    """A week."""
    targets: Mapped[str]
    """JSON: rate by transition ("screen to interview")."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class DiversityGoal(Base):
    """A department's goal in one country, in versions. There is none for a person: the table has no place for one."""

    __tablename__ = "diversity_goal"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    """What it is about: department, country, stage, question and group."""
    version: Mapped[int]
    department_id: Mapped[int] = reference("department.id")
    country: Mapped[str] = mapped_column(String(2))
    stage: Mapped[str] = mapped_column(String(12))
    """outreach, applied, offer or hired."""
    question: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(80))
    share: Mapped[float]
    """Of those who disclosed."""
    until_on: Mapped[date]
    legal_approver: Mapped[str | None]
    """Who in the legal department allowed it; never None for a goal on offers or hires."""
    reason: Mapped[str]
    is_in_force: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
