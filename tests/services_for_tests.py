"""Throw-away PostgreSQL, Redis and SMTP on free loopback ports, and Debian's Chromium.

Each is started by the first test that asks for it and ends with the test process, however that ends: children carry a
parent-death signal.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import psycopg
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

START_TIMEOUT_S = 60
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class MissingServiceError(RuntimeError):
    """A program that the suite needs is not installed; says how to install it."""


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent(death_signal: int = signal.SIGKILL) -> Callable[[], None]:
    """A ``preexec_fn`` after which the kernel ends the child when this process goes."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, death_signal)  # 1 = PR_SET_PDEATHSIG


def _wait_until(is_up: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_up():
        if process.poll() is not None or time.monotonic() > deadline:
            raise MissingServiceError(f"{process.args} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


class ThrowAwayPostgres:
    """A cluster without durability, in a temporary folder, as an unprivileged user when the tests run as root."""

    def __init__(self) -> None:
        programs = _postgres_programs()
        self.folder = Path(tempfile.mkdtemp(prefix="hb-pg-"))
        self.port = free_port()
        account = _unprivileged_account()
        if account:
            shutil.chown(self.folder, *account)
        self._as_user: dict[str, Any] = {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
        data = self.folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", "hireboard", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        made = subprocess.run(
            [*initdb, "--no-sync"], capture_output=True, check=False, cwd=self.folder, **self._as_user
        )
        if made.returncode:
            raise MissingServiceError(f"initdb failed: {made.stderr.decode(errors='replace')}")
        self._start(programs, data)
        self._count = 0

    def _start(self, programs: Path, data: Path) -> None:
        settings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]
        settings += ["shared_buffers=128MB", "autovacuum=on", "jit=off", "listen_addresses=127.0.0.1"]
        options = [word for setting in settings for word in ("-c", setting)]
        log = self.folder / "log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(self.port), "-k", self.folder, *options],
                stdout=output,
                stderr=output,
                cwd=self.folder,
                preexec_fn=die_with_parent(signal.SIGQUIT),  # noqa: PLW1509  # one prctl, nothing that locks
                **self._as_user,
            )
        _wait_until(self._is_up, self.process, log)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://hireboard@127.0.0.1:{self.port}/{database}"

    def _is_up(self) -> bool:
        try:
            with psycopg.connect(self.url(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def new_database(self, template: str = "template0") -> str:
        """Name of a database nobody has used; a copy of ``template``."""
        self._count += 1
        name = f"test_{self._count}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def _postgres_programs() -> Path:
    debian = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    if debian:
        return max(debian, key=lambda folder: float(folder.parent.name))
    found = shutil.which("initdb")
    if not found:
        raise MissingServiceError("PostgreSQL is not installed. Debian: apt-get install postgresql")
    return Path(found).resolve().parent


def _unprivileged_account() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root; None = we are not root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return entry.pw_uid, entry.pw_gid


class ThrowAwayRedis:
    """A Redis that keeps nothing on disk. ``stop`` and ``start`` let a test take it away and bring it back."""

    def __init__(self) -> None:
        found = shutil.which("redis-server")
        if not found:
            raise MissingServiceError("Redis is not installed. Debian: apt-get install redis-server")
        self._program = found
        self.folder = Path(tempfile.mkdtemp(prefix="hb-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        log = self.folder / "log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [self._program, *options, "--dir", self.folder],
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent(),  # noqa: PLW1509  # one prctl, nothing that locks
            )
        _wait_until(self._is_up, self.process, log)

    def _is_up(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()

    def flush(self) -> None:
        client = redis.Redis.from_url(self.url, socket_timeout=5)
        client.flushall()
        client.close()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(timeout=30)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class ReceivedMail:
    """One message that the server took with 250 (or took and then dropped the line: ``acknowledged`` false)."""

    sender: str
    recipients: list[str]
    raw: bytes
    acknowledged: bool = True

    @property
    def message(self) -> Message:
        return message_from_bytes(self.raw)


@dataclass
class SmtpServer:
    """An SMTP server that captures, with knobs.

    ``reject[address]`` answers RCPT with that text (``"550 no such user"``); ``answer_data`` answers DATA with that
    text instead of 250, ``drop_after_data`` takes the message and closes the line without an answer,
    ``drop_before_data`` closes it when DATA is announced, ``delay_s`` sleeps before 250.
    """

    received: list[ReceivedMail] = field(default_factory=list)
    reject: dict[str, str] = field(default_factory=dict)
    answer_data: str | None = None
    drop_after_data: bool = False
    drop_before_data: bool = False
    delay_s: float = 0.0
    sessions: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen (again, after ``stop``) on the same port."""
        self.port = self.port or free_port()
        self._controller = _Controller(self)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def reset(self) -> None:
        """Forget what came in and turn every knob back."""
        self.received.clear()
        self.reject.clear()
        self.answer_data, self.delay_s, self.sessions = None, 0.0, 0
        self.drop_after_data = self.drop_before_data = False


class _Controller(Controller):
    def __init__(self, server: SmtpServer) -> None:
        super().__init__(_Handler(server), hostname="127.0.0.1", port=server.port)

    def factory(self) -> SMTP:
        return _Smtp(self.handler, data_size_limit=50_000_000)


class _Smtp(SMTP):
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        if self.event_handler.server.drop_before_data:
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.server.sessions += 1
        return responses

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.server.reject:
            return self.server.reject[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        knobs = self.server
        if knobs.answer_data:
            return knobs.answer_data
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        mail = ReceivedMail(str(envelope.mail_from), list(envelope.rcpt_tos), raw, not knobs.drop_after_data)
        knobs.received.append(mail)
        if knobs.drop_after_data:
            server.transport.abort()
        if knobs.delay_s:
            time.sleep(knobs.delay_s)  # noqa: ASYNC251  # the whole server is to be slow
        return "250 OK"


def chromium_path() -> str:
    """Chromium that the browser tests drive: HIREBOARD_BROWSER, or Debian's."""
    for candidate in (os.environ.get("HIREBOARD_BROWSER"), "/usr/bin/chromium", "chromium", "chromium-browser"):
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    raise MissingServiceError("Chromium is missing. Debian: apt-get install chromium; elsewhere set HIREBOARD_BROWSER.")
