"""The canonical model as ingest writes it: entities in the order of application, their fields, what those accept."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property

from services.domain.pipeline import (
    FreezeScope,
    InterviewStatus,
    LeaveCause,
    OfferAnswer,
    Outcome,
    ReasonKind,
    RequisitionStatus,
    SourceChannel,
    Stage,
    UndoneBy,
)

NAME_LIMIT = 1_000
KEY_LIMIT = 200


class Kind(enum.Enum):
    TEXT = "text"
    INSTANT = "instant"
    """A moment, or a date that stands for its local midnight in the zone of the requisition's office."""
    DATE = "date"
    INTEGER = "whole number"
    NUMBER = "number"
    MONEY = "amount"
    FLAG = "yes or no"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Field:
    """``past``: it has happened, so more than a day ahead is a mistake. ``target``: the entity referred to."""

    kind: Kind
    column: str
    required: bool = False
    choices: frozenset[str] = frozenset()
    target: str = ""
    past: bool = False
    limit: int = NAME_LIMIT
    may_dangle: bool = False
    """A reference to something that is not loaded is left empty instead of keeping the record out."""


@dataclass(frozen=True)
class Entity:
    """``table`` is written by upsert on (source_system, external_id); ``parent`` names the field that groups a set.

    ``creatable``: a reference to a key nobody described creates a row with the key as its name.
    ``spans``: pairs of fields of which the second may not lie before the first.
    """

    name: str
    label: str
    table: str
    fields: dict[str, Field]
    parent: str = ""
    creatable: bool = False
    spans: tuple[tuple[str, str], ...] = ()

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name, field in self.fields.items() if field.required)


def _text(column: str, *, required: bool = False, limit: int = NAME_LIMIT) -> Field:
    return Field(Kind.TEXT, column, required=required, limit=limit)


def _choice(column: str, values: type[enum.StrEnum], *, required: bool = False) -> Field:
    return Field(Kind.TEXT, column, required=required, choices=frozenset(values))


def _instant(column: str, *, required: bool = False, past: bool = True) -> Field:
    return Field(Kind.INSTANT, column, required=required, past=past)


def _date(column: str, *, required: bool = False, past: bool = False) -> Field:
    return Field(Kind.DATE, column, required=required, past=past)


def _reference(target: str, column: str, *, required: bool = False) -> Field:
    return Field(Kind.REFERENCE, column, required=required, target=target, limit=KEY_LIMIT)


def _flag(column: str) -> Field:
    return Field(Kind.FLAG, column)


def _number(column: str, *, required: bool = False) -> Field:
    return Field(Kind.NUMBER, column, required=required)


def _integer(column: str) -> Field:
    return Field(Kind.INTEGER, column)


def _money(column: str) -> Field:
    return Field(Kind.MONEY, column)


_ORGANISATION = (
    Entity(
        "office",
        "office",
        "office",
        {
            "name": _text("name", required=True),
            "city": _text("city"),
            "country": _text("country", limit=2),
            "subdivision": _text("subdivision", limit=10),
            "region": _text("region", limit=40),
            "timezone": _text("timezone", limit=40),
            "work_start": _text("work_start", limit=5),
            "work_end": _text("work_end", limit=5),
            "friday_end": _text("friday_end", limit=5),
        },
        creatable=True,
    ),
    Entity(
        "department",
        "department",
        "department",
        {"name": _text("name", required=True), "parent": _reference("department", "parent_id")},
        creatable=True,
    ),
    Entity("job_family", "job family", "job_family", {"name": _text("name", required=True)}, creatable=True),
    Entity(
        "job_level",
        "job level",
        "job_level",
        {"name": _text("name", required=True), "rank": _integer("rank")},
        creatable=True,
    ),
    Entity(
        "source",
        "source",
        "source",
        {"name": _text("name", required=True), "channel": _choice("channel", SourceChannel)},
        creatable=True,
    ),
    Entity(
        "exit_reason",
        "exit reason",
        "exit_reason",
        {"name": _text("name", required=True), "kind": _choice("kind", ReasonKind)},
        creatable=True,
    ),
    Entity(
        "person",
        "person",
        "person",
        {
            "name": _text("name", required=True),
            "email": _text("email", limit=254),
            "manager": _reference("person", "manager_id"),
            "department": _reference("department", "department_id"),
            "office": _reference("office", "office_id"),
            "title": _text("title"),
            "employment": _text("employment", limit=20),
            "started_on": _date("started_on"),
            "left_on": _date("left_on"),
        },
        creatable=True,
    ),
    Entity(
        "leave",
        "leave",
        "person_leave",
        {
            "person": _reference("person", "person_id", required=True),
            "start_on": _date("start_on", required=True),
            "end_on": _date("end_on", required=True),
        },
        spans=(("start_on", "end_on"),),
    ),
    Entity(
        "holiday",
        "company day off",
        "company_holiday",
        {
            "office": _reference("office", "office_id"),
            "on": _date("on", required=True),
            "name": _text("name", required=True),
        },
    ),
)

_REQUISITIONS = (
    Entity(
        "requisition",
        "requisition",
        "requisition",
        {
            "title": _text("title", required=True),
            "requisition_code": _text("requisition_code"),
            "department": _reference("department", "department_id"),
            "job_family": _reference("job_family", "job_family_id"),
            "job_level": _reference("job_level", "job_level_id"),
            "office": _reference("office", "office_id"),
            "hiring_manager": _reference("person", "hiring_manager_id"),
            "recruiter": _reference("person", "recruiter_id"),
            "opened_at": _instant("opened_at"),
            # Not columns: they date the status intervals made from the requisition itself.
            "closed_at": _instant(""),
            "status": _choice("", RequisitionStatus),
            "target_on": _date("target_on"),
            "urgency": _text("urgency", limit=20),
            "is_evergreen": _flag("is_evergreen"),
            "employment_type": _text("employment_type", limit=20),
        },
        spans=(("opened_at", "closed_at"),),
    ),
    Entity(
        "requisition_status",
        "requisition status",
        "requisition_status",
        {
            "requisition": _reference("requisition", "requisition_id", required=True),
            "status": _choice("status", RequisitionStatus, required=True),
            "from_at": _instant("from_at", required=True),
            "to_at": _instant("to_at"),
            "reason": _text("reason"),
        },
        parent="requisition",
        spans=(("from_at", "to_at"),),
    ),
    Entity(
        "hold",
        "requisition hold",
        "requisition_status",
        {
            "requisition": _reference("requisition", "requisition_id", required=True),
            "from_at": _instant("from_at", required=True),
            "to_at": _instant("to_at", past=False),
            "reason": _text("reason"),
        },
        parent="requisition",
        spans=(("from_at", "to_at"),),
    ),
    Entity(
        "owner",
        "requisition owner",
        "requisition_owner",
        {
            "requisition": _reference("requisition", "requisition_id", required=True),
            "person": _reference("person", "person_id", required=True),
            "part": _text("part", limit=20),
            "from_at": _instant("from_at", required=True),
            "to_at": _instant("to_at", past=False),
        },
        parent="requisition",
        spans=(("from_at", "to_at"),),
    ),
    Entity(
        "freeze",
        "hiring freeze",
        "freeze",
        {
            "scope": _choice("scope", FreezeScope, required=True),
            "scope_value": _text("scope_value"),
            "from_at": _instant("from_at", required=True, past=False),
            "to_at": _instant("to_at", past=False),
            "reason": _text("reason"),
        },
        spans=(("from_at", "to_at"),),
    ),
    Entity(
        "freeze_exemption",
        "freeze exemption",
        "freeze_exemption",
        {
            "freeze": _reference("freeze", "freeze_id", required=True),
            "requisition": _reference("requisition", "requisition_id", required=True),
        },
    ),
    Entity(
        "stage",
        "stage",
        "pipeline_stage",
        {
            "name": _text("name", required=True),
            "canonical": _choice("canonical", Stage, required=True),
            "sort_order": _integer("sort_order"),
            "requisition": _reference("requisition", "requisition_id"),
        },
    ),
)

_PIPELINE = (
    Entity(
        "candidate",
        "candidate",
        "candidate",
        {
            "name": _text("name"),
            "email": _text("email", limit=254),
            "merged_into": _reference("candidate", "merged_into_id"),
        },
        creatable=True,
    ),
    Entity(
        "application",
        "application",
        "application",
        {
            "candidate": _reference("candidate", "candidate_id", required=True),
            "requisition": _reference("requisition", "requisition_id"),
            "source": _reference("source", "source_id"),
            "recruiter": _reference("person", "recruiter_id"),
            "applied_at": _instant("applied_at", required=True),
            "outcome": _choice("outcome", Outcome),
            "ended_at": _instant("ended_at"),
            "exit_reason": _reference("exit_reason", "exit_reason_id"),
            "is_prospect": _flag("is_prospect"),
            "is_test": _flag("is_test"),
            "is_internal": _flag("is_internal"),
            "is_rehire": _flag("is_rehire"),
            "merged_into": _reference("application", "merged_into_id"),
        },
    ),
    Entity(
        "stage_event",
        "stage visit",
        "stage_visit",
        {
            "application": _reference("application", "application_id", required=True),
            "stage": _reference("stage", "stage_id", required=True),
            "entered_at": _instant("entered_at", required=True),
            "left_at": _instant("left_at"),
        },
        parent="application",
        spans=(("entered_at", "left_at"),),
    ),
    Entity(
        "interview",
        "interview",
        "interview",
        {
            "application": _reference("application", "application_id", required=True),
            "stage": _reference("stage", "stage_id"),
            "name": _text("name"),
            "status": _choice("status", InterviewStatus, required=True),
            "scheduled_at": _instant("scheduled_at"),
            "starts_at": _instant("starts_at", past=False),
            "ends_at": _instant("ends_at", past=False),
        },
        spans=(("starts_at", "ends_at"),),
    ),
    Entity(
        "feedback",
        "feedback",
        "feedback",
        {
            "interview": _reference("interview", "interview_id", required=True),
            "interviewer": _reference("person", "interviewer_id"),
            "submitted_at": _instant("submitted_at"),
            "is_shadow": _flag("is_shadow"),
            "recommendation": _text("recommendation", limit=20),
        },
    ),
)

_AFTER = (
    Entity(
        "offer",
        "offer version",
        "offer_version",
        {
            "application": _reference("application", "application_id", required=True),
            "offer_key": _text("offer_key", required=True, limit=KEY_LIMIT),
            "version": _integer("version"),
            "extended_at": _instant("extended_at", required=True),
            "answered_at": _instant("answered_at"),
            "answer": _choice("answer", OfferAnswer, required=True),
            "undone_at": _instant("undone_at"),
            "undone_by": _choice("undone_by", UndoneBy),
            "start_on": _date("start_on"),
            "salary": _money("salary_minor"),
            "currency": _text("currency", limit=3),
            "band_min": _money("band_min_minor"),
            "band_max": _money("band_max_minor"),
        },
    ),
    Entity(
        "seat",
        "seat",
        "opening",
        {
            "requisition": _reference("requisition", "requisition_id", required=True),
            "opened_at": _instant("opened_at", required=True),
            "filled_at": _instant("filled_at"),
            "cancelled_at": _instant("cancelled_at"),
            "application": Field(
                Kind.REFERENCE, "application_id", target="application", limit=KEY_LIMIT, may_dangle=True
            ),
            "target_start_on": _date("target_start_on"),
        },
    ),
    Entity(
        "hire",
        "hire",
        "hire",
        {
            "application": _reference("application", "application_id", required=True),
            "person": _reference("person", "person_id"),
            "planned_start_on": _date("planned_start_on"),
            "started_on": _date("started_on", past=True),
            "left_on": _date("left_on"),
            "leave_cause": _choice("leave_cause", LeaveCause),
            "employment": _text("employment", limit=20),
            "productive_on": _date("productive_on"),
            "target_days": _integer("target_days"),
        },
    ),
    Entity(
        "onboarding_task",
        "onboarding task",
        "onboarding_task",
        {
            "hire": _reference("hire", "hire_id", required=True),
            "name": _text("name", required=True),
            "due_on": _date("due_on", required=True),
            "done_on": _date("done_on", past=True),
        },
    ),
    Entity(
        "review",
        "performance review",
        "performance_review",
        {
            "hire": _reference("hire", "hire_id", required=True),
            "rater": _reference("person", "rater_id"),
            "cycle": _text("cycle"),
            "reviewed_on": _date("reviewed_on", required=True, past=True),
            "scale_min": _number("scale_min", required=True),
            "scale_max": _number("scale_max", required=True),
            "rating": _number("rating"),
        },
    ),
    Entity(
        "survey",
        "survey",
        "survey_answer",
        {
            "kind": _text("kind", required=True, limit=30),
            "application": _reference("application", "application_id"),
            "requisition": _reference("requisition", "requisition_id"),
            "respondent": _text("respondent"),
            "delivered_at": _instant("delivered_at", required=True),
            "answered_at": _instant("answered_at"),
            "score": _number("score"),
        },
    ),
    Entity(
        "demographic",
        "self-identification answer",
        "demographic",
        {
            "application": _reference("application", "application_id", required=True),
            "asked_at": _instant("asked_at"),
            "question": _text("question", required=True, limit=20),
            "answer": _text("answer"),
        },
    ),
    Entity(
        "check",
        "background check",
        "background_check",
        {
            "application": _reference("application", "application_id", required=True),
            "vendor": _text("vendor", required=True),
            "kind": _text("kind", limit=20),
            "ordered_at": _instant("ordered_at", required=True),
            "completed_at": _instant("completed_at"),
            "outcome": _text("outcome", limit=20),
        },
    ),
)

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in (*_ORGANISATION, *_REQUISITIONS, *_PIPELINE, *_AFTER)}
"""In the order in which they are applied: whatever is referred to comes first."""

RANK: dict[str, int] = {name: position for position, name in enumerate(ENTITIES)}
