"""Named places where a process can be made to die, fail or wait: how the tests prove what a crash leaves behind.

``HIREBOARD_FAILPOINTS=name=action[,count][;name=action...]``. Actions: ``crash`` (SIGKILL to this very process),
``raise``, ``sleep`` (30 s), ``enospc`` (the disk is full). ``count`` is how often it acts, then never again; without
it, every time.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import ConfigurationError

VARIABLE = "HIREBOARD_FAILPOINTS"
TALLY_VARIABLE = "HIREBOARD_FAILPOINTS_TALLY"
"""A folder in which the processes of one server count together, set by whoever starts and replaces them."""

SLEEP_S = 30.0

FAILPOINTS: Mapping[str, str] = {
    "before-claim": "A worker or sender is about to claim the next row.",
    "after-claim": "The row is claimed, nothing else has happened.",
    "after-render": "The PDF is in memory, nothing is stored.",
    "archive-write": "Half of a file's bytes are in the archive's temporary file.",
    "before-rename": "The file is complete and on disk under its temporary name.",
    "after-archive": "The files are in the archive; archive, outbox and run rows are not written.",
    "before-commit": "Archive, outbox and run rows are written, their transaction is open.",
    "after-commit": "The run is archived and its mail is in the outbox.",
    "before-data": "The row says transmitting; the DATA command has not been sent.",
    "after-data": "The whole message has been sent; the server has not answered.",
    "after-250": "The server has accepted; the ledger does not know it.",
    "before-fire": "The scheduler is about to enter due runs into the ledger.",
    "after-fire": "The runs are in the ledger.",
    "after-step": "A step of an incident is noted, its mails are not entered; the transaction is open.",
    "before-step-commit": "A step's event and mails are written, their transaction is open.",
    "after-survey": "A survey is noted, its mail is not entered; the transaction is open.",
    "before-survey-commit": "A survey and its mail are written, their transaction is open.",
    "import-chunk": "A chunk of an import is committed; others are still to come.",
}

ACTIONS = ("crash", "raise", "sleep", "enospc")


class FailpointError(RuntimeError):
    """Raised by the action ``raise``."""


@dataclass(frozen=True)
class Arming:
    action: str
    count: int | None


def parse(text: str) -> dict[str, Arming]:
    """Read the variable's value. Raises ConfigurationError naming what is wrong and what is accepted."""
    armed: dict[str, Arming] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, _, rest = part.partition("=")
        action, _, count = rest.partition(",")
        if name not in FAILPOINTS:
            known = ", ".join(FAILPOINTS)
            raise ConfigurationError(f"{VARIABLE} names {name!r}, which does not exist. Known: {known}.")
        if action not in ACTIONS:
            raise ConfigurationError(f"{VARIABLE}: {name} has the action {action!r}; it accepts {', '.join(ACTIONS)}.")
        if count and not (count.isdigit() and int(count) > 0):
            raise ConfigurationError(f"{VARIABLE}: {name} has the count {count!r}; it accepts a number from 1 on.")
        armed[name] = Arming(action, int(count) if count else None)
    return armed


def tally_for(environment: Mapping[str, str]) -> dict[str, str]:
    """What to add to the environment of children that will be replaced when they die: a folder to count together in.

    Empty when nothing is armed, or when they count together already.
    """
    if not environment.get(VARIABLE) or environment.get(TALLY_VARIABLE):
        return {}
    return {TALLY_VARIABLE: tempfile.mkdtemp(prefix="hireboard-failpoints-")}


_hits: Counter[str] = Counter()


def hit(name: str) -> None:
    """Act if this place is armed. Costs one dictionary look-up when nothing is.

    Raises FailpointError or OSError(ENOSPC) when so armed, KeyError for a name that is not in the registry.
    """
    description = FAILPOINTS[name]
    text = os.environ.get(VARIABLE)
    if not text:
        return
    arming = parse(text).get(name)
    if arming is None or not _may_act(name, arming):
        return
    if arming.action == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    elif arming.action == "sleep":
        time.sleep(SLEEP_S)
    elif arming.action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
    else:
        raise FailpointError(f"{name}: {description}")


def _may_act(name: str, arming: Arming) -> bool:
    if arming.count is None:
        return True
    folder = os.environ.get(TALLY_VARIABLE)
    if folder:
        return _take_ticket(Path(folder), name, arming.count)
    _hits[name] += 1
    return _hits[name] <= arming.count


def _take_ticket(folder: Path, name: str, count: int) -> bool:
    """Creating a file exclusively is atomic between processes and survives the crash it permits."""
    for number in range(count):
        try:
            (folder / f"{name}.{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return True
    return False
