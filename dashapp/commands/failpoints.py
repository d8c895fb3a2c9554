"""`hireboard failpoints`: the places where a test can make the server die, fail or wait."""

from __future__ import annotations

import json

import click

from services.delivery.failpoints import ACTIONS, FAILPOINTS, VARIABLE


@click.group("failpoints")
def command() -> None:
    """Faults that can be injected with HIREBOARD_FAILPOINTS, for tests of recovery."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_command(*, as_json: bool) -> None:
    """Print every named place and what holds there."""
    if as_json:
        rows = [{"name": name, "description": text} for name, text in FAILPOINTS.items()]
        click.echo(json.dumps({"failpoints": rows, "actions": list(ACTIONS)}))
        return
    width = max(map(len, FAILPOINTS))
    for name, text in FAILPOINTS.items():
        click.echo(f"{name:<{width}}  {text}")
    click.echo(f"\nSet {VARIABLE}=NAME=ACTION[,COUNT]; actions: {', '.join(ACTIONS)}.")
