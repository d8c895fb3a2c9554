"""What the latest certificate says of the figures now, for the pages that show them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import select

from services.domain.phrases import listing
from services.domain.views import Note
from services.domain.wording import on_date
from services.store.database import Store
from services.store.tables import ValidationCertificate, ValidationDrift
from services.validation.plans import Lack, lack_of

KEPT_S = 15.0


class Standing:
    """Notes for a page while drift is open or an export is waited for. Kept for 15 seconds; safe for threads."""

    def __init__(
        self, store: Store, names: Mapping[str, str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._names = names
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[float, tuple[Note, ...]] | None = None

    def __call__(self) -> tuple[Note, ...]:
        with self._lock:
            if self._kept is not None and time.monotonic() - self._kept[0] < KEPT_S:
                return self._kept[1]
        notes = self.notes()
        with self._lock:
            self._kept = (time.monotonic(), notes)
        return notes

    def notes(self) -> tuple[Note, ...]:
        """One note for each source whose figures do not agree; empty = nothing is known to be wrong."""
        drift, certificate = ValidationDrift.__table__.c, ValidationCertificate.__table__.c
        query = (
            select(drift.source_system, drift.metrics, certificate.made_at, certificate.period)
            .join(ValidationCertificate, certificate.id == drift.certificate_id)
            .where(drift.open_key.is_not(None))
            .order_by(drift.id)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
            lack = lack_of(connection)
        notes = tuple(self._note(*row) for row in rows)
        return notes if lack is None else (*notes, self._waiting(lack))

    @staticmethod
    def _waiting(lack: Lack) -> Note:
        text = (
            f"The figures for {lack.period} have not been validated: no fresh export of the source has come since "
            f"{on_date(lack.opened_at.date())}. Those who can bring one were told what to do."
        )
        return Note("warning", text)

    def _note(self, system: str, metrics: str, made_at: datetime, period: str) -> Note:
        names = listing(tuple(self._names.get(metric, metric) for metric in json.loads(metrics)))
        days = max(0, (self._clock() - made_at).days)
        age = "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
        text = (
            f"{names}: the figures for {period} did not agree with {system.capitalize()} when they were validated "
            f"{age}. Check with the administrators before you rely on them."
        )
        return Note("error", text)
