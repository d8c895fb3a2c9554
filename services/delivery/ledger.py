"""The run ledger: which report is due, who is making it, how it ended. A row per schedule, local period and subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select, update

from services.delivery.insertion import insert_if_absent
from services.delivery.leases import Clock, LeaseLostError, has_expired, utc_now
from services.domain.errors import NotFoundError
from services.store.database import Store
from services.store.tables import OutboxMessage, ReportRun, ReportSchedule

FIRST_RETRY_S = 60
LONGEST_RETRY_S = 3600


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th try: a minute, doubling, at most an hour."""
    return timedelta(seconds=min(FIRST_RETRY_S * 2 ** min(max(attempts - 1, 0), 10), LONGEST_RETRY_S))


@dataclass(frozen=True)
class DueRun:
    """A report that is to be made."""

    subject: str
    recipient_user_id: int | None


@dataclass(frozen=True)
class Claim:
    """A run that this worker holds until ``lease_until``; every write it makes carries ``fence``."""

    run_id: int
    schedule_id: int
    report_kind: str
    period: str
    subject: str
    recipient_user_id: int | None
    due_at: datetime
    attempts: int
    owner: str
    fence: int
    is_last_try: bool
    is_exhausted: bool
    """Every try before this one ended without a word: the worker died. It is to be failed, not tried."""


@dataclass(frozen=True)
class RunRecord:
    """A row of the ledger with what became of its mail (``mail_state`` None = no mail)."""

    id: int
    schedule: str
    report_kind: str
    period: str
    subject: str
    recipient_user_id: int | None
    state: str
    mail_state: str | None
    due_at: datetime
    attempts: int
    error: str | None
    archive_item_id: int | None
    finished_at: datetime | None


class Ledger:
    """All changes of ``report_run``. States: due -> claimed -> archived | failed; cancelled = deliberately not made."""

    def __init__(self, store: Store, *, lease_s: int = 60, max_attempts: int = 5, clock: Clock = utc_now) -> None:
        self._store = store
        self.lease = timedelta(seconds=lease_s)
        self._max_attempts = max_attempts
        self._clock = clock

    def enter(
        self,
        connection: Connection,
        *,
        schedule_id: int,
        report_kind: str,
        period: str,
        due_at: datetime,
        runs: Iterable[DueRun],
    ) -> int:
        """Enter what is due; what is there already stays as it is. Returns how many rows are new."""
        rows = [
            {
                "schedule_id": schedule_id,
                "report_kind": report_kind,
                "period": period,
                "subject": run.subject,
                "recipient_user_id": run.recipient_user_id,
                "due_at": due_at,
            }
            for run in runs
        ]
        return insert_if_absent(connection, ReportRun, rows, ("schedule_id", "period", "subject"))

    def enter_not_made(
        self,
        connection: Connection,
        *,
        schedule_id: int,
        report_kind: str,
        period: str,
        due_at: datetime,
        why: str,
    ) -> bool:
        """State of a whole period (subject ``*``) that it was deliberately not made. False = stated already."""
        row = {
            "schedule_id": schedule_id,
            "report_kind": report_kind,
            "period": period,
            "subject": "*",
            "state": "cancelled",
            "due_at": due_at,
            "error": why,
            "finished_at": self._clock(),
        }
        return insert_if_absent(connection, ReportRun, [row], ("schedule_id", "period", "subject")) > 0

    def claim(self, owner: str) -> Claim | None:
        """Lease the next run that is due, or whose worker's lease has ended. None = there is nothing to do."""
        now = self._clock()
        eligible = or_(
            and_(ReportRun.state == "due", or_(ReportRun.not_before.is_(None), ReportRun.not_before <= now)),
            and_(ReportRun.state == "claimed", has_expired(ReportRun.lease_until, now, self.lease)),
        )
        with self._store.read() as connection:
            if connection.execute(select(ReportRun.id).where(eligible).limit(1)).first() is None:
                return None
        with self._store.write() as connection:
            row = connection.execute(
                select(ReportRun)
                .where(eligible)
                .order_by(ReportRun.due_at, ReportRun.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            connection.execute(
                update(ReportRun)
                .where(ReportRun.id == row.id)
                .values(
                    state="claimed",
                    lease_owner=owner,
                    lease_until=now + self.lease,
                    attempts=row.attempts + 1,
                    fence=row.fence + 1,
                )
            )
        return Claim(
            run_id=row.id,
            schedule_id=row.schedule_id,
            report_kind=row.report_kind,
            period=row.period,
            subject=row.subject,
            recipient_user_id=row.recipient_user_id,
            due_at=row.due_at,
            attempts=row.attempts + 1,
            owner=owner,
            fence=row.fence + 1,
            is_last_try=row.attempts + 1 >= self._max_attempts,
            is_exhausted=row.attempts + 1 > self._max_attempts,
        )

    def renew(self, claim: Claim) -> bool:
        """Extend the lease. False = it was lost; the work is in vain."""
        with self._store.write() as connection:
            return self._change(connection, claim, {"lease_until": self._clock() + self.lease})

    def archived(self, connection: Connection, claim: Claim, archive_item_id: int) -> None:
        """The report is in the archive, in the caller's transaction. Raises LeaseLostError: roll everything back."""
        self._end(connection, claim, {"state": "archived", "archive_item_id": archive_item_id, "error": None})

    def failed(self, connection: Connection, claim: Claim, error: str) -> None:
        """Give up, visibly, with the reason. Raises LeaseLostError."""
        self._end(connection, claim, {"state": "failed", "error": error})

    def put_back(self, claim: Claim, error: str, *, counts: bool, delay: timedelta | None = None) -> None:
        """Due again after a delay. ``counts`` False: the fault is not the report's (a full disk), no try is used up."""
        delay = delay or retry_delay(claim.attempts)
        values = {
            "state": "due",
            "error": error,
            "not_before": self._clock() + delay,
            "attempts": claim.attempts if counts else claim.attempts - 1,
            "lease_owner": None,
            "lease_until": None,
        }
        with self._store.write() as connection:
            self._change(connection, claim, values)

    def _end(self, connection: Connection, claim: Claim, values: Mapping[str, object]) -> None:
        ending = {**values, "finished_at": self._clock(), "lease_owner": None, "lease_until": None}
        if not self._change(connection, claim, ending):
            raise LeaseLostError(f"Run {claim.run_id} was taken over by another worker; this result is dropped.")

    @staticmethod
    def _change(connection: Connection, claim: Claim, values: Mapping[str, object]) -> bool:
        changed = connection.execute(
            update(ReportRun)
            .where(ReportRun.id == claim.run_id, ReportRun.fence == claim.fence, ReportRun.state == "claimed")
            .values(**values)
        )
        return changed.rowcount == 1

    def runs(self, *, state: str | None = None, limit: int = 50) -> list[RunRecord]:
        """The latest runs, newest due first."""
        query = _records().order_by(ReportRun.due_at.desc(), ReportRun.id.desc()).limit(limit)
        if state:
            query = query.where(ReportRun.state == state)
        with self._store.read() as connection:
            return [RunRecord(**row) for row in connection.execute(query).mappings()]

    def run(self, run_id: int) -> RunRecord:
        """One run. Raises NotFoundError."""
        with self._store.read() as connection:
            row = connection.execute(_records().where(ReportRun.id == run_id)).mappings().first()
        if row is None:
            raise NotFoundError(f"There is no report run {run_id}. `hireboard report list` shows the latest.")
        return RunRecord(**row)

    def balance(self) -> dict[str, int]:
        """Every run once, by where it stands: sent, in_doubt, failed, cancelled, waiting. The sum is what was due."""
        standing = case(
            (ReportRun.state.in_(("failed", "cancelled")), ReportRun.state),
            (OutboxMessage.state.in_(("sent", "in_doubt", "failed")), OutboxMessage.state),
            else_="waiting",
        )
        query = (
            select(standing, func.count())
            .select_from(ReportRun)
            .outerjoin(OutboxMessage, OutboxMessage.report_run_id == ReportRun.id)
            .group_by(standing)
        )
        with self._store.read() as connection:
            counted = {str(row[0]): int(row[1]) for row in connection.execute(query)}
        return {key: counted.get(key, 0) for key in ("sent", "in_doubt", "failed", "cancelled", "waiting")}


def _records() -> Select[*tuple[Any, ...]]:
    return (
        select(
            ReportRun.id,
            ReportSchedule.name.label("schedule"),
            ReportRun.report_kind,
            ReportRun.period,
            ReportRun.subject,
            ReportRun.recipient_user_id,
            ReportRun.state,
            OutboxMessage.state.label("mail_state"),
            ReportRun.due_at,
            ReportRun.attempts,
            ReportRun.error,
            ReportRun.archive_item_id,
            ReportRun.finished_at,
        )
        .join(ReportSchedule, ReportSchedule.id == ReportRun.schedule_id)
        .outerjoin(OutboxMessage, OutboxMessage.report_run_id == ReportRun.id)
    )
