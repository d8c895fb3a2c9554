"""Whether time or quality should come first now, by a rule that is printed beside what it found. It switches nothing.

Time first when open seats are more than 1.25 of their median over twelve months, or offer declines are up 5 points on
the year; quality first when first-year attrition is up 5 points on the year, or open seats are below 0.75 of it. Where
both sides have a sign there is no suggestion.

Declines: of the last three complete months against the same three a year before. Attrition: of hires whose first year
ended in the last twelve complete months against those of the twelve before. A rate counts from 20 cases on.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import date, datetime

from services.domain.grains import Grain
from services.domain.metric import Period, Query, Row
from services.domain.people import Viewer
from services.domain.periods import add_months
from services.metrics.outliers import EARLIER_NEEDED, Answers
from services.metrics.places import Place
from services.metrics.profiles import QUALITY, SUGGESTED, TIME

RULE = (
    "time first: open seats by their 12-month median > 1.25, or offer declines up >= 5 points on the year; "
    "quality first: first-year attrition up >= 5 points on the year, or open seats by their median < 0.75"
)
MANY, FEW = 1.25, 0.75
POINTS = 0.05
ROUNDING = 1e-9
CASES = 20


@dataclass(frozen=True)
class Signs:
    """What the rule looks at; None = not known."""

    seats_of_median: float | None
    declines_up: float | None
    attrition_up: float | None


@dataclass(frozen=True)
class Suggestion:
    """``first`` None = nothing is suggested; ``reasons`` are the signs that were found."""

    first: str | None
    reasons: tuple[str, ...]
    signs: Signs
    as_of: datetime | None = None
    rule: str = RULE

    @property
    def weights(self) -> dict[str, float]:
        """Weights to begin with; empty when nothing is suggested."""
        return dict(SUGGESTED[self.first]) if self.first else {}


def suggested(signs: Signs) -> Suggestion:
    """The printed rule."""
    seats = signs.seats_of_median
    for_time, for_quality = [], []
    if seats is not None and seats > MANY:
        for_time.append(f"open seats are {seats:.2f} of their 12-month median (above {MANY})")
    if signs.declines_up is not None and signs.declines_up >= POINTS - ROUNDING:
        for_time.append(f"offer declines are up {100 * signs.declines_up:.1f} points on the year")
    if signs.attrition_up is not None and signs.attrition_up >= POINTS - ROUNDING:
        for_quality.append(f"first-year attrition is up {100 * signs.attrition_up:.1f} points on the year")
    if seats is not None and seats < FEW:
        for_quality.append(f"open seats are {seats:.2f} of their 12-month median (below {FEW})")
    reasons = (*for_time, *for_quality)
    if bool(for_time) == bool(for_quality):
        return Suggestion(None, reasons, signs)
    return Suggestion(TIME if for_time else QUALITY, reasons, signs)


class BusinessCycle:
    """Asks the query layer with the viewer's rights."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def of(self, place: Place, viewer: Viewer, *, as_of: datetime | None = None) -> Suggestion:
        """As it stands now, or stood ``as_of`` then."""
        now = self._answers.ask(Query(("open_seats",), where=place.where, as_of=as_of), viewer)
        today = now.as_of.date()
        month = add_months(today, 0)
        signs = Signs(
            self._seats(place, viewer, as_of, month, now.one("open_seats").value),
            self._declines(place, viewer, as_of, month),
            self._attrition(place, viewer, as_of, month),
        )
        found = suggested(signs)
        return Suggestion(found.first, found.reasons, found.signs, now.as_of)

    def _seats(
        self, place: Place, viewer: Viewer, as_of: datetime | None, month: date, now: float | None
    ) -> float | None:
        span = Period(add_months(month, -12), month)
        answer = self._answers.ask(Query(("open_seats",), (Grain.MONTH.value,), place.where, span, as_of), viewer)
        known = [row.value for row in answer.of("open_seats") if row.value is not None]
        if now is None or len(known) < EARLIER_NEEDED:
            return None
        median = statistics.median(known)
        return now / median if median > 0 else None

    def _declines(self, place: Place, viewer: Viewer, as_of: datetime | None, month: date) -> float | None:
        spans = [Period(add_months(month, -3 - back), add_months(month, -back)) for back in (0, 12)]
        now, before = (_declined(self._row("offer_acceptance_rate", place, viewer, as_of, span)) for span in spans)
        return None if now is None or before is None else now - before

    def _attrition(self, place: Place, viewer: Viewer, as_of: datetime | None, month: date) -> float | None:
        spans = [Period(add_months(month, -24 - back), add_months(month, -12 - back)) for back in (0, 12)]
        now, before = (self._row("first_year_attrition", place, viewer, as_of, span) for span in spans)
        if now.value is None or before.value is None or min(now.n, before.n) < CASES:
            return None
        return now.value - before.value

    def _row(self, metric: str, place: Place, viewer: Viewer, as_of: datetime | None, span: Period) -> Row:
        return self._answers.ask(Query((metric,), where=place.where, period=span, as_of=as_of), viewer).one(metric)


def _declined(row: Row) -> float | None:
    """Declined of all answered offers; None below 20."""
    if row.value is None or row.n < CASES:
        return None
    return (row.extra.get("declined") or 0) / row.n
