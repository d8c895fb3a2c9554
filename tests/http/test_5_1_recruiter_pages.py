"""5.1 and X7: a recruiter's page and the list of recruiters in the shipped product."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from callbacks.pages import recruiters as wiring
from services.domain.errors import ForbiddenError, NotFoundError
from services.domain.judgement import Display, display_of
from services.domain.metric import Attribution, Period, Query
from services.domain.people import Agreed, Role, Viewer
from services.domain.periods import parse_period
from services.domain.team_views import Expected, Switch
from services.domain.views import Filters, PageView, Table
from services.metrics.attribution import PARTS
from services.reporting.pages.recruiter import HIRES, RecruiterPage
from services.reporting.pages.recruiters import RecruitersPage
from tests.http.product import Product
from tests.http.site import request_for

PAGE = "page.children"
SEES_OTHERS = {Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN}
EVERYTHING = Filters(period="12m")


def viewer(product: Product, role: Role) -> Viewer:
    return product.services.accounts.viewer_by_email(product.emails[role])


def opened(product: Product, role: Role, path: str, search: str = "") -> str:
    body = request_for(product.app, PAGE, {"url.pathname": path, "url.search": search})
    answer = product.visit(role).fire(body)
    assert answer.status_code == 200
    return str(answer.text)


@pytest.fixture(scope="module")
def one(product: Product) -> RecruiterPage:
    return wiring._recruiter(product.services)


@pytest.fixture(scope="module")
def everybody(product: Product) -> RecruitersPage:
    services = product.services
    return RecruitersPage(wiring._desk(services), services.policy, services.mart)


@pytest.fixture(scope="module")
def rita(product: Product) -> Viewer:
    return viewer(product, Role.RECRUITER)


def table(view: PageView, name: str) -> Table:
    found = next(section.content for section in view.sections if section.id == name)
    assert isinstance(found, Table)
    return found


def colleague(product: Product, everybody: RecruitersPage, rita: Viewer) -> str:
    rows = table(everybody.view(EVERYTHING, {}, viewer(product, Role.EXECUTIVE)), "recruiters").rows
    ids = [row.href.rpartition("/")[2] for row in rows if row.href]
    return next(found for found in ids if found != str(rita.person_id))


@pytest.mark.parametrize("path", ["/recruiters", "/recruiters/1"])
def test_5_1_otto_gets_no_page_of_people(product: Product, path: str) -> None:
    body = request_for(product.app, PAGE, {"url.pathname": path, "url.search": ""})
    assert product.visit(None).fire(body).status_code == 403
    assert product.visit(Role.COMPLIANCE).get(path).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_5_1_only_those_who_may_see_people_get_the_list(product: Product, role: Role) -> None:
    text = opened(product, role, "/recruiters")
    assert ("credits of all add up to" in text) is (role in SEES_OTHERS)
    if role not in {*SEES_OTHERS, Role.RECRUITER}:
        assert "Your role does not include this page" in text


def test_5_1_rita_is_led_to_her_own_page_and_to_nobody_elses(
    product: Product, one: RecruiterPage, everybody: RecruitersPage, rita: Viewer
) -> None:
    own = opened(product, Role.RECRUITER, "/recruiters")
    assert "Not in your hands" in own
    assert rita.name.split()[0] in own
    assert "Not in your hands" in opened(product, Role.RECRUITER, f"/recruiters/{rita.person_id}")
    other = colleague(product, everybody, rita)
    refused = opened(product, Role.RECRUITER, f"/recruiters/{other}")
    assert "Not in your hands" not in refused
    assert "you may not see them" in refused
    assert "you may not see them" in opened(product, Role.RECRUITER, "/recruiters/999999999")
    with pytest.raises(NotFoundError):
        one.view(other, EVERYTHING, Attribution.PRIMARY, rita)
    with pytest.raises(ForbiddenError, match=r"\(recruiters\.view\)"):
        everybody.view(EVERYTHING, {}, rita)


@pytest.mark.parametrize("key", ["", "x", "-1", "9" * 40, "1; drop table", "\x00", "٣"])
def test_5_1_a_hostile_id_is_nobody(one: RecruiterPage, product: Product, key: str) -> None:
    with pytest.raises(NotFoundError):
        one.view(key, EVERYTHING, Attribution.PRIMARY, viewer(product, Role.EXECUTIVE))


@pytest.mark.parametrize(
    "search",
    ["?attribution=x&order=y&page=-1", "?page=99999&order=load", "?attribution=split&attribution=split", "?page=%00"],
)
def test_5_1_a_hostile_address_is_no_error(product: Product, rita: Viewer, search: str) -> None:
    assert "credits of all add up to" in opened(product, Role.EXECUTIVE, "/recruiters", search)
    assert "Not in your hands" in opened(product, Role.EXECUTIVE, f"/recruiters/{rita.person_id}", search)


@pytest.mark.parametrize("model", list(Attribution))
def test_5_1_credits_add_up_to_the_hires_exactly(
    product: Product, one: RecruiterPage, everybody: RecruitersPage, rita: Viewer, model: Attribution
) -> None:
    eva = viewer(product, Role.EXECUTIVE)
    view = everybody.view(EVERYTHING, {"attribution": [model.value]}, eva)
    shown = sum(Fraction(str(row.cells["credit"])) for row in table(view, "recruiters").rows)
    period = _year(view)
    rows = product.services.query.ask(Query((HIRES,), ("recruiter",), period=period, attribution=model), eva).rows
    hires = product.services.query.ask(Query((HIRES,), period=period), eva).one(HIRES).value
    named = sum(Fraction(int(row.numerator or 0), PARTS) for row in rows if row.dims["recruiter"] is not None)
    assert sum(Fraction(int(row.numerator or 0), PARTS) for row in rows) == hires
    assert shown == round(named, 2)
    shared = {row.dims["recruiter"] for row in rows if int(row.numerator or 0) % PARTS}
    ids = [row.href.rpartition("/")[2] for row in table(view, "recruiters").rows if row.href and row.label in shared]
    for key in ids[:2] or [str(rita.person_id)]:
        *roles, total = table(one.view(key, EVERYTHING, model, eva), "credits").rows
        assert roles
        for row in (*roles, total):
            mine, others, whole = (Fraction(str(row.cells[name])) for name in ("mine", "others", "hires"))
            assert mine + others == whole
            assert mine > 0


def _year(view: PageView) -> Period:
    return parse_period("12m", view.stamp.as_of.date()).period


def test_5_1_the_list_is_in_alphabetical_order_and_has_no_results(product: Product, everybody: RecruitersPage) -> None:
    found = table(everybody.view(EVERYTHING, {}, viewer(product, Role.EXECUTIVE)), "recruiters")
    names = [row.label for row in found.rows]
    assert names == sorted(names, key=str.casefold)
    assert {column.id for column in found.columns} == {"roles", "seats", "credit"}
    by_load = table(everybody.view(EVERYTHING, {"order": ["load"]}, viewer(product, Role.EXECUTIVE)), "recruiters")
    seats = [row.cells["seats"] for row in by_load.rows]
    assert seats == sorted(seats, reverse=True)  # type: ignore[type-var]
    unknown = table(everybody.view(EVERYTHING, {"order": ["hires"]}, viewer(product, Role.EXECUTIVE)), "recruiters")
    assert [row.label for row in unknown.rows] == names


def test_5_1_of_somebody_else_below_20_cases_only_counts_are_shown(
    product: Product, one: RecruiterPage, rita: Viewer
) -> None:
    view = one.view(str(rita.person_id), EVERYTHING, Attribution.PRIMARY, viewer(product, Role.HRBP))
    few = [tile for tile in view.tiles if tile.metric_id != HIRES and tile.row.n < 20]
    assert few
    assert all(tile.row.value is None and tile.status is None for tile in few)
    assert all(display_of(tile.row) in {Display.COUNT_ONLY, Display.HIDDEN, Display.ABSENT} for tile in few)
    expected = next(section.content for section in view.sections if isinstance(section.content, Expected))
    assert all(row.ratio is None and row.why for row in expected.rows if row.label in {tile.title for tile in few})


def test_5_1_the_model_is_in_the_address_and_keeps_the_filters(one: RecruiterPage, rita: Viewer) -> None:
    view = one.view(str(rita.person_id), Filters(period="ytd"), Attribution.SPLIT, rita)
    switch = next(section.content for section in view.sections if isinstance(section.content, Switch))
    chosen = [choice for choice in switch.choices if choice.chosen]
    assert [choice.value for choice in chosen] == ["split"]
    assert chosen[0].href == f"/recruiters/{rita.person_id}?period=ytd&attribution=split"


def test_x7_waits_of_the_page_are_days_of_open_requisitions(one: RecruiterPage, rita: Viewer) -> None:
    view = one.view(str(rita.person_id), EVERYTHING, Attribution.PRIMARY, rita)
    waits = table(view, "waiting")
    whole = int(re.findall(r"Of ([\d,]+) requisition-days", waits.caption)[0].replace(",", ""))
    days = {row.key: row.cells["days"] for row in waits.rows}
    assert set(days) == {"manager", "feedback", "hold", "candidate"}
    assert all(isinstance(value, float) and 0 <= value <= whole for value in days.values())
    assert days["manager"] <= days["feedback"]  # type: ignore[operator]
    assert any(days.values())


def test_x8_a_works_agreement_leaves_the_page_to_the_person_herself(
    product: Product, one: RecruiterPage, everybody: RecruitersPage, rita: Viewer
) -> None:
    eva = viewer(product, Role.EXECUTIVE)
    countries = ("DE", "US", "FR", "GB", "ES", "PL", "NL", "IN", "SG", "BR", "IE", "CA", "JP", "AU", "MX")
    agreed = Agreed(countries=countries)
    limited = replace(eva, scope=replace(eva.scope, agreed=agreed))
    with pytest.raises(ForbiddenError, match="works agreement"):
        one.view(str(rita.person_id), EVERYTHING, Attribution.PRIMARY, limited)
    view = everybody.view(EVERYTHING, {}, limited)
    assert len(table(view, "recruiters").rows) < len(table(everybody.view(EVERYTHING, {}, eva), "recruiters").rows)
    assert "works agreement" in view.notes[-1].text
    own = replace(rita, scope=replace(rita.scope, agreed=replace(agreed, own_person_id=rita.person_id)))
    mine = one.view(str(rita.person_id), EVERYTHING, Attribution.PRIMARY, own)
    plain = one.view(str(rita.person_id), EVERYTHING, Attribution.PRIMARY, rita)
    assert table(mine, "waiting") == table(plain, "waiting")
    assert [tile.row for tile in mine.tiles] == [tile.row for tile in plain.tiles]
