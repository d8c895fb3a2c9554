"""Records out of JSON and JSON Lines files, one at a time, whatever the size of the file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from services.domain.errors import InvalidInputError

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
_BLOCK = 1 << 20
_BLANK = " \t\r\n,"
_DECODER = json.JSONDecoder()

Found = tuple[int, object]
"""Position in the file, counted from 1, and the record; a ``BrokenLine`` where it is none."""


class BrokenLine:
    """A line of a JSON Lines file that is not JSON."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason


def resource_of(path: Path) -> str | None:
    """``applications`` of ``applications.jsonl.gz``; None for other files."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return None


def read_records(path: Path) -> Iterator[Found]:
    """Every record of the file. Bytes that are not UTF-8 come as lone surrogates, for the field checks to find.

    Raises InvalidInputError when the file as a whole cannot be read: cut off, not an array, not readable.
    """
    try:
        with _opened(path) as stream:
            if ".jsonl" in path.name:
                yield from _lines(stream)
            else:
                yield from _array(path, stream)
    except (OSError, EOFError) as error:
        raise InvalidInputError(
            f"{path.name} cannot be read ({error}); nothing was imported. Export it again."
        ) from error


def count_records(path: Path) -> int:
    """About how many records there are, from the file's size."""
    size = path.stat().st_size
    return size // (60 if path.name.endswith(".gz") else 300) + 1


def _opened(path: Path) -> IO[str]:
    if path.name.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape"))
    return path.open(encoding="utf-8-sig", errors="surrogateescape")


def _lines(stream: IO[str]) -> Iterator[Found]:
    for position, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            yield position, json.loads(line)
        except (ValueError, RecursionError) as error:
            yield position, BrokenLine(line, f"the line is not JSON: {error}")


def _array(path: Path, stream: IO[str]) -> Iterator[Found]:
    text = _Text(stream)
    text.skip_blank()
    if text.at_end():
        return
    if text.peek() != "[":
        raise InvalidInputError(f"{path.name} does not hold a JSON array of records; nothing was imported.")
    text.position += 1
    position = 0
    while True:
        text.skip_blank()
        if text.at_end():
            raise _cut_off(path, position, "it ends without the closing bracket")
        if text.peek() == "]":
            return
        position += 1
        yield position, _next_record(path, text, position)


def _next_record(path: Path, text: _Text, position: int) -> object:
    while True:
        try:
            record, end = _DECODER.raw_decode(text.buffer, text.position)
        except RecursionError as error:
            raise _cut_off(path, position, "it is nested too deeply") from error
        except ValueError as error:
            if text.more():
                continue
            raise _cut_off(path, position, str(error)) from error
        if end == len(text.buffer) and text.more():
            continue  # a number at the end of the block may go on in the next one
        text.position = end
        return record


def _cut_off(path: Path, position: int, reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"{path.name} is damaged or cut off near record {position} ({reason}); nothing was imported. Export it again."
    )


class _Text:
    """A window on the stream."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._block = _BLOCK
        self.buffer = ""
        self.position = 0

    def more(self) -> bool:
        """Read on; the part already used is let go. False at the end of the file."""
        block = self._stream.read(self._block)
        if not block:
            return False
        self._block = min(self._block * 2, 64 * _BLOCK)
        self.buffer = self.buffer[self.position :] + block
        self.position = 0
        return True

    def skip_blank(self) -> None:
        while True:
            while self.position < len(self.buffer) and self.buffer[self.position] in _BLANK:
                self.position += 1
            if self.position < len(self.buffer) or not self.more():
                return
            self._block = _BLOCK

    def at_end(self) -> bool:
        return self.position >= len(self.buffer)

    def peek(self) -> str:
        return self.buffer[self.position]
