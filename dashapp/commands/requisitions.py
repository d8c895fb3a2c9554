"""`hireboard requisitions manager-target-date`: whether hiring managers set the target date of own requisitions."""

from __future__ import annotations

import click

from dashapp.command_services import acting, opened_services


@click.group("requisitions")
def command() -> None:
    """What may be changed of requisitions here."""


@command.command("manager-target-date")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
def manager_target_date(state: str, user: str | None) -> None:
    """Let hiring managers set the target date of their own requisitions, or no longer."""
    with opened_services() as services:
        viewer = acting(services, user)
        services.requisitions.edits.let_managers_set_target_dates(viewer, allowed=state == "on")
    words = "set" if state == "on" else "read"
    click.echo(f"Hiring managers {words} the target date of their own requisitions from now on.")
