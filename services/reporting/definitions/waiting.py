"""Not in your hands: days of open requisitions spent waiting for others, as arithmetic on intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.domain.intervals import Interval, clip, interval, seconds, subtract, union
from services.domain.people import Viewer
from services.domain.pipeline import OfferAnswer, RequisitionStatus
from services.mart.schema import (
    dim_requisition,
    fact_application,
    fact_feedback,
    fact_offer_version,
    requisition_hold,
    requisition_status,
)
from services.metrics.agreed_places import agreed_offices
from services.metrics.scope import within
from services.reporting.definitions.subjects import Snapshots

_SECONDS_A_DAY = 86_400
_RUNNING = (RequisitionStatus.OPEN.value, RequisitionStatus.ON_HOLD.value)
_IS_MANAGERS = fact_feedback.c.interviewer_id == fact_feedback.c.hiring_manager_id
Intervals = Mapping[int, tuple[Interval, ...]]
"""Disjoint intervals by requisition."""


@dataclass(frozen=True)
class Waiting:
    """Requisition-days of the period. The parts may overlap each other, except that a hold is no other wait."""

    open_days: float
    hold_days: float
    feedback_days: float
    """At least one feedback of a held interview had not come."""
    candidate_days: float
    """At least one offer was out and unanswered."""
    manager_days: float = 0.0
    """Of ``feedback_days`` those on which the hiring manager's own feedback had not come."""


def waiting(snapshots: Snapshots, part: str, person_id: int, viewer: Viewer, span: Interval) -> Waiting:
    """Sums over the person's requisitions within the viewer's scope; ``span`` is the period cut at as-of.

    Where a works agreement is in force requisitions count for the person alone.
    """
    ids = sa.select(dim_requisition.c.requisition_id).where(dim_requisition.c[part] == person_id)
    reach, agreed = within(viewer.scope, dim_requisition), viewer.scope.agreed
    mine = ids if reach is None else ids.where(reach)
    if agreed.is_anywhere and agreed.own_person_id != person_id:
        mine = mine.where(sa.func.coalesce(dim_requisition.c.office_id, 0).not_in(agreed_offices(agreed)))
    running = _intervals(snapshots, _running(), mine, span)
    holds = _intervals(snapshots, _plain(requisition_hold, "from_at", "to_at"), mine, span)
    feedback = _intervals(snapshots, _feedback(), mine, span)
    manager = _intervals(snapshots, _feedback().where(_IS_MANAGERS), mine, span)
    offers = _intervals(snapshots, _offers(), mine, span)
    clocks = {key: subtract(parts, holds.get(key, ())) for key, parts in running.items()}
    return Waiting(
        open_days=_days(running.values()),
        hold_days=_days(_both(parts, running.get(key, ())) for key, parts in holds.items()),
        feedback_days=_days(_both(parts, clocks.get(key, ())) for key, parts in feedback.items()),
        candidate_days=_days(_both(parts, clocks.get(key, ())) for key, parts in offers.items()),
        manager_days=_days(_both(parts, clocks.get(key, ())) for key, parts in manager.items()),
    )


def _plain(table: sa.FromClause, start: str, end: str) -> sa.Select[Any]:
    columns = table.c
    return sa.select(columns.requisition_id, columns[start], columns[end]).where(columns[start].is_not(None))


def _running() -> sa.Select[Any]:
    return _plain(requisition_status, "from_at", "to_at").where(requisition_status.c.status.in_(_RUNNING))


def _feedback() -> sa.Select[Any]:
    """Until it came, or until the application was decided without it."""
    columns, application = fact_feedback.c, fact_application.c
    end = sa.func.least(columns.submitted_at, application.ended_at)
    return (
        sa.select(columns.requisition_id, columns.due_from_at, end)
        .join(fact_application, application.application_id == columns.application_id)
        .where(columns.due_from_at.is_not(None))
    )


def _offers() -> sa.Select[Any]:
    """Until the answer; a version that was replaced and has no answer of its own waits for nobody."""
    columns = fact_offer_version.c
    is_replaced = sa.and_(columns.answer == OfferAnswer.SUPERSEDED.value, columns.answered_at.is_(None))
    return _plain(fact_offer_version, "extended_at", "answered_at").where(sa.not_(sa.func.coalesce(is_replaced, False)))


def _intervals(
    snapshots: Snapshots, statement: sa.Select[Any], mine: sa.Select[tuple[int]], span: Interval
) -> Intervals:
    """Rows (requisition, start, end) of the requisitions in ``mine``, merged and cut to ``span``."""
    requisition = statement.selected_columns[0]
    found: dict[int, list[Interval]] = defaultdict(list)
    for key, from_at, to_at in snapshots.execute(statement.where(requisition.in_(mine))):
        found[key].append(interval(_utc(from_at), None if to_at is None else _utc(to_at)))
    return {key: clip(union(parts), span.start, span.end) for key, parts in found.items()}


def _both(parts: Iterable[Interval], within_parts: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Where both run."""
    mine = tuple(parts)
    return subtract(mine, subtract(mine, within_parts))


def _days(groups: Iterable[Any]) -> float:
    return sum(seconds(group) for group in groups) / _SECONDS_A_DAY


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)
