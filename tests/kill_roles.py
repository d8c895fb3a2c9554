"""Real worker, sender and scheduler processes with a tiny report source, for the kill tests.

Started as ``python -m tests.kill_roles ROLE``, or forked from a server that has imported everything (quicker);
STORE_URL, DATA_DIR and SMTP_URL in the environment. All but the figures and the paper is the product's own.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from dashapp.scheduler import ReportClock
from dashapp.sender import send_until
from dashapp.stopping import stop_on_signals
from dashapp.supervisor import tie_to_parent
from dashapp.workers import keep_working, work_until
from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.delivery.archive import Archive
from services.delivery.leases import DutyRoster
from services.delivery.ledger import Ledger
from services.delivery.outbox import Outbox, SenderIdentity
from services.delivery.sending import Sending
from services.delivery.transports import FolderTransport, SmtpTransport, Transport, parse_smtp_url
from services.domain.errors import ForbiddenError
from services.domain.people import Viewer
from services.domain.views import ReportHead, ReportView, Stamp
from services.reporting.run_report import RunReport
from services.reporting.schedules import Schedules
from services.store.database import Store

LEASE_S = 2


class Subject(NamedTuple):
    id: str


class TinyReports:
    """Reports about the people of the store's accounts; a viewer may see only the own one."""

    def __init__(self, subjects: Sequence[str] = ()) -> None:
        self._subjects = subjects

    def subjects(self, _kind: str) -> list[Subject]:
        return [Subject(name) for name in self._subjects]

    def view(
        self, kind: str, subject: str, period: str, viewer: Viewer, *, issued_at: datetime | None = None
    ) -> ReportView:
        if str(viewer.person_id) != subject:
            raise ForbiddenError("You may see your own report only.")
        assert issued_at is not None
        head = ReportHead(
            kind=kind,
            title="Weekly report",
            company="Northwind",
            report_id=f"WH-{period}-{subject}",
            subject=subject,
            subject_name=f"Person {subject}",
            subtitle="",
            period=period,
            period_label=period,
            recipient=viewer.name,
            stamp=Stamp(as_of=issued_at, snapshot="tiny"),
            issued_at=issued_at,
        )
        return ReportView(head=head, lede="Nothing waits for you.", tiles=())


class TinyRenderer:
    def render(self, view: ReportView) -> bytes:
        return f"%PDF-1.7 {view.head.report_id}".encode()


@dataclass(frozen=True)
class TinyWords:
    subject: str
    text: str = "Nothing waits for you.\n"
    html: str = "<p>Nothing waits for you.</p>"


def write_tiny_mail(view: ReportView, *, archive_url: str, attachment_name: str | None) -> TinyWords:
    return TinyWords(f"{view.head.title} {view.head.period} for {view.head.subject_name}")


@dataclass
class Installation:
    """What the product's wiring makes, on a given store and data folder, with leases that suit a test."""

    store: Store
    data_dir: Path
    smtp_url: str | None = None

    def __post_init__(self) -> None:
        self.audit = AuditLog(self.store)
        self.accounts = Accounts(self.store, Policy(), self.audit)
        self.ledger = Ledger(self.store, lease_s=LEASE_S, max_attempts=9)
        self.archive = Archive(self.data_dir / "archive")
        identity = SenderIdentity("hireboard@northwind.example", "Hireboard")
        self.outbox = Outbox(self.store, identity, self.audit, lease_s=LEASE_S)

    def run_report(self, reports: TinyReports | None = None) -> RunReport:
        return RunReport(
            self.store,
            self.ledger,
            self.archive,
            self.outbox,
            self.accounts,
            self.audit,
            reports or TinyReports(),
            TinyRenderer(),
            write_tiny_mail,
            "http://127.0.0.1:8050",
        )

    def transport(self) -> Transport:
        if self.smtp_url:
            return SmtpTransport(parse_smtp_url(self.smtp_url))
        return FolderTransport(self.data_dir / "mail")

    def schedules(self, subjects: Sequence[str]) -> tuple[Schedules, DutyRoster]:
        roster = DutyRoster(self.store, length_s=LEASE_S)
        return Schedules(self.store, self.ledger, TinyReports(subjects), roster, Policy(), self.audit), roster


def from_environment() -> Installation:
    store = Store(os.environ["STORE_URL"])
    return Installation(store, Path(os.environ["DATA_DIR"]), os.environ.get("SMTP_URL"))


def make_work() -> RunReport:
    """Called in the worker's spawned child."""
    return from_environment().run_report()


def work(stop: threading.Event) -> None:
    work_until(make_work(), stop)


def send(stop: threading.Event) -> None:
    installation = from_environment()
    send_until(Sending(installation.outbox, installation.transport(), f"sender-{os.getpid()}"), stop)


def schedule(stop: threading.Event) -> None:
    schedules, roster = from_environment().schedules(os.environ["SUBJECTS"].split(","))
    ReportClock(schedules, roster, refresh_mart=lambda: None, refresh_every_s=lambda: 0, tick_s=0.2).run_until(stop)


ROLES = {"worker": work, "sender": send, "scheduler": schedule}


def forked(role: str, environment: Mapping[str, str]) -> None:
    """A role in a process of its own that starts without importing anything."""
    tie_to_parent()
    os.environ.update(environment)
    main(role)


def main(role: str) -> None:
    logging.basicConfig(level=logging.INFO)
    if role == "supervised-worker":
        keep_working(make_work)
    else:
        ROLES[role](stop_on_signals())


if __name__ == "__main__":
    main(sys.argv[1])
