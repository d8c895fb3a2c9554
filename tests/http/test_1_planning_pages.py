"""1.1, 1.2, 1.4, 1.5, 1.6 over HTTP: who reads plans and limits, who changes them, and what a wrong form is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from layouts import ids
from services.domain.people import Role
from services.store.tables import MetricTarget
from tests.http.product import Product
from tests.http.site import request_for

READERS = (Role.EXECUTIVE, Role.HRBP, Role.DEI_OFFICER, Role.RECRUITING_MANAGER, Role.ADMIN)
OTHERS = (Role.HIRING_MANAGER, Role.RECRUITER, Role.COMPLIANCE)
PAGES = ("/admin/planning", "/admin/thresholds")
PROFILE = {
    "place": "company:",
    "first": "time",
    "weights": "time_to_fill = 0.6\noffer_acceptance_rate = 0.4",
    "owner": "Eva",
    "reason": "Seats stay open",
    "review": "2099-01-31",
    "seen": "company:=0",
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("planning")
    found = Product(folder)
    yield found
    found.services.mart.close()
    found.services.store.dispose()


def show(product: Product, role: Role, path: str, search: str = "") -> str:
    values = {"url.pathname": path, "url.search": search}
    body = request_for(product.app, f"{ids.PAGE}.children", values)
    body["changedPropIds"] = ["url.pathname"]
    answer = product.visit(role).fire(body)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def post(product: Product, role: Role, path: str, sent: Any) -> Any:
    visitor = product.visit(role)
    return visitor.post(path, json=sent, headers={"X-CSRFToken": visitor.token})


@pytest.mark.parametrize("path", PAGES)
def test_1_plans_are_read_by_those_whose_work_they_are(product: Product, path: str) -> None:
    for role in READERS:
        assert '"data-page"' in show(product, role, path)
    for role in OTHERS:
        page = show(product, role, path)
        assert "data-setting" not in page
        assert "Caps and stale limits" not in page
        assert "Scorecard templates" not in page


def test_1_4_only_those_who_may_change_get_forms_and_the_rest_are_told_why(product: Product) -> None:
    assert show(product, Role.ADMIN, PAGES[0]).count('"data-setting"') >= 4
    eva = show(product, Role.EXECUTIVE, PAGES[0])
    assert '"data-setting"' not in eva
    assert "Read only: recruiting managers and administrators change this." in eva
    assert "Each step waits" not in show(product, Role.HRBP, PAGES[1])  # thresholds are their managers' matter
    assert "Each step waits" in show(product, Role.RECRUITING_MANAGER, PAGES[1])
    assert "Set a goal" in show(product, Role.DEI_OFFICER, PAGES[0])
    assert "Diversity goals" not in show(product, Role.RECRUITING_MANAGER, PAGES[0])


@pytest.mark.parametrize("search", ["?hires=9e9", "?weeks=-1&place=department:999", "?differs=1", "?place=%00&x"])
def test_1_6_a_hostile_question_is_no_server_error(product: Product, search: str) -> None:
    assert "Capacity" in show(product, Role.ADMIN, PAGES[0], search)


def test_1_1_a_profile_is_set_once_by_who_saw_the_newest(product: Product) -> None:
    path = f"{PAGES[0]}/profile"
    assert post(product, Role.EXECUTIVE, path, PROFILE).status_code == 403
    assert post(product, Role.ADMIN, path, PROFILE | {"weights": "time_to_fill = 0.5"}).status_code == 422
    assert post(product, Role.ADMIN, path, PROFILE | {"weights": "time_to_fill"}).status_code == 422
    assert post(product, Role.ADMIN, path, PROFILE | {"place": "department:99999"}).status_code == 422
    assert post(product, Role.ADMIN, path, PROFILE | {"review": "soon"}).status_code == 422
    assert post(product, Role.ADMIN, path, ["no", "object"]).status_code == 422
    before = show(product, Role.EXECUTIVE, PAGES[0])
    assert "Seats stay open" not in before
    assert post(product, Role.ADMIN, path, PROFILE).status_code == 200
    assert post(product, Role.ADMIN, path, PROFILE).status_code == 409
    assert "Seats stay open" in show(product, Role.EXECUTIVE, PAGES[0])


def test_1_2_a_template_is_set_shown_and_ended(product: Product) -> None:
    wanted = {"place": "company:", "name": "House", "metrics": "hires\ntime_to_hire", "seen": "company:=0"}
    assert post(product, Role.ADMIN, f"{PAGES[0]}/template", wanted | {"metrics": "no_such"}).status_code == 422
    assert post(product, Role.ADMIN, f"{PAGES[0]}/template", wanted).status_code == 200
    assert "House" in show(product, Role.HRBP, PAGES[0])
    end = {"place": "company:", "seen": "company:=1"}
    assert post(product, Role.ADMIN, f"{PAGES[0]}/template/end", end | {"seen": "company:=0"}).status_code == 409
    assert post(product, Role.ADMIN, f"{PAGES[0]}/template/end", end).status_code == 200


def test_1_6_capacity_is_checked_in_the_plan(product: Product) -> None:
    sent = {"place": "company:", "interviewer_hours": "100", "hours_per_candidate": "3", "seen": "company:=0"}
    assert post(product, Role.ADMIN, f"{PAGES[0]}/capacity", sent | {"recruiters": "-1"}).status_code == 422
    assert post(product, Role.ADMIN, f"{PAGES[0]}/capacity", sent).status_code == 200
    assert '"100"' in show(product, Role.ADMIN, PAGES[0], "?hires=20&weeks=10")


def test_1_5_goals_are_set_by_those_who_hold_them(product: Product) -> None:
    goal = {"department": "x", "country": "DE", "stage": "applied", "question": "gender", "group": "Women"}
    goal |= {"share": "0.4", "until": "2099-01-01", "reason": "Outreach"}
    assert post(product, Role.RECRUITING_MANAGER, f"{PAGES[0]}/goal", goal).status_code == 403
    assert post(product, Role.DEI_OFFICER, f"{PAGES[0]}/goal", goal).status_code == 422
    assert post(product, Role.DEI_OFFICER, f"{PAGES[0]}/goal/end", {"goal": "x"}).status_code == 422


def test_1_4_targets_thresholds_and_limits_are_set_from_their_page(product: Product) -> None:
    target = {"metric": "time_to_fill", "place": "company:", "value": "41", "seen": "0"}
    told = post(product, Role.ADMIN, f"{PAGES[1]}/target", target)
    assert told.status_code == 409  # the demonstration company has targets that the sender has not seen
    with product.services.store.read() as connection:
        newest = str(connection.scalar(select(func.max(MetricTarget.id))))
    assert post(product, Role.ADMIN, f"{PAGES[1]}/target", target | {"seen": newest}).status_code == 200
    assert "41.0 days" in show(product, Role.EXECUTIVE, PAGES[1])
    assert post(product, Role.ADMIN, f"{PAGES[1]}/target", target | {"start": "2020-01-01"}).status_code == 422
    rule = {"metric": "drop_off_rate", "limit": "0.25", "stage": "screen", "minimum_n": "20", "step_hours": "8"}
    rule |= {"window": "month"}
    assert post(product, Role.HRBP, f"{PAGES[1]}/rule", rule).status_code == 403
    assert post(product, Role.ADMIN, f"{PAGES[1]}/rule", rule | {"limit": "3"}).status_code == 422
    assert post(product, Role.ADMIN, f"{PAGES[1]}/rule", rule).status_code == 200
    assert "at most 25%" in show(product, Role.ADMIN, PAGES[1])
    limits = {"recruiter_seats": "12.5", "seen": "0"}
    assert post(product, Role.ADMIN, f"{PAGES[1]}/limits", limits).status_code == 200
    assert post(product, Role.ADMIN, f"{PAGES[1]}/limits", limits).status_code == 409
    assert '"12.5"' in show(product, Role.EXECUTIVE, PAGES[1])
