"""11: the demonstration company is made from its seed alone, is whole, and holds the stories it says it holds."""

from __future__ import annotations

import hashlib
import json
import statistics
from datetime import date

import pytest
from sqlalchemy import text

from services.domain.errors import ConflictError, InvalidInputError
from services.ingest.demonstration import is_empty, load, plant
from services.store.database import Store
from services.store.migrations import migrate
from services.store.tables import metadata

UNTIL = date(2026, 11, 2)
TABLES = sorted(t.name for t in metadata.sorted_tables if t.name not in {"import_batch", "change_row"})

OTHER_TABLES = (
    "interview", "feedback", "hire", "onboarding_task", "performance_review", "survey_answer", "demographic",
    "background_check", "offer_version", "freeze", "person_leave", "requisition_owner",
)  # fmt: skip
LATER = """select count(*) from stage_visit v join application a on a.id = v.application_id
           where v.exited_at > a.ended_at"""


def _store(url: str) -> Store:
    store = Store(url)
    migrate(store)
    return store


def _digests(store: Store) -> dict[str, str]:
    found = {}
    with store.read() as connection:
        for name in TABLES:
            rows = sorted(
                json.dumps([_plain(v) for v in row]) for row in connection.execute(metadata.tables[name].select())
            )
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def _plain(value: object) -> object:
    return (
        value.hex()
        if isinstance(value, bytes)
        else value
        if isinstance(value, int | float | str | None)
        else str(value)
    )


def _all(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    store = _store(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'store.db'}")
    load(store, 20_000, seed=5, until=UNTIL)
    yield store
    store.dispose()


def test_the_same_seed_gives_the_same_company_in_both_stores(sqlite_url, postgres_url):
    """11: equal rows on SQLite and PostgreSQL; another seed differs."""
    lite, post = _store(sqlite_url), _store(postgres_url)
    try:
        assert load(lite, 1_500, seed=7, until=UNTIL).applications == 1_500
        load(post, 1_500, seed=7, until=UNTIL)
        assert _digests(lite) == _digests(post)
    finally:
        lite.dispose()
        post.dispose()


def test_another_seed_gives_another_company(tmp_path):
    stores = [_store(f"sqlite:///{tmp_path / name}.db") for name in ("a", "b", "c")]
    for store, seed in zip(stores, (1, 1, 2), strict=True):
        load(store, 300, seed=seed, until=UNTIL)
    first, again, other = (_digests(store)["application"] for store in stores)
    assert first == again != other


def test_it_is_as_large_as_asked_and_whole(company):
    """11: every kind of row is there, no clock runs backwards, nothing happens after the last day."""
    assert _all(company, "select count(*) from application") == [(20_000,)]
    for name in OTHER_TABLES:
        assert _all(company, f"select count(*) from {name}")[0][0] > 0, name
    assert _all(company, "select count(*) from stage_visit where exited_at < entered_at") == [(0,)]
    assert _all(company, f"select count(*) from stage_visit where entered_at > '{UNTIL} 00:00:00'") == [(0,)]
    assert _all(company, LATER) == [(0,)]
    statuses = {row[0] for row in _all(company, "select distinct status from requisition_status")}
    assert {"open", "on_hold", "filled", "cancelled"} <= statuses
    declined = "select count(*) from demographic where answer = 'declined'"
    assert _all(company, declined)[0][0] > 0


def test_a_filled_seat_belongs_to_an_accepted_offer(company):
    wrong = """select count(*) from opening o left join offer_version v on v.application_id = o.application_id
               and v.answer = 'accepted' and v.undone_at is null and v.answered_at = o.filled_at
               where o.filled_at is not null and v.id is null"""
    assert _all(company, wrong) == [(0,)]


def test_referrals_convert_at_the_published_rate(company):
    """11: about one hire in 16 referrals and one in 152 from the job boards (published), within sampling error."""
    rows = _all(company, "select s.name, count(*), sum(outcome = 'hired') from application a "
                         "join source s on s.id = a.source_id group by 1")  # fmt: skip
    rate = {str(name): float(hired) / float(count) for name, count, hired in rows}
    assert 1 / 26 < rate["Employee referral"] < 1 / 11
    assert 1 / 300 < rate["Job boards"] < 1 / 80


@pytest.mark.parametrize("seed", [5])
def test_the_slow_panel_is_the_one_the_stories_name(company, seed):
    """11: feedback of the planted team takes longest, by about the planted factor."""
    rows = _all(company, """select d.name, (julianday(f.submitted_at) - julianday(i.ends_at)) * 24 from feedback f
        join interview i on i.id = f.interview_id join application a on a.id = i.application_id
        join requisition r on r.id = a.requisition_id join department d on d.id = r.department_id
        where f.submitted_at is not null""")  # fmt: skip
    hours: dict[str, list[float]] = {}
    for team, value in rows:
        hours.setdefault(str(team), []).append(float(value))
    medians = {team: statistics.median(values) for team, values in hours.items()}
    slowest = max(medians, key=lambda team: medians[team])
    assert slowest == plant(seed).slow_panel_team
    others = statistics.median(value for team, value in medians.items() if team != slowest)
    assert medians[slowest] / others > 0.6 * plant(seed).slow_panel_delay_factor


def test_the_losing_vendor_and_the_late_laptops_are_the_planted_ones(company):
    """11: a vendor without results and an office with late laptops stand out as planted."""
    lost = _all(company, "select vendor, avg(completed_at is null) from background_check group by 1 order by 2 desc")
    assert lost[0][0] == plant(5).losing_vendor
    late = _all(company, """select o.name, avg(julianday(t.done_on) - julianday(t.due_on)) from onboarding_task t
        join hire h on h.id = t.hire_id join application a on a.id = h.application_id
        join requisition r on r.id = a.requisition_id join office o on o.id = r.office_id
        where t.name = 'Laptop ready' group by 1 order by 2 desc""")  # fmt: skip
    assert late[0][0] == plant(5).provisioning_office


def test_the_stories_do_not_depend_on_the_size():
    assert plant(3) == plant(3)
    assert len({plant(seed).slow_panel_team for seed in range(30)}) > 5


def test_it_is_refused_where_data_is(company):
    assert not is_empty(company)
    with pytest.raises(ConflictError, match="already holds data"):
        load(company, 10)


def test_an_impossible_size_is_refused(sqlite_url):
    store = _store(sqlite_url)
    with pytest.raises(InvalidInputError, match="between 1 and"):
        load(store, 0)
    store.dispose()
