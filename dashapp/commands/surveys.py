"""`hireboard surveys`: when hiring managers and candidates are asked, and how many answer."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from services.domain.pipeline import SurveyKind
from services.domain.wording import on_date, percent

if TYPE_CHECKING:
    from services.domain.surveys import SurveyStanding
    from services.surveys.plans import Plan

KINDS = click.Choice([kind.value for kind in SurveyKind])
as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="Act as this user; else as the local operator.")


@click.group("surveys")
def command() -> None:
    """Surveys: list plans, set one, send now, where they stand."""


@command.command("list")
@as_user
@as_json
def list_command(user: str | None, *, wants_json: bool) -> None:
    """The plans in force."""
    with opened_services() as services:
        plans = services.surveys.plans.listed(acting(services, user))
    if wants_json:
        click.echo(json.dumps({"plans": [_plan_document(plan) for plan in plans]}))
        return
    click.echo(
        "\n".join(_plan_line(plan) for plan in plans) or "No surveys are sent. `hireboard surveys set` begins one."
    )


@command.command("set")
@click.argument("kind", type=KINDS)
@click.option("--cadence", type=click.Choice(["per_hire", "while_open", "quarterly", "per_decision"]), required=True)
@click.option("--every", "every_days", type=int, metavar="DAYS", help="Days between two surveys (while_open).")
@click.option("--delay", "delay_days", type=int, default=1, show_default=True, help="Days after the hire or decision.")
@click.option("--valid", "valid_days", type=int, default=21, show_default=True, help="Days the link works.")
@click.option("--remind", "remind_after_days", type=int, default=7, show_default=True, help="0 = no reminder.")
@click.option("--throttle", "throttle_days", type=int, default=14, show_default=True, help="Least days between two.")
@as_user
@as_json
def set_command(kind: str, cadence: str, user: str | None, *, wants_json: bool, **days: Any) -> None:
    """Send surveys of KIND; the same kind and cadence is changed. What happened before is not asked about."""
    from services.surveys.plans import PlanWanted  # noqa: PLC0415 - loads the store

    with opened_services() as services:
        number = services.surveys.plans.put(PlanWanted(kind, cadence, **days), acting(services, user))
    click.echo(json.dumps({"plan": number}) if wants_json else f"Plan {number} is in force.")


@command.command("remove")
@click.argument("number", type=click.IntRange(1, 2**62))
@as_user
def remove_command(number: int, user: str | None) -> None:
    """Send no more surveys of a plan; links that are out stay good."""
    with opened_services() as services:
        services.surveys.plans.remove(number, acting(services, user))
    click.echo(f"Plan {number} is out of force.")


@command.command("formal")
@click.argument("kind", type=KINDS)
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="First day.")
@click.option("--off", is_flag=True, help="It is no formal KPI any more.")
@as_user
def formal_command(kind: str, since: datetime | None, user: str | None, *, off: bool) -> None:
    """Make the score of KIND a formal KPI from a date; every answer of its metric says so."""
    if off == (since is not None):
        raise click.UsageError("Give either --from DATE or --off.")
    day: date | None = since.date() if since else None
    with opened_services() as services:
        services.surveys.plans.make_formal(SurveyKind(kind), day, acting(services, user))
    click.echo(f"{kind} is a formal KPI from {on_date(day)} on." if day else f"{kind} is no formal KPI.")


@command.command("send")
@as_json
def send_command(*, wants_json: bool) -> None:
    """Enter what is due now into the outbox, as the scheduler does; note deliveries, remind, end what is over."""
    with opened_services() as services:
        entered = services.surveys.rounds.run()
    click.echo(json.dumps({"entered": entered}) if wants_json else f"{entered} surveys are on their way.")


@command.command("status")
@as_user
@as_json
def status_command(user: str | None, *, wants_json: bool) -> None:
    """Sent, delivered and answered by kind, with the response rate."""
    with opened_services() as services:
        standings = services.surveys.standings.of_all(acting(services, user))
    if wants_json:
        click.echo(json.dumps({"surveys": [_standing_document(standing) for standing in standings]}))
        return
    for standing in standings:
        click.echo(_standing_line(standing))


def _plan_document(plan: Plan) -> dict[str, Any]:
    return dataclasses.asdict(plan) | {"created_at": plan.created_at.isoformat()}


def _plan_line(plan: Plan) -> str:
    every = f" {plan.every_days} days" if plan.every_days else ""
    return (
        f"{plan.id:>6}  {plan.kind} {plan.cadence}{every}, link works {plan.valid_days} days, "
        f"reminder after {plan.remind_after_days}, at least {plan.throttle_days} between two"
    )


def _standing_document(standing: SurveyStanding) -> dict[str, Any]:
    formal = standing.formal_from.isoformat() if standing.formal_from else None
    return dataclasses.asdict(standing) | {"formal_from": formal, "response_rate": standing.response_rate}


def _standing_line(standing: SurveyStanding) -> str:
    rate = "nothing delivered yet" if standing.response_rate is None else f"{percent(standing.response_rate)} answered"
    formal = f"; formal KPI from {on_date(standing.formal_from)}" if standing.formal_from else ""
    return (
        f"{standing.kind}: {standing.sent} sent, {standing.delivered} delivered, {standing.answered} answered "
        f"({rate}), {standing.waiting} open, {standing.expired} over, {standing.declined} declined, "
        f"{standing.undelivered} not delivered{formal}"
    )
