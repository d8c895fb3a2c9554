"""`hireboard web`: the web server alone, for production."""

from __future__ import annotations

import click

from dashapp.config import load_settings
from dashapp.web import run


@click.command("web")
@click.option("--host", help="Address to bind (HIREBOARD_HOST).")
@click.option("--port", type=int, help="Port to bind (HIREBOARD_PORT).")
def command(host: str | None, port: int | None) -> None:
    """Serve the pages, until Ctrl-C or SIGTERM."""
    run(load_settings(host=host, port=port))
