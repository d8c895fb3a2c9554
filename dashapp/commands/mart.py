"""`hireboard mart`: build, inspect and verify the published snapshots."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import click

from dashapp.config import Settings, load_settings
from services.domain.errors import HireboardError
from services.mart.apart import build_apart
from services.mart.snapshots import Manifest, SnapshotFolder
from services.mart.verifying import verify_files

LOOK_S = 10
as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")


def build(settings: Settings, *, full: bool = False) -> Manifest:
    """Publish the store's present content. Raises RetryLaterError while an import is applied or another build runs."""
    return build_apart(settings.database_url, settings.mart_dir, full=full, mart_url=settings.mart_url)


@click.group("mart")
def command() -> None:
    """Build and inspect the mart's snapshots."""


@command.command("build")
@click.option("--full", is_flag=True, help="Everything anew, not only what changed.")
@as_json
def build_command(full: bool, wants_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Publish a snapshot of the store as it is now."""
    manifest = build(load_settings(), full=full)
    _say(
        _shown(manifest),
        f"Snapshot {manifest.id} as of {manifest.as_of:%Y-%m-%d %H:%M} UTC ({manifest.how}).",
        wants_json,
    )


@command.command("status")
@as_json
def status_command(wants_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """The published snapshot and those kept; what is published in the database that HIREBOARD_MART_URL names."""
    settings = load_settings()
    folder = SnapshotFolder(settings.mart_dir)
    current, kept = folder.current_id(), folder.manifests()
    lines = [f"{'*' if m.id == current else ' '} {m.id}  as of {m.as_of:%Y-%m-%d %H:%M} UTC  {m.how}" for m in kept]
    text = "\n".join(lines) or "There is no snapshot yet. `hireboard mart build` makes one."
    document: dict[str, Any] = {"current": current, "snapshots": [_shown(m) for m in kept]}
    there = _published(settings)
    if there is not None:
        document["engine"] = there
        text += f"\nPublished in {there['name']}: " + (", ".join(there["snapshots"]) or "nothing yet")
    _say(document, text, wants_json)


def _published(settings: Settings) -> dict[str, Any] | None:
    """What the database holds, the current one first; None where the files themselves answer."""
    from services.mart.engines.choosing import engine_at  # noqa: PLC0415 - loads DuckDB

    engine = engine_at(settings.mart_url)
    if engine is None:
        return None
    with closing(engine.connect(LOOK_S)) as session:
        version = session.version()
        published = [manifest.id for manifest in session.manifests()]
    return {"name": engine.name, "current": version[0] if version else None, "snapshots": published}


@command.command("verify")
@as_json
def verify_command(wants_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Compare the published snapshot with a full build of the store, which is not published."""
    from services.mart.publishing import Mart  # noqa: PLC0415 - loads the database drivers, which only this needs

    settings = load_settings()
    different = Mart(settings.database_url, settings.mart_dir).differences()
    _say({"equal": not different, "tables": {n: list(d) for n, d in different.items()}}, "", wants_json)
    if different:
        raise HireboardError(
            f"The published snapshot differs from the store in {', '.join(different)}. If nothing was imported since, "
            "run `hireboard mart build --full`."
        )
    if not wants_json:
        click.echo("The published snapshot equals a full build of the store.")


def verify_snapshots(*, wants_json: bool) -> None:
    """Check every kept file against its checksum and its manifest."""
    states = verify_files(SnapshotFolder(load_settings().mart_dir))
    text = "\n".join(f"{snapshot}  {state}" for snapshot, state in states.items()) or "There is no snapshot yet."
    _say({"snapshots": states}, text, wants_json)
    broken = [snapshot for snapshot, state in states.items() if state != "intact"]
    if broken:
        raise HireboardError(
            f"Broken: {', '.join(broken)}. The newest intact one is served; `hireboard mart build --full` makes a "
            "new one."
        )


def _shown(manifest: Manifest) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(manifest.to_json())
    return shown


def _say(document: dict[str, Any], text: str, wants_json: bool) -> None:  # noqa: FBT001 - one flag, private
    if wants_json:
        click.echo(json.dumps(document))
    elif text:
        click.echo(text)
