"""10: the archive as people see it: own reports, all of them for the roles the policy names, nothing of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from services.access.policy import TABLE as POLICY_TABLE
from services.access.policy import Action, Policy, Rule, ScopeRule
from services.delivery.archive import Archive, DamagedFileError, Document, add_item, record_access, stored_digests
from services.domain.errors import NotFoundError
from services.domain.people import Role, Scope, Viewer
from services.reporting.archive_page import PAGE_SIZE, ArchivePage
from services.store.database import Store
from services.store.tables import ArchiveAccess, AuditEvent, Department
from tests.delivery_scenes import START, DeliveryScene


def viewer(user_id: int | None, name: str, *roles: Role, scope: Scope | None = None) -> Viewer:
    email = f"{name}@northwind.example"
    return Viewer(user_id, email, name.capitalize(), roles=frozenset(roles), scope=scope or Scope())


EVERYTHING = Scope(everything=True)


class Scene(DeliveryScene):
    def prepare(self, folder: Path) -> None:
        self.archive = Archive(folder)
        self.page = ArchivePage(self.store, self.archive, Policy(), self.audit, clock=self.clock)
        self.ids = {
            name: self.add_user(f"{name}@northwind.example", name.capitalize())
            for name in ("max", "rita", "eva", "cleo")
        }
        self.max = viewer(self.ids["max"], "max", Role.HIRING_MANAGER)
        self.rita = viewer(self.ids["rita"], "rita", Role.RECRUITER)
        self.eva = viewer(self.ids["eva"], "eva", Role.EXECUTIVE, scope=EVERYTHING)
        self.cleo = viewer(self.ids["cleo"], "cleo", Role.COMPLIANCE, scope=EVERYTHING)
        self.admin = viewer(self.ada, "ada", Role.ADMIN, scope=EVERYTHING)
        with self.store.write() as connection:
            row = insert(Department).values(source_system="t", external_id="1", name="Sales").returning(Department.id)
            self.department = int(connection.execute(row).scalar_one())

    def file(self, recipient: str, *, title: str = "Weekly report", period: str = "2026-W44", **more: object) -> str:
        content = f"%PDF {recipient} {title} {period} {more}".encode()
        digest = self.archive.put(content)
        document = Document(
            report_kind="hiring_manager_weekly",
            title=title,
            period=period,
            subject="1",
            subject_name=recipient.capitalize(),
            recipient_user_id=self.ids[recipient],
            sha256=digest,
            size_bytes=len(content),
            view_sha256=digest,
            snapshot="s",
            created_at=self.clock(),
        )
        with self.store.write() as connection:
            item_id, public_id = add_item(connection, replace(document, **more))  # type: ignore[arg-type]
            record_access(
                connection,
                item_id=item_id,
                user_id=self.ids[recipient],
                address=f"{recipient}@northwind.example",
                how="mail",
                at=self.clock(),
            )
        return public_id


@pytest.fixture
def scene(migrated_store_url: str, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(Store(migrated_store_url))
    scene.prepare(tmp_path)
    yield scene
    scene.store.dispose()


def test_everybody_sees_the_own_reports_and_the_named_roles_see_all(scene: Scene) -> None:
    own, other = scene.file("max"), scene.file("rita")
    assert [entry.public_id for entry in scene.page.view(scene.max).entries] == [own]
    assert [entry.public_id for entry in scene.page.view(scene.rita).entries] == [other]
    assert scene.page.view(scene.eva).entries == ()
    for everything in (scene.cleo, scene.admin):
        assert [entry.public_id for entry in scene.page.view(everything).entries] == [other, own]


def test_a21_somebody_elses_report_is_to_the_last_word_a_missing_one(scene: Scene) -> None:
    public_id = scene.file("max")
    said = set()
    for wanted, who in ((public_id, scene.rita), (public_id, scene.eva), ("missing", scene.rita), ("", scene.rita)):
        for reach in (scene.page.entry, lambda name, person: scene.page.open(name, person, "opened")):
            with pytest.raises(NotFoundError) as refused:
                reach(wanted, who)
            said.add(str(refused.value))
    assert len(said) == 1
    with scene.store.read() as connection:
        assert connection.scalars(select(ArchiveAccess.how)).all() == ["mail"]


def test_a_role_that_sees_all_sees_it_within_its_scope(scene: Scene) -> None:
    """``archive.view_all`` given to HR partners: department and region of the subject decide."""
    rules = (*POLICY_TABLE, Rule(Role.HRBP, Action.ARCHIVE_VIEW_ALL, ScopeRule.GRANTED))
    page = ArchivePage(scene.store, scene.archive, Policy(rules), scene.audit)
    inside = scene.file("max", department_id=scene.department, region="EMEA")
    scene.file("max", period="2026-W43", department_id=scene.department, region="APAC")
    scene.file("max", period="2026-W42")
    narrow = Scope(department_ids=(scene.department,), regions=("EMEA",))
    assert [entry.public_id for entry in page.view(viewer(99, "hana", Role.HRBP, scope=narrow)).entries] == [inside]
    by_department = Scope(department_ids=(scene.department,), regions=None)
    assert page.view(viewer(99, "hana", Role.HRBP, scope=by_department)).total == 2
    assert page.view(viewer(99, "hana", Role.HRBP, scope=Scope())).total == 0


def test_somebody_without_a_role_and_nobody_see_nothing(scene: Scene) -> None:
    public_id = scene.file("max")
    without_role = replace(scene.max, roles=frozenset())
    assert scene.page.view(without_role).entries == ()
    with pytest.raises(NotFoundError):
        scene.page.open(public_id, without_role, "downloaded")


def test_the_local_operator_sees_all(scene: Scene) -> None:
    scene.file("max")
    operator = Viewer(None, "local operator", "Local operator", roles=frozenset(Role), scope=EVERYTHING)
    assert scene.page.view(operator).total == 1


def test_every_opening_is_noted_with_its_audit_event(scene: Scene) -> None:
    public_id = scene.file("max")
    scene.clock.pass_by(hours=1)
    opened = scene.page.open(public_id, scene.max, "opened")
    assert opened.content.startswith(b"%PDF max")
    assert opened.file_name == "Weekly report Max 2026-W44.pdf"
    assert opened.media_type == "application/pdf"
    scene.page.open(public_id, scene.cleo, "downloaded")
    with scene.store.read() as connection:
        notes = connection.execute(select(AuditEvent.actor, AuditEvent.action).order_by(AuditEvent.seq)).all()
    assert [tuple(note) for note in notes] == [
        ("max@northwind.example", "report.opened"),
        ("cleo@northwind.example", "report.downloaded"),
    ]
    [entry] = scene.page.view(scene.cleo).entries
    assert entry.deliveries == (
        ("max@northwind.example", "mail", START),
        ("max@northwind.example", "opened", START + timedelta(hours=1)),
        ("cleo@northwind.example", "downloaded", START + timedelta(hours=1)),
    )
    [own] = scene.page.view(scene.max).entries
    assert [address for address, _, _ in own.deliveries] == ["max@northwind.example"] * 2


def test_without_the_audit_log_nothing_is_handed_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """F36: fail closed; and the access is not noted either."""
    public_id = scene.file("max")

    def away(*_: object) -> int:
        raise RuntimeError("audit store away")

    monkeypatch.setattr(scene.audit, "append", away)
    with pytest.raises(RuntimeError):
        scene.page.open(public_id, scene.max, "opened")
    with scene.store.read() as connection:
        assert connection.scalars(select(ArchiveAccess.how)).all() == ["mail"]


def test_a_damaged_file_is_not_handed_out(scene: Scene) -> None:
    public_id = scene.file("max")
    entry = scene.page.entry(public_id, scene.max)
    scene.archive.path_of(entry.sha256).write_bytes(b"other")
    with pytest.raises(DamagedFileError, match="backup"):
        scene.page.open(public_id, scene.max, "opened")
    with scene.store.read() as connection:
        assert list(scene.archive.verify(stored_digests(connection))) == [(entry.sha256, "damaged")]


def test_search_and_filters_narrow_what_may_be_seen(scene: Scene) -> None:
    weekly = scene.file("max", period="2026-W44")
    scorecard = scene.file("max", title="Scorecard Zürich", period="2026-10", report_kind="recruiter_scorecard")
    scene.file("rita", period="2026-W44")

    def found(**wanted: object) -> list[str]:
        return [entry.public_id for entry in scene.page.view(scene.max, **wanted).entries]  # type: ignore[arg-type]

    assert found(search="SCORECARD") == [scorecard]
    assert found(search="zürich 2026-10") == [scorecard]
    assert found(search="Zürich") == [scorecard]
    assert found(search="max w44") == [weekly]
    assert found(search="rita") == []
    assert found(search="100%") == found(search="_") == []
    assert found(kind="recruiter_scorecard") == [scorecard]
    assert found(period="2026-W44") == [weekly]
    assert found(kind="recruiter_scorecard", period="2026-W44") == []
    view = scene.page.view(scene.max, search="nothing like it")
    assert (view.total, view.kinds) == (0, ("hiring_manager_weekly", "recruiter_scorecard"))
    assert view.periods == ("2026-W44", "2026-10")


def test_pages_are_newest_first_and_a_page_too_far_is_the_last(scene: Scene) -> None:
    for week in range(1, PAGE_SIZE + 3):
        scene.clock.pass_by(hours=1)
        scene.file("max", period=f"2026-W{week:02}")
    first, last = scene.page.view(scene.max), scene.page.view(scene.max, page=99)
    assert first.total == PAGE_SIZE + 2
    assert first.entries[0].period == f"2026-W{PAGE_SIZE + 2}"
    assert len(first.entries) == PAGE_SIZE
    assert (last.page, [entry.period for entry in last.entries]) == (2, ["2026-W02", "2026-W01"])
    assert scene.page.view(scene.max, page=-5).page == 1
