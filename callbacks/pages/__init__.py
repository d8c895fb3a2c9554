"""The pages of the product, in the order of the side bar. One line each."""

from __future__ import annotations

from callbacks.pages import actions, mail, metrics, overview, report, reports, schedules
from callbacks.registry import PageSpec, RouteSpec
from services.access.policy import Action

PAGES: tuple[PageSpec, ...] = (
    PageSpec(
        "/",
        "Overview",
        Action.OVERVIEW_VIEW,
        icon="overview",
        group="Hiring",
        layout=overview.page,
        register=overview.register,
        filtered=True,
    ),
    PageSpec(
        "/actions",
        "Actions",
        Action.INCIDENTS_VIEW,
        icon="actions",
        group="Decisions",
        layout=actions.page,
        register=actions.register,
    ),
    PageSpec(
        "/actions/<incident_id>",
        "Incident",
        Action.INCIDENTS_VIEW,
        icon="actions",
        group="Decisions",
        layout=actions.one_page,
        nav=False,
    ),
    PageSpec(
        "/reports",
        "Reports",
        Action.ARCHIVE_VIEW,
        icon="reports",
        group="Decisions",
        layout=reports.page,
        register=reports.register,
        routes=(
            RouteSpec("/reports/<public_id>/open", Action.ARCHIVE_VIEW, reports.open_document),
            RouteSpec("/reports/<public_id>/download", Action.ARCHIVE_VIEW, reports.download),
        ),
    ),
    PageSpec(
        "/reports/schedules",
        "Schedules",
        Action.REPORTS_RUN,
        icon="calendar",
        group="Decisions",
        layout=schedules.page,
        register=schedules.register,
        routes=(RouteSpec("/reports/preview", Action.REPORTS_RUN, schedules.preview),),
    ),
    PageSpec(
        "/reports/<public_id>",
        "Report",
        Action.ARCHIVE_VIEW,
        icon="reports",
        group="Decisions",
        layout=report.page,
        nav=False,
    ),
    PageSpec(
        "/metrics",
        "Metrics",
        Action.METRICS_QUERY,
        icon="metrics",
        group="Trust",
        layout=metrics.page,
        register=metrics.register,
    ),
    PageSpec(
        "/metrics/<metric_id>",
        "Metric",
        Action.METRICS_QUERY,
        icon="metrics",
        group="Trust",
        layout=metrics.one_page,
        nav=False,
    ),
    PageSpec(
        "/admin/mail",
        "Mail",
        Action.MAILBOX_VIEW,
        icon="mail",
        group="Administration",
        layout=mail.page,
        register=mail.register,
    ),
    PageSpec(
        "/admin/mail/<mail_id>",
        "Mail",
        Action.MAILBOX_VIEW,
        icon="mail",
        group="Administration",
        layout=mail.one_page,
        nav=False,
        routes=(
            RouteSpec("/admin/mail/<mail_id>/body", Action.MAILBOX_VIEW, mail.body),
            RouteSpec("/admin/mail/<mail_id>/files/<number>", Action.MAILBOX_VIEW, mail.file),
        ),
    ),
)
