"""6: deny by default. Every route and callback has a policy; the gate and the wrapper each hold without the other."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from dash import Input, Output, html
from flask import g

from callbacks.pages import PAGES as PRODUCT_PAGES
from callbacks.registry import GuardedDash, PageSpec, PageTable, RouteSpec
from dashapp.commands.authz import full_matrix
from dashapp.factory import create_server
from dashapp.security import BUILT_IN_ROUTES, PAGE_RULES
from services.access.policy import Action, Policy
from services.domain.errors import ConfigurationError, ForbiddenError, NotSignedInError
from services.store.database import Store
from tests.http.site import CALLBACK, CALLS, PAGES, Site, Visitor, make_site, request_for
from tests.people import NAMES, ROLES

NUMBERS = "..numbers.children...stamp.children.."
PAGE = "page.children"
MAIL = "mail.children"
BROWSER_ONLY = "theme.data"


def app_of(site: Site) -> GuardedDash:
    app = site.server.extensions["hireboard"].app
    assert isinstance(app, GuardedDash)
    return app


def plain(text: str) -> str:
    """Dash writes slashes as escapes."""
    return text.replace("\\u002f", "/")


@pytest.fixture(scope="module")
def visitors(site: Site) -> dict[str, Visitor]:
    return {name: site.visit(name) for name in NAMES}


# --- nothing without a policy ----------------------------------------------------------------------------------------


def test_every_route_and_callback_has_a_policy(site: Site) -> None:
    gate = site.server.extensions["hireboard"]
    for rule in site.server.url_map.iter_rules():
        assert rule.rule in gate.routes or rule.rule in PAGE_RULES, rule
    app = app_of(site)
    assert {entry["output"] for entry in app._callback_list} == set(app.policies)
    assert set(app.callback_map) <= set(app.policies)


def test_every_page_of_the_product_names_an_action_a_role_holds() -> None:
    held = {rule.action for rule in Policy().rules}
    for page in PRODUCT_PAGES:
        assert page.action in held, page.path
        for route in page.routes:
            assert route.action in held, route.rule


def test_a_server_with_a_route_without_a_policy_is_not_built(own_site: Site) -> None:
    gate = own_site.server.extensions["hireboard"]
    del gate.routes["/login"]
    with pytest.raises(RuntimeError, match=r"routes without a policy: \['/login'\]"):
        gate.check_complete(own_site.server)


@pytest.mark.parametrize("requires", [None, "overview.view", Action.PUBLIC])
def test_a_callback_without_a_policy_is_not_registered(own_site: Site, requires: Any) -> None:
    app = app_of(own_site)
    with pytest.raises(TypeError):
        app.callback(Output("x", "children"), Input("y", "value"), requires=requires)
    with pytest.raises(TypeError):
        app.clientside_callback("function(x) {return x}", Output("x", "y"), Input("y", "value"), requires=requires)


@pytest.mark.parametrize("bypass", ["api_endpoint", "websocket", "background"])
def test_callbacks_that_bypass_the_gate_are_not_registered(own_site: Site, bypass: str) -> None:
    settings: dict[str, Any] = {bypass: "/x"}
    with pytest.raises(TypeError, match="bypass the gate"):
        app_of(own_site).callback(
            Output("x", "children"), Input("y", "value"), requires=Action.OVERVIEW_VIEW, **settings
        )


def test_a_callback_registered_past_the_application_stops_the_start(own_site: Site) -> None:
    app = app_of(own_site)
    app._callback_list.append({"output": "stray.children"})
    with pytest.raises(RuntimeError, match=r"callbacks without a policy: \['stray.children'\]"):
        app.finalize()


def test_one_rule_cannot_have_two_policies(own_site: Site) -> None:
    gate = own_site.server.extensions["hireboard"]
    with pytest.raises(RuntimeError, match="it can have one policy"):
        gate.add(RouteSpec("/healthz", Action.ADMIN_ACCESS, lambda _request: ""))


def test_the_switch_that_opens_an_address_past_the_policy_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, own_site: Site
) -> None:
    monkeypatch.setenv("DASH_MCP_ENABLED", "true")
    with pytest.raises(ConfigurationError, match="DASH_MCP_ENABLED"):
        create_server(own_site.settings, own_site.server.extensions["hireboard.services"], PAGES)


# --- nobody is signed in ---------------------------------------------------------------------------------------------

PUBLIC = {rule for rule, action in BUILT_IN_ROUTES.items() if action is Action.PUBLIC}
EXAMPLES = {
    "/assets/<path:filename>": "/assets/favicon.svg",
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": (
        "/_dash-component-suites/dash/html/dash_html_components.min.js"
    ),
    "/reports/<number>/pdf": "/reports/5/pdf",
    "/<path:path>": "/reports",
}


def test_a20_without_a_session_only_the_public_addresses_answer(site: Site) -> None:
    visitor = site.visitor()
    for rule in site.server.url_map.iter_rules():
        path = EXAMPLES.get(rule.rule, rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            with visitor.request(method, path) as answer:
                if rule.rule in PUBLIC:
                    assert answer.status_code != 401, rule
                elif answer.status_code == 302:
                    assert method in {"GET", "HEAD"}
                    assert answer.headers["Location"].startswith("/login")
                else:
                    assert answer.status_code == 401, (rule, method)
                assert b"numbers of" not in answer.data


@pytest.mark.parametrize("path", ["/_mcp", "/_dash-layout", "/_dash-dependencies", "/_reload-hash", "/api/nothing"])
def test_a20_programs_without_a_session_get_401(site: Site, path: str) -> None:
    answer = site.visitor().get(path)
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"]["status"] == 401


@pytest.mark.parametrize("path", ["/", "/reports", "/admin/mail", "/no-such-page"])
def test_pages_without_a_session_lead_to_the_form_whether_or_not_they_exist(site: Site, path: str) -> None:
    answer = site.visitor().get(path + "?department=Sales&period=12m")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/login?next={path}?department=Sales%26period=12m"


def test_callbacks_without_a_session_get_401(site: Site) -> None:
    for output in app_of(site).policies:
        body = {"output": output, "inputs": [], "changedPropIds": []}
        assert site.visitor().fire(body).status_code == 401


# --- every person on every page, route and callback ------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a15_the_observed_matrix_is_the_dumped_one(site: Site, visitors: dict[str, Visitor], name: str) -> None:
    matrix = full_matrix(site.server)
    role = ROLES.get(name)
    for entry in matrix["pages"]:
        path = entry["path"].replace("<number>", "5")
        expected = 200 if role in entry["roles"] else 403
        assert visitors[name].get(path).status_code == expected, (name, path)
    for entry in matrix["routes"]:
        if entry["action"] == "public" or entry["rule"] == CALLBACK:
            continue
        path = EXAMPLES.get(entry["rule"], entry["rule"])
        if entry["token_scope"] is not None:  # a session counts for nothing there: test_a12_api.py
            assert visitors[name].get(path).status_code == 401
            continue
        for method in entry["methods"]:
            answer = visitors[name].request(method, path, headers={"X-CSRFToken": visitors[name].token})
            allowed = role in entry["roles"]
            assert (answer.status_code < 400) == allowed, (name, method, path)
            assert allowed or answer.status_code == 403
    for entry in matrix["callbacks"]:
        if entry["in_browser"]:
            continue
        answer = visitors[name].fire(request_for(app_of(site), entry["output"]))
        assert answer.status_code == (200 if role in entry["roles"] else 403), (name, entry["output"])


def test_the_dump_names_every_route_page_and_callback(site: Site) -> None:
    matrix = full_matrix(site.server)
    rules = {rule.rule for rule in site.server.url_map.iter_rules()} - PAGE_RULES
    assert {entry["rule"] for entry in matrix["routes"]} == rules
    assert [entry["path"] for entry in matrix["pages"]] == [page.path for page in PAGES]
    assert {entry["output"] for entry in matrix["callbacks"]} == {NUMBERS, PAGE, MAIL, BROWSER_ONLY}


def test_a16_a_refused_callback_does_not_run(site: Site, visitors: dict[str, Visitor]) -> None:
    CALLS.clear()
    for name in set(NAMES) - {"ada"}:
        answer = visitors[name].fire(request_for(app_of(site), MAIL))
        assert answer.status_code == 403
        assert "the mails" not in answer.text
    assert CALLS == []
    assert visitors["ada"].fire(request_for(app_of(site), MAIL)).status_code == 200
    assert CALLS == ["mail"]


def test_the_wrapper_refuses_when_the_gate_is_open(site: Site, visitors: dict[str, Visitor]) -> None:
    """The gate's answer is taken away: the policy around the function still holds."""
    gate = site.server.extensions["hireboard"]
    hooks = site.server.before_request_funcs[None]
    position = hooks.index(gate.admit)

    def open_gate() -> None:
        from flask import session

        g.viewer = getattr(session, "viewer", None)

    hooks[position] = open_gate
    try:
        CALLS.clear()
        body = request_for(app_of(site), MAIL)
        assert visitors["eva"].fire(body).status_code == 403
        assert site.visitor().fire(body).status_code == 401
        assert CALLS == []
        assert visitors["ada"].fire(body).status_code == 200
        assert visitors["eva"].get("/reports/5/pdf").status_code == 200
        refused = visitors["eva"].request("POST", "/reports/run")
        assert refused.status_code == 403
    finally:
        hooks[position] = gate.admit


def test_the_gate_refuses_when_the_wrapper_is_open(site: Site, visitors: dict[str, Visitor]) -> None:
    """The wrapper's policy grants everything: the gate alone refuses, before Dash is reached."""
    app = app_of(site)
    asked: list[Action] = []

    class Open(Policy):
        def require(self, viewer: Any, action: Action, resource: Any = None) -> None:
            asked.append(action)

    app.policy, real = Open(), app.policy
    try:
        CALLS.clear()
        assert visitors["eva"].fire(request_for(app, MAIL)).status_code == 403
        assert asked == []
        assert CALLS == []
        assert visitors["ada"].fire(request_for(app, MAIL)).status_code == 200
        assert asked == [Action.MAILBOX_VIEW]
    finally:
        app.policy = real


def test_the_wrapper_by_itself(site: Site) -> None:
    app = app_of(site)
    ran: list[int] = []
    guarded = app.guard(lambda: ran.append(1), Action.MAILBOX_VIEW)
    with site.server.test_request_context("/"):
        with pytest.raises(NotSignedInError):
            guarded()
        g.viewer = site.people.viewer("eva")
        with pytest.raises(ForbiddenError):
            guarded()
        g.viewer = site.people.viewer("ada")
        guarded()
    assert ran == [1]
    with pytest.raises(NotSignedInError):
        guarded()


# --- what is told about what one may not use ---


def test_layout_and_dependencies_name_only_what_the_viewer_may_open(visitors: dict[str, Visitor]) -> None:
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        text = plain(visitors["eva"].get(path).text)
        assert "/admin/mail" not in text, path
        assert MAIL not in text, path
        assert "Audit log" not in text, path
    told = visitors["ada"].get("/_dash-dependencies").json
    assert told is not None
    assert {entry["output"] for entry in told} == {NUMBERS, PAGE, MAIL, BROWSER_ONLY}
    assert "/admin/mail" in plain(visitors["ada"].get("/_dash-layout").text)
    assert visitors["otto"].get("/_dash-dependencies").status_code == 403


def test_the_router_answers_a_forbidden_page_like_the_gate(site: Site, visitors: dict[str, Visitor]) -> None:
    body = request_for(app_of(site), PAGE, {"url.pathname": "/admin/mail"})
    text = visitors["eva"].fire(body).text
    assert "mail for" not in text
    assert "Your role does not include this page" in text
    assert "mail for Ada Admin" in visitors["ada"].fire(body).text


@pytest.mark.parametrize(
    "path", [None, 7, [], {}, "", "reports", "//evil", "/../etc/passwd", "/reports/1/2/3", "/%00", "x" * 10_000]
)
def test_the_router_takes_any_value_for_a_path(site: Site, visitors: dict[str, Visitor], path: object) -> None:
    answer = visitors["ada"].fire(request_for(app_of(site), PAGE, {"url.pathname": path}))
    assert answer.status_code == 200
    assert "No page has this address" in answer.text


def test_pages_answer_with_real_status_codes_and_words(visitors: dict[str, Visitor]) -> None:
    eva = visitors["eva"]
    forbidden, missing = eva.get("/admin/mail"), eva.get("/no-such-page")
    assert (forbidden.status_code, missing.status_code) == (403, 404)
    assert "Your role does not include this" in forbidden.text
    assert "No page has this address" in missing.text
    assert eva.get("/reports/").status_code == 200
    assert eva.get("/reports/0/pdf").status_code == 404
    assert eva.get("/reports/1/pdf").status_code == 403
    away = eva.get("/reports/2/pdf")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert eva.get("/reports/7/pdf").text == "report 7 for Eva Executive"


def test_somebody_without_a_role_is_told_so_and_can_sign_out(site: Site) -> None:
    otto = site.visit("otto")
    page = otto.get("/")
    assert page.status_code == 403
    assert 'action="/logout"' in page.text
    assert otto.post("/logout", headers={"X-CSRFToken": otto.token}).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/dash/deps/nothing.js",
        "/_dash-component-suites/os/path.py",
        "/_dash-component-suites/dash/../dash/version.py",
        "/assets/nothing.js",
        "/assets/../pyproject.toml",
        "/assets/..%2f..%2fpyproject.toml",
        "/assets/%00",
    ],
)
def test_unknown_files_are_missing_not_errors(site: Site, path: str) -> None:
    assert site.visitor().get(path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_other_methods_are_refused(visitors: dict[str, Visitor], method: str) -> None:
    eva = visitors["eva"]
    assert eva.request(method, "/reports", headers={"X-CSRFToken": eva.token}).status_code == 405


def test_two_servers_in_one_process_do_not_disturb_each_other(site: Site, own_site: Site) -> None:
    assert own_site.visit("eva").get("/_dash-layout").status_code == 200
    assert site.visit("eva").get("/_dash-layout").status_code == 200
    first, second = app_of(site), app_of(own_site)
    assert first is not second
    assert set(first.policies) == set(second.policies)


def test_a_page_table_finds_pages_by_path() -> None:
    table = PageTable(PAGES)
    found = table.match("/reports/abc")
    assert found is not None
    assert (found[0].title, found[1]) == ("Report", {"number": "abc"})
    assert table.match("/reports/a/b") is None
    ada_sees = [item.path for item in table.navigation(Policy(), None)]
    assert ada_sees == []


def test_a_rule_without_a_policy_is_refused_even_if_it_got_in(own_site: Site) -> None:
    """The start check is one lock, the gate another."""
    gate = own_site.server.extensions["hireboard"]
    eva = own_site.visit("eva")
    del gate.routes["/reports/<number>/pdf"]
    answer = eva.get("/reports/5/pdf")
    assert answer.status_code == 403
    assert "no policy" in answer.text


def test_nav_items_come_from_pages_the_role_may_open(site: Site) -> None:
    table = PageTable(PAGES)
    shown = {name: {item.path for item in table.navigation(Policy(), site.people.viewer(name))} for name in NAMES}
    assert shown["eva"] == {"/", "/reports"}
    assert shown["cleo"] == {"/", "/reports", "/admin/audit"}
    assert shown["ada"] == {"/", "/reports", "/admin/mail", "/admin/audit"}
    assert shown["otto"] == set()


def test_a_page_is_a_line(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """A new page appears in side bar, gate and router by its entry alone."""
    page = PageSpec(
        "/learn", "Learn", Action.OVERVIEW_VIEW, "help", "Trust", lambda request: html.P(request.viewer.name)
    )
    store = Store(migrated_sqlite_url)
    site = make_site(store, tmp_path, (*PAGES, page))
    eva = site.visit("eva")
    assert eva.get("/learn").status_code == 200
    assert "/learn" in plain(eva.get("/_dash-layout").text)
    body = request_for(app_of(site), PAGE, {"url.pathname": "/learn"})
    assert "Eva Executive" in eva.fire(body).text
    store.dispose()


def test_forged_ids_and_shapes_are_refused_for_every_person(site: Site, visitors: dict[str, Visitor]) -> None:
    app = app_of(site)
    for output, name in itertools.product(app.server_outputs, sorted(NAMES)):
        good = request_for(app, output)
        allowed = site.people.policy.can(site.people.viewer(name), app.policies[output])
        for forged in _forgeries(good):
            status = visitors[name].fire(forged).status_code
            known = forged.get("output") == output
            expected = (400 if known else 404) if allowed or not known else 403
            if name == "otto":
                expected = 403
            assert status == expected, (name, forged)


def _forgeries(good: dict[str, Any]) -> list[dict[str, Any]]:
    other = {"id": "comp-out", "property": "children"}
    inputs = good["inputs"]
    first = inputs[0]
    swapped_id = [{**first, "id": "other"} if isinstance(first, dict) else [other], *inputs[1:]]
    swapped_property = [{**first, "property": "style"} if isinstance(first, dict) else 7, *inputs[1:]]
    return [
        {**good, "output": "theme.data"},
        {**good, "output": "nope.children"},
        {**good, "output": ["page.children"]},
        {**good, "output": {}},
        {**good, "output": None},
        {**good, "outputs": other},
        {**good, "outputs": [other, other, other]},
        {**good, "outputs": None},
        {**good, "inputs": []},
        {**good, "inputs": "x"},
        {**good, "inputs": [*inputs, other]},
        {**good, "inputs": swapped_id},
        {**good, "inputs": swapped_property},
        {**good, "inputs": [None] * len(inputs)},
        {**good, "state": [other, other]},
        {**good, "state": {"id": "x"}},
        {**good, "changedPropIds": "url.search"},
        {**good, "changedPropIds": [{"a": 1}]},
    ]


def test_a18_pattern_ids_must_have_the_registered_form(site: Site, visitors: dict[str, Visitor]) -> None:
    app, ada = app_of(site), visitors["ada"]
    good = request_for(app, MAIL)

    def with_ids(*ids: object) -> dict[str, Any]:
        return {**good, "inputs": [[{"id": one, "property": "n_clicks", "value": 1} for one in ids]]}

    assert ada.fire(with_ids({"type": "open", "index": 5})).status_code == 200
    assert ada.fire(with_ids({"type": "close", "index": 5})).status_code == 400
    assert ada.fire(with_ids({"type": "open"})).status_code == 400
    assert ada.fire(with_ids({"type": "open", "index": 1, "more": 2})).status_code == 400
    assert ada.fire(with_ids("open")).status_code == 400


def test_a19_the_answer_follows_the_viewer_not_the_request(site: Site, visitors: dict[str, Visitor]) -> None:
    body = request_for(app_of(site), NUMBERS, {"url.search": "?recruiter=1&scope=everything"})
    body["viewer"] = {"roles": ["admin"]}
    assert "numbers of everything" in visitors["eva"].fire(body).text
    assert "numbers of ('EMEA',) None None" in visitors["hana"].fire(body).text
    rita = site.people.person_ids["rita"]
    assert f"numbers of () {rita} None" in visitors["rita"].fire(body).text
