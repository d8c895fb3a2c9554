"""Settings to services: the one place where the parts of the product are put together."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.container import Services
from services.delivery.archive import Archive
from services.delivery.leases import DutyRoster
from services.delivery.ledger import Ledger
from services.delivery.mailbox import Mailbox
from services.delivery.outbox import Outbox, SenderIdentity
from services.delivery.transports import FolderTransport
from services.mart.engines.choosing import open_mart
from services.store.database import Store

if TYPE_CHECKING:
    from dashapp.config import Settings
    from services.mart.reader import MartReader
    from services.metrics.query import QueryLayer


def make_accounts(settings: Settings, store: Store) -> tuple[Policy, AuditLog, Accounts]:
    """The part that commands about people need, without mart and reports.

    Demonstration accounts sign in only where nobody but this machine can reach them; settings see to it that embedded
    mode is bound to loopback.
    """
    policy, audit = Policy(), AuditLog(store)
    return policy, audit, Accounts(store, policy, audit, demo_accounts=not settings.is_production)


def make_query_layer(store: Store, mart: MartReader) -> QueryLayer:
    """With everything that marks its answers."""
    from services.metrics.completeness_floor import CompletenessFloor  # noqa: PLC0415 - commands wait less
    from services.metrics.formal_kpis import FormalKpis  # noqa: PLC0415 - as above
    from services.metrics.limits import LimitBook  # noqa: PLC0415 - as above
    from services.metrics.names import StoreNames  # noqa: PLC0415 - as above
    from services.metrics.query import QueryLayer  # noqa: PLC0415 - as above

    return QueryLayer(
        mart,
        StoreNames(store),
        formal_kpis=FormalKpis(store),
        completeness=CompletenessFloor(store),
        limits=LimitBook(store),
    )


def build_services(settings: Settings) -> Services:
    """Everything, connected; nothing is opened yet, so a web server may fork afterwards."""
    from reports.notice import render_notice  # noqa: PLC0415 - as below
    from services.alerts.assembly import make_alerts  # noqa: PLC0415 - as below
    from services.metrics.overview import Overview  # noqa: PLC0415 - imports numpy and the registry; commands wait less
    from services.metrics.planning import make_planning  # noqa: PLC0415 - as above
    from services.metrics.registry import REGISTRY  # noqa: PLC0415 - as above
    from services.reporting.archive_page import ArchivePage  # noqa: PLC0415 - as above
    from services.reporting.definitions import Reports  # noqa: PLC0415 - as above
    from services.reporting.schedule_page import SchedulePage  # noqa: PLC0415 - as above
    from services.reporting.schedules import Schedules  # noqa: PLC0415 - as above
    from services.surveys.assembly import make_surveys  # noqa: PLC0415 - as above
    from services.validation.plans import GREENHOUSE, KIND  # noqa: PLC0415 - as above
    from services.validation.standing import Standing  # noqa: PLC0415 - as above

    store = Store(settings.database_url)
    policy, audit, accounts = make_accounts(settings, store)
    mart = open_mart(settings.mart_dir, settings.mart_url)
    query = make_query_layer(store, mart)
    standing = Standing(store, {metric.id: metric.name for metric in REGISTRY.values()})
    overview = Overview(query, store, standing)
    name, address = parseaddr(settings.mail_from)
    archive = Archive(settings.archive_dir)
    reports = Reports(query, store, policy, mart)
    ledger = Ledger(store)
    outbox = Outbox(store, SenderIdentity(address=address, name=name), audit)
    fixed = {KIND: (GREENHOUSE,)}
    schedules = Schedules(store, ledger, reports, DutyRoster(store), policy, audit, fixed_subjects=fixed)
    folder = None if settings.smtp_url else FolderTransport(settings.mail_dir)
    return Services(
        store=store,
        policy=policy,
        accounts=accounts,
        audit=audit,
        mart=mart,
        query=query,
        overview=overview,
        reports=reports,
        ledger=ledger,
        outbox=outbox,
        archive=archive,
        archive_page=ArchivePage(store, archive, policy, audit),
        schedules=schedules,
        schedule_page=SchedulePage(store, schedules, ledger, policy),
        mailbox=Mailbox(store, outbox, folder, policy, audit),
        surveys=make_surveys(store, policy, audit, outbox, render_notice, settings.signing_key(), settings.base_url),
        alerts=make_alerts(store, query, policy, accounts, audit, outbox, render_notice, settings.base_url),
        planning=make_planning(store, query, policy, audit),
        import_folder=settings.data_dir / "import",
    )
