"""A company of made-up applicants with answers, every question that can be asked of it, and what the answers say.

Used by the property test (bounded) and by ``benchmarks/suppression.py`` (long).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from services.domain.errors import InvalidInputError
from services.domain.metric import Period, Query, Row
from services.domain.people import ColumnClass, Role, Scope, Viewer
from services.metrics.query import QueryLayer
from tests.disclosure import Attacker
from tests.metric_scenes import FakeNames, SmallMart, SmallSnapshot

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
LAST_CLOSED = 2026 * 4 + 2
REGIONS = ("EMEA", "AMER", None)
SEEN = frozenset({ColumnClass.GENERAL, ColumnClass.DIVERSITY})
DEE = Viewer(
    9, "dee@hireboard.test", "DEI officer Dee", 109, frozenset({Role.DEI_OFFICER}), Scope(everything=True), SEEN
)
EVA = Viewer(1, "eva@hireboard.test", "Executive Eva", 101, frozenset({Role.EXECUTIVE}), Scope(everything=True), SEEN)
K = {DEE.email: 5, EVA.email: 10}


class Unknown(NamedTuple):
    """The finest cell: people of one answer at one place, in one quarter, with one end."""

    kind: str
    """applied, selected (= hired) or rejected."""
    department: int
    region: str | None
    quarter: int
    category: str


def quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def first_day(number: int) -> date:
    return date(number // 4, 3 * (number % 4) + 1, 1)


@dataclass
class Applicants:
    """``shares``: how likely each answer is; the rest declines or was not asked."""

    mart: SmallMart
    categories: Sequence[str]
    departments: Sequence[int]
    counts: Counter[Unknown] = field(default_factory=Counter)
    people: Counter[tuple[str, int, str | None, int]] = field(default_factory=Counter)
    _next: int = 1

    @cached_property
    def layer(self) -> QueryLayer:
        """Asked after everybody was added."""
        return QueryLayer(self.mart, FakeNames())

    def add(self, department: int, region: str | None, days: tuple[date, date], end: str, answer: str | None) -> None:
        """``answer`` None = not asked, "declined" = an answer and no group. ``end``: hired or rejected."""
        applied, decided = days
        place = {"department_id": department, "region": region, "country": "US", "requisition_id": department}
        is_hired = end == "hired"
        dates = {"applied_on": applied, "accepted_on": decided if is_hired else None, "ended_on": decided}
        key = self._next
        self._next += 1
        accepted = datetime(decided.year, decided.month, decided.day) if is_hired else None  # noqa: DTZ001 - as the mart
        ended = {"accepted_at": accepted, "outcome": end, "reason_kind": None if is_hired else "company"}
        self.mart.add("fact_application", {"application_id": key, **place, **dates, **ended})
        if answer is not None:
            disclosed = answer != "declined"
            said = {"question": "gender", "state": "disclosed" if disclosed else "declined"}
            hired_on = decided if is_hired else None
            own = {"category": answer if disclosed else None, "applied_on": applied, "hired_on": hired_on}
            self.mart.add("fact_demographic", {"application_id": key, **place, **said, **own})
        for kind, day in (("applied", applied), ("selected" if is_hired else "rejected", decided)):
            self.people[kind, department, region, quarter(day)] += 1
            if answer is not None and answer != "declined":
                self.counts[Unknown(kind, department, region, quarter(day), answer)] += 1


def company(seed: int, applicants: int, shares: Mapping[str, float], departments: int = 3) -> Applicants:
    """Applicants of two years, spread unevenly; department 3 is new, one region has little."""
    dice = Random(seed)
    mart = SmallMart(SmallSnapshot(as_of=AS_OF))
    ids = list(range(1, departments + 1))
    mart.add("dim_department", *({"department_id": key, "name": f"Department {key}"} for key in ids))
    mart.add("dim_stage", {"stage_id": 1, "sort_order": 1, "name": "Applied", "canonical": "applied"})
    made = Applicants(mart, tuple(shares), ids)
    weights = [dice.uniform(0.2, 1) for _ in ids]
    for _ in range(applicants):
        department = dice.choices(ids, weights)[0]
        first = 2025 * 4 + (4 if department == ids[-1] else 0)
        applied = dice.randrange(first, LAST_CLOSED + 1)
        decided = min(applied + dice.choice([0, 0, 1]), LAST_CLOSED + 1)
        answer = dice.choices([*shares, "declined", None], [*shares.values(), 0.1, 0.05])[0]
        end = "hired" if dice.random() < 0.4 else "rejected"
        region = dice.choices(REGIONS, [0.6, 0.35, 0.05])[0]
        made.add(department, region, (first_day(applied), first_day(decided)), end, answer)
    given = {cell.category for cell in made.counts}
    made.categories = [category for category in made.categories if category in given]
    return made


def every_question(made: Applicants) -> Iterator[Query]:
    """All metrics by all splits, filters and periods of the grid, and others that may be refused."""
    names = [f"Department {key}" for key in made.departments]
    places: list[dict[str, tuple[str, ...]]] = [{}]
    places += [{"top_department": (name,)} for name in names]
    places += [{"top_department": pair} for pair in itertools.combinations(names, 2)]
    places += [{"geography": ("EMEA",)}, {"geography": ("AMER",)}, {"geography": ("EMEA", "AMER")}]
    ends = [first_day(number) for number in range(2025 * 4, LAST_CLOSED + 2)]
    periods = [Period(), *(Period(start, end) for start, end in itertools.combinations(ends, 2))]
    splits: list[tuple[str, ...]] = [(), ("top_department",), ("geography",), ("quarter",)]
    for metric, stage in (
        ("representation", {"canonical_stage": ("applied",)}),
        ("representation", {"canonical_stage": ("hired",)}),
        ("adverse_impact_ratio", {}),
        ("demographic_completeness", {"canonical_stage": ("applied",)}),
    ):
        group = () if metric == "demographic_completeness" else ("group",)
        for place, period, split in itertools.product(places, periods, splits):
            if not (place and split):
                yield Query((metric,), by=(*group, *split), where={**place, **stage}, period=period)


def shown_numbers(made: Applicants, query: Query, viewer: Viewer) -> Iterator[tuple[list[Unknown], int]]:
    """The sums of unknowns that an answer shows, with their numbers; nothing when the question is refused."""
    try:
        rows = made.layer.ask(query, viewer).rows
    except InvalidInputError:
        return
    for row in rows:
        yield from _sums(made, query, row)


def _sums(made: Applicants, query: Query, row: Row) -> Iterator[tuple[list[Unknown], Any]]:
    stage = next(iter(query.where.get("canonical_stage", ("",))))
    kinds = {"applied": ("applied",), "hired": ("selected",), "": ("selected", "rejected")}[stage]
    cells = [
        Unknown(kind, department, region, number, category)
        for kind, department, region, number in made.people
        for category in made.categories
        if kind in kinds and _is_inside(query, row, department, region, number)
    ]
    own = [cell for cell in cells if row.dims.get("group") in {None, cell.category}]
    if row.metric == "adverse_impact_ratio" and row.dims.get("group") is not None:
        selected = [cell for cell in own if cell.kind == "selected"]
        shown: list[tuple[list[Unknown], Any]] = [(selected, row.numerator), (own, row.denominator)]
    else:
        shown = [(own, row.numerator), (cells, row.denominator)] if row.metric == "representation" else []
    shown.append((cells, row.extra.get("disclosed")))
    yield from ((members, number) for members, number in shown if number is not None)


def _is_inside(query: Query, row: Row, department: int, region: str | None, number: int) -> bool:
    start, end = query.period.start, query.period.end
    name = f"Department {department}"
    wanted = query.where.get("top_department")
    day = first_day(number)
    step = (
        1 if not (query.where.keys() - {"canonical_stage"}) and not {*query.by} & {"top_department", "geography"} else 2
    )
    last = LAST_CLOSED + 1 - (LAST_CLOSED + 1) % step
    inside = (start is None or day >= start) and (day < end if end else number < last)
    inside = inside and (wanted is None or name in wanted)
    inside = inside and ("geography" not in query.where or region in query.where["geography"])
    if "top_department" in row.dims:
        inside = inside and row.dims["top_department"] == name
    if "geography" in row.dims:
        inside = inside and row.dims["geography"] == region
    if "quarter" in row.dims:
        inside = inside and row.dims["quarter"] == f"{number // 4}-Q{number % 4 + 1}"
    return inside


def protected_sets(made: Applicants, k: int) -> Iterator[list[Unknown]]:
    """Every crossing of place and any union of quarters of one year with people in it and fewer than k of a group."""
    quarters = sorted({number for _, _, _, number in made.people if number <= LAST_CLOSED})
    years = [[number for number in quarters if number // 4 == year] for year in {number // 4 for number in quarters}]
    unions = [
        union for year in years for size in range(1, len(year) + 1) for union in itertools.combinations(year, size)
    ]
    regions: list[Any] = [*REGIONS, "any"]
    for kinds in (("applied",), ("selected",), ("rejected",), ("selected", "rejected")):
        for union, department, region in itertools.product(unions, [*made.departments, None], regions):
            places = [
                (kind, held, place, number)
                for kind, held, place, number in made.people
                if kind in kinds and number in union and department in {None, held} and region in {"any", place}
            ]
            for category in made.categories if places else ():
                cells = [Unknown(kind, held, place, number, category) for kind, held, place, number in places]
                if sum(made.counts[cell] for cell in cells) < k:
                    yield cells


def attack(made: Applicants, viewer: Viewer) -> tuple[Attacker, list[list[Unknown]]]:
    """Everything asked, and what could be worked out although it is below k."""
    unknowns = (
        Unknown(kind, department, region, number, category)
        for kind, department, region, number in made.people
        for category in made.categories
    )
    attacker = Attacker(unknowns)
    for query in every_question(made):
        for cells, number in shown_numbers(made, query, viewer):
            assert sum(made.counts[cell] for cell in cells) == number, (query, number)
            attacker.learn(cells)
    found = [cells for cells in protected_sets(made, K[viewer.email]) if attacker.can_compute(cells)]
    return attacker, found


def windows(first: date, last_closed: int, length: int) -> Iterator[Period]:
    """Every quarter, half year or year that is over."""
    start = quarter(first) - quarter(first) % length
    for number in range(start, last_closed + 2 - length, length):
        yield Period(first_day(number), first_day(number + length))


def coverage(
    layer: QueryLayer,
    viewer: Viewer,
    first: date,
    splits: Mapping[tuple[str, ...], Sequence[int]] = MappingProxyType({}),
) -> tuple[int, int]:
    """(cells with at least k members, how many of them are shown) over all stages and questions.

    ``splits``: lengths of the windows in quarters, by split; without it those of the grid.
    """
    able = shown = 0
    operator = Viewer(None, "operator", "Local operator", scope=viewer.scope, classes=viewer.classes)
    own = ("question", "group", "canonical_stage")
    for split, lengths in (splits or {(): (1, 4), ("top_department",): (2,), ("geography",): (2,)}).items():
        for period in (period for length in lengths for period in windows(first, LAST_CLOSED, length)):
            query = Query(("representation",), by=(*own, *split), period=period)
            raw = layer.ask(Query(query.metrics, query.by, period=period, raw=True), operator)
            answered = {tuple(row.dims.values()): row.numerator for row in layer.ask(query, viewer).rows}
            for row in raw.rows:
                if row.numerator is not None and row.numerator >= K[viewer.email]:
                    able += 1
                    shown += answered.get(tuple(row.dims.values())) is not None
    return able, shown
