"""The archive's files: named by the SHA-256 of their content, written once, checked at every read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select

from services.delivery import failpoints
from services.domain.errors import NotFoundError, RetryLaterError
from services.store.tables import ArchiveAccess, ArchiveItem

_DIGEST = re.compile(r"[0-9a-f]{64}")


class DamagedFileError(RetryLaterError):
    """The bytes on disk are not those that were archived."""


@dataclass(frozen=True)
class Document:
    """What is known of a document when it enters the archive; see the columns of ``archive_item``."""

    report_kind: str
    title: str
    period: str
    subject: str
    subject_name: str
    recipient_user_id: int | None
    sha256: str
    size_bytes: int
    view_sha256: str
    snapshot: str
    created_at: datetime
    department_id: int | None = None
    region: str | None = None
    media_type: str = "application/pdf"
    manifest: str = "{}"


class Archive:
    """Content-addressed files below ``root``: ``ab/cd/abcd…``. Safe for any number of processes at once.

    A file appears under its name only when it is complete and on disk, so a crash leaves at worst a temporary file,
    which ``sweep`` removes. Only damaged content is ever replaced.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, sha256: str) -> Path:
        """Where content with that digest lives. Raises NotFoundError for anything that is not a digest."""
        if not _DIGEST.fullmatch(sha256):
            raise NotFoundError("There is no such document in the archive.")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def put(self, content: bytes) -> str:
        """Store and return the digest. The same content twice is one file. Raises OSError when the disk refuses."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path_of(digest)
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            return digest
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = incoming / f"{digest[:16]}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            _write_durably(temporary, content)
            failpoints.hit("before-rename")
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        for folder in (path.parent, path.parent.parent, self.root):
            sync_folder(folder)
        return digest

    def get(self, sha256: str) -> bytes:
        """The content. Raises NotFoundError when there is none, DamagedFileError when the bytes do not match."""
        path = self.path_of(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFoundError("There is no such document in the archive.") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedFileError(
                f"The archived file {sha256[:12]}… has changed on disk and is not served. Restore it from a backup."
            )
        return content

    def verify(self, digests: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(digest, ``missing`` or ``damaged``) for each that is not as it was archived."""
        for digest in digests:
            try:
                self.get(digest)
            except NotFoundError:
                yield digest, "missing"
            except DamagedFileError:
                yield digest, "damaged"

    def sweep(self, older_than: datetime) -> int:
        """Remove what crashed writers left under temporary names. Returns the number of files removed."""
        removed = 0
        for leftover in (self.root / "incoming").glob("*"):
            if leftover.stat().st_mtime < older_than.timestamp():
                leftover.unlink(missing_ok=True)
                removed += 1
        return removed


def add_item(connection: Connection, document: Document) -> tuple[int, str]:
    """Enter a document whose files are already stored. Returns (id, public id)."""
    public_id = secrets.token_urlsafe(18)
    row = insert(ArchiveItem).values(public_id=public_id, **vars(document)).returning(ArchiveItem.id)
    return connection.execute(row).scalar_one(), public_id


def record_access(
    connection: Connection, *, item_id: int, user_id: int | None, address: str, how: str, at: datetime
) -> None:
    """Note who got or opened a document: ``how`` is mail, opened or downloaded."""
    connection.execute(
        insert(ArchiveAccess).values(archive_item_id=item_id, user_id=user_id, address=address, how=how, at=at)
    )


def stored_digests(connection: Connection) -> list[str]:
    """Every digest the archive's rows refer to: what ``Archive.verify`` is to check."""
    rows = connection.execute(select(ArchiveItem.sha256, ArchiveItem.view_sha256).order_by(ArchiveItem.id))
    return sorted({digest for row in rows for digest in row})


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        half = len(content) // 2
        file.write(content[:half])
        file.flush()
        failpoints.hit("archive-write")
        file.write(content[half:])
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
