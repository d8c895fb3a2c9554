"""What has to be known of an export before its records can be translated one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.domain.pipeline import RequisitionStatus
from services.ingest.connectors.greenhouse.vocabulary import Vocabulary
from services.ingest.entities import ENTITIES
from services.ingest.fields import Reading, canonical_row
from services.ingest.records import EntityRow, FieldError, Notes

Record = Mapping[str, Any]


class ExportContext:
    """Jobs with their seats, stages and people, and which feedback a scorecard belongs to."""

    def __init__(self, words: Vocabulary, reading: Reading, notes: Notes) -> None:
        self.words = words
        self.reading = reading
        self.notes = notes
        self._kept: dict[str, list[Record]] = defaultdict(list)
        self.close_reason_names: dict[str, str] = {}
        self.feedback_of_scorecard: dict[str, str] = {}
        self._canonical: dict[str, str | None] = {}
        self._seats: dict[str, list[Record]] = defaultdict(list)
        self._people: dict[tuple[str, str], str] = {}

    def keep(self, resource: str, records: Iterable[Record]) -> None:
        """Remember a resource that others need."""
        if resource == "interviewers":
            for record in records:
                if record.get("scorecard_id") is not None and record.get("id") is not None:
                    self.feedback_of_scorecard[str(record["scorecard_id"])] = str(record["id"])
        else:
            self._kept[resource].extend(records)

    def ready(self) -> None:
        """Everything that is kept has been read."""
        self.close_reason_names = {str(one.get("id")): str(one.get("name")) for one in self._kept["close_reasons"]}
        for opening in self._kept["openings"]:
            self._seats[str(opening.get("job_id"))].append(opening)
        for job in self._kept["jobs"]:
            self._seats[str(job.get("id"))].extend(job.get("openings") or [])
        self._place_stages()
        self._place_people()

    def _place_stages(self) -> None:
        plans: dict[str, list[Record]] = defaultdict(list)
        for stage in self._kept["job_interview_stages"]:
            plans[str(stage.get("job_id"))].append(stage)
        for plan in plans.values():
            plan.sort(key=lambda stage: _order(stage.get("sort_order")))
            names = [str(stage.get("name") or "") for stage in plan]
            for position, stage in enumerate(plan):
                self._canonical[str(stage.get("id"))] = self.words.stage(names, position)

    def _place_people(self) -> None:
        """The first responsible one of each part stands on the requisition."""
        for manager in self._kept["job_hiring_managers"]:
            self._people.setdefault(("hiring_manager", str(manager.get("job_id"))), str(manager.get("user_id")))
        owners = sorted(self._kept["job_owners"], key=lambda owner: not owner.get("responsible"))
        for owner in owners:
            self._people.setdefault((str(owner.get("type")), str(owner.get("job_id"))), str(owner.get("user_id")))

    def canonical_stage(self, stage_id: str) -> str | None:
        return self._canonical.get(stage_id)

    def person(self, part: str, job_id: str) -> str | None:
        """``recruiter`` or ``hiring_manager`` of a job."""
        return self._people.get((part, job_id))

    def closed_as(self, opening: Record) -> str | None:
        """What the mapping makes of an opening's close reason."""
        reason = self.close_reason_names.get(str(opening.get("close_reason_id")))
        return self.words.closed_as(reason)

    def job_closed_as(self, job_id: str) -> str:
        """What a closed job ended as, from how its openings were closed."""
        seats = self._seats.get(job_id, [])
        meanings = [self.closed_as(seat) for seat in seats if seat.get("application_id") is None]
        if RequisitionStatus.ON_HOLD in meanings:
            return RequisitionStatus.ON_HOLD.value
        if not seats:
            return RequisitionStatus.CLOSED.value
        filled = any(seat.get("application_id") is not None for seat in seats)
        return (RequisitionStatus.FILLED if filled else RequisitionStatus.CANCELLED).value

    def row(self, entity: str, key: object, values: Mapping[str, Any], *, update_only: bool = False) -> EntityRow:
        """A checked canonical row. Raises FieldError."""
        return canonical_row(ENTITIES[entity], _key_text(key), values, self.reading, update_only=update_only)


def record_key(record: Record) -> str:
    """The record's own id. Raises FieldError when there is none."""
    key = _key_text(record.get("id"))
    if not key:
        raise FieldError("id", "the record has no id")
    return key


def _key_text(key: object) -> str:
    if key is None or isinstance(key, bool | dict | list):
        return ""
    return str(key)


def _order(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def first(values: Sequence[Any] | None) -> Any:
    """The first of a list that may be missing."""
    return values[0] if isinstance(values, list) and values else None
