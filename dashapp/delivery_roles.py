"""Settings to the objects of the background roles: scheduler, worker, sender."""

from __future__ import annotations

import json
import logging
import os
from datetime import timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING

from sqlalchemy import select

from dashapp.validations import DueValidation
from dashapp.wiring import build_services, make_accounts
from services.delivery.failpoints import VARIABLE as FAILPOINTS_VARIABLE
from services.delivery.leases import DutyRoster, owner_name, utc_now
from services.delivery.outbox import Outbox, SenderIdentity
from services.delivery.sending import Sending
from services.delivery.transports import FolderTransport, SmtpTransport, Transport, parse_smtp_url
from services.store.database import Store
from services.store.tables import AppSetting

REFRESH_SETTING = "mart.refresh_minutes"
DEFAULT_REFRESH_MINUTES = 5
ALERTS_EVERY_S = 15
LIVE_LANE_EVERY_S = 30
LOOK_EVERY_S = 20
"""How often it is looked whether a dashboard is to be refreshed."""
SURVEYS_EVERY_S = 300
LEFTOVER_AGE = timedelta(hours=1)
"""A temporary file of the archive that is older belongs to a process that died."""

if TYPE_CHECKING:
    from dashapp.config import Settings
    from dashapp.scheduler import ReportClock
    from services.container import Services
    from services.reporting.run_report import RunReport


def prepare_role(settings: Settings) -> None:
    """Words go to standard error; failpoints that stand in a ``.env`` file are armed for the children too."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    for noisy in ("fontTools", "weasyprint"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    if settings.failpoints:
        os.environ.setdefault(FAILPOINTS_VARIABLE, settings.failpoints)


def make_transport(settings: Settings) -> Transport:
    """SMTP where a server is named, else the local mail folder."""
    if settings.smtp_url:
        return SmtpTransport(parse_smtp_url(settings.smtp_url))
    return FolderTransport(settings.mail_dir)


def make_sending(settings: Settings) -> Sending:
    """What the sender role needs: no mart, no reports."""
    store = Store(settings.database_url)
    _, audit, _ = make_accounts(settings, store)
    name, address = parseaddr(settings.mail_from)
    outbox = Outbox(store, SenderIdentity(address=address, name=name), audit)
    return Sending(outbox, make_transport(settings), owner_name("sender"))


def make_run_report(settings: Settings) -> RunReport:
    """What a worker's child needs; called in it, so that nothing is open before."""
    prepare_role(settings)
    services = build_services(settings)
    services.archive.sweep(utc_now() - LEFTOVER_AGE)
    return run_report_of(services, settings)


def run_report_of(services: Services, settings: Settings) -> RunReport:
    """A worker's work on services that exist already. The caller closes it."""
    from reports.mail import render_mail  # noqa: PLC0415 - loads Jinja; the other roles do without
    from reports.render import PdfRenderer  # noqa: PLC0415 - loads Pango; as above
    from services.reporting.run_report import RunReport  # noqa: PLC0415 - as above
    from services.validation.plans import KIND  # noqa: PLC0415 - as above

    return RunReport(
        services.store,
        services.ledger,
        services.archive,
        services.outbox,
        services.accounts,
        services.audit,
        services.reports,
        PdfRenderer(settings.base_url),
        render_mail,
        settings.base_url,
        services.mart.close,
        own_kinds={KIND: DueValidation(services, settings.base_url)},
    )


def make_report_clock(settings: Settings) -> ReportClock:
    """What the scheduler role needs."""
    from dashapp.scheduler import Chore, ReportClock  # noqa: PLC0415 - loads APScheduler; the other roles do without
    from services.ingest.live_lane import fill_once  # noqa: PLC0415 - as above
    from services.mart.apart import build_apart  # noqa: PLC0415 - as above
    from services.reporting.refresh import Refresh  # noqa: PLC0415 - as above

    services = build_services(settings)
    refresh = Refresh(
        services.store,
        services.mart,
        services.policy,
        services.audit,
        build=lambda: build_apart(settings.database_url, settings.mart_dir, mart_url=settings.mart_url),
        standard_minutes=lambda: refresh_interval_s(services.store) // 60,
    )
    return ReportClock(
        services.schedules,
        DutyRoster(services.store),
        refresh_mart=refresh.round,
        refresh_every_s=lambda: min(refresh_interval_s(services.store), LOOK_EVERY_S),
        chores=(
            Chore("live lane", LIVE_LANE_EVERY_S, lambda: fill_once(services.store)),
            Chore("thresholds", ALERTS_EVERY_S, services.alerts.rounds.run),
            Chore("surveys", SURVEYS_EVERY_S, services.surveys.rounds.run),
        ),
        close=services.mart.close,
    )


def refresh_interval_s(store: Store) -> int:
    """Seconds between two mart builds: the setting ``mart.refresh_minutes``; 0 = only by hand. Unset: five minutes."""
    query = select(AppSetting.value).where(AppSetting.name == REFRESH_SETTING).order_by(AppSetting.version.desc())
    with store.read() as connection:
        value = connection.scalar(query.limit(1))
    minutes = DEFAULT_REFRESH_MINUTES if value is None else json.loads(value)
    return max(int(minutes), 0) * 60
