"""The list of requisitions and one of them in full, as view models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.domain.clock_traces import ClockTrace
from services.domain.requisition_edits import Field, News, Pause

CURRENT = "current"
"""The list's state when the address names none: open and on hold."""
STATES: tuple[tuple[str, str], ...] = (
    (CURRENT, "Current"),
    ("open", "Open"),
    ("on_hold", "On hold"),
    ("filled", "Filled"),
    ("cancelled", "Cancelled"),
    ("closed", "Closed"),
    ("all", "All"),
)
"""(value in the address, words), in the order of the choice."""
STATE_WORDS = {
    "draft": "Draft",
    "approved": "Approved, not open yet",
    "open": "Open",
    "on_hold": "On hold",
    "filled": "Filled",
    "cancelled": "Cancelled",
    "closed": "Closed",
}
SORTS = ("title", "status", "net", "gross", "held", "target", "openings", "urgency", "owed")
LONGEST_SEARCH = 100
LARGEST_PAGE = 100_000


@dataclass(frozen=True)
class ListSettings:
    """What the address says beside the filters. ``sort`` empty = the reader's own order."""

    state: str = CURRENT
    search: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1


@dataclass(frozen=True)
class RequisitionRow:
    id: int
    title: str
    code: str
    state: str
    is_frozen: bool
    net_days: float | None
    """Days its clock ran; None = never opened."""
    gross_days: float | None
    held_days: float | None
    target_on: date | None
    is_late: bool
    filled: int
    openings: int
    urgency: str
    place: str
    """Department and region."""
    recruiter: str = ""
    hiring_manager: str = ""
    """Empty = unknown, or not for this reader."""
    owed: int = 0
    """Feedback the reader owes here."""


@dataclass(frozen=True)
class RequisitionList:
    """One page of the list."""

    rows: tuple[RequisitionRow, ...]
    total: int
    settings: ListSettings
    page_size: int
    counts: tuple[tuple[str, int], ...]
    """(state, requisitions in it), whatever state is chosen."""
    shows_owners: bool
    shows_owed: bool

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_size))


@dataclass(frozen=True)
class Bar:
    """A stretch of a lane. ``end`` None = still."""

    start: datetime
    end: datetime | None
    words: str
    tone: str
    """open, hold, freeze, ended, net, owner."""


@dataclass(frozen=True)
class Lane:
    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Dot:
    at: datetime
    words: str
    kind: str
    """interview, offer, answer."""


@dataclass(frozen=True)
class Timeline:
    start: datetime
    end: datetime
    lanes: tuple[Lane, ...]
    dots: tuple[Dot, ...]
    target_on: date | None
    finding: str
    """Text alternative."""


@dataclass(frozen=True)
class OwnerCredit:
    name: str
    part: str
    start: datetime
    end: datetime | None
    net_days: float
    credit: float | None
    """Share of the un-held time so far; parts add up to 1.00. None = not a recruiter's part."""


@dataclass(frozen=True)
class CandidateRow:
    name: str
    source: str
    stage: str
    applied_on: date
    days_in_stage: float | None
    feedback: str
    """Words for what is owed: "2 of 3 in"; empty = none is due."""


@dataclass(frozen=True)
class Figure:
    """A number of the head: ``value`` None = there is none, and ``words`` say why."""

    name: str
    value: float | None
    unit: str
    words: str
    n: int
    status: str | None = None


@dataclass(frozen=True)
class FieldLine:
    """A field with both values in words."""

    field: Field
    label: str
    words: str
    source: str
    edited_by: str
    """Empty = the source's value holds."""
    edited_at: datetime | None
    reason: str
    news: News
    value: str
    """As it is typed or chosen."""
    version: int
    may_edit: bool
    choices: tuple[tuple[str, str], ...] = ()
    """(value, words); empty = it is typed."""


@dataclass(frozen=True)
class OneRequisition:
    """One requisition in full. What comes from the batch is None while the batch does not know it."""

    id: int
    title: str
    code: str
    state: str
    is_frozen: bool
    is_late: bool
    subtitle: str
    as_of: datetime | None
    snapshot: str
    lines: tuple[FieldLine, ...]
    pauses: tuple[Pause, ...]
    may_pause: bool
    is_held_by_source: bool
    figures: tuple[Figure, ...] = ()
    timeline: Timeline | None = None
    trace: ClockTrace | None = None
    owners: tuple[OwnerCredit, ...] | None = None
    """None = figures of people are not for this reader."""
    primary: str = ""
    candidates: tuple[CandidateRow, ...] | None = None
    """None = names of candidates are not for this reader."""
    in_process: int = 0
    note: str = ""
