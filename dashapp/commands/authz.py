"""`hireboard authz dump`: the whole policy, with every route, page and callback of the server and what it needs."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dashapp.api.bearer import SCOPES
from dashapp.config import Settings, load_settings
from services.access.policy import CLASSES, POLICY_VERSION, ROLE_ACTIONS, ROLE_SCOPE, Action, Policy, dump
from services.accounts.agreements import Agreements
from services.audit.log import AuditLog
from services.domain.people import ColumnClass, Role
from services.store.database import Store

if TYPE_CHECKING:
    from flask import Flask


_PAGE = Path(__file__).resolve().parent.parent / "templates" / "access.md"


@click.group("authz")
def command() -> None:
    """Who may do what."""


@command.command("dump")
def dump_command() -> None:
    """Print the full matrix as JSON: roles, actions, routes, pages, callbacks."""
    from dashapp.factory import create_server  # noqa: PLC0415 - loads Dash, which no other subcommand needs

    settings = load_settings()
    matrix = full_matrix(create_server(settings)) | {"agreements": _agreements(settings)}
    click.echo(json.dumps(matrix, indent=1))


def _agreements(settings: Settings) -> list[dict[str, Any]]:
    """Works agreements, which limit every row of the matrix where they are in force."""
    store = Store(settings.database_url)
    try:
        found = Agreements(store, AuditLog(store)).list_all()
    finally:
        store.dispose()
    return [
        {"kind": one.kind, "place": one.place, "version": one.version, "in_force": one.is_in_force} for one in found
    ]


@command.command("docs")
def docs_command() -> None:
    """Print docs/access.md, made from the policy table."""
    click.echo(access_page(), nl=False)


def access_page() -> str:
    """People, roles and access, in Markdown."""
    roles = [f"| `{role}` | {ROLE_SCOPE[role].value} | {_listed(CLASSES[role])} |" for role in Role]
    head = "| action | " + " | ".join(f"`{role}`" for role in Role) + " |"
    actions = [
        f"| `{action}` | " + " | ".join("yes" if role in ROLE_ACTIONS[action] else "–" for role in Role) + " |"
        for action in ROLE_ACTIONS
    ]
    parts = {
        "roles": "\n".join(["| role | scope | column classes |", "|---|---|---|", *roles]),
        "actions": "\n".join([head, "|---" * (len(Role) + 1) + "|", *actions]),
        "version": str(POLICY_VERSION),
    }
    return string.Template(_PAGE.read_text(encoding="utf-8")).substitute(parts)


def _listed(classes: frozenset[ColumnClass]) -> str:
    return ", ".join(one.value for one in ColumnClass if one in classes)


def full_matrix(server: Flask) -> dict[str, Any]:
    """The policy table, and for each route, page and callback the action and the roles that may."""
    gate = server.extensions["hireboard"]
    policy: Policy = gate.policy
    matrix: dict[str, Any] = dict(dump(policy))
    methods: dict[str, set[str]] = {}
    for rule in server.url_map.iter_rules():
        methods.setdefault(rule.rule, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    matrix["routes"] = [
        {"rule": rule, "methods": sorted(methods[rule]), **_who(policy, action), "token_scope": SCOPES.get(rule)}
        for rule, action in sorted(gate.routes.items())
        if rule in methods
    ]
    matrix["pages"] = [{"path": page.path, **_who(policy, page.action)} for page in gate.pages.pages]
    matrix["callbacks"] = [
        {"output": output, "in_browser": output not in gate.app.server_outputs, **_who(policy, action)}
        for output, action in sorted(gate.app.policies.items())
    ]
    return matrix


def _who(policy: Policy, action: Action) -> dict[str, Any]:
    granted = {rule.role for rule in policy.rules if rule.action is action}
    return {"action": action.value, "roles": [role.value for role in Role if role in granted]}
