"""Which reports there are, whom they can be about, and their view models under the recipient's own permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.access.policy import Action, Policy
from services.domain.errors import InvalidInputError
from services.domain.grains import Grain
from services.domain.intervals import interval
from services.domain.metric import Period
from services.domain.people import ColumnClass, Viewer
from services.domain.periods import NamedPeriod, parse_period
from services.domain.views import ReportHead, ReportView, Stamp
from services.mart.schema import dim_requisition
from services.metrics.names import StoreNames
from services.metrics.question import midnight
from services.metrics.targets import TargetBook
from services.reporting.definitions import hiring_manager_weekly as weekly
from services.reporting.definitions import parts
from services.reporting.definitions import recruiter_scorecard as scorecard
from services.reporting.definitions.asking import Answers, Asker
from services.reporting.definitions.naming import candidate_names, company_name
from services.reporting.definitions.requisitions import missing_feedback, running_requisitions
from services.reporting.definitions.selection import Selection, incomplete, selection
from services.reporting.definitions.subjects import Snapshots, Subject, Subjects
from services.reporting.definitions.waiting import waiting
from services.reporting.periods import check_period
from services.store.database import Store

__all__ = ["KINDS", "ReportKind", "Reports", "Subject"]


@dataclass(frozen=True)
class ReportKind:
    id: str
    name: str
    example_period: str
    grain: Grain
    part: str
    """The subject's column in the snapshot."""
    dimension: str
    prefix: str
    metrics: tuple[str, ...]
    """Every metric it asks."""


KINDS: Mapping[str, ReportKind] = {
    kind.id: kind
    for kind in (
        ReportKind(
            "recruiter_scorecard",
            "Monthly recruiter scorecard",
            "2026-10",
            Grain.MONTH,
            "recruiter_id",
            "recruiter",
            "RS",
            scorecard.USED,
        ),
        ReportKind(
            "hiring_manager_weekly",
            "Weekly hiring-manager report",
            "2026-W47",
            Grain.WEEK,
            "hiring_manager_id",
            "hiring_manager",
            "WH",
            weekly.USED,
        ),
    )
}
_FIGURES: Mapping[str, tuple[str, ...]] = {
    "recruiter_scorecard": scorecard.METRICS,
    "hiring_manager_weekly": weekly.METRICS,
}
"""A kind's own, where no template was set."""
_WIDER_MONTHS, _WIDER_WEEKS = 3, 12


@dataclass(frozen=True)
class _Asked:
    """One request, resolved."""

    kind: ReportKind
    subject: Subject
    period: NamedPeriod
    viewer: Viewer
    as_of: datetime
    snapshot: str
    frame: parts.Frame
    selection: Selection


class Reports:
    """View models of all kinds. Safe for threads; everything of one report comes from one snapshot."""

    def __init__(self, query: Answers, store: Store, policy: Policy, snapshots: Snapshots) -> None:
        self._query = query
        self._store = store
        self._policy = policy
        self._snapshots = snapshots
        self._names = StoreNames(store)
        self._company: tuple[str, dict[Any, Any]] = ("", {})
        self._subjects = Subjects(snapshots, self._names, policy)

    def kinds(self) -> tuple[ReportKind, ...]:
        return tuple(KINDS.values())

    def subjects(self, kind: str, viewer: Viewer | None = None) -> Sequence[Subject]:
        """Whom ``viewer`` may choose; None = everybody, for the scheduler. Raises InvalidInputError, ForbiddenError."""
        found = _kind(kind)
        if viewer is not None:
            self._policy.require(viewer, Action.REPORTS_RENDER)
        return self._subjects.everybody(found.part, viewer)

    def view(
        self,
        kind: str,
        subject: str,
        period: str,
        viewer: Viewer,
        *,
        issued_at: datetime | None = None,
        locale: str = "en",
        paper: str = "A4",
    ) -> ReportView:
        """One subject's report as ``viewer`` may see it, as of the period's end or, while it runs, of the snapshot.

        ``issued_at`` None = as of that instant: never the wall clock. Raises InvalidInputError for an unknown kind or
        period, ForbiddenError for a role without reports, NotFoundError for a subject outside the scope.
        """
        found = _kind(kind)
        self._policy.require(viewer, Action.REPORTS_RENDER)
        with self._snapshots.hold():
            asked = self._resolve(found, subject, period, viewer)
            writer = _WRITERS[found.id]
            return writer(self, asked, _Printing(issued_at or asked.as_of, locale, paper))

    def _resolve(self, kind: ReportKind, subject: str, key: str, viewer: Viewer) -> _Asked:
        with self._snapshots.hold() as snapshot:
            latest = _utc(snapshot.as_of)
            period = _period(kind, key, latest)
            who = self._subjects.one(kind.part, subject, viewer)
            as_of = min(self._end_of(period), latest)
            where = {kind.dimension: (f"{who.name} ({who.id})",)}
            frame = parts.Frame(
                ask=Asker(self._query, viewer, where, as_of, self._company_of(snapshot.id)),
                period=period,
                before=_before(kind.grain, period),
                grain=kind.grain,
                wider=_wider(kind.grain, period),
                wider_label="Last 3 months" if kind.grain is Grain.MONTH else "Last 12 weeks",
                targets=TargetBook.of(self._store),
            )
            chosen = selection(
                self._store,
                _FIGURES[kind.id],
                person_id=int(who.id),
                splits=(kind.dimension, kind.grain),
                last_day=period.last_day,
                ended_at=self._end_of(period),
            )
            return _Asked(kind, who, period, viewer, as_of, snapshot.id, frame, chosen)

    def _company_of(self, snapshot_id: str) -> dict[Any, Any]:
        """Company figures of one snapshot; a new snapshot starts anew. Two threads at worst ask twice."""
        if self._company[0] != snapshot_id:
            self._company = (snapshot_id, {})
        return self._company[1]

    def _end_of(self, period: NamedPeriod) -> datetime:
        """The instant at which the period is over in every zone the company has requisitions in."""
        zones = self._snapshots.execute(sa.select(dim_requisition.c.timezone).distinct())
        ends = [midnight(period.end, zone or "UTC") for (zone,) in zones] or [midnight(period.end, "UTC")]
        return _utc(max(ends))

    # --- the kinds ----------------------------------------------------------------------------------------------------

    def _scorecard(self, asked: _Asked, printing: _Printing) -> ReportView:
        frame, person = asked.frame, int(asked.subject.id)
        items = self._open(asked)
        start = _utc(min(midnight(asked.period.start, "UTC"), asked.as_of.replace(tzinfo=None)))
        span = interval(start, asked.as_of)
        waits = waiting(self._snapshots, asked.kind.part, person, asked.viewer, span)
        managers = self._names.people({item.requisition.hiring_manager_id or 0 for item in items})
        written = scorecard.write(frame, items, waits, managers, span, asked.selection.metrics)
        return ReportView(
            head=self._head(asked, printing, "Recruiter scorecard", items),
            lede=written.lede,
            tiles=written.tiles,
            funnel=parts.funnel(frame),
            trend=parts.time_to_fill_trend(frame),
            tables=written.tables,
            definitions=parts.definitions(scorecard.footnotes(asked.selection.metrics)),
            notes=(*written.notes, *asked.selection.notes, *incomplete(written.tiles)),
            extra={"rules": " ".join(written.rules), "funnel_period": f"the {frame.wider_label.lower()}"},
        )

    def _weekly(self, asked: _Asked, printing: _Printing) -> ReportView:
        items = self._open(asked)
        hers, others = missing_feedback(self._snapshots, int(asked.subject.id), asked.viewer, asked.as_of)
        owed = [*hers, *others]
        candidates: Mapping[int, str] = {}
        if ColumnClass.CANDIDATE in asked.viewer.classes:
            candidates = candidate_names(self._store, [item.application_id for item in owed])
        titles = self._titles([item.requisition_id for item in owed])
        words = (
            *weekly.owed_in_words(hers, candidates, titles, is_hers=True),
            *weekly.owed_in_words(others, candidates, titles, is_hers=False),
        )
        today = min(asked.as_of.date(), asked.period.last_day)
        metrics = asked.selection.metrics
        written = weekly.write(asked.frame, items, words, today=today, metrics=metrics)
        return ReportView(
            head=self._head(asked, printing, "Your hiring, weekly", items),
            lede=written.lede,
            tiles=written.tiles,
            tables=written.tables,
            asks=written.asks,
            definitions=parts.definitions(weekly.footnotes(metrics)),
            notes=(*asked.selection.notes, *incomplete(written.tiles)),
            extra={"rules": " ".join(written.rules)},
        )

    def _open(self, asked: _Asked) -> tuple[parts.OpenRequisition, ...]:
        person = int(asked.subject.id)
        running = running_requisitions(self._snapshots, asked.kind.part, person, asked.viewer, asked.as_of)
        return parts.open_requisitions(asked.frame.ask, running)

    def _titles(self, ids: Sequence[int]) -> Mapping[int, str]:
        columns = dim_requisition.c
        statement = sa.select(columns.requisition_id, columns.title).where(columns.requisition_id.in_(sorted(set(ids))))
        return {key: title or "a requisition" for key, title in self._snapshots.execute(statement)}

    def _head(
        self, asked: _Asked, printing: _Printing, title: str, items: Sequence[parts.OpenRequisition]
    ) -> ReportHead:
        stopped = sum(item.status == "hold" for item in items)
        count = f"{len(items)} open {'requisition' if len(items) == 1 else 'requisitions'}"
        return ReportHead(
            kind=asked.kind.id,
            title=title,
            company=company_name(self._store),
            report_id=f"{asked.kind.prefix}-{asked.period.key}-{int(asked.subject.id):04}",
            subject=asked.subject.id,
            subject_name=asked.subject.name,
            subtitle=" · ".join([asked.period.label, count, *([f"{stopped} on hold or frozen"] if stopped else [])]),
            period=asked.period.key,
            period_label=asked.period.label,
            recipient=asked.viewer.email,
            stamp=Stamp(asked.as_of, asked.snapshot, timezone=asked.viewer.timezone),
            issued_at=printing.issued_at,
            locale=printing.locale,
            paper=printing.paper,
        )


@dataclass(frozen=True)
class _Printing:
    issued_at: datetime
    locale: str
    paper: str


_WRITERS: Mapping[str, Callable[[Any, _Asked, _Printing], ReportView]] = {
    "recruiter_scorecard": Reports._scorecard,  # noqa: SLF001 - our own class
    "hiring_manager_weekly": Reports._weekly,  # noqa: SLF001 - our own class
}


def _kind(kind: str) -> ReportKind:
    found = KINDS.get(kind)
    if found is None:
        raise InvalidInputError(f"There is no report {kind[:40]!r}. Use one of {', '.join(KINDS)}.")
    return found


def _period(kind: ReportKind, key: str, latest: datetime) -> NamedPeriod:
    check_period(key, kind.grain)
    period = parse_period(key, latest.date())
    if period.start > latest.date():
        raise InvalidInputError(
            f"{key} has not begun: the data end on {latest.date()}. Choose an earlier period, such as "
            f"{kind.example_period}."
        )
    return period


def _before(grain: Grain, period: NamedPeriod) -> NamedPeriod:
    start = parts.steps_back(grain, period.start, 1)
    key = f"{start:%Y-%m}" if grain is Grain.MONTH else "{}-W{:02}".format(*start.isocalendar()[:2])
    return parse_period(key, period.start)


def _wider(grain: Grain, period: NamedPeriod) -> Period:
    bins = _WIDER_MONTHS if grain is Grain.MONTH else _WIDER_WEEKS
    return Period(parts.steps_back(grain, period.end, bins), period.end)


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
