"""9: mail over TLS against a server that really speaks it: STARTTLS and TLS from the first byte."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from layouts.pages.mail import mail_page
from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.delivery.mailbox import Mailbox
from services.delivery.sending import Sending, Sent
from services.delivery.transports import SmtpServer, SmtpTransport, UnreachableError, parse_smtp_url
from services.store.database import Store
from services.store.tables import OutboxMessage
from tests.delivery_scenes import DeliveryScene
from tests.mail_over_tls import PASSWORD, USER, Certificate, TlsMailServer

BODY = b"Subject: x\r\n\r\nThree candidates wait for you.\r\n"
SENDER, MAX = "hireboard@northwind.example", "max@northwind.example"
both_ways = pytest.mark.parametrize("implicit", [True, False], ids=["smtps", "starttls"])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: Certificate, implicit: bool) -> Iterator[TlsMailServer]:  # noqa: FBT001 - a parameter of tests
    with TlsMailServer(certificate, implicit).serving() as serving:
        yield serving


@pytest.fixture
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as another machine: nothing may leave without TLS."""
    monkeypatch.setattr(SmtpServer, "is_loopback", property(lambda _self: False))


def transport(server: TlsMailServer, tls: ssl.SSLContext | None = None) -> SmtpTransport:
    return SmtpTransport(parse_smtp_url(server.url), step_timeout_s=5, tls=tls)


@both_ways
@pytest.mark.usefixtures("_elsewhere")
def test_9_a_mail_and_the_password_travel_encrypted(server: TlsMailServer, certificate: Certificate) -> None:
    line = transport(server, certificate.trusted())
    for _ in range(2):  # the second one over the same line
        line.prepare(SENDER, MAX)
        line.transmit(BODY, "<1@northwind.example>")
    line.close()
    assert [(recipient, encrypted) for recipient, _, encrypted in server.received] == [(MAX, True), (MAX, True)]
    assert server.received[0][1].rstrip() == BODY.rstrip()
    assert server.logins == [(USER, True)]


@both_ways
@pytest.mark.usefixtures("_elsewhere")
def test_9_a_certificate_nobody_vouches_for_is_refused_in_words(server: TlsMailServer) -> None:
    with pytest.raises(UnreachableError) as refused:
        transport(server).prepare(SENDER, MAX)
    words = str(refused.value)
    assert f"127.0.0.1:{server.port}" in words
    assert "certificate is not trusted" in words
    assert "SSL_CERT_FILE" in words
    assert "_ssl.c" not in words
    assert (server.received, server.logins) == ([], [])
    assert PASSWORD not in words


@pytest.mark.usefixtures("_elsewhere")
def test_9_a_trusted_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    other = Certificate.make(tmp_path, names="DNS:elsewhere.example")
    with TlsMailServer(other, implicit=True).serving() as server, pytest.raises(UnreachableError, match="not trusted"):
        transport(server, other.trusted()).prepare(SENDER, MAX)
    assert server.logins == []


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("implicit", [False], ids=["starttls"])
def test_9_an_answer_in_the_clear_to_starttls_stops_the_mail(
    server: TlsMailServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine between us that takes STARTTLS out of the offer gets neither password nor mail."""
    monkeypatch.setattr("smtplib.SMTP.has_extn", lambda _self, name: name.lower() != "starttls")
    with pytest.raises(UnreachableError, match="offers no STARTTLS"):
        transport(server, certificate.trusted()).prepare(SENDER, MAX)
    assert (server.received, server.logins) == ([], [])


# --- what the outbox and the administrator see ---


@pytest.fixture
def scene(migrated_sqlite_url: str) -> Iterator[DeliveryScene]:
    store = Store(migrated_sqlite_url)
    yield DeliveryScene(store)
    store.dispose()


def error_of(scene: DeliveryScene) -> str:
    with scene.store.read() as connection:
        return str(connection.scalar(select(OutboxMessage.error)))


@both_ways
@pytest.mark.usefixtures("_elsewhere")
def test_9_an_untrusted_server_defers_the_mail_visibly_and_it_arrives_once_when_trusted(
    server: TlsMailServer, certificate: Certificate, scene: DeliveryScene
) -> None:
    scene.post("1")
    sending = Sending(scene.outbox, transport(server), "here")
    assert sending.step().result is Sent.UNREACHABLE
    assert scene.mail_states() == ["deferred"]
    assert "certificate is not trusted" in error_of(scene)
    sending.close()
    scene.clock.pass_by(hours=1)
    sending = Sending(scene.outbox, transport(server, certificate.trusted()), "here")
    assert sending.step().result is Sent.SENT
    sending.close()
    assert scene.mail_states() == ["sent"]
    assert len(server.received) == 1


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("implicit", [True], ids=["smtps"])
def test_9_the_administrator_reads_why_a_mail_waits(server: TlsMailServer, scene: DeliveryScene) -> None:
    scene.post("1")
    sending = Sending(scene.outbox, transport(server), "here")
    sending.step()
    sending.close()
    policy = Policy()
    operator = Accounts(scene.store, policy, scene.audit).local_operator()
    (mail,) = Mailbox(scene.store, scene.outbox, None, policy, scene.audit).mails(operator)
    assert mail.state == "deferred"
    assert "certificate is not trusted" in (mail.error or "")
    page = str(mail_page([mail], {"deferred": 1}, "UTC", is_local=False))
    assert "Tried, again later" in page
    assert "certificate is not trusted" in page
