"""Refresh: when the mart is built for which dashboard, how fresh the numbers were, and what is said when it failed.

One snapshot serves all dashboards. A round builds it once when any dashboard is due and something changed; a dashboard
is never older than its own rule says, and may be newer where another one's refresh came first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, cast, delete, func, insert, select

from services.access.policy import Action, Policy
from services.alerts.working_time import calendar_for
from services.audit.log import AuditLog
from services.domain.errors import HireboardError, InvalidInputError
from services.domain.intervals import seconds_of
from services.domain.people import Viewer
from services.domain.refresh_page import (
    DASHBOARDS,
    LONGEST_JITTER_S,
    LONGEST_MINUTES,
    SHORTEST_MINUTES,
    FreshnessEntry,
    LaneEntry,
    RefreshEntry,
    RefreshView,
)
from services.domain.views import Note
from services.domain.wording import at_instant, number
from services.mart.reader import MartReader
from services.mart.snapshots import Manifest
from services.metrics.lane_choice import NEEDS, cheapest
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import ChangeRow, FreshnessRecord, LiveLane, Office, RefreshRule

STANDARD_MINUTES = 5
STANDARD_JITTER_S = 20
OBJECTIVE_TIMES = 3
"""The standard objective: so many times the interval."""
UNCHANGED_FOR = timedelta(hours=1)
"""Ages go on without any change: so long at most the same content keeps its as-of."""
KEPT = timedelta(days=90)
SHOWN = 40
_NAMES = dict(DASHBOARDS)


class Rule(NamedTuple):
    interval_minutes: int = STANDARD_MINUTES
    office_id: int | None = None
    jitter_s: int = STANDARD_JITTER_S
    objective_minutes: int = STANDARD_MINUTES * OBJECTIVE_TIMES
    version: int = 0
    changed_by: str = ""


class Refresh:
    """``build`` builds and publishes; ``standard_minutes``: the interval of dashboards without a rule (0 = by hand)."""

    def __init__(
        self,
        store: Store,
        mart: MartReader,
        policy: Policy,
        audit: AuditLog,
        *,
        build: Callable[[], object] = lambda: None,
        standard_minutes: Callable[[], int] = lambda: STANDARD_MINUTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._mart = mart
        self._policy = policy
        self._audit = audit
        self._build = build
        self._standard = standard_minutes
        self._now = now
        self._begun = now()

    def round(self) -> tuple[str, ...]:
        """Refresh what is due; returns its dashboards. However many are due, the mart is built once, or not at all."""
        now = self._now()
        with self._store.read() as connection:
            rules, last = self._rules(connection), _last_looks(connection)
            due = [
                name
                for name, rule in rules.items()
                if self._is_due(connection, name, rule, last.get(name, self._begun), now)
            ]
        if not due:
            return ()
        problem = self._refresh(now)
        with self._store.write() as connection:
            self._record(connection, {name: rules[name] for name in due}, now, problem)
        return tuple(due)

    def _is_due(self, connection: Connection, name: str, rule: Rule, last: datetime, now: datetime) -> bool:
        if rule.interval_minutes <= 0 or now < last + timedelta(minutes=rule.interval_minutes) + jitter(
            name, rule, last
        ):
            return False
        return rule.office_id is None or calendar_for(connection, rule.office_id).is_working(seconds_of(now))

    def _refresh(self, now: datetime) -> str | None:
        """Why it failed; None = the numbers are those of now."""
        current = self._current()
        if current is not None and now - current.as_of < UNCHANGED_FOR and not self._has_news(current):
            return None
        try:
            self._build()
        except (HireboardError, OSError) as error:
            return str(error)
        return None

    def _current(self) -> Manifest | None:
        found = self._mart.folder.current_id()
        return self._mart.folder.manifest(found) if found else None

    def _has_news(self, current: Manifest) -> bool:
        column = ChangeRow.xid if self._store.dialect == "postgresql" else ChangeRow.id
        after = column >= current.watermark if self._store.dialect == "postgresql" else column > current.watermark
        with self._store.read() as connection:
            return connection.execute(select(ChangeRow.id).where(after).limit(1)).first() is not None

    def _record(self, connection: Connection, due: dict[str, Rule], now: datetime, problem: str | None) -> None:
        current = self._current()
        # nothing changed since: the numbers are those of now, whenever they were built
        as_of = None if current is None else current.as_of if problem else max(current.as_of, now)
        for name, rule in due.items():
            is_met = as_of is not None and now - as_of <= timedelta(minutes=rule.objective_minutes)
            row = {"dashboard": name, "at": now, "as_of": as_of, "is_met": is_met, "problem": problem}
            connection.execute(insert(FreshnessRecord).values(**row, objective_minutes=rule.objective_minutes))
        connection.execute(delete(FreshnessRecord).where(FreshnessRecord.at < now - KEPT))

    def _rules(self, connection: Connection) -> dict[str, Rule]:
        minutes = self._standard()
        standard = Rule(minutes, objective_minutes=max(minutes, 1) * OBJECTIVE_TIMES)
        found = {
            row.dashboard: Rule(
                row.interval_minutes, row.office_id, row.jitter_s, row.objective_minutes, row.version, row.changed_by
            )
            for row in newest_versions(connection, RefreshRule, "dashboard")
        }
        return {name: found.get(name, standard) for name, _ in DASHBOARDS}

    def put(self, viewer: Viewer, dashboard: str, rule: Rule, *, expected_version: int | None = None) -> None:
        """A new version of a dashboard's rule. Raises ForbiddenError, InvalidInputError, ConflictError."""
        self._policy.require(viewer, Action.REFRESH_MANAGE)
        _check(dashboard, rule)
        now = self._now()
        with self._store.write() as connection:
            office = Office.id == rule.office_id
            if rule.office_id is not None and connection.scalar(select(Office.id).where(office)) is None:
                raise InvalidInputError("There is no such office. Choose one of the list.")
            before = self._rules(connection)[dashboard]
            values = {
                "interval_minutes": rule.interval_minutes,
                "office_id": rule.office_id,
                "jitter_s": rule.jitter_s,
                "objective_minutes": rule.objective_minutes,
            }
            made = {**values, "changed_at": now, "changed_by": viewer.email}
            append_version(connection, RefreshRule, {"dashboard": dashboard}, made, expected_version)
            detail = {"before": {name: getattr(before, name) for name in values}, "after": values}
            self._audit.append(connection, viewer.email, "refresh.set", f"dashboard:{dashboard}", detail)

    def notes(self, timezone: str = "UTC") -> tuple[Note, ...]:
        """The banner after a refresh that failed: why, and how old the numbers are."""
        query = select(FreshnessRecord.problem, FreshnessRecord.as_of).order_by(FreshnessRecord.id.desc()).limit(1)
        with self._store.read() as connection:
            row = connection.execute(query).first()
        if row is None or row.problem is None:
            return ()
        age = (
            ""
            if row.as_of is None
            else f" They are of {at_instant(row.as_of, timezone)}, {_age(self._now() - row.as_of)} old."
        )
        return (Note("warning", f"The numbers could not be refreshed. {row.problem}{age}"),)

    def view(self, viewer: Viewer) -> RefreshView:
        """Raises ForbiddenError."""
        self._policy.require(viewer, Action.REFRESH_MANAGE)
        week = self._now() - timedelta(days=7)
        looks = select(FreshnessRecord.dashboard, func.count(), func.sum(cast(FreshnessRecord.is_met, Integer))).where(
            FreshnessRecord.at >= week
        )
        latest = select(FreshnessRecord.__table__).order_by(FreshnessRecord.id.desc()).limit(SHOWN)
        with self._store.read() as connection:
            offices = {
                row.id: row.name for row in connection.execute(select(Office.id, Office.name).order_by(Office.name))
            }
            rules = self._rules(connection)
            met = {row[0]: row[2] / row[1] for row in connection.execute(looks.group_by(FreshnessRecord.dashboard))}
            history = tuple(map(_entry, connection.execute(latest)))
            is_filled = bool(connection.scalar(select(LiveLane.change_number)))
        entries = tuple(
            RefreshEntry(
                name, title, rule.interval_minutes, rule.office_id, offices.get(rule.office_id or 0, ""), rule.jitter_s,
                rule.objective_minutes, rule.version, rule.changed_by, met.get(name),
            )
            for name, title in DASHBOARDS
            for rule in (rules[name],)
        )  # fmt: skip
        return RefreshView(entries, history, self._lanes(is_filled=is_filled), tuple(offices.items()), viewer.timezone)

    def _lanes(self, *, is_filled: bool) -> tuple[LaneEntry, ...]:
        current = self._current()
        age = (self._now() - current.as_of).total_seconds() if current else float("inf")
        found: list[LaneEntry] = []
        for need in NEEDS:
            chosen = cheapest(need, age, is_live_ready=is_filled)
            met = "missed" if chosen.is_miss else "met"
            within = f"{need.freshness_s} s" if need.freshness_s < 60 else f"{need.freshness_s // 60} min"  # noqa: PLR2004 - a minute
            budget = f"{need.budget_s * 1000:.0f} ms"
            found.append(LaneEntry(need.name, within, budget, chosen.lane, met, not chosen.is_miss))
        return tuple(found)


def jitter(dashboard: str, rule: Rule, last: datetime) -> timedelta:
    """The same for the same look, spread evenly over the rule's seconds."""
    seed = hashlib.sha256(f"{dashboard} {last.isoformat()}".encode()).digest()
    return timedelta(seconds=int.from_bytes(seed[:4], "big") % (rule.jitter_s + 1))


def _check(dashboard: str, rule: Rule) -> None:
    if dashboard not in _NAMES:
        raise InvalidInputError(f"There is no dashboard {dashboard!r}. Choose from: {', '.join(_NAMES)}.")
    if not SHORTEST_MINUTES <= rule.interval_minutes <= LONGEST_MINUTES:
        raise InvalidInputError(f"An interval is between {SHORTEST_MINUTES} and {number(LONGEST_MINUTES)} minutes.")
    if not 0 <= rule.jitter_s <= LONGEST_JITTER_S:
        raise InvalidInputError(f"Put off by at most {LONGEST_JITTER_S} seconds.")
    if not rule.interval_minutes <= rule.objective_minutes <= LONGEST_MINUTES:
        raise InvalidInputError("The objective cannot be shorter than the interval, nor longer than a day.")


def _last_looks(connection: Connection) -> dict[str, datetime]:
    latest: Any = func.max(FreshnessRecord.at, type_=FreshnessRecord.at.type)
    query = select(FreshnessRecord.dashboard, latest).group_by(FreshnessRecord.dashboard)
    return {row[0]: row[1] for row in connection.execute(query)}


def _entry(row: Any) -> FreshnessEntry:
    name = _NAMES.get(row.dashboard, row.dashboard)
    return FreshnessEntry(name, row.at, row.as_of, row.objective_minutes, row.is_met, row.problem or "")


def _age(age: timedelta) -> str:
    minutes = max(int(age.total_seconds()) // 60, 0)
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004 - two days
