"""Data health in the shipped product: who sees what of imports, quarantine, certificates, and who replays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select

from layouts import ids
from services.access.policy import Action
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.people import Role, Viewer
from services.ingest.imports import import_path
from services.reporting.data_health import rhythm_limit
from services.reporting.quarantine_page import PAGE_SIZE, QuarantinePage, parse_filter
from services.reporting.quarantine_replay import QuarantineReplay
from services.store.database import Store
from services.store.tables import AuditEvent, ImportBatch, QuarantineRow
from tests.http.product import Product
from tests.http.site import request_for
from tests.people import People, make_people

PAGE = "page.children"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def opened(product: Product, role: Role | None, path: str, search: str = "") -> str:
    body = request_for(product.app, PAGE, {"url.pathname": path, "url.search": search})
    return str(product.visit(role).fire(body).text).replace("\\u002f", "/")


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.ADMIN, Role.COMPLIANCE, Role.EXECUTIVE])
def test_data_health_opens_for_those_who_answer_for_the_numbers(product: Product, role: Role) -> None:
    assert product.visit(role).get("/data-health").status_code == 200
    page = opened(product, role, "/data-health")
    for words in ("Data health", "Sources", "Imports", "Published batch", "Completeness by field"):
        assert words in page
    assert ("Replay" in page) == (role is Role.ADMIN)
    assert (ids.HEALTH_QUARANTINE in page) == (role is not Role.EXECUTIVE)
    assert ("Completeness by recruiter" in page) == (role is not Role.COMPLIANCE)


@pytest.mark.parametrize("role", [Role.HIRING_MANAGER, Role.RECRUITER, Role.HRBP, Role.DEI_OFFICER, None])
def test_data_health_is_refused_to_the_rest(product: Product, role: Role | None) -> None:
    for path in ("/data-health", "/data-health/quarantine/1"):
        assert product.visit(role).get(path).status_code == 403
        assert "Published batch" not in opened(product, role, path)


def test_single_records_are_refused_to_the_executive(product: Product) -> None:
    assert product.visit(Role.EXECUTIVE).get("/data-health/quarantine/1").status_code == 403


@pytest.mark.parametrize(
    "search",
    [
        "?page=-1",
        "?page=99999999999999",
        "?page=%00",
        "?q=" + "%27%3B" * 40,
        "?system=%3Cscript%3E",
        "?field=x&field=y",
        "?q=%25_",
    ],
)
def test_a51_a_hostile_address_is_the_page_without_it(product: Product, search: str) -> None:
    assert product.visit(Role.ADMIN).get(f"/data-health{search}").status_code == 200
    page = opened(product, Role.ADMIN, "/data-health", search)
    assert "Quarantine" in page
    assert "<script>" not in page


@pytest.mark.parametrize("number", ["0", "-1", "9" * 40, "abc", "1%0a"])
def test_a_record_that_is_not_there_is_not_found(product: Product, number: str) -> None:
    assert "no such record" in opened(product, Role.ADMIN, f"/data-health/quarantine/{number}")


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.COMPLIANCE])
def test_replay_is_refused_to_those_who_may_not_import(product: Product, role: Role) -> None:
    output = f"..{ids.REPLAY_PLAN}.children...{ids.REPLAY_COUNTED}.data...{ids.REPLAY_START}.disabled.."
    body = request_for(product.app, output, {f"{ids.REPLAY_SYSTEM}.value": "greenhouse"})
    assert product.visit(role).fire(body).status_code == 403


# --- quarantine ------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(sqlite_store: Store) -> People:
    return make_people(sqlite_store)


@pytest.fixture
def sqlite_store(_sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copyfile(_sqlite_template, tmp_path / "hireboard.sqlite")
    store = Store(f"sqlite:///{tmp_path / 'hireboard.sqlite'}")
    yield store
    store.dispose()


def quarantine(store: Store, count: int = 1, **values: Any) -> None:
    row = {
        "source_system": "greenhouse",
        "resource": "applications",
        "file": "applications.jsonl",
        "field": "applied_at",
        "reason": "'soon' is not a date",
        "payload": "{}",
        "state": "open",
        "seen_at": NOW,
        **values,
    }
    rows = [{**row, "record": values.get("record", str(number))} for number in range(count)]
    with store.write() as connection:
        connection.execute(insert(QuarantineRow), rows)


def page_of(store: Store, people: People) -> QuarantinePage:
    return QuarantinePage(store, people.policy, people.audit)


def test_ten_thousand_records_come_by_the_page(sqlite_store: Store, people: People) -> None:
    quarantine(sqlite_store, 10_001)
    quarantine(sqlite_store, 3, source_system="csv", field="stage", record="Z9")
    quarantine(sqlite_store, 2, state="replayed")
    page, ada = page_of(sqlite_store, people), people.viewer("ada")
    first = page.view(ada, {})
    assert (first.total, len(first.lines), first.pages) == (10_004, PAGE_SIZE, 501)
    last = page.view(ada, {"page": ["9999"]})
    assert (last.chosen.page, len(last.lines)) == (501, 4)
    assert {line.id for line in first.lines}.isdisjoint(line.id for line in last.lines)
    assert page.view(ada, {"system": ["csv"]}).total == 3
    assert page.view(ada, {"field": ["stage"], "q": ["z9"]}).total == 3
    assert page.view(ada, {"q": ["%"]}).total == 0
    assert (first.systems, first.fields) == (("csv", "greenhouse"), ("applied_at", "stage"))


def test_a_record_shows_keys_dates_and_states_and_nothing_of_the_person(sqlite_store: Store, people: People) -> None:
    secret = {
        "id": 7,
        "candidate_id": 12,
        "applied_at": "2026-03-01T10:00:00Z",
        "status": "active",
        "first_name": "Greta",
        "email_id": "greta@mail.example",
        "notes": "has a child",
        "salary": 90_000,
        "gender": "woman",
        "answers": [{"q": "age", "a": "51"}],
        "prospect": True,
        "company_id": "call me on +49 170 1234567 (Greta), in the evening please",
    }
    quarantine(sqlite_store, record="greta@mail.example", payload=json.dumps(secret))
    page, cleo = page_of(sqlite_store, people), people.viewer("cleo")
    line = page.view(cleo, {}).lines[0]
    detail = page.detail(cleo, str(line.id))
    said = json.dumps([detail.values, line.record])
    for private in ("Greta", "greta", "child", "90000", "90,000", "woman", "51", "1234567"):
        assert private not in said
    shown = {name: words for name, words, is_shown in detail.values if is_shown}
    assert shown == {
        "id": "7",
        "candidate_id": "12",
        "applied_at": "2026-03-01T10:00:00Z",
        "status": "active",
    }
    with sqlite_store.read() as connection:
        noted = connection.execute(select(AuditEvent.actor).where(AuditEvent.action == "quarantine.viewed")).scalars()
        assert list(noted) == [cleo.email]
    assert page.view(cleo, {"q": ["greta"]}).total == 0


def test_a_reason_does_not_quote_what_a_person_said_or_earns(sqlite_store: Store, people: People) -> None:
    quarantine(sqlite_store, field="gender", reason="'nonbinary' is not known; accepted: man, woman")
    quarantine(sqlite_store, resource="offers", field="base", reason="'EUR 90.000' is not a number")
    quarantine(sqlite_store, reason="person max@firm.example is not loaded")
    quarantine(sqlite_store, field="stage", reason="'Phone screeen' is not known")
    reasons = [line.reason for line in page_of(sqlite_store, people).view(people.viewer("ada"), {}).lines]
    assert reasons == [
        "'Phone screeen' is not known",
        "person (an address) is not loaded",
        "a value is not a number",
        "a value is not known; accepted: man, woman",
    ]


@pytest.mark.parametrize("name", ["eva", "max", "rita", "ron", "hana", "dee", "otto"])
def test_records_are_for_those_who_see_the_whole_company(sqlite_store: Store, people: People, name: str) -> None:
    quarantine(sqlite_store)
    page, viewer = page_of(sqlite_store, people), people.viewer(name)
    with pytest.raises(ForbiddenError):
        page.view(viewer, {})
    with pytest.raises(ForbiddenError):
        page.detail(viewer, "1")


def test_a_filter_that_cannot_be_meant_is_left_out() -> None:
    hostile = parse_filter({"page": ["0"], "q": ["a" * 101], "system": ["a\x00"], "field": []})
    assert (hostile.page, hostile.search, hostile.system, hostile.field) == (1, "", "", "")


# --- replay ----------------------------------------------------------------------------------------------------------


class Later:
    """Keeps the work that would run in the background."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def run(self) -> None:
        self.work.pop()()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def replay(sqlite_store: Store, people: People, tmp_path: Path, later: Later) -> QuarantineReplay:
    return QuarantineReplay(
        sqlite_store, people.policy, people.audit, tmp_path / "import", clock=lambda: NOW, start=later
    )


def write_lines(folder: Path, resource: str, *records: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{resource}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))


@pytest.fixture
def with_orphan(sqlite_store: Store, tmp_path: Path) -> Path:
    """An application whose job came later."""
    application = {
        "id": 5,
        "candidate_id": 6,
        "job_id": 1,
        "status": "active",
        "prospect": False,
        "created_at": "2026-01-02T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
    }
    write_lines(tmp_path / "one", "applications", application)
    import_path(sqlite_store, "greenhouse", tmp_path / "one", spool_dir=tmp_path / "import")
    return tmp_path


def bring_the_job(store: Store, folder: Path) -> None:
    job = {
        "id": 1,
        "name": "Engineer",
        "status": "open",
        "created_at": "2026-01-01T00:00:00Z",
        "opened_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    write_lines(folder / "two", "jobs", job)
    import_path(store, "greenhouse", folder / "two", spool_dir=folder / "import")


def waiting(store: Store) -> int:
    with store.read() as connection:
        return connection.scalar(select(func.count()).where(QuarantineRow.state == "open")) or 0


def actions(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(AuditEvent.action).where(AuditEvent.action.like("quarantine%"))))


def test_ada_counts_first_and_replays_what_was_repaired(
    sqlite_store: Store, people: People, replay: QuarantineReplay, later: Later, with_orphan: Path
) -> None:
    ada = people.viewer("ada")
    assert waiting(sqlite_store) == 1
    before = replay.plan(ada, "greenhouse")
    assert (before.waiting, before.loads, before.still) == (1, 0, 1)
    bring_the_job(sqlite_store, with_orphan)
    plan = replay.plan(ada, "greenhouse")
    assert (plan.waiting, plan.loads, plan.still) == (1, 1, 0)
    assert waiting(sqlite_store) == 1  # counting changes nothing
    assert actions(sqlite_store) == []
    assert replay.begin(ada, "greenhouse", plan.waiting).state == "running"
    with pytest.raises(ConflictError, match="running"):
        replay.begin(ada, "greenhouse", plan.waiting)
    later.run()
    done = replay.progress(ada)
    assert done is not None
    assert (done.state, done.words) == ("done", "1 records loaded, 0 still in quarantine.")
    assert waiting(sqlite_store) == 0
    assert actions(sqlite_store) == ["quarantine.replay_started", "quarantine.replayed"]


def test_a_replay_of_another_number_than_was_counted_is_refused(
    sqlite_store: Store, people: People, replay: QuarantineReplay, later: Later, with_orphan: Path
) -> None:
    assert with_orphan.is_dir()
    counted = replay.plan(people.viewer("ada"), "greenhouse").waiting
    quarantine(sqlite_store, record="6")
    with pytest.raises(ConflictError, match="Count again"):
        replay.begin(people.viewer("ada"), "greenhouse", counted)
    assert later.work == []


def test_a_replay_that_died_is_said_to_be_cut_off(
    sqlite_store: Store, people: People, tmp_path: Path, later: Later, with_orphan: Path
) -> None:
    assert with_orphan.is_dir()
    times = iter([NOW, NOW, NOW + timedelta(minutes=3)])
    parts = (sqlite_store, people.policy, people.audit, tmp_path / "import")
    desk = QuarantineReplay(*parts, clock=lambda: next(times), start=later)
    desk.begin(people.viewer("ada"), "greenhouse", 1)
    seen = desk.progress(people.viewer("ada"))
    assert seen is not None
    assert seen.state == "cut"


@pytest.mark.parametrize("system", ["table", "nobody", None, 7, ["greenhouse"]])
def test_what_cannot_be_replayed_here_is_said(people: People, replay: QuarantineReplay, system: object) -> None:
    with pytest.raises(InvalidInputError):
        replay.plan(people.viewer("ada"), system)


@pytest.mark.parametrize("name", ["eva", "cleo", "ron", "hana", "otto"])
def test_only_who_may_import_replays(people: People, replay: QuarantineReplay, name: str) -> None:
    viewer: Viewer = people.viewer(name)
    for ask in (replay.plan, lambda v, s: replay.begin(v, s, 1), lambda v, _s: replay.desk(v)):
        with pytest.raises(ForbiddenError):
            ask(viewer, "greenhouse")
    assert not people.policy.can(viewer, Action.DATA_IMPORT)


# --- freshness and imports -------------------------------------------------------------------------------------------


def test_a_source_is_late_after_twice_its_usual_distance() -> None:
    daily = [NOW - timedelta(days=number) for number in range(5)]
    assert rhythm_limit(daily) == timedelta(days=2).total_seconds()
    assert rhythm_limit(daily[:2]) is None
    often = [NOW - timedelta(minutes=number) for number in range(5)]
    assert rhythm_limit(often) == timedelta(hours=1).total_seconds()


def test_failed_and_cut_imports_say_what_to_do(own_product: Product) -> None:
    with own_product.services.store.write() as connection:
        connection.execute(delete(ImportBatch))
        for state, finished in (("failed", None), ("abandoned", None), ("complete", NOW)):
            values = {"source_system": "greenhouse", "path": "/srv/secret/export", "state": state, "started_at": NOW}
            connection.execute(insert(ImportBatch).values(**values, finished_at=finished, actor="ada@x.example"))
    quarantine(own_product.services.store, 3)
    page = opened(own_product, Role.ADMIN, "/data-health")
    assert "/data-health/quarantine/1" in page
    assert "hireboard import resume" in page
    assert "hireboard import abandon" in page
    assert "Given up: import an export" in page
    assert "/srv/secret/export" in page
    assert "/srv/secret" not in opened(own_product, Role.EXECUTIVE, "/data-health")


@pytest.fixture
def own_product(tmp_path: Path) -> Iterator[Product]:
    made = Product(tmp_path)
    yield made
    made.services.store.dispose()


def test_the_service_refuses_who_comes_another_way(sqlite_store: Store, people: People) -> None:
    with pytest.raises(NotFoundError):
        page_of(sqlite_store, people).detail(people.viewer("ada"), "12")
