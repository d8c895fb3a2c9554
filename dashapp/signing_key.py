"""The embedded installation's own secret key: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from dashapp.setting_rules import KEY_LENGTH
from services.domain.errors import ConfigurationError


def read_or_create_key(file: Path) -> str:
    """The key in ``file``. Processes that start at the same time agree on one: only the first link wins."""
    try:
        if not file.exists():
            _create(file)
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The secret key in {file} cannot be read or made: {error}.") from error
    if len(key) < KEY_LENGTH:
        raise ConfigurationError(f"The secret key in {file} is damaged: remove the file, a new one is made at start.")
    return key


def _create(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    candidate = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as output:
        output.write(secrets.token_urlsafe(48) + "\n")
    with contextlib.suppress(FileExistsError):
        os.link(candidate, file)
    candidate.unlink()
