"""The requisitions' list and pages over HTTP: who may open them, what a hostile address does, and no oracle."""

from __future__ import annotations

from typing import Any

import pytest

from services.domain.filters import filters_of
from services.domain.people import Role
from services.domain.requisition_pages import STATE_WORDS, STATES, ListSettings, RequisitionList
from tests.http.product import Product
from tests.http.site import request_for

MAY = (
    Role.EXECUTIVE,
    Role.HIRING_MANAGER,
    Role.RECRUITER,
    Role.RECRUITING_MANAGER,
    Role.HRBP,
    Role.ADMIN,
)


def page_of(product: Product, role: Role | None, path: str, search: str = "") -> Any:
    body = request_for(product.app, "page.children", {"url.pathname": path, "url.search": search})
    return product.visit(role).fire(body)


@pytest.mark.parametrize("role", MAY)
def test_whoever_works_with_requisitions_sees_the_list_of_their_scope(product: Product, role: Role) -> None:
    assert product.visit(role).get("/requisitions").status_code == 200
    answer = page_of(product, role, "/requisitions")
    assert answer.status_code == 200
    assert "Net days" in answer.text


@pytest.mark.parametrize("role", [Role.DEI_OFFICER, Role.COMPLIANCE, None])
def test_dee_cleo_and_otto_have_no_list(product: Product, role: Role | None) -> None:
    assert product.visit(role).get("/requisitions").status_code == 403
    assert product.visit(role).get("/requisitions/1").status_code == 403
    assert product.visit(role).get("/requisitions/1").status_code == 403
    assert "Net days" not in page_of(product, role, "/requisitions").text


HOSTILE = (
    "?state=%27%20or%201=1--&sort=net;drop&order=desc&page=-1",
    "?page=999999999999999999999999&q=%00",
    "?q=%25_%5C&sort=title",
    "?state=all&page=100000",
    "?department=Nowhere&geography=%3Cscript%3E",
    "?" + "q=x&" * 400,
)


@pytest.mark.parametrize("search", HOSTILE)
def test_a_hostile_address_is_a_page_all_the_same(product: Product, search: str) -> None:
    answer = page_of(product, Role.EXECUTIVE, "/requisitions", search)
    assert answer.status_code == 200
    assert "could not be worked out" not in answer.text


def test_names_of_owners_are_for_those_with_the_class_for_people(product: Product) -> None:
    assert "Owners" in page_of(product, Role.EXECUTIVE, "/requisitions").text
    assert "Owners" not in page_of(product, Role.RECRUITER, "/requisitions").text


def test_5_4_list_page_and_trace_say_the_same_net_gross_and_held_days(product: Product) -> None:
    """Every requisition of the demonstration company that was ever on hold or frozen, as Eva sees it."""
    services = product.services
    eva = services.accounts.viewer_by_email(product.emails[Role.EXECUTIVE])
    settings = ListSettings(state="all", sort="held", descending=True)
    (section,) = services.requisitions.listing.view(filters_of({}), settings, eva).sections
    content = section.content
    assert isinstance(content, RequisitionList)
    held = [row for row in content.rows if row.held_days]
    assert held
    for row in held[:10]:
        assert row.net_days == pytest.approx((row.gross_days or 0) - (row.held_days or 0), abs=0.11)
        view = services.requisitions.one.view(row.id, eva)
        assert view.trace == services.explanations.traces.trace("requisition", str(row.id), eva)
        for clock in view.trace.clocks:
            assert clock.counted_seconds + clock.skipped_seconds == clock.elapsed_seconds
        longest = max(clock.skipped_seconds for clock in view.trace.clocks) / 86_400
        assert longest <= (row.held_days or 0) + 0.11


def test_5_4_current_requisitions_are_open_or_on_hold_and_nothing_else(product: Product) -> None:
    services = product.services
    eva = services.accounts.viewer_by_email(product.emails[Role.EXECUTIVE])
    counts: dict[str, int] = {}
    for state, _ in STATES:
        (section,) = services.requisitions.listing.view(filters_of({}), ListSettings(state=state), eva).sections
        content = section.content
        assert isinstance(content, RequisitionList)
        counts[state] = content.total
        assert {row.state for row in content.rows} <= ({state} if state not in {"current", "all"} else set(STATE_WORDS))
    assert counts["current"] == counts["open"] + counts["on_hold"]


@pytest.mark.parametrize("role", [role for role in MAY if role is not Role.HIRING_MANAGER])
def test_one_requisition_opens_for_whoever_sees_it_in_the_list(product: Product, role: Role) -> None:
    services = product.services
    viewer = services.accounts.viewer_by_email(product.emails[role])
    (section,) = services.requisitions.listing.view(filters_of({}), ListSettings(state="all"), viewer).sections
    content = section.content
    assert isinstance(content, RequisitionList)
    assert content.rows, role
    answer = page_of(product, role, f"/requisitions/{content.rows[0].id}")
    assert answer.status_code == 200
    assert "Clock trace" in answer.text
    assert ("Candidates" in answer.text) == (role not in {Role.EXECUTIVE, Role.ADMIN})
