"""A36, A41, A42, A54, A57: headers on every answer; whatever is sent, the answer is a refusal, never an error page."""

from __future__ import annotations

import json
import re
from typing import Any

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbacks.registry import GuardedDash
from callbacks.routing import parse_query
from dashapp.factory import create_server
from tests.http.site import CALLBACK, PAGES, Site, Visitor, request_for
from tests.people import NAMES

NUMBERS = "..numbers.children...stamp.children.."
MAIL = "mail.children"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def ada(site: Site) -> Visitor:
    return site.visit("ada")


def app_of(site: Site) -> GuardedDash:
    app = site.server.extensions["hireboard"].app
    assert isinstance(app, GuardedDash)
    return app


def is_quiet(answer: Any) -> bool:
    return not re.search(r"Traceback|File \"|\.py\b|Error:|sqlalchemy|secret detail", answer.text)


# --- callbacks ---


@pytest.mark.parametrize("key", ["inputs", "state", "outputs", "changedPropIds"])
@pytest.mark.parametrize("output", [NUMBERS, MAIL, "page.children"])
def test_a57_nothing_in_place_of_a_part_is_refused(site: Site, ada: Visitor, output: str, key: str) -> None:
    body = request_for(app_of(site), output) | {key: None}
    answer = ada.post(CALLBACK, data=json.dumps(body), headers=_json(ada))
    assert answer.status_code < 500
    assert is_quiet(answer)


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_a57_any_body_is_refused(site: Site, ada: Visitor, body: Any) -> None:
    del site
    answer = ada.post(CALLBACK, data=json.dumps(body), headers=_json(ada))
    assert 400 <= answer.status_code < 500
    assert is_quiet(answer)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    output=st.sampled_from([NUMBERS, MAIL, "page.children"]),
    key=st.sampled_from(["output", "outputs", "inputs", "state", "changedPropIds", "parsedChangedPropsIds"]),
    value=json_values,
    drop=st.booleans(),
)
def test_a57_a_known_callback_with_a_broken_part_is_refused(
    site: Site, ada: Visitor, output: str, key: str, value: Any, *, drop: bool
) -> None:
    body = request_for(app_of(site), output)
    if drop:
        body.pop(key, None)
    else:
        body[key] = value
    answer = ada.post(CALLBACK, data=json.dumps(body), headers=_json(ada))
    assert answer.status_code < 500
    assert is_quiet(answer)


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values, output=st.sampled_from([NUMBERS, "page.children"]))
def test_any_value_of_any_input_is_survived(site: Site, ada: Visitor, value: Any, output: str) -> None:
    body = request_for(app_of(site), output)
    for part in body["inputs"]:
        part["value"] = value
    assert ada.post(CALLBACK, data=json.dumps(body), headers=_json(ada)).status_code == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 200_000, 400),
        (b'{"a":' * 100_000, 400),
        (b"null", 400),
        (b"x" * (2 * 1024 * 1024 + 1), 413),
    ],
)
def test_a54_unreadable_and_oversized_bodies(ada: Visitor, data: bytes, status: int) -> None:
    answer = ada.post(CALLBACK, data=data, headers=_json(ada))
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"]["status"] == status


def test_a54_an_oversized_form_is_refused(site: Site) -> None:
    assert site.visitor().post("/login", data={"email": "x" * (3 * 1024 * 1024)}).status_code == 413


def test_callbacks_take_json_and_no_query(site: Site, ada: Visitor) -> None:
    good = request_for(app_of(site), MAIL)
    headers = {"X-CSRFToken": ada.token}
    assert ada.post(CALLBACK, data=json.dumps(good), headers=headers).status_code == 415
    assert ada.post(f"{CALLBACK}?cacheKey=x&job=1", json=good, headers=headers).status_code == 400


def test_an_unexpected_error_gives_a_reference_and_no_details(
    site: Site, ada: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ada.fire(request_for(app_of(site), MAIL, {"mail-search.value": "break"}))
    assert answer.status_code == 500
    assert answer.json is not None
    reference = answer.json["error"]["reference"]
    assert re.fullmatch(r"[0-9A-F]{8}", reference)
    assert is_quiet(answer)
    assert reference in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_input_that_cannot_be_used_is_422_in_words(site: Site, ada: Visitor) -> None:
    answer = ada.fire(request_for(app_of(site), MAIL, {"mail-search.value": "odd"}))
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["message"] == "Search for a word."


def test_programs_get_json_and_people_get_a_page(site: Site, ada: Visitor) -> None:
    page = ada.get("/nowhere", headers={"Accept": "text/html"})
    data = ada.get("/nowhere", headers={"Accept": "application/json"})
    assert page.mimetype == "text/html"
    assert (data.status_code, data.mimetype) == (404, "application/json")
    assert site.visitor().get("/reports", headers={"Accept": "application/json"}).status_code == 401


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("?period=12m&department=Sales&department=Ops", {"period": ["12m"], "department": ["Sales", "Ops"]}),
        ("", {}),
        (None, {}),
        (["?a=b"], {}),
        ("?" + "a=b&" * 600, {}),
        ("?" + "x" * 9_000, {}),
        ("?a", {"a": [""]}),
    ],
)
def test_queries_are_parsed_or_empty(search: object, expected: dict[str, list[str]]) -> None:
    assert parse_query(search) == expected


# --- headers ---


def test_a41_security_headers_on_every_answer(site: Site, ada: Visitor) -> None:
    paths = ["/", "/login", "/reports/1/pdf", "/nowhere", "/admin/mail", "/_dash-layout", "/healthz", "/api/version"]
    paths += ["/assets/favicon.svg", "/assets/none", "/_dash-component-suites/dash/none.js"]
    for path, who in [(path, who) for path in paths for who in (ada, site.visitor())]:
        with who.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            script = re.search(r"script-src ([^;]*)", policy)
            assert script is not None
            assert "unsafe" not in script.group(1)
            assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/=]+')+", script.group(1))
            for part in ("frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "form-action 'self'"):
                assert part in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "Strict-Transport-Security" not in answer.headers


def test_a41_the_index_holds_no_script_without_a_hash(site: Site, ada: Visitor) -> None:
    import base64
    import hashlib

    answer = ada.get("/")
    policy = answer.headers["Content-Security-Policy"]
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL):
        if "src=" in attributes:
            assert re.search(r'src="/', attributes), attributes
            continue
        if "application/json" in attributes:
            continue
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "https://" not in re.sub(r'"[a-z_]*url":"[^"]*"', "", answer.text)
    assert 'python_version":""' in answer.text


def test_a31_data_is_never_kept_by_browser_or_proxy(site: Site, ada: Visitor) -> None:
    answers = [ada.get(path) for path in ("/", "/_dash-layout", "/_dash-dependencies", "/reports/5/pdf", "/login")]
    answers.append(ada.fire(request_for(app_of(site), NUMBERS)))
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert "Cookie" in answer.headers["Vary"]


def test_static_files_are_kept_for_ever_when_their_address_names_their_content(ada: Visitor) -> None:
    index = ada.get("/").text
    found = re.findall(r'(?:src|href)="(/(?:assets|_dash-component-suites)/[^"]+)"', index)
    assert len(found) > 5
    for address in found:
        with ada.get(address, headers={"Accept-Encoding": "br"}) as answer:
            expected = "public, max-age=31536000, immutable"
            if address.startswith("/assets/") and "?m=" not in address:
                expected = "public, max-age=300"
            assert answer.headers["Cache-Control"] == expected, address
            plain = ada.get(address)
            if answer.headers.get("Content-Encoding") == "br":
                assert brotli.decompress(answer.data) == plain.data
                assert len(answer.data) < len(plain.data)
            else:
                assert len(plain.data) < 1024
            plain.close()


def test_first_load_is_at_most_900_kb(ada: Visitor) -> None:
    """Everything the start page names, as transferred."""
    accept = {"Accept-Encoding": "br"}
    page = ada.get("/", headers=accept)
    index = brotli.decompress(page.data).decode()
    total = len(page.data)
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', index):
        if address.startswith(("/assets/", "/_dash-component-suites/")):
            with ada.get(address, headers=accept) as answer:
                total += len(answer.data)
    for path in ("/_dash-layout", "/_dash-dependencies"):
        total += len(ada.get(path, headers=accept).data)
    assert total <= 900_000


# --- health and version ---


def test_the_version_answers_304_while_nothing_is_published(own_site: Site) -> None:
    eva = own_site.visit("eva")
    first = eva.get("/api/version")
    assert first.json == {"v": own_site.mart.snapshot().version, "snapshot": "s1", "live": "0"}
    assert first.headers["Cache-Control"] == "no-cache, private"
    tag = {"If-None-Match": first.headers["ETag"]}
    assert eva.get("/api/version", headers=tag).status_code == 304
    own_site.mart.id = "s2"
    changed = eva.get("/api/version", headers=tag)
    assert changed.status_code == 200
    assert changed.json is not None
    assert changed.json["snapshot"] == "s2"


def test_ready_says_what_is_away(own_site: Site) -> None:
    visitor = own_site.visitor()
    assert visitor.get("/healthz").json == {"status": "ok"}
    assert visitor.get("/readyz").json == {"status": "ready", "database": "ok", "snapshot": "ok"}
    own_site.mart.id = None
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "database": "ok", "snapshot": "away"}
    assert own_site.visit("eva").get("/api/version").status_code == 503


def test_a_database_that_is_away_is_503_with_words(own_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.domain.errors import RetryLaterError

    eva = own_site.visit("eva")

    def away() -> None:
        raise RetryLaterError("The database is busy or away. Nothing was changed; try again in a moment.")

    monkeypatch.setattr(own_site.store, "read", away)
    page = eva.get("/")
    assert page.status_code == 503
    assert "try again in a moment" in page.text
    assert page.headers["Retry-After"] == "5"
    assert eva.fire(request_for(app_of(own_site), NUMBERS)).status_code == 503
    assert own_site.visitor().get("/readyz").status_code == 503
    assert own_site.visitor().get("/healthz").status_code == 200


# --- the cache of answers ---


def test_a29_an_answer_is_kept_for_equal_rights_only(own_site: Site) -> None:
    """Everybody in an order made to cross; with the cache = without it."""
    app = app_of(own_site)
    visitors = {name: own_site.visit(name) for name in sorted(NAMES) if name != "otto"}
    searches = ["", "?department=Sales"]

    def answers() -> dict[tuple[str, str], Any]:
        return {
            (name, search): visitor.fire(request_for(app, NUMBERS, {"url.search": search})).json
            for name, visitor in visitors.items()
            for search in searches
        }

    responses, gate = own_site.server.extensions["hireboard"].responses, own_site.server.extensions["hireboard"]
    gate.responses = None
    without = answers()
    gate.responses = responses
    assert without["eva", ""] != without["hana", ""]
    for _ in range(3):
        assert answers() == without


def test_answers_come_from_the_cache_until_a_snapshot_is_published(own_site: Site) -> None:
    from tests.http.site import CALLS

    app, eva, other = app_of(own_site), own_site.visit("eva"), own_site.visit("eva")
    body = request_for(app, NUMBERS)
    CALLS.clear()
    first = eva.fire(body)
    assert [eva.fire(body).data, other.fire(body).data] == [first.data] * 2
    assert CALLS == ["numbers"]
    own_site.mart.id = "s2"
    eva.fire(body)
    assert CALLS == ["numbers"] * 2
    own_site.people.accounts.deactivate(own_site.people.ids["eva"])
    assert eva.fire(body).status_code == 401


def test_a_kept_answer_still_needs_session_policy_and_token(own_site: Site) -> None:
    app, eva, otto = app_of(own_site), own_site.visit("eva"), own_site.visit("otto")
    body = request_for(app, NUMBERS)
    assert eva.fire(body).status_code == 200
    assert eva.fire(body, X_CSRFToken="").status_code == 403
    assert otto.fire(body).status_code == 403
    assert own_site.visitor().fire(body).status_code == 401


def test_kept_answers_are_compressed_for_who_takes_it(own_site: Site) -> None:
    app, eva = app_of(own_site), own_site.visit("eva")
    body = request_for(app, NUMBERS, {"url.search": "x" * 3_000})
    plain = eva.fire(body)
    packed = eva.fire(body, Accept_Encoding="br")
    assert packed.headers["Content-Encoding"] == "br"
    assert brotli.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    page = request_for(app, "page.children", {"url.pathname": "/reports/" + "y" * 2_000})
    fresh = eva.fire(page, Accept_Encoding="br")
    assert brotli.decompress(fresh.data) == eva.fire(page).data


def test_the_sign_in_form_is_not_compressed(site: Site) -> None:
    """It holds a secret beside what a visitor typed."""
    answer = site.visitor().get("/login", headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in answer.headers


def test_a_second_server_reads_what_the_first_kept(own_site: Site) -> None:
    from tests.http.site import CALLS

    second = create_server(own_site.settings, own_site.server.extensions["hireboard.services"], PAGES)
    eva = own_site.visit("eva")
    body = request_for(app_of(own_site), NUMBERS)
    first = eva.fire(body)
    CALLS.clear()
    there = Site(second, own_site.people, own_site.store, own_site.mart, own_site.settings).visit("eva")
    assert there.fire(body).data == first.data
    assert CALLS == []


def _json(visitor: Visitor) -> dict[str, str]:
    return {"X-CSRFToken": visitor.token, "Content-Type": "application/json"}
