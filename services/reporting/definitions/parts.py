"""Parts that reports share: tiles, funnel, trend, footnotes, and the table of open requisitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.domain import wording
from services.domain.grains import Grain, bin_start, next_bin
from services.domain.judgement import judge
from services.domain.metric import Better, Estimator, Period, Row, Unit
from services.domain.periods import MONTHS, NamedPeriod, add_months
from services.domain.views import (
    Bullet,
    Column,
    Comparison,
    Definition,
    FunnelStep,
    Table,
    TableRow,
    Tile,
    Trend,
    TrendPoint,
)
from services.metrics import registry
from services.metrics.late_roles import DAY_GRID, LATE_AFTER
from services.metrics.targets import TargetBook
from services.reporting.definitions.asking import Asker, by_metric
from services.reporting.definitions.requisitions import Requisition, judge_age

FEEDBACK_LIMIT_DAYS = LATE_AFTER / DAY_GRID
"""The limit of the rule itself, in business days: feedback has a target even where nobody set one."""
_POINTS = 12
_ENOUGH_POINTS = 3
STAGE_NAMES = {
    "applied": "Applied",
    "screen": "Screen",
    "assessment": "Assessment",
    "interview": "Interview",
    "offer": "Offer",
    "hired": "Hired",
}


@dataclass(frozen=True)
class Frame:
    """What the parts of one report have in common."""

    ask: Asker
    period: NamedPeriod
    before: NamedPeriod
    grain: Grain
    wider: Period
    wider_label: str
    targets: TargetBook

    def target(self, metric_id: str, stage: str | None = None) -> float | None:
        """The company's; None = there is none, so nothing is judged."""
        found = self.targets.target(metric_id, self.period.last_day, stage=stage)
        return FEEDBACK_LIMIT_DAYS if found is None and metric_id == "feedback_turnaround" else found


def steps_back(grain: Grain, start: date, count: int) -> date:
    """First day of the bin ``count`` bins before the one that begins on ``start``."""
    if grain is Grain.MONTH:
        return add_months(start, -count)
    at = start
    for _ in range(count):
        at = bin_start(grain, date.fromordinal(at.toordinal() - 1))
    return at


def bins_of(grain: Grain, end: date, count: int) -> list[date]:
    """First days of the ``count`` bins before ``end``, oldest first."""
    return [steps_back(grain, end, back) for back in range(count, 0, -1)]


def short_label(grain: Grain, start: date) -> str:
    if grain is Grain.WEEK:
        return f"W{start.isocalendar().week}"
    if grain is Grain.QUARTER:
        return f"Q{(start.month + 2) // 3} {start.year % 100:02}"
    return MONTHS[start.month - 1]


# --- tiles -----------------------------------------------------------------------------------------------------------


def tiles(frame: Frame, metrics: Sequence[str]) -> tuple[Tile, ...]:
    """One per metric: this period, the one before, the wider one, twelve bins, the company's."""
    ask, period = frame.ask, frame.period
    now = by_metric(ask.rows(*metrics, period=period.period))
    before = by_metric(ask.rows(*metrics, period=frame.before.period))
    wider = by_metric(ask.rows(*metrics, period=frame.wider))
    compared = tuple(metric for metric in metrics if not _is_count(metric))
    company = by_metric(ask.company_rows(*compared, period=period.period)) if compared else {}
    starts = bins_of(frame.grain, period.end, _POINTS)
    history = ask.rows(*metrics, period=Period(starts[0], period.end), by=(frame.grain,))
    found = []
    for metric_id in metrics:
        metric, row = registry.metric(metric_id), now[metric_id]
        target = frame.target(metric_id)
        values = [item.value for item in history if item.metric == metric_id]
        labels = [short_label(frame.grain, start) for start in starts]
        found.append(
            Tile(
                metric_id=metric_id,
                title=metric.name,
                row=row,
                unit=row.unit,
                better=metric.better,
                target=target,
                status=judge(row, target, metric.better),
                comparison=compare(row, before[metric_id], metric.better, frame.before.label),
                trend=tuple(zip(labels, values, strict=True)),
                benchmark=company.get(metric_id),
                wider=None if _is_count(metric_id) else wider[metric_id],
                wider_label=frame.wider_label,
            )
        )
    return tuple(found)


def _is_count(metric_id: str) -> bool:
    """The company's count beside a person's says nothing."""
    return registry.metric(metric_id).estimator is Estimator.COUNT


def compare(row: Row, before: Row, better: Better, label: str) -> Comparison:
    """The difference of two values; better or worse only when both may be judged."""
    if row.value is None or before.value is None:
        return Comparison(None, f"vs {label}")
    change = row.value - before.value
    is_judged = wording.is_judged(row) and wording.is_judged(before)
    is_better = None
    if is_judged and change and better is not Better.NEITHER:
        is_better = (change < 0) == (better is Better.LOWER)
    return Comparison(change, f"vs {label}", is_better)


# --- funnel and trend ------------------------------------------------------------------------------------------------


def funnel(frame: Frame) -> tuple[FunnelStep, ...]:
    """Adjacent transitions of the wider period, with the company's rates."""
    mine = frame.ask.rows("pass_through_rate", period=frame.wider, by=("transition",))
    company = {
        row.dims["transition"]: row
        for row in frame.ask.company_rows("pass_through_rate", period=frame.wider, by=("transition",))
    }
    steps = []
    for row in mine:
        start, _, stop = str(row.dims["transition"]).partition(" to ")
        target = frame.target("pass_through_rate", start)
        benchmark = company.get(row.dims["transition"])
        status = judge(row, benchmark.value if benchmark else None, Better.HIGHER)
        names = STAGE_NAMES.get(start, start), STAGE_NAMES.get(stop, stop)
        steps.append(FunnelStep(*names, row, target, status, benchmark))
    return tuple(steps)


def time_to_fill_trend(frame: Frame) -> Trend:
    """By month; by quarter when fewer than three months have a median."""
    monthly = _trend_points(frame, Grain.MONTH, frame.period.end, _POINTS)
    if _known(monthly) >= _ENOUGH_POINTS:
        points, caption = monthly, "Median net days by month, P25 to P75 shaded. Grey line = company."
    else:
        end = bin_start(Grain.QUARTER, frame.period.last_day)
        points = _trend_points(frame, Grain.QUARTER, min(next_bin(Grain.QUARTER, end), frame.period.end), 8)
        caption = "Median net days by quarter: too few own seats by month. Grey line = company."
    target = frame.target("time_to_fill")
    return Trend("Time to fill", caption, Unit.DAYS, points, target, _finding(points))


def _trend_points(frame: Frame, grain: Grain, end: date, count: int) -> tuple[TrendPoint, ...]:
    first = bin_start(grain, date.fromordinal(end.toordinal() - 1))
    starts = [*(steps_back(grain, first, back) for back in range(count - 1, 0, -1)), first]
    period = Period(starts[0], end)
    mine = frame.ask.rows("time_to_fill", period=period, by=(grain,))
    company = frame.ask.company_rows("time_to_fill", period=period, by=(grain,))
    return tuple(
        TrendPoint(short_label(grain, start), start, row.value, row.p25, row.p75, n=row.n, benchmark=beside.value)
        for start, row, beside in zip(starts, mine, company, strict=True)
    )


def _known(points: Iterable[TrendPoint]) -> int:
    return sum(point.value is not None for point in points)


def _finding(points: Sequence[TrendPoint]) -> str:
    known = [point for point in points if point.value is not None]
    if not known:
        return "Too few seats for a median of one's own: 10 at risk and 5 filled are needed. The line is the company's."
    first, last = known[0], known[-1]
    if first is last or first.value is None or last.value is None:
        return f"Median time to fill, {last.label}: {wording.amount_with_unit(last.value or 0, Unit.DAYS)}."
    verb = "fell" if last.value < first.value else "rose" if last.value > first.value else "stayed"
    return (
        f"Median time to fill {verb} from {wording.amount(first.value, Unit.DAYS)} in {first.label} "
        f"to {wording.amount_with_unit(last.value, Unit.DAYS)} in {last.label}."
    )


# --- open requisitions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenRequisition:
    requisition: Requisition
    age: Row | None
    """None = stopped: its clock does not run."""
    in_stage: Mapping[str, int]
    offers_out: int
    status: str | None
    word: str

    @property
    def age_days(self) -> float | None:
        return None if self.age is None or self.age.value is None else float(self.age.value)

    @property
    def days_over(self) -> float | None:
        """Net days past the target; None = not past, or no target."""
        target, age = self.requisition.target_days, self.age_days
        return age - target if target is not None and age is not None and age > target else None


def open_requisitions(ask: Asker, running: Mapping[str, Requisition]) -> tuple[OpenRequisition, ...]:
    """Oldest first, stopped ones last. What the snapshot calls running but all seats filled is not open."""
    state = ask.rows("open_requisitions", "requisition_age", by=("requisition",))
    is_open = {row.dims["requisition"] for row in state if row.metric == "open_requisitions" and row.extra.get("gross")}
    ages = {row.dims["requisition"]: row for row in state if row.metric == "requisition_age" and row.value is not None}
    stages: dict[str | None, dict[str, int]] = {}
    for row in ask.rows("open_applications", by=("requisition", "canonical_stage")):
        stages.setdefault(row.dims["requisition"], {})[str(row.dims["canonical_stage"])] = int(row.value or 0)
    offers = ask.rows("offer_acceptance_rate", by=("requisition",))
    pending = {row.dims["requisition"]: int(row.extra.get("pending") or 0) for row in offers}
    found = []
    for label, requisition in running.items():
        if label not in is_open:
            continue
        age = None if requisition.stopped_since else ages.get(label)
        days = None if age is None or age.value is None else float(age.value)
        status, word = judge_age(requisition, days)
        found.append(OpenRequisition(requisition, age, stages.get(label, {}), pending.get(label, 0), status, word))
    return tuple(sorted(found, key=lambda item: (item.age_days is None, -(item.age_days or 0), item.requisition.label)))


def ageing_table(items: Sequence[OpenRequisition], names: Mapping[int, str], *, with_stages: bool) -> Table:
    """``names``: hiring managers, printed in the second line; empty = left out.

    The bars' scale ends at three times the longest target: one forgotten requisition must not flatten all others.
    """
    targets = [item.requisition.target_days for item in items if item.requisition.target_days]
    full = 3.0 * max(targets) if targets else None
    stages = ("screen", "interview", "offer") if with_stages else ()
    columns = (
        Column("opened", "Opened", "text"),
        Column("age", "Age, net days", "bullet"),
        *(Column(stage, STAGE_NAMES[stage], "number") for stage in stages),
        Column("status", "Status", "status"),
    )
    return Table(
        title="Open requisition ageing",
        caption="Net days of the oldest open seat; days on hold or frozen do not count. Tick = own target. Oldest "
        "first, stopped ones last.",
        columns=columns,
        rows=tuple(_ageing_row(item, names, stages, full) for item in items),
        empty="No requisition was open.",
        id="requisitions",
        heading="Requisition" + (" · hiring manager" if names else ""),
    )


def _ageing_row(item: OpenRequisition, names: Mapping[int, str], stages: Iterable[str], full: float | None) -> TableRow:
    requisition = item.requisition
    paused = f"since {wording.on_date(requisition.stopped_since)}" if requisition.stopped_since else "no open seat"
    target = None if requisition.target_days is None else float(requisition.target_days)
    details = [requisition.code or "", names.get(requisition.hiring_manager_id or 0, "")]
    return TableRow(
        key=str(requisition.id),
        label=requisition.title,
        cells={
            "opened": wording.on_date(requisition.opened_on) if requisition.opened_on else None,
            "age": Bullet(item.age_days, Unit.DAYS, target, full, item.status, "" if item.age else paused),
            **{stage: item.in_stage.get(stage, 0) for stage in stages},
            "status": item.word,
        },
        status=item.status,
        detail=" · ".join(part for part in details if part),
    )


# --- footnotes -------------------------------------------------------------------------------------------------------


def definitions(metric_ids: Iterable[str]) -> tuple[Definition, ...]:
    """What each printed figure means, from the registry, marked a, b, c in order."""
    found = []
    for index, metric_id in enumerate(dict.fromkeys(metric_ids)):
        metric = registry.metric(metric_id)
        words = [metric.summary.rstrip(".")]
        if metric.start and metric.stop:
            clock = f"; {metric.clock}" if metric.clock else ""
            words.append(f"From {metric.start} to {metric.stop}{clock}")
        if metric.exclusions:
            words.append(f"Left out: {', '.join(metric.exclusions)}")
        found.append(Definition(chr(ord("a") + index), metric.name, ". ".join(words) + ".", metric.version))
    return tuple(found)
