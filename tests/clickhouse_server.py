"""A ClickHouse of its own for a test, where the suite has one: ``script/test --engines`` installs it."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.services_for_tests import START_TIMEOUT_S, MissingServiceError, die_with_parent, free_port

IS_INSTALLED = importlib.util.find_spec("chdb") is not None
ROOT = Path(__file__).parents[1]


class ThrowAwayClickHouse:
    """Empty at the start; a process that ends with the tests."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hb-ch-"))
        self.port = free_port()
        self._log = (self.folder / "log").open("wb")
        command = [sys.executable, "-m", "tests.clickhouse_over_http", str(self.port), str(self.folder / "data")]
        self.process = subprocess.Popen(
            command,
            stdout=self._log,
            stderr=self._log,
            cwd=ROOT,
            preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  # one prctl, nothing that locks
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise MissingServiceError(f"ClickHouse did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"clickhouse://default@127.0.0.1:{self.port}"

    def _is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=2):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
