"""The metric catalogue and the pages of metrics in the shipped product: what each person is told, and nothing more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from callbacks.pages.metrics import parse_wanted
from layouts.pages.metrics import catalogue_body, metric_page
from services.access.policy import Action
from services.domain.errors import NotFoundError
from services.domain.metric import Query
from services.domain.people import Role, Viewer
from services.metrics.registry import REGISTRY
from services.reporting.metric_pages import MetricPages
from tests.http.product import Product
from tests.http.site import request_for

PAGE = "page.children"


@pytest.fixture(scope="module")
def pages(product: Product) -> MetricPages:
    services = product.services
    return MetricPages(services.query, services.mart, services.store)


def plain(part: Any) -> Any:
    return part.to_plotly_json()


def viewer(product: Product, role: Role) -> Viewer:
    return product.services.accounts.viewer_by_email(product.emails[role])


def opened(product: Product, role: Role, path: str, search: str = "") -> str:
    body = request_for(product.app, PAGE, {"url.pathname": path, "url.search": search})
    return str(product.visit(role).fire(body).text)


@pytest.mark.parametrize("role", list(Role))
def test_a25_the_catalogue_names_only_metrics_of_the_viewers_classes(product: Product, role: Role) -> None:
    text = opened(product, role, "/metrics")
    told = set(re.findall(r"/metrics/(\w+)", text.replace("\\u002f", "/")))
    person = viewer(product, role)
    may = product.services.policy.can(person, Action.METRICS_QUERY)
    assert told == {metric.id for metric in REGISTRY.values() if may and metric.column_class in person.classes}


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.RECRUITER, Role.DEI_OFFICER])
def test_a25_a_metric_of_another_class_answers_like_a_missing_one(product: Product, role: Role) -> None:
    seen = viewer(product, role).classes
    missing = opened(product, role, "/metrics/no_such_metric")
    assert "No metric here" in missing
    for metric in REGISTRY.values():
        if metric.column_class not in seen:
            assert opened(product, role, f"/metrics/{metric.id}") == missing


def test_every_page_of_every_metric_has_words_for_everything(product: Product, pages: MetricPages) -> None:
    """No nan, no None, no empty term, for an executive and for somebody who sees only his own."""
    for role in (Role.EXECUTIVE, Role.HIRING_MANAGER):
        person = viewer(product, role)
        for metric in REGISTRY.values():
            if metric.column_class not in person.classes:
                continue
            view = pages.page(metric.id, person)
            shown = json.dumps(plain(metric_page(view)), default=plain)
            texts = re.findall(r'"children": "([^"]*)"', shown)
            assert not [one for one in texts if re.search(r"\bnan\b|\bNone\b|\bnull\b", one)], metric.id
            assert all(words.strip() for _, words in view.facts), metric.id
            assert view.figure_words


def test_the_figure_is_the_query_layers_own(product: Product, pages: MetricPages) -> None:
    from services.domain.periods import DEFAULT_PERIOD, parse_period

    person = viewer(product, Role.RECRUITER)
    snapshot = product.services.mart.snapshot()
    for name in ("hires", "time_to_fill", "offer_acceptance_rate", "active_pipeline"):
        period = parse_period(DEFAULT_PERIOD, snapshot.as_of.date()).period
        (row,) = product.services.query.ask(Query((name,), period=period), person).rows
        assert pages.page(name, person).figure == row


def test_the_page_says_versions_uses_and_relations(product: Product, pages: MetricPages) -> None:
    person = viewer(product, Role.ADMIN)
    view = pages.page("time_to_fill", person)
    numbers = [one.version for one in view.versions]
    assert numbers == sorted(numbers, reverse=True)
    assert [one.is_current for one in view.versions] == [True] + [False] * (len(numbers) - 1)
    assert {(use.kind, use.name) for use in view.uses} >= {
        ("Page", "Overview"),
        ("Report", "Monthly recruiter scorecard"),
    }
    assert "time_to_fill_gross" in {one.metric_id for one in view.related}
    assert "time_to_fill" in {one.metric_id for one in pages.page("time_to_fill_gross", person).related}
    with pytest.raises(NotFoundError):
        pages.page("x" * 500, person)


def test_search_status_and_unit_narrow_the_catalogue(product: Product, pages: MetricPages) -> None:
    person = viewer(product, Role.ADMIN)
    everything = pages.catalogue(person)
    assert len(everything.entries) == everything.total
    assert {entry.metric_id for entry in pages.catalogue(person, search="OFFER renege").entries} == {
        "offer_renege_rate"
    }
    days = pages.catalogue(person, unit="days")
    assert {entry.unit for entry in days.entries} == {"days"}
    assert days.units == everything.units
    assert pages.catalogue(person, status="retired").entries == ()
    assert "No metric matches" in str(catalogue_body(pages.catalogue(person, search="zzz")))
    text = opened(product, Role.ADMIN, "/metrics", "?q=renege&unit=rate&status=certified")
    assert "offer_renege_rate" in text
    assert "time_to_fill" not in text


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": ["x" * 101], "status": ["open"], "unit": ["parsecs"]},
        {"q": ["a\x00"], "status": ["<script>"], "unit": ["DAYS"]},
        {"q": [], "status": [], "unit": []},
    ],
)
def test_what_cannot_be_meant_in_the_address_is_left_out(query: dict[str, list[str]]) -> None:
    assert parse_wanted(query) == ("", "", "")


def test_hostile_addresses_of_a_metric_are_a_missing_metric(product: Product) -> None:
    for path in ("/metrics/%3Cscript%3E", "/metrics/..", "/metrics/" + "x" * 3000, "/metrics/hires'--"):
        text = opened(product, Role.EXECUTIVE, path)
        assert "No metric here" in text or "No page has this address" in text


def test_without_a_snapshot_the_definition_stays_and_the_figure_says_why(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.mart.reader import NotReadyError

    def away(*_: Any) -> None:
        raise NotReadyError("There is no snapshot of the data yet.")

    services = product.services
    monkeypatch.setattr(services.query, "hold", away)
    monkeypatch.setattr(services.mart, "execute", away)
    view = MetricPages(services.query, services.mart, services.store).page("time_to_fill", viewer(product, Role.ADMIN))
    assert view.figure is None
    assert "no snapshot" in view.figure_words
    assert view.example is None
    assert view.facts
