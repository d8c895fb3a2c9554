"""The canonical model's fixed vocabularies."""

from __future__ import annotations

import enum


class Stage(enum.StrEnum):
    """Canonical stages in order. A source's own stages map onto these; their own names and order are kept beside."""

    APPLIED = "applied"
    SCREEN = "screen"
    ASSESSMENT = "assessment"
    INTERVIEW = "interview"
    OFFER = "offer"
    HIRED = "hired"


STAGE_ORDER: tuple[Stage, ...] = tuple(Stage)


class RequisitionStatus(enum.StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    OPEN = "open"
    ON_HOLD = "on_hold"
    FILLED = "filled"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Outcome(enum.StrEnum):
    """How an application ended; absent while it is open."""

    HIRED = "hired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"
    POSITION_FILLED = "position_filled"
    ARCHIVED = "archived"
    """Ended without a known reason: in neither part of a drop-off rate, counted beside it."""


class ReasonKind(enum.StrEnum):
    """Whose decision an exit reason stands for, whatever the ATS status says."""

    COMPANY = "company"
    CANDIDATE = "candidate"
    NO_SHOW = "no_show"
    UNRESPONSIVE = "unresponsive"
    POSITION_FILLED = "position_filled"
    TRANSFER = "transfer"
    UNKNOWN = "unknown"


class OfferAnswer(enum.StrEnum):
    """Status of one offer version."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    RESCINDED = "rescinded"
    CANDIDATE_WITHDREW = "candidate_withdrew"
    SUPERSEDED = "superseded"


class UndoneBy(enum.StrEnum):
    """Who undid an accepted offer before the start."""

    CANDIDATE = "candidate"
    COMPANY = "company"
    NO_SHOW = "no_show"


class InterviewStatus(enum.StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    CANCELLED = "cancelled"
    CANDIDATE_NO_SHOW = "candidate_no_show"


class SourceChannel(enum.StrEnum):
    REFERRAL = "referral"
    AGENCY = "agency"
    SOURCED = "sourced"
    CAREERS_SITE = "careers_site"
    JOB_BOARD = "job_board"
    UNIVERSITY = "university"
    INTERNAL = "internal"
    OTHER = "other"


class LeaveCause(enum.StrEnum):
    VOLUNTARY = "voluntary"
    INVOLUNTARY = "involuntary"
    FIXED_TERM_ENDED = "fixed_term_ended"
    INTERNAL_MOVE = "internal_move"
    """Left the position, not the company: no event of attrition."""


class Employment(enum.StrEnum):
    """Kinds of employment that definitions know; a source may have more."""

    EMPLOYEE = "employee"
    FIXED_TERM = "fixed_term"
    CONTRACTOR = "contractor"
    INTERN = "intern"


class SurveyKind(enum.StrEnum):
    CANDIDATE_EXPERIENCE = "candidate_experience"
    """0 to 10."""
    HIRING_MANAGER_SATISFACTION = "hiring_manager_satisfaction"
    """1 to 5."""


class CheckKind(enum.StrEnum):
    BACKGROUND = "background"
    DRUG = "drug"
    ASSESSMENT = "assessment"


class FreezeScope(enum.StrEnum):
    COMPANY = "company"
    DEPARTMENT = "department"
    """The department and all its children."""
    COUNTRY = "country"
    JOB_FAMILY = "job_family"
    REQUISITION = "requisition"
