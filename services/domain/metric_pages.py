"""View models of the metric catalogue and of a metric's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.domain.metric import Row, Status


@dataclass(frozen=True)
class CatalogueEntry:
    """One line of the catalogue."""

    metric_id: str
    name: str
    summary: str
    unit: str
    """In the words of a reader: "days", "rate"."""
    status: Status
    version: int
    owner: str
    uses: int
    """Pages, reports and alert rules that ask it."""


@dataclass(frozen=True)
class CatalogueView:
    """``units`` and ``statuses`` are those that occur for the viewer, whatever is chosen."""

    entries: tuple[CatalogueEntry, ...]
    total: int
    """Metrics the viewer may see at all."""
    search: str = ""
    status: str = ""
    unit: str = ""
    statuses: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExampleStep:
    """A line of a worked example: what happened, when or how long. ``is_result``: what the lines add up to."""

    what: str
    words: str
    is_result: bool = False


@dataclass(frozen=True)
class Example:
    """One case of today's data, step by step."""

    title: str
    steps: tuple[ExampleStep, ...]
    remark: str = ""


@dataclass(frozen=True)
class VersionStep:
    version: int
    effective_from: date
    words: str
    is_current: bool


@dataclass(frozen=True)
class Use:
    """A page, report or alert rule that asks the metric. ``href`` None = it has no page of its own."""

    kind: str
    name: str
    href: str | None


@dataclass(frozen=True)
class Related:
    metric_id: str
    name: str
    words: str


@dataclass(frozen=True)
class MetricView:
    """Everything a reader needs to trust a figure, or to decide not to."""

    metric_id: str
    name: str
    summary: str
    status: Status
    status_words: str
    version: int
    owner: str
    facts: tuple[tuple[str, str], ...]
    """(term, words), fields of the definition in the order of a formula."""
    counts: tuple[tuple[str, str], ...]
    """Further counts an answer carries: (name, what it means)."""
    figure: Row | None
    """The viewer's own figure; None = there is none, and ``figure_words`` says why."""
    figure_words: str
    figure_steps: tuple[ExampleStep, ...]
    """How the figure comes about: out of how many, how many of them, interval."""
    example: Example | None
    versions: tuple[VersionStep, ...]
    """Newest first."""
    uses: tuple[Use, ...]
    related: tuple[Related, ...]
    """Variants, what it is a variant of, its successor."""
    dimensions: tuple[str, ...]
    as_of_words: str
