"""`hireboard scheduler`: enter what is due, and refresh the mart."""

from __future__ import annotations

import click

from dashapp.config import Settings, load_settings
from dashapp.delivery_roles import make_report_clock, prepare_role
from dashapp.stopping import stop_on_signals


@click.command("scheduler")
def command() -> None:
    """Fire the report schedules and refresh the mart, until SIGTERM. A second one stands by."""
    run(load_settings())


def run(settings: Settings) -> None:
    """Run the role until SIGTERM."""
    prepare_role(settings)
    make_report_clock(settings).run_until(stop_on_signals())
