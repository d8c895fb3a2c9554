"""Which roles have which template, and which roles differ enough from the rest of their standard to need their own.

A role (a job family at one level) differs enough when a test against the other roles of its standard gives p < 0.05
after Benjamini and Hochberg, and the effect is at least 25 % of the median (time to fill, log-rank) or 10 points of a
rate (each pass-through, chi-squared). Both sides need 30 cases; the adjustment is over every test of the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from services.domain.metric import Answer, Period, Query, Reason
from services.domain.people import Viewer
from services.domain.periods import add_months
from services.domain.pipeline import STAGE_ORDER
from services.metrics.association import chi_squared
from services.metrics.comparison import benjamini_hochberg, log_rank
from services.metrics.estimators import Lifetimes, kaplan_meier
from services.metrics.figures import TENTHS
from services.metrics.places import BETWEEN, Level, PlaceBook
from services.metrics.scorecard_templates import Resolved, Role, TemplateBook

BY = ("department", "job_family", "seniority")
FEWEST = 30
SIGNIFICANT = 0.05
MEDIAN_SHARE, RATE_POINTS = 0.25, 0.10
ROUNDING = 1e-9
MONTHS = 24
MATURED = "pass_through_rate_matured"
TIME_TO_FILL = "time_to_fill"
Cell = tuple[str | None, ...]
"""Department, job family and level as they are shown."""
_ROLE_ALONE = frozenset({Level.ROLE})


class Layer(Protocol):
    """The query layer as it is used here."""

    def ask(self, query: Query, viewer: Viewer, /) -> Answer: ...

    def lifetimes(self, query: Query, viewer: Viewer, /) -> Mapping[Cell, Lifetimes]: ...


class Covered(NamedTuple):
    """A role as requisitions have it, with what the viewer sees of it."""

    cell: Cell
    open_seats: int
    applications: int
    resolved: Resolved


@dataclass(frozen=True)
class Finding:
    """One test. ``p`` is adjusted for all of them."""

    role: str
    standard: str
    metric: str
    transition: str | None
    n: int
    n_rest: int
    value: float | None
    rest: float | None
    raw_p: float
    p: float = 1.0
    is_large: bool = False
    """The effect is."""

    @property
    def differs(self) -> bool:
        return self.is_large and self.p < SIGNIFICANT


@dataclass(frozen=True)
class Differences:
    findings: tuple[Finding, ...]
    untested: tuple[str, ...]
    """Roles with too few cases, or none to compare with."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that need a template of their own."""
        return tuple(dict.fromkeys(one.role for one in self.findings if one.differs))


def coverage(layer: Layer, book: TemplateBook, viewer: Viewer, period: Period) -> list[Covered]:
    """Every role with open seats, or applications in the period, within the viewer's rights."""
    answer = layer.ask(Query(("open_seats", "applications"), BY, period=period), viewer)
    numbers: dict[Cell, dict[str, int]] = {}
    for row in answer.rows:
        cell = tuple(row.dims[name] for name in BY)
        numbers.setdefault(cell, {})[row.metric] = int(row.value or 0)
    return [
        Covered(
            cell, found.get("open_seats", 0), found.get("applications", 0), book.resolve(role_of(cell, book.places))
        )
        for cell, found in numbers.items()
        if any(found.values())
    ]


def role_of(cell: Cell, places: PlaceBook) -> Role:
    """From shown names to ids; a name the store does not know is left open."""
    department, family, level = cell
    found = places.ids(department, family, level)
    return Role(*found)


def differences(layer: Layer, book: TemplateBook, viewer: Viewer, period: Period | None = None) -> Differences:
    """Every role against the rest of its standard, within the viewer's rights; of two years unless said otherwise."""
    as_of = layer.ask(Query(("open_seats",)), viewer).as_of
    month = add_months(as_of.date(), 0)
    span = period or Period(add_months(month, -MONTHS), month)
    lifetimes = layer.lifetimes(Query((TIME_TO_FILL,), BY, period=span), viewer)
    rates = {label: _counts(layer, viewer, span, label) for label in _transitions(layer, viewer, span)}
    hidden = _hidden_roles(layer, viewer, span)
    cells = {*lifetimes, *(cell for counts in rates.values() for cell in counts)}
    standards = {cell: book.resolve(role_of(cell, book.places), but=_ROLE_ALONE).template for cell in cells}
    roles: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=str):
        if cell[1] is not None and cell[2] is not None:
            roles.setdefault(f"{cell[1]}{BETWEEN}{cell[2]}", []).append(cell)
    findings: list[Finding] = []
    untested: list[str] = []
    for role, own in roles.items():
        sizes: dict[str, int] = {}
        for cell in own:
            name = standards[cell].name
            seats = lifetimes[cell].subjects if cell in lifetimes else 0
            sizes[name] = sizes.get(name, 0) + seats
        standard = max(sizes, key=lambda name: sizes[name])
        inside = [cell for cell in own if standards[cell].name == standard]
        rest = [cell for cell in cells if standards[cell].name == standard and cell not in own]
        found = [] if role in hidden else list(_tests(role, standard, inside, rest, lifetimes, rates))
        findings += found
        if not found:
            untested.append(role)
    adjusted = benjamini_hochberg([one.raw_p for one in findings])
    return Differences(tuple(replace(one, p=p) for one, p in zip(findings, adjusted, strict=True)), tuple(untested))


def _tests(
    role: str,
    standard: str,
    own: Sequence[Cell],
    rest: Sequence[Cell],
    lifetimes: Mapping[Cell, Lifetimes],
    rates: Mapping[str, Mapping[Cell, tuple[int, int]]],
) -> Iterable[Finding]:
    ours, theirs = (merged([lifetimes[cell] for cell in side if cell in lifetimes]) for side in (own, rest))
    if min(ours.subjects, theirs.subjects) >= FEWEST and (test := log_rank(ours, theirs)) is not None:
        value, other = _median(ours), _median(theirs)
        is_large = value is not None and other is not None and abs(value - other) >= MEDIAN_SHARE * other - ROUNDING
        yield Finding(
            role, standard, TIME_TO_FILL, None, ours.subjects, theirs.subjects, value, other, test.p, is_large=is_large
        )
    for label, counts in rates.items():
        (reached, cases), (other_reached, other_cases) = (_summed(counts, side) for side in (own, rest))
        if min(cases, other_cases) < FEWEST:
            continue
        found = chi_squared([(reached, cases), (other_reached, other_cases)])
        if found is not None:
            value, other = reached / cases, other_reached / other_cases
            is_large = abs(value - other) >= RATE_POINTS - ROUNDING
            yield Finding(role, standard, MATURED, label, cases, other_cases, value, other, found[1], is_large=is_large)


def merged(many: Sequence[Lifetimes]) -> Lifetimes:
    """The counts of several groups as one."""
    times = np.unique(np.concatenate([one.times for one in many])) if many else np.zeros(0, dtype=np.int64)
    table = np.zeros((3, len(times)), dtype=np.int64)
    for one in many:
        at = np.searchsorted(times, one.times)
        for index, counts in enumerate((one.entries, one.events, one.censored)):
            table[index, at] += counts
    return Lifetimes(times, table[0], table[1], table[2])


def _median(lifetimes: Lifetimes) -> float | None:
    found = kaplan_meier(lifetimes).quantile(0.5)
    return None if found is None else found / TENTHS


def _summed(counts: Mapping[Cell, tuple[int, int]], cells: Sequence[Cell]) -> tuple[int, int]:
    found = [counts[cell] for cell in cells if cell in counts]
    return sum(reached for reached, _ in found), sum(cases for _, cases in found)


def _transitions(layer: Layer, viewer: Viewer, span: Period) -> list[str]:
    """Adjacent transitions that occur, in order."""
    answer = layer.ask(Query((MATURED,), ("transition",), period=span), viewer)
    found = [row.dims["transition"] for row in answer.of(MATURED) if row.denominator]
    order = [f"{start} to {stop}" for start, stop in pairwise(STAGE_ORDER)]
    return sorted((one for one in found if one), key=lambda one: order.index(one) if one in order else len(order))


def _counts(layer: Layer, viewer: Viewer, span: Period, transition: str) -> dict[Cell, tuple[int, int]]:
    query = Query((MATURED,), BY, {"transition": (transition,)}, span)
    return {
        tuple(row.dims[name] for name in BY): (int(row.numerator or 0), int(row.denominator))
        for row in layer.ask(query, viewer).of(MATURED)
        if row.denominator and row.reason is not Reason.HIDDEN
    }


def _hidden_roles(layer: Layer, viewer: Viewer, span: Period) -> frozenset[str]:
    """Roles whose figures a works agreement hides."""
    answer = layer.ask(Query((TIME_TO_FILL,), ("job_family", "seniority"), period=span), viewer)
    rows = (row for row in answer.of(TIME_TO_FILL) if row.reason is Reason.HIDDEN)
    return frozenset(f"{row.dims['job_family']}{BETWEEN}{row.dims['seniority']}" for row in rows)
