"""A server for the tests of the gate: real sessions, policy and store; pages of our own, one per kind of permission."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dash import ALL, ClientsideFunction, Input, Output, State, html
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from callbacks.registry import GuardedDash, PageRequest, PageSpec, RouteSpec
from callbacks.session import current_viewer
from dashapp.config import Settings, load_settings
from dashapp.factory import create_server
from services.access.policy import Action
from services.container import Services
from services.domain.errors import ForbiddenError, InvalidInputError, NotFoundError, RetryLaterError
from services.mart.reader import NotReadyError, SnapshotInfo
from services.metrics.limits import STANDARD
from services.store.database import Store
from tests.people import PASSWORD, People, email_of, make_people

CALLBACK = "/_dash-update-component"


class Mart:
    """Stands in for the mart: says which snapshot is current, and can have none."""

    def __init__(self) -> None:
        self.id: str | None = "s1"

    def snapshot(self) -> SnapshotInfo:
        if self.id is None:
            raise NotReadyError("There is no snapshot of the data yet.")
        return SnapshotInfo(self.id, datetime(2026, 11, 1, tzinfo=UTC), None, {})


class Answers:
    """Stands in for the query layer: of its figures the pages of these tests ask none."""

    limits = STANDARD


@dataclass
class Site:
    """A server and the people who have accounts on it."""

    server: Flask
    people: People
    store: Store
    mart: Mart
    settings: Settings

    def visitor(self) -> Visitor:
        return Visitor(self.server.test_client(), self.settings.base_url)

    def visit(self, name: str) -> Visitor:
        """Somebody who has just signed in."""
        visitor = self.visitor()
        answer = visitor.sign_in(name)
        assert answer.status_code == 303, answer.text
        return visitor


class Visitor:
    """A browser without scripts."""

    def __init__(self, client: FlaskClient, base_url: str) -> None:
        self.client = client
        self._base_url = base_url

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, base_url=self._base_url, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.client.post(path, base_url=self._base_url, **options)

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        return self.client.open(path, method=method, base_url=self._base_url, **options)

    def form_token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/login").text)
        assert found is not None
        return found.group(1)

    def sign_in(self, name: str, password: str = PASSWORD, **options: Any) -> TestResponse:
        path = options.pop("path", "/login")
        email = name if "@" in name else email_of(name)
        data = {"csrf_token": self.form_token(), "email": email, "password": password}
        answer = self.post(path, data=data, **options)
        if answer.status_code == 303:
            self.get("/")  # brings the token for scripts
        return answer

    @property
    def token(self) -> str:
        cookie = self.client.get_cookie("_csrf_token")
        return "" if cookie is None else cookie.value

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return None if found is None else found.value

    def fire(self, body: Any, **headers: str) -> TestResponse:
        """POST a callback as Dash's scripts do."""
        sent = {"X-CSRFToken": self.token} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post(CALLBACK, json=body, headers=sent)


def request_for(app: GuardedDash, output: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A well-formed request for a registered callback; ``values`` by ``id.property``."""
    given = values or {}
    known = app.callback_map[output]

    def part(entry: Mapping[str, Any]) -> Any:
        if entry["id"].startswith("{"):
            return []
        key = f"{entry['id']}.{entry['property']}"
        return {"id": entry["id"], "property": entry["property"], "value": given.get(key)}

    names = output[2:-2].split("...") if output.startswith("..") else [output]
    outputs: list[Any] = [_output(name) for name in names]
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": [part(entry) for entry in known["inputs"]],
        "state": [part(entry) for entry in known["state"]],
        "changedPropIds": [],
    }


def _output(name: str) -> Any:
    if name.startswith("{"):
        return []
    identity, _, prop = name.rpartition(".")
    return {"id": identity, "property": prop}


# --- pages of the tests ----------------------------------------------------------------------------------------------


def _page(word: str) -> Any:
    return lambda request: html.Div(f"{word} for {request.viewer.name} {dict(request.parameters)}")


CALLS: list[str] = []
"""Which callbacks' functions have run."""


def _register_overview(app: GuardedDash, _services: Services) -> None:
    @app.callback(
        Output("numbers", "children"),
        Output("stamp", "children"),
        Input("url", "search"),
        Input("snapshot", "data"),
        requires=Action.OVERVIEW_VIEW,
        cache_response=60,
    )
    def numbers(search: object, snapshot: object) -> tuple[str, str]:
        CALLS.append("numbers")
        scope = current_viewer().scope
        reach = "everything" if scope.everything else f"{scope.regions} {scope.recruiter_id} {scope.hiring_manager_id}"
        return f"numbers of {reach} {search}", f"{snapshot}"

    app.clientside_callback(
        ClientsideFunction("hireboard", "theme"),
        Output("theme", "data"),
        Input("url", "hash"),
        requires=Action.SESSION_USE,
    )


def _register_mail(app: GuardedDash, _services: Services) -> None:
    @app.callback(
        Output("mail", "children"),
        Input({"type": "open", "index": ALL}, "n_clicks"),
        State("mail-search", "value"),
        requires=Action.MAILBOX_VIEW,
    )
    def mail(_clicks: list[int], search: object) -> str:
        CALLS.append("mail")
        if search == "break":
            raise ZeroDivisionError("a secret detail")
        if search == "odd":
            raise InvalidInputError("Search for a word.")
        return "the mails"


def _pdf(request: PageRequest) -> Any:
    number = request.parameters["number"]
    if number == "0":
        raise NotFoundError("There is no such report.")
    if number == "1":
        raise ForbiddenError("This report is not for you.")
    if number == "2":
        raise RetryLaterError("The archive is away.")
    return f"report {number} for {request.viewer.name}", 200, {"Content-Type": "text/plain"}


PAGES = (
    PageSpec(
        "/", "Overview", Action.OVERVIEW_VIEW, "overview", "Hiring", _page("overview"), register=_register_overview
    ),
    PageSpec("/reports", "Reports", Action.ARCHIVE_VIEW, "reports", "Decisions", _page("reports")),
    PageSpec(
        "/reports/<number>",
        "Report",
        Action.ARCHIVE_VIEW,
        "reports",
        "Decisions",
        _page("one report"),
        nav=False,
        routes=(
            RouteSpec("/reports/<number>/pdf", Action.ARCHIVE_VIEW, _pdf),
            RouteSpec("/reports/run", Action.REPORTS_RUN, lambda _request: ("started", 202), methods=("POST",)),
        ),
    ),
    PageSpec(
        "/admin/mail", "Mail", Action.MAILBOX_VIEW, "mail", "Administration", _page("mail"), register=_register_mail
    ),
    PageSpec("/admin/audit", "Audit log", Action.AUDIT_VIEW, "lock", "Administration", _page("audit")),
)


def make_site(
    store: Store,
    folder: Path,
    pages: Iterable[PageSpec] = PAGES,
    *,
    base_url: str = "http://localhost:8050",
    clock: Any = None,
    **settings: Any,
) -> Site:
    options = {} if clock is None else {"clock": clock}
    people = make_people(store, **options)
    mart = Mart()
    parts: dict[str, Any] = dict.fromkeys(Services._fields)  # pages of these tests reach no others
    parts |= {
        "store": store,
        "policy": people.policy,
        "accounts": people.accounts,
        "audit": people.audit,
        "mart": mart,
        "query": Answers(),
    }
    services = Services(**parts)
    chosen = load_settings({}, data_dir=folder, base_url=base_url, **settings)
    return Site(create_server(chosen, services, pages), people, store, mart, chosen)
