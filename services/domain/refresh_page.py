"""How often dashboards are refreshed, and how fresh they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DASHBOARDS: tuple[tuple[str, str], ...] = (
    ("overview", "Overview"),
    ("pages", "Other pages of figures"),
    ("actions", "Actions and thresholds"),
)
SHORTEST_MINUTES, LONGEST_MINUTES, LONGEST_JITTER_S = 1, 1_440, 600


@dataclass(frozen=True)
class RefreshEntry:
    """The rule of one dashboard. ``version`` 0 = nobody has set one: the standard's."""

    dashboard: str
    name: str
    interval_minutes: int
    office_id: int | None
    office: str
    """Whose working hours; empty = round the clock."""
    jitter_s: int
    objective_minutes: int
    version: int
    changed_by: str
    met_share: float | None
    """Of the looks of the last seven days; None = none yet."""


@dataclass(frozen=True)
class FreshnessEntry:
    name: str
    at: datetime
    as_of: datetime | None
    objective_minutes: int
    is_met: bool
    problem: str


@dataclass(frozen=True)
class LaneEntry:
    """What a page needs, and which lane gives it. ``met`` in words."""

    name: str
    freshness: str
    budget: str
    lane: str
    met: str
    is_met: bool


@dataclass(frozen=True)
class RefreshView:
    rules: tuple[RefreshEntry, ...]
    history: tuple[FreshnessEntry, ...]
    lanes: tuple[LaneEntry, ...]
    offices: tuple[tuple[int, str], ...]
    timezone: str
