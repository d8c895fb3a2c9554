"""Views that are kept for some seconds, so that many readers of one page cost one set of questions."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

KEPT_VIEWS = 200
Key = tuple[object, ...]
_T = TypeVar("_T")


class KeptViews(Generic[_T]):
    """The latest of what was worked out, for some seconds. Who asks for the same at once waits for one answer."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[Key, threading.Lock] = {}
        self._found: OrderedDict[Key, tuple[float, _T]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], _T]) -> _T:
        with self._lock:
            own = self._running.setdefault(key, threading.Lock())
        with own:
            with self._lock:
                found = self._found.get(key)
            if found is not None and self._clock() - found[0] <= self._seconds:
                return found[1]
            made = make()
            with self._lock:
                self._found[key] = (self._clock(), made)
                self._found.move_to_end(key)
                while len(self._found) > KEPT_VIEWS:
                    self._running.pop(self._found.popitem(last=False)[0], None)
            return made
