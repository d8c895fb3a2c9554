"""The plan of a team, as tables: entries a week that hires wanted need, against capacity, and the what-if form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.domain.metric import Unit
from services.domain.team_views import Field, WhatIf
from services.domain.views import Bullet, Column, Section, Table, TableRow
from services.domain.wording import NOTHING, number, on_date, percent
from services.metrics.capacities import Capacity
from services.metrics.capacity_plan import CapacityPlan, Check, Rate, Verdict

FIELDS = {
    "hires": "Hires wanted",
    "weeks": "In weeks",
    "recruiters": "Recruiters",
    "screens": "Screens a recruiter, a week",
    "hours": "Interviewer hours a week",
    "each": "Hours a candidate costs",
}
WEEKS = 26


@dataclass(frozen=True)
class Inputs:
    """The form as the address has it (hostile): texts as they came, numbers where they are any."""

    texts: Mapping[str, str]
    numbers: Mapping[str, float]
    error: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> Inputs:
        texts = {name: next(iter(query.get(name, ())), "").strip()[:8] for name in FIELDS}
        numbers: dict[str, float] = {}
        wrong = []
        for name, text in texts.items():
            value = _number(text)
            if value is not None:
                numbers[name] = value
            elif text:
                wrong.append(FIELDS[name].lower())
        error = f"Give a number above 0 for: {', '.join(wrong)}." if wrong else ""
        return cls(texts, numbers, error)

    @property
    def capacity(self) -> Capacity:
        get = self.numbers.get
        return Capacity(get("hours"), get("each"), get("recruiters"), get("screens"))


def _number(text: str) -> float | None:
    """None for what is no number above 0; a comma inside is taken as a thousands mark."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def what_if(
    inputs: Inputs, kept: tuple[tuple[str, str], ...], path: str, reset: str, scope: str, wanted: int
) -> WhatIf:
    """``kept``: what else the address says; ``wanted``: what is planned while nothing is filled in."""
    hints = {"hires": f"empty: the {number(wanted)} open seats", "weeks": f"empty: {WEEKS}"}
    return WhatIf(
        title="What if",
        caption=f"For {scope}. The numbers stand in the address and change nothing.",
        path=path,
        fields=tuple(
            Field(name, label, inputs.texts[name], hints.get(name, "empty: what is set"))
            for name, label in FIELDS.items()
        ),
        kept=kept,
        error=inputs.error,
        reset=reset if any(inputs.texts.values()) else "",
    )


def plan_sections(plan: CapacityPlan | None, why: str) -> tuple[Section, ...]:
    if plan is None:
        return ()
    return (
        Section("needs", _needs(plan, why), 6),
        Section("checks", _checks(plan), 6),
        Section("rates", _rates(plan)),
    )


def _needs(plan: CapacityPlan, why: str) -> Table:
    return Table(
        title="From hires to weeks",
        caption=f"{number(plan.hires)} hires in {number(plan.weeks)} weeks, worked back through the pass-through rates "
        f"of two years in {plan.scope}. Range: 8 of 10.",
        columns=(
            Column("range", "Needed a week", "number"),
            Column("bar", "Line = 8 of 10", "bullet", fold=True),
            Column("at_target", "At target rates", "number", fold=True),
        ),
        rows=tuple(
            TableRow(
                need.stage,
                f"Into {need.stage}",
                {
                    "range": f"{number(need.low, decimals=1)} to {number(need.high, decimals=1)}",
                    "bar": Bullet(need.expected, Unit.SCORE, low=need.low, high=need.high),
                    "at_target": NOTHING if need.at_target is None else number(need.at_target, decimals=1),
                },
            )
            for need in plan.needs
        ),
        note=why or f"As of {on_date(plan.as_of.date())}",
        empty=f"Nothing can be planned: {_reason(plan)}",
        id="needs",
        heading="Stage",
    )


def _reason(plan: CapacityPlan) -> str:
    named, _, words = (plan.reason or "").partition(": ")
    return f"too few cases, {words}." if named == "too_few" else f"{words or named}."


_VERDICTS = {
    Verdict.ENOUGH: ("enough", "on"),
    Verdict.UNCERTAIN: ("may be short", "near"),
    Verdict.SHORT: ("short", "off"),
}


def _checks(plan: CapacityPlan) -> Table:
    missing = ", ".join(plan.not_set)
    return Table(
        title="Against capacity",
        caption="What is needed a week against what there is; tick = capacity.",
        columns=(
            Column("needed", "Needed", "number"),
            Column("bar", "Tick = capacity", "bullet", fold=True),
            Column("available", "Capacity", "number"),
            Column("verdict", "", "text"),
        ),
        rows=tuple(_check(check) for check in plan.checks),
        note=f"Not set: {missing}. Fill in the form above, or set the capacity of the department"
        if missing and plan.checks
        else "",
        empty=f"No capacity is set ({missing}). Fill in the form above to see what would be enough."
        if missing
        else "Nothing to check.",
        id="checks",
        heading="A week",
    )


def _check(check: Check) -> TableRow:
    words, status = _VERDICTS[check.verdict]
    short = (check.low - check.available, check.high - check.available)
    detail = ""
    if check.verdict is Verdict.SHORT:
        detail = f"{number(short[0], decimals=1)} to {number(short[1], decimals=1)} short"
    elif check.verdict is Verdict.UNCERTAIN:
        detail = f"up to {number(short[1], decimals=1)} short"
    return TableRow(
        check.what,
        check.what.capitalize(),
        {
            "needed": f"{number(check.low, decimals=1)} to {number(check.high, decimals=1)}",
            "bar": Bullet(check.expected, Unit.SCORE, check.available, status=status, low=check.low, high=check.high),
            "available": number(check.available, decimals=1),
            "verdict": words,
        },
        detail=detail,
    )


def _rates(plan: CapacityPlan) -> Table:
    return Table(
        title="Pass-through against target",
        caption="Of those who entered a stage and whose way through it is over, the share who came further.",
        columns=(
            Column("rate", "Passed", "text"),
            Column("bar", "Tick = target", "bullet", fold=True),
            Column("target", "Target", "text", fold=True),
            Column("n", "n", "number"),
            Column("where", "Counted in", "text", fold=True),
        ),
        rows=tuple(_rate(rate) for rate in plan.rates),
        note="Below 20 cases the next wider scope is taken, and named",
        empty="The sources keep no stages.",
        id="rates",
        heading="From, to",
    )


def _rate(rate: Rate) -> TableRow:
    below = rate.is_below_target
    status = None if below is None else "off" if below else "on"
    return TableRow(
        rate.transition,
        rate.transition.capitalize(),
        {
            "rate": NOTHING if rate.value is None else percent(rate.value),
            "bar": Bullet(rate.value, Unit.RATE, rate.target, full=1.0, status=status),
            "target": NOTHING if rate.target is None else f"≥ {percent(rate.target)}",
            "n": rate.passage.cases,
            "where": rate.passage.name,
        },
        detail=f"pooled: too few in {rate.pooled}" if rate.pooled else "",
    )
