"""`hireboard import`: an export into the store."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from dashapp.config import load_settings
from services.ingest.connectors import SYSTEMS
from services.ingest.imports import ImportResult, Progress, import_path
from services.store.database import Store
from services.store.migrations import migrate

QUARANTINED_SHOWN = "hireboard quarantine list"


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on standard error; None when that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - only people at a terminal pay for loading it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("records"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks = {phase: bars.add_task(phase, total=None, visible=False) for phase in ("reading", "applying")}

        def report(phase: str, done: int, total: int) -> None:
            bars.update(tasks[phase], completed=done, total=total, visible=True)

        yield report


def words_of(result: ImportResult, *, dry_run: bool) -> str:
    """What happened, for a person."""
    loaded = "would be loaded" if dry_run else "loaded"
    counts = f"{result.loaded:,} {loaded}, {result.unchanged:,} unchanged, {result.quarantined:,} in quarantine"
    lines = [f"{result.read:,} records read: {counts}."]
    lines += [f"Note: {warning}" for warning in result.warnings]
    if result.quarantined and not dry_run:
        lines.append(f"`{QUARANTINED_SHOWN}` shows what was kept out and why.")
    return "\n".join(lines)


@click.command("import")
@click.argument("system", type=click.Choice(SYSTEMS))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), help="YAML file that translates the source's words.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(system: str, path: Path, mapping: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Import an export of SYSTEM from PATH, a file or a folder.

    Running it again changes nothing that is the same; a run that was cut off is finished by running it again.
    """
    settings = load_settings()
    store = Store(settings.database_url)
    try:
        migrate(store)
        with progress_bar() as progress:
            result = import_path(
                store,
                system,
                path,
                mapping=mapping,
                dry_run=dry_run,
                progress=progress,
                spool_dir=settings.data_dir / "import",
            )
    finally:
        store.dispose()
    click.echo(json.dumps(result.as_json()) if as_json else words_of(result, dry_run=dry_run))
