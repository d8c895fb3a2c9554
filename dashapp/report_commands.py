"""`hireboard report kinds | subjects | render`: make one report now, as a given person may see it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dashapp.config import load_settings
from services.domain.errors import HireboardError

if TYPE_CHECKING:
    from services.container import Services
    from services.domain.people import Viewer

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")
as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")


@click.command("kinds")
@as_json
def kinds_command(*, wants_json: bool) -> None:
    """Which reports there are."""
    from services.reporting.definitions import KINDS  # noqa: PLC0415 - numpy is loaded only when it is needed

    if wants_json:
        kinds = [{"id": kind.id, "name": kind.name, "example_period": kind.example_period} for kind in KINDS.values()]
        click.echo(json.dumps({"kinds": kinds}))
        return
    for kind in KINDS.values():
        click.echo(f"{kind.id:<24}{kind.name}, period like {kind.example_period}")


@click.command("subjects")
@click.argument("kind")
@as_user
@as_json
def subjects_command(kind: str, user: str | None, *, wants_json: bool) -> None:
    """Whom a report of KIND can be about."""
    with _services() as services:
        found = services.reports.subjects(kind, _viewer(services, user))
    if wants_json:
        click.echo(json.dumps({"subjects": [{"id": subject.id, "name": subject.name} for subject in found]}))
        return
    for subject in found:
        click.echo(f"{subject.id:>8}  {subject.name}")


@click.command("render")
@click.argument("kind")
@click.option("--subject", required=True, help="Id as `hireboard report subjects KIND` lists it.")
@click.option("--period", required=True, help="2026-10, 2026-W47: as the kind reports.")
@as_user
@click.option("--out", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The PDF file.")
@click.option("--locale", default="en", show_default=True)
@click.option("--paper", default="A4", show_default=True, help="A4 or Letter.")
@as_json
def render_command(
    kind: str,
    subject: str,
    period: str,
    user: str | None,
    target: Path,
    locale: str,
    paper: str,
    *,
    wants_json: bool,
) -> None:
    """Make one report as PDF. It is not archived and not sent."""
    from reports.render import PdfRenderer  # noqa: PLC0415 - loads Pango; other commands do without

    settings = load_settings()
    with _services() as services:
        viewer = _viewer(services, user)
        view = services.reports.view(kind, subject, period, viewer, locale=locale, paper=paper)
        pdf = PdfRenderer(settings.base_url).render(view)
        _write(target, pdf)
        with services.store.write() as connection:
            detail = {"kind": kind, "subject": subject, "period": period, "as": viewer.email}
            actor = services.accounts.local_operator().email
            services.audit.append(connection, actor, "report.rendered", f"person:{subject}", detail)
    digest = hashlib.sha256(pdf).hexdigest()
    if wants_json:
        document = {
            "file": str(target),
            "report_id": view.head.report_id,
            "sha256": digest,
            "bytes": len(pdf),
            "as_of": view.head.stamp.as_of.isoformat(),
            "snapshot": view.head.stamp.snapshot,
        }
        click.echo(json.dumps(document))
        return
    click.echo(f"{view.head.report_id}: {len(pdf):,} bytes in {target}")


SUBCOMMANDS = (kinds_command, subjects_command, render_command)


def _write(target: Path, content: bytes) -> None:
    """All or nothing: a file that is cut off is worse than none."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise HireboardError(f"{target} cannot be written ({error.strerror}). Choose another --out.") from error


def _viewer(services: Services, user: str | None) -> Viewer:
    return services.accounts.viewer_by_email(user) if user else services.accounts.local_operator()


@contextmanager
def _services() -> Iterator[Services]:
    from dashapp.wiring import build_services  # noqa: PLC0415 - loads every service

    services = build_services(load_settings())
    try:
        yield services
    finally:
        services.mart.close()
        services.store.dispose()
