"""`hireboard thresholds`: limits of metrics that open an incident when they are broken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from services.domain.incidents import scope_words

if TYPE_CHECKING:
    from services.alerts.thresholds import Rule

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="Act as this user; else as the local operator.")


@click.group("thresholds")
def command() -> None:
    """Limits of metrics: list, set, remove, judge now."""


@command.command("list")
@as_user
@as_json
def list_command(user: str | None, *, wants_json: bool) -> None:
    """The thresholds in force."""
    with opened_services() as services:
        rules = services.alerts.thresholds.listed(acting(services, user))
    if wants_json:
        click.echo(json.dumps({"thresholds": [_document(rule) for rule in rules]}))
        return
    click.echo(
        "\n".join(_line(rule) for rule in rules) or "There are no thresholds. `hireboard thresholds set` makes one."
    )


@command.command("set")
@click.argument("metric_id", metavar="METRIC")
@click.option("--limit", type=float, required=True, help="A rate between 0 and 1.")
@click.option("--stage", help="Canonical stage: screen, assessment, interview, offer.")
@click.option("--where", multiple=True, metavar="DIM=VALUE", help="The scope; may be repeated.")
@click.option("--each", metavar="DIM", help="Every value of this dimension is a scope of its own.")
@click.option("--template", help="A scorecard template: its place becomes part of the scope.")
@click.option("--minimum-n", type=int, default=20, show_default=True)
@click.option("--window", type=click.Choice(["week", "month", "quarter"]), default="month", show_default=True)
@click.option("--step-hours", type=int, default=8, show_default=True, help="Business hours until the next step.")
@click.option("--office", help="Whose working time counts; else the first office's.")
@click.option("--notify", multiple=True, metavar="STEP=EMAIL", help="Instead of the step's role; may be repeated.")
@click.option("--owner", metavar="EMAIL", help="Who hears when somebody could not be told.")
@as_user
@as_json
def set_command(metric_id: str, limit: float, user: str | None, *, wants_json: bool, **options: Any) -> None:
    """Set the limit of METRIC in a scope; a threshold for the same metric and scope is changed."""
    from services.alerts.thresholds import Wanted  # noqa: PLC0415 - loads the query layer

    scope = _pairs(options["where"], "--where", "department=Sales")
    if options["stage"]:
        scope["canonical_stage"] = [options["stage"]]
    wanted = Wanted(
        metric_id=metric_id,
        limit=limit,
        scope=scope,
        each=options["each"],
        template=options["template"],
        minimum_n=options["minimum_n"],
        grain=options["window"],
        step_hours=options["step_hours"],
        office=options["office"],
        recipients=_pairs(options["notify"], "--notify", "lead=ron@example.org"),
        owner=options["owner"],
    )
    with opened_services() as services:
        number = services.alerts.thresholds.put(wanted, acting(services, user))
    click.echo(json.dumps({"threshold": number}) if wants_json else f"Threshold {number} is in force.")


@command.command("remove")
@click.argument("number", type=click.IntRange(1, 2**62))
@as_user
def remove_command(number: int, user: str | None) -> None:
    """Take a threshold out of force; its open incidents are closed with it."""
    with opened_services() as services:
        services.alerts.thresholds.remove(number, acting(services, user))
    click.echo(f"Threshold {number} is out of force.")


@command.command("evaluate")
@as_json
def evaluate_command(*, wants_json: bool) -> None:
    """Judge the published snapshot now and take the steps that are due, as the scheduler does."""
    with opened_services() as services:
        judged = services.alerts.rounds.evaluate()
        services.alerts.rounds.run()
    click.echo(json.dumps({"judged": judged}) if wants_json else f"{judged} thresholds judged.")


def _pairs(texts: tuple[str, ...], option: str, example: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.UsageError(f"{option} takes NAME=VALUE, for example {example}, not {text!r}.")
        found.setdefault(name, []).append(value)
    return found


def _document(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "metric": rule.metric_id,
        "limit": rule.limit,
        "side": "above" if rule.is_ceiling else "below",
        "scope": rule.scope,
        "each": rule.each,
        "template": rule.template,
        "minimum_n": rule.minimum_n,
        "window": rule.grain,
        "step_hours": rule.step_hours,
        "recipients": rule.recipients,
        "version": rule.version,
        "problem": rule.problem,
        "changed_at": rule.changed_at.isoformat(),
        "changed_by": rule.changed_by,
    }


def _line(rule: Rule) -> str:
    each = f", each {rule.each}" if rule.each else ""
    template = f", template {rule.template}" if rule.template else ""
    problem = f"\n        not judged: {rule.problem}" if rule.problem else ""
    side = "above" if rule.is_ceiling else "below"
    return (
        f"{rule.id:>6}  {rule.metric_id} {side} {rule.limit:g}  {scope_words(rule.scope)}{each}{template}, "
        f"n {rule.minimum_n}, by {rule.grain}{problem}"
    )
