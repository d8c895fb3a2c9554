"""Works agreements: which are in force where, changed in versions, each change in the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from services.audit.log import AuditLog
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.people import Agreed
from services.store.database import Store
from services.store.tables.agreements import WorksAgreement
from services.store.tables.audit import AuditEvent
from services.store.tables.organisation import Office

COUNTRY, OFFICE = "country", "office"
KEEP_DAYS = 90
_READ_AGAIN_S = 2.0
_MOST_DAYS = 3_650


@dataclass(frozen=True)
class Agreement:
    """The last version of one place."""

    kind: str
    place: str
    """A country's code or an office's name."""
    version: int
    is_in_force: bool
    purpose: str
    keep_person_days: int
    changed_at: datetime
    changed_by: str


class AgreementsInForce:
    """What limits every viewer, read again after two seconds: a change counts everywhere within five."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._agreed = Agreed()

    def of(self, connection: Connection, person_id: int | None) -> Agreed:
        """For the viewer who is ``person_id``; the same for everybody where no agreement is in force."""
        if time.monotonic() - self._read_at > _READ_AGAIN_S:
            rows = [row for row in _latest(connection) if row.is_in_force]
            self._agreed = Agreed(
                countries=tuple(sorted(row.place for row in rows if row.kind == COUNTRY)),
                office_ids=tuple(sorted(int(row.place) for row in rows if row.kind == OFFICE)),
            )
            self._read_at = time.monotonic()
        agreed = self._agreed
        return Agreed(agreed.countries, agreed.office_ids, person_id) if agreed.is_anywhere else agreed


class Agreements:
    """Switches agreements on and off."""

    def __init__(
        self, store: Store, audit: AuditLog, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def list_all(self) -> tuple[Agreement, ...]:
        """The last version of every place that ever had one, in force or not."""
        with self._store.read() as connection:
            rows = _latest(connection)
            names = {str(row.id): row.name for row in connection.execute(select(Office.id, Office.name))}
        found = (
            Agreement(
                row.kind,
                names.get(row.place, row.place) if row.kind == OFFICE else row.place,
                row.version,
                row.is_in_force,
                row.purpose,
                row.keep_person_days,
                row.changed_at,
                row.changed_by,
            )
            for row in rows
        )
        return tuple(sorted(found, key=lambda one: (one.kind, one.place)))

    def access_log(self, last: int) -> list[AccessEvent]:
        """The newest events, newest first: who did what and when, not what was in it."""
        table = AuditEvent.__table__
        columns = (table.c.at, table.c.actor, table.c.action, table.c.resource)
        with self._store.read() as connection:
            rows = connection.execute(select(*columns).order_by(table.c.seq.desc()).limit(max(1, min(last, 1_000))))
            return [AccessEvent(*row) for row in rows]

    def change(
        self,
        kind: str,
        place: str,
        *,
        is_in_force: bool,
        purpose: str,
        keep_person_days: int = KEEP_DAYS,
        actor: str,
    ) -> int:
        """A new version for a country's code or an office's name; returns its number.

        Raises NotFoundError for a place without an office, InvalidInputError for an empty purpose or odd days.
        """
        if not purpose.strip():
            raise InvalidInputError(
                "Say what figures of this place are used for (purpose), in words the council agreed to."
            )
        if not 0 <= keep_person_days <= _MOST_DAYS:
            raise InvalidInputError(f"Figures of single people are kept between 0 and {_MOST_DAYS} days.")
        with self._store.write() as connection:
            key = _place(connection, kind, place)
            latest = select(func.max(WorksAgreement.version)).where(
                WorksAgreement.kind == kind, WorksAgreement.place == key
            )
            version = (connection.scalar(latest) or 0) + 1
            connection.execute(
                insert(WorksAgreement).values(
                    kind=kind,
                    place=key,
                    version=version,
                    is_in_force=is_in_force,
                    purpose=purpose.strip(),
                    keep_person_days=keep_person_days,
                    changed_at=self._clock(),
                    changed_by=actor,
                )
            )
            detail = {
                "place": place,
                "version": version,
                "in_force": is_in_force,
                "purpose": purpose.strip(),
                "keep_person_days": keep_person_days,
            }
            self._audit.append(connection, actor, "agreement.changed", f"agreement:{kind}:{key}", detail)
        return version


class AccessEvent(NamedTuple):
    at: datetime
    actor: str
    action: str
    resource: str | None


def _latest(connection: Connection) -> list[WorksAgreement]:
    table = WorksAgreement.__table__
    newest = select(table.c.kind, table.c.place, func.max(table.c.version).label("version")).group_by(
        table.c.kind, table.c.place
    )
    last = newest.subquery("newest")
    matches = (table.c.kind == last.c.kind) & (table.c.place == last.c.place) & (table.c.version == last.c.version)
    return list(connection.execute(select(table).join(last, matches)).all())  # type: ignore[arg-type]


def _place(connection: Connection, kind: str, place: str) -> str:
    """The key a place is stored under; an agreement about a place that does not exist would protect nobody."""
    offices = connection.execute(select(Office.id, Office.name, Office.country)).all()
    if kind == COUNTRY:
        known = sorted({office.country for office in offices if office.country})
        if place.upper() in known:
            return place.upper()
        raise NotFoundError(
            f"There is no office in {place!r}. Countries with offices: {', '.join(known) or 'none yet'}."
        )
    if kind != OFFICE:
        raise InvalidInputError("An agreement is about a country or an office.")
    found = [office.id for office in offices if office.name == place]
    if len(found) == 1:
        return str(found[0])
    names = ", ".join(sorted(office.name for office in offices)) or "none yet"
    raise NotFoundError(f"There is no single office {place!r}. Offices: {names}.")
