"""The suite's own services are what they say: throw-away, on loopback, with working knobs."""

from __future__ import annotations

import smtplib
import socket
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from sqlalchemy import inspect

from services.store.database import Store

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.services_for_tests import SmtpServer

MAIL = b"Subject: hello\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"


def test_nothing_leaves_the_machine() -> None:
    with socket.socket() as outside, pytest.raises(PermissionError, match="loopback only"):
        outside.connect(("192.0.2.1", 80))


def test_every_test_gets_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)


def test_a_migrated_store_has_the_schema(migrated_store_url: str) -> None:
    store = Store(migrated_store_url)
    assert inspect(store.engine).has_table("requisition")
    store.dispose()


def test_redis_is_empty(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.dbsize() == 0
    client.close()


def _send(server: SmtpServer) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
        client.sendmail("reports@example.com", ["max@example.com"], MAIL)


def test_mail_is_captured(smtp_server: SmtpServer) -> None:
    _send(smtp_server)
    assert [mail.message["Subject"] for mail in smtp_server.received] == ["hello"]


def test_mail_can_be_rejected(smtp_server: SmtpServer) -> None:
    smtp_server.reject["max@example.com"] = "550 no such user"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _send(smtp_server)


@pytest.mark.parametrize(("knob", "taken"), [("drop_after_data", 1), ("drop_before_data", 0)])
def test_the_line_can_be_cut(smtp_server: SmtpServer, knob: str, taken: int) -> None:
    setattr(smtp_server, knob, True)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(smtp_server)
    assert len(smtp_server.received) == taken


@pytest.mark.browser
def test_a_browser_shows_a_page(page: Page) -> None:
    page.set_content("<h1>Hireboard</h1>")
    assert page.inner_text("h1") == "Hireboard"
