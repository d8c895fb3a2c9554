"""The family of cells that may be asked of self-identification, and what of it is shown to whom.

One grid for every question, answer and day: calendar quarters and years that are over for the company (or the viewer's
scope) as a whole; half years that are over for one top department or one region. No other filter, no other period: each
of them would make a difference with the grid that could be worked out, and hide more of what it holds. What is shown of
the grid is chosen year by year and quarter after quarter (``services.metrics.release``), so that a later quarter
changes nothing in what was shown before, and two answers never hold more than one.

Another period of whole quarters, or by place of whole half years, is the sum of such cells, if all of them are shown.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from services.domain.errors import InvalidInputError
from services.domain.people import ColumnClass, Role, Viewer
from services.metrics.question import Question
from services.metrics.release import Cell, Counts, Mask, Masks, differences, shown_cells

SMALLEST_CELL = 5
OUTSIDE_HR = 10
SMALLEST_PAY_CELL = 10
_HR = frozenset({Role.HRBP, Role.DEI_OFFICER})

YEAR, HALF, QUARTER = 4, 2, 1
"""Length of a window in quarters."""
WHOLE = "all"
AXES = ("top_department", "geography")


def smallest_cell(viewer: Viewer, column_class: ColumnClass) -> int:
    """k: numbers of fewer people are hidden from ``viewer``."""
    if column_class is ColumnClass.COMPENSATION:
        return SMALLEST_PAY_CELL
    return SMALLEST_CELL if viewer.user_id is None or viewer.roles & _HR else OUTSIDE_HR


class Window(NamedTuple):
    """Consecutive quarters; a quarter's number is year x 4 + 0 to 3."""

    first: int
    length: int

    @property
    def end(self) -> int:
        return self.first + self.length


class Place(NamedTuple):
    """One slice of the company. ``value`` is a department's id or a region; None = unknown in the source."""

    axis: str
    value: int | str | None


EVERYWHERE = Place(WHOLE, None)


class Atom(NamedTuple):
    """The finest set of applications that numbers are kept of."""

    top_department: int | None
    geography: str | None
    quarter: int
    part: str
    """Further split that is not asked for but shown as a number of its own: selected or not."""

    def lies_in(self, place: Place) -> bool:
        return place.axis == WHOLE or getattr(self, place.axis) == place.value


class Asked(NamedTuple):
    """Key of a cell."""

    window: Window
    place: Place
    part: str
    """Empty = all parts."""


def quarter_of(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def first_day(quarter: int) -> date:
    return date(quarter // 4, 3 * (quarter % 4) + 1, 1)


def closed_until(question: Question) -> int:
    """First quarter that was not over at as-of, anywhere."""
    return quarter_of(question.as_of.date() - timedelta(days=1))


def windows_of(first: int, end: int, *, is_whole: bool) -> list[Window]:
    """The fewest windows of the grid that make up [first, end)."""
    found = []
    at = first
    while at < end:
        is_year = is_whole and at % YEAR == 0 and at + YEAR <= end
        length = YEAR if is_year else QUARTER if is_whole else HALF
        found.append(Window(at, length))
        at += length
    return found


def period_of(question: Question, first: int, *, is_whole: bool) -> tuple[int, int]:
    """Quarters [first, end) of the asked period; without one, from the first with data to the last that is over.

    Raises InvalidInputError for a period that does not consist of windows of the grid that are over.
    """
    closed = closed_until(question)
    step = QUARTER if is_whole else HALF
    start, end = question.period.start, question.period.end
    begin = first - first % step if start is None else quarter_of(start)
    until = closed - closed % step if end is None else quarter_of(end)
    is_aligned = all(day is None or day == first_day(quarter_of(day)) for day in (start, end))
    if not is_aligned or begin % step or until % step or until > closed:
        what = "whole quarters" if is_whole else "whole half years, when it is split or filtered by place,"
        last = first_day(closed - closed % step) - timedelta(days=1)
        raise InvalidInputError(
            f"This figure is answered for {what} that are over. Let the period begin on the first day of one and end "
            f"at {last} or earlier, or leave it out."
        )
    return begin, max(begin, until)


def places_of(question: Question, top_of: Mapping[int | None, int | None]) -> list[Place] | None:
    """The asked slice as places that add up to it; None = each place of the split. Raises InvalidInputError."""
    axes = {dimension.id for dimension in question.by} | set(question.chosen)
    asked = [axis for axis in AXES if axis in axes]
    if len(asked) > 1:
        raise InvalidInputError("Split or filter this figure by department or by geography, not by both.")
    if asked and question.grain is not None:
        raise InvalidInputError("By quarter this figure is answered for the whole only, not by place.")
    for axis in asked:
        values = question.chosen.get(axis)
        if values is not None:
            raw = dict.fromkeys(top_of.get(int(value)) for value in values) if axis == AXES[0] else values
            return [Place(axis, value) for value in raw]
    return None if asked else [EVERYWHERE]


@dataclass(frozen=True)
class _Year:
    atoms: Sequence[Atom]
    people: Counts
    cells: Sequence[Cell]
    protected: Masks


class Grid:
    """The cells of one set of applications, by years. ``people`` holds everybody per atom, asked or not."""

    def __init__(self, people: Mapping[Atom, int], closed: int, asked_parts: Sequence[str] = ("",)) -> None:
        self.people = people
        self.closed = closed
        self._asked_parts = asked_parts
        self.places = [EVERYWHERE, *sorted(self._places(), key=str)]
        years = sorted({atom.quarter // 4 for atom in people if atom.quarter < closed})
        self._years = {year: self._year(year) for year in years}

    def _places(self) -> set[Place]:
        return {Place(axis, getattr(atom, axis)) for atom in self.people for axis in AXES}

    def _year(self, year: int) -> _Year:
        atoms = sorted((atom for atom in self.people if atom.quarter // 4 == year), key=str)
        people = np.array([self.people[atom] for atom in atoms], dtype=np.int64)
        cells = [
            Cell(key, _mask(atoms, key), str(key.window) + key.part, key.place.axis)
            for window in self._windows(year)
            for place in self.places
            if (window.length == HALF) != (place == EVERYWHERE)
            for key in (Asked(window, place, part) for part in self._asked_parts)
        ]
        protected = np.concatenate([self._protected(atoms, year), differences(cells, people)])
        return _Year(atoms, people, cells, protected)

    def _windows(self, year: int) -> Iterator[Window]:
        for length in (YEAR, HALF, QUARTER):
            for first in range(year * 4, year * 4 + 4, length):
                if first + length <= self.closed:
                    yield Window(first, length)

    def _protected(self, atoms: Sequence[Atom], year: int) -> Masks:
        """Every crossing of the axes in every union of quarters: more than can be asked for. One a row."""
        everything = np.ones(len(atoms), dtype=np.bool_)
        departments, regions, parts = (
            [everything, *(np.array([getattr(atom, name) == value for atom in atoms]) for value in values)]
            for name, values in (
                ("top_department", {atom.top_department for atom in atoms}),
                ("geography", {atom.geography for atom in atoms}),
                ("part", {atom.part for atom in atoms}),
            )
        )
        numbers = np.array([atom.quarter - year * 4 for atom in atoms], dtype=np.int64)
        unions = [(bits >> numbers & 1).astype(np.bool_) for bits in range(1, 16)]
        rows = [
            department & region & part & union
            for department, region, part, union in product(departments, regions, parts, unions)
        ]
        return np.unique(np.array(rows), axis=0)

    def release(
        self, members: Mapping[Atom, int], k: int, known: Container[Asked] = (), withheld: Container[Asked] = ()
    ) -> Released:
        """What is shown of one category. ``known``: cells that another table shows; ``withheld``: hidden anyway."""
        shown: set[Hashable] = set()
        for year in self._years.values():
            counts = np.array([members.get(atom, 0) for atom in year.atoms], dtype=np.int64)
            cells = sorted(year.cells, key=lambda cell: _importance(cell, counts))
            given = [cell.mask for cell in cells if cell.key in known]
            shown |= shown_cells(counts, year.people, cells, year.protected, k, given, withheld)
        return Released(self, members, shown)

    def cells(self) -> Iterator[Asked]:
        """All that can be asked."""
        for year in self._years.values():
            yield from (cell.key for cell in year.cells if isinstance(cell.key, Asked))


def _mask(atoms: Sequence[Atom], key: Asked) -> Mask:
    window = range(key.window.first, key.window.end)
    return np.array(
        [
            atom.quarter in window and atom.lies_in(key.place) and (not key.part or atom.part == key.part)
            for atom in atoms
        ],
        dtype=np.bool_,
    )


def _importance(cell: Cell, counts: Counts) -> tuple[Any, ...]:
    """In the order in which quarters end, so that what comes later changes nothing; then the whole, long, large."""
    key: Any = cell.key
    return (
        key.window.end,
        key.place != EVERYWHERE,
        -key.window.length,
        key.part == "",
        -int(counts[cell.mask].sum()),
        str(key),
    )


@dataclass(frozen=True)
class Released:
    """The numbers of one category that are shown."""

    grid: Grid
    members: Mapping[Atom, int]
    shown: AbstractSet[Hashable]

    def number(self, windows: Iterable[Window], places: Sequence[Place], part: str = "") -> int | None:
        """Members in ``windows`` and ``places`` together; None = hidden. That nobody was there at all is no secret."""
        total = 0
        for window, place in product(windows, places):
            key = Asked(window, place, part)
            if not people_in(self.grid.people, key):
                continue
            if key not in self.shown:
                return None
            total += people_in(self.members, key)
        return total


def people_in(numbers: Mapping[Atom, int], key: Asked) -> int:
    """Sum of ``numbers`` over the atoms of a cell."""
    return sum(
        number
        for atom, number in numbers.items()
        if key.window.first <= atom.quarter < key.window.end
        and atom.lies_in(key.place)
        and (not key.part or atom.part == key.part)
    )
