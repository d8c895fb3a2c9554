"""A mail server that speaks TLS on loopback, with a certificate made for this test run by openssl."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.services_for_tests import MissingServiceError, free_port

USER, PASSWORD = "post", "a password of the post"


@dataclass(frozen=True)
class Certificate:
    """Signed by itself, valid for 127.0.0.1 and localhost unless it was made for another name."""

    file: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, *, names: str = "IP:127.0.0.1,DNS:localhost", days: int = 2) -> Certificate:
        program = shutil.which("openssl")
        if program is None:
            raise MissingServiceError("openssl is not installed. Debian: apt-get install openssl")
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder / "server.pem", folder / "server.key")
        request = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail.northwind.example"]
        request += ["-days", str(days), "-addext", f"subjectAltName={names}"]
        subprocess.run([*request, "-keyout", made.key, "-out", made.file], check=True, capture_output=True)
        return made

    def of_server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context

    def trusted(self) -> ssl.SSLContext:
        """As a machine on which this certificate was installed."""
        return ssl.create_default_context(cafile=str(self.file))


@dataclass
class TlsMailServer:
    """What came in, and over what: ``implicit`` TLS from the first byte, otherwise STARTTLS, demanded."""

    certificate: Certificate
    implicit: bool
    port: int = 0
    received: list[tuple[str, bytes, bool]] = field(default_factory=list)
    """Recipient, text, and whether the line was encrypted."""
    logins: list[tuple[str, bool]] = field(default_factory=list)
    """User, and whether the line was encrypted when the password came."""

    @property
    def url(self) -> str:
        return f"{'smtps' if self.implicit else 'smtp'}://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"

    @contextmanager
    def serving(self) -> Iterator[TlsMailServer]:
        self.port = free_port()
        controller = _Controller(self)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()

    # --- what aiosmtpd calls ---

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        self.received += [(address, raw, self._is_encrypted(session)) for address in envelope.rcpt_tos]
        return "250 OK"

    def check(
        self, _server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, auth: LoginPassword
    ) -> AuthResult:
        self.logins.append((auth.login.decode(), self._is_encrypted(session)))
        return AuthResult(success=auth.password.decode() == PASSWORD)

    def _is_encrypted(self, session: Session) -> bool:
        return self.implicit or session.ssl is not None


class _Controller(Controller):
    def __init__(self, server: TlsMailServer) -> None:
        outer = server.certificate.of_server() if server.implicit else None
        super().__init__(server, hostname="127.0.0.1", port=server.port, ssl_context=outer)
        self._server = server

    def factory(self) -> SMTP:
        server = self._server
        inner = None if server.implicit else server.certificate.of_server()
        return SMTP(
            self.handler,
            tls_context=inner,
            require_starttls=not server.implicit,
            authenticator=server.check,
            auth_required=not server.implicit,
            auth_require_tls=not server.implicit,
        )
