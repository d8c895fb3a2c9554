"""The shipped pages over a real ledger, outbox, archive and mail folder, with tiny reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from callbacks.pages import PAGES
from dashapp.config import load_settings
from dashapp.factory import create_server
from services.container import Services
from services.delivery.archive import Archive
from services.delivery.leases import DutyRoster
from services.delivery.ledger import Ledger
from services.delivery.mailbox import Mailbox
from services.delivery.outbox import Outbox, SenderIdentity
from services.delivery.sending import Sending
from services.delivery.transports import FolderTransport
from services.domain.people import Viewer
from services.domain.views import ReportView
from services.reporting.archive_page import ArchivePage
from services.reporting.run_report import RunReport
from services.reporting.schedule_page import SchedulePage
from services.reporting.schedules import Schedules
from services.store.database import Store
from services.store.tables import ReportSchedule
from tests.http.site import Mart, Site, Visitor, request_for
from tests.kill_roles import Subject, TinyRenderer, TinyReports, TinyWords
from tests.people import make_people

HOSTILE_HTML = "<html><head></head><body><script>alert(1)</script><p>Nothing waits for you.</p></body></html>"


class OwnReports(TinyReports):
    """Max's report; whoever may render sees it in the preview."""

    def subjects(self, _kind: str, viewer: Viewer | None = None) -> list[Subject]:
        return [Subject(name) for name in self._subjects]

    def view(
        self, kind: str, subject: str, period: str, viewer: Viewer, *, issued_at: datetime | None = None
    ) -> ReportView:
        seen_by = Viewer(viewer.user_id, viewer.email, viewer.name, person_id=int(subject))
        return super().view(kind, subject, period, seen_by, issued_at=issued_at or datetime(2026, 11, 2, tzinfo=UTC))


def write_hostile_mail(view: ReportView, *, archive_url: str, attachment_name: str | None) -> TinyWords:
    return TinyWords(f"{view.head.title}, {archive_url}", html=HOSTILE_HTML)


@dataclass
class Post(Site):
    """The shipped pages with Max's weekly report due."""

    services: Services
    work: RunReport
    sending: Sending

    def deliver(self) -> None:
        self.services.schedules.run_now(
            self.services.schedules.named("1"), "2026-W44", self.people.accounts.local_operator()
        )
        while self.work.work_one("here"):
            pass
        while self.sending.step().result == "sent":
            pass

    def fire(self, visitor: Visitor, output: str, triggered: str, **values: Any) -> Any:
        app = self.server.extensions["hireboard"].app
        body = request_for(app, output, {name.replace("__", "."): value for name, value in values.items()})
        body["changedPropIds"] = [f"{triggered}.n_clicks"]
        return visitor.fire(body)


def make_post(store: Store, folder: Path) -> Post:
    people = make_people(store)
    with store.write() as connection:
        connection.execute(
            insert(ReportSchedule).values(
                name="Weekly",
                report_kind="hiring_manager_weekly",
                cron='{"day_of_week": "mon", "hour": 7}',
                timezone="UTC",
                grain="week",
                recipients='{"rule": "each_subject"}',
                owner_user_id=people.ids["ada"],
                created_at=datetime.now(UTC),
            )
        )
    ledger, archive = Ledger(store), Archive(folder / "archive")
    outbox = Outbox(store, SenderIdentity("hireboard@northwind.example", "Hireboard"), people.audit)
    mail_folder = FolderTransport(folder / "mail")
    reports: Any = OwnReports([str(people.person_ids["max"])])
    schedules = Schedules(store, ledger, reports, DutyRoster(store), people.policy, people.audit)
    mart: Any = Mart()
    unused: Any = None
    services = Services(
        store=store,
        policy=people.policy,
        accounts=people.accounts,
        audit=people.audit,
        mart=mart,
        query=unused,
        overview=unused,
        reports=reports,
        ledger=ledger,
        outbox=outbox,
        archive=archive,
        archive_page=ArchivePage(store, archive, people.policy, people.audit),
        schedules=schedules,
        schedule_page=SchedulePage(store, schedules, ledger, people.policy),
        mailbox=Mailbox(store, outbox, mail_folder, people.policy, people.audit),
        alerts=unused,
        surveys=unused,
        planning=unused,
    )
    parts = (store, ledger, archive, outbox, people.accounts, people.audit)
    work = RunReport(*parts, reports, TinyRenderer(), write_hostile_mail, "http://localhost:8050")
    settings = load_settings({}, data_dir=folder, base_url="http://localhost:8050")
    server = create_server(settings, services, PAGES)
    return Post(server, people, store, mart, settings, services, work, Sending(outbox, mail_folder, "here"))
