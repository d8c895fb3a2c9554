from __future__ import annotations

import socket
from pathlib import Path

import pytest

from services.delivery import failpoints
from services.delivery.transports import (
    FolderTransport,
    InDoubtError,
    SmtpServer,
    SmtpTransport,
    TransportError,
    UnreachableError,
    folder_name,
    parse_smtp_url,
)
from services.domain.errors import ConfigurationError
from tests.services_for_tests import SmtpServer as CapturingServer

MESSAGE_ID = "<1@northwind.example>"
BODY = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n..two\r\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://localhost", SmtpServer("localhost", 587, implicit_tls=False)),
        ("smtp://127.0.0.1:2525", SmtpServer("127.0.0.1", 2525, implicit_tls=False)),
        (
            "smtps://us%40er:p%3Aw@mail.example",
            SmtpServer("mail.example", 465, implicit_tls=True, user="us@er", password="p:w"),
        ),
    ],
)
def test_an_address_is_read(url: str, expected: SmtpServer) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    "url", ["", "http://x", "smtp://", "smtp://h:99999", "smtp://h/path", "smtp://h?x=1", "smtp://u:geheim@:25"]
)
def test_a_wrong_address_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="HIREBOARD_SMTP_URL") as refused:
        parse_smtp_url(url)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("localhost", True), ("127.8.0.1", True), ("::1", True), ("10.0.0.1", False), ("mx.example", False)],
)
def test_loopback_is_recognised(host: str, is_loopback: bool) -> None:  # noqa: FBT001
    assert SmtpServer(host, 25, implicit_tls=False).is_loopback is is_loopback


def test_off_loopback_nothing_goes_out_without_tls(
    smtp_server: CapturingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server offers no STARTTLS: that is refused before sender and recipient are named."""
    monkeypatch.setattr(SmtpServer, "is_loopback", property(lambda _self: False))
    transport = SmtpTransport(parse_smtp_url(smtp_server.url))
    with pytest.raises(UnreachableError, match="STARTTLS"):
        transport.prepare("a@northwind.example", "b@northwind.example")
    assert smtp_server.received == []


def test_lines_that_begin_with_a_dot_arrive_as_they_are(smtp_server: CapturingServer) -> None:
    transport = SmtpTransport(parse_smtp_url(smtp_server.url))
    transport.prepare("a@northwind.example", "b@northwind.example")
    transport.transmit(BODY, MESSAGE_ID)
    transport.close()
    transport.close()
    assert smtp_server.received[0].raw.rstrip() == BODY.rstrip()


def test_a_connection_that_the_server_closed_is_opened_again(smtp_server: CapturingServer) -> None:
    transport = SmtpTransport(parse_smtp_url(smtp_server.url))
    for number in range(2):
        transport.prepare("a@northwind.example", "b@northwind.example")
        transport.transmit(BODY, MESSAGE_ID)
        if number == 0:
            assert transport._smtp is not None
            assert transport._smtp.sock is not None
            transport._smtp.sock.shutdown(socket.SHUT_RDWR)
    transport.close()
    assert smtp_server.sessions == 2


def test_without_a_connection_nothing_was_sent(smtp_server: CapturingServer) -> None:
    with pytest.raises(TransportError, match="closed before"):
        SmtpTransport(parse_smtp_url(smtp_server.url)).transmit(BODY, MESSAGE_ID)


def test_a_whole_mail_has_a_deadline(smtp_server: CapturingServer) -> None:
    """F19: a server that is slower than the limit of the whole mail is cut off, whatever each answer takes."""
    smtp_server.delay_s = 1.5
    transport = SmtpTransport(parse_smtp_url(smtp_server.url), step_timeout_s=30, mail_timeout_s=0.3)
    transport.prepare("a@northwind.example", "b@northwind.example")
    with pytest.raises(InDoubtError, match="may have arrived"):
        transport.transmit(BODY, MESSAGE_ID)


def test_the_folder_holds_a_mail_once(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path / "mail")
    for _ in range(2):
        transport.prepare("a@northwind.example", "b@northwind.example")
        transport.transmit(BODY, MESSAGE_ID)
    transport.close()
    assert [path.name for path in (tmp_path / "mail" / "new").iterdir()] == [folder_name(MESSAGE_ID)]
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []
    assert transport.read(MESSAGE_ID) == BODY
    assert transport.read("<other@northwind.example>") is None


def test_a_folder_that_cannot_be_made_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnreachableError, match="cannot be written"):
        FolderTransport(tmp_path / "file").prepare("a@northwind.example", "b@northwind.example")


def test_a_folder_that_fills_up_took_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = FolderTransport(tmp_path)
    transport.prepare("a@northwind.example", "b@northwind.example")
    (tmp_path / "tmp").rmdir()
    with pytest.raises(UnreachableError, match="cannot be written"):
        transport.transmit(BODY, MESSAGE_ID)


def test_a_mail_that_cannot_be_put_in_its_place_is_in_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = FolderTransport(tmp_path)
    transport.prepare("a@northwind.example", "b@northwind.example")
    (tmp_path / "new").rmdir()
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    with pytest.raises(InDoubtError, match="put in its place"):
        transport.transmit(BODY, MESSAGE_ID)
