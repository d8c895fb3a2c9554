"""The capacity plan as tables: what is needed, what there is, the rates it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from services.domain import wording
from services.domain.views import Column, Note, Table, TableRow
from services.metrics.capacities import Capacity
from services.metrics.capacity_plan import CapacityPlan, Need, Rate
from services.metrics.places import Place
from services.reporting.pages.settings_words import place_value


def capacities_table(said: Sequence[tuple[Place, Capacity]]) -> Table:
    return Table(
        "",
        "What a week holds. A department takes over from above what it does not say.",
        (
            Column("hours", "Interviewer hours", "text"),
            Column("each", "Hours a candidate", "text", fold=True),
            Column("recruiters", "Recruiters", "text"),
            Column("screens", "Screens a recruiter", "text", fold=True),
            Column("targets", "Aims", "text", fold=True),
        ),
        tuple(
            TableRow(
                place_value(place),
                place.words.capitalize(),
                {
                    "hours": _amount(one.interviewer_hours),
                    "each": _amount(one.hours_per_candidate),
                    "recruiters": _amount(one.recruiters),
                    "screens": _amount(one.screens_per_recruiter),
                    "targets": ", ".join(f"{name} {wording.percent(rate)}" for name, rate in one.targets.items())
                    or wording.NOTHING,
                },
            )
            for place, one in said
        ),
        empty="Nobody has said what can be carried: the plan below shows what is needed, against nothing.",
        heading="Place",
    )


def _amount(value: float | None) -> str:
    return wording.NOTHING if value is None else f"{value:g}"


def plan_tables(plan: CapacityPlan) -> tuple[Table, ...]:
    title = f"{wording.number(plan.hires)} hires in {wording.number(plan.weeks)} weeks, {plan.scope}"
    needs = Table(
        title,
        "Entries a week into each stage; the interval holds 80 %.",
        (
            Column("needed", "Needed a week", "text"),
            Column("interval", "80 %", "text"),
            Column("aim", "Were all aims met", "text", fold=True),
        ),
        tuple(_need_row(one) for one in plan.needs),
        empty="Too few cases to plan with, even in the widest part of the company.",
        heading="Stage",
    )
    rates = Table(
        "Rates it rests on",
        "Of two years; a rate of fewer than 20 cases is taken from the next wider part, which is named.",
        (
            Column("rate", "Rate", "text"),
            Column("n", "n", "number", fold=True),
            Column("where", "Counted in", "text"),
        ),
        tuple(_rate_row(one) for one in plan.rates),
        empty="The sources keep no stages.",
        heading="Transition",
    )
    checks = Table(
        "Against capacity",
        "",
        (Column("needed", "Needed", "text"), Column("there", "There is", "text"), Column("verdict", "Verdict", "text")),
        tuple(
            TableRow(
                one.what,
                one.what.capitalize(),
                {
                    "needed": f"{wording.number(one.low, decimals=1)}–{wording.number(one.high, decimals=1)}",
                    "there": wording.number(one.available, decimals=1),
                    "verdict": one.verdict.value.capitalize(),
                },
            )
            for one in plan.checks
        ),
        empty="Nothing is said of what can be carried here, so nothing is checked.",
        heading="A week",
    )
    return needs, checks, rates


def _need_row(one: Need) -> TableRow:
    cells = {
        "needed": wording.NOTHING if one.expected is None else wording.number(one.expected, decimals=1),
        "interval": f"{wording.number(one.low, decimals=1)}–{wording.number(one.high, decimals=1)}",
        "aim": wording.NOTHING if one.at_target is None else wording.number(one.at_target, decimals=1),
    }
    return TableRow(one.stage, one.stage.capitalize(), dict(cells))


def _rate_row(one: Rate) -> TableRow:
    pooled = f", too few in {one.pooled}" if one.pooled else ""
    cells: dict[str, str | int] = {
        "rate": wording.NOTHING if one.value is None else wording.percent(one.value),
        "n": one.passage.cases,
        "where": f"{one.passage.name}{pooled}",
    }
    return TableRow(one.transition, one.transition.capitalize(), dict(cells))


def plan_notes(plan: CapacityPlan) -> tuple[Note, ...]:
    return (Note("warning", f"No plan can be made: {plan.reason}."),) if plan.reason else ()
