"""What the web, the command line and the background roles may call: one object made by ``dashapp.wiring``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from services.access.policy import Policy
    from services.accounts.directory import Accounts
    from services.alerts.assembly import Alerts
    from services.audit.log import AuditLog
    from services.delivery.archive import Archive
    from services.delivery.ledger import Ledger
    from services.delivery.mailbox import Mailbox
    from services.delivery.outbox import Outbox
    from services.mart.reader import MartReader
    from services.metrics.explanations import Explanations
    from services.metrics.limits import LimitSettings
    from services.metrics.overview import Overview
    from services.metrics.planning import Planning
    from services.metrics.query import QueryLayer
    from services.reporting.archive_page import ArchivePage
    from services.reporting.definitions import Reports
    from services.reporting.held_views import HeldViews
    from services.reporting.pipeline_page import PipelinePage
    from services.reporting.refresh import Refresh
    from services.reporting.schedule_page import SchedulePage
    from services.reporting.schedules import Schedules
    from services.requisitions.assembly import Requisitions
    from services.store.database import Store
    from services.surveys.assembly import Surveys


class Services(NamedTuple):
    store: Store
    policy: Policy
    accounts: Accounts
    audit: AuditLog
    mart: MartReader
    query: QueryLayer
    overview: Overview
    reports: Reports
    ledger: Ledger
    outbox: Outbox
    archive: Archive
    archive_page: ArchivePage
    schedules: Schedules
    schedule_page: SchedulePage
    mailbox: Mailbox
    alerts: Alerts
    surveys: Surveys
    planning: Planning
    import_folder: Path | None = None
    """Where imports are staged; None = nothing is imported by this process."""

    @property
    def limits(self) -> LimitSettings:
        """Caps and stale limits, to show and to set."""
        from services.metrics.limits import LimitSettings  # noqa: PLC0415 - as explanations

        return LimitSettings(self.store, self.policy, self.audit)

    @property
    def explanations(self) -> Explanations:
        """Traces, movements, matches and the past, on this mart; made when asked for."""
        from services.metrics.explanations import make_explanations  # noqa: PLC0415 - imports numpy and the registry

        return make_explanations(self.mart, self.query, self.store)

    @property
    def requisitions(self) -> Requisitions:
        """The list, one in full, and what people change of them; made when asked for."""
        from services.requisitions.assembly import make_requisitions  # noqa: PLC0415 - imports numpy and the registry

        return make_requisitions(self.mart, self.query, self.store, self.policy, self.accounts, self.audit)

    @property
    def pipeline(self) -> PipelinePage:
        """Who waits where, now; one a process."""
        from services.reporting.pipeline_page import pipeline_of  # noqa: PLC0415 - as explanations

        return pipeline_of(self.query, self.store, self.mart, self.alerts.incidents, self.policy)

    @property
    def refresh(self) -> Refresh:
        """Rules, history and failures of the refresh; the scheduler's own also builds."""
        from services.reporting.refresh import Refresh  # noqa: PLC0415 - as explanations

        return Refresh(self.store, self.mart, self.policy, self.audit)

    @property
    def held_views(self) -> HeldViews:
        """Snapshots that people hold on to."""
        from services.reporting.held_views import HeldViews  # noqa: PLC0415 - as explanations

        return HeldViews(self.store, self.mart, self.audit)
