"""Records in the shape of the retired Harvest v1 and v2, turned into v3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.ingest.connectors.greenhouse.context import Record, first


def as_v3(resource: str, record: Record) -> Record:
    """The record as v3 would give it; a v3 record comes back as it is."""
    change = _CHANGES.get(resource)
    return {**record, **change(record)} if change is not None else record


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else None


def _application(record: Record) -> dict[str, Any]:
    if "jobs" not in record:
        return {}
    changed: dict[str, Any] = {"job_id": _id(first(record.get("jobs")))}
    for name in ("source", "recruiter"):
        if name in record:
            changed[f"{name}_id"] = _id(record.get(name))
    return changed


def _job(record: Record) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if "departments" in record:
        changed["department_id"] = _id(first(record.get("departments")))
    if "offices" in record:
        changed["office_ids"] = [_id(office) for office in record.get("offices") or []]
    return changed


def _stage(record: Record) -> dict[str, Any]:
    return {"sort_order": record["priority"]} if "priority" in record and "sort_order" not in record else {}


def _interview(record: Record) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name in ("start", "end"):
        moment = record.get(name)
        if isinstance(moment, dict):
            changed[f"{name}s_at"] = moment.get("date_time") or moment.get("date")
    if isinstance(record.get("interview"), dict):
        changed["name"] = record["interview"].get("name")
    return changed


def _offer(record: Record) -> dict[str, Any]:
    changed = {}
    for old, new in (("sent_at", "sent_on"), ("starts_at", "starts_on")):
        if old in record and new not in record:
            changed[new] = record[old]
    return changed


def _office(record: Record) -> dict[str, Any]:
    location = record.get("location")
    return {"location": location.get("name")} if isinstance(location, dict) else {}


def _scorecard(record: Record) -> dict[str, Any]:
    if "status" in record:
        return {}
    return {
        "status": "complete" if record.get("submitted_at") else "draft",
        "candidate_rating": record.get("overall_recommendation"),
    }


_CHANGES: dict[str, Callable[[Record], dict[str, Any]]] = {
    "applications": _application,
    "jobs": _job,
    "job_interview_stages": _stage,
    "interviews": _interview,
    "offers": _offer,
    "offices": _office,
    "scorecards": _scorecard,
}
