"""The Pipeline page: who waits where, from the live lane, or from the batch while live cannot be had."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import select

from services.access.policy import Action, Policy
from services.alerts.incidents import Incidents
from services.domain.errors import RetryLaterError
from services.domain.filters import keep_known, where
from services.domain.incidents import IncidentEntry
from services.domain.people import Role, Viewer
from services.domain.pipeline import STAGE_ORDER
from services.domain.pipeline_page import (
    LARGEST_PAGE,
    MINE,
    PAGE_SIZE,
    TEAM,
    Counted,
    PipelineSettings,
    PipelineTile,
    PipelineView,
    StageLine,
)
from services.domain.views import FilterChoice, Filters, Note, Stamp
from services.domain.wording import at_instant
from services.mart.reader import MartReader
from services.metrics import pipeline_selects as asks
from services.metrics.catalog import Catalog
from services.metrics.dimensions import DIMENSIONS
from services.metrics.lane_choice import NOT_FILLED, OVERLOADED, LiveLoad
from services.metrics.limits import limits_of
from services.metrics.names import StoreNames
from services.metrics.pipeline_lanes import Lane, PipelineLanes
from services.metrics.pipeline_selects import Aged, Ask, State, Waiting
from services.metrics.query import QueryLayer
from services.reporting.kept_views import KeptViews, Key
from services.reporting.pipeline_names import PipelineNames
from services.store.database import Store
from services.store.tables import LiveLane

FEED = 8
SHOWN_FROM = 10
"""Ages are said of so many candidates or more."""
KEPT_S = 30.0
INCIDENTS_KEPT_S = 60.0
_RECRUITS = frozenset({Role.RECRUITER, Role.RECRUITING_MANAGER})


class _Answers(NamedTuple):
    """Everything that the lane is asked for one view."""

    aged: list[Aged]
    waiting: list[Waiting]
    mine: int | None
    team: int
    roles: dict[State | str, int]
    left: dict[str | None, int]
    moved: list[asks.Moved]


@dataclass(frozen=True)
class _Wanted:
    viewer: Viewer
    filters: Filters
    settings: PipelineSettings
    ask: Ask
    limits: Mapping[str, float]


class PipelinePage:
    """Makes the page's view. Views of one version are kept for half a minute: many readers, one set of questions."""

    def __init__(
        self,
        query: QueryLayer,
        store: Store,
        mart: MartReader,
        incidents: Incidents,
        policy: Policy,
        *,
        load: LiveLoad | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._query = query
        self._store = store
        self._mart = mart
        self._lanes = PipelineLanes(store, mart)
        self._incidents = incidents
        self._policy = policy
        self._now = now
        self.load = load or LiveLoad()
        self._kept: KeptViews[PipelineView] = KeptViews(KEPT_S, clock)
        self._kept_incidents: KeptViews[IncidentEntry | None] = KeptViews(INCIDENTS_KEPT_S, clock)
        self._catalog: tuple[str, Catalog] | None = None

    def view(self, filters: Filters, settings: PipelineSettings, viewer: Viewer) -> PipelineView:
        """For what ``viewer`` may see. Raises ForbiddenError, and RetryLaterError while no snapshot is published."""
        self._policy.require(viewer, Action.PIPELINE_VIEW)
        with self._mart.hold() as snapshot:
            options = self._query.filter_options(viewer)
            filters = replace(keep_known(filters, options), period=Filters().period)
            settings = _begun(settings, viewer)
            wanted = self._wanted(snapshot.id, filters, settings, viewer)
            live, note = self._live(settings)
            key = (viewer.fingerprint(), viewer.person_id, filters, settings, tuple(wanted.limits.items()))
            view = self._try_live(live, wanted, key) if live is not None else None
            if view is None:
                if live is not None:
                    note = OVERLOADED
                batch = self._lanes.batch()
                view = self._kept.get((batch.version, *key), lambda: self._view(batch, wanted))
        notes = (Note("warning", note),) if note else ()
        incident = self._incident(viewer)
        return replace(view, choices=_chosen(options, filters), notes=notes, is_miss=bool(note), incident=incident)

    def live_version(self) -> int:
        """The live lane's change number; 0 = it was never filled."""
        with self._store.read() as connection:
            return int(connection.scalar(select(LiveLane.change_number)) or 0)

    def _live(self, settings: PipelineSettings) -> tuple[Lane | None, str]:
        """The live lane, or why not; no reason where the batch was asked for."""
        if settings.lane == "batch":
            return None, ""
        if not self.load.may_ask():
            return None, OVERLOADED
        try:
            live = self._lanes.live(self._now())
        except RetryLaterError:
            return None, OVERLOADED
        return live, "" if live is not None else NOT_FILLED

    def _try_live(self, live: Lane, wanted: _Wanted, key: Key) -> PipelineView | None:
        def ask() -> PipelineView:
            with self.load.measured():
                return self._view(live, wanted)

        try:
            return self._kept.get((live.version, *key), ask)
        except RetryLaterError:
            return None

    def _wanted(self, snapshot_id: str, filters: Filters, settings: PipelineSettings, viewer: Viewer) -> _Wanted:
        catalog = self._catalog
        if catalog is None or catalog[0] != snapshot_id:
            catalog = self._catalog = (snapshot_id, Catalog(self._mart, StoreNames(self._store)))
        chosen = {
            name: catalog[1].resolve(DIMENSIONS[name], values, viewer.scope) for name, values in where(filters).items()
        }
        with self._store.read() as connection:
            limits = dict(limits_of(connection).stale_days)
        return _Wanted(viewer, filters, settings, Ask(viewer.scope, chosen), limits)

    def _view(self, lane: Lane, wanted: _Wanted) -> PipelineView:
        answers = _asked(lane, wanted)
        named = PipelineNames(self._store, wanted.viewer, answers.waiting, answers.moved)
        active = [one for one in answers.aged if one.state is State.ACTIVE]
        held = sum(one.state is State.HELD for one in answers.aged)
        roles = answers.roles
        counted = Counted(roles[State.ACTIVE], roles[State.HELD], held, roles["cancelled"])
        settings = wanted.settings
        total = answers.mine if settings.who == MINE and answers.mine is not None else answers.team
        return PipelineView(
            stamp=Stamp(lane.as_of, lane.version, lane.name, wanted.viewer.timezone),
            version=lane.version.removeprefix("live-") if lane.name == "live" else "",
            filters=wanted.filters,
            choices=(),
            settings=settings,
            counted=counted,
            tiles=_tiles(active, answers, counted),
            stages=_stages(active, wanted.limits),
            waiting=tuple(named.waiting(one, wanted.limits) for one in answers.waiting),
            waiting_total=total or 0,
            mine=answers.mine,
            team=answers.team,
            feed=tuple(named.moved(one) for one in answers.moved),
            incident=None,
            trust=self._trust(lane, wanted.viewer),
            shows_owners=named.shows_owners,
        )

    def _trust(self, lane: Lane, viewer: Viewer) -> tuple[str, ...]:
        read = at_instant(lane.as_of, viewer.timezone)
        if lane.name == "batch":
            return (f"Batch of {read}", "Needed no older than 15 s: choose Live for the present moment")
        share = self.load.share
        cost = () if share is None else (f"Load {min(share, 9.99):.0%} of the live budget",)
        return ("Asks for changes every 15 s; nothing is worked out again when nothing changed", *cost)

    def _incident(self, viewer: Viewer) -> IncidentEntry | None:
        """The newest open one of those that the reader may see."""
        if not self._policy.can(viewer, Action.INCIDENTS_VIEW):
            return None
        key = (viewer.fingerprint(), viewer.email)
        return self._kept_incidents.get(key, lambda: next(iter(self._incidents.view(viewer).entries), None))


def _asked(lane: Lane, wanted: _Wanted) -> _Answers:
    ask, viewer, limits = wanted.ask, wanted.viewer, wanted.limits
    recruits = viewer.person_id is not None and bool(viewer.roles & _RECRUITS)
    own = replace(ask, person_id=viewer.person_id)
    shown = own if wanted.settings.who == MINE and recruits else ask
    aged = asks.aged(lane, ask)
    over = Counter(one.stage for one in aged if _is_over(one, limits))
    mine = [one for one in asks.aged(lane, own) if _is_over(one, limits)] if recruits else None
    offset = (wanted.settings.page - 1) * PAGE_SIZE
    return _Answers(
        aged,
        asks.over_limit(lane, shown, limits, offset=offset, count=PAGE_SIZE),
        None if mine is None else len(mine),
        over.total(),
        asks.roles_by_state(lane, ask),
        asks.left(lane, ask),
        asks.just_now(lane, ask, FEED),
    )


def _is_over(one: Aged, limits: Mapping[str, float]) -> bool:
    limit = limits.get(one.stage or "")
    return one.state is State.ACTIVE and one.age is not None and limit is not None and one.age > limit


def _begun(settings: PipelineSettings, viewer: Viewer) -> PipelineSettings:
    """What is not said: a recruiter begins with the own candidates, everybody else with the team's."""
    recruits = viewer.person_id is not None and bool(viewer.roles & _RECRUITS)
    usual = MINE if Role.RECRUITER in viewer.roles and recruits else TEAM
    who = settings.who if settings.who in {MINE, TEAM} and recruits else usual
    return replace(settings, who=who, page=min(max(settings.page, 1), LARGEST_PAGE))


def _tiles(active: Sequence[Aged], answers: _Answers, counted: Counted) -> tuple[PipelineTile, ...]:
    staged = [one for one in active if one.stage is not None]
    roles = len({one.requisition_id for one in active})
    hired = answers.left.get("hired", 0)
    left = sum(answers.left.values())
    offers = sum(one.stage == "offer" for one in staged)
    new = sum(one.is_new for one in staged)
    over = "near" if answers.team else None
    return (
        PipelineTile("active", "Active candidates", len(active), "", f"on {_count(roles, 'role')}"),
        PipelineTile("over", "Over their limit", answers.team, "", f"of {len(staged)} in a stage", over),
        PipelineTile("new", "Moved in 7 days", new, "", "into their stage"),
        PipelineTile("offers", "In the offer stage", offers, "", _count(counted.open_roles, "open role")),
        PipelineTile("ended", "Ended in 14 days", left, "", f"{hired} hired"),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _stages(active: Iterable[Aged], limits: Mapping[str, float]) -> tuple[StageLine, ...]:
    by_stage: dict[str, list[Aged]] = {stage.value: [] for stage in STAGE_ORDER if stage.value != "hired"}
    for one in active:
        if one.stage is not None:
            by_stage.setdefault(one.stage, []).append(one)
    return tuple(_stage(stage, rows, limits) for stage, rows in by_stage.items() if rows or stage != "hired")


def _stage(stage: str, rows: Sequence[Aged], limits: Mapping[str, float]) -> StageLine:
    ages = sorted(one.age for one in rows if one.age is not None)
    is_said = len(ages) >= SHOWN_FROM
    return StageLine(
        stage=stage.capitalize(),
        active=len(rows),
        new=sum(one.is_new for one in rows),
        median=statistics.median(ages) if is_said else None,
        slowest=statistics.quantiles(ages, n=10, method="inclusive")[-1] if is_said else None,
        limit=limits.get(stage),
        over=sum(_is_over(one, limits) for one in rows),
    )


def _chosen(options: Iterable[FilterChoice], filters: Filters) -> tuple[FilterChoice, ...]:
    return tuple(
        replace(
            choice,
            options=tuple(
                replace(option, chosen=option.value in getattr(filters, choice.id)) for option in choice.options
            ),
        )
        for choice in options
    )


_MADE: WeakKeyDictionary[Store, PipelinePage] = WeakKeyDictionary()


def pipeline_of(
    query: QueryLayer, store: Store, mart: MartReader, incidents: Incidents, policy: Policy
) -> PipelinePage:
    """One for each store of a process, so that all its threads share what is kept and what is measured."""
    page = _MADE.get(store)
    if page is None:
        page = _MADE.setdefault(store, PipelinePage(query, store, mart, incidents, policy))
    return page
