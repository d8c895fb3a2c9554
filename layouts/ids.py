"""Ids of the components that more than one module knows."""

from __future__ import annotations

URL = "url"
"""dcc.Location: pathname routes, search holds the filters."""
PAGE = "page"
"""The container the router fills."""
SNAPSHOT = "snapshot"
"""dcc.Store: id of the snapshot the page was rendered from; assets/js polls /api/version and writes it."""
