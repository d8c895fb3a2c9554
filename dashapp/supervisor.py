"""Keeps the roles of one installation running: starts, replaces and stops them, and leaves no orphan.

Children sit in process groups of their own, so that Ctrl-C reaches only the supervisor, which then stops them in good
order; and the kernel ends them when the supervisor dies, even by kill -9.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
PR_SET_PDEATHSIG = 1
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
TICK_S = 0.5


@dataclass(frozen=True)
class Role:
    """One process to keep alive. ``name`` is shown to people; two of a kind carry a number."""

    name: str
    command: Sequence[str]


@dataclass
class _Child:
    role: Role
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_again_at: float = 0.0

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


def delay_after(failures: int) -> float:
    """Seconds to wait before the next start: 0.5, 1, 2, … at most 30."""
    return float(min(FIRST_DELAY_S * 2 ** max(failures - 1, 0), LONGEST_DELAY_S))


def tie_to_parent(death_signal: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process ``death_signal`` when the thread that started it ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal))


@dataclass
class Supervisor:
    """Runs ``roles`` until a stop signal arrives, or one of them fails ``give_up_after`` times in a row.

    A process that lived ``healthy_s`` is forgiven its earlier failures. ``grace_s`` is how long a child may take to
    stop before it is killed. ``on_event`` is told in words what happens; ``on_tick`` is called about twice a second.
    """

    roles: Sequence[Role]
    environment: Mapping[str, str]
    on_event: Callable[[str], None]
    on_tick: Callable[[], None] = lambda: None
    grace_s: float = 20.0
    healthy_s: float = 30.0
    give_up_after: int = 8
    _children: list[_Child] = field(default_factory=list, init=False)

    def run(self) -> int:
        """Block until told to stop; returns the exit status (0 stopped on request, 1 gave up). Main thread only."""
        watched = STOP_SIGNALS | {signal.SIGCHLD}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        self._children = [_Child(role) for role in self.roles]
        try:
            return self._loop(watched, before)
        finally:
            self._stop_all()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _loop(self, watched: frozenset[signal.Signals], mask: set[signal.Signals | int]) -> int:
        while True:
            now = time.monotonic()
            for child in self._children:
                if not self._keep(child, now, mask):
                    return 1
            self.on_tick()
            told = signal.sigtimedwait(watched, TICK_S)
            if told and told.si_signo in STOP_SIGNALS:
                self.on_event("Stopping …")
                return 0

    def _keep(self, child: _Child, now: float, mask: set[signal.Signals | int]) -> bool:
        """Start the child if it is due; false when it has failed too often."""
        if child.process is not None and not child.is_running():
            ended = self._note_end(child, child.process, now)
            if child.failures >= self.give_up_after:
                self.on_event(f"{ended}, {child.failures} times in a row; stopping. Its messages are above.")
                return False
            self.on_event(f"{ended}; starting it again in {delay_after(child.failures):g} s.")
        if child.process is None and now >= child.start_again_at:
            self._start(child, now, mask)
        return True

    def _start(self, child: _Child, now: float, mask: set[signal.Signals | int]) -> None:
        supervisor = os.getpid()

        def in_child() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            tie_to_parent()
            if os.getppid() != supervisor:  # it died before the tie held
                os._exit(1)

        child.started_at = now
        child.process = subprocess.Popen(  # noqa: S603  # our own roles
            list(child.role.command),
            stdin=subprocess.DEVNULL,
            env=dict(self.environment),
            process_group=0,
            preexec_fn=in_child,  # noqa: PLW1509  # the supervisor has one thread
        )

    def _note_end(self, child: _Child, process: subprocess.Popen[bytes], now: float) -> str:
        """Book the end of a child; returns how it ended, in words."""
        _kill_group(process.pid)  # whatever the dead child had started
        child.failures = 1 if now - child.started_at >= self.healthy_s else child.failures + 1
        child.process = None
        child.start_again_at = now + delay_after(child.failures)
        return f"{child.role.name} ended ({_how(process.returncode)})"

    def _stop_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self.grace_s
        for process in running:
            try:
                process.wait(timeout=max(deadline - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                self.on_event(f"Process {process.pid} did not stop within {self.grace_s:g} s and was killed.")
            _kill_group(process.pid)
            process.wait()


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _how(returncode: int) -> str:
    if returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit status {returncode}"
