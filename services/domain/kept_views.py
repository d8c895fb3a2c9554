"""View models of what people keep of the pages: saved views and reported problems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class KeptView:
    """``owner`` is a shown name; ``is_own`` may be deleted by who looks."""

    id: int
    name: str
    path: str
    search: str
    is_shared: bool
    is_own: bool
    owner: str


@dataclass(frozen=True)
class ReportedProblem:
    """``href`` opens the exact view. ``answer`` None = still open."""

    id: int
    metric_name: str
    metric_version: int
    href: str
    shown: str
    snapshot: str
    as_of: datetime
    words: str
    reporter: str
    created_at: datetime
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True)
class ProblemsView:
    """``can_answer``: the viewer sees everybody's reports and answers them; else only the own ones."""

    problems: tuple[ReportedProblem, ...]
    can_answer: bool
    open_count: int
    page: int
    pages: int
