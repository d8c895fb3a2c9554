"""Interviews: lateness by the rule, waits and load of panels, in the shipped product."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbacks.pages.interviews import interviews_page
from services.domain.errors import ForbiddenError
from services.domain.metric import Estimator, Query, Row, Unit
from services.domain.people import Agreed, Role, Viewer
from services.domain.periods import parse_period
from services.domain.views import Filters, PageView, Table
from services.reporting.pages.interviews import PAGE_SIZE, TILES, rule_of, write_lede
from tests.http.product import Product
from tests.http.site import request_for

MAY = {Role.EXECUTIVE, Role.HIRING_MANAGER, Role.RECRUITER, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN}
NAMES = {Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN}


def viewer(product: Product, role: Role) -> Viewer:
    return product.services.accounts.viewer_by_email(product.emails[role])


def view(product: Product, role: Role = Role.EXECUTIVE, **filters: str) -> PageView:
    return interviews_page(product.services).view(Filters(**filters), viewer(product, role))  # type: ignore[arg-type]


def table(page: PageView, name: str) -> Table:
    found = next(section.content for section in page.sections if section.id == name)
    assert isinstance(found, Table)
    return found


def roles(late: int, of: int, *, breach: bool) -> Row:
    return Row(
        metric="roles_with_late_feedback",
        dims={},
        value=late / of,
        unit=Unit.RATE,
        n=of,
        numerator=late,
        denominator=of,
        estimator=Estimator.PLAIN_RATE,
        extra={"breach": int(breach)},
    )


@pytest.mark.parametrize("role", list(Role))
def test_7_2_names_of_interviewers_only_for_those_who_may_see_people(product: Product, role: Role) -> None:
    body = request_for(product.app, "page.children", {"url.pathname": "/interviews", "url.search": "?period=%00&x=1"})
    text = str(product.visit(role).fire(body).text)
    assert ("Lateness by department" in text) is (role in MAY)
    assert ("people are not ranked" in text) is (role in NAMES)
    assert product.visit(role).get("/interviews").status_code == (200 if role in MAY else 403)
    if role not in MAY:
        with pytest.raises(ForbiddenError):
            view(product, role)


def test_7_2_the_rule_is_the_metrics_own() -> None:
    assert rule_of(roles(4, 10, breach=True)) == "breach"
    assert rule_of(roles(3, 10, breach=False)) == "within"
    assert rule_of(roles(9, 9, breach=False)) == "too few roles"
    assert write_lede(roles(4, 10, breach=True)) == (
        "Feedback is late in 4 of 10 roles, more than the 30% the rule allows.",
        ("IV-01",),
    )
    assert write_lede(roles(3, 10, breach=False))[1] == ("IV-02",)
    assert write_lede(roles(9, 9, breach=False))[1] == ("IV-03",)


def test_7_2_every_figure_is_the_query_layers_own(product: Product) -> None:
    page = view(product)
    period = parse_period("12m", page.stamp.as_of.date()).period
    answer = product.services.query.ask(Query(TILES, period=period), viewer(product, Role.EXECUTIVE))
    for tile in page.tiles:
        row = answer.one(tile.metric_id)
        days = row.extra.get("business_days") if tile.metric_id == "feedback_turnaround" else row.value
        assert (tile.row.value, tile.row.n) == (days, row.n)
    rows = table(page, "lateness").rows
    assert rows
    assert sum(row.cells["forms"] for row in rows) == answer.one("feedback_turnaround").n  # type: ignore[misc]


def test_7_2_people_stand_in_alphabetical_order_and_below_20_only_with_counts(product: Product) -> None:
    rows = table(view(product), "interviewers").rows
    names = [row.label for row in rows]
    assert len(names) == PAGE_SIZE
    second = interviews_page(product.services).view(Filters(), viewer(product, Role.EXECUTIVE), 2)
    more = [row.label for row in table(second, "interviewers").rows]
    assert [*names, *more] == sorted({*names, *more}, key=str.casefold)
    for row in rows:
        for name in ("hours", "late"):
            figure = row.cells[name]
            assert isinstance(figure, Row)
            assert figure.value is None or figure.n >= 20


def test_x8_a_works_agreement_takes_the_names_away(product: Product) -> None:
    eva = viewer(product, Role.EXECUTIVE)
    countries = {str(one) for one in _countries(product)}
    limited = replace(eva, scope=replace(eva.scope, agreed=Agreed(countries=tuple(sorted(countries)))))
    page = interviews_page(product.services).view(Filters(), limited)
    assert table(page, "interviewers").rows == ()
    assert "No interviewer can be named" in table(page, "interviewers").empty


def _countries(product: Product) -> list[str | None]:
    query = Query(("open_requisitions", "open_seats"), ("country",))
    asked = product.services.query.ask(query, viewer(product, Role.EXECUTIVE)).rows
    more = product.services.query.ask(Query(("applications",), ("country",)), viewer(product, Role.EXECUTIVE)).rows
    return [row.dims["country"] for row in (*asked, *more)]
