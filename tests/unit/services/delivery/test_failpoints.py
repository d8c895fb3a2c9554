from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.delivery import failpoints
from services.domain.errors import ConfigurationError


def test_the_named_points_of_the_issue_exist() -> None:
    """Capability 9: the failpoints that the kill tests use."""
    named = {"before-claim", "after-claim", "after-render", "after-archive", "before-data", "after-data", "after-250"}
    assert named <= set(failpoints.FAILPOINTS)


def test_without_the_variable_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    for name in failpoints.FAILPOINTS:
        failpoints.hit(name)


def test_a_place_nobody_registered_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        failpoints.hit("nowhere")


def test_enospc_looks_like_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "archive-write=enospc")
    with pytest.raises(OSError, match="No space left"):
        failpoints.hit("archive-write")


def test_sleep_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(failpoints.time, "sleep", slept.append)
    monkeypatch.setenv(failpoints.VARIABLE, "before-claim=sleep")
    failpoints.hit("before-claim")
    assert slept == [failpoints.SLEEP_S]


def test_a_count_is_used_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The count is shared by every process that was given the same tally folder."""
    monkeypatch.setenv(failpoints.VARIABLE, "after-claim=raise,2; before-claim=sleep")
    monkeypatch.setenv(failpoints.TALLY_VARIABLE, str(tmp_path))
    for _ in range(2):
        with pytest.raises(failpoints.FailpointError, match="after-claim"):
            failpoints.hit("after-claim")
    failpoints.hit("after-claim")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_count_without_a_tally_is_kept_by_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(failpoints.TALLY_VARIABLE, raising=False)
    monkeypatch.setenv(failpoints.VARIABLE, "before-rename=raise,1")
    failpoints._hits.clear()
    with pytest.raises(failpoints.FailpointError):
        failpoints.hit("before-rename")
    failpoints.hit("before-rename")


def test_crash_is_a_kill_that_nothing_can_catch() -> None:
    lines = ("from services.delivery import failpoints", "try:", "    failpoints.hit('after-data')", "finally:")
    program = "\n".join((*lines, "    print('cleaned')"))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={failpoints.VARIABLE: "after-data=crash", "PYTHONPATH": "."},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9
    assert done.stdout == b""


@pytest.mark.parametrize("text", ["nowhere=crash", "after-data=explode", "after-data=crash,0", "after-data=crash,x"])
def test_a_wrong_value_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"HIREBOARD_FAILPOINTS.*(accepts|Known)"):
        failpoints.parse(text)


def test_children_that_are_replaced_count_together() -> None:
    """``crash,1`` under a supervisor is one crash, not one for each replacement."""
    armed = {failpoints.VARIABLE: "after-claim=crash,1"}
    added = failpoints.tally_for(armed)
    folder = Path(added[failpoints.TALLY_VARIABLE])
    assert folder.is_dir()
    folder.rmdir()
    assert failpoints.tally_for(armed | added) == {}
    assert failpoints.tally_for({}) == {}
