"""Facts and dimensions of a snapshot, as SQLAlchemy Core tables: the query layer compiles against these.

Conventions. Instants are naive UTC TIMESTAMP in whole seconds; a column ending in ``_on`` is the local DATE of the
instant beside it, in the zone of the requisition's primary office. Dimensions are integer ids (names in the
``dim_*`` tables; names of people, candidates and free text never enter the mart). Prospects, tests and merged
duplicates are not in ``fact_application`` (their counts are in ``snapshot_count``). Visits reverted within 60 s
are not in ``fact_stage_visit``.

**Net axis.** A requisition's net clock runs only while it is neither on hold nor frozen nor between a cancellation
and a re-opening. ``*_net`` columns are whole seconds on that axis: ``net(t) = epoch(t) - stopped seconds of the
requisition before t``, so net durations are plain differences. For a query-time instant T, ``net(T)`` of a
requisition comes from ``requisition_hold``.

**Business axis.** ``*_business_seconds`` and ``*_business_days`` are positions on the working-time axis of
``calendar_id`` (seconds of working time, and working days in which every working day counts 1, since 1970-01-01
local); differences are working time. Personal leave is a separate list (``feedback_leave``) in the same
coordinates.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
)
from sqlalchemy.sql.type_api import TypeEngine

metadata = MetaData()


def _columns(kind: type[TypeEngine[Any]] | TypeEngine[Any], *names: str) -> list[Column[Any]]:
    return [Column(name, kind) for name in names]


_REQUISITION_IDS = (
    "requisition_id",
    "department_id",
    "job_family_id",
    "job_level_id",
    "office_id",
    "hiring_manager_id",
    "recruiter_id",
)
_REQUISITION_TEXTS = ("country", "region")
REQUISITION_DIMENSIONS = (*_REQUISITION_IDS, *_REQUISITION_TEXTS)
"""Columns every fact inherits from its requisition: what scope and filters read."""


def _requisition_dimensions() -> list[Column[Any]]:
    return [*_columns(Integer(), *_REQUISITION_IDS), *_columns(String(), *_REQUISITION_TEXTS)]


fact_application = Table(
    "fact_application",
    metadata,
    Column("application_id", BigInteger),
    Column("candidate_id", BigInteger),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("is_internal", Boolean),
    Column("is_rehire", Boolean),
    # First time the application reached the stage or a later one (a skip is reached at once); None = never.
    *_columns(DateTime(), "applied_at", "screen_at", "assessment_at", "interview_at", "offer_at", "extended_at"),
    *_columns(Date(), "applied_on", "screen_on", "assessment_on", "interview_on", "offer_on", "extended_on"),
    # Acceptance of the chain's last answer, and its undoing before the start.
    *_columns(DateTime(), "accepted_at", "undone_at", "ended_at"),
    *_columns(Date(), "accepted_on", "ended_on", "started_on"),
    Column("undone_by", String),
    Column("outcome", String),
    Column("reason_kind", String),
    # How it left without a hire that stands (1 rejected, 2 withdrawn, 3 position filled, 4 transferred, 5 archived;
    # None = still there or hired), and how long after the application it left or reached a stage, in tenths of a day.
    Column("exit_cause", SmallInteger),
    *_columns(Integer(), "applied_to_screen", "applied_to_assessment", "applied_to_interview", "applied_to_offer"),
    *_columns(Integer(), "applied_to_hired", "applied_to_exit"),
)

fact_stage_reached = Table(
    "fact_stage_reached",
    metadata,
    # One row an application and later stage (screen to offer) it reached, first time, skipped ones included; how long
    # after that it reached a further stage or left, in tenths of a day.
    *_columns(BigInteger(), "application_id", "candidate_id"),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("stage_order", SmallInteger),
    Column("stage", String),
    Column("reached_at", DateTime),
    Column("reached_on", Date),
    *_columns(Integer(), "to_assessment", "to_interview", "to_offer", "to_hired", "to_exit"),
    Column("exit_cause", SmallInteger),
)

fact_stage_visit = Table(
    "fact_stage_visit",
    metadata,
    Column("visit_id", BigInteger),
    Column("application_id", BigInteger),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("stage_id", Integer),
    Column("stage_order", SmallInteger),
    Column("stage", String),
    *_columns(DateTime(), "entered_at", "exited_at"),
    *_columns(Date(), "entered_on", "exited_on"),
    *_columns(BigInteger(), "entered_net", "exited_net"),
    # Of this application and canonical stage: is this the last visit, and how did it end (advanced, returned, or an
    # Outcome)?
    Column("is_last_of_stage", Boolean),
    Column("exit_kind", String),
    Column("reason_kind", String),
)

fact_seat = Table(
    "fact_seat",
    metadata,
    Column("seat_id", BigInteger),
    *_requisition_dimensions(),
    # Since when it has been known that it was made for an offer: its opening or the first version extended to the
    # application that fills it, whichever is later, where the offer came less than 3 days after the opening.
    Column("evergreen_at", DateTime),
    Column("application_id", BigInteger),
    Column("source_id", Integer),
    *_columns(DateTime(), "opened_at", "filled_at", "cancelled_at"),
    *_columns(Date(), "opened_on", "filled_on", "cancelled_on"),
    *_columns(BigInteger(), "opened_net", "filled_net", "cancelled_net"),
    Column("started_on", Date),
)

dim_requisition = Table(
    "dim_requisition",
    metadata,
    *_requisition_dimensions(),
    Column("external_id", String),
    Column("code", String),
    Column("title", String),
    Column("timezone", String),
    Column("calendar_id", Integer),
    Column("opened_at", DateTime),
    Column("target_on", Date),
    Column("urgency", String),
    Column("is_evergreen", Boolean),
    Column("status", String),
)

requisition_status = Table(
    "requisition_status",
    metadata,
    Column("requisition_id", Integer),
    Column("status", String),
    *_columns(DateTime(), "from_at", "to_at"),
)

requisition_hold = Table(
    "requisition_hold",
    metadata,
    # Disjoint, ordered intervals in which the requisition's clocks stand still; to_at None = still.
    Column("requisition_id", Integer),
    *_columns(DateTime(), "from_at", "to_at"),
    Column("stopped_before", BigInteger),
)

requisition_stop = Table(
    "requisition_stop",
    metadata,
    # Why: each stop by itself, overlapping ones too; their union is ``requisition_hold``. ``kind``: hold, freeze, or
    # gap (between a cancellation and a re-opening); ``scope`` and ``scope_value`` of a freeze; to_at None = still.
    Column("requisition_id", Integer),
    *_columns(String(), "kind", "scope", "scope_value"),
    *_columns(DateTime(), "from_at", "to_at"),
)

requisition_owner = Table(
    "requisition_owner",
    metadata,
    Column("requisition_id", Integer),
    Column("person_id", Integer),
    Column("part", String),
    *_columns(DateTime(), "from_at", "to_at"),
)

fact_offer_version = Table(
    "fact_offer_version",
    metadata,
    Column("offer_version_id", BigInteger),
    Column("application_id", BigInteger),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("position", SmallInteger),
    Column("first_extended_on", Date),
    *_columns(DateTime(), "first_extended_at", "extended_at", "answered_at", "undone_at"),
    *_columns(String(), "answer", "undone_by"),
)

fact_interview = Table(
    "fact_interview",
    metadata,
    Column("interview_id", BigInteger),
    Column("application_id", BigInteger),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("status", String),
    *_columns(DateTime(), "scheduled_at", "starts_at", "ends_at"),
    Column("ends_on", Date),
)

fact_feedback = Table(
    "fact_feedback",
    metadata,
    # Feedback owed: held interviews, no shadows.
    Column("feedback_id", BigInteger),
    Column("interview_id", BigInteger),
    Column("application_id", BigInteger),
    *_requisition_dimensions(),
    Column("interviewer_id", Integer),
    Column("calendar_id", Integer),
    *_columns(DateTime(), "due_from_at", "submitted_at"),
    Column("due_from_on", Date),
    *_columns(BigInteger(), "due_from_business_seconds", "submitted_business_seconds"),
    *_columns(Double(), "due_from_business_days", "submitted_business_days"),
    # The finished clock, leave taken off: whole minutes, and 1/10,000 business days. None = not submitted.
    *_columns(Integer(), "worked_minutes", "worked_day_points"),
)

feedback_leave = Table(
    "feedback_leave",
    metadata,
    # The interviewer's leave after the interview's end, in working time of the calendar; disjoint per feedback.
    Column("feedback_id", BigInteger),
    *_columns(BigInteger(), "from_business_seconds", "to_business_seconds"),
    *_columns(Double(), "from_business_days", "to_business_days"),
)

fact_hire = Table(
    "fact_hire",
    metadata,
    # One row a hire in the HR system, and one an acceptance it does not know (``hire_id`` None).
    *_columns(BigInteger(), "hire_id", "application_id", "candidate_id"),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("person_id", Integer),
    *_columns(Boolean(), "is_internal", "is_rehire"),
    Column("employment", String),
    *_columns(DateTime(), "accepted_at", "undone_at"),
    # ``expected_on``: the start, else the planned one, else the offer's, else the day of acceptance. ``left_on``: last
    # day employed. ``productive_on``: milestone attested, ``target_days`` after the start.
    *_columns(Date(), "accepted_on", "expected_on", "planned_start_on", "started_on", "left_on", "productive_on"),
    Column("leave_cause", String),
    Column("target_days", Integer),
)

fact_review = Table(
    "fact_review",
    metadata,
    *_columns(BigInteger(), "review_id", "hire_id", "application_id"),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    Column("rater_id", Integer),
    Column("cycle", String),
    *_columns(Date(), "started_on", "reviewed_on"),
    # Place on its own scale, 0 to 1; None = no rating, or one outside its scale (counted in ``left_out``).
    Column("rating", Double),
)

fact_survey_answer = Table(
    "fact_survey_answer",
    metadata,
    # One delivered survey; ``answered_at`` None = not answered. ``respondent`` is a number made from the source's key.
    *_columns(BigInteger(), "answer_id", "application_id", "respondent"),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    *_columns(String(), "kind", "outcome"),
    *_columns(DateTime(), "delivered_at", "answered_at", "decided_at", "undone_at"),
    *_columns(Date(), "delivered_on", "decided_on", "hired_on"),
    Column("score", Double),
)

fact_check = Table(
    "fact_check",
    metadata,
    *_columns(BigInteger(), "check_id", "application_id"),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    *_columns(String(), "vendor", "kind"),
    *_columns(DateTime(), "ordered_at", "completed_at", "extended_at", "undone_at"),
    *_columns(Date(), "ordered_on", "completed_on", "started_on"),
    # Column class check: nothing but compliance figures may depend on it.
    Column("is_clear", Boolean),
)

fact_onboarding_task = Table(
    "fact_onboarding_task",
    metadata,
    *_columns(BigInteger(), "task_id", "hire_id", "application_id"),
    *_requisition_dimensions(),
    Column("source_id", Integer),
    Column("channel", String),
    *_columns(Date(), "expected_on", "started_on", "due_on", "done_on"),
    Column("undone_at", DateTime),
)

fact_demographic = Table(
    "fact_demographic",
    metadata,
    # Column class diversity: one application and question it was asked. A missing row = not asked.
    Column("application_id", BigInteger),
    *_requisition_dimensions(),
    # gender, ethnicity ...; hispanic and race are one question, ethnicity.
    Column("question", String),
    # disclosed, declined, no_answer
    Column("state", String),
    # None unless disclosed; category_set names the rule and its version that made it.
    *_columns(String(), "category", "category_set"),
    # As in fact_application; hired_on = accepted and not undone.
    *_columns(Date(), "applied_on", "screen_on", "assessment_on", "interview_on", "offer_on", "hired_on"),
)

fact_offer_pay = Table(
    "fact_offer_pay",
    metadata,
    # Column class compensation: accepted versions with an amount. Full-time annual, minor units of ``currency``.
    *_columns(BigInteger(), "offer_version_id", "application_id"),
    *_requisition_dimensions(),
    Column("extended_at", DateTime),
    Column("extended_on", Date),
    *_columns(BigInteger(), "salary_minor", "band_min_minor", "band_max_minor"),
    Column("currency", String),
)

person_leave = Table(
    "person_leave",
    metadata,
    # Disjoint runs of local days, both ends included.
    Column("person_id", Integer),
    *_columns(Date(), "start_on", "end_on"),
)

dim_person = Table("dim_person", metadata, *_columns(Integer(), "person_id", "calendar_id"))

dim_calendar = Table(
    "dim_calendar",
    metadata,
    # Position of each local day's working hours on the business axis.
    Column("calendar_id", Integer),
    Column("local_on", Date),
    *_columns(DateTime(), "opens_at", "closes_at"),
    Column("business_seconds", BigInteger),
    Column("business_days", Double),
)

dim_department = Table(
    "dim_department", metadata, *_columns(Integer(), "department_id", "parent_id"), Column("name", String)
)
dim_job_family = Table("dim_job_family", metadata, Column("job_family_id", Integer), Column("name", String))
dim_job_level = Table("dim_job_level", metadata, *_columns(Integer(), "job_level_id", "rank"), Column("name", String))
dim_office = Table(
    "dim_office",
    metadata,
    Column("office_id", Integer),
    *_columns(String(), "name", "country", "region", "timezone"),
)
dim_source = Table("dim_source", metadata, Column("source_id", Integer), *_columns(String(), "name", "channel"))
dim_stage = Table(
    "dim_stage",
    metadata,
    *_columns(Integer(), "stage_id", "sort_order"),
    *_columns(String(), "name", "canonical"),
)

snapshot_count = Table(
    "snapshot_count",
    metadata,
    # What was left out and why (prospect, test, merged, negative_duration, reverted_move ...), and whether a source
    # was ever loaded.
    Column("name", String),
    Column("value", BigInteger),
)

left_out = Table(
    "left_out",
    metadata,
    # The same by application or seat (``kind``): an increment replaces its part, and data health lists them.
    Column("kind", String),
    Column("entity_id", BigInteger),
    Column("name", String),
    Column("value", BigInteger),
)
