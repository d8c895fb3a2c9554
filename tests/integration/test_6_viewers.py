"""6: from accounts and role grants to the viewer that the policy sees, on both stores."""

# ruff: noqa: F811  # a test that asks for an imported fixture by name does not redefine it

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from services.accounts.grants import DepartmentTree, RoleGiven
from services.domain.errors import (
    InvalidInputError,
    NotFoundError,
)
from services.domain.people import ColumnClass, Role, Scope
from services.store.database import Store
from services.store.tables.access import RoleGrant
from services.store.tables.organisation import Department
from tests.account_scenes import HOME, Clock, actions, clock, on_both, people, signed_in, store, wrong  # noqa: F401  # fixtures
from tests.people import PASSWORD, People, email_of


@on_both
def test_grants_hold_from_and_until(store: Store, people: People, clock: Clock) -> None:
    with store.write() as connection:
        connection.execute(
            insert(RoleGrant).values(
                user_id=people.ids["otto"],
                role="executive",
                from_at=clock.now + timedelta(hours=1),
                to_at=clock.now + timedelta(hours=2),
            )
        )
    token = signed_in(people, "otto")
    held = []
    for _ in range(8):
        viewer = people.accounts.resolve_session(token)
        assert viewer is not None
        held.append(bool(viewer.roles))
        clock.forward(minutes=20)
    assert held == [False, False, False, True, True, True, False, False]


def test_a_department_reaches_everything_below_it(
    store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(name: str, parent: int | None) -> int:
        with store.write() as connection:
            values = {"source_system": "tests", "external_id": name, "name": name, "parent_id": parent}
            return connection.execute(insert(Department).values(**values).returning(Department.id)).scalar_one()

    sales = add("Sales", None)
    emea = add("Sales EMEA", sales)
    uk = add("Sales UK", emea)
    other = add("Engineering", None)
    people.accounts.replace_roles(people.ids["hana"], [RoleGiven(Role.HRBP, department_id=sales, region="EMEA")])
    assert people.viewer("hana").scope == Scope(department_ids=(sales, emea, uk), regions=("EMEA",))
    assert ColumnClass.COMPENSATION in people.viewer("hana").classes
    with store.write() as connection:
        connection.execute(update(Department).where(Department.id == uk).values(parent_id=other))
    monkeypatch.setattr("services.accounts.grants._TREE_SECONDS", -1.0)
    assert people.viewer("hana").scope.department_ids == (sales, emea)


def test_a_department_that_is_its_own_ancestor_ends_the_walk(store: Store) -> None:
    with store.write() as connection:
        for number, parent in ((1, None), (2, 1)):
            values = {"id": number, "source_system": "t", "external_id": str(number), "name": "x", "parent_id": parent}
            connection.execute(insert(Department).values(**values))
        connection.execute(update(Department).where(Department.id == 1).values(parent_id=2))
    with store.read() as connection:
        assert DepartmentTree().below(connection, 1) == {1, 2}


def test_limits_that_do_not_unite_are_refused(store: Store, people: People) -> None:
    with store.write() as connection:
        for number in (1, 2):
            values = {"id": number, "source_system": "t", "external_id": str(number), "name": "x"}
            connection.execute(insert(Department).values(**values))
    crossed = [RoleGiven(Role.HRBP, 1, "EMEA"), RoleGiven(Role.HRBP, 2, "AMER")]
    with pytest.raises(InvalidInputError, match="cannot be given together"):
        people.accounts.replace_roles(people.ids["hana"], crossed)
    assert people.viewer("hana").scope.regions == ("EMEA",)


@on_both
def test_viewers_by_address_and_demonstration_role(store: Store, people: People, clock: Clock) -> None:
    assert people.accounts.viewer_by_email("EVA@northwind.example ") == people.viewer("eva")
    with pytest.raises(NotFoundError, match="no active user executive"):
        people.accounts.viewer_by_email("executive")
    demo = people.accounts.create_user("demo@x.example", "Demo", [Role.EXECUTIVE], is_demo=True)
    assert people.accounts.viewer_by_email("executive").user_id == demo
    with pytest.raises(NotFoundError, match=r"nobody@x\.example"):
        people.accounts.viewer_by_email("nobody@x.example")
    with pytest.raises(NotFoundError, match="no user 999"):
        people.accounts.deactivate(999)


def test_the_local_operator_has_full_rights_and_no_account(people: People) -> None:
    operator = people.accounts.local_operator()
    assert operator.user_id is None
    assert operator.roles == set(Role)
    assert operator.classes == set(ColumnClass)
    assert operator.scope.everything


def test_the_list_shows_everybody(people: People) -> None:
    people.accounts.deactivate(people.ids["max"])
    users = {user.email: user for user in people.accounts.list_users()}
    assert list(users) == sorted(users)
    assert not users[email_of("max")].is_active
    assert users[email_of("eva")].roles == (Role.EXECUTIVE,)
    assert users[email_of("otto")].roles == ()


@on_both
def test_p10_each_change_of_people_is_one_event_in_the_same_transaction(store: Store, people: People) -> None:
    before = len(actions(store))
    accounts = people.accounts
    new = accounts.create_user("new@northwind.example", "New", [Role.RECRUITER], password=PASSWORD)
    accounts.authenticate("new@northwind.example", PASSWORD, HOME)
    token = accounts.open_session(new)
    accounts.close_session(token)
    wrong(people, "new@northwind.example")
    accounts.set_password(new, "another horse battery staple")
    accounts.replace_roles(new, [Role.EXECUTIVE])
    accounts.deactivate(new)
    assert actions(store)[before:] == [
        "user.created",
        "session.signed_in",
        "session.signed_out",
        "session.refused",
        "user.password_changed",
        "user.roles_changed",
        "user.deactivated",
    ]
    assert people.audit.verify().first_bad_seq is None


def test_nothing_changes_when_the_event_cannot_be_written(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed_in(people)

    def broken(*_arguments: object, **_options: object) -> int:
        raise LookupError

    monkeypatch.setattr(people.audit, "append", broken)
    with pytest.raises(LookupError):
        people.accounts.deactivate(people.ids["eva"])
    assert people.accounts.resolve_session(token) is not None
