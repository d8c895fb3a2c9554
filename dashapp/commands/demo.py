"""`hireboard demo`: the demonstration company, its sign-ins and the truth planted in it."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dashapp.config import Settings, load_settings
from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.domain.errors import ConfigurationError
from services.ingest.demonstration import is_empty, load, plant
from services.ingest.demonstration.accounts import DemonstrationLogin, create_accounts, logins
from services.ingest.demonstration.names import OFFICES
from services.reporting.schedules import create_default_schedules
from services.store.database import Store
from services.store.migrations import migrate

DEFAULT_APPLICATIONS = 20_000
DEFAULT_SEED = 1


@click.group("demo")
def command() -> None:
    """Work with the demonstration company (embedded mode)."""


@command.command("load")
@click.option("--applications", type=click.IntRange(1, 50_000_000), default=DEFAULT_APPLICATIONS, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=DEFAULT_SEED, show_default=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last known day is the one before (default: today).")
def load_command(applications: int, seed: int, until: datetime | None) -> None:
    """Load a made-up company into an empty store. The same seed, size and date give the same data."""
    settings = load_settings()
    size = _load(settings, applications, seed, until)
    click.echo(f"Loaded {size:,} applications of seed {seed}. `hireboard mart build` makes the numbers.", err=True)


@command.command("logins")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def logins_command(*, as_json: bool) -> None:
    """Print one sign-in per role."""
    settings = load_settings()
    if as_json:
        rows = [{"role": x.role, "email": x.email, "password": x.password} for x in _logins(settings)]
        click.echo(json.dumps({"logins": rows}))
    else:
        print_logins(settings)


@command.command("stories")
@click.option("--seed", type=click.IntRange(0), default=DEFAULT_SEED, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def stories_command(seed: int, *, as_json: bool) -> None:
    """Print the truth planted by a seed."""
    truth = plant(seed).as_dict()
    if as_json:
        click.echo(json.dumps(truth))
        return
    for name, value in truth.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


def load_if_empty(settings: Settings) -> bool:
    """Give an empty embedded store the demonstration company; True when it was loaded now."""
    store = Store(settings.database_url)
    try:
        empty = is_empty(store)
    finally:
        store.dispose()
    if empty:
        _load(settings, DEFAULT_APPLICATIONS, DEFAULT_SEED, None)
    return empty


def print_logins(settings: Settings) -> None:
    """One line per role; nothing when the store holds a company of its own."""
    store = Store(settings.database_url)
    accounts = Accounts(store, Policy(), AuditLog(store), demo_accounts=True)
    try:
        known = {account.email for account in accounts.list_users() if account.is_demo}
    finally:
        store.dispose()
    for login in _logins(settings):
        if login.email in known:
            click.echo(f"  {login.role.replace('_', ' '):<20} {login.email:<26} {login.password}")


def _logins(settings: Settings) -> tuple[DemonstrationLogin, ...]:
    _require_embedded(settings)
    return logins(settings.signing_key())


def _require_embedded(settings: Settings) -> None:
    if settings.is_production:
        raise ConfigurationError("The demonstration company is for HIREBOARD_MODE=embedded only.")


def _load(settings: Settings, applications: int, seed: int, until: datetime | None) -> int:
    from services.alerts.thresholds import create_default_threshold  # noqa: PLC0415 - loads the query layer

    _require_embedded(settings)
    store = Store(settings.database_url)
    try:
        migrate(store)
        console = Console(file=sys.stderr)
        columns = (TextColumn("Demonstration company"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=applications)
            size = load(
                store,
                applications,
                seed,
                until=until.date() if until else None,
                progress=lambda done, _: bar.update(task, completed=done),
            )
        accounts = Accounts(store, Policy(), AuditLog(store), demo_accounts=True)
        admin = create_accounts(store, accounts, size.cast, settings.signing_key())
        create_default_schedules(store, admin, OFFICES[0].timezone)
        create_default_threshold(store, admin)
    finally:
        store.dispose()
    return size.applications
