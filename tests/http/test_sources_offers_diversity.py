"""1.5, 3.2, 3.6, 4.5: the pages about sources, offers and diversity, as each person gets them from the product."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from callbacks.pages import PAGES
from callbacks.pages import offers as offers_page
from callbacks.registry import PageRequest
from dashapp.caching import ResponseCache
from layouts import ids
from services.domain.errors import ForbiddenError
from services.domain.people import ColumnClass, Role
from services.store.tables import AuditEvent
from tests.http.product import Product
from tests.http.site import request_for

MAY = {
    "/sources": set(Role) - {Role.WORKS_COUNCIL},
    "/offers": {Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN},
    "/diversity": {Role.EXECUTIVE, Role.HRBP, Role.DEI_OFFICER},
}
PAY_WORDS = ("Accepted pay", "in the band", "offer_salary", "offer_position_in_range", "Pay is hidden")
HOSTILE = "?period=<script>&department=%00&geography=EMEA&geography=x&source=%27--&question=%7B%7D&seniority="
HOSTILE += "9" * 300
OPEN_RECORDS = f"{ids.RECORDS_FOUND}.children"


def show(product: Product, role: Role | None, path: str, search: str = "") -> str:
    body = request_for(product.app, f"{ids.PAGE}.children", {"url.pathname": path, "url.search": search})
    answer = product.visit(role).fire({**body, "changedPropIds": ["url.pathname"]})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def refresh(product: Product, role: Role | None, page: str, search: str = "") -> Any:
    output = f"..{page}-head.children...{page}-filters.children...{page}-body.children...{page}-foot.children..."
    output += f"{page}-shown.data.."
    body = request_for(product.app, output, {"url.pathname": f"/{page}", "url.search": search})
    return product.visit(role).fire({**body, "changedPropIds": ["url.search"]})


@pytest.mark.parametrize("path", MAY)
@pytest.mark.parametrize("role", [*Role, None])
def test_4_5_each_page_is_for_those_who_may_open_it_and_absent_for_the_rest(
    product: Product, role: Role | None, path: str
) -> None:
    if role is None or role not in product.emails:
        assert role is None or role not in MAY[path]
        answer = product.visit(None).get(path)
        assert answer.status_code == 403
        return
    answer = product.visit(role).get(path)
    assert answer.status_code == (200 if role in MAY[path] else 403)
    shell = product.visit(role).get("/_dash-layout").text
    assert (path in shell.replace("\\u002f", "/")) == (role in MAY[path])


@pytest.mark.parametrize("path", MAY)
def test_4_5_otto_and_rita_get_no_answer_from_the_callback_either(product: Product, path: str) -> None:
    strangers = [None] if Role.RECRUITER in MAY[path] else [None, Role.RECRUITER]
    for role in strangers:
        answer = refresh(product, role, path[1:])
        assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("path", MAY)
def test_a_hostile_address_is_answered_and_never_breaks_a_page(product: Product, path: str) -> None:
    words = show(product, Role.HRBP, path, HOSTILE)
    assert "could not be worked out" not in words
    assert refresh(product, Role.HRBP, path[1:], HOSTILE).status_code == 200


def test_3_2_eva_sees_quality_by_source_with_its_n_and_that_it_is_no_cause(product: Product) -> None:
    words = show(product, Role.EXECUTIVE, "/sources")
    for wanted in (
        "Quality of hire by source",
        "What quality is made of",
        "It goes together; it need not be the cause.",
        "Leavers",
        "Without leavers",
        "younger than 120 days",
        "tick = all sources",
        "As of",
    ):
        assert wanted in words, wanted
    assert "recommend" not in words.lower()


def test_3_6_hana_sees_pay_of_her_region_and_one_word_where_it_is_hidden(product: Product) -> None:
    words = show(product, Role.HRBP, "/offers")
    for wanted in PAY_WORDS:
        assert wanted in words, wanted
    assert "hidden" in words
    assert "Accepted pay, by region" in words
    rows = words.partition("Accepted pay, by region")[2]
    assert "EMEA" in rows
    assert "Americas" not in rows


@pytest.mark.parametrize("role", sorted(MAY["/offers"] - {Role.HRBP}))
def test_3_6_without_the_class_there_is_no_pay_in_the_page_at_all(product: Product, role: Role) -> None:
    page, part = show(product, role, "/offers"), refresh(product, role, "offers").text
    assert "How offers end" in page
    for answer in (page, part):
        for word in PAY_WORDS:
            assert word not in answer, word


def test_3_6_hana_without_the_class_gets_her_page_without_pay(product: Product) -> None:
    hana = product.services.accounts.viewer_by_email(product.emails[Role.HRBP])
    less = replace(hana, classes=hana.classes - {ColumnClass.COMPENSATION})
    views = [offers_page.view(PageRequest(who, product.services, {}, {})) for who in (hana, less)]
    sections = [{section.id for section in view.sections} for view in views]
    assert sections[0] - sections[1] == {"band-roles", "band-regions", "pay-roles", "pay-regions"}
    assert sections[1] == {"ends", "undone", "acceptance"}
    assert not any("pay" in str(detail).lower() for detail in views[1].details)


def test_3_6_the_answer_kept_for_hana_is_never_ron_s_who_reaches_the_same_rows(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    look_up = ResponseCache.look_up

    def noted(self: ResponseCache, *arguments: Any) -> Any:
        found = look_up(self, *arguments)
        asked.append(found is not None)
        return found

    monkeypatch.setattr(ResponseCache, "look_up", noted)
    search = "?period=24m"
    hana = [refresh(product, Role.HRBP, "offers", search).text for _ in range(2)]
    ron = refresh(product, Role.RECRUITING_MANAGER, "offers", search).text
    assert asked == [False, True, False]
    assert hana[0] == hana[1]
    assert "Accepted pay" in hana[0]
    assert not any(word in ron for word in PAY_WORDS)
    viewers = [
        product.services.accounts.viewer_by_email(product.emails[r]) for r in (Role.HRBP, Role.RECRUITING_MANAGER)
    ]
    assert viewers[0].scope == viewers[1].scope


def test_1_5_dee_sees_completeness_before_any_share_and_which_filters_are_off(product: Product) -> None:
    words = show(product, Role.DEI_OFFICER, "/diversity")
    order = [
        words.index(title)
        for title in (
            "Who was asked, who answered",
            "Goals of departments",
            "Adverse impact",
            "Representation by stage",
        )
    ]
    assert order == sorted(order)
    assert "Source, job family and seniority are off here: cells would get too small." in words
    assert "whole quarters that are over" in words
    assert "Cells under 5" in words
    assert "Single records" in words


def test_4_5_leadership_has_groups_from_ten_on_and_no_way_to_records(product: Product) -> None:
    words = show(product, Role.EXECUTIVE, "/diversity")
    assert "Cells under 10" in words
    assert "Single records" not in words
    assert ids.RECORDS_OPEN not in words
    for role in (Role.EXECUTIVE, Role.HRBP, None):
        assert open_records(product, role, "A complaint of 3 March").status_code == 403


def test_1_5_department_and_geography_are_never_combined(product: Product) -> None:
    words = show(product, Role.DEI_OFFICER, "/diversity", "?department=Technology&geography=EMEA&source=Referral")
    assert "Geography is off while a department is chosen" in words
    assert "This page does not follow that" in words
    assert "whole half years that are over" in words
    assert "could not be worked out" not in words


def test_4_5_a_role_without_the_class_of_groups_is_refused_in_words(product: Product) -> None:
    eva = product.services.accounts.viewer_by_email(product.emails[Role.EXECUTIVE])
    less = replace(eva, classes=frozenset({ColumnClass.GENERAL}))
    page = next(spec for spec in PAGES if spec.path == "/diversity")
    with pytest.raises(ForbiddenError):
        from callbacks.pages import diversity

        diversity.view(PageRequest(less, product.services, {}, {}))
    drawn = str(page.layout(PageRequest(less, product.services, {}, {})))
    assert "does not include numbers of groups" in drawn
    assert "Representation" not in drawn


def open_records(product: Product, role: Role | None, purpose: object, **more: object) -> Any:
    values = {
        f"{ids.RECORDS_OPEN}.n_clicks": 1,
        f"{ids.RECORDS_PURPOSE}.value": purpose,
        f"{ids.RECORDS_QUESTION}.value": more.get("question", "gender"),
        f"{ids.RECORDS_FROM}.value": more.get("start", "2026-08-01"),
        f"{ids.RECORDS_UNTIL}.value": more.get("end", "2026-08-31"),
    }
    body = request_for(product.app, OPEN_RECORDS, values)
    return product.visit(role).fire({**body, "changedPropIds": [f"{ids.RECORDS_OPEN}.n_clicks"]})


def test_4_5_dee_opens_records_with_a_purpose_and_the_log_has_it(product: Product) -> None:
    def opened() -> list[Any]:
        events = AuditEvent.__table__
        with product.services.store.read() as connection:
            return list(connection.execute(select(events).where(events.c.action == "diversity.records_opened")))

    before = len(opened())
    refused = open_records(product, Role.DEI_OFFICER, "  ")
    assert "Say in words what the records are needed for" in refused.text
    assert len(opened()) == before
    found = open_records(product, Role.DEI_OFFICER, "Complaint of 3 March, file 17")
    assert "records opened for: Complaint of 3 March, file 17" in found.text
    entries = opened()
    assert len(entries) == before + 1
    assert "Complaint of 3 March, file 17" in str(entries[-1])


@pytest.mark.parametrize(
    "values",
    [{"start": "yesterday"}, {"end": 7}, {"question": ["gender"]}, {"start": "2020-01-01", "end": "2026-10-01"}],
)
def test_4_5_what_is_no_day_or_too_much_is_said_in_words(product: Product, values: dict[str, object]) -> None:
    answer = open_records(product, Role.DEI_OFFICER, "Complaint of 3 March", **values)
    assert answer.status_code == 200
    assert "Traceback" not in answer.text
