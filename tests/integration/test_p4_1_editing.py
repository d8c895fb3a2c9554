"""Product row 4.1: who may change what of a requisition, and how an edit stands beside the source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.requisition_edits import (
    Change,
    ConfirmationNeededError,
    EditConflictError,
    Field,
    News,
    PauseKind,
)
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.mart.schema import (
    dim_requisition,
    fact_seat,
    requisition_hold,
    requisition_owner,
    requisition_status,
    requisition_stop,
)
from services.requisitions.editing import RequisitionEdits
from services.store import tables as t
from services.store.database import Store
from tests.command_line import CommandLine
from tests.mart_scenes import Company, day
from tests.people import People, make_people

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RITA, MAX, LEA = 1, 3, 4
OWN, FOREIGN = 2, 1
"""Requisition 2 lies in EMEA, Rita recruits for it, Max manages it. Requisition 1 lies in AMER and is Lea's."""
VALUES: dict[Field, str] = {
    Field.TARGET_ON: "2026-06-30",
    Field.URGENCY: "critical",
    Field.JOB_FAMILY: "2",
    Field.JOB_LEVEL: "2",
    Field.DEPARTMENT: "3",
    Field.RECRUITER: "2",
    Field.HIRING_MANAGER: "4",
    Field.OPENINGS: "3",
    Field.TARGET_DAYS: "45",
}
EVERY = frozenset(Field)
MAY: dict[str, frozenset[Field]] = {
    "eva": frozenset(),
    "max": frozenset(),
    "rita": EVERY,
    "ron": frozenset(),
    "hana": EVERY,
    "dee": frozenset(),
    "cleo": frozenset(),
    "ada": frozenset(),
    "otto": frozenset(),
}


@dataclass
class Scene:
    store: Store
    company: Company
    people: People
    edits: RequisitionEdits

    def change(self, name: str, field: Field, value: str, version: int = 0, **options: Any) -> Any:
        requisition = options.pop("requisition", OWN)
        viewer = self.people.viewer(name)
        changes = [Change(field, value, version)]
        return self.edits.change(requisition, viewer, changes, options.pop("reason", "agreed"), **options)

    def audited(self) -> list[dict[str, Any]]:
        event = t.AuditEvent
        query = sa.select(event.detail, event.actor).where(event.action.like("requisition.%")).order_by(event.seq)
        with self.store.read() as connection:
            return [{**json.loads(row.detail), "by": row.actor} for row in connection.execute(query)]

    def count(self, table: Any) -> int:
        with self.store.read() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Any:
    kind = getattr(request, "param", "sqlite")
    store = Store(request.getfixturevalue(f"migrated_{'postgres' if kind == 'postgresql' else 'sqlite'}_url"))
    company = Company(store)
    with company.writing():
        company.standing_company()
        company.add(t.JobFamily, id=2, name="Data")
        company.add(t.JobLevel, id=2, name="Lead", rank=4)
        company.set(t.Requisition, OWN, office_id=1, target_on=date(2026, 5, 1), urgency="normal")
        company.set(t.Requisition, FOREIGN, office_id=2, recruiter_id=LEA, hiring_manager_id=LEA)
        company.set(t.Requisition, 3, recruiter_id=2)
    people = make_people(store, person_ids={"rita": RITA, "max": MAX}, clock=lambda: NOW)
    yield Scene(
        store, company, people, RequisitionEdits(store, people.policy, people.accounts, people.audit, clock=lambda: NOW)
    )
    store.dispose()


both = pytest.mark.parametrize("scene", ["sqlite", "postgresql"], indirect=True)


@pytest.mark.parametrize("name", sorted(MAY))
@pytest.mark.parametrize("field", list(Field))
def test_4_1_every_role_changes_exactly_its_fields(scene: Scene, name: str, field: Field) -> None:
    if field in MAY[name]:
        assert scene.change(name, field, VALUES[field]).fields[field].value == VALUES[field]
        return
    with pytest.raises(ForbiddenError):
        scene.change(name, field, VALUES[field])
    assert (scene.count(t.RequisitionOverlay), scene.count(t.ChangeRow)) == (0, 2)


@pytest.mark.parametrize("name", ["eva", "max", "ron", "ada", "dee", "otto"])
def test_4_1_a_reader_neither_holds_nor_freezes(scene: Scene, name: str) -> None:
    with pytest.raises(ForbiddenError):
        scene.edits.pause(OWN, scene.people.viewer(name), PauseKind.HOLD, None, None, "why", confirmed=True)
    assert scene.count(t.RequisitionPause) == 0


def test_4_1_max_sets_the_target_date_once_ada_allows_it_and_nothing_else(scene: Scene) -> None:
    with pytest.raises(ForbiddenError):
        scene.edits.let_managers_set_target_dates(scene.people.viewer("max"), allowed=True)
    scene.edits.let_managers_set_target_dates(scene.people.viewer("ada"), allowed=True)
    assert scene.edits.standing(OWN, scene.people.viewer("max")).may_edit == {Field.TARGET_ON}
    assert (
        scene.change("max", Field.TARGET_ON, "2026-06-30").fields[Field.TARGET_ON].edited_by == "max@northwind.example"
    )
    for field in EVERY - {Field.TARGET_ON}:
        with pytest.raises(ForbiddenError):
            scene.change("max", field, VALUES[field])
    scene.edits.let_managers_set_target_dates(scene.people.viewer("ada"), allowed=False)
    with pytest.raises(ForbiddenError):
        scene.change("max", Field.TARGET_ON, "2026-07-31", 1)


@pytest.mark.parametrize("name", ["hana", "rita", "max"])
def test_4_1_outside_the_scope_is_answered_as_if_it_were_not_there(scene: Scene, name: str) -> None:
    said = []
    for requisition in (FOREIGN, 999_999, 0, 10**30):
        with pytest.raises(NotFoundError) as refused:
            scene.edits.standing(requisition, scene.people.viewer(name))
        said.append(str(refused.value))
        with pytest.raises(NotFoundError) as unchanged:
            scene.change(name, Field.TARGET_ON, "2026-06-30", requisition=requisition)
        said.append(str(unchanged.value))
    assert len(set(said)) == 1


def test_4_1_a_right_of_one_role_does_not_reach_through_another(scene: Scene) -> None:
    """Hana is HR partner of EMEA and also an executive of everything: in AMER she reads."""
    from services.accounts.grants import RoleGiven
    from services.domain.people import Role

    both_roles = [RoleGiven(Role.HRBP, region="EMEA"), RoleGiven(Role.EXECUTIVE)]
    scene.people.accounts.replace_roles(scene.people.ids["hana"], both_roles)
    assert scene.edits.standing(FOREIGN, scene.people.viewer("hana")).may_edit == frozenset()
    with pytest.raises(ForbiddenError):
        scene.change("hana", Field.URGENCY, "low", requisition=FOREIGN)
    assert scene.change("hana", Field.URGENCY, "low").fields[Field.URGENCY].value == "low"


@both
def test_4_1_an_import_does_not_destroy_an_edit_and_says_when_the_source_has_caught_up(scene: Scene) -> None:
    scene.change("hana", Field.TARGET_ON, "2026-06-30")

    def standing() -> Any:
        return scene.edits.standing(OWN, scene.people.viewer("hana")).fields[Field.TARGET_ON]

    assert (standing().source, standing().edited, standing().news) == ("2026-05-01", "2026-06-30", News.NONE)
    with scene.company.writing() as company:
        company.set(t.Requisition, OWN, target_on=date(2026, 5, 15))
    assert (standing().source, standing().value, standing().news) == ("2026-05-15", "2026-06-30", News.MOVED)
    with scene.company.writing() as company:
        company.set(t.Requisition, OWN, target_on=date(2026, 6, 30))
    assert (standing().value, standing().news) == ("2026-06-30", News.CAUGHT_UP)
    given = scene.edits.give_back(OWN, scene.people.viewer("hana"), Field.TARGET_ON, 1, "the source says so")
    assert (given.fields[Field.TARGET_ON].edited, given.fields[Field.TARGET_ON].version) == (None, 2)


@both
def test_4_1_the_second_of_two_edits_is_refused_shows_both_values_and_loses_no_text(scene: Scene) -> None:
    scene.change("hana", Field.TARGET_ON, "2026-06-30")
    with pytest.raises(EditConflictError) as refused:
        scene.change("rita", Field.TARGET_ON, "2026-07-31")
    words = str(refused.value)
    assert [part in words for part in ("30 Jun 2026", "31 Jul 2026", "hana@northwind.example")] == [True] * 3
    assert refused.value.typed == "2026-07-31"
    assert scene.change("rita", Field.TARGET_ON, "2026-07-31", 1).fields[Field.TARGET_ON].version == 2


def test_4_1_one_refused_field_leaves_the_others_unwritten(scene: Scene) -> None:
    changes = [Change(Field.URGENCY, "high", 0), Change(Field.TARGET_ON, "31.12.2026", 0)]
    with pytest.raises(InvalidInputError):
        scene.edits.change(OWN, scene.people.viewer("hana"), changes, "agreed")
    assert scene.count(t.RequisitionOverlay) == 0
    assert scene.audited() == []


def test_4_1_each_edit_is_audited_with_before_after_and_reason(scene: Scene) -> None:
    scene.change("rita", Field.URGENCY, "high", reason="the team lost two people")
    scene.change("rita", Field.URGENCY, "high", 1)
    assert scene.audited() == [
        {
            "field": "urgency",
            "before": "normal",
            "after": "high",
            "reason": "the team lost two people",
            "by": "rita@northwind.example",
        }
    ]
    assert scene.people.audit.verify().first_bad_seq is None


HOSTILE: dict[Field, tuple[Any, ...]] = {
    Field.TARGET_ON: ("", "tomorrow", "0001-01-01", "2026-02-30", None, ["2026-06-30"]),
    Field.URGENCY: ("urgent", "CRITICAL", "x" * 5000),
    Field.JOB_FAMILY: ("0", "-1", "99999", "1 OR 1=1", "9" * 30),
    Field.DEPARTMENT: ("99", "Sales"),
    Field.RECRUITER: ("3", "99"),
    Field.OPENINGS: ("0", "-3", "1000", "1.5", True),
    Field.TARGET_DAYS: ("0", "1000"),
}


@pytest.mark.parametrize(("field", "typed"), [(field, typed) for field, many in HOSTILE.items() for typed in many])
def test_4_1_what_cannot_be_a_value_is_refused_with_what_is_accepted(scene: Scene, field: Field, typed: Any) -> None:
    with pytest.raises(InvalidInputError):
        scene.change("hana", field, typed, confirmed=True)
    assert scene.count(t.RequisitionOverlay) == 0


def test_4_1_seats_are_cancelled_only_when_that_is_confirmed(scene: Scene) -> None:
    scene.change("hana", Field.OPENINGS, "3")
    with pytest.raises(ConfirmationNeededError):
        scene.change("hana", Field.OPENINGS, "2", 1)
    assert scene.change("hana", Field.OPENINGS, "2", 1, confirmed=True).number(Field.OPENINGS) == 2
    with pytest.raises(ConfirmationNeededError):
        scene.edits.pause(OWN, scene.people.viewer("hana"), PauseKind.HOLD, None, None, "panel redesign")


def test_4_1_a_hold_stops_overlaps_nothing_and_ends(scene: Scene) -> None:
    hana = scene.people.viewer("hana")
    held = scene.edits.pause(OWN, hana, PauseKind.HOLD, None, None, "panel redesign", confirmed=True)
    assert held.status_at(NOW + timedelta(hours=1)) == "on_hold"
    with pytest.raises(ConflictError, match="panel redesign"):
        scene.edits.pause(OWN, hana, PauseKind.HOLD, NOW, None, "again", confirmed=True)
    later = RequisitionEdits(
        scene.store,
        scene.people.policy,
        scene.people.accounts,
        scene.people.audit,
        clock=lambda: NOW + timedelta(days=2),
    )
    (pause,) = held.pauses
    ended = later.resume(OWN, hana, pause.id, pause.version, "panel stands")
    assert ended.status_at(NOW + timedelta(days=3)) == "open"
    with pytest.raises(ConflictError):
        later.resume(OWN, hana, pause.id, pause.version, "panel stands")
    assert [event["reason"] for event in scene.audited()] == ["panel redesign", "panel stands"]


# --- the mart ---------------------------------------------------------------------------------------------------------


def edit_everything(scene: Scene) -> None:
    """Every field, a hold and a freeze; an edit of an edit and one given back."""
    hana = scene.people.viewer("hana")
    for field in (field for field in Field if field is not Field.DEPARTMENT):
        scene.change("hana", field, VALUES[field], requisition=OWN)
    scene.change("hana", Field.OPENINGS, "2", 1, confirmed=True)
    scene.change("hana", Field.DEPARTMENT, "3")
    scene.edits.pause(OWN, hana, PauseKind.HOLD, day(40), day(43), "panel redesign", confirmed=True)
    scene.edits.pause(OWN, hana, PauseKind.FREEZE, day(42), day(50), "budget", confirmed=True)
    scene.change("hana", Field.OPENINGS, "1", requisition=4, confirmed=True)


def of(table: Any, *columns: str) -> Any:
    return sa.select(*(table.c[name] for name in columns)).where(table.c.requisition_id == OWN)


@both
def test_4_1_the_mart_uses_the_edited_values_and_an_increment_equals_a_full_build(scene: Scene, tmp_path: Path) -> None:
    with scene.company.writing() as company:
        company.set(t.Requisition, 4, office_id=1)
    scene.store.dispose()
    mart = Mart(scene.store.url, tmp_path / "mart")
    mart.build()
    edit_everything(scene)
    scene.store.dispose()
    assert mart.build().how == "increment"
    assert mart.differences() == {}
    reader = MartReader(tmp_path / "mart")
    columns = ("target_on", "urgency", "job_family_id", "job_level_id", "department_id", "recruiter_id", "status")
    assert reader.execute(of(dim_requisition, *columns)) == [(date(2026, 6, 30), "critical", 2, 2, 3, 2, "open")]
    assert sorted(reader.execute(of(requisition_owner, "person_id", "part", "to_at")), key=str) == [
        (1, "recruiter", NOW.replace(tzinfo=None)),
        (2, "recruiter", None),
        (4, "hiring_manager", None),
    ]
    (hold,) = [row for row in reader.execute(of(requisition_hold, "from_at", "to_at")) if row[0] == naive(40)]
    assert hold == (naive(40), naive(50))
    statuses = reader.execute(of(requisition_status, "status", "from_at", "to_at"))
    assert ("on_hold", naive(40), naive(43)) in statuses
    seats = reader.execute(of(fact_seat, "seat_id", "cancelled_at"))
    assert sorted((seat > 0, ended is None) for seat, ended in seats) == [(False, True), (True, True)]
    reader.close()


def naive(number: int) -> datetime:
    return day(number).replace(tzinfo=None)


@both
def test_4_1_the_source_catches_up_with_seats_and_owners_without_counting_them_twice(
    scene: Scene, tmp_path: Path
) -> None:
    scene.change("hana", Field.OPENINGS, "3")
    scene.change("hana", Field.RECRUITER, "2")
    scene.store.dispose()
    mart = Mart(scene.store.url, tmp_path / "mart")
    mart.build()
    with scene.company.writing() as company:
        company.add(t.Opening, id=50, requisition_id=OWN, opened_at=day(60))
        company.set(t.Requisition, OWN, recruiter_id=2)
        company.changed("requisition", OWN)
    scene.store.dispose()
    assert mart.build().how == "increment"
    assert mart.differences() == {}
    with scene.company.writing() as company:  # an application alone: its requisition's seats are counted all the same
        number = company.connection.scalar(sa.select(t.Application.id).where(t.Application.requisition_id == OWN))
        assert number is not None
        company.set(t.Application, number, applied_at=day(4))
        company.changed("application", number)
    scene.store.dispose()
    assert mart.build().how == "increment"
    assert mart.differences() == {}
    reader = MartReader(tmp_path / "mart")
    seats = reader.execute(of(fact_seat, "seat_id").where(fact_seat.c.cancelled_at.is_(None)))
    reader.close()
    assert len(seats) == 3
    given = scene.edits.give_back(OWN, scene.people.viewer("hana"), Field.RECRUITER, 1, "the source says so")
    assert given.number(Field.RECRUITER) == 2
    scene.store.dispose()
    mart.build()
    assert mart.differences() == {}


@both
def test_4_1_an_end_in_the_source_wins_over_a_hold_made_here(scene: Scene, tmp_path: Path) -> None:
    hana = scene.people.viewer("hana")
    scene.edits.pause(OWN, hana, PauseKind.HOLD, day(45), None, "waiting", confirmed=True)
    with scene.company.writing() as company:
        company.status(OWN, ("open", day(2)), ("cancelled", day(55)))
        company.changed("requisition", OWN)
    scene.store.dispose()
    mart = Mart(scene.store.url, tmp_path / "mart")
    mart.build()
    reader = MartReader(tmp_path / "mart")
    found = sorted(reader.execute(of(requisition_status, "from_at", "to_at", "status")))
    reader.close()
    assert found == [
        (naive(2), naive(45), "open"),
        (naive(45), naive(55), "on_hold"),
        (naive(55), None, "cancelled"),
    ]
    with pytest.raises(ConflictError):
        scene.edits.pause(OWN, hana, PauseKind.FREEZE, None, None, "why", confirmed=True)


@both
def test_4_1_the_sources_hold_can_be_ended_here(scene: Scene, tmp_path: Path) -> None:
    with scene.company.writing() as company:
        company.status(OWN, ("open", day(2)), ("on_hold", day(20)))
    hana = scene.people.viewer("hana")
    released = scene.edits.pause(OWN, hana, PauseKind.RELEASE, None, None, "go on", confirmed=True)
    assert released.status_at(NOW) == "open"
    scene.store.dispose()
    mart = Mart(scene.store.url, tmp_path / "mart")
    mart.build()
    reader = MartReader(tmp_path / "mart")
    stops = reader.execute(of(requisition_stop, "from_at", "to_at").where(requisition_stop.c.kind == "hold"))
    reader.close()
    assert stops == [(naive(20), NOW.replace(tzinfo=None))]


def test_4_1_the_setting_is_ada_s_on_the_command_line(scene: Scene, tmp_path: Path) -> None:
    hireboard = CommandLine(scene.store.url.render_as_string(hide_password=False), tmp_path)
    refused, _, words = hireboard.run("requisitions", "manager-target-date", "on", "--as", "rita@northwind.example")
    assert (refused, "admin.access" in words) == (1, True)
    done, _, words = hireboard.run("requisitions", "manager-target-date", "on", "--as", "ada@northwind.example")
    assert (done, words) == (0, "")
    assert scene.edits.standing(OWN, scene.people.viewer("max")).may_edit == {Field.TARGET_ON}
