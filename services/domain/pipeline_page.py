"""What the Pipeline page shows: who waits where, now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.incidents import IncidentEntry
from services.domain.views import FilterChoice, Filters, Note, Stamp

PAGE_SIZE = 25
LARGEST_PAGE = 100_000
MINE, TEAM = "mine", "team"


@dataclass(frozen=True)
class PipelineSettings:
    """What the address says beside the filters. ``who`` "" = as the reader's role begins."""

    who: str = ""
    lane: str = ""
    """batch = asked for; "" = live where it can be."""
    page: int = 1


@dataclass(frozen=True)
class PipelineTile:
    id: str
    title: str
    value: int
    unit: str
    detail: str
    status: str | None = None
    """near where something is over its limit."""


@dataclass(frozen=True)
class StageLine:
    """Ages in business days, holds and freezes left out; None = too few to say, or none."""

    stage: str
    active: int
    new: int
    """Entered within the last seven days."""
    median: float | None
    slowest: float | None
    """Nine of ten are younger."""
    limit: float | None
    over: int


@dataclass(frozen=True)
class WaitingCandidate:
    """``name`` None = the reader may not know it; then ``number`` tells candidates apart."""

    application_id: int
    number: int
    name: str | None
    requisition_id: int
    requisition: str
    stage: str
    owner: str | None
    age: float
    limit: float


@dataclass(frozen=True)
class FeedEntry:
    at: datetime
    what: str
    about: str


@dataclass(frozen=True)
class Counted:
    """Roles and candidates that are never counted as pipeline, beside those that are."""

    open_roles: int
    held_roles: int
    held_candidates: int
    cancelled_roles: int


@dataclass(frozen=True)
class PipelineView:
    stamp: Stamp
    """``lane`` live: ``snapshot`` is the change number of the live lane."""
    version: str
    """Of the live lane as drawn; open tabs compare it with what they poll."""
    filters: Filters
    choices: tuple[FilterChoice, ...]
    settings: PipelineSettings
    counted: Counted
    tiles: tuple[PipelineTile, ...]
    stages: tuple[StageLine, ...]
    waiting: tuple[WaitingCandidate, ...]
    waiting_total: int
    mine: int | None
    """Own candidates over their limit; None = the reader recruits for nobody."""
    team: int
    feed: tuple[FeedEntry, ...]
    incident: IncidentEntry | None
    notes: tuple[Note, ...] = ()
    trust: tuple[str, ...] = ()
    is_miss: bool = False
    """The numbers are older than the page needs: every tile says so."""
    shows_owners: bool = True

    @property
    def pages(self) -> int:
        return max(1, -(-self.waiting_total // PAGE_SIZE))
