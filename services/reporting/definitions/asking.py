"""Questions of one report: one viewer, one subject, one instant; the company's figures are asked apart."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from services.domain.metric import Answer, Period, Query, Reason, Row, Unit
from services.domain.people import ColumnClass, Scope, Viewer


class Answers(Protocol):
    """The query layer as reports use it."""

    def ask(self, query: Query, viewer: Viewer, /) -> Answer: ...


def company_viewer(viewer: Viewer) -> Viewer:
    """Who asks for the company's figures that stand beside one's own.

    A benchmark is one number for the whole company, of the general class and under the small-n rule: everybody who gets
    a report may see it. Whoever asks through this viewer splits by time, by transition, or not at all, and prints no
    other split.
    """
    general = frozenset({ColumnClass.GENERAL})
    return replace(viewer, roles=frozenset(), scope=Scope(everything=True), classes=general, person_id=None)


@dataclass(frozen=True)
class Asker:
    """``where`` limits every question to the subject; company figures are not limited."""

    query: Answers
    viewer: Viewer
    where: Mapping[str, tuple[str, ...]]
    as_of: datetime
    known: MutableMapping[Any, tuple[Row, ...]] = field(default_factory=dict)
    """Company figures already asked of this snapshot: the same beside everybody's own."""
    company: Viewer = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "company", company_viewer(self.viewer))

    def rows(
        self,
        *metrics: str,
        period: Period = Period(),  # noqa: B008 - frozen
        by: tuple[str, ...] = (),
        where: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[Row, ...]:
        """The subject's rows, as the viewer may see them."""
        asked = Query(metrics, by, {**self.where, **(where or {})}, period, self.as_of)
        return tuple(in_printed_unit(row) for row in self.query.ask(asked, self.viewer).rows)

    def company_rows(
        self,
        *metrics: str,
        period: Period = Period(),  # noqa: B008 - frozen
        by: tuple[str, ...] = (),
        where: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[Row, ...]:
        """The same of the whole company."""
        key = (metrics, by, tuple(sorted((where or {}).items())), period, self.as_of, self.company.fingerprint())
        if key not in self.known:
            asked = Query(metrics, by, where or {}, period, self.as_of)
            self.known[key] = tuple(in_printed_unit(row) for row in self.query.ask(asked, self.company).rows)
        return self.known[key]


def in_printed_unit(row: Row) -> Row:
    """Feedback is read in business days; the metric's own value is in business hours and brings the days along."""
    if row.unit is not Unit.BUSINESS_HOURS:
        return row
    days = row.extra.get("business_days")
    value = None if row.value is None else days
    reason = (row.reason or Reason.NOT_REACHED) if value is None else None
    return replace(
        row, value=value, reason=reason, unit=Unit.BUSINESS_DAYS, low=None, high=None, p25=None, p75=None, note=None
    )


def by_metric(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.metric: row for row in rows}
