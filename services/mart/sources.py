"""Which columns of the store the mart reads. No names of people, e-mails or free text: they stay in the store.

Pay and self-identification go into facts of their own, which nothing but the query layer's sensitive classes reads.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from services.store import tables


class Source(NamedTuple):
    """A store table and the columns of it that are staged. ``kept`` limits the rows; None = all."""

    table: sa.Table
    columns: tuple[str, ...]
    kept: sa.ColumnElement[bool] | None = None

    @property
    def staged_as(self) -> str:
        return f"s_{self.table.name}"


def _source(entity: type[tables.Base], columns: str, kept: sa.ColumnElement[bool] | None = None) -> Source:
    table = entity.__table__
    if not isinstance(table, sa.Table):
        raise TypeError(f"{entity.__name__} is not a table")
    return Source(table, tuple(columns.split()), kept)


REFERENCES: tuple[Source, ...] = (
    _source(tables.Office, "id name country subdivision region timezone work_start work_end friday_end"),
    _source(tables.CompanyHoliday, "id office_id on name"),
    _source(tables.Department, "id parent_id name"),
    _source(tables.JobFamily, "id name"),
    _source(tables.JobLevel, "id rank name"),
    _source(tables.Source, "id name channel"),
    _source(tables.PipelineStage, "id name canonical sort_order"),
    _source(tables.ExitReason, "id kind"),
    _source(tables.Person, "id office_id", tables.Person.office_id.is_not(None)),
    _source(tables.PersonLeave, "id person_id start_on end_on"),
    _source(tables.Freeze, "id scope scope_value from_at to_at"),
    _source(tables.FreezeExemption, "id freeze_id requisition_id"),
    _source(tables.Candidate, "id merged_into_id", tables.Candidate.merged_into_id.is_not(None)),
)
"""Small tables, staged whole in every build."""

BY_REQUISITION: tuple[Source, ...] = (
    _source(
        tables.Requisition,
        "id external_id requisition_code title department_id job_family_id job_level_id office_id hiring_manager_id "
        "recruiter_id opened_at target_on urgency is_evergreen",
    ),
    _source(tables.RequisitionStatusInterval, "id requisition_id status from_at to_at"),
    _source(tables.RequisitionOwner, "id requisition_id person_id part from_at to_at"),
    _source(
        tables.RequisitionOverlay,
        "id requisition_id field value edited_at",
        tables.RequisitionOverlay.is_active.is_(sa.true()),
    ),
    _source(tables.RequisitionOwnerEdit, "id requisition_id part person_id from_at"),
    _source(tables.RequisitionSeatEdit, "id requisition_id opened_at"),
    _source(tables.RequisitionPause, "id requisition_id kind from_at to_at"),
)

OPENINGS = _source(tables.Opening, "id requisition_id opened_at filled_at cancelled_at application_id")

BY_APPLICATION: tuple[Source, ...] = (
    _source(
        tables.Application,
        "id candidate_id requisition_id source_id recruiter_id applied_at outcome ended_at exit_reason_id "
        "is_prospect is_test is_internal is_rehire merged_into_id",
    ),
    _source(tables.StageVisit, "id application_id stage_id entered_at exited_at"),
    _source(
        tables.OfferVersion,
        "id application_id offer_key version extended_at answered_at answer undone_at undone_by start_on "
        "salary_minor currency band_min_minor band_max_minor",
    ),
    _source(
        tables.Hire,
        "id application_id person_id planned_start_on started_on left_on leave_cause employment productive_on "
        "target_days",
    ),
    _source(tables.Interview, "id application_id status scheduled_at starts_at ends_at"),
    _source(tables.BackgroundCheck, "id application_id vendor kind ordered_at completed_at outcome"),
    _source(tables.Demographic, "id application_id asked_at question answer"),
)

BY_HIRE: tuple[Source, ...] = (
    _source(tables.PerformanceReview, "id hire_id rater_id cycle reviewed_on scale_min scale_max rating"),
    _source(tables.OnboardingTask, "id hire_id due_on done_on"),
)

SURVEYS = _source(
    tables.SurveyAnswer, "id kind application_id requisition_id respondent delivered_at answered_at score"
)
"""Of an application, else of a requisition."""

FEEDBACK = _source(tables.Feedback, "id interview_id interviewer_id submitted_at is_shadow")

LOADED: tuple[type[tables.Base], ...] = (
    tables.Application,
    tables.StageVisit,
    tables.Requisition,
    tables.Opening,
    tables.RequisitionOwner,
    tables.OfferVersion,
    tables.Hire,
    tables.Interview,
    tables.Feedback,
    tables.Source,
    tables.BackgroundCheck,
    tables.PerformanceReview,
    tables.SurveyAnswer,
    tables.Demographic,
    tables.OnboardingTask,
)
"""Entities whose absence means "never loaded", which is not zero: ``loaded_<table>`` in ``snapshot_count``."""
