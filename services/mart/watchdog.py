"""Stops queries that take too long: DuckDB has no time limit of its own, but a running query can be interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchdog:
    """One sleeping thread for all queries of a reader; started by the first one, ends with the process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[int, tuple[float, Callable[[], None]]] = {}
        self._next_token = 0
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, seconds: float, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call ``interrupt`` from another thread if the block is still running after ``seconds``."""
        token = self._watch(time.monotonic() + seconds, interrupt)
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(token, None)

    def _watch(self, deadline: float, interrupt: Callable[[], None]) -> int:
        with self._changed:
            self._next_token += 1
            earliest = min((due for due, _ in self._watched.values()), default=None)
            self._watched[self._next_token] = (deadline, interrupt)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mart-watchdog", daemon=True)
                self._thread.start()
            elif earliest is None or deadline < earliest:
                self._changed.notify()
            return self._next_token

    def _run(self) -> None:
        with self._changed:
            while True:
                self._changed.wait(self._interrupt_what_is_due())

    def _interrupt_what_is_due(self) -> float | None:
        """Seconds until the next deadline; None = nothing is watched.

        A function of its own, so that the sleeping thread holds no reference to a connection when the interpreter ends.
        """
        now = time.monotonic()
        for token in [token for token, (due, _) in self._watched.items() if due <= now]:
            self._watched.pop(token)[1]()
        earliest = min((due for due, _ in self._watched.values()), default=None)
        return None if earliest is None else max(0.0, earliest - now)
