"""People and access, calendars and works agreements in the shipped product: who may, what it does, what it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from services.domain.people import Role
from services.store.tables import AuditEvent, ChangeRow
from tests.http.product import Product
from tests.http.site import request_for

PATHS = ("/admin/people", "/admin/calendars", "/admin/agreements")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A company of its own: these deeds change who may sign in."""
    made = Product(tmp_path_factory.mktemp("administration"))
    yield made
    made.services.store.dispose()


def opened(product: Product, role: Role, path: str, search: str = "") -> str:
    body = request_for(product.app, "page.children", {"url.pathname": path, "url.search": search})
    return str(product.visit(role).fire(body).text)


def send(product: Product, who: Role, path: str, /, **body: Any) -> TestResponse:
    visitor = product.visit(who)
    return visitor.post(path, json=body, headers={"X-CSRFToken": visitor.token})


def last_event(product: Product) -> str:
    with product.services.store.read() as connection:
        return str(connection.scalar(sa.select(AuditEvent.action).order_by(AuditEvent.seq.desc()).limit(1)))


def references(product: Product) -> int:
    """Changes that only a full build answers."""
    counted = sa.select(sa.func.count()).where(ChangeRow.kind == "reference")
    with product.services.store.read() as connection:
        return int(connection.scalar(counted) or 0)


@pytest.mark.parametrize("path", PATHS)
def test_4_1_only_administrators_open_and_change_them(product: Product, path: str) -> None:
    assert f'"data-page":"{path.rpartition("/")[2]}"' in opened(product, Role.ADMIN, path)
    for role in (Role.EXECUTIVE, Role.RECRUITER, Role.HIRING_MANAGER):
        assert "You cannot open" in opened(product, role, path)
    deeds = ("/admin/people/new", "/admin/people/role", "/admin/people/1/deactivate", "/admin/calendars/new")
    for deed in (*deeds, "/admin/calendars/1/remove", "/admin/agreements/set"):
        assert send(product, Role.EXECUTIVE, deed).status_code == 403


def test_a_person_is_added_signs_in_and_is_deactivated(product: Product) -> None:
    sent = {"name": "Nora New", "email": "nora@northwind.example", "role": "executive", "department": "", "region": ""}
    answer = send(product, Role.ADMIN, "/admin/people/new", **sent)
    assert answer.status_code == 200, answer.text
    password = answer.json["keep"].rpartition(" ")[2]
    assert last_event(product) == "user.created"
    nora = product.visitor()
    assert nora.sign_in(sent["email"], password).status_code == 303
    page = opened(product, Role.ADMIN, "/admin/people", "?q=nora")
    number = re.search(r"/admin/people/(\d+)/deactivate", page.replace("\\u002f", "/"))
    assert number is not None
    assert nora.get("/views").status_code == 200
    assert send(product, Role.ADMIN, f"/admin/people/{number[1]}/deactivate").status_code == 200
    assert nora.get("/views", headers={"Accept": "application/json"}).status_code == 401
    assert send(product, Role.ADMIN, "/admin/people/new", **sent).status_code == 409


def test_nobody_locks_oneself_out(product: Product) -> None:
    ada = product.services.accounts.viewer_by_email(product.emails[Role.ADMIN]).user_id
    assert send(product, Role.ADMIN, f"/admin/people/{ada}/deactivate").status_code == 409
    taken = send(product, Role.ADMIN, "/admin/people/role", person=str(ada), role="recruiter", department="", region="")
    assert taken.status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [{"role": "owner"}, {"department": "999999"}, {"region": "MOON"}, {"name": ""}, {"email": "nobody"}, {"name": 7}],
)
def test_what_cannot_be_is_refused_in_words(product: Product, wrong: dict[str, Any]) -> None:
    sent = {"name": "X", "email": "x@northwind.example", "role": "recruiter", "department": "", "region": ""}
    assert send(product, Role.ADMIN, "/admin/people/new", **{**sent, **wrong}).status_code in {404, 422}


def test_a_company_day_asks_for_a_new_batch_and_stands_in_the_log(product: Product) -> None:
    before = references(product)
    assert send(product, Role.ADMIN, "/admin/calendars/new", on="2026-12-24", name="Eve", office="").status_code == 200
    assert last_event(product) == "calendar.day_added"
    assert references(product) == before + 1
    page = opened(product, Role.ADMIN, "/admin/calendars").replace("\\u002f", "/")
    assert "24 Dec 2026" in page
    assert send(product, Role.ADMIN, "/admin/calendars/new", on="2026-12-24", name="Eve", office="").status_code == 409
    assert send(product, Role.ADMIN, "/admin/calendars/new", on="soon", name="Eve", office="").status_code == 422
    numbers = re.findall(r"/admin/calendars/(\d+)/remove", page)
    for number in numbers:
        assert send(product, Role.ADMIN, f"/admin/calendars/{number}/remove").status_code == 200
    assert send(product, Role.ADMIN, f"/admin/calendars/{numbers[0]}/remove").status_code == 404


def test_x8_an_agreement_is_set_from_the_page_and_hides_people_within_seconds(product: Product) -> None:
    wrong = send(product, Role.ADMIN, "/admin/agreements/set", kind="country", place="ZZ", purpose="x", days="90")
    assert wrong.status_code == 404
    sent = {"kind": "country", "place": "DE", "purpose": "Planning", "days": "90", "in_force": True}
    assert send(product, Role.ADMIN, "/admin/agreements/set", **sent).status_code == 200
    page = opened(product, Role.ADMIN, "/admin/agreements")
    assert "Country DE" in page
    assert "In force" in page
    refused = opened(product, Role.HRBP, "/admin/agreements")
    assert '"data-post":"/admin/agreements/set"' not in refused.replace("\\u002f", "/")
    assert "Country DE" in refused
