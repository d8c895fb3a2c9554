"""5.3: the same filters give the same number on the page, in its export and through the interface for programs."""

from __future__ import annotations

import csv
import io
import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from services.accounts.tokens import Tokens, TokenScope
from services.domain.filters import DIMENSIONS, parse_filters, to_search, where
from services.domain.metric import Row
from services.domain.people import Role, Viewer
from services.domain.periods import ROLLING, parse_period
from services.domain.views import Filters
from tests.http.product import Product

DRAWN = 6
METRICS = ("hires", "offer_acceptance_rate", "time_to_hire", "active_pipeline")
ROLES = (Role.EXECUTIVE, Role.HRBP, Role.RECRUITING_MANAGER)
WITHOUT_PERIOD = {"active_pipeline"}


def drawn_filters(product: Product, viewer: Viewer, seed: int) -> Filters:
    """One or two values of one or two dimensions, and a period, as a reader would click them."""
    chance = random.Random(seed)
    choices = {choice.id: choice for choice in product.services.query.filter_options(viewer)}
    chosen: dict[str, tuple[str, ...]] = {}
    for name in chance.sample([name for name, _ in DIMENSIONS if name != "source"], 2):
        values = [option.value for option in choices[name].options]
        chosen[name] = tuple(sorted(chance.sample(values, min(len(values), chance.randint(0, 2)))))
    return Filters(period=chance.choice(sorted(ROLLING)), **chosen)


@pytest.fixture(scope="module")
def bearer(product: Product) -> dict[Role, dict[str, str]]:
    services = product.services
    tokens = Tokens(services.store, services.accounts.caller, services.audit)
    scopes = (TokenScope.METRICS_READ,)
    return {
        role: {"Authorization": f"Bearer {tokens.create(product.emails[role], 'filters', scopes, actor='tests')[0]}"}
        for role in ROLES
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("seed", range(DRAWN))
def test_5_3_page_export_and_programs_agree_for_any_filters(
    product: Product, bearer: dict[Role, dict[str, str]], role: Role, seed: int
) -> None:
    viewer = product.services.accounts.viewer_by_email(product.emails[role])
    filters = drawn_filters(product, viewer, seed)
    assert parse_filters(to_search(filters)) == filters
    view = product.services.overview.view(filters, viewer)
    shown = {tile.metric_id: tile.row for tile in (view.hero, *view.tiles)}
    for metric in METRICS:
        assert exported(product, role, metric, filters) == said(shown[metric]), (metric, filters)
        assert programmed(product, bearer[role], metric, filters, viewer) == said(shown[metric]), (metric, filters)


def said(row: Row) -> tuple[float | None, int, str]:
    return row.value, row.n, row.reason or ""


def exported(product: Product, role: Role, metric: str, filters: Filters) -> tuple[float | None, int, str]:
    text = product.visit(role).get(f"/metrics/{metric}/export{to_search(filters)}").text
    first = next(csv.DictReader(io.StringIO(text)))
    return float(first["value"]) if first["value"] else None, int(first["n"]), first["reason"]


def programmed(
    product: Product, headers: dict[str, str], metric: str, filters: Filters, viewer: Viewer
) -> tuple[float | None, int, str]:
    asked = [("metric", metric)]
    asked += [("where", f"{name}={value}") for name, values in where(filters).items() for value in values]
    if metric not in WITHOUT_PERIOD:
        as_of = product.services.mart.snapshot().as_of
        period = parse_period(filters.period, as_of.astimezone(ZoneInfo(viewer.timezone)).date())
        asked += [("from", period.start.isoformat()), ("to", (period.end - timedelta(days=1)).isoformat())]
    client = product.server.test_client(use_cookies=False)
    answer = client.get(
        "/api/v1/metrics/query", query_string=asked, headers=headers, base_url=product.settings.base_url
    )
    assert answer.status_code == 200, answer.text
    (row,) = answer.json["rows"]
    return row["value"], row["n"], row["reason"] or ""
