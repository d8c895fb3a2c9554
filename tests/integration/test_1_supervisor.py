"""1: one supervisor keeps every role running, stops cleanly on Ctrl-C and SIGTERM, and leaves no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashapp.supervisor import delay_after

# A role that has a child of its own, as gunicorn and the PDF workers have. Each writes a line with its pid.
ROLE = """
import os, signal, sys, time
from dashapp.supervisor import tie_to_parent

kind, folder = sys.argv[1:]
child = os.fork()
if child == 0 and kind != "loose":
    tie_to_parent()
with open(os.path.join(folder, "pids"), "a") as file:
    file.write(f"{os.getpid()}\\n")
if kind == "failing":
    sys.exit(3)
if kind == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(120)
"""

SUPERVISOR = """
import os, sys
from dashapp.supervisor import Role, Supervisor

folder, grace, *kinds = sys.argv[1:]
roles = [Role(kind, [sys.executable, os.path.join(folder, "role.py"), kind, folder]) for kind in kinds]
events = lambda words: print(words, flush=True)
sys.exit(Supervisor(roles, os.environ, events, grace_s=float(grace), give_up_after=3).run())
"""


class Running:
    """A supervisor in a process of its own, in a group of its own."""

    def __init__(self, folder: Path, *kinds: str, grace: float = 10) -> None:
        self.folder = folder
        (folder / "role.py").write_text(ROLE)
        (folder / "pids").touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(folder), str(grace), *kinds],
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def pids(self) -> list[int]:
        return [int(line) for line in (self.folder / "pids").read_text().split()]

    def wait_for_pids(self, count: int) -> list[int]:
        assert _eventually(lambda: len(self.pids()) >= count), f"only {self.pids()} started"
        return self.pids()

    def end(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=30)
        return self.process.returncode, output


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # in a container nobody may reap a grandchild that has ended


def _eventually(holds, timeout_s: float = 15.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def _nobody_is_left(pids: list[int]) -> bool:
    return _eventually(lambda: not any(_is_alive(pid) for pid in pids), 5)


@pytest.fixture
def start(tmp_path):
    running: list[Running] = []

    def start_supervisor(*kinds: str, grace: float = 10) -> Running:
        running.append(Running(tmp_path, *kinds, grace=grace))
        return running[-1]

    yield start_supervisor
    for supervisor in running:
        if supervisor.process.poll() is None:
            supervisor.process.kill()
        supervisor.process.stdout.close()
        supervisor.process.wait()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_everything_at_once(start, stop):
    supervisor = start("web", "worker")
    pids = supervisor.wait_for_pids(4)
    supervisor.process.send_signal(stop)
    status, output = supervisor.end()
    assert (status, output) == (0, "Stopping …\n")
    assert not any(_is_alive(pid) for pid in pids)


def test_kill_9_of_the_supervisor_leaves_no_orphan(start):
    supervisor = start("web", "worker")
    pids = supervisor.wait_for_pids(4)
    supervisor.process.kill()
    assert _nobody_is_left(pids)


def test_a_killed_role_is_started_again_and_its_children_go(start):
    supervisor = start("loose", "loose")
    first = supervisor.wait_for_pids(4)
    os.kill(next(pid for pid in first if os.getpgid(pid) == pid), signal.SIGKILL)
    assert len(supervisor.wait_for_pids(6)) == 6
    assert sum(_is_alive(pid) for pid in first) == 2
    supervisor.process.terminate()
    status, output = supervisor.end()
    assert status == 0
    assert "ended (SIGKILL); starting it again in 0.5 s." in output
    assert not any(_is_alive(pid) for pid in supervisor.pids())


def test_a_role_that_ignores_the_signal_is_killed_after_its_grace(start):
    supervisor = start("stubborn", grace=1)
    pids = supervisor.wait_for_pids(2)
    time.sleep(0.3)  # let it take SIGTERM off
    supervisor.process.terminate()
    status, output = supervisor.end()
    assert status == 0
    assert "did not stop within 1 s and was killed" in output
    assert not any(_is_alive(pid) for pid in pids)


def test_a_role_that_never_holds_stops_the_whole_with_status_1(start):
    supervisor = start("web", "failing")
    status, output = supervisor.end()
    assert status == 1
    assert "failing ended (exit status 3), 3 times in a row" in output
    assert _nobody_is_left(supervisor.pids())


def test_starts_wait_longer_each_time_and_at_most_half_a_minute():
    assert [delay_after(failures) for failures in (1, 2, 3, 4, 20)] == [0.5, 1.0, 2.0, 4.0, 30.0]
