"""One run from the ledger to the archive and the outbox, under the recipient's own permissions."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Protocol

from sqlalchemy import Connection, select

from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.delivery import failpoints
from services.delivery.archive import Archive, Document, add_item
from services.delivery.leases import LeaseLostError
from services.delivery.ledger import Claim, Ledger
from services.delivery.message import Attachment, Mail
from services.delivery.outbox import Outbox
from services.domain.errors import (
    ForbiddenError,
    HireboardError,
    InvalidInputError,
    NotFoundError,
    NotThereYetError,
    RetryLaterError,
)
from services.domain.people import Viewer
from services.domain.views import ReportView
from services.reporting.view_json import from_json, to_json
from services.store.database import Store
from services.store.tables import ArchiveItem, Office, Person, ReportSchedule, UserAccount

_LOG = logging.getLogger(__name__)
_NEVER_BETTER = (ForbiddenError, NotFoundError, InvalidInputError)
"""Trying again would give the same answer."""


class ReportSource(Protocol):
    """Where view models come from: ``services.reporting.definitions.Reports``."""

    def view(
        self, kind: str, subject: str, period: str, viewer: Viewer, *, issued_at: datetime | None = None
    ) -> ReportView:
        """One subject's report as ``viewer`` may see it. Raises ForbiddenError, NotFoundError, InvalidInputError."""


class Renderer(Protocol):
    """Puts a view model on paper: ``reports.render.PdfRenderer``."""

    def render(self, view: ReportView) -> bytes:
        """The PDF; equal views give equal bytes."""


class MailWords(Protocol):
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...


class MailWriter(Protocol):
    """Words the mail of a view model: ``reports.mail.render_mail``."""

    def __call__(self, view: ReportView, *, archive_url: str, attachment_name: str | None) -> MailWords:
        """``archive_url`` opens the archived report for whoever may."""


class OwnDocument(Protocol):
    """A document that brings its paper, and records that are written together with it."""

    @property
    def view(self) -> ReportView: ...
    @property
    def pdf(self) -> bytes: ...

    def keep(self, connection: Connection) -> tuple[int, str]:
        """Writes everything; returns id and public id of the archived document."""


class OwnKind(Protocol):
    """Makes what is no report about a person: the monthly validation."""

    def prepare(self, period: str, viewer: Viewer) -> OwnDocument:
        """Raises NotThereYetError while it waits for something from outside."""


@dataclass(frozen=True)
class Recipient:
    user_id: int
    email: str
    name: str


class RunReport:
    """A worker's work. One instance a process, not for threads: ``renderer`` is not.

    A recipient who is inactive or may not see the subject gets nothing: the run fails, visibly, and the schedule's
    owner is told once per schedule and period.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        archive: Archive,
        outbox: Outbox,
        accounts: Accounts,
        audit: AuditLog,
        reports: ReportSource,
        renderer: Renderer,
        write_mail: MailWriter,
        base_url: str,
        close: Callable[[], None] = lambda: None,
        own_kinds: Mapping[str, OwnKind] | None = None,
    ) -> None:
        self._own_kinds = own_kinds or {}
        self._store = store
        self._ledger = ledger
        self._archive = archive
        self._outbox = outbox
        self._accounts = accounts
        self._audit = audit
        self._reports = reports
        self._renderer = renderer
        self._write_mail = write_mail
        self._base_url = base_url.rstrip("/")
        self.close = close
        """Lets go of what the report source holds open, at the end of the process."""

    def work_one(self, owner: str) -> bool:
        """Claim and finish one due run. False = nothing was due."""
        failpoints.hit("before-claim")
        claim = self._ledger.claim(owner)
        if claim is None:
            return False
        failpoints.hit("after-claim")
        try:
            with _Renewal(self._ledger, claim):
                self._run(claim)
        except LeaseLostError:
            _LOG.warning("run %s was taken over by another worker", claim.run_id)
        return True

    def _run(self, claim: Claim) -> None:
        if claim.is_exhausted:
            self._fail(claim, f"The process making it died {claim.attempts - 1} times. See the server's log.")
            return
        try:
            self._make(claim)
        except LeaseLostError:
            raise
        except _NEVER_BETTER as error:
            self._fail(claim, str(error))
        except NotThereYetError as error:
            self._ledger.put_back(claim, _sentence(error), counts=False, delay=timedelta(seconds=error.wait_s))
        except (RetryLaterError, OSError) as error:
            # disk full, database away: the report stays queued for as long as it takes
            self._ledger.put_back(claim, _sentence(error), counts=False)
        except Exception as error:  # noqa: BLE001 - whatever one report does, the worker goes on with the others
            _LOG.exception("run %s failed", claim.run_id)
            if claim.is_last_try:
                self._fail(claim, f"It failed {claim.attempts} times. Last: {_sentence(error)}")
            else:
                self._ledger.put_back(claim, _sentence(error), counts=True)

    def _make(self, claim: Claim) -> None:
        recipient, viewer = self._recipient(claim)
        own = self._own_kinds.get(claim.report_kind)
        made = self._report(claim, viewer) if own is None else own.prepare(claim.period, viewer)
        view, pdf = made.view, made.pdf
        failpoints.hit("after-archive")
        with self._store.write() as connection:
            item_id, public_id = made.keep(connection)
            self._ledger.archived(connection, claim, item_id)
            self._outbox.enter(
                connection,
                key=f"run/{claim.run_id}",
                mail=self._mail(view, pdf, recipient, claim.due_at, public_id),
                recipient_user_id=recipient.user_id,
                report_run_id=claim.run_id,
                archive_item_id=item_id,
            )
            detail = {"kind": claim.report_kind, "period": claim.period, "subject": claim.subject}
            self._audit.append(
                connection,
                "worker",
                "report.archived",
                f"archive_item:{item_id}",
                {**detail, "for": recipient.email},
            )
            failpoints.hit("before-commit")
        failpoints.hit("after-commit")

    def _report(self, claim: Claim, viewer: Viewer) -> OwnDocument:
        view = self._reports.view(claim.report_kind, claim.subject, claim.period, viewer, issued_at=claim.due_at)
        pdf = self._renderer.render(view)
        failpoints.hit("after-render")
        return _Report(view, pdf, self._stored(claim, view, pdf))

    def _recipient(self, claim: Claim) -> tuple[Recipient, Viewer]:
        if claim.recipient_user_id is None:
            raise NotFoundError("Nobody is named as its recipient. Give the subject's person an account.")
        with self._store.read() as connection:
            account = connection.execute(
                select(UserAccount.email, UserAccount.name, UserAccount.is_active).where(
                    UserAccount.id == claim.recipient_user_id
                )
            ).first()
        if account is None or not account.is_active:
            who = account.email if account else f"user {claim.recipient_user_id}"
            raise NotFoundError(f"{who} is no active user, so nothing was made and nothing was sent.")
        viewer = self._accounts.viewer_for(claim.recipient_user_id)
        return Recipient(claim.recipient_user_id, account.email, account.name), viewer

    def _stored(self, claim: Claim, view: ReportView, pdf: bytes) -> Document:
        stored_view = to_json(view)
        head = view.head
        department_id, region = self._place(claim.subject)
        return Document(
            report_kind=claim.report_kind,
            title=head.title,
            period=claim.period,
            subject=claim.subject,
            subject_name=head.subject_name,
            recipient_user_id=claim.recipient_user_id,
            sha256=self._archive.put(pdf),
            size_bytes=len(pdf),
            view_sha256=self._archive.put(stored_view),
            snapshot=head.stamp.snapshot,
            created_at=claim.due_at,
            department_id=department_id,
            region=region,
            manifest=json.dumps({"report_id": head.report_id, "as_of": head.stamp.as_of.isoformat()}),
        )

    def _place(self, subject: str) -> tuple[int | None, str | None]:
        """Department and region of the person a report is about: who else may open it depends on them."""
        if not (subject.isascii() and subject.isdigit()):
            return None, None
        query = (
            select(Person.department_id, Office.region)
            .outerjoin(Office, Office.id == Person.office_id)
            .where(Person.id == int(subject))
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return (row.department_id, row.region) if row else (None, None)

    def _mail(self, view: ReportView, pdf: bytes, recipient: Recipient, due_at: datetime, public_id: str) -> Mail:
        attachment = Attachment(f"{view.head.report_id}.pdf", "application/pdf", pdf)
        words = self._write_mail(
            view, archive_url=f"{self._base_url}/reports/{public_id}", attachment_name=attachment.file_name
        )
        return Mail(
            recipient=recipient.email,
            recipient_name=recipient.name,
            subject=words.subject,
            text=words.text,
            html=words.html,
            sent_on=due_at,
            attachments=(attachment,),
        )

    def _fail(self, claim: Claim, why: str) -> None:
        with self._store.write() as connection:
            self._ledger.failed(connection, claim, why)
            owner = connection.execute(
                select(UserAccount.id, UserAccount.email, UserAccount.name, ReportSchedule.name.label("schedule"))
                .join(ReportSchedule, ReportSchedule.owner_user_id == UserAccount.id)
                .where(ReportSchedule.id == claim.schedule_id, UserAccount.is_active)
            ).first()
            if owner is None:
                return
            self._outbox.enter(
                connection,
                key=f"failed/{claim.schedule_id}/{claim.period}",
                mail=self._notice(claim, why, Recipient(owner.id, owner.email, owner.name), owner.schedule),
                recipient_user_id=owner.id,
            )

    def _notice(self, claim: Claim, why: str, owner: Recipient, schedule: str) -> Mail:
        lines = (
            f"A report of your schedule “{schedule}” for {claim.period} could not be made.",
            f"Subject: {claim.subject}. Reason: {why}",
            "You get this note once for each period; other reports of it may have failed too.",
            f"All runs: {self._base_url}/reports",
        )
        return Mail(
            recipient=owner.email,
            recipient_name=owner.name,
            subject=f"Not sent: {schedule}, {claim.period}",
            text="\n\n".join(lines) + "\n",
            html="".join(f"<p>{escape(line)}</p>" for line in lines),
            sent_on=claim.due_at,
        )

    def make_again(self, item_id: int) -> bytes:
        """The document rendered anew from its archived view model. Raises NotFoundError, DamagedFileError."""
        with self._store.read() as connection:
            digest = connection.scalar(select(ArchiveItem.view_sha256).where(ArchiveItem.id == item_id))
        if digest is None:
            raise NotFoundError("There is no such document in the archive.")
        return self._renderer.render(from_json(self._archive.get(digest)))


@dataclass(frozen=True)
class _Report:
    view: ReportView
    pdf: bytes
    document: Document

    def keep(self, connection: Connection) -> tuple[int, str]:
        return add_item(connection, self.document)


class _Renewal:
    """Keeps a claim's lease alive from a thread while the work takes its time. The fence decides in the end anyway."""

    def __init__(self, ledger: Ledger, claim: Claim) -> None:
        self._ledger = ledger
        self._claim = claim
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._done.wait(self._ledger.lease.total_seconds() / 3):
            try:
                if not self._ledger.renew(self._claim):
                    return
            except HireboardError as error:
                _LOG.warning("the lease of run %s could not be renewed: %s", self._claim.run_id, error)


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, HireboardError) else f"{type(error).__name__}: {text}"
