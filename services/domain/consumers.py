"""Who shows or watches a metric: what a change of its definition reaches."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ConsumerKind(enum.StrEnum):
    PAGE = "page"
    REPORT = "report"
    TEMPLATE = "template"
    ALERT = "alert"


@dataclass(frozen=True)
class Consumer:
    """One page, report, template or alert rule with the ids of every metric it asks."""

    kind: ConsumerKind
    id: str
    name: str
    metrics: frozenset[str]
