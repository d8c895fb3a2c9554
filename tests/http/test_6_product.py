"""6: the shipped pages. Every route and callback has a policy; every callback is posted as every person."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dashapp.commands.authz import full_matrix
from dashapp.security import PAGE_RULES
from services.access.policy import Action
from services.domain.people import Role
from tests.http.product import Product
from tests.http.site import CALLBACK, request_for

pytestmark = pytest.mark.slow
EVERYBODY: tuple[Role | None, ...] = (*Role, None)
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**40,
    1.5,
    "",
    "?department=",
    "?period=../../etc/passwd",
    "?department=' OR 1=1 --&geography=%00&source=<script>",
    "?" + "department=x&" * 400,
    "?period=" + "9" * 5_000,
    "\ud800",
    [],
    ["?department=Sales"],
    {"a": {"b": [None]}},
    [[[[[[]]]]]],
)


def words(role: Role | None) -> str:
    return "nobody's role" if role is None else role.value


def test_every_route_and_callback_of_the_product_has_a_policy(product: Product) -> None:
    gate = product.server.extensions["hireboard"]
    for rule in product.server.url_map.iter_rules():
        assert isinstance(gate.routes.get(rule.rule), Action) or rule.rule in PAGE_RULES, rule
    outputs = {entry["output"] for entry in product.app._callback_list} | set(product.app.callback_map)
    assert len(outputs) >= 2
    for output in outputs:
        assert isinstance(product.app.policies.get(output), Action), output
        assert product.app.policies[output] is not Action.PUBLIC


@pytest.mark.parametrize("role", EVERYBODY, ids=words)
def test_a15_pages_answer_each_person_as_the_matrix_says(product: Product, role: Role | None) -> None:
    visitor = product.visit(role)
    for page in full_matrix(product.server)["pages"]:
        if "<" in page["path"]:
            continue
        expected = 200 if role in page["roles"] else 403
        assert visitor.get(page["path"]).status_code == expected, page


@pytest.mark.parametrize("role", EVERYBODY, ids=words)
def test_a16_each_callback_answers_each_person_as_the_matrix_says(product: Product, role: Role | None) -> None:
    visitor = product.visit(role)
    posted = 0
    for callback in full_matrix(product.server)["callbacks"]:
        if callback["in_browser"]:
            continue
        body = request_for(product.app, callback["output"], {"url.pathname": "/"})
        answer = visitor.fire(body)
        if role in callback["roles"]:
            assert answer.status_code in {200, 204, 404, 422}, (callback, answer.text[:300])
        else:
            assert answer.status_code == 403, callback
            assert "response" not in answer.text
        posted += 1
    assert posted >= 2


@pytest.mark.parametrize("role", EVERYBODY, ids=words)
def test_a57_forged_ids_values_and_shapes_get_no_data_and_no_error(product: Product, role: Role | None) -> None:
    visitor = product.visit(role)
    for output in sorted(product.app.server_outputs):
        good = request_for(product.app, output)
        for value in HOSTILE:
            body = json.loads(json.dumps(good))
            for part in body["inputs"] + body["state"]:
                if isinstance(part, dict):
                    part["value"] = value
            assert visitor.fire(body).status_code < 500, (output, value)
        for forged in (
            {**good, "inputs": good["inputs"][1:]},
            {**good, "inputs": [{"id": "salary", "property": "value", "value": 1}, *good["inputs"][1:]]},
            {**good, "outputs": {"id": "salary", "property": "children"}},
            {**good, "output": output + "x"},
        ):
            assert visitor.fire(forged).status_code in {400, 403, 404}, (output, forged)


def test_a20_nobody_gets_anything(product: Product) -> None:
    visitor = product.visitor()
    for output in product.app.policies:
        assert visitor.fire({"output": output, "inputs": [], "changedPropIds": []}).status_code == 401
    for rule in product.server.url_map.iter_rules():
        if "<" in rule.rule or product.server.extensions["hireboard"].routes.get(rule.rule) is Action.PUBLIC:
            continue
        for method in (rule.methods or set()) - {"OPTIONS"}:
            status = visitor.request(method, rule.rule).status_code
            assert status == 401 or (status == 302 and method in {"GET", "HEAD"}), rule


@pytest.mark.parametrize("role", EVERYBODY, ids=words)
def test_layout_and_dependencies_name_only_what_may_be_opened(product: Product, role: Role | None) -> None:
    visitor = product.visit(role)
    matrix = full_matrix(product.server)
    if role is None:
        assert visitor.get("/_dash-layout").status_code == 403
        return
    layout = visitor.get("/_dash-layout").text.replace("\\u002f", "/")
    told = {entry["output"] for entry in visitor.get("/_dash-dependencies").json or []}
    for page in matrix["pages"]:
        if role not in page["roles"]:
            # every frame holds the key "/" and the mark's link home
            assert page["path"] == "/" or f'"{page["path"]}"' not in layout
    assert told == {entry["output"] for entry in matrix["callbacks"] if role in entry["roles"]}


@pytest.mark.parametrize("role", EVERYBODY, ids=words)
def test_a21_a_thing_that_is_not_there_is_missing_or_forbidden(product: Product, role: Role | None) -> None:
    """Whatever stands where an id belongs: no error, no data, and the same answer for a role that may not look."""
    visitor = product.visit(role)
    matrix = full_matrix(product.server)
    entries = [(entry["rule"], entry["roles"]) for entry in matrix["routes"] if "GET" in entry["methods"]]
    entries += [(page["path"], page["roles"]) for page in matrix["pages"]]
    tried = 0
    for rule, roles in entries:
        if "<" not in rule or rule.startswith(("/assets", "/_", "/api/v1")):  # programs: test_a12_api.py
            continue
        for value in ("0", "1", "no-such-id", "..%2f..%2fetc%2fpasswd", "%00", "9" * 60, "a b'--"):
            status = visitor.get(re.sub(r"<[^>]+>", value, rule)).status_code
            is_page = rule in {page["path"] for page in matrix["pages"]}
            allowed = {404, 400, 422} | ({200} if is_page else set())
            assert status in (allowed if role in roles else {403, 404}), (rule, value, status)
            tried += 1
    assert tried > 0


def overview_output(product: Product) -> str:
    return next(
        output
        for output in product.app.server_outputs
        if product.app.policies[output] is Action.OVERVIEW_VIEW and "overview" in output
    )


def test_a17_a_value_from_outside_the_own_scope_changes_nothing(product: Product) -> None:
    """Hana's region is EMEA: asking for another one in the address gives what she may see, nothing else."""
    hana, eva = product.visit(Role.HRBP), product.visit(Role.EXECUTIVE)
    output = overview_output(product)

    def ask(visitor: Any, search: str) -> str:
        answer = visitor.fire(request_for(product.app, output, {"url.search": search}))
        assert answer.status_code == 200
        return str(answer.text)

    assert "AMER" in ask(eva, "")
    assert "AMER" not in ask(hana, "")
    assert "AMER" not in ask(hana, "?geography=AMER").replace("?geography=AMER", "")
    assert ask(hana, "?geography=AMER") == ask(hana, "")
    assert ask(eva, "?geography=AMER") != ask(eva, "")


def test_a29_answers_do_not_cross_between_people(product: Product) -> None:
    """Warm and cold, in both orders: the kept answer is the computed one."""
    gate = product.server.extensions["hireboard"]
    output = overview_output(product)
    roles = [Role.EXECUTIVE, Role.HRBP, Role.RECRUITER]
    searches = ["", "?geography=EMEA"]

    def ask(role: Role, search: str) -> Any:
        return product.visit(role).fire(request_for(product.app, output, {"url.search": search})).json

    responses, gate.responses = gate.responses, None
    expected = {(role, search): ask(role, search) for role in roles for search in searches}
    gate.responses = responses
    assert expected[Role.EXECUTIVE, ""] != expected[Role.HRBP, ""] != expected[Role.RECRUITER, ""]
    for order in (roles, roles[::-1]):
        for role in order:
            for search in searches:
                assert ask(role, search) == expected[role, search], (role, search)


def test_the_people_of_recruiters_appear_only_for_who_may_see_persons(product: Product) -> None:
    output = overview_output(product)
    seen = {role: "Recruiters" in product.visit(role).fire(request_for(product.app, output)).text for role in Role}
    allowed = {Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN}
    assert {role for role, is_there in seen.items() if is_there} == allowed


def test_callbacks_of_one_page_do_not_take_a_body_of_another(product: Product) -> None:
    ada = product.visit(Role.ADMIN)
    viewer = product.services.accounts.viewer_by_email(product.emails[Role.ADMIN])
    may = product.services.policy.can
    outputs = sorted(one for one in product.app.server_outputs if may(viewer, product.app.policies[one]))
    for first, second in zip(outputs, outputs[1:] + outputs[:1], strict=True):
        if first == second:
            continue
        body = {**request_for(product.app, second), "output": first}
        assert ada.post(CALLBACK, json=body, headers={"X-CSRFToken": ada.token}).status_code == 400
