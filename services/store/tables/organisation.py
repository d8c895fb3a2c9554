"""Where and who: offices, departments, job families and levels, sources, people, their leave, company days off."""

from __future__ import annotations

from datetime import date

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, Sourced, optional_reference, reference


class Office(Sourced, Base):
    __tablename__ = "office"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    city: Mapped[str | None]
    country: Mapped[str | None] = mapped_column(String(2))
    """ISO 3166-1 alpha-2."""
    subdivision: Mapped[str | None] = mapped_column(String(10))
    """ISO 3166-2 without the country, for regional holidays."""
    region: Mapped[str | None]
    """The company's own geography (EMEA, AMER, APAC): the unit of region scope."""
    timezone: Mapped[str] = mapped_column(default="UTC")
    work_start: Mapped[str] = mapped_column(String(5), default="09:00")
    work_end: Mapped[str] = mapped_column(String(5), default="17:00")
    friday_end: Mapped[str | None] = mapped_column(String(5))
    """Earlier end on Fridays; a shorter day still counts as one business day."""


class Department(Sourced, Base):
    __tablename__ = "department"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    parent_id: Mapped[int | None] = optional_reference("department.id")


class JobFamily(Sourced, Base):
    __tablename__ = "job_family"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]


class JobLevel(Sourced, Base):
    __tablename__ = "job_level"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    rank: Mapped[int] = mapped_column(default=0)


class Source(Sourced, Base):
    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    channel: Mapped[str] = mapped_column(String(20), default="other")
    """A services.domain.pipeline.SourceChannel."""


class Person(Sourced, Base):
    """An employee or contractor: recruiter, manager, interviewer, new hire."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("source_system", "external_id"),)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(index=True)
    manager_id: Mapped[int | None] = optional_reference("person.id")
    department_id: Mapped[int | None] = optional_reference("department.id")
    office_id: Mapped[int | None] = optional_reference("office.id")
    title: Mapped[str | None]
    employment: Mapped[str | None] = mapped_column(String(20))
    """employee, contractor, intern."""
    started_on: Mapped[date | None]
    left_on: Mapped[date | None]
    """Last day employed."""


class PersonLeave(Base):
    """Full days off, both ends included: they stop the feedback clock of that person."""

    __tablename__ = "person_leave"
    __table_args__ = (UniqueConstraint("person_id", "start_on"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = reference("person.id", index=True)
    start_on: Mapped[date]
    end_on: Mapped[date]


class CompanyHoliday(Base):
    """A company day off beyond public holidays. ``office_id`` None = everywhere."""

    __tablename__ = "company_holiday"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    office_id: Mapped[int | None] = optional_reference("office.id")
    on: Mapped[date]
    name: Mapped[str]
