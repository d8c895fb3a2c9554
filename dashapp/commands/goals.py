"""`hireboard goals`: diversity goals of departments, what countries allow, and when figures are complete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services

if TYPE_CHECKING:
    from services.metrics.diversity_goals import Goal, Progress

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("goals")
def command() -> None:
    """Diversity goals of departments: list, set, end, country, floor. There are none of single people."""


@command.command("list")
@as_user
@as_json
def list_command(user: str | None, *, wants_json: bool) -> None:
    """Goals in force within the own scope, with the share of the last two half years that are over."""
    with opened_services() as services:
        found = services.planning.goals.progress(acting(services, user))
    if wants_json:
        click.echo(json.dumps({"goals": [_document(one) for one in found]}))
        return
    click.echo("\n".join(_line(one) for one in found) or "There are no goals.")


@command.command("set")
@click.option("--department", required=True)
@click.option("--country", required=True, metavar="CODE", help="Whose pack allows it.")
@click.option("--stage", required=True, help="outreach or applied; offer or hired with a legal approver.")
@click.option("--question", required=True, help="For example gender.")
@click.option("--group", required=True, help="For example woman.")
@click.option("--share", type=float, required=True, help="Of those who disclosed, 0 to 1.")
@click.option("--until", type=DAY, required=True)
@click.option("--reason", required=True)
@click.option("--legal-approver", metavar="NAME", help="Who approved it in the legal department.")
@click.option("--expect-version", type=int, help="Refuse when another version is the newest.")
@as_user
@as_json
def set_command(user: str | None, *, wants_json: bool, **options: Any) -> None:
    """A new version of a department's goal."""
    from services.metrics.diversity_goals import Wanted  # noqa: PLC0415 - loads the store

    wanted = Wanted(
        department=options["department"],
        country=options["country"],
        stage=options["stage"],
        question=options["question"],
        group=options["group"],
        share=options["share"],
        until_on=options["until"].date(),
        reason=options["reason"],
        legal_approver=options["legal_approver"],
        expected_version=options["expect_version"],
    )
    with opened_services() as services:
        version = services.planning.goals.put(wanted, acting(services, user))
    click.echo(json.dumps({"version": version}) if wants_json else f"Version {version} is in force.")


@command.command("end")
@click.argument("number", type=click.IntRange(1, 2**62))
@as_user
def end_command(number: int, user: str | None) -> None:
    """Take a goal out of force."""
    with opened_services() as services:
        services.planning.goals.end(number, acting(services, user))
    click.echo(f"Goal {number} is out of force.")


@command.command("country")
@click.argument("code", required=False)
@click.option("--asks/--asks-not", default=False, help="Applicants may be asked about themselves.")
@click.option("--goal", "stages", multiple=True, help="outreach or applied; may be repeated.")
@click.option("--decisions/--no-decisions", default=False, help="Goals on offers and hires, with a legal approver.")
@as_user
@as_json
def country_command(
    code: str | None, stages: tuple[str, ...], user: str | None, *, asks: bool, decisions: bool, wants_json: bool
) -> None:
    """Set the pack of a country; without CODE list the packs there are."""
    from services.metrics.jurisdictions import Pack  # noqa: PLC0415 - loads the store

    with opened_services() as services:
        viewer = acting(services, user)
        if code is not None:
            services.planning.jurisdictions.put(code, Pack(asks, stages, decisions), viewer)
        found = services.planning.jurisdictions.listed(viewer)
    if wants_json:
        click.echo(json.dumps({"countries": {name: vars(one) for name, one in found.items()}}))
        return
    for name, one in sorted(found.items()):
        asked = "may be asked" if one.asks else "not asked"
        decided = ", offers and hires with a legal approver" if one.decisions else ""
        click.echo(f"{name}  {asked}; goals on {', '.join(one.goals) or 'nothing'}{decided}")
    if not found:
        click.echo("No country has a pack: no goals are allowed anywhere.")


@command.command("floor")
@click.option("--mode", type=click.Choice(["off", "warn", "block"]), help="Else what is in force is shown.")
@click.option("--offer", type=float, help="Least share asked of those who reached an offer.")
@click.option("--hired", type=float, help="Least share asked of those who were hired.")
@click.option("--expect-version", type=int, help="Refuse when another version is the newest.")
@as_user
@as_json
def floor_command(
    mode: str | None,
    offer: float | None,
    hired: float | None,
    expect_version: int | None,
    user: str | None,
    *,
    wants_json: bool,
) -> None:
    """Until this share was asked about themselves, offer and hire figures carry "incomplete"."""
    with opened_services() as services:
        viewer = acting(services, user)
        if mode is not None:
            given = {"offer": offer, "hired": hired}
            shares = {name: share for name, share in given.items() if share is not None}
            services.planning.floors.put(mode, shares, viewer, expect_version)
        found = services.planning.floors.now()
    shares = dict(found.shares or {})
    if wants_json:
        click.echo(json.dumps({"mode": found.mode, "shares": shares, "version": found.version}))
        return
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    click.echo(f"{found.mode}{f': {words}' if words else ''} (version {found.version})")


def _goal(one: Goal) -> dict[str, Any]:
    return {**vars(one), "until_on": one.until_on.isoformat(), "changed_at": one.changed_at.isoformat()}


def _document(one: Progress) -> dict[str, Any]:
    return {
        **_goal(one.goal),
        "value": one.value,
        "why_no_value": one.reason,
        "note": one.note,
        "from": one.period.start.isoformat() if one.period.start else None,
        "to": one.period.end.isoformat() if one.period.end else None,
    }


def _line(one: Progress) -> str:
    goal = one.goal
    value = f"{one.value:.1%}" if one.value is not None else f"no figure ({one.reason})"
    note = f", {one.note}" if one.note else ""
    approved = f", approved by {goal.legal_approver}" if goal.legal_approver else ""
    return (
        f"{goal.id:>5}  {goal.department}, {goal.country}, {goal.stage}: {goal.question} {goal.group} {goal.share:.0%} "
        f"by {goal.until_on}{approved}; now {value}{note}"
    )
