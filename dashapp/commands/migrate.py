"""`hireboard migrate`: bring the database schema up to date."""

from __future__ import annotations

import click

from dashapp.config import Settings, load_settings
from services.store.database import Store
from services.store.migrations import migrate


def run(settings: Settings) -> str:
    """Migrate the store of ``settings``; returns the revision reached."""
    store = Store(settings.database_url)
    try:
        return migrate(store)
    finally:
        store.dispose()


@click.command("migrate")
def command() -> None:
    """Bring the database schema up to date."""
    click.echo(f"The database has schema {run(load_settings())}.")
