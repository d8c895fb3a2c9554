"""The validation's own reader: files of a Greenhouse Harvest v3 export as frames, and nothing of the import's code."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from services.domain.errors import InvalidInputError
from services.validation.freshness import NEEDED, READ, file_of


@dataclass(frozen=True)
class Export:
    """``frames`` by resource, one row a record; a resource without a file is absent."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    sha256: str = ""
    """Over names and contents of the files that were read."""

    def has(self, *resources: str) -> bool:
        return all(resource in self.frames for resource in resources)


def read_export(folder: Path) -> Export:
    """Raises InvalidInputError for a folder without applications and jobs, or a file that is not JSON records."""
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is no folder. Name the folder that holds applications.json and so on.")
    digest = hashlib.sha256()
    frames: dict[str, pd.DataFrame] = {}
    for resource in READ:
        file = file_of(folder, resource)
        if file is None:
            continue
        content = _content(file)
        digest.update(resource.encode() + b"\0" + hashlib.sha256(content).digest())
        frames[resource] = pd.DataFrame(_records(file, content))
    missing = [resource for resource in NEEDED if resource not in frames]
    if missing:
        raise InvalidInputError(
            f"{folder} holds no {' and no '.join(missing)}: without them nothing can be recomputed. Export them too."
        )
    return Export(frames, digest.hexdigest())


def _content(file: Path) -> bytes:
    try:
        raw = file.read_bytes()
        return gzip.decompress(raw) if file.suffix == ".gz" else raw
    except (OSError, EOFError) as error:
        raise InvalidInputError(f"{file.name} cannot be read ({error}). Export it again.") from error


def _records(file: Path, content: bytes) -> list[dict[str, Any]]:
    found: Any
    try:
        text = content.decode()
        if ".jsonl" in file.name:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            found = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"{file.name} is not JSON ({error}). Export it again.") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidInputError(f"{file.name} must hold a list of records.")
    return found
