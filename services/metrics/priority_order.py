"""The executive page in the order of what comes first: weighty tiles in front, and a note that names the profile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.domain.errors import InvalidInputError
from services.domain.views import Filters, Note, OverviewView
from services.metrics.places import COMPANY, Place, PlaceBook
from services.metrics.profiles import Profile, ordered, read_book
from services.store.database import Store


def by_priority(view: OverviewView, filters: Filters, last_day: date, store: Store) -> OverviewView:
    """As it is where no profile was in force on the period's last day."""
    with store.read() as connection:
        book = read_book(connection)
    if not book.profiles:
        return view
    profile = book.of(_place(filters, book.places), last_day)
    if profile is None:
        return view
    by_metric = {tile.metric_id: tile for tile in view.tiles}
    tiles = tuple(by_metric[metric] for metric in ordered(profile, by_metric))
    return replace(view, tiles=tiles, notes=(*view.notes, Note("info", _words(profile))))


def _place(filters: Filters, places: PlaceBook) -> Place:
    """The one department or job family that was chosen; else the company."""
    try:
        if len(filters.job_family) == 1 and not filters.department:
            return places.find(job_family=filters.job_family[0])
        if len(filters.department) == 1 and not filters.job_family:
            return places.find(filters.department[0])
    except InvalidInputError:
        # the snapshot still shows a name that the store has changed
        return COMPANY
    return COMPANY


def _words(profile: Profile) -> str:
    return f"Order of the figures: {profile.first} first, by the priority profile of {profile.place.words}."
