"""6: what was refused to somebody signed in is in the audit log: pages, callbacks, downloads, forged requests."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from services.store.tables import AuditEvent
from tests.http.site import CALLBACK, Site, request_for
from tests.people import email_of

MAIL = "mail.children"
PAGE = "page.children"


def refusals(site: Site) -> list[tuple[str, str | None, dict[str, str]]]:
    with site.store.read() as connection:
        rows = connection.execute(
            select(AuditEvent.__table__).where(AuditEvent.action == "access.refused").order_by(AuditEvent.seq)
        )
        return [(row.actor, row.resource, json.loads(row.detail)) for row in rows]


def test_a_refused_page_is_written_down_with_who_and_what(own_site: Site) -> None:
    eva = own_site.visit("eva")
    assert eva.get("/admin/mail?token=s3cret").status_code == 403
    assert refusals(own_site) == [(email_of("eva"), "/admin/mail", {"method": "GET", "path": "/admin/mail"})]


def test_a_refused_callback_is_written_down_by_its_name(own_site: Site) -> None:
    rita = own_site.visit("rita")
    body = request_for(own_site.server.extensions["hireboard"].app, MAIL, {"mail-search.value": "a secret word"})
    assert rita.fire(body).status_code == 403
    assert refusals(own_site) == [(email_of("rita"), f"callback {MAIL}", {"method": "POST", "path": CALLBACK})]


def test_a_page_that_the_router_refuses_in_words_is_written_down(own_site: Site) -> None:
    max_ = own_site.visit("max")
    body = request_for(own_site.server.extensions["hireboard"].app, PAGE, {"url.pathname": "/admin/mail"})
    answer = max_.fire(body)
    assert (answer.status_code, "You cannot open" in answer.text) == (200, True)
    assert [(actor, address) for actor, address, _ in refusals(own_site)] == [(email_of("max"), "/admin/mail")]


def test_a_refused_download_and_a_refusal_of_the_service_are_written_down_by_rule(own_site: Site) -> None:
    eva = own_site.visit("eva")
    assert eva.get("/reports/1/pdf").status_code == 403  # the service behind the route refuses
    assert eva.post("/reports/run", headers={"X-CSRFToken": eva.token}).status_code == 403
    assert [(address, detail["path"]) for _, address, detail in refusals(own_site)] == [
        ("/reports/<number>/pdf", "/reports/1/pdf"),
        ("/reports/run", "/reports/run"),
    ]


def test_numbering_through_one_address_is_one_row(own_site: Site) -> None:
    otto = own_site.visit("otto")
    before = len(refusals(own_site))  # signing in showed him the start page
    for number in range(30):
        assert otto.get(f"/reports/{number}/pdf").status_code == 403
    assert len(refusals(own_site)) == before + 1


def test_a_forged_request_of_somebody_signed_in_is_written_down(own_site: Site) -> None:
    eva = own_site.visit("eva")
    body = request_for(own_site.server.extensions["hireboard"].app, PAGE, {"url.pathname": "/"})
    assert eva.fire(body, Origin="https://evil.example").status_code == 403
    assert [(actor, address) for actor, address, _ in refusals(own_site)] == [(email_of("eva"), CALLBACK)]


def test_nobody_signed_in_and_what_is_missing_are_no_events(own_site: Site) -> None:
    visitor = own_site.visitor()
    assert visitor.get("/admin/mail").status_code == 302
    assert visitor.get("/_dash-layout").status_code == 401
    assert visitor.post("/login", data={"email": "eva", "password": "x"}).status_code == 403  # without the form's token
    eva = own_site.visit("eva")
    assert eva.get("/no-such-page").status_code == 404
    assert eva.get("/reports/0/pdf").status_code == 404
    assert eva.get("/").status_code == 200
    assert refusals(own_site) == []


def test_a_log_that_cannot_be_written_leaves_the_refusal_a_refusal(
    own_site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """F36: fail closed for the act, and a line in the process's own log."""
    eva = own_site.visit("eva")
    path = own_site.store.sqlite_path()
    assert isinstance(path, Path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder, _short_patience(own_site):
        holder.execute("BEGIN IMMEDIATE")
        assert eva.get("/admin/mail").status_code == 403
        holder.execute("ROLLBACK")
    assert "was not written to the audit log" in caplog.text


class _short_patience:  # noqa: N801 - reads as a word in the test
    """New connections of the store wait for a lock for a tenth of a second."""

    def __init__(self, site: Site) -> None:
        self._engine = site.store.engine

    def __enter__(self) -> None:
        from sqlalchemy import event

        self._engine.dispose()
        event.listen(self._engine, "connect", self._hurry)

    def __exit__(self, *_: object) -> None:
        from sqlalchemy import event

        event.remove(self._engine, "connect", self._hurry)
        self._engine.dispose()

    @staticmethod
    def _hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 100")
