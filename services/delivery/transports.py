"""How a serialised mail leaves: over SMTP, or into a folder of this machine. One contract, one state machine."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import re
import secrets
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from services.delivery import failpoints
from services.delivery.archive import sync_folder
from services.domain.errors import ConfigurationError, HireboardError

_LEADING_DOT = re.compile(rb"(?m)^\.")
VARIABLE = "HIREBOARD_SMTP_URL"


class TransportError(HireboardError):
    """The mail was certainly not taken. ``permanent``: the server will never take it."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class UnreachableError(TransportError):
    """There is no connection at all: no other mail needs to be tried now."""


class InDoubtError(HireboardError):
    """The text was sent and no answer came: it may have arrived."""


class Transport(Protocol):
    """Two steps, so that the ledger can say ``transmitting`` between them."""

    def prepare(self, sender: str, recipient: str) -> None:
        """Connect if need be and name both ends. Raises TransportError, UnreachableError."""

    def transmit(self, body: bytes, message_id: str) -> None:
        """Hand over the text. Raises TransportError (certainly not taken) or InDoubtError."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True)
class SmtpServer:
    """Where mail goes. ``implicit_tls`` = TLS from the first byte (smtps)."""

    host: str
    port: int
    implicit_tls: bool
    user: str = ""
    password: str = ""

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_smtp_url(url: str) -> SmtpServer:
    """``smtp://[USER:PASSWORD@]HOST[:PORT]`` (STARTTLS, required off loopback) or ``smtps://…``.

    Raises ConfigurationError, which never repeats the password.
    """
    accepts = "it accepts smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://[USER:PASSWORD@]HOST[:PORT]"
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"}:
        raise ConfigurationError(f"{VARIABLE} does not start with smtp:// or smtps://; {accepts}.")
    try:
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"{VARIABLE} has a port that is no number up to 65535; {accepts}.") from None
    if not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ConfigurationError(f"{VARIABLE} has no host, or something after it; {accepts}.")
    secure = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname,
        port=port or (465 if secure else 587),
        implicit_tls=secure,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class SmtpTransport:
    """One connection to one server, kept open between mails. Not for threads.

    ``step_timeout_s`` limits one answer, ``mail_timeout_s`` a whole mail: a server that drips bytes cannot hold us.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        step_timeout_s: float = 30,
        mail_timeout_s: float = 60,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._step_timeout_s = step_timeout_s
        self._mail_timeout_s = mail_timeout_s
        self._tls = tls or ssl.create_default_context()
        self._smtp: smtplib.SMTP | None = None

    def prepare(self, sender: str, recipient: str) -> None:
        smtp = self._connected()
        with self._deadline(smtp):
            try:
                _expect(smtp.mail(sender), "refused the sender")
                _expect(smtp.rcpt(recipient), "refused the recipient")
            except (smtplib.SMTPException, OSError) as error:
                self.close()
                raise TransportError(f"The mail server hung up before the mail was sent ({_words(error)}).") from error
            except TransportError:
                self._reset(smtp)
                raise

    def transmit(self, body: bytes, message_id: str) -> None:
        smtp = self._smtp
        if smtp is None:
            raise TransportError(f"{message_id}: the connection was closed before the mail was sent.")
        with self._deadline(smtp):
            self._begin_data(smtp)
            try:
                smtp.send(_LEADING_DOT.sub(b"..", body).removesuffix(b"\r\n") + b"\r\n.\r\n")
                failpoints.hit("after-data")
                answer = smtp.getreply()
            except (smtplib.SMTPException, OSError) as error:
                self.close()
                raise InDoubtError(
                    f"The line was cut after the text was sent ({_words(error)}): it may have arrived."
                ) from error
        _expect(answer, "refused the text")

    def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.close()

    def _begin_data(self, smtp: smtplib.SMTP) -> None:
        try:
            answer = smtp.docmd("DATA")
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise TransportError(f"The mail server hung up before the text was sent ({_words(error)}).") from error
        try:
            _expect(answer, "refused to take a text", good=(354,))
        except TransportError:
            self._reset(smtp)
            raise

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None:
            with self._deadline(self._smtp), contextlib.suppress(smtplib.SMTPException, OSError):
                # a server may have hung up since the last mail
                if self._smtp.noop()[0] == 250:  # noqa: PLR2004 - RFC 5321: done
                    return self._smtp
            self.close()
        server = self._server
        try:
            self._smtp = self._open()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            where = f"{server.host}:{server.port}"
            raise UnreachableError(
                f"The mail server {where} cannot be used ({_words(error)}). Mails wait; see {VARIABLE}."
            ) from error
        return self._smtp

    def _open(self) -> smtplib.SMTP:
        server, timeout = self._server, self._step_timeout_s
        if server.implicit_tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=self._tls)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=timeout)
        try:
            with self._deadline(smtp):
                smtp.ehlo_or_helo_if_needed()
                if not server.implicit_tls and not server.is_loopback:
                    smtp.starttls(context=self._tls)
                    smtp.ehlo()
                if server.user:
                    smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _reset(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    @contextlib.contextmanager
    def _deadline(self, smtp: smtplib.SMTP) -> Iterator[None]:
        """Cut the line when a whole step takes too long; a socket's own timeout starts anew with each byte."""

        def cut() -> None:
            with contextlib.suppress(OSError):
                if smtp.sock is not None:
                    smtp.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._mail_timeout_s, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class FolderTransport:
    """Writes ``.eml`` files into a folder of this machine: the default, so that nothing leaves it unasked.

    A file's name follows from its Message-ID: a mail that is sent again replaces itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self, sender: str, recipient: str) -> None:
        try:
            (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
            (self.folder / "new").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnreachableError(
                f"The mail folder {self.folder} cannot be written ({_words(error)}) for {sender} to {recipient}."
            ) from error

    def transmit(self, body: bytes, message_id: str) -> None:
        name = folder_name(message_id)
        temporary = self.folder / "tmp" / f"{name}.{os.getpid()}.{secrets.token_hex(3)}"
        try:
            with temporary.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise UnreachableError(f"The mail folder cannot be written ({_words(error)}).") from error
        failpoints.hit("after-data")
        try:
            temporary.replace(self.folder / "new" / name)
            sync_folder(self.folder / "new")
        except OSError as error:
            raise InDoubtError(f"The mail file could not be put in its place ({_words(error)}).") from error

    def close(self) -> None:
        """Nothing is open between two mails."""

    def read(self, message_id: str) -> bytes | None:
        """The mail as it was delivered; None = it is not in the folder."""
        path = self.folder / "new" / folder_name(message_id)
        return path.read_bytes() if path.is_file() else None


def folder_name(message_id: str) -> str:
    return f"{hashlib.sha256(message_id.encode()).hexdigest()[:32]}.eml"


def _expect(answer: tuple[int, bytes], what: str, *, good: tuple[int, ...] = (250, 251)) -> None:
    code, text = answer
    if code in good:
        return
    words = text.decode("ascii", "replace")[:200].replace("\n", " ")
    if code == -1:
        raise smtplib.SMTPServerDisconnected(words)
    permanent = 500 <= code < 600  # noqa: PLR2004 - RFC 5321: permanent negative completion
    raise TransportError(f"The mail server {what}: {code} {words}", permanent=permanent)


def _words(error: BaseException) -> str:
    """An error for people: no bytes literals, one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted: {error.verify_message.rstrip('.')}; install the certificate of its "
            "authority on this machine, or name a file with it in SSL_CERT_FILE"
        )
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return "it offers no STARTTLS, and without TLS nothing is sent to another machine"
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {words[:200]}".replace("\n", " ")
    return (str(error) or type(error).__name__)[:200].replace("\n", " ")
