"""Which figures stand in front of a person's report: the scorecard template and the priority profile of the period.

Both are taken as they were when the period ended, so that a period that is over is told as it was. Goals are not asked
here at all: they are departments', and these reports are about one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from services.domain.people import ColumnClass
from services.domain.phrases import listing
from services.domain.views import Note, Tile
from services.metrics import registry
from services.metrics.places import COMPANY, Level
from services.metrics.profiles import ordered, read_book
from services.metrics.scorecard_templates import Role, book_of
from services.store.database import Store
from services.store.tables import Person

MOST_TILES = 5
"""What a row of a page holds."""
INCOMPLETE = "incomplete: "


@dataclass(frozen=True)
class Selection:
    metrics: tuple[str, ...]
    notes: tuple[Note, ...]
    """Why these and in this order; empty where nobody has set a template or profile."""


def selection(
    store: Store,
    own: Sequence[str],
    *,
    person_id: int,
    splits: tuple[str, ...],
    last_day: date,
    ended_at: datetime,
) -> Selection:
    """``own``: the report's figures where no template was set before ``ended_at``.

    ``splits``: dimensions every figure must have: the person's and the report's grain.
    """
    with store.read() as connection:
        department = connection.scalar(select(Person.department_id).where(Person.id == person_id))
        metrics, notes = _by_template(connection, own, department, splits, ended_at)
        book = read_book(connection)
    place = COMPANY if department is None else book.places.place(Level.DEPARTMENT, str(department))
    profile = book.of(place, last_day) if book.profiles else None
    if profile is not None:
        metrics = ordered(profile, metrics)
        words = f"Order of the figures: {profile.first} first, by the priority profile of {profile.place.words}."
        notes = (*notes, Note("info", words))
    return Selection(metrics[:MOST_TILES], notes)


def _by_template(
    connection: Connection, own: Sequence[str], department: int | None, splits: tuple[str, ...], ended_at: datetime
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    resolved = book_of(connection, until=ended_at).resolve(Role(department))
    if resolved.template.version == 0:
        return tuple(own), ()
    shown = tuple(metric for metric in resolved.metrics if _fits(metric, splits))
    left = tuple(registry.metric(metric).name for metric in resolved.metrics if metric not in shown)
    words = f"Figures by the scorecard template {resolved.why}"
    if left:
        words += f" Not in a report about one person: {listing(left)}."
    return shown or tuple(own), (Note("info", words),)


def _fits(metric_id: str, splits: tuple[str, ...]) -> bool:
    metric = registry.metric(metric_id)
    is_general = metric.column_class is ColumnClass.GENERAL and not registry.is_sensitive(metric_id)
    return is_general and set(splits) <= set(metric.dimensions)


def incomplete(tiles: Sequence[Tile]) -> tuple[Note, ...]:
    """A note for each figure that carries the mark, in the words of the mark."""
    return tuple(
        Note("warning", f"{tile.title} is {tile.row.note[tile.row.note.index(INCOMPLETE) :]}.")
        for tile in tiles
        if tile.row.note and INCOMPLETE in tile.row.note
    )
