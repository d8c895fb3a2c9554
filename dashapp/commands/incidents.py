"""`hireboard incidents`: thresholds that are broken, and what people do about it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from dashapp.command_services import acting, opened_services
from services.domain.incidents import LONGEST_SNOOZE_DAYS, STEP_WORDS
from services.domain.wording import at_instant

if TYPE_CHECKING:
    from services.domain.incidents import IncidentEntry

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="Act as this user; else as the local operator.")
number_of = click.argument("number", type=click.IntRange(1, 2**62))


@click.group("incidents")
def command() -> None:
    """Broken thresholds: list, show, acknowledge, snooze, close."""


@command.command("list")
@click.option("--state", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True)
@as_user
@as_json
def list_command(state: str, user: str | None, *, wants_json: bool) -> None:
    """The latest hundred, newest first, with the figures the user may see."""
    with opened_services() as services:
        view = services.alerts.incidents.view(acting(services, user), state=state)
    if wants_json:
        click.echo(json.dumps({"incidents": [_document(entry) for entry in view.entries], "counts": view.counts}))
        return
    click.echo("\n".join(_line(entry) for entry in view.entries) or "No incidents.")


@command.command("show")
@number_of
@as_user
@as_json
def show_command(number: int, user: str | None, *, wants_json: bool) -> None:
    """One incident with its history."""
    with opened_services() as services:
        detail = services.alerts.incidents.one(number, acting(services, user))
    history = [{"at": event.at.isoformat(), "actor": event.actor, "what": event.words} for event in detail.events]
    if wants_json:
        click.echo(json.dumps({**_document(detail.entry), "explained": detail.explained, "history": history}))
        return
    click.echo(_line(detail.entry))
    click.echo(detail.explained)
    for event in detail.events:
        click.echo(f"  {at_instant(event.at)}  {event.actor}: {event.words}")


@command.command("acknowledge")
@number_of
@as_user
def acknowledge_command(number: int, user: str | None) -> None:
    """Take care of it: the ladder stops."""
    with opened_services() as services:
        services.alerts.incidents.acknowledge(number, acting(services, user))
    click.echo(f"Incident {number} is acknowledged; nobody else is told.")


@command.command("snooze")
@number_of
@click.option("--days", type=click.IntRange(1, LONGEST_SNOOZE_DAYS), required=True)
@as_user
def snooze_command(number: int, days: int, user: str | None) -> None:
    """Let the ladder rest for some days."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    with opened_services() as services:
        services.alerts.incidents.snooze(number, until, acting(services, user))
    click.echo(f"Incident {number} is snoozed until {at_instant(until)}.")


@command.command("close")
@number_of
@click.option("--reason", required=True, help="Why; everybody who may see the incident reads it.")
@as_user
def close_command(number: int, reason: str, user: str | None) -> None:
    """End it by hand. Later windows may open a new one."""
    with opened_services() as services:
        services.alerts.incidents.close(number, reason, acting(services, user))
    click.echo(f"Incident {number} is closed.")


def _document(entry: IncidentEntry) -> dict[str, Any]:
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(entry).items()
    }
    return {**values, "step": entry.step.key}


def _line(entry: IncidentEntry) -> str:
    state = "open" if entry.is_open else f"closed ({entry.close_reason})"
    told = STEP_WORDS[entry.step]
    return (
        f"{entry.id:>6}  {entry.severity:<6}  {entry.title} {entry.limit} in {entry.window}: {entry.value}, "
        f"{entry.sample}; {state}, told up to the {told}"
    )
