"""Each new snapshot against each rule: incidents are opened, worsened and cleared. A snapshot counts once a rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select, update

from services.accounts.directory import Accounts
from services.alerts.closing import close
from services.alerts.history import note
from services.alerts.judging import WINDOWS, Judgement, Verdict, Window, judge
from services.alerts.ladder import SCHEDULER, Ladder, Telling
from services.alerts.sight import Figure
from services.alerts.thresholds import Rule, Thresholds, scope_key
from services.audit.log import AuditLog
from services.delivery.insertion import insert_if_absent
from services.delivery.leases import Clock, utc_now
from services.domain.errors import ForbiddenError, InvalidInputError
from services.domain.grains import Grain, bin_label, bin_start
from services.domain.incidents import Severity, Step
from services.domain.metric import Period, Query, Row
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.tables import Incident, ThresholdRule

SETTLES_AFTER = timedelta(hours=12)
"""A window is complete when its last local day is over in every office."""
_SNAPSHOT_CHARACTERS = 50
Scope = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class OpenIncident:
    """What the evaluation needs to know of an incident that is open."""

    id: int
    version: int
    severity: Severity


@dataclass(frozen=True)
class Finding:
    """One scope of a rule: what was judged, and what will be told when it opens an incident."""

    scope: Scope
    key: str
    judgement: Judgement
    telling: Telling | None


class Evaluation:
    """``run`` is called as often as one likes; it acts when there is a snapshot that a rule was not judged on."""

    def __init__(
        self,
        store: Store,
        query: QueryLayer,
        thresholds: Thresholds,
        ladder: Ladder,
        accounts: Accounts,
        audit: AuditLog,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._query = query
        self._thresholds = thresholds
        self._ladder = ladder
        self._accounts = accounts
        self._audit = audit
        self._clock = clock

    def run(self) -> int:
        """Judge what has not been judged on the published snapshot; returns the number of rules that were."""
        with self._query.hold() as snapshot:
            return sum(
                self._evaluate(rule, snapshot.id, snapshot.as_of)
                for rule in self._thresholds.active()
                if rule.evaluated_snapshot != _mark(rule, snapshot.id, snapshot.as_of)
            )

    def _evaluate(self, rule: Rule, snapshot: str, as_of: datetime) -> bool:
        now, mark = self._clock(), _mark(rule, snapshot, as_of)
        try:
            windows = self._windows(rule, as_of)
        except (InvalidInputError, ForbiddenError) as error:
            return self._note_problem(rule, mark, str(error), now)
        known = self._open(rule)
        found = [self._finding(rule, scope, counted, known, now) for scope, counted in windows]
        findings = [finding for finding in found if finding is not None]
        with self._store.write() as connection:
            if not _claim(connection, rule, mark):
                return False
            for finding in findings:
                self._apply(connection, rule, finding, snapshot, now)
        return True

    def _windows(self, rule: Rule, as_of: datetime) -> list[tuple[Scope, list[Window]]]:
        """Per scope the counts of the latest complete windows, oldest first."""
        end = _end(rule, as_of)
        starts = [end]
        for _ in range(WINDOWS):
            starts.insert(0, bin_start(rule.grain, starts[0] - timedelta(days=1)))
        by = (rule.each, rule.grain) if rule.each else (rule.grain,)
        query = Query((rule.metric_id,), by=by, where=rule.scope, period=Period(starts[0], end), raw=True)
        answer = self._query.ask(query, self._accounts.local_operator())
        grouped: dict[str | None, dict[str | None, Row]] = {}
        for row in answer.rows:
            grouped.setdefault(row.dims[rule.each] if rule.each else None, {})[row.dims[rule.grain]] = row
        return [
            (_scope_of(rule, value), [_window(rule.grain, start, rows) for start in starts[:-1]])
            for value, rows in grouped.items()
            if value is not None or rule.each is None
        ]

    def _finding(
        self, rule: Rule, scope: Scope, windows: Sequence[Window], known: Mapping[str, OpenIncident], now: datetime
    ) -> Finding | None:
        key = scope_key(scope)
        judgement = judge(
            windows, rule.limit, minimum_n=rule.minimum_n, is_ceiling=rule.is_ceiling, is_open=key in known
        )
        if judgement is None or (key not in known and judgement.verdict in {Verdict.NOTHING, Verdict.CLEAR}):
            return None
        telling = None
        if key not in known:
            telling = self._ladder.plan(rule, figure_of(rule, scope, judgement), Step.RECRUITER, now)
        return Finding(scope, key, judgement, telling)

    def _open(self, rule: Rule) -> dict[str, OpenIncident]:
        with self._store.read() as connection:
            return _open_of(connection, rule)

    def _apply(self, connection: Connection, rule: Rule, finding: Finding, snapshot: str, now: datetime) -> None:
        here = _open_of(connection, rule).get(finding.key)
        verdict = finding.judgement.verdict
        if here is None:
            if verdict in {Verdict.BREACH, Verdict.WARN} and finding.telling is not None:
                self._open_incident(connection, rule, finding, snapshot, now)
        elif verdict is Verdict.CLEAR:
            if close(connection, here.id, here.version, "cleared", SCHEDULER, now):
                figure = figure_of(rule, finding.scope, finding.judgement)
                self._ladder.tell_cleared(connection, here.id, figure, now)
                self._audit.append(connection, SCHEDULER, "incident.cleared", f"incident:{here.id}")
        else:
            self._renew(connection, rule, here, finding.judgement, snapshot, now)

    def _open_incident(
        self, connection: Connection, rule: Rule, finding: Finding, snapshot: str, now: datetime
    ) -> None:
        judgement, telling = finding.judgement, finding.telling
        if telling is None or _was_closed_on(connection, rule, finding):
            return
        severity = Severity(judgement.verdict.value)
        open_key = f"{rule.id}/{finding.key}"
        row = {
            "rule_id": rule.id,
            "scope_key": finding.key,
            "scope": json.dumps(finding.scope),
            "open_key": open_key,
            "severity": severity.value,
            "step": int(telling.step),
            "step_at": now,
            "opened_at": now,
            **_figures(rule, judgement, snapshot),
        }
        if not insert_if_absent(connection, Incident, [row], ("open_key",)):
            return
        incident_id = int(connection.execute(select(Incident.id).where(Incident.open_key == open_key)).scalar_one())
        detail = {"severity": severity.value, "value": judgement.value, "n": judgement.n, "limit": rule.limit}
        note(connection, incident_id, "opened", "opened", now, SCHEDULER, detail)
        self._audit.append(connection, SCHEDULER, "incident.opened", f"incident:{incident_id}", detail)
        figure = figure_of(rule, finding.scope, judgement)
        self._ladder.take(connection, incident_id, rule, figure, severity, telling, now)

    def _renew(
        self, connection: Connection, rule: Rule, here: OpenIncident, judgement: Judgement, snapshot: str, now: datetime
    ) -> None:
        """The latest figures; a warning that has become a breach is nobody's any more, and its clock starts again."""
        values = _figures(rule, judgement, snapshot)
        worsened = here.severity is Severity.WARN and judgement.verdict is Verdict.BREACH
        if worsened:
            values |= {
                "severity": Severity.BREACH.value,
                "acknowledged_at": None,
                "acknowledged_by": None,
                "step_at": now,
                "version": here.version + 1,
            }
        changed = connection.execute(
            update(Incident).where(Incident.id == here.id, Incident.version == here.version).values(**values)
        )
        if worsened and changed.rowcount == 1:
            detail = {"value": judgement.value, "n": judgement.n, "limit": rule.limit}
            note(connection, here.id, f"worsened-{here.version + 1}", "worsened", now, SCHEDULER, detail)
            self._audit.append(connection, SCHEDULER, "incident.worsened", f"incident:{here.id}", detail)

    def _note_problem(self, rule: Rule, mark: str, problem: str, now: datetime) -> bool:
        with self._store.write() as connection:
            if not _claim(connection, rule, mark, problem):
                return False
            if rule.problem != problem:
                self._audit.append(
                    connection, SCHEDULER, "threshold.not_judged", f"threshold:{rule.id}", {"why": problem}
                )
                self._ladder.tell_problem(connection, rule, problem, now)
        return True


def _end(rule: Rule, as_of: datetime) -> date:
    """First day after the latest complete window."""
    return bin_start(rule.grain, (as_of - SETTLES_AFTER).date())


def _mark(rule: Rule, snapshot: str, as_of: datetime) -> str:
    """What was judged: a snapshot that stays the same holds one complete window more when a month has ended."""
    return f"{snapshot[:_SNAPSHOT_CHARACTERS]}@{_end(rule, as_of)}"


def figure_of(rule: Rule, scope: Scope, judgement: Judgement) -> Figure:
    return Figure(
        metric=rule.metric,
        scope=scope,
        grain=rule.grain,
        window_start=judgement.window_start,
        value=judgement.value,
        bound=judgement.bound,
        n=judgement.n,
        limit=rule.limit,
    )


def _scope_of(rule: Rule, value: str | None) -> Scope:
    return dict(rule.scope) if rule.each is None or value is None else {**rule.scope, rule.each: (value,)}


def _window(grain: Grain, start: date, rows: Mapping[str | None, Row]) -> Window:
    row = rows.get(bin_label(grain, start))
    # without a value the counts are none to judge: an agreement hides the rate of a small team from everybody
    if row is None or row.value is None or row.numerator is None or not row.denominator:
        return Window(start, 0, 0)
    return Window(start, int(row.numerator), int(row.denominator))


def _figures(rule: Rule, judgement: Judgement, snapshot: str) -> dict[str, object]:
    return {
        "rule_version": rule.version,
        "limit_value": rule.limit,
        "value": judgement.value,
        "bound": judgement.bound,
        "n": judgement.n,
        "window_start": judgement.window_start,
        "snapshot": snapshot,
    }


def _claim(connection: Connection, rule: Rule, mark: str, problem: str | None = None) -> bool:
    """This evaluation is the one that counts. False = another process judged the rule, or somebody changed it."""
    changed = connection.execute(
        update(ThresholdRule)
        .where(
            ThresholdRule.id == rule.id,
            ThresholdRule.is_active,
            ThresholdRule.version == rule.version,
            ThresholdRule.evaluated_snapshot.is_not_distinct_from(rule.evaluated_snapshot),
        )
        .values(evaluated_snapshot=mark, problem=problem)
    )
    return changed.rowcount == 1


def _open_of(connection: Connection, rule: Rule) -> dict[str, OpenIncident]:
    rows = connection.execute(
        select(Incident.id, Incident.scope_key, Incident.version, Incident.severity).where(
            Incident.rule_id == rule.id, Incident.state == "open"
        )
    )
    return {row.scope_key: OpenIncident(row.id, row.version, Severity(row.severity)) for row in rows}


def _was_closed_on(connection: Connection, rule: Rule, finding: Finding) -> bool:
    """A person closed an incident on this very window: the same figures do not open it again."""
    closed = select(Incident.id).where(
        Incident.rule_id == rule.id,
        Incident.scope_key == finding.key,
        Incident.close_reason == "closed",
        Incident.window_start >= finding.judgement.window_start,
    )
    return connection.execute(closed.limit(1)).first() is not None
