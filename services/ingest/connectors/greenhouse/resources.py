"""Each Harvest v3 resource to canonical rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from services.domain.pipeline import InterviewStatus, OfferAnswer, Outcome, RequisitionStatus
from services.ingest.connectors.greenhouse.context import ExportContext, Record, first
from services.ingest.records import EntityRow, FieldError

Translator = Callable[[Record, ExportContext], Iterable[EntityRow]]

_APPLICATION_STATUS = {
    "in_process": None,
    "active": None,
    "converted": None,
    "rejected": Outcome.REJECTED.value,
    "hired": Outcome.HIRED.value,
}
_OFFER_STATUS = {
    "created": OfferAnswer.PENDING.value,
    "unresolved": OfferAnswer.PENDING.value,
    "accepted": OfferAnswer.ACCEPTED.value,
    "rejected": OfferAnswer.DECLINED.value,
    "deprecated": OfferAnswer.SUPERSEDED.value,
}
_INTERVIEW_STATUS = {
    "complete": InterviewStatus.HELD.value,
    "awaiting_feedback": InterviewStatus.HELD.value,
    "collect_feedback": InterviewStatus.HELD.value,
    "received": InterviewStatus.HELD.value,
    "scheduled": InterviewStatus.SCHEDULED.value,
    "to_be_scheduled": InterviewStatus.SCHEDULED.value,
    "to_be_sent": InterviewStatus.SCHEDULED.value,
    "sent": InterviewStatus.SCHEDULED.value,
    "skipped": InterviewStatus.CANCELLED.value,
}
_JOB_STATUS = ("open", "draft", "closed")
_OWNER_PARTS = ("recruiter", "coordinator", "sourcer")


@dataclass(frozen=True)
class Translation:
    """``entities``: what is loaded once the file is there, be it empty."""

    rows: Translator
    entities: tuple[str, ...] = ()


def _status(record: Record, known: dict[str, Any]) -> Any:
    given = str(record.get("status") or "").lower()
    if given not in known:
        raise FieldError("status", f"{str(record.get('status'))[:60]!r} is not known; known: {', '.join(known)}")
    return known[given]


def _type_name(record: Record) -> str | None:
    kind = record.get("type")
    return str(kind.get("name")) if isinstance(kind, dict) else None


def _office(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    name = record.get("name")
    values = {"name": name, "city": record.get("location"), **context.words.office(str(name))}
    yield context.row("office", record["id"], values)


def _department(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    yield context.row("department", record["id"], {"name": record.get("name"), "parent": record.get("parent_id")})


def _user(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    values = {
        "name": record.get("name") or _full_name(record) or record.get("primary_email"),
        "email": _lower(record.get("primary_email")),
        "title": record.get("job_title"),
        "department": first(record.get("department_ids")),
        "office": first(record.get("office_ids")),
    }
    yield context.row("person", record["id"], values)


def _full_name(record: Record) -> str | None:
    return " ".join(str(part) for part in (record.get("first_name"), record.get("last_name")) if part) or None


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _source(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    channel = context.words.channel(str(record.get("name")), _type_name(record))
    yield context.row("source", record["id"], {"name": record.get("name"), "channel": channel})


def _rejection_reason(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    kind = context.words.reason_kind(str(record.get("name")), _type_name(record))
    yield context.row("exit_reason", record["id"], {"name": record.get("name"), "kind": kind})


def _known_only(_record: Record, _context: ExportContext) -> Iterable[EntityRow]:
    """Used for what it says about other records; it has no row of its own."""
    return ()


def _job(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    status = str(record.get("status") or "").lower()
    if status not in _JOB_STATUS:
        raise FieldError("status", f"{str(record.get('status'))[:60]!r} is not known; known: {', '.join(_JOB_STATUS)}")
    key = str(record["id"])
    closed = status == "closed"
    opened_at = record.get("opened_at") or (None if status == "draft" else record.get("created_at"))
    values = {
        "title": record.get("name"),
        "requisition_code": record.get("requisition_id"),
        "department": record.get("department_id"),
        "office": first(record.get("office_ids")),
        "hiring_manager": context.person("hiring_manager", key),
        "recruiter": context.person("recruiter", key),
        "opened_at": None if status == "draft" else opened_at,
        "closed_at": (record.get("closed_at") or record.get("updated_at")) if closed else None,
        "status": context.job_closed_as(key) if closed else RequisitionStatus.OPEN.value,
    }
    yield context.row("requisition", key, {name: value for name, value in values.items() if _is_said(name, value)})


def _is_said(name: str, value: object) -> bool:
    """People and places that this export does not hold keep what an earlier one said."""
    return value is not None or name not in {"hiring_manager", "recruiter", "department", "office"}


def _opening(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    hired = record.get("application_id") is not None
    closed_at = record.get("closed_at")
    held = context.closed_as(record) == RequisitionStatus.ON_HOLD
    values = {
        "requisition": record.get("job_id"),
        "opened_at": record.get("opened_at") or record.get("created_at"),
        "filled_at": closed_at if hired else None,
        "cancelled_at": None if hired or held else closed_at,
        "application": record.get("application_id"),
        "target_start_on": record.get("target_start_on"),
    }
    yield context.row("seat", record["id"], values)


def _owner(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    part = str(record.get("type") or "")
    if part not in _OWNER_PARTS:
        raise FieldError("type", f"{part[:60]!r} is not known; known: {', '.join(_OWNER_PARTS)}")
    if part == "recruiter" and not record.get("responsible", True):
        part = "coordinator"  # credit for a requisition goes to the responsible recruiter
    yield _owner_row(record, context, part)


def _hiring_manager(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    yield _owner_row(record, context, "hiring_manager")


def _owner_row(record: Record, context: ExportContext, part: str) -> EntityRow:
    values = {
        "requisition": record.get("job_id"),
        "person": record.get("user_id"),
        "part": part,
        "from_at": record.get("created_at"),
    }
    return context.row("owner", record["id"], values)


def _stage(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    name = record.get("name")
    canonical = context.canonical_stage(str(record["id"]))
    if canonical is None:
        raise FieldError(
            "name",
            f"the stage {str(name)[:80]!r} has no place among our stages; add it under `stages:` in a mapping",
        )
    values = {
        "name": name,
        "canonical": canonical,
        "sort_order": record.get("sort_order"),
        "requisition": record.get("job_id"),
    }
    yield context.row("stage", record["id"], values)


def _candidate(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    email = first(record.get("email_addresses"))
    address = email.get("value") or email.get("email") if isinstance(email, dict) else email
    yield context.row("candidate", record["id"], {"name": _full_name(record), "email": _lower(address)})


def _application(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    outcome = _status(record, _APPLICATION_STATUS)
    ended_at = None
    if outcome == Outcome.REJECTED:
        ended_at = record.get("rejected_at") or record.get("updated_at")
    elif outcome == Outcome.HIRED:
        # replaced by the acceptance of the offer as soon as that is known
        ended_at = record.get("last_activity_at") or record.get("updated_at")
    values = {
        "candidate": record.get("candidate_id"),
        "requisition": record.get("job_id"),
        "applied_at": record.get("applied_at") or record.get("created_at"),
        "outcome": outcome,
        "ended_at": ended_at,
        "is_prospect": bool(record.get("prospect")) or record.get("job_id") is None,
    }
    for name in ("source_id", "recruiter_id"):
        if name in record:
            values[name.removesuffix("_id")] = record[name]
    yield context.row("application", record["id"], values)


def _rejection(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    values = {"exit_reason": record.get("rejection_reason_id")}
    yield context.row("application", record.get("application_id"), values, update_only=True)


def _application_stage(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    if record.get("entered_at") is None:
        return  # a stage of the plan that the application has not come to
    values = {
        "application": record.get("application_id"),
        "stage": record.get("job_interview_stage_id"),
        "entered_at": record["entered_at"],
        "left_at": record.get("exited_at"),
    }
    yield context.row("stage_event", record["id"], values)


def _interview(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    values = {
        "application": record.get("application_id"),
        "name": record.get("name"),
        "status": _status(record, _INTERVIEW_STATUS),
        "scheduled_at": record.get("scheduled_at") or record.get("created_at"),
        "starts_at": record.get("starts_at") or record.get("all_day_start_on"),
        "ends_at": record.get("ends_at") or record.get("all_day_end_on"),
    }
    yield context.row("interview", record["id"], values)


def _interviewer(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    values = {"interview": record.get("interview_id"), "interviewer": record.get("user_id")}
    yield context.row("feedback", record["id"], values)


def _scorecard(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    feedback = context.feedback_of_scorecard.get(str(record["id"]))
    if feedback is None:
        context.notes.warn("A scorecard belongs to no interviewer of this export; it says nothing about turnaround.")
        return
    status = _status(record, {"draft": False, "complete": True})
    values = {
        "submitted_at": record.get("submitted_at") if status else None,
        "recommendation": record.get("candidate_rating"),
    }
    yield context.row("feedback", feedback, values, update_only=True)


def _offer(record: Record, context: ExportContext) -> Iterable[EntityRow]:
    answer = _status(record, _OFFER_STATUS)
    sent = record.get("sent_on")
    if sent is None and answer in {OfferAnswer.PENDING, OfferAnswer.SUPERSEDED}:
        return  # a draft: nobody has been offered anything
    values = {
        "application": record.get("application_id"),
        "offer_key": record.get("application_id"),
        "version": record.get("version"),
        "extended_at": sent or record.get("created_at"),
        "answered_at": record.get("resolved_at"),
        "answer": answer,
        "start_on": record.get("starts_on"),
    }
    yield context.row("offer", record["id"], values)


TRANSLATIONS: dict[str, Translation] = {
    "offices": Translation(_office, ("office",)),
    "departments": Translation(_department, ("department",)),
    "users": Translation(_user, ("person",)),
    "sources": Translation(_source, ("source",)),
    "rejection_reasons": Translation(_rejection_reason, ("exit_reason",)),
    "close_reasons": Translation(_known_only),
    "jobs": Translation(_job, ("requisition",)),
    "openings": Translation(_opening, ("seat",)),
    "job_owners": Translation(_owner, ("owner",)),
    "job_hiring_managers": Translation(_hiring_manager, ("owner",)),
    "job_interview_stages": Translation(_stage, ("stage",)),
    "candidates": Translation(_candidate, ("candidate",)),
    "applications": Translation(_application, ("application",)),
    "rejection_details": Translation(_rejection),
    "application_stages": Translation(_application_stage, ("stage_event",)),
    "interviews": Translation(_interview, ("interview",)),
    "interviewers": Translation(_interviewer, ("feedback",)),
    "scorecards": Translation(_scorecard, ("feedback",)),
    "offers": Translation(_offer, ("offer",)),
}
"""In reading order; the loader has its own."""
