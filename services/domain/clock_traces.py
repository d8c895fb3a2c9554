"""The trace of a clock: every interval from its start to its stop, counted or skipped, and by which rule."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.domain.intervals import Interval, clip, instant_of
from services.domain.metric import Unit


@dataclass(frozen=True)
class TraceStep:
    """One interval of a clock. ``start`` and ``end`` are local to the clock's zone; half-open."""

    start: datetime
    end: datetime
    counted: bool
    reason: str
    seconds: int
    """Elapsed, whether counted or not: across a change of clocks not what the hands say."""

    @property
    def clock_change_seconds(self) -> int:
        """By how much the zone's clocks were put forward (+) or back (-) meanwhile; 0 = not."""
        offsets = self.start.utcoffset(), self.end.utcoffset()
        if offsets[0] is None or offsets[1] is None:
            return 0
        return int((offsets[1] - offsets[0]).total_seconds())


@dataclass(frozen=True)
class TracedClock:
    """One clock of the subject. ``counted_seconds + skipped_seconds == elapsed_seconds``."""

    metric: str
    subject: str
    """What the clock is of: "seat 12", "first offer"."""
    state: str
    """How it ended: filled, cancelled, open, submitted, missing ..."""
    zone: str
    steps: tuple[TraceStep, ...]
    value: float
    unit: Unit
    """``value`` is what the metric counts: on its grid, half up."""
    remarks: tuple[str, ...] = ()

    @property
    def elapsed_seconds(self) -> int:
        return sum(step.seconds for step in self.steps)

    @property
    def counted_seconds(self) -> int:
        return sum(step.seconds for step in self.steps if step.counted)

    @property
    def skipped_seconds(self) -> int:
        return sum(step.seconds for step in self.steps if not step.counted)


@dataclass(frozen=True)
class ClockTrace:
    """Everything the clocks of one requisition, offer or feedback did until ``as_of``."""

    kind: str
    id: int
    title: str
    as_of: datetime
    snapshot: str
    clocks: tuple[TracedClock, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stop:
    """Why a clock may stand still. Stops may overlap; ``reason`` names the rule."""

    interval: Interval
    reason: str


@dataclass(frozen=True)
class Piece:
    """Part of a clock's way in which the same stops hold from its beginning to its end. No reason = none."""

    interval: Interval
    reasons: tuple[str, ...]


def pieces(whole: Interval, stops: Iterable[Stop]) -> tuple[Piece, ...]:
    """``whole`` cut wherever a stop begins or ends, in order. An overlap names every stop that covers it."""
    inside = [(part, stop.reason) for stop in stops for part in clip([stop.interval], *whole)]
    cuts = sorted({whole.start, whole.end, *(edge for part, _ in inside for edge in part)})
    found: list[Piece] = []
    for start, end in itertools.pairwise(cuts):
        covering = dict.fromkeys(reason for part, reason in inside if part.start <= start and part.end >= end)
        reasons = tuple(sorted(covering))
        if found and found[-1].reasons == reasons:
            found[-1] = Piece(Interval(found[-1].interval.start, end), reasons)
        else:
            found.append(Piece(Interval(start, end), reasons))
    return tuple(found)


def merged(steps: Sequence[tuple[Interval, bool, str]]) -> tuple[tuple[Interval, bool, str], ...]:
    """Touching intervals that are judged alike, as one."""
    found: list[tuple[Interval, bool, str]] = []
    for interval, counted, reason in steps:
        if found and found[-1][0].end == interval.start and found[-1][1:] == (counted, reason):
            found[-1] = (Interval(found[-1][0].start, interval.end), counted, reason)
        else:
            found.append((interval, counted, reason))
    return tuple(found)


def step(interval: Interval, zone: ZoneInfo, reason: str, *, counted: bool) -> TraceStep:
    """The interval with its ends in local time."""
    start, end = (instant_of(at).astimezone(zone) for at in interval)
    return TraceStep(start, end, counted, reason, interval.end - interval.start)
