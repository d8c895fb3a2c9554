"""`hireboard quarantine`: records that could not be loaded, why, and once more after a fix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dashapp.config import Settings, load_settings
from services.ingest.quarantine import QuarantinedRecord, list_quarantine, show_quarantined
from services.ingest.replay import replay_quarantine
from services.store.database import Store
from services.store.migrations import migrate

SHOWN = 1_000


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.database_url)
    try:
        migrate(store)
        yield store
    finally:
        store.dispose()


def _as_json(record: QuarantinedRecord) -> dict[str, Any]:
    values = asdict(record)
    values["seen_at"] = record.seen_at.isoformat()
    return values


def _line(record: QuarantinedRecord) -> str:
    place = f"{record.file}, {record.resource} {record.record}"
    field = f", {record.field}" if record.field else ""
    return f"{record.id:>6}  {place}{field}: {record.reason}"


@click.group("quarantine")
def command() -> None:
    """Records that could not be loaded: list, show one, try again."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def list_command(*, as_json: bool) -> None:
    """The newest thousand that wait for a fix."""
    with _store(load_settings()) as store:
        records = list_quarantine(store, limit=SHOWN)
    if as_json:
        rows = [{name: value for name, value in _as_json(one).items() if name != "payload"} for one in records]
        click.echo(json.dumps({"quarantined": rows}))
    else:
        click.echo("\n".join(_line(record) for record in records) or "The quarantine is empty.")


@command.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def show_command(number: int, *, as_json: bool) -> None:
    """One record as it came, and why it was kept out."""
    with _store(load_settings()) as store:
        record = show_quarantined(store, number)
    click.echo(json.dumps(_as_json(record)) if as_json else f"{_line(record)}\n{record.payload}")


@command.command("replay")
@click.option("--mapping", type=click.Path(path_type=Path), help="The mapping, where the import needs one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def replay_command(mapping: Path | None, *, as_json: bool) -> None:
    """Try every waiting record again, after a mapping was completed or what it refers to has been loaded."""
    settings = load_settings()
    with _store(settings) as store:
        result = replay_quarantine(store, mapping=mapping, spool_dir=settings.data_dir / "import")
    if as_json:
        click.echo(json.dumps(asdict(result)))
    else:
        click.echo(f"{result.tried:,} records tried: {result.loaded:,} loaded, {result.still:,} still in quarantine.")
