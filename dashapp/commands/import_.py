"""`hireboard import`: an export into the store, and what to do when one was cut off."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dashapp.config import Settings, load_settings
from services.ingest.abandoning import Way, abandon_import, plan_abandon
from services.ingest.batches import ListedImport, list_imports
from services.ingest.connectors import SYSTEMS
from services.ingest.imports import ImportResult, Progress, import_path, in_words, resume_import
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


class _Systems(click.Group):
    """A command for each source system beside list, resume and abandon."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:  # click's signature
        if args and self.get_command(ctx, args[0]) is None:
            known = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"{args[0]!r} is not one of {known}.", ctx)
        return super().resolve_command(ctx, args)


@click.group("import", cls=_Systems)
def command() -> None:
    """Import an export; list imports, finish or give up one that was cut off.

    Running an import again changes nothing that is the same.
    """


def _import_command(system: str) -> click.Command:
    @click.command(system)
    @click.argument("path", type=click.Path(path_type=Path))
    @click.option("--mapping", type=click.Path(path_type=Path), help="YAML file that translates the source's words.")
    @click.option("--dry-run", is_flag=True, help="Read and check everything, change nothing.")
    @_as_json
    def import_system(path: Path, mapping: Path | None, *, dry_run: bool, as_json: bool) -> None:
        with _store() as (settings, store), progress_bar() as progress:
            result = import_path(
                store,
                system,
                path,
                mapping=mapping,
                dry_run=dry_run,
                progress=progress,
                spool_dir=spool_folder(settings),
            )
        click.echo(json.dumps(result.as_json()) if as_json else words_of(result, dry_run=dry_run))

    import_system.help = f"Import an export of {system} from PATH, a file or a folder."
    return import_system


_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")

for _system in SYSTEMS:
    command.add_command(_import_command(_system))


def spool_folder(settings: Settings) -> Path:
    """Where imports stage what they read, and keep it until they are complete."""
    return settings.data_dir / "import"


@contextmanager
def _store() -> Iterator[tuple[Settings, Store]]:
    settings = load_settings()
    store = Store(settings.database_url)
    try:
        migrate(store)
        yield settings, store
    finally:
        store.dispose()


@command.command("list")
@_as_json
def list_command(*, as_json: bool) -> None:
    """Every import that is not complete and the last hundred others, the newest first."""
    with _store() as (settings, store):
        imports = list_imports(store, spool_folder(settings))
    if as_json:
        click.echo(json.dumps({"imports": [_listed(one) for one in imports]}))
    else:
        click.echo("\n".join(_line(one) for one in imports) or "Nothing was imported yet.")


def _listed(one: ListedImport) -> dict[str, Any]:
    values = asdict(one)
    counts = values.pop("counts")
    values["started_at"] = one.started_at.isoformat()
    values["finished_at"] = one.finished_at.isoformat() if one.finished_at else None
    return {**values, **counts}


def _line(one: ListedImport) -> str:
    state = "running" if one.is_running else in_words(one.state)
    head = f"{one.id:>5}  {state:<11} since {one.started_at:%Y-%m-%d %H:%M} UTC  {one.system} from {one.path}"
    counts = one.counts
    if one.written is None:
        said = (
            f"{counts.read:,} read, {counts.loaded:,} loaded, {counts.unchanged:,} unchanged, "
            f"{counts.quarantined:,} in quarantine"
        )
        return f"{head}: {said}"
    lines = [f"{head}: {one.written:,} records written"]
    if one.blocks and not one.is_running:
        lines.append(f"       No new numbers until it is complete. {_way_out(one)}")
    return "\n".join(lines)


def _way_out(one: ListedImport) -> str:
    if one.can_resume:
        return f"`hireboard import resume {one.id}` finishes it."
    if one.state == "abandoned":
        return f"Import an export of {one.system} that holds these records."
    return f"Run it again from {one.path}, or `hireboard import abandon {one.id}`."


@command.command("resume")
@click.argument("batch", type=int)
@_as_json
def resume_command(batch: int, *, as_json: bool) -> None:
    """Finish import BATCH, which was cut off or failed, from what it had read. Its export is not needed."""
    with _store() as (settings, store), progress_bar() as progress:
        result = resume_import(store, batch, progress=progress, spool_dir=spool_folder(settings))
    click.echo(json.dumps(result.as_json()) if as_json else words_of(result, dry_run=False))


@command.command("abandon")
@click.argument("batch", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
def abandon_command(batch: int, *, yes: bool, as_json: bool) -> None:
    """Give import BATCH up for good. Says first what that does to the store and to the numbers."""
    with _store() as (settings, store):
        plan = plan_abandon(store, batch)
        if not yes:
            click.echo(plan.words(), err=True)
            click.confirm("Abandon it?", abort=True, err=True)
        plan = abandon_import(store, batch, spool_dir=spool_folder(settings))
    if as_json:
        values = {"id": batch, "way": plan.way.name.lower(), "written": plan.written, "with": list(plan.others)}
        click.echo(json.dumps(values))
    else:
        click.echo(_done(batch, plan.way, plan.batch.system))


def _done(batch: int, way: Way, system: str) -> str:
    match way:
        case Way.NOTHING_WRITTEN:
            return f"Import {batch} is over; it had written nothing. `hireboard mart build` builds again."
        case Way.TAKE_BACK:
            return f"Import {batch} is taken back: no row of {system} is left. `hireboard mart build` builds again."
        case Way.WAIT:
            return (
                f"Import {batch} is abandoned. Numbers stay as they are until complete imports of {system} have "
                "brought again what it wrote; `hireboard import list` counts what is missing."
            )
