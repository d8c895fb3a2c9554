"""The worker role: a small parent that keeps one rendering child alive and replaces it after 300 documents.

The child is spawned, never forked: it opens the mart itself, and what the renderer holds on to goes with it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Protocol

from dashapp.stopping import stop_on_signals
from dashapp.supervisor import delay_after, tie_to_parent
from services.delivery.failpoints import tally_for
from services.delivery.leases import owner_name
from services.domain.errors import RetryLaterError

_LOG = logging.getLogger(__name__)

DOCUMENTS_PER_CHILD = 300
IDLE_S = 1.0
HEALTHY_S = 30.0
GRACE_S = 15.0


class Work(Protocol):
    """``services.reporting.run_report.RunReport``, or what a test puts in its place."""

    close: Callable[[], None]

    def work_one(self, owner: str) -> bool:
        """Finish one due run; False = nothing was due."""


def work_until(work: Work, stop: threading.Event, *, documents: int = DOCUMENTS_PER_CHILD) -> None:
    """Work until told to stop or ``documents`` runs are done. A database that is away is waited for."""
    owner = owner_name("worker")
    done = 0
    while done < documents and not stop.is_set():
        try:
            was_due = work.work_one(owner)
        except RetryLaterError as error:
            _LOG.warning("%s", error)
            was_due = False
        done += was_due
        if not was_due:
            stop.wait(IDLE_S)


def _child(make_work: Callable[[], Work], parent: int) -> None:
    tie_to_parent()
    if os.getppid() != parent:  # it died before the tie held
        return
    stop = stop_on_signals()
    work = make_work()
    try:
        work_until(work, stop)
    finally:
        work.close()


def keep_working(make_work: Callable[[], Work]) -> None:
    """Run the role until SIGTERM: start a child, replace it when it ends. ``make_work`` is called in the child."""
    stop = stop_on_signals()
    os.environ.update(tally_for(os.environ))
    failures = 0
    while not stop.is_set():
        started = time.monotonic()
        child = multiprocessing.get_context("spawn").Process(target=_child, args=(make_work, os.getpid()))
        child.start()
        _watch(child, stop)
        if stop.is_set():
            return
        if child.exitcode == 0:
            failures = 0
            continue
        failures = 1 if time.monotonic() - started > HEALTHY_S else failures + 1
        delay = delay_after(failures)
        _LOG.warning("a rendering process ended with %s; the next starts in %g s", child.exitcode, delay)
        stop.wait(delay)


def _watch(child: BaseProcess, stop: threading.Event) -> None:
    while child.is_alive() and not stop.is_set():
        child.join(0.5)
    if child.is_alive():
        child.terminate()
        child.join(GRACE_S)
    if child.is_alive():
        child.kill()
    child.join()
