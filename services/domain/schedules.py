"""Schedules and what became of their runs, as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ScheduleEntry:
    id: int
    name: str
    grain: str
    timezone: str
    next_fire: datetime | None
    """None = it does not fire within a year."""
    last_period: str
    """The last complete period: what "run now" proposes."""


@dataclass(frozen=True)
class RunEntry:
    """One due report. ``mail_state`` None = there is no mail."""

    schedule: str
    period: str
    subject_name: str
    state: str
    mail_state: str | None
    due_at: datetime
    error: str | None


@dataclass(frozen=True)
class SchedulesView:
    schedules: tuple[ScheduleEntry, ...]
    runs: tuple[RunEntry, ...]
    """The latest, newest first."""
    balance: tuple[tuple[str, int], ...]
    """sent, in_doubt, failed, cancelled, waiting and how many: together everything that was due."""
