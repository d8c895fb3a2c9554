"""`hireboard worker`: make the reports that are due."""

from __future__ import annotations

import functools

import click

from dashapp.config import Settings, load_settings
from dashapp.delivery_roles import make_run_report, prepare_role
from dashapp.workers import keep_working


@click.command("worker")
def command() -> None:
    """Claim due report runs, render them and put them into archive and outbox, until SIGTERM."""
    settings = load_settings()
    run(settings)


def run(settings: Settings) -> None:
    """Run the role until SIGTERM."""
    prepare_role(settings)
    keep_working(functools.partial(make_run_report, settings))
