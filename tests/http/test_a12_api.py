"""The interface for programs: the attacks that concern it, by number, and the same bytes as the command line."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from dashapp.api.bearer import SCOPES
from dashapp.api.description import description
from dashapp.commands.authz import full_matrix
from services.access.policy import Action
from services.accounts.tokens import PER_MINUTE, Tokens, TokenScope
from services.domain.filters import filters_of
from services.domain.people import Role
from services.metrics.interchange import Asked, answer_document, flat_row, json_text, query_of
from services.metrics.registry import REGISTRY
from services.store.tables import AuditEvent
from tests.command_line import CommandLine
from tests.http.product import OTTO, Product

QUERY, LIST, OPENAPI = "/api/v1/metrics/query", "/api/v1/metrics", "/api/v1/openapi.json"
READ = (TokenScope.METRICS_READ, TokenScope.REQUISITIONS_EDIT)


class Program:
    """A client with a token and nothing else."""

    def __init__(self, product: Product, token: str | None) -> None:
        self._client = product.server.test_client(use_cookies=False)
        self._base_url = product.settings.base_url
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def get(self, path: str, query: Any = None, **headers: str) -> TestResponse:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.get(path, query_string=query, headers=sent, base_url=self._base_url)

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        return self._client.open(path, method=method, headers=self.headers, base_url=self._base_url, **options)


@pytest.fixture(scope="module")
def tokens(product: Product) -> Tokens:
    services = product.services
    return Tokens(services.store, services.accounts.caller, services.audit)


@pytest.fixture(autouse=True)
def _unhurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests ask faster than programs may; the one about it does not want this."""
    if "a_minute" not in request.node.name:
        monkeypatch.setattr("services.accounts.tokens.PER_MINUTE", 1_000_000)


@pytest.fixture(scope="module")
def programs(product: Product, tokens: Tokens) -> dict[Role | None, Program]:
    owners: dict[Role | None, str] = {None: OTTO} | dict(product.emails.items())
    return {
        role: Program(product, tokens.create(email, "tests", READ, actor="tests")[0]) for role, email in owners.items()
    }


def is_problem(answer: TestResponse, status: int) -> str:
    """The answer is a refusal in the form of RFC 9457; returns its words."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert set(answer.json) == {"type", "title", "status", "detail"}
    assert answer.json["status"] == status
    assert not re.search(r"Traceback|File \"|\.py\b|sqlalchemy|duckdb", answer.text)
    return str(answer.json["detail"])


# --- equal answers ---------------------------------------------------------------------------------------------------


def questions(seed: int, count: int) -> Iterator[Asked]:
    """Random questions, allowed ones and others."""
    chance = random.Random(seed)
    for _ in range(count):
        metrics = tuple(chance.sample(sorted(REGISTRY), chance.choice((1, 1, 2, 3))))
        shared = sorted(set.intersection(*(set(REGISTRY[one].dimensions) for one in metrics)))
        by = tuple(chance.sample(shared, min(len(shared), chance.choice((0, 1, 1, 2)))))
        start = chance.choice((None, "2026-01-01", "2025-07-01", "2026-03-15"))
        end = chance.choice((None, "2026-10-31", "2026-06-30"))
        filters: tuple[str, ...] = chance.choice(((), ("department=Sales",), ("department=Sales", "source=Nowhere")))
        where = tuple(one for one in filters if one.partition("=")[0] in shared)
        as_of = chance.choice((None, None, "2026-09-01", "2026-08-01T12:00+02:00"))
        extras = {name: chance.random() < 0.1 for name in ("raw", "clustered", "expected")}
        model = chance.choice((None,) * 6 + ("split", "handover"))
        yield Asked(metrics, by, where, start, end, as_of, attribution=model, **extras)


def parameters(asked: Asked) -> list[tuple[str, str]]:
    many = [("metric", one) for one in asked.metrics] + [("by", one) for one in asked.by]
    many += [("where", one) for one in asked.where]
    single = {"from": asked.start, "to": asked.end, "as_of": asked.as_of, "attribution": asked.attribution}
    flags = {"raw": asked.raw, "clustered": asked.clustered, "expected": asked.expected}
    single |= {name: "true" for name, is_set in flags.items() if is_set}
    return many + [(name, value) for name, value in single.items() if value is not None]


def options(asked: Asked) -> list[str]:
    words = list(asked.metrics)
    for name, value in parameters(asked)[len(asked.metrics) :]:
        words += [f"--{name}"] if value == "true" else [f"--{name.replace('_', '-')}", value]
    return words


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.RECRUITER, Role.HRBP, Role.ADMIN])
def test_the_interface_the_command_line_and_the_query_layer_answer_the_same_bytes(
    product: Product, programs: dict[Role | None, Program], role: Role
) -> None:
    """Random questions; a refusal is a refusal in all three, in the same words."""
    email = product.emails[role]
    viewer = product.services.accounts.viewer_by_email(email)
    hireboard = CommandLine(product.settings.database_url, product.settings.data_dir)
    answered = 0
    for asked in questions(seed=len(role), count=60):
        answer = programs[role].get(QUERY, parameters(asked))
        status, printed, errors = hireboard.run("metrics", "query", *options(asked), "--as", email, "--json")
        if answer.status_code != 200:
            words = is_problem(answer, 403 if answer.status_code == 403 else 400)
            assert (status, errors.strip()) == (1, f"hireboard: {words}"), asked
            continue
        assert printed == answer.text, asked
        layer = product.services.query.ask(query_of(asked), viewer)
        assert answer.text == json_text(answer_document(layer)) + "\n"
        answered += 1
        if answered == 5:
            break
    assert answered == 5


def test_the_page_shows_what_the_interface_answers(product: Product, programs: dict[Role | None, Program]) -> None:
    """One view model: each tile of the Overview has the value that a program is told for the page's period."""
    viewer = product.services.accounts.viewer_by_email(product.emails[Role.EXECUTIVE])
    view = product.services.overview.view(filters_of({}), viewer)
    days = [datetime.strptime(f"{day} Z", "%d %b %Y %z").date() for day in view.period_label.split(" to ")]
    for tile in (view.hero, *view.tiles):
        query = {"metric": tile.row.metric, "from": str(days[0]), "to": str(days[1])}
        answer = programs[Role.EXECUTIVE].get(QUERY, query)
        assert answer.json is not None
        assert answer.json["snapshot"] == view.stamp.snapshot
        assert answer.json["rows"] == [json.loads(json_text(flat_row(tile.row)))], tile.metric_id


def test_each_answer_is_written_down_with_owner_and_token(
    product: Product, programs: dict[Role | None, Program]
) -> None:
    programs[Role.COMPLIANCE].get(QUERY, {"metric": "hires"})
    with product.services.store.read() as connection:
        query = select(AuditEvent.actor, AuditEvent.detail).where(AuditEvent.action == "metrics.queried")
        actor, detail = connection.execute(query.order_by(AuditEvent.seq.desc())).first() or ("", "{}")
    assert actor == product.emails[Role.COMPLIANCE]
    assert json.loads(detail)["token"].startswith("hb_")


# --- who may ---------------------------------------------------------------------------------------------------------


def test_a15_each_person_asks_as_the_matrix_says(product: Product, programs: dict[Role | None, Program]) -> None:
    entries = [entry for entry in full_matrix(product.server)["routes"] if entry["token_scope"] is not None]
    assert {entry["rule"] for entry in entries} == set(SCOPES)
    for role, program in programs.items():
        for entry in entries:
            path = entry["rule"].replace("<metric_id>", "hires").replace("<requisition_id>", "1")
            answer = program.get(path, {"metric": "hires"} if path == QUERY else None)
            if role in entry["roles"]:
                # one requisition may lie outside the own scope, and is then not there
                expected = {200, 404} if "requisitions" in path else {200}
                assert answer.status_code in expected, (role, path, answer.text)
            else:
                is_problem(answer, 403)


def test_a12_a_scope_is_no_wider_than_it_says(product: Product, tokens: Tokens) -> None:
    scopes = [TokenScope.DEFINITIONS_READ]
    program = Program(product, tokens.create(product.emails[Role.ADMIN], "catalogue", scopes, actor="tests")[0])
    assert program.get(LIST).status_code == 200
    assert program.get(f"{LIST}/hires").status_code == 200
    assert "metrics:read" in is_problem(program.get(QUERY, {"metric": "hires"}), 403)


def test_a12_a13_revoked_and_ownerless_tokens_are_refused_by_a_running_server(product: Product, tokens: Tokens) -> None:
    accounts = product.services.accounts
    leaver = accounts.create_user("leaver@northwind.example", "Lea Leaver", [Role.EXECUTIVE])
    made = [tokens.create("leaver@northwind.example", "x", READ, actor="tests") for _ in range(2)]
    one, other = (Program(product, token) for token, _ in made)
    assert (one.get(LIST).status_code, other.get(LIST).status_code) == (200, 200)
    tokens.revoke(made[0][1].prefix, actor="tests")
    assert "revoked" in is_problem(one.get(LIST), 401)
    assert other.get(LIST).status_code == 200
    accounts.deactivate(leaver)
    is_problem(other.get(LIST), 401)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YWRhOnNlY3JldA==", "Bearer hb_nothing", "x" * 4000]
)
def test_a20_without_a_valid_token_there_is_a_401_that_says_how(product: Product, header: str | None) -> None:
    stranger = Program(product, None)
    for path in (QUERY, LIST, f"{LIST}/hires", "/api/v1/", "/api/v1/nothing"):
        answer = stranger.get(path) if header is None else stranger.get(path, Authorization=header)
        is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_address_or_in_a_cookie_counts_for_nothing(product: Product, tokens: Tokens) -> None:
    token, _ = tokens.create(product.emails[Role.ADMIN], "x", READ, actor="tests")
    stranger = Program(product, None)
    for name in ("access_token", "token", "authorization"):
        is_problem(stranger.get(QUERY, {"metric": "hires", name: token}), 401)
        assert token not in is_problem(Program(product, token).get(QUERY, {"metric": "hires", name: token}), 400)
    is_problem(stranger.get(LIST, Cookie=f"hireboard={token}; token={token}"), 401)


def test_a36_a_session_opens_nothing_here_so_another_site_cannot_use_it(product: Product) -> None:
    ada = product.visit(Role.ADMIN)
    answer = ada.get(QUERY, query_string={"metric": "hires"})
    assert answer.status_code == 401
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert ada.request(method, QUERY, headers={"Origin": "https://evil.example"}).status_code == 401


def test_an_answer_needs_and_sets_no_cookie_and_is_kept_by_nobody(
    product: Product, programs: dict[Role | None, Program]
) -> None:
    """A31."""
    answer = programs[Role.EXECUTIVE].get(QUERY, {"metric": "hires"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert "Authorization" in answer.headers["Vary"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.mimetype == "application/json"
    del product


def test_only_reading_is_possible(programs: dict[Role | None, Program]) -> None:
    admin = programs[Role.ADMIN]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        is_problem(admin.request(method, QUERY, json={"metric": "hires"}), 405)
    assert admin.request("HEAD", LIST).status_code == 200
    is_problem(admin.get("/api/v1/nothing"), 404)


def test_a_refused_question_of_a_token_is_in_the_audit_log(
    product: Product, programs: dict[Role | None, Program]
) -> None:
    words = is_problem(programs[Role.COMPLIANCE].get(QUERY, {"metric": "hires", "by": "recruiter"}), 403)
    assert "single people" in words
    with product.services.store.read() as connection:
        query = select(AuditEvent.resource, AuditEvent.detail).where(
            AuditEvent.action == "access.refused", AuditEvent.actor == product.emails[Role.COMPLIANCE]
        )
        found = {row.resource: json.loads(row.detail) for row in connection.execute(query)}
    assert found[QUERY]["token"].startswith("hb_")


def test_a_token_may_ask_so_often_a_minute(product: Product, tokens: Tokens) -> None:
    program = Program(product, tokens.create(product.emails[Role.ADMIN], "x", READ, actor="tests")[0])
    answers = [program.get(OPENAPI) for _ in range(3)]
    answers = [program.get(LIST) for _ in range(PER_MINUTE + 10)]
    refused = [answer for answer in answers if answer.status_code == 429]
    if not refused:  # the minute turned in between
        refused = [
            answer for answer in (program.get(LIST) for _ in range(PER_MINUTE + 10)) if answer.status_code == 429
        ]
    assert "Go on in" in is_problem(refused[0], 429)
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60


# --- what may be asked -----------------------------------------------------------------------------------------------


def test_a25_metrics_of_a_class_the_owner_has_not_are_not_even_named(
    product: Product, programs: dict[Role | None, Program]
) -> None:
    for role in Role:
        viewer = product.services.accounts.viewer_by_email(product.emails[role])
        answer = programs[role].get(LIST)
        if not product.services.policy.can(viewer, Action.METRICS_QUERY):
            is_problem(answer, 403)
            continue
        assert answer.json is not None
        named = {metric["id"] for metric in answer.json["metrics"]}
        for metric in REGISTRY.values():
            may = metric.column_class in viewer.classes
            assert (metric.id in named) == may
            assert programs[role].get(f"{LIST}/{metric.id}").status_code == (200 if may else 404)
            if not may:
                is_problem(programs[role].get(QUERY, {"metric": metric.id}), 403)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "metric=applications"),
        ({"metric": "hire"}, "Choose from"),
        ({"metric": "hires", "by": "planet"}, "There is no dimension 'planet'"),
        ({"metric": "hires", "where": "department"}, "DIM=VALUE"),
        ({"metric": "hires", "where": "department=Nowhere"}, "Choose from"),
        ({"metric": "hires", "from": "yesterday"}, "from takes a date"),
        ({"metric": "hires", "to": "9999-12-31"}, "to takes a date"),
        ({"metric": "hires", "as_of": "0001-01-01T00:00+14:00"}, "as_of takes a time"),
        ({"metric": "hires", "raw": "yes"}, "true or false"),
        ({"metric": "hires", "limit": "5"}, "It accepts metric, by, where, from, to, as_of, raw"),
        ({"metric": "hires", "from": ["2026-01-01", "2026-02-01"]}, "can be given once"),
        ({"metric": ["hires"] * 21}, "1 to 20 metrics"),
        ({"metric": "hires", "by": ["department"] * 51}, "At most 50"),
        ({"metric": "x" * 501}, "500 printable characters"),
        ({"metric": "hires", "where": "department=\x00"}, "printable"),
        ({"metric": "hires", "from": "2026-05-01", "to": "2026-01-01"}, "Swap the two dates"),
        ({"metric": "applications", "by": "day", "from": "1970-01-01", "to": "2100-01-01"}, "bins"),
    ],
)
def test_what_cannot_be_used_is_a_400_that_names_what_is_accepted(
    programs: dict[Role | None, Program], query: dict[str, Any], words: str
) -> None:
    assert words in is_problem(programs[Role.ADMIN].get(QUERY, query), 400)


HOSTILE = (
    "' OR 1=1 --", "'; DROP TABLE person; --", "1) UNION SELECT password_hash FROM user_account --", "%00", "\ud800",
    "../../etc/passwd", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "=1+1", "-1", "1e309", "NaN", "٣",
    "\u202e", '"', "\\", "department=' OR ''='", "a" * 499, "null", "[]", "0x41", "x\r\nSet-Cookie: a=b",
    "%", "_", "🎉" * 50,
)  # fmt: skip


def raw(text: str) -> str:
    """Any text at all as part of an address."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def test_a43_hostile_words_in_every_parameter_are_refused_and_never_an_error(
    programs: dict[Role | None, Program],
) -> None:
    admin = programs[Role.ADMIN]
    for word in HOSTILE:
        for name in ("metric", "by", "where", "from", "to", "as_of", "raw", word):
            sent = {"metric": "hires", name: f"department={word}" if name == "where" else word}
            answer = admin.get(QUERY, "&".join(f"{raw(key)}={raw(value)}" for key, value in sent.items()))
            is_problem(answer, 400)
        answer = admin.get(f"{LIST}/{raw(word)}")
        assert answer.status_code == 404, word


def test_no_snapshot_is_a_503_that_says_when_to_come_back(
    product: Product, programs: dict[Role | None, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.mart.reader import NotReadyError

    def away(*_: Any) -> None:
        raise NotReadyError("There is no snapshot of the data yet.")

    monkeypatch.setattr(product.services.query, "ask", away)
    answer = programs[Role.ADMIN].get(QUERY, {"metric": "hires"})
    assert "no snapshot" in is_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_an_unexpected_failure_is_a_500_without_details(
    product: Product, programs: dict[Role | None, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(product.services.query, "ask", broken)
    answer = programs[Role.ADMIN].get(QUERY, {"metric": "hires"})
    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "secret detail" not in answer.text
    assert answer.json is not None
    assert answer.json["reference"]


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_description_is_public_and_names_exactly_the_routes_there_are(product: Product) -> None:
    answer = Program(product, None).get(OPENAPI)
    assert answer.json == json.loads(json.dumps(description()))
    assert answer.json["openapi"] == "3.1.0"
    rules = {rule.rule for rule in product.server.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert {path.replace("{", "<").replace("}", ">") for path in answer.json["paths"]} == rules
    text = json.dumps(answer.json)
    for reference in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text):
        assert reference in answer.json["components"]["schemas"]
    names = [operation["get"]["operationId"] for operation in answer.json["paths"].values()]
    assert len(set(names)) == len(names)


TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


def fits(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> bool:
    """JSON Schema, as far as the document uses it."""
    if "$ref" in schema:
        return fits(value, whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]], whole)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    types: dict[str, Any] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "object": dict,
        "array": list,
    }
    if kinds and not any(value is None if kind == "null" else isinstance(value, types[kind]) for kind in kinds):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, list):
        return all(fits(one, schema.get("items", {}), whole) for one in value)
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties", {})
        has_all = set(schema.get("required", [])) <= set(value)
        return has_all and all(fits(one, known.get(name, other), whole) for name, one in value.items())
    return True


def test_answers_and_refusals_are_what_the_description_says(programs: dict[Role | None, Program]) -> None:
    whole = description()
    schemas = whole["components"]["schemas"]
    admin = programs[Role.ADMIN]
    metrics = [("metric", name) for name in ("applications", "time_to_fill", "offer_acceptance_rate", "hires")]
    for query in (metrics, [*metrics[:3], ("by", "department")], [("metric", "hires"), ("by", "month")]):
        answer = admin.get(QUERY, query)
        assert answer.json is not None
        assert answer.json["rows"]
        assert fits(answer.json, schemas["Answer"], whole)
    assert fits(admin.get(LIST).json, schemas["Metrics"], whole)
    for metric in REGISTRY.values():
        found = admin.get(f"{LIST}/{metric.id}")
        assert found.status_code == 404 or fits(found.json, schemas["Metric"], whole), metric.id
    assert fits(admin.get(QUERY).json, schemas["Problem"], whole)
    assert not fits({"rows": [{}]}, schemas["Answer"], whole)
