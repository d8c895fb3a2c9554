"""A small Greenhouse export made for the validation: two offices, one plan of stages, offers both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Records = dict[str, list[dict[str, Any]]]
OFFICE_ZONES = """
offices:
  Berlin: {country: DE, timezone: Europe/Berlin}
  New York: {country: US, timezone: America/New_York}
"""
STAGES = ("Application Review", "Phone Screen", "Case Study", "On-site Interview", "Offer")


def company() -> Records:
    """30 applications of March 2026, one a day; every third gets an offer, every sixth takes it.

    Number 30 applies at 23:30 UTC of 31 March: April in Berlin, March in New York, where every other one is.
    """
    export: Records = {
        "offices": [{"id": 1, "name": "Berlin"}, {"id": 2, "name": "New York"}],
        "jobs": [
            {"id": 1, "name": "Engineer", "status": "open", "opened_at": "2026-01-05T09:00:00Z", "office_ids": [1]},
            {"id": 2, "name": "Seller", "status": "open", "opened_at": "2026-01-05T09:00:00Z", "office_ids": [2]},
        ],
        "job_interview_stages": [
            {"id": 100 * job + place, "job_id": job, "name": name, "sort_order": place}
            for job in (1, 2)
            for place, name in enumerate(STAGES)
        ],
        "candidates": [],
        "applications": [],
        "application_stages": [],
        "offers": [],
    }
    for number in range(1, 31):
        _add(export, number)
    return export


def _add(export: Records, number: int) -> None:
    job = 1 + number % 2
    applied = "2026-03-31T23:30:00Z" if number == 30 else f"2026-03-{number:02}T10:00:00Z"
    has_offer, is_hired = number % 3 == 0 and number != 30, number % 6 == 0 and number != 30
    moves = [f"2026-04-{1 + place:02}T{8 + number % 10:02}:00:00Z" for place in range(len(STAGES) - 1)]
    far = 5 if has_offer else 2 + number % 3
    ended = f"2026-04-{10 + number % 15:02}T12:00:00Z"
    export["candidates"].append({"id": 1000 + number, "first_name": f"C{number}"})
    export["applications"].append({
        "id": number,
        "candidate_id": 1000 + number,
        "job_id": job,
        "prospect": number == 29,
        "status": "hired" if is_hired else "in_process" if number > 24 else "rejected",
        "applied_at": applied,
        "rejected_at": ended if number <= 24 and not is_hired else None,
        "last_activity_at": ended,
    })  # fmt: skip
    starts = [applied, *moves][:far]
    for place, start in enumerate(starts):
        export["application_stages"].append({
            "id": 100 * number + place,
            "application_id": number,
            "job_interview_stage_id": 100 * job + place,
            "entered_at": start,
            "exited_at": starts[place + 1] if place + 1 < far else None,
        })  # fmt: skip
    if has_offer:
        export["offers"].append({
            "id": 5000 + number,
            "application_id": number,
            "version": 1,
            "status": "accepted" if is_hired else "created" if number > 24 else "rejected",
            "sent_on": "2026-04-04",
            "resolved_at": ended if number <= 24 else None,
        })  # fmt: skip


def write(export: Records, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for resource, records in export.items():
        (folder / f"{resource}.json").write_text(json.dumps(records), encoding="utf-8")
    return folder


def mapping(folder: Path, stages: str = "") -> Path:
    """A mapping file with the offices' zones and, when given, lines of ``stages``."""
    file = folder / "mapping.yml"
    file.write_text(f"version: 1\n{OFFICE_ZONES}" + (f"stages:\n{stages}" if stages else ""), encoding="utf-8")
    return file
