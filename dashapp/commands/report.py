"""`hireboard report`: render reports, and look into the ledger of those that were due."""

from __future__ import annotations

import click

from dashapp.ledger_commands import SUBCOMMANDS


@click.group("report")
def command() -> None:
    """Reports: make one, run a schedule, see what became of each."""


for subcommand in SUBCOMMANDS:
    command.add_command(subcommand)
