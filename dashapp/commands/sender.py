"""`hireboard sender`: send the mails of the outbox."""

from __future__ import annotations

import click

from dashapp.config import Settings, load_settings
from dashapp.delivery_roles import make_sending, prepare_role
from dashapp.sender import send_until
from dashapp.stopping import stop_on_signals


@click.command("sender")
def command() -> None:
    """Send what is in the outbox, by SMTP (HIREBOARD_SMTP_URL) or into the local mail folder, until SIGTERM."""
    run(load_settings())


def run(settings: Settings) -> None:
    """Run the role until SIGTERM."""
    prepare_role(settings)
    send_until(make_sending(settings), stop_on_signals())
