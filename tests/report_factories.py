"""Report views by hand: a full scorecard, a full weekly report, and one of a subject about whom little is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from services.domain.metric import Better, Estimator, Reason, Row, Unit
from services.domain.views import (
    Bullet,
    Column,
    Comparison,
    Definition,
    FunnelStep,
    Note,
    ReportHead,
    ReportView,
    Stamp,
    Table,
    TableRow,
    Tile,
    Trend,
    TrendPoint,
)

MONTHS = ("Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct")
TIME_TO_FILL = (49, 51, 48, 46, 47, 44, 45, 42, 43, 41, 40, 38)


def a_row(metric: str, value: float | None, unit: Unit, n: int = 41, **fields: object) -> Row:
    base: dict[str, object] = {"reason": Reason.NO_DATA if value is None else None, "estimator": Estimator.PLAIN_RATE}
    return Row(metric=metric, dims={}, value=value, unit=unit, n=n, **{**base, **fields})  # type: ignore[arg-type]


def a_head(**fields: object) -> ReportHead:
    head = ReportHead(
        kind="recruiter_scorecard",
        title="Recruiter scorecard",
        company="Northwind Group",
        report_id="RS-2026-10-4187",
        subject="7",
        subject_name="Recruiter Rita",
        subtitle="Technology · EMEA · reports to Recruiting manager Ron · October 2026 · 14 open requisitions",
        period="2026-10",
        period_label="Oct 2026",
        recipient="rita@northwind.example",
        stamp=Stamp(datetime(2026, 10, 31, 23, 59, tzinfo=UTC), "3f2a9c1d8b7e6655", timezone="Europe/Berlin"),
        issued_at=datetime(2026, 11, 1, 6, 0, tzinfo=UTC),
    )
    return replace(head, **fields)  # type: ignore[arg-type]


def some_tiles() -> tuple[Tile, ...]:
    km = {"estimator": Estimator.KAPLAN_MEIER, "events": 25, "low": 33.0, "high": 44.0}
    trend = tuple(zip(MONTHS, map(float, TIME_TO_FILL), strict=True))
    rates = tuple(zip(MONTHS, (0.80, 0.78, 0.82, None, 0.81, 0.84, 0.83, 0.86, 0.85, 0.84, 0.85, 0.88), strict=True))
    return (
        Tile(
            "time_to_fill",
            "Time to fill",
            a_row("time_to_fill", 38.0, Unit.DAYS, **km),
            Unit.DAYS,
            Better.LOWER,
            target=42,
            status="on",
            comparison=Comparison(-2.0, "vs Sep 2026", is_better=True),
            trend=trend,
            benchmark=a_row("time_to_fill", 46.0, Unit.DAYS, n=812),
        ),
        Tile(
            "offer_acceptance_rate",
            "Offer acceptance",
            a_row("offer_acceptance_rate", 0.882, Unit.RATE, n=34, numerator=30),
            Unit.RATE,
            Better.HIGHER,
            target=0.85,
            status="on",
            comparison=Comparison(0.03, "vs Sep 2026", is_better=True),
            trend=rates,
            benchmark=a_row("offer_acceptance_rate", 0.82, Unit.RATE, n=900),
        ),
        Tile(
            "time_to_hire",
            "Time to hire",
            a_row("time_to_hire", 31.4, Unit.DAYS, n=15, low=24.0, high=39.5, estimator=Estimator.PLAIN_MEDIAN),
            Unit.DAYS,
            Better.LOWER,
            comparison=Comparison(None, "vs Sep 2026"),
            trend=trend,
            benchmark=a_row("time_to_hire", 40.1, Unit.DAYS, n=412),
        ),
        Tile(
            "feedback_turnaround",
            "Feedback turnaround",
            a_row("feedback_turnaround", 2.4, Unit.BUSINESS_DAYS, n=96, events=90, estimator=Estimator.KAPLAN_MEIER),
            Unit.BUSINESS_DAYS,
            Better.LOWER,
            target=2.0,
            status="off",
            comparison=Comparison(0.5, "vs Sep 2026", is_better=False),
            trend=tuple(zip(MONTHS, (1.9, 1.8, 2.0, 1.9, 1.7, 1.8, 1.8, 1.9, 1.8, 1.9, 1.9, 2.4), strict=True)),
            benchmark=a_row("feedback_turnaround", 2.2, Unit.BUSINESS_DAYS, n=2412),
        ),
        Tile(
            "hires",
            "Hires",
            a_row("hires", 4, Unit.COUNT, n=4, estimator=Estimator.COUNT),
            Unit.COUNT,
            Better.HIGHER,
            comparison=Comparison(1, "vs Sep 2026", is_better=True),
            trend=tuple(zip(MONTHS, map(float, (3, 2, 4, 3, 5, 2, 3, 4, 2, 4, 3, 4)), strict=True)),
        ),
    )


def some_funnel() -> tuple[FunnelStep, ...]:
    steps = (
        ("Applied", "Screen", 612, 0.38, 0.34, "on"),
        ("Screen", "Interview", 231, 0.36, 0.41, "off"),
        ("Interview", "Offer", 84, 0.20, 0.19, "on"),
        ("Offer", "Hired", 17, 0.882, 0.82, None),
    )
    return tuple(
        FunnelStep(
            start,
            stop,
            a_row("pass_through_rate", rate, Unit.RATE, n=n, events=15, estimator=Estimator.AALEN_JOHANSEN),
            status=status,
            benchmark=a_row("pass_through_rate", company, Unit.RATE, n=9000),
        )
        for start, stop, n, rate, company, status in steps
    )


def a_trend() -> Trend:
    points = tuple(
        TrendPoint(
            label,
            date(2025 + (index > 1), (index + 10) % 12 + 1, 1),
            float(value),
            p25=value * 0.72,
            p75=value * 1.34,
            n=25 if index != 3 else 12,
            benchmark=51 - index * 0.45,
        )
        for index, (label, value) in enumerate(zip(MONTHS, TIME_TO_FILL, strict=True))
    )
    finding = "Median time to fill fell from 49 to 38 days in twelve months."
    return Trend("Time to fill", "Median net days by month, with P25 to P75 (shaded).", Unit.DAYS, points, 42, finding)


def some_tables() -> tuple[Table, ...]:
    sources = Table(
        "Source effectiveness",
        "Applications of the last twelve months. Share hired within 120 days, by competing risks.",
        (
            Column("applications", "Applications", "number"),
            Column("interview", "Reached interview", "bar"),
            Column("conversion", "Hired", "bar"),
            Column("hires", "Hires", "number"),
        ),
        tuple(
            TableRow(
                name,
                name,
                {
                    "applications": n,
                    "interview": a_row("pass_through_rate", rate, Unit.RATE, n=n),
                    "conversion": a_row("source_conversion", rate / 9, Unit.RATE, n=n)
                    if n >= 10
                    else a_row("source_conversion", None, Unit.RATE, n=n, reason=Reason.TOO_FEW),
                    "hires": hires,
                },
            )
            for name, n, rate, hires in (
                ("Employee referral", 58, 0.41, 5),
                ("Direct sourcing", 96, 0.28, 3),
                ("Careers site", 204, 0.12, 3),
                ("Job boards", 187, 0.07, 2),
                ("Agency", 18, 0.19, 2),
                ("University programme", 4, 0.21, 0),
            )
        ),
        heading="Source",
        id="sources",
    )
    feedback = Table(
        "Feedback turnaround",
        "Median business days by hiring team, limit 2.0.",
        (Column("median", "Median", "bullet"), Column("n", "n", "number")),
        tuple(
            TableRow(
                name,
                name,
                {"median": Bullet(value, Unit.BUSINESS_DAYS, 2.0, 5, "off" if value > 2 else None), "n": 20},
                detail=lead,
            )
            for name, lead, value in (
                ("Data Platform", "M. Okafor", 1.4),
                ("Payments", "J. Lindqvist", 1.8),
                ("Mobile", "A. Haddad", 1.9),
                ("Security Engineering", "R. Novák", 2.9),
                ("Site Reliability", "T. Marchetti", 3.6),
            )
        ),
        heading="Hiring team",
        id="feedback",
        width="half",
    )
    waiting = Table(
        "Not in your hands",
        "Days of your open requisitions spent waiting for others.",
        (Column("days", "Days", "bullet"), Column("share", "Share", "rate")),
        (
            TableRow("manager", "Waiting for feedback", {"days": Bullet(31.0, Unit.BUSINESS_DAYS), "share": 0.21}),
            TableRow("hold", "On hold or frozen", {"days": Bullet(57.0, Unit.DAYS), "share": 0.18}),
        ),
        heading="What",
        id="waiting",
        width="half",
    )
    return (sources, feedback, waiting, an_ageing_table())


def an_ageing_table() -> Table:
    words = {"off": "Overdue", "near": "At risk", "on": "On track", "hold": "On hold"}
    return Table(
        "Open requisition ageing",
        "Net days since the first opening against the requisition's own target; holds and freezes are left out.",
        (
            Column("opened", "Opened", "text"),
            Column("age", "Age, net days", "bullet"),
            Column("screen", "Screen", "number"),
            Column("interview", "Interview", "number"),
            Column("offer", "Offer", "number"),
            Column("status", "Status", "status"),
        ),
        tuple(
            TableRow(
                code,
                title,
                {
                    "opened": opened,
                    "age": Bullet(age, Unit.DAYS, 60.0, 150, status, "" if age else "paused"),
                    "screen": 42,
                    "interview": 11,
                    "offer": 0,
                    "status": words[status],
                },
                status=status,
                detail=f"{code} · {manager}",
            )
            for code, title, manager, opened, age, status in (
                ("R-2291", "Staff Site Reliability Engineer", "T. Marchetti", "12 Jun 2026", 141.0, "off"),
                ("R-2310", "Security Architect", "R. Novák", "3 Jul 2026", 120.0, "off"),
                ("R-2347", "Principal Data Engineer", "M. Okafor", "18 Aug 2026", 58.3, "near"),
                ("R-2352", "Engineering Manager, Mobile", "A. Haddad", "25 Aug 2026", 55.1, "near"),
                ("R-2391", "Android Engineer", "A. Haddad", "1 Oct 2026", 30.0, "on"),
                ("R-2339", "iOS Engineer", "A. Haddad", "10 Aug 2026", None, "hold"),
            )
        ),
        heading="Requisition · hiring manager",
        id="requisitions",
    )


def some_definitions() -> tuple[Definition, ...]:
    return (
        Definition("a", "Time to fill", "One seat, first opened to accepted; days on hold left out.", 1),
        Definition("b", "Offer acceptance", "Accepted ÷ (accepted + declined + expired + withdrawn).", 1),
        Definition("c", "Time to hire", "One application, applied to accepted; median of the period's hires.", 1),
        Definition("d", "Feedback turnaround", "Business days from the interview's end to the feedback.", 1),
        Definition("e", "Hires", "Offers accepted and not undone.", 1),
    )


def a_scorecard(**fields: object) -> ReportView:
    view = ReportView(
        head=a_head(),
        lede="Median time to fill fell to 38 days, four days inside its target. Interview feedback is the constraint: "
        "2 of 5 hiring teams take longer than two business days.",
        tiles=some_tiles(),
        funnel=some_funnel(),
        trend=a_trend(),
        tables=some_tables(),
        definitions=some_definitions(),
        notes=(Note("info", "Two requisitions changed hands in October; each is counted with its owner at the time."),),
    )
    return replace(view, **fields)  # type: ignore[arg-type]


def a_weekly_report(**fields: object) -> ReportView:
    view = ReportView(
        head=a_head(
            kind="hiring_manager_weekly",
            title="Your hiring, weekly",
            report_id="WH-2026-47-0117",
            subject_name="Hiring manager Max",
            subtitle="Site Reliability · 4 open requisitions, 1 on hold",
            period="2026-W47",
            period_label="Week 47, 2026",
            recipient="max@northwind.example",
        ),
        lede="2 feedback forms wait for you and hold up 2 of your 4 requisitions.",
        tiles=some_tiles()[3:],
        tables=(some_tables()[1], some_tables()[2], an_ageing_table()),
        asks=(
            Note(
                "error",
                "Give feedback on Rui Almeida, interviewed 28 Oct 2026: owed for 3.2 business days.",
                "/reports",
                "Open",
            ),
            Note(
                "warning",
                "R-2291 is 81 days past its target date: agree a new one.",
                "#requisitions",
                "See the requisition",
            ),
            Note(
                "warning",
                "R-2339 has been on hold since 6 Oct 2026: release or close it.",
                "#requisitions",
                "See the hold",
            ),
        ),
        definitions=some_definitions()[3:],
    )
    return replace(view, **fields)  # type: ignore[arg-type]


def a_sparse_scorecard() -> ReportView:
    """A new recruiter: one filled seat, no interviews, no sources, no curve."""
    few = a_row("time_to_fill", None, Unit.DAYS, n=3, events=1, reason=Reason.TOO_FEW, estimator=Estimator.KAPLAN_MEIER)
    none = a_row("offer_acceptance_rate", None, Unit.RATE, n=0)
    zero = a_row("hires", 0, Unit.COUNT, n=0, estimator=Estimator.COUNT)
    return a_scorecard(
        lede="One open requisition; no seat was filled in October 2026.",
        tiles=(
            Tile("time_to_fill", "Time to fill", few, Unit.DAYS, Better.LOWER, target=42, trend=(("Oct", None),)),
            Tile("offer_acceptance_rate", "Offer acceptance", none, Unit.RATE, Better.HIGHER),
            Tile("hires", "Hires", zero, Unit.COUNT, Better.HIGHER, comparison=Comparison(0, "vs Sep 2026")),
        ),
        funnel=(FunnelStep("Applied", "Screen", replace(none, metric="pass_through_rate")),),
        trend=Trend(
            "Time to fill", "Median net days by month.", Unit.DAYS, (TrendPoint("Oct", date(2026, 10, 1), None),)
        ),
        tables=tuple(replace(table, rows=()) for table in some_tables()),
        notes=(),
    )
