"""Until enough of those who reached offer or hire were asked about themselves, their figures carry "incomplete".

Answering stays voluntary: to decline is to have been asked. The share is taken over the same places and period as the
figure, in countries whose pack lets people be asked, or everywhere where no pack is set. The mark tells no number.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain import wording
from services.domain.errors import InvalidInputError
from services.domain.metric import Row
from services.domain.people import Viewer
from services.domain.pipeline import Stage
from services.mart.schema import fact_application as application
from services.mart.schema import fact_demographic as demographic
from services.metrics.jurisdictions import packs_of
from services.metrics.plan import Executor
from services.metrics.question import Question
from services.metrics.self_identification import reached
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import AppSetting

SETTING = "diversity.completeness"
MODES = ("off", "warn", "block")
OFF, BLOCK = "off", "block"
LOOK_AGAIN_S = 5.0
KEPT = 500
ROUNDING = 1e-9
_BOTH = (Stage.OFFER, Stage.HIRED)
MARKED: Mapping[str, tuple[Stage, ...]] = {
    "offers_extended": (Stage.OFFER,),
    "offer_acceptance_rate": (Stage.OFFER,),
    "hires": (Stage.HIRED,),
    "demographic_completeness": _BOTH,
    "representation": _BOTH,
    "adverse_impact_ratio": _BOTH,
}
"""Figures that carry the mark, by the stages whose completeness decides."""
STAGE_WORDS = {Stage.OFFER: "offer", Stage.HIRED: "hire"}


@dataclass(frozen=True)
class Floor:
    """``shares``: least share asked by stage. Mode block also keeps a move from being confirmed; off marks nothing."""

    mode: str = OFF
    shares: Mapping[str, float] | None = None
    version: int = 0

    def of(self, stage: Stage) -> float | None:
        return None if self.mode == OFF else (self.shares or {}).get(stage.value)


def floor_of(connection: Connection) -> Floor:
    """The newest; off before the first."""
    rows = [row for row in newest_versions(connection, AppSetting, "name") if row.name == SETTING]
    if not rows:
        return Floor()
    stored = json.loads(rows[0].value)
    return Floor(stored["mode"], stored["shares"], rows[0].version)


class CompletenessFloor:
    """Marks rows of the query layer. Reads the setting again after five seconds, and keeps shares of a snapshot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._floor = Floor()
        self._countries: tuple[str, ...] = ()
        self._read_at = float("-inf")
        self._shares: OrderedDict[Hashable, float | None] = OrderedDict()

    def is_on(self, metrics: Sequence[str]) -> bool:
        """Whether one of these metrics may have to carry the mark."""
        return any(name in MARKED for name in metrics) and self._latest()[0].mode != OFF

    def mark(self, rows: Sequence[Row], question: Question, executor: Executor, snapshot: str) -> tuple[Row, ...]:
        """``question`` without splits: the places and the period of the rows."""
        floor, countries = self._latest()
        below: dict[Stage, str] = {}
        for stage in dict.fromkeys(stage for row in rows for stage in MARKED.get(row.metric, ())):
            least = floor.of(stage)
            share = None if least is None else self._share(stage, question, executor, snapshot, countries)
            if least is not None and share is not None and share < least - ROUNDING:
                below[stage] = f"under {wording.percent(least)} asked about themselves at {STAGE_WORDS[stage]}"
        return tuple(_marked(row, below) for row in rows)

    def _latest(self) -> tuple[Floor, tuple[str, ...]]:
        with self._lock:
            if time.monotonic() - self._read_at > LOOK_AGAIN_S:
                with self._store.read() as connection:
                    self._floor = floor_of(connection)
                    self._countries = tuple(sorted(key for key, one in packs_of(connection).items() if one.asks))
                self._read_at = time.monotonic()
            return self._floor, self._countries

    def _share(
        self, stage: Stage, question: Question, executor: Executor, snapshot: str, countries: tuple[str, ...]
    ) -> float | None:
        chosen = tuple(sorted((name, tuple(values)) for name, values in question.chosen.items()))
        key = (snapshot, stage, question.as_of, question.scope, question.period, chosen, countries)
        with self._lock:
            if key in self._shares:
                return self._shares[key]
        found = share_asked(stage, question, executor, countries)
        with self._lock:
            self._shares[key] = found
            while len(self._shares) > KEPT:
                self._shares.popitem(last=False)
        return found


def share_asked(stage: Stage, question: Question, executor: Executor, countries: Sequence[str]) -> float | None:
    """Of those who reached the stage, the share that was asked anything about themselves; None of nobody."""
    source = reached(stage)
    asked = sa.select(demographic.c.application_id).distinct().subquery("asked")
    joined = application.outerjoin(asked, asked.c.application_id == application.c.application_id)
    conditions: list[Any] = [
        *source.conditions,
        *question.conditions(application),
        *question.in_period(source.on),
        source.on <= question.as_of.date(),
    ]
    if countries:
        conditions.append(application.c.country.in_(countries))
    statement = sa.select(sa.func.count(), sa.func.count(asked.c.application_id)).select_from(joined)
    ((total, number),) = executor.execute(statement.where(*conditions))
    return number / total if total else None


def _marked(row: Row, below: Mapping[Stage, str]) -> Row:
    found = [below[stage] for stage in MARKED.get(row.metric, ()) if stage in below]
    if not found:
        return row
    words = f"incomplete: {' and '.join(found)}"
    return replace(row, note=f"{row.note}, {words}" if row.note else words)


class Floors:
    """Shows and sets the floor; each change is one version more and one audit event."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def now(self) -> Floor:
        with self._store.read() as connection:
            return floor_of(connection)

    def put(self, mode: str, shares: Mapping[str, float], viewer: Viewer, expected_version: int | None = None) -> int:
        """Returns the new version. Raises ForbiddenError, InvalidInputError and ConflictError."""
        self._policy.require(viewer, Action.GOALS_MANAGE)
        if mode not in MODES:
            raise InvalidInputError(f"The mode is one of {', '.join(MODES)}, not {mode!r}.")
        for name, share in shares.items():
            if name not in {stage.value for stage in _BOTH} or not (math.isfinite(share) and 0 < share <= 1):
                raise InvalidInputError("A floor is a share above 0 and at most 1, for offer or hired.")
        if mode != OFF and not shares:
            raise InvalidInputError("Say the floor for offer, hired or both.")
        with self._store.write() as connection:
            before = floor_of(connection)
            value = json.dumps({"mode": mode, "shares": dict(shares)})
            row = {"value": value, "changed_at": self._clock(), "changed_by": viewer.email}
            version = append_version(connection, AppSetting, {"name": SETTING}, row, expected_version)
            detail = {"before": {"mode": before.mode, "shares": before.shares}, "after": json.loads(value)}
            self._audit.append(connection, viewer.email, "completeness.set", "setting:completeness", detail)
        return version
