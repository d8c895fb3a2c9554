"""What every page of figures begins with: the filters that hold, period, stamp and targets; tiles and words around."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.domain.filters import DIMENSIONS, keep_known
from services.domain.metric import Period
from services.domain.people import Viewer
from services.domain.periods import NamedPeriod, months_until, parse_period, year_before
from services.domain.phrases import listing
from services.domain.views import FilterChoice, Filters, Note, Stamp, Tile
from services.domain.wording import at_instant, on_date
from services.metrics import overview_parts as parts
from services.metrics.overview import StandingNotes
from services.metrics.registry import REGISTRY
from services.metrics.selection import Answers, Asks, Selection
from services.metrics.targets import TargetBook
from services.store.database import Store

SNAPSHOT_CHARACTERS = 12
_LABELS = dict(DIMENSIONS)


@dataclass(frozen=True)
class Opened:
    """One view of a page: what was asked for, as far as it exists for the viewer."""

    selection: Selection
    stamp: Stamp
    period: NamedPeriod
    choices: tuple[FilterChoice, ...]
    """Those the page has, with what is chosen."""
    targets: parts.Targets
    standing: tuple[Note, ...]

    @property
    def viewer(self) -> Viewer:
        return self.selection.viewer

    @property
    def filters(self) -> Filters:
        return self.selection.filters

    @property
    def today(self) -> date:
        """The snapshot's day where the viewer is."""
        return local_day(self.stamp.as_of, self.stamp.timezone)

    @property
    def span(self) -> str:
        """``1 Nov 2025 to 31 Oct 2026``."""
        return span_words(self.period)

    @property
    def subtitle(self) -> str:
        return f"{chosen_words(self.choices) or 'Everything you may see'}, {self.span}"

    @property
    def trust(self) -> tuple[str, ...]:
        read_on = at_instant(self.stamp.as_of, self.stamp.timezone)
        return (
            f"Batch {self.stamp.snapshot[:SNAPSHOT_CHARACTERS]}, read on {read_on}",
            f"{len(REGISTRY)} governed metrics, each with its version",
        )

    def ask(self, *metrics: str, by: tuple[str, ...] = (), period: Period | None = None) -> Answers:
        """Answers over the page's period, with its filters."""
        return self.selection.ask(*metrics, by=by, period=period or self.period.period)


class Desk:
    """Where the pages ask."""

    def __init__(self, query: Asks, store: Store, standing: StandingNotes = tuple) -> None:
        self.query = query
        self.store = store
        self._standing = standing

    @contextmanager
    def opened(self, filters: Filters, viewer: Viewer, off: Collection[str] = ()) -> Iterator[Opened]:
        """One snapshot for all questions of a page. ``off``: filters the page has switched off.

        Values outside the viewer's scope are left out. Raises RetryLaterError while no snapshot is published.
        """
        with self.query.hold() as snapshot:
            as_of = snapshot.as_of if snapshot.as_of.tzinfo else snapshot.as_of.replace(tzinfo=UTC)
            stamp = Stamp(as_of, snapshot.id, timezone=viewer.timezone)
            options = tuple(choice for choice in self.query.filter_options(viewer) if choice.id not in off)
            kept = keep_known(filters, options)
            today = local_day(as_of, viewer.timezone)
            yield Opened(
                selection=Selection(self.query, viewer, kept),
                stamp=stamp,
                period=parse_period(kept.period, today),
                choices=_chosen(options, kept),
                targets=parts.Targets(TargetBook.of(self.store), today),
                standing=self._standing(),
            )


def local_day(instant: datetime, timezone: str) -> date:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(timezone)).date()


def span_words(period: NamedPeriod) -> str:
    return f"{on_date(period.start)} to {on_date(period.last_day)}"


def _chosen(options: Sequence[FilterChoice], filters: Filters) -> tuple[FilterChoice, ...]:
    return tuple(
        replace(
            choice,
            options=tuple(
                replace(option, chosen=option.value in getattr(filters, choice.id)) for option in choice.options
            ),
        )
        for choice in options
    )


def chosen_words(choices: Sequence[FilterChoice]) -> str:
    """What is chosen, dimension by dimension; empty = nothing is."""
    found = (listing(tuple(option.label for option in choice.options if option.chosen)) for choice in choices)
    return "; ".join(words for words in found if words)


def switched_off(filters: Filters, off: Mapping[str, str]) -> tuple[Note, ...]:
    """Says of every filter that is switched off why (``off``: id -> reason), and that a set one is not followed."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in off.items():
        by_reason.setdefault(reason, []).append(_LABELS.get(name, name.capitalize()))
    found = []
    for reason, names in by_reason.items():
        listed = " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part).capitalize()
        found.append(Note("info", f"{listed} {'are' if len(names) > 1 else 'is'} off here: {reason}"))
    ignored = [_LABELS[name].lower() for name in off if name in _LABELS and getattr(filters, name)]
    if ignored:
        words = f"The address also chooses {listing(tuple(ignored))}. This page does not follow that."
        found.append(Note("warning", words))
    return tuple(found)


def figures(opened: Opened, metrics: Sequence[str]) -> parts.Figures:
    """Now, a year before, and by month over the last twelve, for tiles of ``metrics``."""
    before = year_before(opened.period)
    months = months_until(opened.period.end, parts.MONTHS)
    return parts.Figures(
        now=opened.ask(*metrics),
        before=opened.ask(*metrics, period=before.period),
        standing={},
        standing_before={},
        monthly=opened.ask(*metrics, by=("month",), period=Period(months[0], opened.period.end)),
        months=months,
        before_label=before.label,
    )


def tiles(opened: Opened, found: parts.Figures, metrics: Sequence[str]) -> tuple[Tile, ...]:
    return tuple(parts.tile_of(found, metric_id, opened.targets) for metric_id in metrics)
