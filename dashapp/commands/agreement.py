"""`hireboard agreement list | set | log`: where a works agreement limits what is said of people."""

from __future__ import annotations

import json
from typing import Any

import click

from dashapp.config import load_settings
from dashapp.wiring import make_accounts
from services.access.policy import Action
from services.accounts.agreements import COUNTRY, KEEP_DAYS, OFFICE, Agreement, Agreements
from services.accounts.directory import LOCAL_OPERATOR
from services.domain.people import Viewer
from services.store.database import Store

as_user = click.option("--as", "user", metavar="USER", help="As this e-mail, or role in the demonstration company.")
as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON document on standard output.")


def _opened(user: str | None, action: Action) -> tuple[Agreements, Viewer]:
    """Raises ForbiddenError for a user without the action."""
    settings = load_settings()
    store = Store(settings.database_url)
    policy, audit, accounts = make_accounts(settings, store)
    viewer = accounts.viewer_by_email(user) if user else accounts.local_operator()
    policy.require(viewer, action)
    return Agreements(store, audit), viewer


@click.group("agreement")
def command() -> None:
    """Works agreements, per country or office: no figures of single people, none of teams under five."""


@command.command("list")
@as_user
@as_json
def list_command(user: str | None, *, wants_json: bool) -> None:
    """Every place that has or had one, with its last version."""
    agreements, _ = _opened(user, Action.AGREEMENTS_VIEW)
    found = agreements.list_all()
    if wants_json:
        click.echo(json.dumps({"agreements": [_shown(one) for one in found]}))
        return
    if not found:
        click.echo("There is no works agreement. `hireboard agreement set --country DE --purpose ...` makes one.")
    for one in found:
        state = "in force" if one.is_in_force else "ended"
        kept = f"figures of single people kept {one.keep_person_days} days"
        click.echo(f"{one.kind} {one.place}  {state}  version {one.version}  {kept}  purpose: {one.purpose}")


@command.command("set")
@click.option("--country", metavar="CODE", help="Every office in this country, for example DE.")
@click.option("--office", metavar="NAME", help="One office.")
@click.option("--on/--off", "is_in_force", default=True, help="In force (the default), or ended.")
@click.option("--purpose", required=True, help="What figures of this place are used for.")
@click.option("--keep-days", default=KEEP_DAYS, show_default=True, help="How long older figures of people are kept.")
@as_user
def set_command(
    country: str | None, office: str | None, purpose: str, keep_days: int, user: str | None, *, is_in_force: bool
) -> None:
    """Put an agreement in force or end it: a new version, in the audit log."""
    if (country is None) == (office is None):
        raise click.UsageError("Name either --country or --office.")
    agreements, viewer = _opened(user, Action.AGREEMENTS_MANAGE)
    kind, place = (COUNTRY, country) if country is not None else (OFFICE, office or "")
    actor = LOCAL_OPERATOR if viewer.user_id is None else viewer.email
    version = agreements.change(
        kind, place or "", is_in_force=is_in_force, purpose=purpose, keep_person_days=keep_days, actor=actor
    )
    state = "is in force" if is_in_force else "has ended"
    click.echo(f"The agreement for {kind} {place} {state} (version {version}). It counts everywhere within 5 seconds.")


@command.command("log")
@click.option("--last", default=50, show_default=True, help="Events shown.")
@as_user
@as_json
def log_command(last: int, user: str | None, *, wants_json: bool) -> None:
    """Who signed in, asked for figures, opened reports or changed rights: the access log, without any figure."""
    agreements, _ = _opened(user, Action.AGREEMENTS_VIEW)
    events = agreements.access_log(last)
    if wants_json:
        click.echo(json.dumps({"events": [event._asdict() | {"at": event.at.isoformat()} for event in events]}))
        return
    for event in events:
        click.echo(f"{event.at:%Y-%m-%d %H:%M:%S}  {event.actor}  {event.action}  {event.resource or ''}".rstrip())


def _shown(one: Agreement) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "place": one.place,
        "version": one.version,
        "in_force": one.is_in_force,
        "purpose": one.purpose,
        "keep_person_days": one.keep_person_days,
        "changed_at": one.changed_at.isoformat(),
        "changed_by": one.changed_by,
    }
