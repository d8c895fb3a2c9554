"""1: one command serves the whole product: migrated, with the demonstration company, address and sign-ins printed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from services.domain.people import Role
from tests.services_for_tests import die_with_parent, free_port

pytestmark = pytest.mark.slow
NOISE = re.compile(r"Traceback|SIGSEGV|SIGABRT|nanobind|Warning|times in a row")
ROLES = {"web", "scheduler", "worker", "sender"}


class Served:
    """`hireboard serve` in a session of its own, so that everything it starts can be found again."""

    def __init__(self, data: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = data.parent / "log"
        # Not measured: a tracer holds on to DuckDB's types, and their library then says so at the exit.
        unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        environment = unmeasured | {"HIREBOARD_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}
        self.started_at = time.monotonic()
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dashapp.cli", "serve", "--port", str(port)],
                stdout=output,
                stderr=output,
                env=environment,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  # one prctl, nothing that locks
                start_new_session=True,
            )

    def wait_until_it_greets(self, timeout_s: float) -> float:
        """Seconds from start to the greeting with the sign-ins."""
        while "admin" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - self.started_at < timeout_s, self.log.read_text()
            time.sleep(0.1)
        return time.monotonic() - self.started_at

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def passwords(self) -> list[str]:
        return re.findall(r"@\S+\s+(\S+)$", self.log.read_text(), re.MULTILINE)


def _session(leader: int) -> dict[int, str]:
    """Living processes of the session, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[3]) == leader and fields[0] != "Z":
            found[int(folder.name)] = line
    return found


def _nobody_is_left(leader: int) -> bool:
    for _ in range(100):
        if not _session(leader):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture
def served(data):
    server = Served(data, free_port())
    yield server
    if server.process.poll() is None:
        server.process.terminate()
        server.process.wait(timeout=60)


def _get(address: str) -> int:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  # our own server
        return int(answer.status)


def test_a_first_start_serves_everything_and_sigterm_ends_it(served):
    served.wait_until_it_greets(300)
    assert len(served.passwords()) == len(Role), "one sign-in per role"
    assert _get(f"{served.address}/healthz") == 200
    assert _get(f"{served.address}/login") == 200
    lines = " ".join(_session(served.process.pid).values())
    assert {role for role in ROLES if f"dashapp.cli {role}" in lines} == ROLES
    assert served.stop(signal.SIGTERM) == 0
    assert _nobody_is_left(served.process.pid)
    assert not NOISE.search(served.log.read_text()), served.log.read_text()


def test_a_second_start_takes_seconds_and_keeps_the_data(served, data):
    secret = (data / "secret_key").read_text()
    served.wait_until_it_greets(60)  # about eight seconds on an idle machine of two cores; the suite shares it
    assert _get(f"{served.address}/healthz") == 200
    assert (data / "secret_key").read_text() == secret
    assert served.stop(signal.SIGINT) == 0
    assert _nobody_is_left(served.process.pid)


def test_two_servers_do_not_share_a_data_folder(served, data):
    served.wait_until_it_greets(60)
    second = subprocess.run(
        [sys.executable, "-m", "dashapp.cli", "serve", "--port", str(free_port())],
        env=os.environ | {"HIREBOARD_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "HIREBOARD_DATA_DIR" in second.stderr
    assert second.stderr.count("\n") == 1


def test_kill_9_of_the_supervisor_leaves_nothing_of_the_product(served):
    served.wait_until_it_greets(60)
    served.process.kill()
    served.process.wait()
    assert _nobody_is_left(served.process.pid)
