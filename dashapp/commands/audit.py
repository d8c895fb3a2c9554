"""`hireboard audit verify`: whether the chain of the audit log holds."""

from __future__ import annotations

import json

import click

from dashapp.config import load_settings
from dashapp.wiring import make_accounts
from services.store.database import Store


@click.group("audit")
def command() -> None:
    """The audit log."""


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(*, as_json: bool) -> int:
    """Recompute the whole chain; exit status 1 names the first event that was tampered with."""
    settings = load_settings()
    _, audit, _ = make_accounts(settings, Store(settings.database_url))
    result = audit.verify()
    if as_json:
        click.echo(
            json.dumps(
                {
                    "ok": result.first_bad_seq is None,
                    "events": result.events,
                    "head": result.head,
                    "first_bad_seq": result.first_bad_seq,
                    "reason": result.reason,
                }
            )
        )
    elif result.first_bad_seq is None:
        click.echo(f"The audit log holds: {result.events} events. Note its head somewhere else: {result.head}")
    else:
        click.echo(
            f"The audit log was tampered with at event {result.first_bad_seq}: {result.reason}. "
            f"The {result.events} events before it hold. Compare with a backup.",
            err=True,
        )
    return 0 if result.first_bad_seq is None else 1
