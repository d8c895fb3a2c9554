"""`hireboard snapshot verify`: are the kept snapshots what their manifests say."""

from __future__ import annotations

import click

from dashapp.commands.mart import as_json, verify_snapshots


@click.group("snapshot")
def command() -> None:
    """Look after kept snapshots."""


@command.command("verify")
@as_json
def verify(wants_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Check every kept snapshot against its checksum and its manifest."""
    verify_snapshots(wants_json=wants_json)
