"""`hireboard user create | deactivate | list`."""

from __future__ import annotations

import json

import click

from dashapp.config import load_settings
from dashapp.wiring import make_accounts
from services.accounts.directory import Account, Accounts
from services.accounts.grants import RoleGiven
from services.domain.errors import NotFoundError
from services.domain.people import Role
from services.store.database import Store


def _accounts() -> Accounts:
    settings = load_settings()
    return make_accounts(settings, Store(settings.database_url))[2]


@click.group("user")
def command() -> None:
    """People who may sign in."""


@command.command("create")
@click.argument("email")
@click.option("--name", required=True, help="Shown in the side bar and on reports.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([role.value for role in Role]))
@click.option("--department", type=int, help="Limit the roles to this department id and all below it.")
@click.option("--region", help="Limit the roles to this region, for example EMEA.")
@click.option("--person", type=int, help="Id of the employee this is: recruiters and hiring managers see their own.")
@click.option("--timezone", default="UTC", show_default=True)
@click.option("--locale", default="en", show_default=True)
@click.password_option(help="Asked for when it is not given.")
def create(
    email: str,
    name: str,
    roles: tuple[str, ...],
    department: int | None,
    region: str | None,
    person: int | None,
    timezone: str,
    locale: str,
    password: str,
) -> None:
    """Add a person who may sign in."""
    given = [RoleGiven(Role(role), department, region) for role in roles]
    user_id = _accounts().create_user(
        email, name, given, password=password, person_id=person, timezone=timezone, locale=locale
    )
    click.echo(f"User {user_id} ({email.strip().lower()}) can sign in.")


@command.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """End all sessions of a person and refuse new ones, at once."""
    accounts = _accounts()
    account = _find(accounts, email)
    accounts.deactivate(account.user_id)
    click.echo(f"{account.email} is deactivated; every session has ended.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_command(*, as_json: bool) -> None:
    """Everybody who has an account."""
    users = _accounts().list_users()
    if as_json:
        click.echo(json.dumps({"users": [_row(user) for user in users]}))
        return
    for user in users:
        state = "" if user.is_active else "  (deactivated)"
        roles = ", ".join(user.roles) or "no role"
        click.echo(f"{user.user_id:>6}  {user.email}  {user.name}  {roles}{state}")


def _find(accounts: Accounts, email: str) -> Account:
    wanted = email.strip().lower()
    for user in accounts.list_users():
        if user.email == wanted:
            return user
    raise NotFoundError(f"There is no user {wanted}. `hireboard user list` shows who there is.")


def _row(user: Account) -> dict[str, object]:
    return {
        "id": user.user_id,
        "email": user.email,
        "name": user.name,
        "roles": [role.value for role in user.roles],
        "active": user.is_active,
        "demo": user.is_demo,
    }
