"""From answers to the parts of the Overview: tiles, trend, funnel and definitions. Pure: no question is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.domain.grains import Grain, bin_label
from services.domain.judgement import judge
from services.domain.metric import Answer, Better, Row, Unit
from services.domain.periods import MONTHS as MONTH_NAMES
from services.domain.pipeline import Stage
from services.domain.views import (
    Comparison,
    FunnelStep,
    MetricDetail,
    Tile,
    Trend,
    TrendPoint,
)
from services.domain.wording import amount, number, unit_word
from services.metrics.registry import REGISTRY
from services.metrics.targets import TargetBook

MONTHS = 12
HERO = "time_to_fill"
IN_PERIOD = (
    HERO,
    "hires",
    "offer_acceptance_rate",
    "roles_with_late_feedback",
    "time_to_hire",
    "feedback_turnaround",
    "applications",
)
AS_OF = ("active_pipeline", "open_requisitions")
TILES = (
    "hires",
    "offer_acceptance_rate",
    "roles_with_late_feedback",
    "time_to_hire",
    "active_pipeline",
    "open_requisitions",
    "feedback_turnaround",
    "applications",
)
_TITLES = {"offer_acceptance_rate": "Offer acceptance"}
_STAGE_NAMES = {Stage.HIRED: "Hire"}

Answers = Mapping[str, Answer]


@dataclass(frozen=True)
class Targets:
    """The targets in force on the snapshot's day."""

    book: TargetBook
    on: date

    def of(self, metric_id: str, *, stage: str | None = None, department: str | None = None) -> float | None:
        """None = no target, so nothing is judged."""
        return self.book.target(metric_id, self.on, stage=stage, department=department)


@dataclass(frozen=True)
class Figures:
    """Everything the tiles, the trend and the sentence need."""

    now: Answers
    before: Answers
    standing: Answers
    """Counts as of the snapshot."""
    standing_before: Answers
    monthly: Answers
    """The tiles' series."""
    months: tuple[date, ...]
    """First days of the twelve months of the trend, oldest first."""
    before_label: str

    def row(self, metric_id: str) -> Row:
        source = self.standing if metric_id in AS_OF else self.now
        return source[metric_id].one(metric_id)

    def row_before(self, metric_id: str) -> Row:
        source = self.standing_before if metric_id in AS_OF else self.before
        return source[metric_id].one(metric_id)

    def in_month(self, metric_id: str, start: date) -> Row | None:
        label = bin_label(Grain.MONTH, start)
        rows = self.monthly[metric_id].of(metric_id)
        return next((row for row in rows if row.dims.get("month") == label), None)


def is_empty(figures: Figures) -> bool:
    """Nothing was received, hired or is open."""
    return not any(figures.row(metric).value for metric in ("applications", "hires", "open_requisitions"))


def _title(metric_id: str) -> str:
    return _TITLES.get(metric_id, REGISTRY[metric_id].name)


def _month_label(start: date) -> str:
    return f"{MONTH_NAMES[start.month - 1]} {start.year}"


def value_of(row: Row | None) -> float | None:
    return None if row is None or row.value is None else float(row.value)


def tile_of(figures: Figures, metric_id: str, targets: Targets) -> Tile:
    metric, row, goal = REGISTRY[metric_id], figures.row(metric_id), targets.of(metric_id)
    trend = tuple(
        (_month_label(start), value_of(figures.in_month(metric_id, start)))
        for start in (figures.months if metric_id in figures.monthly else ())
    )
    return Tile(
        metric_id=metric_id,
        title=_title(metric_id),
        row=row,
        unit=metric.unit,
        better=metric.better,
        target=goal,
        status=judge(row, goal, metric.better),
        comparison=compare(row, figures.row_before(metric_id), metric.better, figures.before_label),
        trend=trend,
    )


def compare(row: Row, before: Row, better: Better, label: str) -> Comparison:
    """The difference where both values may be shown; None where there is nothing to compare with.

    A count of 0 before the data begin is no comparison either: nothing was recorded then.
    """
    is_nothing_recorded = before.unit is Unit.COUNT and not before.value
    if row.value is None or before.value is None or is_nothing_recorded:
        return Comparison(None, label)
    difference = float(row.value) - float(before.value)
    is_better = None if better is Better.NEITHER or not difference else (difference < 0) == (better is Better.LOWER)
    return Comparison(difference, label, is_better)


def hero_tile(figures: Figures, targets: Targets) -> Tile:
    return tile_of(figures, HERO, targets)


def tiles(figures: Figures, targets: Targets) -> tuple[Tile, ...]:
    return tuple(tile_of(figures, metric_id, targets) for metric_id in TILES)


def hero_points(answers: Answers, grain: Grain, starts: Sequence[date]) -> tuple[TrendPoint, ...]:
    """The first metric's points, each with the same month or quarter a year before beside it."""
    rows = {row.dims.get(grain.value): row for row in answers[HERO].of(HERO)}

    def point(start: date) -> TrendPoint:
        row, before = (rows.get(bin_label(grain, day)) for day in (start, date(start.year - 1, start.month, 1)))
        return TrendPoint(
            label=_bin_words(grain, start),
            start=start,
            value=value_of(row),
            p25=row.p25 if row else None,
            p75=row.p75 if row else None,
            n=row.n if row else 0,
            year_before=value_of(before),
        )

    return tuple(point(start) for start in starts)


def _bin_words(grain: Grain, start: date) -> str:
    return _month_label(start) if grain is Grain.MONTH else f"Q{(start.month + 2) // 3} {start.year}"


def hero_trend(points: tuple[TrendPoint, ...], grain: Grain, targets: Targets) -> Trend:
    goal = targets.of(HERO)
    why = "" if grain is Grain.MONTH else " Single months have too few cases."
    return Trend(
        title=_title(HERO),
        caption=f"Median net days of the seats open in each {grain}, holds left out. Band: P25 to P75.{why}",
        unit=REGISTRY[HERO].unit,
        points=points,
        target=goal,
        finding=finding(points, goal, REGISTRY[HERO].unit, grain),
        grain=grain.value,
        metric_id=HERO,
    )


def finding(points: Sequence[TrendPoint], goal: float | None, unit: Unit, grain: Grain = Grain.MONTH) -> str:
    """What the chart says, for those who do not see it."""
    known = [point for point in points if point.value is not None]
    if not known:
        return f"Line chart without points: too few cases in every {grain}."
    ends = [known[0]] if len(known) == 1 else [known[0], known[-1]]
    values = ", ".join(f"{amount(point.value, unit)} in {point.label}" for point in ends if point.value is not None)
    aim = f" Target {number(goal)}." if goal is not None else ""
    return f"Line chart. Median net {unit_word(unit)} to fill by {grain}: {values}.{aim}"


# --- pass-through ---------------------------------------------------------------------------------------------------


def funnel(answers: Answers, targets: Targets) -> tuple[FunnelStep, ...]:
    """Adjacent stages in order; none when nobody reached any of them."""
    rows = answers["pass_through_rate"].of("pass_through_rate")
    if not any(row.n for row in rows):
        return ()
    return tuple(_step(row, targets) for row in rows)


def _step(row: Row, targets: Targets) -> FunnelStep:
    start, _, stop = (row.dims.get("transition") or "").partition(" to ")
    goal = targets.of("pass_through_rate", stage=start)
    return FunnelStep(_stage_name(start), _stage_name(stop), row, goal, judge(row, goal, Better.HIGHER))


def _stage_name(stage: str) -> str:
    return _STAGE_NAMES.get(Stage(stage), stage.capitalize())


# --- definitions ----------------------------------------------------------------------------------------------------

_FACTS = (
    ("What", "summary"),
    ("One case is", "grain"),
    ("Starts", "start"),
    ("Stops", "stop"),
    ("Clock", "clock"),
    ("Out of", "denominator"),
    ("Source", "source"),
)


def details() -> tuple[MetricDetail, ...]:
    """The registered definition of every metric with a tile."""
    return tuple(detail_of(metric_id) for metric_id in dict.fromkeys((HERO, *TILES)))


def detail_of(metric_id: str) -> MetricDetail:
    metric = REGISTRY[metric_id]
    facts = [(term, str(getattr(metric, name))) for term, name in _FACTS if getattr(metric, name)]
    facts.append(("Estimate", metric.estimator.value.replace("_", " ")))
    facts.append(("Belongs to a period by", metric.anchor.value.replace("_", " ")))
    if metric.exclusions:
        facts.append(("Left out", ", ".join(metric.exclusions)))
    facts.append(("Owner", metric.owner))
    return MetricDetail(metric_id, _title(metric_id), metric.version, tuple(facts))
