"""The diversity figures' numbers as they are shown: one set of applications, laid on the grid and released.

What is hidden is None, and whatever is worked out of the others is worked out of shown numbers alone.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from services.metrics.catalog import Catalog
from services.metrics.figures import Asking
from services.metrics.scope import within
from services.metrics.self_identification import (
    NOT_ASKED,
    Dims,
    Numbers,
    Source,
    State,
    Tally,
    add,
    categories_of,
    counted,
    exact_tallies,
    labeller,
    numbers_from,
    numbers_of_tally,
)
from services.metrics.sensitive import (
    EVERYWHERE,
    SMALLEST_CELL,
    Asked,
    Atom,
    Grid,
    Place,
    Released,
    Window,
    closed_until,
    first_day,
    people_in,
    period_of,
    places_of,
    quarter_of,
    windows_of,
)


class Slice(NamedTuple):
    """One asked group of the organisation and of time: its windows and places, and how it is labelled."""

    dims: Dims
    windows: Sequence[Window]
    places: Sequence[Place]


def numbers_of(asking: Asking, source: Source, name: str) -> Iterator[tuple[Dims, Numbers]]:
    """Numbers of question ``name`` for every asked slice of ``source``."""
    if asking.k is None:
        yield from ((dims, numbers_of_tally(tally)) for dims, tally in exact_tallies(asking, source, name))
    else:
        yield from released(asking, source, name).numbers(asking)


def released(
    asking: Asking, source: Source, name: str, selected_of: ReleasedNumbers | None = None, part: str = ""
) -> ReleasedNumbers:
    """``source`` on the grid. ``selected_of``: another table that shows the numbers of ``part`` already.

    Depends on the snapshot, the viewer's scope, k and the last quarter that is over, and is kept with the snapshot's
    catalogue: a page asks for the same a dozen times.
    """
    key = (source.name, name, part, asking.question.scope, asking.k, closed_until(asking.question))
    with _LOCK:
        kept = _KEPT.setdefault(asking.catalog, {})
        found = kept.get(key)
    if found is None:
        found = ReleasedNumbers(asking, _atoms(asking, source, name), categories_of(asking)[name], selected_of, part)
        with _LOCK:
            while len(kept) >= _MOST_KEPT:
                del kept[next(iter(kept))]
            kept[key] = found
    return found


_MOST_KEPT = 200
_LOCK = threading.Lock()
_KEPT: WeakKeyDictionary[Catalog, dict[Hashable, ReleasedNumbers]] = WeakKeyDictionary()


def _atoms(asking: Asking, source: Source, name: str) -> dict[Atom, dict[State, int]]:
    reach = within(asking.question.scope, source.table)
    columns = [source.table.c.department_id, source.table.c.region, truncated_quarter(source.on)]
    conditions = [source.on.is_not(None), *([] if reach is None else [reach])]
    tops = top_departments(asking)
    atoms: dict[Atom, dict[State, int]] = {}
    rows = counted(asking, source, name, columns, conditions)
    for department, region, start, state, category, of_part, requisition, number in rows:
        atom = Atom(tops.get(department), region, quarter_of(start), of_part)
        add(atoms.setdefault(atom, {}), (state, category, of_part, requisition), number)
    return atoms


def truncated_quarter(on: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.date_trunc(sa.literal_column("'quarter'"), on), sa.Date)


def top_departments(asking: Asking) -> dict[int | None, int | None]:
    return {None: None, **{key: asking.catalog.way_up(key)[-1] for key in asking.catalog.departments}}


class ReleasedNumbers:
    """One set of applications by self-identification, with what of it is shown at ``asking.k``."""

    def __init__(
        self,
        asking: Asking,
        atoms: Mapping[Atom, Tally],
        categories: Sequence[str],
        selected_of: ReleasedNumbers | None,
        part: str,
    ) -> None:
        self._atoms = atoms
        self._tops = top_departments(asking)
        self._k = asking.k or 1
        self._parts = (part, "") if part else ("",)
        people = {atom: sum(tally.values()) for atom, tally in atoms.items()}
        self._asked = {
            atom: sum(number for (state, *_), number in tally.items() if state != NOT_ASKED)
            for atom, tally in atoms.items()
        }
        self.grid = Grid(people, closed_until(asking.question), self._parts)
        self._members = {category: self._members_of(category) for category in categories}
        self._elsewhere = selected_of
        self.by_category = self._release()

    def _members_of(self, category: str) -> dict[Atom, int]:
        found = {}
        for atom, tally in self._atoms.items():
            number = sum(count for (_, other, _, _), count in tally.items() if other == category)
            if number:
                found[atom] = number
        return found

    def _release(self) -> dict[str, Released]:
        """One category after the other; then again where all that is hidden of a slice would be nobody."""
        withheld: dict[str, set[Asked]] = {category: self._hidden_elsewhere(category) for category in self._members}
        found = {category: self._release_one(category, withheld[category]) for category in self._members}
        again = True
        while again:
            again = False
            for key in self.grid.cells():
                category = self._gives_away(found, key)
                if category is not None:
                    withheld[category].add(key)
                    found[category] = self._release_one(category, withheld[category])
                    again = True
        return found

    def _release_one(self, category: str, withheld: set[Asked]) -> Released:
        """At k; and nothing that HR does not see too, so that both together know no more than HR."""
        known = self._shown_elsewhere(category)
        at_k = self.grid.release(self._members[category], self._k, known, withheld)
        if self._k <= SMALLEST_CELL:
            return at_k
        in_hr = self.grid.release(self._members[category], SMALLEST_CELL, known, withheld)
        return replace(at_k, shown=at_k.shown & in_hr.shown)

    def _shown_elsewhere(self, category: str) -> set[Asked]:
        if self._elsewhere is None or category not in self._elsewhere.by_category:
            return set()
        shown = self._elsewhere.by_category[category].shown
        return {key._replace(part=self._parts[0]) for key in shown if isinstance(key, Asked)}

    def _hidden_elsewhere(self, category: str) -> set[Asked]:
        if self._elsewhere is None:
            return set()
        shown = self._shown_elsewhere(category)
        return {key for key in self.grid.cells() if key.part == self._parts[0] and key not in shown}

    def _gives_away(self, found: Mapping[str, Released], key: Asked) -> str | None:
        """The smallest shown category of a slice in which everybody else is accounted for, though some are hidden."""
        if key.part or not people_in(self.grid.people, key):
            return None
        shown = {category: people_in(one.members, key) for category, one in found.items() if key in one.shown}
        asked = people_in(self._asked, key)
        if not shown or len(shown) == len(found) or sum(shown.values()) < asked:
            return None
        return min(shown, key=lambda category: (shown[category], category))

    # --- answers ---------------------------------------------------------------------------------------------------

    def numbers(self, asking: Asking) -> Iterator[tuple[Dims, Numbers]]:
        for slice_ in self.slices(asking):
            yield slice_.dims, self.of(slice_)

    def slices(self, asking: Asking) -> Iterator[Slice]:
        """The asked split by place or by quarter; places without anybody are left out."""
        question = asking.question
        places = places_of(question, self._tops)
        is_whole = places == [EVERYWHERE]
        first = min((atom.quarter for atom in self._atoms), default=self.grid.closed)
        begin, end = period_of(question, first, is_whole=is_whole)
        split = next((item for item in question.by if item.id in {"top_department", "geography"}), None)
        if question.grain is not None:
            for quarter in range(begin, end):
                label = question.label_of_day(first_day(quarter))
                yield Slice({question.grain.value: label}, [Window(quarter, 1)], [EVERYWHERE])
            return
        windows = windows_of(begin, end, is_whole=is_whole)
        if split is None:
            yield Slice({}, windows, places or [EVERYWHERE])
            return
        held = places if places is not None else [place for place in self.grid.places if place.axis == split.id]
        label_of = labeller(asking, split, {place.value for place in held})
        for place in held:
            yield Slice({split.id: label_of(place.value)}, windows, [place])

    def of(self, slice_: Slice) -> Numbers:
        by_category = {
            category: {part: one.number(slice_.windows, slice_.places, part) for part in self._parts}
            for category, one in self.by_category.items()
        }
        return numbers_from(self.tally(slice_), by_category, self._k)

    def tally(self, slice_: Slice) -> Tally:
        """Everything in the slice, hidden or not: only for what is shown of it as a whole."""
        found: dict[State, int] = {}
        for atom, tally in self._atoms.items():
            is_in = any(window.first <= atom.quarter < window.end for window in slice_.windows)
            if is_in and any(atom.lies_in(place) for place in slice_.places):
                for state, number in tally.items():
                    add(found, state, number)
        return found
