"""A worked example for clocks: the latest finished case the viewer may see, step by step.

A case of one requisition names nobody and is open to whoever reaches the requisition; one candidate's way needs the
class for candidates, one interviewer's form the class for people. Where a works agreement is in force no case is shown.
Metrics without a clock have no example of one case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.domain.intervals import Interval, clip, seconds, seconds_of
from services.domain.metric import Metric
from services.domain.metric_pages import Example, ExampleStep
from services.domain.people import ColumnClass, Viewer
from services.domain.wording import at_instant, number
from services.mart.schema import (
    dim_requisition,
    fact_application,
    fact_feedback,
    fact_seat,
    fact_stage_visit,
    requisition_hold,
)
from services.metrics.agreed_places import agreed_offices
from services.metrics.scope import within

LEAST = 3 * 86_400
"""Shortest clock that is shown: a case of seconds explains nothing."""
_DAY = 86_400


class Executor(Protocol):
    def execute(self, statement: sa.SelectBase, /) -> list[tuple[Any, ...]]: ...


def example_of(metric: Metric, viewer: Viewer, reader: Executor) -> Example | None:
    """None = the metric has no clock of one case, or there is no finished case within the viewer's reach."""
    make = _MAKERS.get(metric.id)
    needed = _NEEDS.get(metric.id, ColumnClass.GENERAL)
    if make is None or needed not in viewer.classes:
        return None
    return make(metric, viewer, reader)


def _seat(metric: Metric, viewer: Viewer, reader: Executor) -> Example | None:
    """From opening to acceptance, with every hold in between."""
    seat = fact_seat.c
    columns = (seat.requisition_id, seat.opened_at, seat.filled_at)
    hold = requisition_hold.c
    was_held = (
        sa.select(hold.requisition_id)
        .where(hold.requisition_id == seat.requisition_id, hold.from_at < seat.filled_at)
        .where(sa.or_(hold.to_at.is_(None), hold.to_at > seat.opened_at))
        .exists()
    )
    row = None
    for wanted in ((was_held,), ()):  # a case with a hold explains more
        row = row or _latest(reader, viewer, fact_seat, columns, seat.opened_at, seat.filled_at, seat.seat_id, *wanted)
    if row is None:
        return None
    requisition_id, opened_at, filled_at = row
    title, zone = _requisition(reader, requisition_id)
    whole = Interval(_seconds(opened_at), _seconds(filled_at))
    holds = clip(_holds(reader, requisition_id), *whole)
    gross, held = whole.end - whole.start, seconds(holds)
    steps = [ExampleStep("Opened", _at(opened_at, zone))]
    steps += [
        ExampleStep("On hold", f"{_at(_naive(hold.start), zone)} to {_at(_naive(hold.end), zone)}, {_days(hold)} days")
        for hold in holds
    ]
    steps.append(ExampleStep("Offer accepted", _at(filled_at, zone)))
    steps.append(ExampleStep("Elapsed, on hold", f"{_tenths(gross)} and {_tenths(held)} days"))
    result = gross if metric.id == "time_to_fill_gross" else gross - held
    steps.append(ExampleStep("Counts as", f"{_tenths(result)} days", is_result=True))
    return Example(title, tuple(steps), "Elapsed, not inclusive: who counts both end days says one more.")


def _application(metric: Metric, viewer: Viewer, reader: Executor) -> Example | None:
    """From application to acceptance (or to the first offer) with the stages on the way; nobody is named."""
    fact = fact_application.c
    stop = fact.extended_at if metric.id == "days_to_offer" else fact.accepted_at
    words = "First offer extended" if metric.id == "days_to_offer" else "Offer accepted"
    ways = (fact.applied_at, fact.screen_at, fact.assessment_at, fact.interview_at, stop)
    row = _latest(
        reader, viewer, fact_application, (fact.requisition_id, *ways), fact.applied_at, stop, fact.application_id,
        fact.undone_at.is_(None), fact.is_internal.is_not(True),
    )  # fmt: skip
    if row is None:
        return None
    title, zone = _requisition(reader, row[0])
    names = ("Applied", "Reached screen", "Reached assessment", "Reached interview", words)
    steps = [ExampleStep(name, _at(at, zone)) for name, at in zip(names, row[1:], strict=True) if at is not None]
    elapsed = _seconds(row[-1]) - _seconds(row[1])
    steps.append(ExampleStep("Counts as", f"{_tenths(elapsed)} days", is_result=True))
    return Example(f"One application to {title}", tuple(steps))


def _visit(_metric: Metric, viewer: Viewer, reader: Executor) -> Example | None:
    """One stay in one stage, holds of the requisition left out."""
    fact = fact_stage_visit.c
    columns = (fact.requisition_id, fact.stage, fact.entered_at, fact.exited_at)
    row = _latest(reader, viewer, fact_stage_visit, columns, fact.entered_at, fact.exited_at, fact.visit_id)
    if row is None:
        return None
    requisition_id, stage, entered_at, exited_at = row
    title, zone = _requisition(reader, requisition_id)
    whole = Interval(_seconds(entered_at), _seconds(exited_at))
    held = seconds(clip(_holds(reader, requisition_id), *whole))
    steps = (
        ExampleStep(f"Entered {stage}", _at(entered_at, zone)),
        ExampleStep("Left it", _at(exited_at, zone)),
        ExampleStep("On hold meanwhile", f"{_tenths(held)} days"),
        ExampleStep("Counts as", f"{_tenths(whole.end - whole.start - held)} days", is_result=True),
    )
    return Example(f"One application to {title}", steps)


def _feedback(_metric: Metric, viewer: Viewer, reader: Executor) -> Example | None:
    """One form, from the interview's end, in the working time of the office; the interviewer is not named."""
    fact = fact_feedback.c
    columns = (fact.requisition_id, fact.due_from_at, fact.submitted_at, fact.worked_minutes)
    row = _latest(
        reader, viewer, fact_feedback, columns, fact.due_from_at, fact.submitted_at, fact.feedback_id,
        fact.worked_minutes > 0, least=_DAY,
    )  # fmt: skip
    if row is None:
        return None
    requisition_id, due_from_at, submitted_at, minutes = row
    title, zone = _requisition(reader, requisition_id)
    elapsed = _seconds(submitted_at) - _seconds(due_from_at)
    steps = (
        ExampleStep("Interview ended", _at(due_from_at, zone)),
        ExampleStep("Feedback submitted", _at(submitted_at, zone)),
        ExampleStep("Elapsed", f"{number(elapsed / 3600, decimals=1)} hours"),
        ExampleStep("Counts as", f"{number(minutes / 60, decimals=1)} business hours", is_result=True),
    )
    return Example(f"One interview for {title}", steps, "Nights, weekends, holidays and leave stop the clock.")


Maker = Callable[[Metric, Viewer, Executor], Example | None]
_SEATS = ("time_to_fill", "time_to_fill_gross", "time_to_fill_opened", "time_to_fill_filled")
_APPLICATIONS = ("time_to_hire", "days_to_offer", "time_to_hire_cohort")
_VISITS = ("time_in_stage", "time_in_stage_completed")
_FORMS = ("feedback_turnaround", "feedback_late_rate", "roles_with_late_feedback")
_MAKERS: Mapping[str, Maker] = {
    **dict.fromkeys(_SEATS, _seat),
    **dict.fromkeys(_APPLICATIONS, _application),
    **dict.fromkeys(_VISITS, _visit),
    **dict.fromkeys(_FORMS, _feedback),
}
_NEEDS: Mapping[str, ColumnClass] = {
    **dict.fromkeys((*_APPLICATIONS, *_VISITS), ColumnClass.CANDIDATE),
    **dict.fromkeys(_FORMS, ColumnClass.PERSON),
}


def _latest(
    reader: Executor,
    viewer: Viewer,
    table: sa.Table,
    columns: tuple[sa.ColumnElement[Any], ...],
    start: sa.ColumnElement[Any],
    stop: sa.ColumnElement[Any],
    key: sa.ColumnElement[Any],
    *conditions: sa.ColumnElement[bool],
    least: int = LEAST,
) -> tuple[Any, ...] | None:
    """The case that stopped last, of those whose clock ran at least ``least`` seconds."""
    reach, agreed = within(viewer.scope, table), viewer.scope.agreed
    if agreed.is_anywhere:  # one case is the work of one person
        conditions = (*conditions, table.c.office_id.not_in(agreed_offices(agreed)))
    long_enough = sa.extract("epoch", stop) - sa.extract("epoch", start) >= least
    query = (
        sa.select(*columns)
        .where(start.is_not(None), stop.is_not(None), long_enough, *conditions)
        .order_by(stop.desc(), key.desc())
        .limit(1)
    )
    rows = reader.execute(query if reach is None else query.where(reach))
    return rows[0] if rows else None


def _requisition(reader: Executor, requisition_id: int) -> tuple[str, str]:
    """How people call it, and the zone of its office."""
    columns = dim_requisition.c
    query = sa.select(columns.code, columns.title, columns.timezone).where(columns.requisition_id == requisition_id)
    rows = reader.execute(query)
    code, title, zone = rows[0] if rows else (None, None, None)
    return " ".join(part for part in dict.fromkeys((code, title)) if part) or "one requisition", zone or "UTC"


def _holds(reader: Executor, requisition_id: int) -> list[Interval]:
    columns = requisition_hold.c
    query = sa.select(columns.from_at, columns.to_at).where(columns.requisition_id == requisition_id)
    far = datetime(9999, 1, 1, tzinfo=UTC)
    return [
        Interval(_seconds(from_at), seconds_of(far) if to_at is None else _seconds(to_at))
        for from_at, to_at in reader.execute(query)
    ]


def _seconds(instant: datetime) -> int:
    return seconds_of(instant.replace(tzinfo=UTC))


def _naive(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _at(instant: datetime, zone: str) -> str:
    return at_instant(instant.replace(tzinfo=UTC), str(ZoneInfo(zone)))


def _days(interval: Interval) -> str:
    return _tenths(interval.end - interval.start)


def _tenths(duration: int) -> str:
    """Days on the grid of a tenth, half up, as every duration is before anything is estimated."""
    days = (Decimal(duration) / _DAY).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return number(float(days), decimals=1)
