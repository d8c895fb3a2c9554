"""A mart build in a process of its own.

The extract reads SQLite with the driver's own copy of the library. Two copies in one process drop each other's file
locks (closing a file gives up all locks of the process on it), so a process that holds connections to the store must
not read it that way. The child also gives its memory back, and only the child loads the drivers.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from services.domain.errors import RetryLaterError
from services.mart.snapshots import Manifest


def build_apart(url: str, snapshots: Path, *, full: bool = False, mart_url: str = "") -> Manifest:
    """As ``Mart.build``, and published to the engine at ``mart_url``. Addresses with their passwords.

    Raises RetryLaterError, also when the child was killed.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        try:
            return pool.submit(_build, url, snapshots, full, mart_url).result()
        except BrokenProcessPool as error:
            raise RetryLaterError(
                "The mart build was killed before it finished; the published snapshot stays. Look at free memory, then "
                "build again."
            ) from error


def _build(url: str, snapshots: Path, full: bool, mart_url: str) -> Manifest:  # noqa: FBT001 - positional across the process border
    from services.mart.engines.choosing import publish  # noqa: PLC0415 - in the child only
    from services.mart.publishing import Mart  # noqa: PLC0415 - as above

    mart = Mart(url, snapshots)
    manifest = mart.build(full=full)
    publish(mart_url, mart.folder, manifest)
    return manifest
