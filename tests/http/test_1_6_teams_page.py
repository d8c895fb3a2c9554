"""1.6 and 5.1: figures of teams and the plan behind them, in the shipped product."""

from __future__ import annotations

import pytest

from callbacks.pages.teams import teams_page
from services.domain.errors import ForbiddenError
from services.domain.metric import Period, Query
from services.domain.people import Role, Viewer
from services.domain.periods import parse_period
from services.domain.team_views import WhatIf
from services.domain.views import Bullet, Filters, PageView, Table
from services.reporting.pages.team_plan import Inputs
from tests.http.product import Product
from tests.http.site import request_for

MAY = {Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN}
INPUTS = {"hires": ["20"], "weeks": ["20"], "hours": ["40"], "each": ["3"], "recruiters": ["1"], "screens": ["1"]}


def viewer(product: Product, role: Role) -> Viewer:
    return product.services.accounts.viewer_by_email(product.emails[role])


def view(product: Product, query: dict[str, list[str]], role: Role = Role.EXECUTIVE, **filters: tuple[str]) -> PageView:
    return teams_page(product.services).view(Filters(**filters), query, viewer(product, role))  # type: ignore[arg-type]


def table(page: PageView, name: str) -> Table:
    found = next(section.content for section in page.sections if section.id == name)
    assert isinstance(found, Table)
    return found


def opened(product: Product, role: Role, search: str = "") -> str:
    body = request_for(product.app, "page.children", {"url.pathname": "/teams", "url.search": search})
    answer = product.visit(role).fire(body)
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.parametrize("role", list(Role))
def test_1_6_the_page_opens_for_those_who_lead(product: Product, role: Role) -> None:
    assert ("From hires to weeks" in opened(product, role)) is (role in MAY)
    assert product.visit(role).get("/teams").status_code == (200 if role in MAY else 403)
    if role not in MAY:
        with pytest.raises(ForbiddenError):
            teams_page(product.services).view(Filters(), {}, viewer(product, role))


@pytest.mark.parametrize(
    "search", ["?by=x&hires=%00&weeks=1e99", "?hires=-5&hours=nan&each=inf", "?hires=999999999&weeks=0", "?weeks=0.2"]
)
def test_1_6_a_hostile_address_is_no_error(product: Product, search: str) -> None:
    assert "What if" in opened(product, Role.EXECUTIVE, search)


def test_1_6_inputs_are_numbers_above_nothing() -> None:
    found = Inputs.of({"hires": ["12"], "weeks": ["soon"], "hours": ["-1"], "each": ["inf"], "screens": ["1,5"]})
    assert found.numbers == {"hires": 12.0, "screens": 15.0}
    assert found.error == "Give a number above 0 for: in weeks, interviewer hours a week, hours a candidate costs."


def test_5_1_hires_of_departments_add_up_to_the_hires(product: Product) -> None:
    page = view(product, {})
    period: Period = parse_period("12m", page.stamp.as_of.date()).period
    whole = product.services.query.ask(Query(("hires",), period=period), viewer(product, Role.EXECUTIVE)).one("hires")
    rows = table(page, "teams").rows
    assert sum(row.cells["hires"].value for row in rows) == whole.value  # type: ignore[union-attr,misc]
    assert [row.label for row in rows] == sorted((row.label for row in rows), key=str.casefold)


def test_5_1_the_load_of_fewer_than_five_people_is_not_shown(product: Product) -> None:
    rows = table(view(product, {}), "teams").rows
    few = [row for row in rows if isinstance(row.cells["people"], int) and 0 < row.cells["people"] < 5]
    assert few
    assert all(row.cells["load"].value is None for row in few)  # type: ignore[union-attr]
    assert all(isinstance(row.cells["cap"], Bullet) and row.cells["cap"].value is None for row in few)


def test_1_6_what_if_changes_the_plan_and_nothing_else(product: Product) -> None:
    before = product.services.planning.capacities.own(product.services.planning.place(), viewer(product, Role.ADMIN))
    plain, supposed = view(product, {}), view(product, INPUTS)
    assert table(plain, "checks").rows == ()
    checks = {row.key: row.cells["verdict"] for row in table(supposed, "checks").rows}
    assert set(checks) == {"interviewer hours", "screens by recruiters"}
    assert checks["screens by recruiters"] == "short"
    assert "20 hires in 20 weeks" in table(supposed, "needs").caption
    after = product.services.planning.capacities.own(product.services.planning.place(), viewer(product, Role.ADMIN))
    assert after == before
    assert table(view(product, {}), "teams") == table(supposed, "teams")


def test_1_6_the_interval_stands_beside_the_need_and_thin_rates_name_where_they_were_counted(product: Product) -> None:
    name = table(view(product, {}), "teams").rows[0].label
    page = view(product, INPUTS, department=(name,))
    for row in table(page, "needs").rows:
        bar = row.cells["bar"]
        assert isinstance(bar, Bullet)
        assert bar.low is not None
        assert bar.high is not None
        assert bar.low <= bar.high
    rates = table(page, "rates").rows
    assert rates
    for row in rates:
        assert ("pooled" in row.detail) is (name not in str(row.cells["where"]))
        assert isinstance(row.cells["n"], int)
    form = next(section.content for section in page.sections if isinstance(section.content, WhatIf))
    assert ("department", name) in form.kept
    assert {field.name: field.value for field in form.fields}["hires"] == "20"


def test_1_6_hana_plans_with_the_rates_of_her_part(product: Product) -> None:
    page = view(product, {}, Role.HRBP)
    assert "your part of the company" in table(page, "needs").caption or table(page, "needs").rows == ()
    regions = table(view(product, {"by": ["region"]}, Role.HRBP), "teams").rows
    assert [row.label for row in regions] == ["EMEA"]
