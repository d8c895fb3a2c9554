"""The capacity plan: from hires wanted back to entries a week into each stage, against what a department can carry.

Needed entries into a stage = hires wanted / product of the pass-through rates from there on. The 80 % interval draws
each rate from its Beta posterior (Jeffreys), 10,000 times with a fixed seed. A rate of fewer than 20 cases is taken
from the next wider scope, and the plan names it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from services.domain.errors import InvalidInputError
from services.domain.metric import Period, Query, Reason
from services.domain.people import Viewer
from services.domain.periods import add_months
from services.metrics.capacities import Capacities, Capacity
from services.metrics.capacity import POOLED_BELOW, NeededEntries, Passage, needed_entries, widened
from services.metrics.outliers import Answers
from services.metrics.places import COMPANY, Place, PlaceBook
from services.metrics.suppression import SHOWN_FROM
from services.store.database import Store

MATURED = "pass_through_rate_matured"
MONTHS = 24
MOST_HIRES, MOST_WEEKS = 100_000, 260
SCREEN, INTERVIEW = "screen", "interview"


class Verdict(enum.StrEnum):
    ENOUGH = "enough"
    """Even the upper end of the interval fits."""
    UNCERTAIN = "uncertain"
    SHORT = "short"
    """Not even the lower end fits."""


@dataclass(frozen=True)
class Rate:
    """``passage.name`` says where it was counted; ``pooled`` names the narrower scope that had too few cases."""

    transition: str
    passage: Passage
    pooled: str | None
    target: float | None

    @property
    def value(self) -> float | None:
        """None = too few cases even in the widest scope."""
        return self.passage.reached / self.passage.cases if self.passage.cases >= SHOWN_FROM else None

    @property
    def is_below_target(self) -> bool | None:
        """None = there is no target, or not enough cases to judge by."""
        if self.target is None or self.value is None or self.passage.cases < POOLED_BELOW:
            return None
        return self.value < self.target


@dataclass(frozen=True)
class Need:
    """Entries a week into a stage; ``expected`` None = in the cases counted nobody came through."""

    stage: str
    expected: float | None
    low: float
    high: float
    at_target: float | None
    """Were every rate its target, or as it is where it has none."""


@dataclass(frozen=True)
class Check:
    """What is needed of one thing a week, against what there is."""

    what: str
    expected: float | None
    low: float
    high: float
    available: float

    @property
    def verdict(self) -> Verdict:
        if self.high <= self.available:
            return Verdict.ENOUGH
        return Verdict.SHORT if self.low > self.available else Verdict.UNCERTAIN


@dataclass(frozen=True)
class CapacityPlan:
    """``needs`` is empty, and ``reason`` says why, where a rate has too few cases even in the widest scope."""

    scope: str
    hires: int
    weeks: int
    rates: tuple[Rate, ...]
    needs: tuple[Need, ...]
    checks: tuple[Check, ...]
    not_set: tuple[str, ...]
    """What capacity does not say, so that nothing is checked against it."""
    reason: str | None
    as_of: datetime
    snapshot: str


@dataclass(frozen=True)
class Scope:
    name: str
    where: Mapping[str, tuple[str, ...]]


class CapacityPlanner:
    """Asks the query layer with the viewer's rights."""

    def __init__(self, store: Store, answers: Answers, capacities: Capacities) -> None:
        self._store = store
        self._answers = answers
        self._capacities = capacities

    def plan(
        self,
        hires: int,
        weeks: int,
        viewer: Viewer,
        *,
        place: Place = COMPANY,
        job_family: Place | None = None,
        period: Period | None = None,
        what_if: Capacity | None = None,
    ) -> CapacityPlan:
        """For ``hires`` in ``weeks``, at a department's (or job family's) rates; of two years unless said otherwise.

        ``job_family`` narrows a department. ``what_if`` stands in for what is set, where it says something, and changes
        nothing. Raises InvalidInputError and ForbiddenError.
        """
        if not 0 < hires <= MOST_HIRES or not 0 < weeks <= MOST_WEEKS:
            raise InvalidInputError(f"Plan 1 to {MOST_HIRES:,} hires in 1 to {MOST_WEEKS} weeks.")
        now = self._answers.ask(Query(("open_seats",)), viewer)
        month = add_months(now.as_of.date(), 0)
        span = period or Period(add_months(month, -MONTHS), month)
        scopes = list(self._scopes(place, job_family, viewer))
        capacity = _supposed(what_if, self._capacities.of(place, viewer))
        rates = self._rates(scopes, span, viewer, capacity)
        thin = [rate for rate in rates if rate.value is None]
        needs = () if thin or not rates else tuple(_needs(hires, weeks, rates))
        checks, not_set = _checks(needs, capacity)
        reason = _reason(thin, rates)
        return CapacityPlan(
            scopes[0].name, hires, weeks, rates, needs, checks, not_set, reason, now.as_of, now.snapshot
        )

    def _scopes(self, place: Place, job_family: Place | None, viewer: Viewer) -> Iterator[Scope]:
        """From narrow to wide."""
        whole = Scope("the company" if viewer.scope.everything else "your part of the company", {})
        if job_family is not None:
            if place != COMPANY:
                where = {**place.where, **job_family.where}
                yield Scope(f"{job_family.words} in {place.words}", where)
            yield Scope(job_family.words, job_family.where)
        elif place != COMPANY:
            with self._store.read() as connection:
                above = list(PlaceBook.of(connection).above(place))
            yield from (Scope(one.words, one.where) for one in (place, *above) if one != COMPANY)
        yield whole

    def _rates(self, scopes: Sequence[Scope], span: Period, viewer: Viewer, capacity: Capacity) -> tuple[Rate, ...]:
        found: dict[str, list[Passage]] = {}
        for number, scope in enumerate(scopes):
            if number and all(levels[-1].cases >= POOLED_BELOW for levels in found.values()):
                break
            query = Query((MATURED,), ("transition",), scope.where, span)
            for row in self._answers.ask(query, viewer).of(MATURED):
                is_hidden = row.reason is Reason.HIDDEN
                cases = 0 if is_hidden else int(row.denominator or 0)
                passage = Passage(scope.name, 0 if is_hidden else int(row.numerator or 0), cases)
                found.setdefault(str(row.dims["transition"]), []).append(passage)
        return tuple(_rate(transition, levels, capacity) for transition, levels in found.items())


def _supposed(what_if: Capacity | None, known: Capacity) -> Capacity:
    if what_if is None:
        return known
    said = {one.name: value for one in fields(Capacity) if (value := getattr(what_if, one.name))}
    return replace(known, **said)


def _rate(transition: str, levels: Sequence[Passage], capacity: Capacity) -> Rate:
    chosen = widened(levels)
    return Rate(transition, chosen, None if chosen is levels[0] else levels[0].name, capacity.targets.get(transition))


def _needs(hires: int, weeks: int, rates: Sequence[Rate]) -> Iterator[Need]:
    for number, rate in enumerate(rates):
        ahead = rates[number:]
        found: NeededEntries = needed_entries(hires, [one.passage for one in ahead])
        product = 1.0
        for one in ahead:
            product *= one.target if one.target is not None else one.value or 0.0
        yield Need(
            rate.transition.partition(" to ")[0],
            None if found.expected is None else found.expected / weeks,
            found.low / weeks,
            found.high / weeks,
            hires / product / weeks if product else None,
        )


def _checks(needs: Sequence[Need], capacity: Capacity) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    by_stage = {need.stage: need for need in needs}
    wanted = (
        ("interviewer hours", INTERVIEW, capacity.hours_per_candidate, capacity.interviewer_hours),
        ("screens by recruiters", SCREEN, 1.0, capacity.screens),
    )
    checks, not_set = [], []
    for what, stage, each, available in wanted:
        if each is None or available is None:
            not_set.append(what)
        elif (need := by_stage.get(stage)) is not None:
            expected = None if need.expected is None else need.expected * each
            checks.append(Check(what, expected, need.low * each, need.high * each, available))
    return tuple(checks), tuple(not_set)


def _reason(thin: Sequence[Rate], rates: Sequence[Rate]) -> str | None:
    if not rates:
        return "no_data: the sources keep no stages"
    if not thin:
        return None
    named = ", ".join(f"{one.transition} (n {one.passage.cases} in {one.passage.name})" for one in thin)
    return f"too_few: {named}"
