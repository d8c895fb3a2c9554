"""6: sign-in, cookies, cross-site requests, sign-out: as a browser without scripts does them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp.auth import safe_next
from services.store.database import Store
from tests.http.site import Site, Visitor, make_site, request_for
from tests.people import NAMES, PASSWORD, email_of

COOKIE = "hireboard"
NUMBERS = "..numbers.children...stamp.children.."


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_site(migrated_sqlite_url: str, tmp_path: Path, clock: Clock) -> Iterator[Site]:
    store = Store(migrated_sqlite_url)
    yield make_site(store, tmp_path, clock=clock)
    store.dispose()


@pytest.fixture(scope="module")
def https_site(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("https")
    (folder / "hireboard.sqlite").write_bytes(_sqlite_template.read_bytes())
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    yield make_site(
        store,
        folder,
        base_url="https://hireboard.northwind.example",
        mode="production",
        secret_key="a key of this test, long enough to be taken",
        database_url=f"sqlite:///{folder / 'hireboard.sqlite'}",
    )
    store.dispose()


def set_cookies(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in answer.headers.getlist("Set-Cookie"):
        found.update(SimpleCookie(line).items())
    return found


def is_signed_in(visitor: Visitor) -> bool:
    return visitor.get("/api/version").status_code == 200


# --- the form --------------------------------------------------------------------------------------------------------


def test_the_form_works_without_scripts(site: Site) -> None:
    visitor = site.visitor()
    page = visitor.get("/login").text
    assert '<form method="post"' in page
    assert re.search(r'<label for="email">.*name="email" type="email" autocomplete="username"', page, re.DOTALL)
    assert 'autocomplete="current-password"' in page
    assert "<script>" not in page
    answer = visitor.sign_in("eva")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert is_signed_in(visitor)
    assert visitor.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_everybody_can_sign_in(site: Site, name: str) -> None:
    assert site.visitor().sign_in(name).status_code == 303


def test_a07_the_answer_to_a_wrong_password_tells_nothing(own_site: Site) -> None:
    wrong, unknown = own_site.visitor(), own_site.visitor()
    first = wrong.sign_in("eva", "not the password")
    second = unknown.sign_in("ava@northwind.example", PASSWORD)
    assert first.status_code == second.status_code == 401
    hide = re.compile(r'name="csrf_token" value="[^"]+"|value="[^"]*@[^"]*"')
    assert hide.sub("", first.text) == hide.sub("", second.text)
    assert "do not match" in first.text
    assert 'role="alert"' in first.text
    assert not is_signed_in(wrong)


def test_what_was_typed_comes_back_escaped(site: Site) -> None:
    answer = site.visitor().sign_in('"><script>alert(1)</script>@x.example', "nothing of the kind")
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "nothing of the kind" not in answer.text


def test_a05_the_eleventh_try_is_refused_with_words(own_site: Site) -> None:
    visitor = own_site.visitor()
    answers = [visitor.sign_in("eva", "wrong password") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert "Wait 15 minutes" in answers[-1].text
    assert answers[-1].headers["Retry-After"] == "900"
    assert visitor.sign_in("eva").status_code == 429
    elsewhere = own_site.visitor()
    assert elsewhere.sign_in("eva", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 303


def test_missing_fields_are_a_refusal_not_an_error(site: Site) -> None:
    visitor = site.visitor()
    answer = visitor.post("/login", data={"csrf_token": visitor.form_token()})
    assert answer.status_code == 401


# --- where to go next ------------------------------------------------------------------------------------------------


def test_sign_in_leads_back_to_the_page_and_its_filters(site: Site) -> None:
    visitor = site.visitor()
    form = visitor.get("/reports?department=Sales%20%26%20Ops&period=12m").headers["Location"]
    answer = visitor.sign_in("eva", path=form)
    assert answer.headers["Location"] == "/reports?department=Sales%20%26%20Ops&period=12m"


EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\r\nLocation: https://evil.example",
    "/reports\\..\\\\evil",
    "evil.example",
    "",
    "/login",
    "/logout",
]


@pytest.mark.parametrize("target", EVIL)
def test_a46_sign_in_never_leads_to_another_site(site: Site, target: str) -> None:
    visitor = site.visitor()
    token = visitor.form_token()
    data = {"csrf_token": token, "email": email_of("eva"), "password": PASSWORD}
    answer = visitor.post("/login", data=data, query_string={"next": target})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@given(st.text(max_size=30))
def test_a46_any_target_stays_here(tail: str) -> None:
    for target in (tail, "/" + tail, "//" + tail):
        found = safe_next(target)
        assert found == "/" or (found == target and found[0] == "/" and found[1:2] not in {"/", "\\"})


# --- cookies ----------------------------------------------------------------------------------------------------------


def test_a03_cookie_flags_on_http(site: Site) -> None:
    visitor = site.visitor()
    form = set_cookies(visitor.get("/login"))["hireboard_form"]
    signed_in = set_cookies(visitor.sign_in("eva"))[COOKIE]
    for cookie in (form, signed_in):
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    assert int(signed_in["max-age"]) == 8 * 3600
    csrf = set_cookies(visitor.get("/"))["_csrf_token"]
    assert csrf["samesite"] == "Strict"
    assert not csrf["httponly"]


def test_a03_cookie_flags_on_https(https_site: Site) -> None:
    visitor = https_site.visitor()
    form = set_cookies(visitor.get("/login"))["__Host-hireboard_form"]
    signed_in = set_cookies(visitor.sign_in("eva", headers={"Referer": "https://hireboard.northwind.example/login"}))[
        "__Host-hireboard"
    ]
    csrf = set_cookies(visitor.get("/"))["_csrf_token"]
    for cookie in (form, signed_in, csrf):
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    assert signed_in["httponly"]
    assert form["httponly"]
    assert "max-age=31536000" in visitor.get("/login").headers["Strict-Transport-Security"]


def test_a02_a_session_set_before_sign_in_is_worth_nothing(site: Site) -> None:
    visitor = site.visitor()
    visitor.client.set_cookie(COOKIE, "chosen-by-somebody-else", domain="localhost")
    visitor.sign_in("eva")
    assert visitor.cookie(COOKIE) not in {None, "chosen-by-somebody-else"}
    planted = site.visitor()
    planted.client.set_cookie(COOKIE, "chosen-by-somebody-else", domain="localhost")
    assert not is_signed_in(planted)


def test_a02_signing_in_again_rotates_the_token_and_kills_the_old_one(site: Site) -> None:
    visitor = site.visit("eva")
    old = visitor.cookie(COOKIE)
    assert old is not None
    data = {"csrf_token": visitor.token, "email": email_of("max"), "password": PASSWORD}
    assert visitor.post("/login", data=data).status_code == 303
    assert visitor.cookie(COOKIE) != old
    thief = site.visitor()
    thief.client.set_cookie(COOKIE, old, domain="localhost")
    assert not is_signed_in(thief)
    assert "Max Manager" in visitor.get("/_dash-layout").text


def test_nothing_of_the_time_before_sign_in_stays(site: Site) -> None:
    visitor = site.visitor()
    before = visitor.form_token()
    visitor.sign_in("eva")
    assert visitor.cookie("hireboard_form") is None
    assert visitor.fire(request_for(app_of(site), NUMBERS), X_CSRFToken=before).status_code == 403


def app_of(site: Site) -> Any:
    return site.server.extensions["hireboard"].app


def test_reading_writes_nothing(own_site: Site) -> None:
    visitor = own_site.visit("eva")
    file = own_site.store.sqlite_path()
    assert file is not None

    def changes() -> int:
        with own_site.store.read() as connection:
            return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    with own_site.store.engine.connect() as watcher:
        before = watcher.exec_driver_sql("PRAGMA data_version").scalar_one()
        watcher.rollback()
        for path in ("/", "/reports", "/_dash-layout", "/api/version", "/login"):
            visitor.get(path)
            own_site.visitor().get(path)
        after = watcher.exec_driver_sql("PRAGMA data_version").scalar_one()
        watcher.rollback()
    assert after == before
    assert changes() >= 0


# --- the end of a session ---


def test_a01_a_cookie_kept_from_before_sign_out_is_worth_nothing(site: Site) -> None:
    visitor = site.visit("eva")
    kept = visitor.cookie(COOKIE)
    assert kept is not None
    answer = visitor.post("/logout", headers={"X-CSRFToken": visitor.token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert visitor.cookie(COOKIE) is None
    replay = site.visitor()
    replay.client.set_cookie(COOKIE, kept, domain="localhost")
    assert replay.get("/api/version").status_code == 401
    assert replay.get("/").status_code == 302


def test_a38_a_link_does_not_sign_out(site: Site) -> None:
    visitor = site.visit("eva")
    assert visitor.get("/logout").status_code in {404, 405}
    assert visitor.post("/logout").status_code == 403
    assert is_signed_in(visitor)


def test_an_idle_session_ends_and_says_so(timed_site: Site, clock: Clock) -> None:
    visitor = timed_site.visit("eva")
    clock.now += timedelta(minutes=31)
    answer = visitor.get("/reports?period=12m")
    assert answer.headers["Location"] == "/login?next=/reports?period=12m&ended=1"
    assert visitor.cookie(COOKIE) is None
    assert "You are signed out." in visitor.get(answer.headers["Location"]).text


def test_the_poll_does_not_keep_a_session_alive(timed_site: Site, clock: Clock) -> None:
    visitor = timed_site.visit("eva")
    for _ in range(29):
        clock.now += timedelta(minutes=1)
        assert visitor.get("/api/version").status_code == 200
    clock.now += timedelta(minutes=1)
    assert visitor.get("/api/version").status_code == 401
    assert visitor.fire(request_for(app_of(timed_site), NUMBERS)).status_code == 401


def test_p5_deactivation_counts_at_the_next_request(own_site: Site) -> None:
    eva = own_site.visit("eva")
    body = request_for(app_of(own_site), NUMBERS)
    assert eva.fire(body).status_code == 200
    own_site.people.accounts.deactivate(own_site.people.ids["eva"])
    assert eva.fire(body).status_code == 401
    assert eva.get("/api/version").status_code == 401
    assert eva.get("/").status_code == 302
    assert eva.sign_in("eva").status_code == 401


# --- requests from other sites ---------------------------------------------------------------------------------------


def test_a37_a_callback_needs_the_token_of_its_own_session(site: Site) -> None:
    eva, ada = site.visit("eva"), site.visit("ada")
    body = request_for(app_of(site), NUMBERS)
    assert eva.fire(body).status_code == 200
    for token in ("", "x", ada.token, ada.token[:-1]):
        assert eva.fire(body, X_CSRFToken=token).status_code == 403


def test_a37_every_changing_route_needs_the_token(site: Site) -> None:
    visitor = site.visit("ada")
    for rule in site.server.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            path = rule.rule.replace("<number>", "5")
            # programs show a bearer token; a session's cookie counts for nothing there
            refused = 401 if rule.rule.startswith("/api/v1/") else 403
            assert visitor.request(method, path).status_code == refused, rule


def test_a38_another_sites_form_cannot_sign_somebody_in(site: Site) -> None:
    visitor = site.visitor()
    data = {"email": email_of("eva"), "password": PASSWORD}
    assert visitor.post("/login", data=data).status_code == 403
    stolen = site.visitor().form_token()
    assert visitor.post("/login", data={**data, "csrf_token": stolen}).status_code == 403
    assert not is_signed_in(visitor)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    "sent", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a36_another_sites_request_is_refused_even_with_the_token(site: Site, kind: str, sent: dict[str, str]) -> None:
    visitor = site.visit("eva")
    headers = {"X-CSRFToken": visitor.token, "Content-Type": kind, **sent}
    for path in ("/_dash-update-component", "/logout", "/reports/run"):
        assert visitor.post(path, data=b"{}", headers=headers).status_code == 403
    assert is_signed_in(visitor)


def test_our_own_origin_is_accepted(site: Site) -> None:
    visitor = site.visit("eva")
    answer = visitor.fire(request_for(app_of(site), NUMBERS), Origin="http://localhost:8050")
    assert answer.status_code == 200


def test_another_host_name_is_another_site(site: Site) -> None:
    answer = site.visitor().client.get("/login", base_url="http://evil.example")
    assert answer.status_code == 400


def test_production_reads_the_clients_address_from_the_proxy(https_site: Site) -> None:
    visitor = https_site.visitor()
    reference = {"Referer": "https://hireboard.northwind.example/login"}
    for _ in range(10):
        visitor.sign_in("dee", "wrong password", headers={**reference, "X-Forwarded-For": "198.51.100.4"})
    blocked = visitor.sign_in("dee", headers={**reference, "X-Forwarded-For": "6.6.6.6, 198.51.100.4"})
    assert blocked.status_code == 429
    assert visitor.sign_in("dee", headers={**reference, "X-Forwarded-For": "198.51.100.5"}).status_code == 303
