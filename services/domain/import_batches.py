"""What an import can be in, and the words in which one that is not complete is named."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class BatchState(enum.StrEnum):
    """From ``staged`` on an import either gets ``complete``, or one of the last two ends it without that."""

    STAGED = "staged"
    """Read; nothing is written."""
    APPLYING = "applying"
    """Being written, or cut off while it was."""
    FAILED = "failed"
    """Ended with an error after it had begun to write."""
    ABANDONED = "abandoned"
    """Given up for good; what it wrote is still there and waits to be said again by a complete import."""
    COMPLETE = "complete"
    SUPERSEDED = "superseded"
    """Given up; everything it wrote has been said again by a complete import."""
    TAKEN_BACK = "taken_back"
    """Given up; nothing of it is in the store."""


BLOCKING = (BatchState.APPLYING.value, BatchState.FAILED.value, BatchState.ABANDONED.value)
"""While a batch is in one of these, nothing is published: the store may hold half of it."""
UNFINISHED = (BatchState.STAGED.value, *BLOCKING)


class UnfinishedImport(NamedTuple):
    """A row of the batch table, as far as its reader must know it."""

    id: int
    system: str
    place: str
    state: str
    started_at: datetime


def blocked_by(imports: Iterable[UnfinishedImport]) -> str:
    """Why no numbers are published, and the command that helps. ``imports``: at least one."""
    found = sorted(imports)
    first = found[0]
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    since = f"{first.started_at:%Y-%m-%d %H:%M} UTC"
    named = f"Import {first.id}{others} of {first.system} from {first.place}, begun {since}, is not complete"
    return f"{named}, and only complete imports are published. {_help(first)}"


def _help(one: UnfinishedImport) -> str:
    if one.state == BatchState.ABANDONED:
        return (
            f"It was abandoned: import an export of {one.system} that holds what it had written, "
            "`hireboard import list` counts it."
        )
    return (
        "If it still runs, wait for it. If it was cut off, "
        f"`hireboard import resume {one.id}` finishes it and `hireboard import abandon {one.id}` gives it up; "
        "`hireboard import list` shows them all."
    )
