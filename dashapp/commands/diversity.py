"""`hireboard diversity records`: single answers, for designated HR, with a purpose, in the audit log."""

from __future__ import annotations

import contextlib
import json
from datetime import date, datetime

import click

from dashapp.config import load_settings
from dashapp.wiring import make_accounts
from services.store.database import Store

DAY = click.DateTime(["%Y-%m-%d"])


@click.group("diversity")
def command() -> None:
    """Self-identification beyond the figures that `hireboard metrics query` gives."""


@command.command("records")
@click.option("--purpose", required=True, help="What the records are needed for; kept in the audit log.")
@click.option("--question", required=True, help="gender, ethnicity ...")
@click.option("--from", "start", type=DAY, required=True, help="First day on which they applied.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, included.")
@click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
@click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
def records(purpose: str, question: str, start: datetime, end: datetime, user: str | None, *, wants_json: bool) -> None:
    """Answers of single applications (at most 500)."""
    from services.mart.engines.choosing import open_mart  # noqa: PLC0415 - loads DuckDB
    from services.metrics.diversity_records import DiversityRecords  # noqa: PLC0415 - as above

    settings = load_settings()
    store = Store(settings.database_url)
    policy, audit, accounts = make_accounts(settings, store)
    viewer = accounts.viewer_by_email(user) if user else accounts.local_operator()
    period: dict[str, date] = {"applied_from": start.date(), "applied_until": end.date()}
    with contextlib.closing(open_mart(settings.mart_dir, settings.mart_url)) as mart:
        opened = DiversityRecords(mart, store, audit, policy)
        rows = opened.open_records(viewer, purpose=purpose, question=question, **period)
    if wants_json:
        click.echo(json.dumps({"records": [row._asdict() | {"applied_on": str(row.applied_on)} for row in rows]}))
        return
    for row in rows:
        click.echo(f"application {row.application_id}  {row.applied_on}  {row.category or row.state}")
