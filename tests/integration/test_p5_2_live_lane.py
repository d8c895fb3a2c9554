"""5.2: the live lane says what the snapshot says at one watermark, whatever happened, on both stores."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.domain.people import Scope
from services.ingest import live_lane
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.metrics import pipeline_selects as asks
from services.metrics.pipeline_lanes import APPLICATION, ROLE, STAGE, Lane, PipelineLanes
from services.store import tables as t
from services.store.database import Store
from tests.integration import test_4_mart_increments as happenings
from tests.mart_scenes import Company, day

fresh_sqlite, fresh_postgres = happenings.fresh_sqlite, happenings.fresh_postgres
NOW = day(45).replace(hour=11)
LIMITS = {"applied": 1.0, "screen": 2.0, "assessment": 1.5, "interview": 5.0, "offer": 0.5}
EVERYTHING = asks.Ask(Scope(everything=True), {})
EMEA = asks.Ask(Scope(department_ids=None, regions=("EMEA",)), {"source": (1,)})
RITA = asks.Ask(Scope(recruiter_id=1), {}, person_id=1)


def pause_here(company: Company, dice: random.Random) -> None:
    """A hold, a freeze, or a release of the source's hold, made in the web."""
    number, kind = dice.randint(1, 4), dice.choice(["hold", "freeze", "release"])
    row = {"kind": kind, "from_at": day(dice.randint(25, 44)), "to_at": dice.choice([None, day(45)])}
    made = {"reason": "r", "version": 1, "edited_by": "Rita", "edited_at": day(44)}
    company.add(t.RequisitionPause, id=dice.randrange(10**6), requisition_id=number, **row, **made)
    company.changed("requisition", number)


def edit_here(company: Company, dice: random.Random) -> None:
    number, field = dice.randint(1, 4), dice.choice(["department_id", "recruiter_id", "hiring_manager_id"])
    company.delete(t.RequisitionOverlay, t.RequisitionOverlay.requisition_id == number)
    made = {"reason": "r", "version": 1, "edited_by": "Rita", "edited_at": day(44), "is_active": dice.random() < 0.8}
    company.add(
        t.RequisitionOverlay, id=number, requisition_id=number, field=field, value=str(dice.randint(1, 3)), **made
    )
    company.changed("requisition", number)


def name_here(company: Company, dice: random.Random) -> None:
    """Somebody else recruits from then on, or whom the source names again."""
    number, row = dice.randint(1, 4), dice.randrange(10**6)
    who = {"person_id": dice.choice([None, 2, 4]), "from_at": day(dice.randint(0, 30))}
    company.add(t.RequisitionOwnerEdit, id=row, requisition_id=number, part="recruiter", **who)
    company.changed("requisition", number)


EVENTS = (*happenings.EVENTS, pause_here, edit_here, name_here)
histories = st.lists(
    st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 10**6)), min_size=1, max_size=4),
    min_size=1,
    max_size=2,
)
a_few = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _lanes(store: Store, folder: Path) -> tuple[Lane, Lane]:
    """Live and batch, both as of NOW."""
    reader = MartReader(folder, look_again_s=0.0)
    lanes = PipelineLanes(store, reader)
    live, batch = lanes.live(NOW), lanes.batch()
    assert live is not None
    held = Lane(**{**vars(batch), "as_of": NOW, "now_days": live.now_days})
    return live, held


def _said(lane: Lane) -> dict[str, Any]:
    """Everything a page can ask, and the rows themselves."""
    rows = lane.rows
    columns = [rows.c[name] for name in (*APPLICATION, *STAGE, *ROLE, "owner_id")]
    plain = lane.run(sa.select(*columns).where(lane.is_recent()).order_by(rows.c.application_id))
    said: dict[str, Any] = {"rows": [tuple(map(_plain, row)) for row in plain]}
    for name, ask in (("all", EVERYTHING), ("emea", EMEA), ("rita", RITA)):
        said |= {
            f"{name} aged": sorted(asks.aged(lane, ask), key=repr),
            f"{name} over": asks.over_limit(lane, ask, LIMITS),
            f"{name} roles": asks.roles_by_state(lane, ask),
            f"{name} left": asks.left(lane, ask),
            f"{name} feed": asks.just_now(lane, ask, 8),
        }
    return said


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return round(value, 6) if isinstance(value, float) else value


def _same(store: Store, mart: Mart, folder: Path, happened: object) -> dict[str, Any]:
    store.dispose()
    mart.build()
    live, batch = _lanes(store, folder)
    said, expected = _said(live), _said(batch)
    for name, value in expected.items():
        assert said[name] == value, (name, happened)
    store.dispose()
    return said


def _found(url: str, folder: Path) -> tuple[Store, Company, Mart]:
    store = Store(url)
    company = Company(store)
    with company.writing():
        company.standing_company()
    assert live_lane.catch_up(store, NOW)
    return store, company, Mart(store.url, folder)


def _happen(company: Company, event: Any, seed: int) -> None:
    """In one transaction with what the lane makes of it, as at the end of an import."""
    with company.writing():
        event(company, random.Random(seed))
        found = live_lane.difference(company.connection, NOW)
        live_lane.apply_difference(company.connection, found, NOW)


def _live_through(url: str, folder: Path, history: list[list[tuple[Any, int]]]) -> None:
    store, company, mart = _found(url, folder)
    for events in history:
        for event, seed in events:
            _happen(company, event, seed)
        _same(store, mart, folder, [event.__name__ for event, _ in events])


@a_few
@given(history=histories)
def test_5_2_live_equals_batch_at_one_watermark_on_sqlite(fresh_sqlite, tmp_path_factory, history):
    _live_through(fresh_sqlite(), tmp_path_factory.mktemp("mart"), history)


@a_few
@given(history=histories)
def test_5_2_live_equals_batch_at_one_watermark_on_postgresql(fresh_postgres, tmp_path_factory, history):
    _live_through(fresh_postgres(), tmp_path_factory.mktemp("mart"), history)


def test_5_2_each_kind_of_change_reaches_the_live_lane(fresh_sqlite: Callable[[], str], tmp_path: Path):
    store, company, mart = _found(fresh_sqlite(), tmp_path / "mart")
    first = _same(store, mart, tmp_path / "mart", "at first")
    assert all(first[name] for name in ("rows", "all aged", "all over", "rita over", "emea aged", "all feed"))
    for start in range(0, len(EVENTS), 6):
        some = EVENTS[start : start + 6]
        for event in some:
            for seed in (7, 8):
                _happen(company, event, seed)
        _same(store, mart, tmp_path / "mart", [event.__name__ for event in some])
