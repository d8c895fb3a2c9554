from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.delivery import failpoints
from services.delivery.archive import Archive, DamagedFileError
from services.domain.errors import NotFoundError

CONTENT = b"%PDF-1.7 scorecard" * 100


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_file_is_named_by_its_content(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    digest = archive.put(CONTENT)
    assert digest == hashlib.sha256(CONTENT).hexdigest()
    assert archive.path_of(digest) == tmp_path / digest[:2] / digest[2:4] / digest
    assert archive.get(digest) == CONTENT


def test_the_same_content_twice_is_one_file(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    assert archive.put(CONTENT) == archive.put(CONTENT)
    assert len(_files(tmp_path)) == 1


def test_a_changed_file_is_never_served_and_is_named_by_verify(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    digest, other = archive.put(CONTENT), archive.put(b"other")
    path = archive.path_of(digest)
    path.write_bytes(CONTENT[:-1] + b"X")
    with pytest.raises(DamagedFileError, match="backup"):
        archive.get(digest)
    assert list(archive.verify([digest, other, "0" * 64])) == [(digest, "damaged"), ("0" * 64, "missing")]
    assert archive.put(CONTENT) == digest
    assert archive.get(digest) == CONTENT


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 63 + "/", "0" * 64 + "\n"])
def test_only_a_digest_names_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        Archive(tmp_path).get(name)


@pytest.mark.parametrize("point", ["archive-write", "before-rename"])
def test_a_full_disk_leaves_nothing_behind_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    archive = Archive(tmp_path)
    monkeypatch.setenv(failpoints.VARIABLE, f"{point}=enospc")
    with pytest.raises(OSError, match="No space left"):
        archive.put(CONTENT)
    assert _files(tmp_path) == []
    monkeypatch.delenv(failpoints.VARIABLE)
    assert archive.get(archive.put(CONTENT)) == CONTENT


def test_whichever_system_call_fails_no_file_is_half_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The i-th of fsync, open and replace fails, for i = 1 until it succeeds: the archive has all of it or nothing."""
    real: dict[str, Any] = {"fsync": os.fsync, "open": os.open, "replace": Path.replace}
    for failing in range(1, 30):
        calls = 0

        def guarded(name: str, failing: int = failing) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == failing:
                    raise OSError(errno.EIO, "injected")
                return real[name](*args, **kwargs)

            return call

        root = tmp_path / str(failing)
        archive = Archive(root)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", guarded("fsync"))
            patch.setattr(os, "open", guarded("open"))
            patch.setattr(Path, "replace", guarded("replace"))
            try:
                digest = archive.put(CONTENT)
            except OSError:
                digest = None
        visible = [path for path in _files(root) if path.parent.name != "incoming"]
        assert all(path.read_bytes() == CONTENT for path in visible)
        assert archive.get(archive.put(CONTENT)) == CONTENT
        if digest:
            break
    assert failing > 4


def test_the_sweep_removes_what_a_crash_left_but_not_what_is_being_written(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put(CONTENT)
    for name, age in (("old", 7200), ("new", 0)):
        leftover = tmp_path / "incoming" / name
        leftover.write_bytes(b"half")
        when = datetime.now(UTC).timestamp() - age
        os.utime(leftover, (when, when))
    assert archive.sweep(datetime.now(UTC) - timedelta(hours=1)) == 1
    assert [path.name for path in (tmp_path / "incoming").iterdir()] == ["new"]


@pytest.mark.parametrize("point", ["archive-write", "before-rename"])
def test_f03_a_kill_in_the_middle_of_a_file_leaves_nothing_visible(tmp_path: Path, point: str) -> None:
    program = (
        "import sys; from pathlib import Path; from services.delivery.archive import Archive; "
        "Archive(Path(sys.argv[1])).put(b'%PDF' * 1000)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=os.environ | {failpoints.VARIABLE: f"{point}=crash", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -9
    [leftover] = _files(tmp_path)
    assert leftover.parent.name == "incoming"
    archive = Archive(tmp_path)
    assert archive.get(archive.put(b"%PDF" * 1000)) == b"%PDF" * 1000
