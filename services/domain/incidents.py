"""Incidents and their ladder: the words everybody uses, and what the page shows."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.domain.people import Role


class Step(enum.IntEnum):
    """Who is told, in this order."""

    RECRUITER = 0
    LEAD = 1
    HRBP = 2
    EXECUTIVE = 3

    @property
    def key(self) -> str:
        return self.name.lower()


STEP_WORDS: Mapping[Step, str] = {
    Step.RECRUITER: "recruiter",
    Step.LEAD: "recruiting lead",
    Step.HRBP: "HR partner",
    Step.EXECUTIVE: "executive",
}
STEP_ROLES: Mapping[Step, Role] = {
    Step.RECRUITER: Role.RECRUITER,
    Step.LEAD: Role.RECRUITING_MANAGER,
    Step.HRBP: Role.HRBP,
    Step.EXECUTIVE: Role.EXECUTIVE,
}


class Severity(enum.StrEnum):
    WARN = "warn"
    """Two windows in a row beyond the limit."""
    BREACH = "breach"
    """Beyond the limit with a one-sided certainty of 90 %."""


LAST_STEP: Mapping[Severity, Step] = {Severity.WARN: Step.LEAD, Severity.BREACH: Step.EXECUTIVE}
"""How far the ladder goes: a warning stays with those who do the work."""

LONGEST_SNOOZE_DAYS = 30

_SCOPE_ORDER = ("canonical_stage", "stage", "transition")
"""What a scope's words begin with."""


def scope_words(scope: Mapping[str, Sequence[str]]) -> str:
    """``Screen, Sales`` from a question's ``where``; ``whole company`` from none."""
    names = sorted(scope, key=lambda name: (name not in _SCOPE_ORDER, name))
    parts = [" or ".join(_capital(value) for value in scope[name]) for name in names if scope[name]]
    return ", ".join(parts) or "whole company"


def _capital(value: str) -> str:
    return value[:1].upper() + value[1:]


@dataclass(frozen=True)
class IncidentEntry:
    """One incident as its reader may see it: ``value`` and ``sample`` are about what the reader's rights reach."""

    id: int
    title: str
    """``Drop-off: Screen, Sales``."""
    metric: str
    scope: str
    severity: str
    is_open: bool
    step: Step
    limit: str
    """In words, with its side: ``above 20%``."""
    value: str
    """In words, ``hidden`` where there are too few."""
    sample: str
    """n, and whether it is a part: ``n 142``, ``n 31, your part``."""
    window: str
    opened_at: datetime
    next_step_at: datetime | None
    """When the next step is told unless somebody acts; None = nobody will be."""
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    snoozed_by: str | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str | None
    version: int


@dataclass(frozen=True)
class IncidentEventEntry:
    at: datetime
    actor: str
    words: str


@dataclass(frozen=True)
class IncidentDetail:
    entry: IncidentEntry
    explained: str
    """Which rule was broken and how, in a sentence."""
    events: tuple[IncidentEventEntry, ...]
    """Oldest first."""
    may_handle: bool
    may_close: bool


@dataclass(frozen=True)
class IncidentsView:
    """The list with the number of incidents by state; ``chosen`` None = none is selected."""

    entries: tuple[IncidentEntry, ...]
    counts: Mapping[str, int]
    state: str
    chosen: IncidentDetail | None = None
