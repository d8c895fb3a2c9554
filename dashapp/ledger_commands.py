"""`hireboard report run | list | show`: the run ledger on the command line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from dashapp.config import Settings, load_settings
from dashapp.wiring import build_services
from services.domain.wording import at_instant

if TYPE_CHECKING:
    from services.container import Services
    from services.delivery.ledger import RunRecord

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")


@click.command("run")
@click.argument("schedule")
@click.option("--period", required=True, help="2026-10, 2026-W47 or 2026-Q3, as the schedule reports.")
@click.option("--here", is_flag=True, help="Make and send what is due in this process; else the server does.")
@as_json
def run_command(schedule: str, period: str, *, here: bool, wants_json: bool) -> None:
    """Enter the reports of SCHEDULE (name or number) for a period; those that were made stay as they are."""
    settings = load_settings()
    with _services(settings) as services:
        found = services.schedules.named(schedule)
        entered = services.schedules.run_now(found, period, services.accounts.local_operator())
        if here:
            _work_here(services, settings)
        document = {"schedule": found.name, "period": period, "entered": entered, "ledger": services.ledger.balance()}
    words = f"{entered} reports of “{found.name}” for {period} are due."
    if not here:
        words += " A running server makes and sends them; without one, add --here."
    click.echo(json.dumps(document) if wants_json else words)


def _work_here(services: Services, settings: Settings) -> None:
    """Everything that is due, with the objects of the worker and the sender."""
    from dashapp.delivery_roles import make_sending, run_report_of  # noqa: PLC0415 - loads the renderer
    from dashapp.sender import send_all_due  # noqa: PLC0415 - as above
    from services.delivery.leases import owner_name  # noqa: PLC0415 - as above

    work = run_report_of(services, settings)
    while work.work_one(owner_name("command line")):
        pass
    send_all_due(make_sending(settings))


@click.command("list")
@click.option("--state", type=click.Choice(["due", "claimed", "archived", "failed", "cancelled"]))
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
def list_command(state: str | None, limit: int, *, wants_json: bool) -> None:
    """The latest runs, newest first, with what became of them."""
    with _services(load_settings()) as services:
        runs, balance = services.ledger.runs(state=state, limit=limit), services.ledger.balance()
    if wants_json:
        click.echo(json.dumps({"runs": [_document(run) for run in runs], "ledger": balance}))
        return
    for run in runs:
        mail = f", mail {run.mail_state.replace('_', ' ')}" if run.mail_state else ""
        click.echo(f"{run.id:>6}  {run.period:<9} {run.report_kind:<22} {run.subject:<8} {run.state}{mail}")
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in balance.items())
    click.echo(f"In all: {counted}.")


@click.command("show")
@click.argument("run_id", metavar="ID", type=click.IntRange(1, 2**62))
@as_json
def show_command(run_id: int, *, wants_json: bool) -> None:
    """One run: who, what, when, and why not."""
    with _services(load_settings()) as services:
        run = services.ledger.run(run_id)
    if wants_json:
        click.echo(json.dumps(_document(run)))
        return
    for field in dataclasses.fields(run):
        value = getattr(run, field.name)
        if isinstance(value, datetime):
            value = at_instant(value, "UTC")
        if value is not None:
            click.echo(f"{field.name.replace('_', ' '):<18} {value}")


SUBCOMMANDS = (run_command, list_command, show_command)


def _document(run: RunRecord) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(run).items()
    }


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    services = build_services(settings)
    try:
        yield services
    finally:
        services.mart.close()
        services.store.dispose()
