"""Questions of a page about teams or people: limited to whom it is about, answered in the unit that is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.domain.filters import where
from services.domain.grains import Grain, bin_label
from services.domain.judgement import judge
from services.domain.metric import Attribution, Period, Query, Reason, Row, Unit
from services.domain.periods import MONTHS as MONTH_NAMES
from services.domain.periods import months_until, year_before
from services.domain.views import MetricDetail, Tile, Trend, TrendPoint
from services.domain.wording import amount, unit_word
from services.metrics import overview_parts as parts
from services.metrics.pages.frame import Opened
from services.metrics.registry import REGISTRY
from services.metrics.selection import Later
from services.reporting.definitions.asking import in_printed_unit

NO_PERIOD = Period()


@dataclass(frozen=True)
class Asked:
    """An answer on its way. Errors of the query layer are raised when it is looked at."""

    later: Later

    def rows(self, metric_id: str) -> tuple[Row, ...]:
        return tuple(in_printed_unit(row) for row in self.later().of(metric_id))

    def row(self, metric_id: str) -> Row:
        """The only row of a question that splits by nothing."""
        return self.rows(metric_id)[0]

    def by(self, metric_id: str, dimension: str) -> dict[str | None, Row]:
        return {row.dims.get(dimension): row for row in self.rows(metric_id)}

    def of(self, metric_id: str, dimension: str, name: str) -> Row:
        """The row of one group; a group that this question did not find is a count of nothing."""
        return self.by(metric_id, dimension).get(name) or _nothing(metric_id, dimension, name)


def _nothing(metric_id: str, dimension: str, name: str) -> Row:
    metric = REGISTRY[metric_id]
    is_count = metric.unit is Unit.COUNT
    return Row(
        metric=metric_id,
        dims={dimension: name},
        value=0 if is_count else None,
        unit=metric.unit,
        n=0,
        reason=None if is_count else Reason.NO_DATA,
        estimator=metric.estimator,
        anchor=metric.anchor,
    )


@dataclass(frozen=True)
class Questions:
    opened: Opened
    about: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Limits of every question beside the filters: whom the page is about."""

    def ask(self, *metrics: str, by: tuple[str, ...] = (), period: Period | None = None, **more: Any) -> Asked:
        """Over the page's period unless said otherwise; what knows no source is asked for all sources."""
        limits = {**where(self.opened.filters), **more.pop("where", {}), **self.about}
        if not all("source" in REGISTRY[metric].dimensions for metric in metrics):
            limits.pop("source", None)
        asked = Query(metrics, by, limits, self.opened.period.period if period is None else period, **more)
        return Asked(self.opened.selection.query.later(asked, self.opened.viewer))

    def standing(self, *metrics: str, by: tuple[str, ...] = (), **more: Any) -> Asked:
        """As of the snapshot, whatever the period."""
        return self.ask(*metrics, by=by, period=NO_PERIOD, **more)

    @property
    def months(self) -> tuple[date, ...]:
        return months_until(self.opened.period.end, parts.MONTHS)

    @property
    def year(self) -> Period:
        """Twelve months that end with the page's period: what is judged by its outcome needs time."""
        return Period(self.months[0], self.opened.period.end)

    def tile(self, metric_id: str, title: str = "", **more: Any) -> Tile:
        """Now, the year before and twelve months; ``more`` (attribution, expected) goes into the questions."""
        series = {name: value for name, value in more.items() if name != "expected"}
        asked = self.ask(metric_id, **more)
        earlier = self.ask(metric_id, period=year_before(self.opened.period).period, **series)
        monthly = self.ask(metric_id, by=("month",), period=self.year, **series)
        metric, row, goal = REGISTRY[metric_id], asked.row(metric_id), self.opened.targets.of(metric_id)
        by_month = monthly.by(metric_id, "month")
        return Tile(
            metric_id=metric_id,
            title=title or metric.name,
            row=row,
            unit=row.unit,
            better=metric.better,
            target=goal,
            status=judge(row, goal, metric.better),
            comparison=parts.compare(row, earlier.row(metric_id), metric.better, year_before(self.opened.period).label),
            trend=tuple(
                (month_words(start), parts.value_of(by_month.get(bin_label(Grain.MONTH, start))))
                for start in self.months
            ),
        )


def month_words(start: date) -> str:
    return f"{MONTH_NAMES[start.month - 1]} {start.year}"


def trend_of(tile: Tile, months: Sequence[date], title: str, caption: str) -> Trend:
    """A tile's twelve months as a chart."""
    points = tuple(
        TrendPoint(label=label, start=start, value=value)
        for start, (label, value) in zip(months, tile.trend, strict=True)
    )
    known = [point for point in points if point.value is not None]
    ends = [known[0], known[-1]] if len(known) > 1 else known
    said = ", ".join(f"{amount(one.value, tile.unit)} in {one.label}" for one in ends if one.value is not None)
    finding = f"Line chart. {title}, {unit_word(tile.unit) or 'by month'}: {said or 'too few cases in every month'}."
    return Trend(title, caption, tile.unit, points, tile.target, finding, metric_id=tile.metric_id)


def details(metrics: Iterable[str]) -> tuple[MetricDetail, ...]:
    """The registered definition of each metric with a tile."""
    return tuple(parts.detail_of(metric_id) for metric_id in dict.fromkeys(metrics))


def attribution_of(query: Mapping[str, Sequence[str]]) -> Attribution:
    """The model the address names (hostile); whatever is no model is the primary owner."""
    named = next(iter(query.get("attribution", ())), "")
    return Attribution(named) if named in set(Attribution) else Attribution.PRIMARY


def page_number(query: Mapping[str, Sequence[str]]) -> int:
    """The page of a long list the address names (hostile), from 1."""
    named = next(iter(query.get("page", ())), "1")
    return max(1, int(named)) if named.isascii() and named.isdigit() and len(named) < _DIGITS else 1


_DIGITS = 6
