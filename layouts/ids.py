"""Ids of the components that more than one module knows. assets/client.js uses the same names."""

from __future__ import annotations

URL = "url"
"""dcc.Location: pathname routes, search holds the filters."""
PAGE = "page"
"""The container the router fills."""
SNAPSHOT = "snapshot"
"""dcc.Store: id of the newest published snapshot; assets/client.js polls /api/version and writes it."""

OVERVIEW_HEAD = "overview-head"
OVERVIEW_FILTERS = "overview-filters"
OVERVIEW_BODY = "overview-body"
OVERVIEW_CHART = "overview-chart"
OVERVIEW_FOOT = "overview-foot"
OVERVIEW_SHOWN = "overview-shown"
"""dcc.Store: snapshot and filters of what is drawn, so that nothing is drawn twice."""

METRICS_FILTERS = "metrics-filters"
METRICS_BODY = "metrics-body"

ARCHIVE_FILTERS = "archive-filters"
ARCHIVE_BODY = "archive-body"

RUN_SCHEDULE = "run-schedule"
RUN_PERIOD = "run-period"
RUN_NOW = "run-now"
RUN_STATUS = "run-status"

MAIL_AGAIN = "mail-again"
MAIL_TAKEN = "mail-taken"
MAIL_DECISION = "mail-decision"

ACTIONS_BODY = "actions-body"
ACTIONS_LIST = "actions-list"
ACTIONS_DETAIL = "actions-detail"
ACTIONS_ACKNOWLEDGE = "actions-acknowledge"
ACTIONS_SNOOZE = "actions-snooze"
ACTIONS_SNOOZE_DAYS = "actions-snooze-days"
ACTIONS_CLOSE = "actions-close"
ACTIONS_REASON = "actions-reason"
ACTIONS_VERSION = "actions-version"
"""dcc.Store: the version of the incident that is shown, so that nobody overwrites what somebody else did."""
