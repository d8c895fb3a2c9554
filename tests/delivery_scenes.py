"""A store with one schedule and named people, a clock that a test moves, and the parts of delivery on top of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from services.audit.log import AuditLog
from services.delivery.ledger import DueRun, Ledger
from services.delivery.message import Mail
from services.delivery.outbox import Outbox, SenderIdentity
from services.store.database import Store
from services.store.tables import OutboxMessage, ReportRun, ReportSchedule, UserAccount

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
PERIOD = "2026-W44"
KIND = "hiring_manager_weekly"


@dataclass
class HandClock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class DeliveryScene:
    store: Store
    clock: HandClock = field(default_factory=HandClock)

    def __post_init__(self) -> None:
        self.audit = AuditLog(self.store, clock=self.clock)
        self.ledger = Ledger(self.store, lease_s=60, clock=self.clock)
        self.outbox = Outbox(
            self.store,
            SenderIdentity("hireboard@northwind.example", "Hireboard"),
            self.audit,
            lease_s=60,
            clock=self.clock,
        )
        self.ada = self.add_user("ada@northwind.example", "Admin Ada")
        self.schedule_id = self.add_schedule()

    def add_user(self, email: str, name: str, *, is_active: bool = True) -> int:
        with self.store.write() as connection:
            return connection.execute(
                insert(UserAccount)
                .values(email=email, name=name, is_active=is_active, created_at=START)
                .returning(UserAccount.id)
            ).scalar_one()

    def add_schedule(self, name: str = "Weekly hiring-manager report") -> int:
        with self.store.write() as connection:
            return connection.execute(
                insert(ReportSchedule)
                .values(
                    name=name,
                    report_kind=KIND,
                    cron='{"day_of_week": "mon", "hour": 7}',
                    timezone="Europe/Berlin",
                    grain="week",
                    recipients='{"rule": "each_subject"}',
                    owner_user_id=self.ada,
                    created_at=START,
                )
                .returning(ReportSchedule.id)
            ).scalar_one()

    def enter(self, *subjects: str, period: str = PERIOD, recipient: int | None = None) -> int:
        with self.store.write() as connection:
            return self.ledger.enter(
                connection,
                schedule_id=self.schedule_id,
                report_kind=KIND,
                period=period,
                due_at=self.clock(),
                runs=[DueRun(subject, recipient) for subject in subjects],
            )

    def post(self, key: str, recipient: str = "max@northwind.example", user_id: int | None = None) -> bool:
        mail = Mail(recipient, "Hiring manager Max", f"Report {key}", "text", "<p>html</p>", self.clock())
        with self.store.write() as connection:
            return self.outbox.enter(connection, key=key, mail=mail, recipient_user_id=user_id)

    def run_states(self) -> list[tuple[str, str]]:
        query = select(ReportRun.subject, ReportRun.state).order_by(ReportRun.id)
        with self.store.read() as connection:
            return [(row.subject, row.state) for row in connection.execute(query)]

    def mail_states(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(OutboxMessage.state).order_by(OutboxMessage.id)))

    def deactivate(self, user_id: int) -> None:
        with self.store.write() as connection:
            connection.execute(update(UserAccount).where(UserAccount.id == user_id).values(is_active=False))
