"""Names on the Pipeline page, joined from the store when it is shown, as far as the reader may have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from services.domain.people import ColumnClass, Viewer
from services.domain.pipeline_page import FeedEntry, WaitingCandidate
from services.metrics.names import StoreNames
from services.metrics.pipeline_selects import Moved, Waiting
from services.store.database import Store
from services.store.tables import Candidate, Requisition

_ENDED_WORDS: Mapping[str, str] = {
    "hired": "Hired",
    "rejected": "Rejected",
    "withdrawn": "Withdrew",
    "transferred": "Moved to another role",
    "position_filled": "Role was filled",
}


class PipelineNames:
    """Candidates for who may see candidates, owners for who may see figures of people; nobody else."""

    def __init__(self, store: Store, viewer: Viewer, waiting: Iterable[Waiting], moved: Iterable[Moved]) -> None:
        waits = list(waiting)
        shown: list[Waiting | Moved] = [*waits, *moved]
        sees = ColumnClass.CANDIDATE in viewer.classes
        self.shows_owners = ColumnClass.PERSON in viewer.classes and not viewer.scope.agreed.is_anywhere
        candidates = {one.candidate_id for one in shown} if sees else set()
        roles = {one.requisition_id for one in shown}
        with store.read() as connection:
            rows = connection.execute(select(Candidate.id, Candidate.name).where(Candidate.id.in_(candidates)))
            self._candidates = {number: name for number, name in rows if name}
            query = select(Requisition.id, Requisition.title, Requisition.requisition_code)
            found = connection.execute(query.where(Requisition.id.in_(roles))).all()
        self._roles = {number: ", ".join(part for part in (title, code) if part) for number, title, code in found}
        people = {one.recruiter_id for one in waits if one.recruiter_id is not None}
        own = set() if viewer.person_id is None else {viewer.person_id}
        self._people = StoreNames(store).people(people if self.shows_owners else people & own)

    def waiting(self, one: Waiting, limits: Mapping[str, float]) -> WaitingCandidate:
        return WaitingCandidate(
            application_id=one.application_id,
            number=one.candidate_id,
            name=self._candidates.get(one.candidate_id),
            requisition_id=one.requisition_id,
            requisition=self._roles.get(one.requisition_id, ""),
            stage=one.stage.capitalize(),
            owner=self._people.get(one.recruiter_id or 0),
            age=one.age or 0.0,
            limit=limits[one.stage],
        )

    def moved(self, one: Moved) -> FeedEntry:
        what = _ENDED_WORDS.get(one.kind, "Ended")
        if one.kind == "entered":
            what = "Applied" if one.stage == "applied" else f"Moved to {one.stage}"
        parts = (self._candidates.get(one.candidate_id), self._roles.get(one.requisition_id))
        return FeedEntry(one.at, what, ", ".join(part for part in parts if part))
