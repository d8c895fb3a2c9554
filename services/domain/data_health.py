"""View models of the data health page: where the numbers come from, and what is known to be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.domain.metric import Row


@dataclass(frozen=True)
class SourceFreshness:
    """One source system. ``limit_s`` None = it has been imported too seldom to know its rhythm, so it is not judged."""

    system: str
    last_at: datetime | None
    """End of its last complete import; None = none was ever completed."""
    age_s: float | None
    limit_s: float | None
    imports: int
    waiting: int
    """Records in quarantine."""

    @property
    def is_late(self) -> bool:
        return self.age_s is not None and self.limit_s is not None and self.age_s > self.limit_s


@dataclass(frozen=True)
class ImportLine:
    """One import. Counts are the source's records; ``written`` is known while it is not over."""

    id: int
    system: str
    place: str
    state: str
    """A BatchState, or ``running``."""
    read: int
    loaded: int
    unchanged: int
    quarantined: int
    by: str
    started_at: datetime
    finished_at: datetime | None
    written: int | None = None
    todo: str = ""
    """What somebody has to do; empty = nothing."""

    @property
    def seconds(self) -> float | None:
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class Certificate:
    """The latest comparison of a source's figures with a second computation from its export."""

    system: str
    period: str
    made_at: datetime
    compared: int
    differing: tuple[str, ...]
    """Names of the metrics that did not agree."""
    has_open_drift: bool
    public_id: str | None
    """Of the archived certificate; None = it is not there, or not for the viewer."""


@dataclass(frozen=True)
class SnapshotState:
    """What is published. ``waiting``: complete imports that it does not hold, ``lag_s`` how long the oldest waits."""

    id: str
    as_of: datetime
    published_at: datetime | None
    how: str
    duration_s: float | None
    size_bytes: int | None
    watermark: int | None
    waiting: int
    lag_s: float | None
    blocked: str
    """Why nothing new is published; empty = nothing is in the way."""


@dataclass(frozen=True)
class MissingField:
    name: str
    missing: int


@dataclass(frozen=True)
class Completeness:
    """``recruiters`` None = the viewer may not see figures of single people."""

    overall: Row
    fields: tuple[MissingField, ...]
    recruiters: tuple[tuple[str, Row], ...] | None
    not_shown: int = 0
    """Recruiters beyond those shown."""


@dataclass(frozen=True)
class QuarantineFilter:
    """Empty = not filtered. ``search`` is looked for in record, file and reason."""

    system: str = ""
    field: str = ""
    search: str = ""
    page: int = 1

    @property
    def is_set(self) -> bool:
        return bool(self.system or self.field or self.search)


@dataclass(frozen=True)
class QuarantineLine:
    id: int
    system: str
    resource: str
    file: str
    record: str
    field: str
    reason: str
    seen_at: datetime


@dataclass(frozen=True)
class QuarantineView:
    lines: tuple[QuarantineLine, ...]
    total: int
    page_size: int
    chosen: QuarantineFilter
    systems: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_size))


@dataclass(frozen=True)
class QuarantinedDetail:
    """``values``: name and what may be shown of its value; ``is_shown`` False = withheld, with its kind instead."""

    line: QuarantineLine
    state: str
    values: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True)
class ReplayPlan:
    """What a replay would do now: read = loads + unchanged + still in quarantine."""

    system: str
    waiting: int
    loads: int
    unchanged: int
    still: int


@dataclass(frozen=True)
class ReplayProgress:
    """``state``: running, done, failed or cut."""

    system: str
    state: str
    done: int
    total: int
    by: str
    started_at: datetime
    words: str = ""
    """What came of it."""


@dataclass(frozen=True)
class ReplayDesk:
    """For those who may replay. ``by_hand``: systems whose records need their mapping, so the command line."""

    systems: tuple[tuple[str, int], ...]
    by_hand: tuple[str, ...]
    progress: ReplayProgress | None


@dataclass(frozen=True)
class DataHealthView:
    """A part that is None is not for the viewer, or there is nothing it could say."""

    now: datetime
    sources: tuple[SourceFreshness, ...]
    imports: tuple[ImportLine, ...]
    waiting: int
    """Records in quarantine, of all sources."""
    snapshot: SnapshotState | None
    certificates: tuple[Certificate, ...]
    completeness: Completeness | None = None
    quarantine: QuarantineView | None = None
    replay: ReplayDesk | None = None
    reasons: tuple[tuple[str, int], ...] = field(default=())
    """Sources and how many of their records wait, for those who do not see records."""
