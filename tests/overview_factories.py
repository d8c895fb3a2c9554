"""An Overview by hand: the company of the design pictures, complete, and variants about which little is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from services.domain.judgement import judge
from services.domain.metric import Better, Estimator, Reason, Row, Unit
from services.domain.periods import MONTHS, add_months
from services.domain.views import (
    Bullet,
    Column,
    Comparison,
    FilterChoice,
    FilterOption,
    Filters,
    FunnelStep,
    MetricDetail,
    OverviewView,
    Stamp,
    Table,
    TableRow,
    Tile,
    Trend,
    TrendPoint,
)

FIRST_MONTH = date(2025, 11, 1)
STARTS = tuple(add_months(FIRST_MONTH, step) for step in range(12))
LABELS = tuple(f"{MONTHS[start.month - 1]} {start.year}" for start in STARTS)
TIME_TO_FILL = (46.4, 47.1, 46.8, 45.9, 44.6, 44.2, 44.9, 43.0, 42.4, 41.8, 40.9, 40.3)
P25 = (31, 32, 31, 31, 30, 29, 30, 29, 28, 28, 27, 27)
P75 = (68, 70, 69, 67, 66, 64, 66, 63, 62, 61, 60, 59)
BEFORE = (46.9, 46.2, 47.4, 46.6, 45.8, 46.4, 47.0, 46.1, 45.2, 46.3, 46.8, 46.0)
OLDER = "the year before"


def a_row(metric: str, value: float | None, unit: Unit, n: int = 612, **fields: object) -> Row:
    base: dict[str, object] = {
        "reason": Reason.NO_DATA if value is None else None,
        "estimator": Estimator.COUNT if unit is Unit.COUNT else Estimator.PLAIN_RATE,
    }
    return Row(metric=metric, dims={}, value=value, unit=unit, n=n, **{**base, **fields})  # type: ignore[arg-type]


def a_tile(
    metric: str,
    title: str,
    row: Row,
    *,
    better: Better = Better.HIGHER,
    target: float | None = None,
    change: float | None = None,
    trend: tuple[float | None, ...] = (),
    label: str = OLDER,
) -> Tile:
    return Tile(
        metric_id=metric,
        title=title,
        row=row,
        unit=row.unit,
        better=better,
        target=target,
        status=judge(row, target, better),
        comparison=Comparison(change, label),
        trend=tuple(zip(LABELS, trend, strict=False)),
    )


def hero() -> Tile:
    row = a_row(
        "time_to_fill", 43.4, Unit.DAYS, estimator=Estimator.KAPLAN_MEIER, events=412, low=41.9, high=45.0, naive=38.6
    )
    return a_tile(
        "time_to_fill", "Time to fill", row, better=Better.LOWER, target=42.0, change=-2.9, trend=TIME_TO_FILL
    )


def hero_trend() -> Trend:
    points = tuple(
        TrendPoint(label, start, value, p25, p75, 50, before)
        for label, start, value, p25, p75, before in zip(LABELS, STARTS, TIME_TO_FILL, P25, P75, BEFORE, strict=True)
    )
    return Trend(
        title="Time to fill",
        caption="Median net days by month. Band: P25 to P75.",
        unit=Unit.DAYS,
        points=points,
        target=42.0,
        finding="Line chart. Median net days to fill by month, Nov 2025 to Oct 2026: from 46.4 to 40.3. Target 42.",
    )


def tiles() -> tuple[Tile, ...]:
    rate, count = Unit.RATE, Unit.COUNT
    late = a_row("roles_with_late_feedback", 0.34, rate, 187, numerator=64, denominator=187)
    return (
        a_tile(
            "hires",
            "Hires",
            a_row("hires", 412, count, 412),
            target=440,
            change=38,
            trend=(28, 31, 33, 30, 36, 34, 35, 37, 33, 38, 37, 40),
        ),
        a_tile(
            "offer_acceptance_rate",
            "Offer acceptance",
            a_row("offer_acceptance_rate", 0.866, rate, 476),
            target=0.85,
            change=0.021,
            trend=(0.84, 0.83, 0.85, 0.86, 0.84, 0.87, 0.86, 0.88, 0.87, 0.86, 0.88, 0.88),
        ),
        a_tile(
            "roles_with_late_feedback",
            "Roles with late feedback",
            late,
            better=Better.LOWER,
            target=0.30,
            change=0.09,
            trend=(0.24, 0.25, 0.24, 0.26, 0.25, 0.27, 0.28, 0.27, 0.30, 0.31, 0.33, 0.34),
        ),
        a_tile(
            "time_to_hire",
            "Time to hire",
            a_row("time_to_hire", 31.2, Unit.DAYS, 412),
            better=Better.LOWER,
            target=30.0,
            change=-1.4,
            trend=(33, 34, 33, 32, 33, 32, 31, 32, 31, 30, 31, 30),
        ),
        a_tile(
            "active_pipeline",
            "Active pipeline",
            a_row("active_pipeline", 3846, count, 3846),
            better=Better.NEITHER,
            change=-214,
        ),
        a_tile(
            "open_requisitions",
            "Open requisitions",
            a_row("open_requisitions", 187, count, 187),
            better=Better.NEITHER,
            change=12,
        ),
        a_tile(
            "feedback_turnaround",
            "Feedback turnaround",
            a_row(
                "feedback_turnaround", 17.6, Unit.BUSINESS_HOURS, 2204, estimator=Estimator.KAPLAN_MEIER, events=2011
            ),
            better=Better.LOWER,
            target=16.0,
            change=1.2,
            trend=(15, 15.5, 15, 16, 15.8, 16, 16.4, 16, 17, 17, 17.6, 18),
        ),
        a_tile(
            "applications",
            "Applications",
            a_row("applications", 24180, count, 24180),
            better=Better.NEITHER,
            change=1920,
            trend=(1800, 1900, 1700, 2000, 2100, 2050, 2000, 2100, 2150, 2000, 2200, 2180),
        ),
    )


def few_tiles() -> tuple[Tile, ...]:
    """The small numbers: hidden under 5, counts from 5, grey from 10, and a source that never came."""
    rate = Unit.RATE
    few = Reason.TOO_FEW
    return (
        a_tile(
            "offer_acceptance_rate",
            "Offer acceptance",
            a_row("offer_acceptance_rate", None, rate, 4, reason=few),
            target=0.85,
        ),
        a_tile(
            "offer_acceptance_rate",
            "Offer acceptance",
            a_row("offer_acceptance_rate", None, rate, 7, reason=few, numerator=5, denominator=7),
            target=0.85,
        ),
        a_tile(
            "offer_acceptance_rate",
            "Offer acceptance",
            a_row("offer_acceptance_rate", 0.88, rate, 17, low=0.66, high=0.97),
            target=0.85,
        ),
        a_tile(
            "feedback_turnaround",
            "Feedback turnaround",
            a_row("feedback_turnaround", None, Unit.BUSINESS_HOURS, 0, reason=Reason.NOT_LOADED),
            target=16.0,
        ),
    )


FUNNEL = (
    ("Applied", "Screen", 24180, 0.29, 0.284, 0.296, 0.25),
    ("Screen", "Assessment", 7012, 0.555, 0.543, 0.567, 0.55),
    ("Assessment", "Interview", 3890, 0.518, 0.502, 0.534, 0.60),
    ("Interview", "Offer", 2016, 0.215, 0.198, 0.232, 0.20),
    ("Offer", "Hire", 496, 0.859, 0.826, 0.888, 0.85),
)


def funnel() -> tuple[FunnelStep, ...]:
    steps = []
    for start, stop, n, value, low, high, target in FUNNEL:
        row = a_row("pass_through_rate", value, Unit.RATE, n, low=low, high=high, estimator=Estimator.AALEN_JOHANSEN)
        steps.append(FunnelStep(start, stop, row, target, judge(row, target, Better.HIGHER)))
    return tuple(steps)


DEPARTMENTS = (
    ("Technology", 62, (18, 17, 14, 13), 52.1, 45.0, 128, 0.82, 0.45, "off"),
    ("Sales", 41, (18, 14, 6, 3), 36.4, 40.0, 92, 0.88, 0.32, "on"),
    ("Operations", 38, (17, 13, 6, 2), 31.0, 35.0, 84, 0.91, 0.24, "on"),
    ("Customer care", 24, (12, 8, 3, 1), 24.2, 30.0, 58, 0.93, 0.21, "on"),
    ("Finance", 12, (3, 3, 3, 3), 46.8, 45.0, 27, 0.84, 0.42, "near"),
    ("Legal and people", 10, (3, 3, 2, 2), 49.3, 45.0, 23, 0.79, 0.40, "near"),
)
DEPARTMENT_COLUMNS = (
    Column("open", "Open", "number", fold=True),
    Column("age", "Age of open roles", "buckets", fold=True),
    Column("time_to_fill", "Time to fill, days", "days"),
    Column("bullet", "Tick = target", "bullet", fold=True),
    Column("hires", "Hires", "number", fold=True),
    Column("acceptance", "Offer acceptance", "rate", fold=True),
    Column("late", "Late feedback", "rate", fold=True),
    Column("status", "", "status"),
)


def departments() -> Table:
    rows = []
    for name, opened, ages, days, target, hires, accepted, late, status in DEPARTMENTS:
        late_status = "off" if late > 0.33 else "near" if late > 0.30 else "on"
        cells = {
            "open": a_row("open_requisitions", opened, Unit.COUNT, opened),
            "age": ages,
            "time_to_fill": a_row("time_to_fill", days, Unit.DAYS, 100),
            "bullet": Bullet(days, Unit.DAYS, target, 60.0, status),
            "hires": a_row("hires", hires, Unit.COUNT, hires),
            "acceptance": a_row("offer_acceptance_rate", accepted, Unit.RATE, 90),
            "late": a_row("roles_with_late_feedback", late, Unit.RATE, 40),
            "late_status": late_status,
        }
        rows.append(TableRow(name, name, cells, status=status, href=f"/?department={name.replace(' ', '+')}"))
    return Table(
        "Departments",
        "Roles on hold or frozen are left out.",
        DEPARTMENT_COLUMNS,
        tuple(rows),
        note="Net days, n 187 open and 412 filled",
        heading="Department",
    )


SOURCES = (
    ("Referral", 2212, 0.041, 0.034, 0.049),
    ("Agency", 1510, 0.033, 0.025, 0.043),
    ("Careers site", 9630, 0.014, 0.012, 0.016),
    ("Job board", 8840, 0.008, 0.006, 0.010),
)


def sources() -> Table:
    rows = []
    for name, n, value, low, high in SOURCES:
        row = a_row("source_conversion", value, Unit.RATE, n, low=low, high=high)
        bullet = Bullet(value, Unit.RATE, low=low, high=high)
        rows.append(TableRow(name, name, {"n": a_row("applications", n, Unit.COUNT, n), "rate": row, "bar": bullet}))
    columns = (
        Column("n", "Applications", "number", fold=True),
        Column("rate", "Hired", "rate"),
        Column("bar", "Share, line = 95%", "bullet"),
    )
    return Table(
        "Sources",
        "Share of applications hired within 120 days.",
        columns,
        tuple(rows),
        heading="Source",
        note="Differences between sources are no proof of cause",
    )


def recruiters() -> Table:
    rows = tuple(
        TableRow(
            name,
            name,
            {
                "open": a_row("open_requisitions", opened, Unit.COUNT, opened),
                "hires": a_row("hires", hires, Unit.COUNT, hires),
                "days": a_row("time_to_fill", days, Unit.DAYS, 31),
            },
        )
        for name, opened, hires, days in (
            ("Ana Lima", 12, 31, 40.2),
            ("Priya Raman", 14, 38, 38.0),
            ("Tom Weber", 9, None, None),
        )
    )
    columns = (
        Column("open", "Open", "number"),
        Column("hires", "Hires", "number"),
        Column("days", "Time to fill, days", "days"),
    )
    return Table(
        "Recruiters",
        "In alphabetical order: nobody is ranked.",
        columns,
        rows,
        heading="Recruiter",
        note="From 20 resolved roles on",
    )


def choices(filters: Filters | None = None) -> tuple[FilterChoice, ...]:
    chosen = filters or Filters()

    def options(name: str, *entries: tuple[str, int, int]) -> tuple[FilterOption, ...]:
        return tuple(
            FilterOption(label, label, count, label in getattr(chosen, name), depth) for label, count, depth in entries
        )

    departments = [
        ("Technology", 9120, 0),
        ("Data", 2100, 1),
        ("Platform", 3300, 1),
        ("Sales", 6011, 0),
        ("Operations", 4203, 0),
        ("Customer care", 2806, 0),
        ("Finance", 1240, 0),
        ("Legal and people", 800, 0),
    ]
    return (
        FilterChoice("department", "Department", options("department", *departments)),
        FilterChoice("job_family", "Job family", options("job_family", ("Engineering", 8100, 0), ("Sales", 6011, 0))),
        FilterChoice("seniority", "Seniority", options("seniority", ("Junior", 5000, 0), ("Senior", 7000, 0))),
        FilterChoice("geography", "Geography", options("geography", ("EMEA", 14000, 0), ("AMER", 10180, 0))),
        FilterChoice("source", "Source", options("source", ("Referral", 2212, 0), ("Agency", 1510, 0))),
    )


def details() -> tuple[MetricDetail, ...]:
    facts = (
        ("What", "Median net days from first opening to acceptance."),
        ("Grain", "one seat"),
        ("Estimator", "Kaplan–Meier, seats still open counted"),
        ("Source", "SHRM/EMA 2002; ISO 30414:2025"),
    )
    names = [("time_to_fill", "Time to fill"), *((tile.metric_id, tile.title) for tile in tiles())]
    return tuple(MetricDetail(metric, name, 1, facts) for metric, name in names)


def an_overview(**fields: object) -> OverviewView:
    filters = fields.get("filters", Filters())
    assert isinstance(filters, Filters)
    view = OverviewView(
        title="Overview",
        subtitle="All departments and regions, 1 Nov 2025 to 31 Oct 2026",
        stamp=Stamp(datetime(2026, 11, 2, 5, 0, tzinfo=UTC), "3f2a9c1d8b7e6655", timezone="Europe/Berlin"),
        filters=filters,
        choices=choices(filters),
        lede="Time to fill is 43.4 days, 2.9 fewer than the year before and 1.4 over target. "
        "Late interview feedback holds it back: in 34% of roles it comes after two business days.",
        rules=("TTF-01", "FBK-01"),
        hero=hero(),
        hero_trend=hero_trend(),
        tiles=tiles(),
        funnel=funnel(),
        departments=departments(),
        sources=sources(),
        recruiters=recruiters(),
        period_label="1 Nov 2025 to 31 Oct 2026",
        details=details(),
        trust=("Batch 3f2a9c1d8b7e of 2 Nov 2026, 06:00 CET", "Metric definitions version 1"),
    )
    return replace(view, **fields)  # type: ignore[arg-type]
