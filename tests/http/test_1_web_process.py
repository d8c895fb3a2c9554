"""1: `hireboard web` as a process: serves from workers that were forked, and stops without a scratch."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.domain.people import Role
from tests.http.product import Product
from tests.http.site import CALLBACK, request_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


class Server:
    def __init__(self, product: Product) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HIREBOARD_")}
        environment |= {"HIREBOARD_DATA_DIR": str(product.settings.data_dir), "HIREBOARD_PORT": str(self.port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashapp.cli", "web"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def wait(self) -> None:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                self.open("/healthz")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError("the server did not answer")

    def open(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=data, headers=named)  # noqa: S310
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def sign_in(self, email: str, password: str) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.open("/login")[1])
        assert found is not None
        form = urllib.parse.urlencode({"csrf_token": found.group(1), "email": email, "password": password})
        status, page = self.open("/login", form.encode())
        assert status == 200
        assert "_dash-config" in page

    @property
    def token(self) -> str:
        return next(str(cookie.value) for cookie in self._jar if cookie.name == "_csrf_token")

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


@pytest.fixture
def server(product: Product) -> Iterator[Server]:
    started = Server(product)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


def test_the_web_process_serves_and_stops_cleanly(product: Product, server: Server) -> None:
    """A query in each worker, then SIGTERM: exit status 0, nothing said, nobody left behind."""
    server.wait()
    server.sign_in(product.emails[Role.EXECUTIVE], product.passwords[product.emails[Role.EXECUTIVE]])
    body = json.dumps(request_for(product.app, "page.children", {"url.pathname": "/"})).encode()
    for _ in range(8):
        status, text = server.open(CALLBACK, body, X_CSRFToken=server.token, Content_Type="application/json")
        assert status == 200
        assert "As of" in text
    workers = server.children()
    assert len(workers) == 2
    server.process.send_signal(signal.SIGTERM)
    output = server.process.communicate(timeout=30)[0]
    assert server.process.returncode == 0, output
    assert "WARNING" not in output
    assert "terminate" not in output
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []


def test_a_killed_worker_is_replaced_and_sessions_go_on(product: Product, server: Server) -> None:
    server.wait()
    server.sign_in(product.emails[Role.ADMIN], product.passwords[product.emails[Role.ADMIN]])
    for pid in server.children():
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 30
    status = 0
    while status != 200 and time.monotonic() < until:
        try:
            status, _ = server.open("/api/version")
        except OSError:
            time.sleep(0.2)
    assert status == 200
    server.process.send_signal(signal.SIGINT)
    server.process.communicate(timeout=30)
    assert server.process.returncode == 0
