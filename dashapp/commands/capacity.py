"""`hireboard capacity`: what departments can carry, and the plan from hires wanted back to entries a week."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from services.domain.metric import Period

if TYPE_CHECKING:
    from services.metrics.capacity_plan import CapacityPlan, Rate

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
of_department = click.option("--department", metavar="NAME", help="Else the company.")
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("capacity")
def command() -> None:
    """Capacity of departments: show, set, plan."""


@command.command("show")
@of_department
@as_user
@as_json
def show_command(department: str | None, user: str | None, *, wants_json: bool) -> None:
    """What a department can carry, with what it takes over from above."""
    with opened_services() as services:
        planning, viewer = services.planning, acting(services, user)
        place = planning.place(department)
        own, found = planning.capacities.own(place, viewer), planning.capacities.of(place, viewer)
    values = {**vars(found), "targets": dict(found.targets)}
    if wants_json:
        click.echo(json.dumps({"place": place.words, "version": own.version, **values}))
        return
    click.echo(f"{place.words}, version {own.version}")
    click.echo("\n".join(f"  {name.replace('_', ' ')}: {_said(value)}" for name, value in values.items()))


@command.command("set")
@of_department
@click.option("--interviewer-hours", type=float, help="All interviewers together, a week.")
@click.option("--hours-per-candidate", type=float, help="Interviewers' hours one interviewed candidate costs.")
@click.option("--recruiters", type=float, help="Full-time equivalents.")
@click.option("--screens-per-recruiter", type=float, help="A week.")
@click.option("--target", "targets", multiple=True, metavar="TRANSITION=RATE", help='"screen to interview=0.4".')
@click.option("--expect-version", type=int, help="Refuse when another version is the newest.")
@as_user
@as_json
def set_command(
    department: str | None,
    targets: tuple[str, ...],
    expect_version: int | None,
    user: str | None,
    *,
    wants_json: bool,
    **numbers: float | None,
) -> None:
    """A new version; what is not named stays as it was."""
    from dashapp.commands.profiles import weights_of  # noqa: PLC0415 - loads nothing more
    from services.metrics.capacities import Capacity  # noqa: PLC0415 - loads the store

    wanted = Capacity(**numbers, targets=weights_of(targets))
    with opened_services() as services:
        place = services.planning.place(department)
        version = services.planning.capacities.put(place, wanted, acting(services, user), expect_version)
    click.echo(json.dumps({"version": version}) if wants_json else f"Version {version} for {place.words}.")


@command.command("plan")
@click.option("--hires", type=int, required=True, help="Hires wanted.")
@click.option("--weeks", type=int, required=True, help="Weeks in which the candidates enter.")
@of_department
@click.option("--job-family", metavar="NAME", help="At this family's rates.")
@click.option("--from", "start", type=DAY, help="First day of the rates' period; else two years.")
@click.option("--to", "end", type=DAY, help="Last day, included.")
@as_user
@as_json
def plan_command(
    hires: int,
    weeks: int,
    department: str | None,
    job_family: str | None,
    start: datetime | None,
    end: datetime | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """Entries a week into each stage for the hires wanted, with an 80 % interval, against capacity."""
    if (start is None) != (end is None):
        raise click.UsageError("Name both --from and --to, or neither.")
    period = Period(start.date(), end.date() + timedelta(days=1)) if start and end else None
    with opened_services() as services:
        planning = services.planning
        family = planning.place(None, job_family) if job_family else None
        plan = planning.planner.plan(
            hires, weeks, acting(services, user), place=planning.place(department), job_family=family, period=period
        )
    click.echo(json.dumps(_document(plan)) if wants_json else "\n".join(_lines(plan)))


def _document(plan: CapacityPlan) -> dict[str, Any]:
    return {
        "scope": plan.scope,
        "hires": plan.hires,
        "weeks": plan.weeks,
        "rates": [
            {
                "transition": one.transition,
                "rate": one.value,
                "reached": one.passage.reached,
                "n": one.passage.cases,
                "counted_in": one.passage.name,
                "pooled_from": one.pooled,
                "target": one.target,
                "below_target": one.is_below_target,
            }
            for one in plan.rates
        ],
        "needs": [vars(one) for one in plan.needs],
        "checks": [{**vars(one), "verdict": one.verdict.value} for one in plan.checks],
        "not_set": plan.not_set,
        "reason": plan.reason,
        "as_of": plan.as_of.isoformat(),
        "snapshot": plan.snapshot,
    }


def _lines(plan: CapacityPlan) -> list[str]:
    lines = [f"{plan.hires} hires in {plan.weeks} weeks, {plan.scope}", *(_rate(one) for one in plan.rates)]
    if plan.reason:
        lines.append(f"No plan: {plan.reason}.")
    for need in plan.needs:
        expected = "unknown" if need.expected is None else f"{need.expected:.1f}"
        target = "" if need.at_target is None else f", at the targets {need.at_target:.1f}"
        lines.append(f"  into {need.stage}: {expected} a week (80 % {need.low:.1f} to {need.high:.1f}){target}")
    for check in plan.checks:
        expected = "unknown" if check.expected is None else f"{check.expected:.1f}"
        lines.append(
            f"  {check.what}: {expected} a week ({check.low:.1f} to {check.high:.1f}) "
            f"of {check.available:g}: {check.verdict.value}"
        )
    lines += [f"  {what}: no capacity set; `hireboard capacity set` says it" for what in plan.not_set]
    return lines


def _rate(one: Rate) -> str:
    value = "too few" if one.value is None else f"{one.value:.1%}"
    pooled = f"; {one.pooled} has too few" if one.pooled else ""
    against = "" if one.target is None else f", target {one.target:.1%}{' (below)' if one.is_below_target else ''}"
    counted = f"{one.passage.reached} of {one.passage.cases}, {one.passage.name}{pooled}"
    return f"  {one.transition}: {value}{against} ({counted})"


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {rate:g}" for name, rate in value.items()) or "not said"
    return "not said" if value is None else f"{value:g}"
