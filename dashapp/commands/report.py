"""`hireboard report`: render reports, and look into the ledger of those that were due."""

from __future__ import annotations

import click

from dashapp import ledger_commands, report_commands


@click.group("report")
def command() -> None:
    """Reports: make one, run a schedule, see what became of each."""


for subcommand in (*report_commands.SUBCOMMANDS, *ledger_commands.SUBCOMMANDS):
    command.add_command(subcommand)
