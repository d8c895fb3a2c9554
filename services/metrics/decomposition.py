"""Why did it move: definition, data, mix and rate, without a residual.

The way from the old figure to the new one is walked in single steps, each a question to the query layer with the
viewer's rights: the old definition on the old data, the new one on the old data, the old period as it is known now, the
new period. The last step is split by strata: their records are counted as often as the other period's mix asks for, and
mix and rate are averaged over both orders (Shapley), so that they add up exactly, for rates and for curves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from services.domain.errors import HireboardError, InvalidInputError
from services.domain.metric import Anchor, Answer, Estimator, Metric, Period, Query, Row
from services.domain.movements import Movement, Part, Reading, Shift
from services.domain.people import Viewer
from services.domain.wording import on_date, shown
from services.metrics import lifecycle, registry
from services.metrics.dimensions import DIMENSIONS, Kind
from services.metrics.query import QueryLayer
from services.metrics.strata import Key, Strata, reweighted
from services.metrics.time_machine import KnownSnapshot, version_on

NAMED_FROM = 5
EXACT = 1e-9
_USUAL = ("job_family", "department", "source", "country", "office")
"""The first of them that a metric has is what it is split by when nothing is said."""


class Past(Protocol):
    """The part of ``services.metrics.time_machine.TimeMachine`` that is used here."""

    def known_on(self, day: date, now: datetime, /) -> KnownSnapshot: ...

    def layer(self, known: KnownSnapshot, /) -> QueryLayer: ...


@dataclass(frozen=True)
class Moved:
    """Which change is asked about. Both periods need both ends.

    ``formerly``: the metric id that stands for the definition used then. ``known``: the day whose snapshot says what
    was known of the old period; None = the day after it.
    """

    metric: str
    period: Period
    against: Period
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: str | None = None
    formerly: str | None = None
    known: date | None = None


class _Source(NamedTuple):
    """What answers for a period, and until when."""

    layer: QueryLayer
    as_of: datetime | None


class Movements:
    """``past`` None = no archived snapshots: corrections since then are not told apart."""

    def __init__(self, layer: QueryLayer, past: Past | None = None) -> None:
        self._layer = layer
        self._past = past

    def why(self, moved: Moved, viewer: Viewer, now: datetime | None = None) -> Movement:
        """Raises InvalidInputError where a figure is missing or hidden, or strata do not add up to it."""
        metric, old = _checked(moved)
        by = _dimension(metric, moved)
        remarks: list[str] = []
        with self._layer.hold() as snapshot:
            present = _Source(self._layer, snapshot.as_of)
            archived = self._archived(moved, now or datetime.now(UTC), remarks) or present
            ask = _Asker(moved, viewer)
            first = ask.reading(old, moved.against, archived)
            renewed = first if old is metric else ask.reading(metric, moved.against, archived)
            known = renewed if archived is present else ask.reading(metric, moved.against, present)
            last = ask.reading(metric, moved.period, present)
            split = _Split(ask, metric, by, present)
            tail = split.parts(known.value, last.value)
            shifts, others = split.shifts()
        parts = (
            Part("definition", renewed.value - first.value, _definition_words(metric, old, moved, remarks)),
            Part("data", known.value - renewed.value, "corrections and later events, as known now less as known then"),
            *tail,
        )
        about = (metric.id, metric.name, metric.unit, metric.better)
        return Movement(*about, first, last, by, parts, shifts, others, tuple(remarks))

    def _archived(self, moved: Moved, now: datetime, remarks: list[str]) -> _Source | None:
        """None = nothing is kept of what was known then, which is said."""
        day = moved.known or moved.against.end
        if self._past is None or day is None:
            remarks.append("No archived snapshot was asked: corrections since then are inside the other parts.")
            return None
        try:
            known = self._past.known_on(day, now)
        except HireboardError as error:
            remarks.append(f"Corrections since then are not told apart. {error}")
            return None
        return _Source(self._past.layer(known), known.as_of)


@dataclass(frozen=True)
class _Asker:
    moved: Moved
    viewer: Viewer

    def query(self, metric: Metric, period: Period, source: _Source, by: tuple[str, ...] = ()) -> Query:
        as_of = source.as_of
        if metric.anchor is Anchor.AS_OF and period.end is not None:
            end = datetime.combine(period.end, time(), UTC)
            as_of = min(end, as_of) if as_of is not None else end
        return Query((metric.id,), by, self.moved.where, period, as_of)

    def answer(self, metric: Metric, period: Period, source: _Source, by: tuple[str, ...] = ()) -> Answer:
        return source.layer.ask(self.query(metric, period, source, by), self.viewer)

    def reading(self, metric: Metric, period: Period, source: _Source) -> Reading:
        answer = self.answer(metric, period, source)
        row = answer.one(metric.id)
        if row.value is None:
            seen = shown(row)
            raise InvalidInputError(
                f"{metric.name} of {_words(period)} has no value to compare ({seen.text}, {seen.note or row.reason}). "
                "Take longer periods or a wider scope."
            )
        return Reading(_words(period), float(row.value), row.n, answer.snapshot, answer.as_of, metric.id)


class _Split:
    """The step from the old period to the new one, by strata."""

    def __init__(self, ask: _Asker, metric: Metric, by: str, source: _Source) -> None:
        self._metric = metric
        periods = (ask.moved.against, ask.moved.period)
        self._then, self._now = (
            source.layer.strata(ask.query(metric, period, source, (by,)), ask.viewer) for period in periods
        )
        self._rows_then, self._rows_now = (
            {_key(row, by): row for row in ask.answer(metric, period, source, (by,)).rows} for period in periods
        )
        self._by = by
        self._tail: tuple[float, float] = (0.0, 0.0)

    def parts(self, old: float, new: float) -> tuple[Part, ...]:
        self._check(self._then, old)
        self._check(self._now, new)
        if self._metric.estimator is Estimator.COUNT:
            return (Part("volume", new - old, "more or fewer of them; a count has no mix"),)
        mixed = self._value(reweighted(self._now, self._then).value)
        rated = self._value(reweighted(self._then, self._now).value)
        mix = ((mixed - old) + (new - rated)) / 2
        rate = ((rated - old) + (new - mixed)) / 2
        self._tail = mix, rate
        by = DIMENSIONS[self._by].name.lower()
        return (
            Part("mix", mix, f"more or less weight on each {by}, its own figure unchanged"),
            Part("rate", rate, f"each {by}'s own figure, the weights unchanged"),
        )

    def _value(self, value: float | None) -> float:
        if value is None:
            raise InvalidInputError(
                f"{self._metric.name} cannot be re-weighted by {self._by}: in the other period's mix it has no value. "
                "Take another dimension with --by."
            )
        return float(value)

    def _check(self, strata: Strata, value: float) -> None:
        """Where strata overlap or leave something out their parts would not be the figure's."""
        whole = strata.whole().value
        if whole is None or abs(float(whole) - value) > EXACT * max(1.0, abs(value)):
            raise InvalidInputError(
                f"{self._metric.name} does not add up by {self._by}. Take another dimension with --by."
            )

    def shifts(self) -> tuple[tuple[Shift, ...], int]:
        """Strata that may be named, the largest first, and how many may not."""
        then, now = self._then.sizes(), self._now.sizes()
        keys = sorted({*then, *now}, key=lambda key: (-max(then.get(key, 0), now.get(key, 0)), str(key)))
        named = [key for key in keys if self._may_name(key)]
        found = [self._shift(key, then, now) for key in named]
        return tuple(self._with_shares(found, keys, then, now)), len(keys) - len(named)

    def _may_name(self, key: Key) -> bool:
        """Only what the answer by this dimension shows as well, and never fewer than five."""
        rows = [row for row in (self._rows_then.get(key), self._rows_now.get(key)) if row is not None and row.n > 0]
        return bool(rows) and all(row.n >= NAMED_FROM and row.value is not None for row in rows)

    def _shift(self, key: Key, then: Mapping[Key, int], now: Mapping[Key, int]) -> Shift:
        old, new = then.get(key, 0), now.get(key, 0)
        return Shift(
            key[0],
            old,
            new,
            old / max(1, sum(then.values())),
            new / max(1, sum(now.values())),
            _shown_value(self._rows_then.get(key)),
            _shown_value(self._rows_now.get(key)),
            None,
            None,
        )

    def _with_shares(
        self, shifts: list[Shift], keys: list[Key], then: Mapping[Key, int], now: Mapping[Key, int]
    ) -> list[Shift]:
        """Each stratum's part of mix and rate, where those of all strata add up to the parts."""
        if self._metric.estimator is Estimator.COUNT:
            return shifts
        old, new = self._values(self._then, then), self._values(self._now, now)
        whole_then, whole_now = sum(then.values()), sum(now.values())
        level = sum(old[key] * size for key, size in then.items()) / whole_then
        level = (level + sum(new[key] * size for key, size in now.items()) / whole_now) / 2
        parts: dict[str | None, tuple[float, float]] = {}
        for key in keys:
            before, after = old.get(key, new.get(key, 0.0)), new.get(key, old.get(key, 0.0))
            share_then, share_now = then.get(key, 0) / whole_then, now.get(key, 0) / whole_now
            mix = (share_now - share_then) * ((before + after) / 2 - level)
            parts[key[0]] = mix, (after - before) * (share_then + share_now) / 2
        sums = [sum(part[index] for part in parts.values()) for index in (0, 1)]
        if any(abs(total - part) > _ROUNDED for total, part in zip(sums, self._tail, strict=True)):
            return shifts
        return [replace(shift, mix=parts[shift.name][0], rate=parts[shift.name][1]) for shift in shifts]

    @staticmethod
    def _values(strata: Strata, sizes: Mapping[Key, int]) -> dict[Key, float]:
        return {key: float(strata.figure(strata.groups[key]).value or 0.0) for key in sizes}


_ROUNDED = 2e-4
"""Records are counted a whole number of times: a re-weighted rate is right to four digits."""


def _key(row: Row, by: str) -> Key:
    return (row.dims[by],)


def _shown_value(row: Row | None) -> float | None:
    return None if row is None or row.value is None or row.n == 0 else float(row.value)


def _checked(moved: Moved) -> tuple[Metric, Metric]:
    """The definition of today, and the one used then."""
    metric = lifecycle.answerable(moved.metric)
    old = lifecycle.answerable(moved.formerly) if moved.formerly else metric
    for one in (metric, old):
        if registry.is_sensitive(one.id):
            raise InvalidInputError(f"{one.name} is sensitive: its cells protect each other, so it is not taken apart.")
    if old.unit is not metric.unit:
        raise InvalidInputError(f"{old.id} is in {old.unit}, {metric.id} in {metric.unit}: they cannot be compared.")
    for period in (moved.period, moved.against):
        if period.start is None or period.end is None:
            raise InvalidInputError("Both periods need a first and a last day.")
    return metric, old


def _dimension(metric: Metric, moved: Moved) -> str:
    possible = [
        name for name in metric.dimensions if DIMENSIONS[name].kind not in {Kind.TIME, Kind.PERSON, Kind.LITERAL}
    ]
    possible = [name for name in possible if name != "requisition"]
    by = moved.by or next((name for name in _USUAL if name in possible and name not in moved.where), None)
    if by is None or by not in possible:
        raise InvalidInputError(
            f"{metric.id} cannot be taken apart by {moved.by or 'anything'}. Choose from: {', '.join(possible)}."
        )
    return by


def _definition_words(metric: Metric, old: Metric, moved: Moved, remarks: list[str]) -> str:
    if old is not metric:
        return f"{metric.id} less {old.id}, both on what was known then"
    end = moved.against.end or date.max
    then = version_on(metric, end - timedelta(days=1))
    if then not in {0, metric.version}:
        changed = "; ".join(one.changed for one in metric.revisions if one.version >= then)
        remarks.append(
            f"Version {then} was in force then, {metric.version} is now ({changed}). Both periods are computed by "
            f"version {metric.version}, so the definition has no part in this change."
        )
    return "the same definition in both periods"


def _words(period: Period) -> str:
    start, end = period.start, period.end
    if start is None or end is None:
        return "all time"
    return f"{on_date(start)} to {on_date(end - timedelta(days=1))}"
