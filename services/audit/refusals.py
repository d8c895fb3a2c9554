"""Refused access in the audit log: who asked for what, once a minute at most, so that nobody can flood the log."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from services.audit.log import AuditLog, hold_end
from services.store.database import Store
from services.store.tables.audit import RefusedAccess

ACTION = "access.refused"
LONGEST_ADDRESS = 200
_KEPT_FOR = timedelta(hours=1)
_REMEMBERED = 5_000
_LONG_PART = re.compile(r"[^/]{33,}")
"""A part of a path as long as a token may be one."""


class Refusals:
    """Writes refusals down. ``clock`` returns the present instant, aware. Safe for threads."""

    def __init__(self, store: Store, log: AuditLog, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], datetime] = {}

    def note(self, actor: str, address: str, detail: Mapping[str, Any] | None = None) -> bool:
        """Write the refusal down unless this minute's is there already, whichever process wrote it; True = written.

        ``address`` is what was asked for, as the server declares it (a rule, a page, a callback): its placeholders are
        not filled in, so that numbering through them is one address. Raises RetryLaterError.
        """
        key = (actor[:254], address[:LONGEST_ADDRESS])
        minute = self._clock().astimezone(UTC).replace(second=0, microsecond=0)
        if not self._is_first(key, minute):
            return False
        values = {"actor": key[0], "address": key[1], "minute": minute}
        with self._store.write() as connection:
            hold_end(connection)
            same = [getattr(RefusedAccess, name) == value for name, value in values.items()]
            if connection.execute(select(RefusedAccess.id).where(*same)).first() is not None:
                return False
            connection.execute(delete(RefusedAccess).where(RefusedAccess.minute < minute - _KEPT_FOR))
            connection.execute(insert(RefusedAccess).values(**values))
            self._log.append(connection, key[0], ACTION, key[1], detail)
        return True

    def _is_first(self, key: tuple[str, str], minute: datetime) -> bool:
        """As far as this process knows: spares the store a write for each repetition."""
        with self._lock:
            if self._noted.get(key) == minute:
                return False
            if len(self._noted) >= _REMEMBERED:
                self._noted.clear()
            self._noted[key] = minute
        return True


def without_secrets(path: str) -> str:
    """``path`` for the log: parts that are long enough to be a token are cut to their beginning."""
    return _LONG_PART.sub(lambda found: found[0][:8] + "…", path)[:LONGEST_ADDRESS]
