"""5.5: refresh by rule, one build however many are due, none when nothing changed; held views; failures are said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.access.policy import Policy
from services.audit.log import AuditLog
from services.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RetryLaterError,
)
from services.domain.people import Role, Scope, Viewer
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.reporting.held_views import HeldViews
from services.reporting.refresh import Refresh, Rule, jitter
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day

ADA = Viewer(1, "ada@northwind.example", "Ada", None, frozenset({Role.ADMIN}), Scope(everything=True))
RITA = Viewer(2, "rita@northwind.example", "Rita", 1, frozenset({Role.RECRUITER}), Scope(recruiter_id=1))
MINUTE = timedelta(minutes=1)


class Scene:
    """A store with a company, its mart, and a clock that is set by hand. Builds are counted."""

    def __init__(self, url: str, folder: Path) -> None:
        self.store = Store(url)
        self.company = Company(self.store)
        with self.company.writing():
            self.company.standing_company()
        self.store.dispose()
        self.mart = Mart(self.store.url, folder)
        self.mart.build()
        self.reader = MartReader(folder, look_again_s=0.0)
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.builds = 0
        self.fails: Exception | None = None
        self.audit = AuditLog(self.store)
        self.refresh = Refresh(self.store, self.reader, Policy(), self.audit, build=self._build, now=lambda: self.now)

    def _build(self) -> None:
        self.builds += 1
        if self.fails is not None:
            raise self.fails
        self.store.dispose()
        self.mart.build()

    def change(self) -> None:
        with self.company.writing():
            self.company.set(t.Application, 1, source_id=2)
            self.company.set(t.Application, 1, applied_at=day(3) + timedelta(minutes=self.builds))
            self.company.changed("application", 1)

    def later(self, minutes: float) -> tuple[str, ...]:
        self.now += minutes * MINUTE
        return self.refresh.round()

    def looks(self) -> list[tuple[str, bool, str | None]]:
        table = t.FreshnessRecord
        with self.store.read() as connection:
            query = select(table.dashboard, table.is_met, table.problem).order_by(table.id)
            return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def scene(migrated_store_url: str, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(migrated_store_url, tmp_path / "mart")
    yield made
    made.reader.close()
    made.store.dispose()


def test_5_5_all_dashboards_due_are_served_by_one_build_and_none_when_nothing_changed(scene: Scene) -> None:
    scene.change()
    assert scene.later(4) == ()
    assert len(scene.later(2)) == 3
    assert scene.builds == 1
    assert len(scene.later(6)) == 3
    assert scene.builds == 1, "the watermark did not move"
    assert {met for _, met, _ in scene.looks()} == {True}
    scene.change()
    scene.later(6)
    assert scene.builds == 2
    scene.later(61)
    assert scene.builds == 3, "ages go on: after an hour the same content is taken again"


def test_5_5_each_dashboard_has_its_own_interval_hours_and_jitter(scene: Scene) -> None:
    hourly = Rule(60, None, 0, 120)
    berlin = Rule(5, 1, 0, 60)
    scene.refresh.put(ADA, "overview", hourly)
    scene.refresh.put(ADA, "pages", berlin)
    scene.now = scene.refresh._begun = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)  # a Saturday
    assert scene.later(6) == ("actions",), "nobody works in Berlin, and the hour is not over"
    scene.now = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    assert set(scene.refresh.round()) == {"overview", "pages", "actions"}
    assert "overview" not in scene.later(6)
    at = datetime(2026, 11, 23, 11, tzinfo=UTC)
    put_off = {jitter("overview", Rule(jitter_s=60), at + number * MINUTE).seconds for number in range(40)}
    assert len(put_off) > 10
    assert max(put_off) <= 60


def test_5_5_rules_are_versioned_audited_and_for_administrators(scene: Scene) -> None:
    scene.refresh.put(ADA, "overview", Rule(10, None, 5, 30), expected_version=0)
    with pytest.raises(ConflictError):
        scene.refresh.put(ADA, "overview", Rule(20, None, 5, 30), expected_version=0)
    with pytest.raises(ForbiddenError):
        scene.refresh.put(RITA, "overview", Rule(1, None, 5, 30))
    with pytest.raises(ForbiddenError):
        scene.refresh.view(RITA)
    for wrong in (Rule(0), Rule(5_000), Rule(10, 999, 5, 30), Rule(10, None, 9_999, 30), Rule(30, None, 5, 10)):
        with pytest.raises(InvalidInputError):
            scene.refresh.put(ADA, "overview", wrong)
    with pytest.raises(InvalidInputError):
        scene.refresh.put(ADA, "nothing", Rule())
    shown = scene.refresh.view(ADA).rules[0]
    assert (shown.interval_minutes, shown.version, shown.changed_by) == (10, 1, ADA.email)
    with scene.store.read() as connection:
        written = select(func.count()).where(t.AuditEvent.action == "refresh.set")
        assert connection.scalar(written) == 1


def test_5_5_a_failed_refresh_is_said_with_the_age_of_the_numbers_and_missed_in_the_history(scene: Scene) -> None:
    assert scene.refresh.notes() == ()
    scene.change()
    scene.fails = RetryLaterError("The disk is full.")
    scene.later(40)
    (note,) = scene.refresh.notes()
    assert "The disk is full." in note.text
    assert "40 minutes old" in note.text
    assert {(met, problem) for _, met, problem in scene.looks()} == {(False, "The disk is full.")}
    view = scene.refresh.view(ADA)
    assert view.rules[0].met_share == 0
    assert len(view.history) == 3
    scene.fails = None
    scene.later(6)
    assert scene.refresh.notes() == ()


def test_5_5_a_held_view_stays_while_newer_snapshots_come_and_go(scene: Scene) -> None:
    held_views = HeldViews(scene.store, scene.reader, scene.audit)
    held = held_views.hold(RITA)
    assert held_views.hold(RITA) == held, "twice is once"
    for _ in range(4):
        scene.change()
        scene._build()
    assert scene.reader.snapshot().id != held
    with scene.reader.hold_at(held) as snapshot, scene.reader.hold() as inside:
        assert snapshot.id == inside.id == held
    assert held in scene.reader.folder.pinned()
    with pytest.raises(NotFoundError):
        held_views.let_go(ADA, held)
    held_views.let_go(RITA, held)
    assert held not in scene.reader.folder.pinned()
    for wrong in ("", "../current", "0" * 24, held * 9):
        with pytest.raises(NotFoundError), scene.reader.hold_at(wrong):
            pass


def test_5_5_a_snapshot_stays_kept_while_another_person_holds_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.reporting.held_views.MOST", 2)
    held_views = HeldViews(scene.store, scene.reader, scene.audit)
    held = held_views.hold(RITA)
    assert held_views.hold(ADA) == held
    held_views.let_go(RITA, held)
    assert held in scene.reader.folder.pinned()
    for is_too_many in (False, True):
        scene.change()
        scene._build()
        if not is_too_many:
            held_views.hold(ADA)
    with pytest.raises(InvalidInputError):
        held_views.hold(ADA)
