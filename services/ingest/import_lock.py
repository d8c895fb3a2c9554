"""One import at a time on a machine: a lock that also tells which one runs."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Self

from services.domain.errors import ConflictError


class ImportLock:
    """Held from the first record read to the last one written; gone with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "import.lock"

    def __enter__(self) -> Self:
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            message = "Another import is running on this machine. Start this one again when it has ended."
            raise ConflictError(message) from error
        self.name("")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def name(self, batch: int | str) -> None:
        """Say which import holds the lock."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(batch))
        self._file.flush()


def running_import(folder: Path) -> int | None:
    """The batch that an import on this machine is working on; None when none runs, or it is still reading."""
    path = folder / "import.lock"
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            text = file.read().strip()
            return int(text) if text.isdecimal() else None
    return None
