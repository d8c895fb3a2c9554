"""Product row 4.1 over HTTP: the same rights, versions and words for programs and for the page's callback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callbacks.pages import PAGES
from services.accounts.tokens import Tokens, TokenScope
from services.domain.requisition_edits import Field
from services.mart.reader import NotReadyError
from services.store import tables as t
from services.store.database import Store
from tests.http.site import Site, make_site, request_for
from tests.mart_scenes import Company

OWN, FOREIGN = 2, 1
EDITORS = {"rita", "hana"}
READERS = {"eva", "max", "ron", "ada"}
NOBODY = {"dee", "cleo", "otto"}
EDIT = "..requisition-body.children...requisition-said.children.."


class Scene:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.tokens = Tokens(site.store, site.people.accounts.caller, site.people.audit)

    def ask(self, name: str, method: str, requisition: Any = OWN, body: Any = None, scope: str = "") -> Any:
        scopes = [TokenScope(scope or "requisitions:edit")]
        token, _ = self.tokens.create(self.site.people.email(name), "tests", scopes, actor="tests")
        client = self.site.server.test_client(use_cookies=False)
        path, headers = f"/api/v1/requisitions/{requisition}", {"Authorization": f"Bearer {token}"}
        return client.open(path, method=method, headers=headers, json=body, base_url=self.site.settings.base_url)

    def edits(self) -> int:
        with self.site.store.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(t.RequisitionOverlay)) or 0)

    def press(self, name: str, what: str, typed: dict[str, Any], versions: dict[str, int], path: str) -> Any:
        """A button of the page, as Dash's scripts send it."""
        app = self.site.server.extensions["hireboard"].app
        body = request_for(app, EDIT)

        def many(kind: str, prop: str, values: dict[str, Any]) -> list[dict[str, Any]]:
            return [
                {"id": {"type": kind, "index": key}, "property": prop, "value": value} for key, value in values.items()
            ]

        body["inputs"] = [many("requisition-do", "n_clicks", {what: 1})]
        states = [many("requisition-typed", "value", typed)]
        states.append([{**one, "property": "id", "value": one["id"]} for one in states[0]])
        states.append(many("requisition-version", "data", versions))
        states.append([{**one, "property": "id", "value": one["id"]} for one in states[2]])
        body["state"] = [*states, {"id": "url", "property": "pathname", "value": path}]
        body["changedPropIds"] = [
            json.dumps({"index": what, "type": "requisition-do"}, separators=(",", ":")) + ".n_clicks"
        ]
        return self.site.visit(name).fire(body)


@pytest.fixture
def scene(migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    store = Store(migrated_sqlite_url)
    company = Company(store)
    with company.writing():
        company.standing_company()
        company.set(t.Requisition, OWN, office_id=1, target_on=date(2026, 5, 1))
        company.set(t.Requisition, FOREIGN, office_id=2, recruiter_id=4, hiring_manager_id=4)
    monkeypatch.setattr("tests.http.site.make_people", _people)
    monkeypatch.setattr("tests.http.site.Mart.hold", _no_snapshot, raising=False)
    yield Scene(make_site(store, tmp_path, PAGES))
    store.dispose()


def _no_snapshot(_mart: Any) -> Any:
    raise NotReadyError("There is no snapshot of the data yet.")


def _people(store: Store, **options: Any) -> Any:
    from tests.people import make_people

    return make_people(store, person_ids={"rita": 1, "max": 3}, **options)


def one_field(value: str, version: int = 0, name: str = "target_on") -> dict[str, Any]:
    return {"reason": "agreed", "fields": {name: {"value": value, "version": version}}}


def test_4_1_a_program_may_do_what_its_owner_may(scene: Scene) -> None:
    for name in sorted(READERS | NOBODY):
        read, changed = scene.ask(name, "GET"), scene.ask(name, "PATCH", body=one_field("2026-06-30"))
        assert (read.status_code, changed.status_code) == (200 if name in READERS else 403, 403), name
        assert scene.edits() == 0
    for version, (name, value) in enumerate((("hana", "2026-06-30"), ("rita", "2026-07-31"))):
        changed = scene.ask(name, "PATCH", body=one_field(value, version))
        assert changed.status_code == 200, changed.text
        field = changed.json["fields"]["target_on"]
        assert (field["value"], field["source"], field["version"]) == (value, "2026-05-01", version + 1)


def test_4_1_a_token_for_figures_changes_nothing(scene: Scene) -> None:
    assert scene.ask("hana", "PATCH", body=one_field("2026-06-30"), scope="metrics:read").status_code == 403
    assert scene.edits() == 0


def test_4_1_what_is_out_of_scope_answers_as_what_is_not_there(scene: Scene) -> None:
    answers = [
        scene.ask("hana", method, number, None if method == "GET" else one_field("2026-06-30"))
        for method in ("GET", "PATCH")
        for number in (FOREIGN, 999_999, "9" * 18, "9" * 40, "x")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json["detail"] for answer in answers}) == 1


def test_4_1_a_conflict_is_409_with_both_values(scene: Scene) -> None:
    scene.ask("hana", "PATCH", body=one_field("2026-06-30"))
    answer = scene.ask("rita", "PATCH", body=one_field("2026-07-31"))
    assert answer.status_code == 409
    assert [day in answer.json["detail"] for day in ("30 Jun 2026", "31 Jul 2026")] == [True, True]


HOSTILE: tuple[Any, ...] = (
    None,
    [],
    {},
    {"reason": "x"},
    {"reason": "x", "fields": {}},
    {"reason": "x", "fields": {"title": {"value": "x", "version": 0}}},
    {"reason": "x", "fields": {"target_on": "2026-06-30"}},
    {"reason": "x", "fields": {"target_on": {"value": {"$gt": ""}, "version": 0}}},
    {"reason": "x", "fields": {"target_on": {"value": "2026-06-30", "version": "0"}}},
    {"reason": "", "fields": {"target_on": {"value": "2026-06-30", "version": 0}}},
    {"reason": "x", "fields": {"target_on": {"value": "2026-06-30", "version": 0}}, "source_system": "mine"},
    {"reason": "x", "pause": {"kind": "delete"}},
    {"reason": "x", "pause": {"kind": "hold", "from": "9999-99-99"}},
    {"reason": "x", "pause": {"kind": "hold", "from": "2026-06-01T00:00:00"}},
    {"reason": "x", "pause": {"kind": "hold"}},
    {"reason": "x", "resume": {"id": 10**30, "version": 1}},
)


def test_4_1_what_cannot_be_read_is_400_and_writes_nothing(scene: Scene) -> None:
    for body in HOSTILE:
        answer = scene.ask("hana", "PATCH", body=body)
        assert answer.status_code == 400, (body, answer.text)
        assert scene.edits() == 0


def test_4_1_the_pages_callback_refuses_a_reader_with_403(scene: Scene) -> None:
    typed = {"target_on": "2026-06-30", "reason": "agreed"}
    for name in sorted(READERS | NOBODY):
        answer = scene.press(name, "save", typed, {"target_on": 0}, f"/requisitions/{OWN}")
        assert answer.status_code == 403, name
        assert scene.edits() == 0


def test_4_1_the_pages_callback_writes_through_the_same_service(scene: Scene) -> None:
    scene.ask("hana", "PATCH", body=one_field("2026-06-30"))
    typed = {"target_on": "2026-07-31", "urgency": "high", "reason": "agreed"}
    conflict = scene.press("rita", "save", typed, {"target_on": 0, "urgency": 0}, f"/requisitions/{OWN}")
    assert conflict.status_code == 200
    assert set(conflict.json["response"]) == {"requisition-said"}  # the form, and what was typed in it, stays as it is
    assert [day in conflict.text for day in ("30 Jun 2026", "31 Jul 2026")] == [True, True]
    typed_again = {"target_on": "2026-07-31", "urgency": "high", "reason": "agreed"}
    versions = {"target_on": 0, "urgency": 0, "target_on!": 1}
    saved = scene.press("rita", "save", typed_again, versions, f"/requisitions/{OWN}")
    assert saved.status_code == 200
    assert "Saved" in saved.text
    assert scene.edits() == 2


def test_4_1_the_page_of_another_region_is_the_page_of_no_requisition(scene: Scene) -> None:
    app = scene.site.server.extensions["hireboard"].app

    def page(number: object) -> Any:
        body = request_for(app, "page.children", {"url.pathname": f"/requisitions/{number}", "url.search": ""})
        return scene.site.visit("hana").fire(body)

    foreign, unknown = page(FOREIGN), page(999_999)
    assert foreign.status_code == unknown.status_code == 200
    assert foreign.text == unknown.text
    assert "No requisition here" in foreign.text


def test_4_1_a_reader_sees_no_control(scene: Scene) -> None:
    app = scene.site.server.extensions["hireboard"].app
    body = request_for(app, "page.children", {"url.pathname": f"/requisitions/{OWN}", "url.search": ""})
    assert "requisition-do" in scene.site.visit("rita").fire(body).text
    for name in ("eva", "max", "ron", "ada"):
        answer = scene.site.visit(name).fire(body)
        assert "The source says" in answer.text
        assert "requisition-do" not in answer.text, name


def test_4_1_every_field_is_in_the_description(scene: Scene) -> None:
    client = scene.site.server.test_client(use_cookies=False)
    document = client.get("/api/v1/openapi.json", base_url=scene.site.settings.base_url).json
    assert document is not None
    change = document["components"]["schemas"]["RequisitionChange"]["properties"]["fields"]
    assert set(change["properties"]) == set(Field)
    assert "patch" in document["paths"]["/api/v1/requisitions/{requisition_id}"]
