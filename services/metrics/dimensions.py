"""Dimensions a question may split or filter by, and the column each one reads."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from services.domain.grains import Grain
from services.domain.people import ColumnClass


class Kind(enum.Enum):
    REFERENCE = "reference"
    """An integer id with a name in a dim_* table of the mart."""
    TEXT = "text"
    """The column holds the shown value."""
    PERSON = "person"
    """A person's id; the name comes from the store."""
    REQUISITION = "requisition"
    TIME = "time"
    LITERAL = "literal"
    """Made by the metric itself: transition, age_bucket."""


@dataclass(frozen=True)
class Dimension:
    id: str
    name: str
    kind: Kind
    column: str = ""
    column_class: ColumnClass = ColumnClass.GENERAL


_ALL = (
    Dimension("department", "Department", Kind.REFERENCE, "department_id"),
    Dimension("top_department", "Department, rolled up to the top", Kind.REFERENCE, "department_id"),
    Dimension("job_family", "Job family", Kind.REFERENCE, "job_family_id"),
    Dimension("seniority", "Seniority", Kind.REFERENCE, "job_level_id"),
    Dimension("geography", "Geography", Kind.TEXT, "region"),
    Dimension("country", "Country", Kind.TEXT, "country"),
    Dimension("office", "Office", Kind.REFERENCE, "office_id"),
    Dimension("source", "Source", Kind.REFERENCE, "source_id"),
    Dimension("channel", "Source channel", Kind.REFERENCE, "source_id"),
    Dimension("recruiter", "Recruiter", Kind.PERSON, "recruiter_id", ColumnClass.PERSON),
    Dimension("hiring_manager", "Hiring manager", Kind.PERSON, "hiring_manager_id", ColumnClass.PERSON),
    Dimension("interviewer", "Interviewer", Kind.PERSON, "interviewer_id", ColumnClass.PERSON),
    Dimension("check_vendor", "Check vendor", Kind.TEXT, "vendor"),
    Dimension("check_kind", "Kind of check", Kind.TEXT, "kind"),
    Dimension("question", "Question about oneself", Kind.TEXT, "question", ColumnClass.DIVERSITY),
    Dimension("group", "Group", Kind.TEXT, "category", ColumnClass.DIVERSITY),
    Dimension("currency", "Currency", Kind.TEXT, "currency", ColumnClass.COMPENSATION),
    Dimension("requisition", "Requisition", Kind.REQUISITION, "requisition_id"),
    Dimension("stage", "Stage, as the source names it", Kind.REFERENCE, "stage_id"),
    Dimension("canonical_stage", "Stage", Kind.TEXT, "stage"),
    Dimension("transition", "From stage to stage", Kind.LITERAL),
    Dimension("age_bucket", "Age", Kind.LITERAL),
    Dimension(Grain.DAY, "Day", Kind.TIME),
    Dimension(Grain.WEEK, "ISO week", Kind.TIME),
    Dimension(Grain.MONTH, "Month", Kind.TIME),
    Dimension(Grain.QUARTER, "Quarter", Kind.TIME),
    Dimension(Grain.FISCAL_YEAR, "Fiscal year", Kind.TIME),
)
DIMENSIONS: Mapping[str, Dimension] = {dimension.id: dimension for dimension in _ALL}

TIME = tuple(Grain)
REQUISITION = (
    "department",
    "top_department",
    "job_family",
    "seniority",
    "geography",
    "country",
    "office",
    "recruiter",
    "hiring_manager",
    "requisition",
)
APPLICATION = (*REQUISITION, "source", "channel")
"""What a fact with one row per application, visit, offer or interview can be split by."""

AGE_BUCKETS = ("0-30", "31-60", "61-90", "over 90")
"""[0, 30], (30, 60], (60, 90], more: half-open, since 30.5 days exist."""
AGE_BUCKET_ENDS = (30, 60, 90)
