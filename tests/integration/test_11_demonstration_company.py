"""11: the demonstration company is made from its seed alone, is whole, and holds the stories it says it holds."""

from __future__ import annotations

import hashlib
import json
import statistics
from datetime import date

import pytest
from sqlalchemy import text

from services.domain.errors import ConflictError, InvalidInputError
from services.ingest.abandoning import Way, abandon_import
from services.ingest.batches import list_imports
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
        written = {"live_lane": ""}  # when the lane was written
        assert _digests(lite) | written == _digests(post) | written
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


def test_managers_interview_too_and_owe_feedback_themselves(company):
    """11: every final interview and some panels; the weekly report of some asks for their own feedback first."""
    by_stage = """select s.name, avg(exists(select 1 from feedback f where f.interview_id = i.id
                                           and f.interviewer_id = r.hiring_manager_id))
        from interview i join pipeline_stage s on s.id = i.stage_id join application a on a.id = i.application_id
        join requisition r on r.id = a.requisition_id where i.status <> 'scheduled' group by 1"""
    share = dict(_all(company, by_stage))
    assert share["Final interview"] == 1
    assert 0.25 < share["Panel interview"] < 0.45
    owing = """select count(distinct r.hiring_manager_id) from feedback f join interview i on i.id = f.interview_id
        join application a on a.id = i.application_id join requisition r on r.id = a.requisition_id
        where f.submitted_at is null and i.status = 'held' and a.outcome is null
          and f.interviewer_id = r.hiring_manager_id"""
    assert _all(company, owing)[0][0] >= 5


def test_evergreen_requisitions_make_a_seat_when_there_is_somebody_to_offer_it_to(company):
    """11: and leave no other seat so young."""
    rows = _all(company, """select r.is_evergreen, count(*), sum(julianday(v.extended_at) - julianday(o.opened_at) < 3)
        from opening o join requisition r on r.id = o.requisition_id
        join offer_version v on v.application_id = o.application_id and v.version = 1
        where o.filled_at is not null group by 1 order by 1""")  # fmt: skip
    (_, ordinary, young), (_, evergreen, made_for_it) = rows
    assert made_for_it == evergreen > 3
    assert young < ordinary / 50


def test_one_that_was_cut_off_is_taken_back_and_loaded_again(tmp_path, monkeypatch):
    """11: a demonstration killed halfway would otherwise stand in the way of numbers, and of another one, for ever."""
    store = _store(f"sqlite:///{tmp_path / 'store.db'}")

    def cut(done: int, _wanted: int) -> None:
        if done > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(store, 1_500, seed=7, until=UNTIL, progress=cut)
    with pytest.raises(ConflictError, match="already holds data"):
        load(store, 300, seed=7, until=UNTIL)
    (batch,) = list_imports(store, tmp_path)
    assert (batch.state, batch.blocks) == ("applying", True)
    assert abandon_import(store, batch.id, spool_dir=tmp_path).way is Way.TAKE_BACK
    assert is_empty(store)
    load(store, 300, seed=7, until=UNTIL)
    whole = _store(f"sqlite:///{tmp_path / 'whole.db'}")
    load(whole, 300, seed=7, until=UNTIL)
    # the log and the note of its head; how often and when the live lane was written
    logged = {"audit_event": "", "app_setting": "", "live_lane": ""}
    assert _digests(store) | logged == _digests(whole) | logged
    store.dispose()
    whole.dispose()


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
