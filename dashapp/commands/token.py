"""`hireboard token create | list | revoke`: tokens with which programs ask for definitions and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from dashapp.config import load_settings
from dashapp.wiring import make_accounts
from services.accounts.directory import LOCAL_OPERATOR
from services.accounts.tokens import DEFAULT_LIFE_DAYS, TokenRecord, Tokens, TokenScope
from services.metrics.interchange import stamp
from services.store.database import Store

_SCOPES = click.Choice([scope.value for scope in TokenScope])
as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")


@click.group("token")
def command() -> None:
    """Tokens of programs that use /api/v1."""


@contextmanager
def _tokens() -> Iterator[Tokens]:
    settings = load_settings()
    store = Store(settings.database_url)
    try:
        _, audit, accounts = make_accounts(settings, store)
        yield Tokens(store, accounts.caller, audit)
    finally:
        store.dispose()


@command.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What uses it, for example “workforce planning”.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice([scope.value for scope in TokenScope])
)
@click.option("--days", type=int, default=DEFAULT_LIFE_DAYS, show_default=True, help="Until it expires.")
@as_json
def create(email: str, name: str, scopes: tuple[str, ...], days: int, *, wants_json: bool) -> None:
    """Make a token that acts as EMAIL, with that person's rights of the moment. It is shown this once."""
    with _tokens() as tokens:
        asked = [TokenScope(scope) for scope in scopes]
        token, record = tokens.create(email, name, asked, days=days, actor=LOCAL_OPERATOR)
    if wants_json:
        click.echo(json.dumps({"token": token, **_row(record)}))
        return
    click.echo(token)
    click.echo(
        f"Keep it now: it is not shown again. It acts as {record.owner} until {record.expires_at:%Y-%m-%d}; "
        f"`hireboard token revoke {record.prefix}` ends it.",
        err=True,
    )


@command.command("list")
@click.option("--user", "email", help="Those of one owner.")
@as_json
def list_command(email: str | None, *, wants_json: bool) -> None:
    """Every token by its beginning, newest first; those that are over too."""
    with _tokens() as tokens:
        records = tokens.listed(email)
    if wants_json:
        click.echo(json.dumps({"tokens": [_row(record) for record in records]}))
        return
    for record in records:
        used = f"used {record.last_used_at:%Y-%m-%d %H:%M} UTC" if record.last_used_at else "never used"
        scopes = " ".join(record.scopes)
        until = f"until {record.expires_at:%Y-%m-%d}"
        click.echo(f"{record.prefix}  {record.state:<7}  {record.owner}  {record.name}  {scopes}  {until}  {used}")


@command.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """End the token that begins with PREFIX, at once and everywhere."""
    with _tokens() as tokens:
        record = tokens.revoke(prefix, actor=LOCAL_OPERATOR)
    click.echo(f"{record.prefix} ({record.name}, {record.owner}) is revoked.")


def _row(record: TokenRecord) -> dict[str, object]:
    return {
        "prefix": record.prefix,
        "name": record.name,
        "owner": record.owner,
        "scopes": list(record.scopes),
        "state": record.state,
        "created_at": stamp(record.created_at),
        "expires_at": stamp(record.expires_at),
        "last_used_at": stamp(record.last_used_at) if record.last_used_at else None,
    }
