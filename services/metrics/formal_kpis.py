"""Which survey scores count as formal KPIs, and from when on: a versioned setting that every answer names."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection, select

from services.domain.metric import Row
from services.domain.wording import on_date
from services.store.database import Store
from services.store.tables import AppSetting

SETTING = "surveys.formal_kpi_from"
"""JSON: first day by metric id."""
LOOK_AGAIN_S = 5.0


def latest_formal(connection: Connection) -> tuple[int, dict[str, date]]:
    """(version, first day by metric); version 0 before the first."""
    query = select(AppSetting.version, AppSetting.value).where(AppSetting.name == SETTING)
    row = connection.execute(query.order_by(AppSetting.version.desc()).limit(1)).first()
    if row is None:
        return 0, {}
    return row.version, {name: date.fromisoformat(day) for name, day in json.loads(row.value).items()}


class FormalKpis:
    """Read from the store, again after five seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._since: Mapping[str, date] = {}
        self._read_at = float("-inf")

    def mark(self, row: Row, as_of: datetime) -> Row:
        """``row`` with the words in its note, where its metric is a formal KPI or will be one."""
        since = self._latest().get(row.metric)
        if since is None:
            return row
        words = f"formal KPI {'since' if since <= as_of.date() else 'from'} {on_date(since)}"
        return replace(row, note=f"{row.note}, {words}" if row.note else words)

    def _latest(self) -> Mapping[str, date]:
        with self._lock:
            if time.monotonic() - self._read_at > LOOK_AGAIN_S:
                with self._store.read() as connection:
                    _, self._since = latest_formal(connection)
                self._read_at = time.monotonic()
            return self._since
