"""What a figure's menu asks the server for, saved views and reported problems: with the asker's rights and no more."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.domain.filters import parse_filters, where
from services.domain.metric import Query
from services.domain.people import Role
from services.domain.periods import parse_period
from services.domain.wording import amount
from tests.http.product import Product


def send(product: Product, role: Role, path: str, body: Any) -> TestResponse:
    visitor = product.visit(role)
    return visitor.post(path, json=body, headers={"X-CSRFToken": visitor.token})


class TestFigures:
    def test_x2_the_parts_of_a_movement_are_told_in_words(self, product: Product) -> None:
        panel = product.visit(Role.EXECUTIVE).get("/metrics/applications/why").json
        assert panel is not None
        names = [row["cells"][0] for section in panel["sections"] for row in section["rows"]]
        assert {"Definition", "Data"} <= set(names)

    def test_x1_a_number_people_know_is_walked_to_ours(self, product: Product) -> None:
        panel = product.visit(Role.ADMIN).get("/metrics/offer_acceptance_rate/match").json
        assert panel is not None
        greenhouse = next(section for section in panel["sections"] if section["title"] == "Greenhouse")
        assert greenhouse["rows"][0]["cells"][0] == "Greenhouse shows"
        assert greenhouse["rows"][-1]["cells"][0] == "Hireboard shows"

    def test_5_3_page_api_and_export_say_the_same_number(self, product: Product) -> None:
        search = "?period=6m&department=Finance"
        text = product.visit(Role.ADMIN).get(f"/metrics/hires/export{search}").text
        lines = list(csv.DictReader(io.StringIO(text)))
        filters = parse_filters(search)
        viewer = product.services.accounts.viewer_by_email(product.emails[Role.ADMIN])
        as_of = product.services.mart.snapshot().as_of
        period = parse_period("6m", as_of.date()).period
        answer = product.services.query.ask(Query(("hires",), where=where(filters), period=period), viewer)
        assert float(lines[0]["value"]) == answer.one("hires").value
        assert all(line["filters"] == search and line["snapshot"] == answer.snapshot for line in lines)

    def test_the_rows_are_those_of_the_viewers_scope(self, product: Product) -> None:
        mine = product.visit(Role.HIRING_MANAGER).get("/metrics/applications/cases").json
        everybodys = product.visit(Role.ADMIN).get("/metrics/applications/cases").json
        assert mine is not None
        assert everybodys is not None
        own, all_ = ({row["cells"][0] for row in panel["sections"][0]["rows"]} for panel in (mine, everybodys))
        viewer = product.services.accounts.viewer_by_email(product.emails[Role.HIRING_MANAGER])
        asked = Query(("applications",), ("requisition",))
        reachable = {row.dims["requisition"] for row in product.services.query.ask(asked, viewer).rows}
        assert own <= reachable
        assert len(own) < len(all_)

    @pytest.mark.parametrize("part", ["why", "cases", "match", "export"])
    def test_no_access_and_nonsense_are_refused_in_words(self, product: Product, part: str) -> None:
        assert product.visit(None).get(f"/metrics/hires/{part}").status_code == 403
        assert product.visitor().get(f"/metrics/hires/{part}").status_code in {302, 303, 401}
        unknown = product.visit(Role.RECRUITER).get(f"/metrics/nonsense/{part}?period=%00&department=%27")
        assert unknown.status_code == 404
        gated = product.visit(Role.RECRUITER).get(f"/metrics/representation/{part}")
        assert (gated.status_code, gated.data) == (404, unknown.data)

    def test_a_cell_never_starts_a_formula(self, product: Product) -> None:
        from callbacks.pages.figures import _safe

        assert [_safe(text) for text in ("=1+1", "@x", "-2", "Sales")] == ["'=1+1", "'@x", "'-2", "Sales"]
        assert _safe(-2.0) == -2.0


class TestSavedViews:
    def test_5_3_a_shared_view_is_in_everybodys_list_and_only_its_owner_deletes_it(self, product: Product) -> None:
        body = {"name": "Sales, six months", "path": "/", "search": "?period=6m&department=Sales", "shared": True}
        kept = send(product, Role.EXECUTIVE, "/views/new", body)
        assert kept.status_code == 200
        seen = product.visit(Role.HRBP).get("/views").json
        assert seen is not None
        (view,) = [one for one in seen["views"] if one["name"] == body["name"]]
        assert (view["path"] + view["search"], view["is_own"]) == ("/?period=6m&department=Sales", False)
        assert send(product, Role.HRBP, f"/views/{view['id']}/delete", {}).status_code == 404
        assert send(product, Role.EXECUTIVE, "/views/new", body).status_code == 409
        assert send(product, Role.EXECUTIVE, f"/views/{view['id']}/delete", {}).status_code == 200
        assert "Sales, six months" not in product.visit(Role.HRBP).get("/views").text

    def test_a_view_of_ones_own_is_nobody_elses(self, product: Product) -> None:
        send(product, Role.EXECUTIVE, "/views/new", {"name": "Only mine", "path": "/", "search": ""})
        assert "Only mine" not in product.visit(Role.ADMIN).get("/views").text

    @pytest.mark.parametrize(
        "path", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "", None, "/a?b"]
    )
    def test_a_view_never_leads_elsewhere(self, product: Product, path: object) -> None:
        answer = send(product, Role.EXECUTIVE, "/views/new", {"name": "Out", "path": path, "search": ""})
        assert answer.status_code == 422

    def test_without_the_pages_token_nothing_is_kept(self, product: Product) -> None:
        answer = product.visit(Role.EXECUTIVE).post("/views/new", json={"name": "Forged", "path": "/", "search": ""})
        assert answer.status_code in {400, 403}
        assert "Forged" not in product.visit(Role.EXECUTIVE).get("/views").text


class TestProblems:
    def test_a_report_keeps_the_view_and_is_answered_once(self, product: Product) -> None:
        body = {"path": "/", "search": "?department=Sales", "shown": amount(12, "count"), "words": "Twice as high."}
        sent = send(product, Role.HIRING_MANAGER, "/metrics/hires/problem", body)
        assert sent.status_code == 200
        page = self.page(product, Role.ADMIN)
        assert "Twice as high." in page
        assert "department=Sales" in page.replace("\\u003d", "=")
        assert "Twice as high." not in self.page(product, Role.EXECUTIVE)
        refused = send(product, Role.HIRING_MANAGER, "/problems/1/answer", {"words": "It is right."})
        assert refused.status_code == 403
        assert send(product, Role.ADMIN, "/problems/1/answer", {"words": " "}).status_code == 422
        assert (
            send(product, Role.ADMIN, "/problems/1/answer", {"words": "A department was counted twice."}).status_code
            == 200
        )
        assert send(product, Role.ADMIN, "/problems/1/answer", {"words": "Again."}).status_code == 409
        assert "A department was counted twice." in self.page(product, Role.HIRING_MANAGER)

    def test_a_metric_one_may_not_see_cannot_be_reported(self, product: Product) -> None:
        body = {"path": "/", "search": "", "words": "What is it?"}
        assert send(product, Role.RECRUITER, "/metrics/representation/problem", body).status_code == 404

    @staticmethod
    def page(product: Product, role: Role) -> str:
        from tests.http.site import request_for

        body = request_for(product.app, "page.children", {"url.pathname": "/problems", "url.search": ""})
        return str(product.visit(role).fire(body).text)
