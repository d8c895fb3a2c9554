"""6: the policy table, scope and column classes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.policy import (
    CLASSES,
    ROLE_SCOPE,
    TABLE,
    Action,
    Grant,
    Policy,
    Resource,
    Rule,
    ScopeRule,
    dump,
    unite,
    unites_exactly,
)
from services.domain.errors import ForbiddenError
from services.domain.people import ColumnClass, Role, Scope, Viewer

POLICY = Policy()
SALES, ENGINEERING = frozenset({1, 2}), frozenset({3})


def viewer(*grants: Grant, person_id: int | None = None) -> Viewer:
    return Viewer(
        user_id=1,
        email="somebody@northwind.example",
        name="Somebody",
        person_id=person_id,
        roles=frozenset(grant.role for grant in grants),
        scope=POLICY.scope_of(grants, person_id),
        classes=POLICY.classes_of(grants, person_id),
    )


EVA = viewer(Grant(Role.EXECUTIVE))
MAX = viewer(Grant(Role.HIRING_MANAGER), person_id=7)
RITA = viewer(Grant(Role.RECRUITER), person_id=8)
RON = viewer(Grant(Role.RECRUITING_MANAGER))
HANA = viewer(Grant(Role.HRBP, region="EMEA"))
DEE = viewer(Grant(Role.DEI_OFFICER))
CLEO = viewer(Grant(Role.COMPLIANCE))
ADA = viewer(Grant(Role.ADMIN))
WIM = viewer(Grant(Role.WORKS_COUNCIL))
OTTO = viewer()

MAY = {
    Action.SESSION_USE: {"eva", "max", "rita", "ron", "hana", "dee", "cleo", "ada", "wim"},
    Action.OVERVIEW_VIEW: {"eva", "max", "rita", "ron", "hana", "dee", "cleo", "ada"},
    Action.PIPELINE_VIEW: {"eva", "max", "rita", "ron", "hana", "ada"},
    Action.REFRESH_MANAGE: {"ada"},
    Action.REQUISITIONS_VIEW: {"eva", "max", "rita", "ron", "hana", "ada"},
    Action.REQUISITIONS_EDIT: {"rita", "hana"},
    Action.REQUISITIONS_EDIT_TARGET_DATE: {"max", "rita", "hana"},
    Action.METRICS_QUERY: {"eva", "max", "rita", "ron", "hana", "dee", "cleo", "ada"},
    Action.METRICS_RAW: {"ada"},
    Action.REPORTS_RENDER: {"eva", "max", "rita", "ron", "hana", "ada"},
    Action.REPORTS_RUN: {"ron", "ada"},
    Action.SCHEDULES_MANAGE: {"ada"},
    Action.ARCHIVE_VIEW: {"eva", "max", "rita", "ron", "hana", "dee", "cleo", "ada"},
    Action.ARCHIVE_VIEW_ALL: {"cleo", "ada"},
    Action.DELIVERIES_RESEND: {"ada"},
    Action.THRESHOLDS_MANAGE: {"ron", "ada"},
    Action.INCIDENTS_VIEW: {"rita", "ron", "hana", "eva", "ada"},
    Action.INCIDENTS_HANDLE: {"rita", "ron", "hana", "eva", "ada"},
    Action.INCIDENTS_CLOSE: {"ron", "hana", "eva", "ada"},
    Action.SURVEYS_MANAGE: {"ron", "ada"},
    Action.MAILBOX_VIEW: {"ada"},
    Action.PROBLEMS_ANSWER: {"ada"},
    Action.CALENDARS_MANAGE: {"ada"},
    Action.ADMIN_ACCESS: {"ada"},
    Action.USERS_MANAGE: {"ada"},
    Action.DATA_IMPORT: {"ada"},
    Action.DATA_HEALTH_VIEW: {"eva", "cleo", "ada"},
    Action.DATA_HEALTH_RECORDS: {"cleo", "ada"},
    Action.AUDIT_VIEW: {"cleo", "ada", "wim"},
    Action.AGREEMENTS_VIEW: {"hana", "cleo", "ada", "wim"},
    Action.AGREEMENTS_MANAGE: {"ada"},
    Action.PLANNING_MANAGE: {"ron", "ada"},
    Action.PLANNING_VIEW: {"eva", "ron", "hana", "dee", "ada"},
    Action.GOALS_VIEW: {"eva", "hana", "dee"},
    Action.GOALS_MANAGE: {"dee", "ada"},
    Action.DIVERSITY_RECORDS: {"dee"},
    Action.TEAMS_VIEW: {"eva", "ron", "hana", "ada"},
    Action.RECRUITERS_VIEW: {"eva", "ron", "hana", "ada"},
    Action.RECRUITERS_VIEW_OWN: {"eva", "rita", "ron", "hana", "ada"},
    Action.INTERVIEWS_VIEW: {"eva", "max", "rita", "ron", "hana", "ada"},
    Action.SOURCES_VIEW: {"eva", "max", "rita", "ron", "hana", "dee", "cleo", "ada"},
    Action.OFFERS_VIEW: {"eva", "ron", "hana", "ada"},
    Action.DIVERSITY_VIEW: {"eva", "hana", "dee"},
    Action.PUBLIC: set(),
}
EVERYBODY = {
    "eva": EVA, "max": MAX, "rita": RITA, "ron": RON, "hana": HANA, "dee": DEE, "cleo": CLEO, "ada": ADA, "wim": WIM,
    "otto": OTTO,
}  # fmt: skip


@pytest.mark.parametrize("action", list(Action))
def test_each_action_is_granted_to_exactly_these_people(action: Action) -> None:
    assert {name for name, person in EVERYBODY.items() if POLICY.can(person, action)} == MAY[action]


def test_nobody_may_do_anything() -> None:
    assert not any(POLICY.can(None, action) for action in Action)


def test_an_empty_table_grants_nothing() -> None:
    silent = Policy(rules=())
    assert not any(silent.can(person, action) for person in EVERYBODY.values() for action in Action)
    assert silent.scope_of([Grant(Role.ADMIN)], 1) == Scope()


def test_a_refusal_names_the_action_and_what_to_do() -> None:
    with pytest.raises(ForbiddenError, match=r"\(mailbox\.view\).*Ask an administrator"):
        POLICY.require(EVA, Action.MAILBOX_VIEW)
    POLICY.require(ADA, Action.MAILBOX_VIEW)
    with pytest.raises(ForbiddenError):
        POLICY.require(None, Action.SESSION_USE)


@pytest.mark.parametrize(
    ("person", "scope"),
    [
        ("eva", Scope(everything=True)),
        ("max", Scope(hiring_manager_id=7)),
        ("rita", Scope(recruiter_id=8)),
        ("ron", Scope(everything=True)),
        ("hana", Scope(department_ids=None, regions=("EMEA",))),
        ("dee", Scope(everything=True)),
        ("cleo", Scope(everything=True)),
        ("ada", Scope(everything=True)),
        ("otto", Scope()),
    ],
)
def test_scope_of_each_person(person: str, scope: Scope) -> None:
    assert EVERYBODY[person].scope == scope
    assert EVERYBODY[person].scope.is_empty == (person == "otto")


def test_own_requisitions_without_a_person_are_none() -> None:
    assert viewer(Grant(Role.RECRUITER), Grant(Role.HIRING_MANAGER)).scope.is_empty


def test_a_person_with_two_own_roles_has_both() -> None:
    both = viewer(Grant(Role.RECRUITER), Grant(Role.HIRING_MANAGER), person_id=9)
    assert both.scope == Scope(recruiter_id=9, hiring_manager_id=9)


def test_an_executive_of_a_subtree_sees_no_more() -> None:
    scope = viewer(Grant(Role.EXECUTIVE, SALES, "AMER")).scope
    assert scope == Scope(department_ids=(1, 2), regions=("AMER",))
    assert not scope.everything


def test_a_role_that_knows_no_limits_ignores_them() -> None:
    assert viewer(Grant(Role.COMPLIANCE, SALES, "AMER")).scope.everything


@pytest.mark.parametrize(
    ("person", "classes"),
    [
        ("eva", {"general", "person", "diversity"}),
        ("max", {"general", "candidate"}),
        ("rita", {"general", "candidate"}),
        ("ron", {"general", "person", "candidate"}),
        ("hana", {"general", "person", "candidate", "compensation", "diversity"}),
        ("dee", {"general", "diversity"}),
        ("cleo", {"general", "check"}),
        ("ada", {"general", "person"}),
        ("wim", {"general"}),
        ("otto", {"general"}),
    ],
)
def test_column_classes_of_each_person(person: str, classes: set[str]) -> None:
    assert {one.value for one in EVERYBODY[person].classes} == classes


def test_pay_in_one_region_does_not_become_pay_everywhere_through_a_wider_role() -> None:
    both = viewer(Grant(Role.HRBP, region="EMEA"), Grant(Role.EXECUTIVE))
    assert both.scope.everything
    assert ColumnClass.COMPENSATION not in both.classes
    assert ColumnClass.PERSON in both.classes


def test_a_class_given_by_roles_that_reach_everything_together_counts() -> None:
    both = viewer(Grant(Role.HRBP, region="EMEA"), Grant(Role.HRBP, region="AMER"))
    assert both.scope.regions == ("AMER", "EMEA")
    assert ColumnClass.COMPENSATION in both.classes


def test_own_figures_need_no_class_for_people() -> None:
    assert POLICY.may_see_person(RITA, 8)
    assert not POLICY.may_see_person(RITA, 9)
    assert POLICY.may_see_person(RON, 8)
    assert not POLICY.may_see_person(OTTO, 8)


@pytest.mark.parametrize(
    ("person", "resource", "expected"),
    [
        (EVA, Resource(department_id=99, region="APAC"), True),
        (HANA, Resource(department_id=99, region="EMEA"), True),
        (HANA, Resource(department_id=99, region="AMER"), False),
        (HANA, Resource(region=None, department_id=99), False),
        (RITA, Resource(recruiter_id=8), True),
        (RITA, Resource(recruiter_id=9, region="EMEA"), False),
        (RITA, Resource(hiring_manager_id=8), False),
        (MAX, Resource(hiring_manager_id=7, recruiter_id=8), True),
        (MAX, Resource(recruiter_id=7), False),
        (RITA, Resource(), True),
        (RITA, Resource(classes=frozenset({ColumnClass.COMPENSATION})), False),
        (HANA, Resource(region="EMEA", classes=frozenset({ColumnClass.COMPENSATION})), True),
        (HANA, Resource(region="AMER", classes=frozenset({ColumnClass.COMPENSATION})), False),
        (RITA, Resource(person_id=8, classes=frozenset({ColumnClass.PERSON})), True),
        (RITA, Resource(person_id=9, classes=frozenset({ColumnClass.PERSON})), False),
        (OTTO, Resource(person_id=None, classes=frozenset({ColumnClass.PERSON})), False),
    ],
)
def test_a_resource_must_lie_within_scope_and_classes(person: Viewer, resource: Resource, *, expected: bool) -> None:
    assert POLICY.can(person, Action.METRICS_QUERY, resource) is (expected and bool(person.roles))


def test_the_resource_does_not_matter_without_the_action() -> None:
    assert not POLICY.can(EVA, Action.MAILBOX_VIEW, Resource())


regions = st.sampled_from(["EMEA", "AMER", "APAC"])
pairs = st.lists(
    st.tuples(
        st.one_of(st.none(), st.frozensets(st.integers(1, 4), min_size=1)),
        st.one_of(st.none(), st.frozensets(regions, min_size=1)),
    ),
    max_size=4,
)


def reached(pair: tuple[frozenset[int] | None, frozenset[str] | None]) -> set[tuple[int, str]]:
    cells = itertools.product(range(6), ["EMEA", "AMER", "APAC", "elsewhere"])
    departments, places = pair
    return {
        (department, place)
        for department, place in cells
        if (departments is None or department in departments) and (places is None or place in places)
    }


@given(pairs)
def test_united_grants_never_reach_more_than_was_given(
    given_pairs: list[tuple[frozenset[int] | None, frozenset[str] | None]],
) -> None:
    total = reached(unite(given_pairs))
    separately = set().union(*map(reached, given_pairs))
    assert total <= separately
    assert (total == separately) == unites_exactly(given_pairs)


def test_grants_of_different_departments_and_regions_are_not_crossed() -> None:
    scope = viewer(Grant(Role.HRBP, SALES, "EMEA"), Grant(Role.HRBP, ENGINEERING, "AMER")).scope
    assert scope == Scope(department_ids=(1, 2), regions=("EMEA",))


def test_grants_that_differ_on_one_axis_unite() -> None:
    same_region = viewer(Grant(Role.HRBP, SALES, "EMEA"), Grant(Role.HRBP, ENGINEERING, "EMEA")).scope
    assert same_region == Scope(department_ids=(1, 2, 3), regions=("EMEA",))
    whole_region = viewer(Grant(Role.HRBP, SALES, "EMEA"), Grant(Role.HRBP, None, "EMEA")).scope
    assert whole_region == Scope(department_ids=None, regions=("EMEA",))


def test_the_dump_is_the_whole_matrix() -> None:
    dumped = dump(POLICY)
    cells = {(row["role"], row["action"]): row for row in dumped["matrix"]}  # type: ignore[attr-defined]
    assert len(cells) == len(Role) * (len(Action) - 1)
    for role, action in itertools.product(Role, Action):
        if action is Action.PUBLIC:
            continue
        row = cells[role.value, action.value]
        granted = Rule(role, action, ROLE_SCOPE[role]) in TABLE
        assert row["granted"] is granted
        assert row["scope"] == (ROLE_SCOPE[role].value if granted else None)
        assert row["resource"] == action.value.split(".")[0]
    assert dumped["policy_version"] == POLICY.version
    assert dumped["roles"]["hrbp"] == {  # type: ignore[index]
        "scope": "granted",
        "classes": ["candidate", "compensation", "diversity", "general", "person"],
    }


def test_every_role_has_a_scope_and_classes() -> None:
    assert set(ROLE_SCOPE) == set(Role) == set(CLASSES)
    assert all(ColumnClass.GENERAL in classes for classes in CLASSES.values())
    assert {rule.scope for rule in TABLE} == set(ScopeRule)


def test_equal_rights_share_a_fingerprint_and_others_do_not() -> None:
    twin = viewer(Grant(Role.HRBP, region="EMEA"))
    assert twin.fingerprint() == HANA.fingerprint()
    prints = {person.fingerprint() for person in EVERYBODY.values()}
    assert len(prints) == len(EVERYBODY)


@pytest.mark.parametrize(
    ("first", "second", "total"),
    [
        ((SALES, frozenset({"EMEA"})), (frozenset({1}), frozenset({"EMEA"})), (SALES, frozenset({"EMEA"}))),
        ((SALES, None), (frozenset({1}), frozenset({"EMEA"})), (SALES, None)),
        ((None, frozenset({"EMEA"})), (SALES, frozenset({"EMEA"})), (None, frozenset({"EMEA"}))),
        ((SALES, frozenset({"EMEA"})), (SALES, frozenset({"AMER"})), (SALES, frozenset({"EMEA", "AMER"}))),
        ((SALES, None), (ENGINEERING, None), (SALES | ENGINEERING, None)),
        ((SALES, frozenset({"EMEA"})), (SALES, None), (SALES, None)),
    ],
)
def test_two_grants_unite_exactly_in_either_order(first: Any, second: Any, total: Any) -> None:
    for order in ([first, second], [second, first]):
        assert unite(order) == total
        assert unites_exactly(order)


def test_what_does_not_unite_keeps_the_first() -> None:
    first, second = (SALES, frozenset({"EMEA"})), (frozenset({1}), frozenset({"EMEA", "AMER"}))
    assert unite([first, second]) == first
    assert unite([second, first]) == second
    assert not unites_exactly([first, second])


def test_a_department_limits_the_resource() -> None:
    hana = viewer(Grant(Role.HRBP, SALES))
    assert POLICY.can(hana, Action.METRICS_QUERY, Resource(department_id=1, region="APAC"))
    assert not POLICY.can(hana, Action.METRICS_QUERY, Resource(department_id=3))
    POLICY.require(hana, Action.METRICS_QUERY, Resource(department_id=2))
    with pytest.raises(ForbiddenError):
        POLICY.require(hana, Action.METRICS_QUERY, Resource(department_id=3))


def test_classes_of_own_roles_count_for_the_person_behind_them() -> None:
    both = viewer(Grant(Role.RECRUITER), Grant(Role.HIRING_MANAGER), person_id=9)
    assert ColumnClass.CANDIDATE in both.classes
    mixed = viewer(Grant(Role.RECRUITER), Grant(Role.EXECUTIVE, SALES), person_id=9)
    assert mixed.scope == Scope(department_ids=(1, 2), regions=None, recruiter_id=9)
    assert mixed.classes == {ColumnClass.GENERAL}


def test_exactly_the_own_classes_are_enough() -> None:
    assert POLICY.can(HANA, Action.METRICS_QUERY, Resource(region="EMEA", classes=HANA.classes))


def test_a_role_the_table_does_not_know_is_skipped_and_the_next_one_counts() -> None:
    smaller = Policy(rules=[rule for rule in TABLE if rule.role is not Role.HRBP], version=7)
    assert smaller.scope_of([Grant(Role.HRBP), Grant(Role.ADMIN)], None) == Scope(everything=True)
    assert smaller.version == 7
    bare = Policy(classes={})
    assert bare.classes_of([Grant(Role.ADMIN)], None) == {ColumnClass.GENERAL}
    assert dump(bare)["roles"]["admin"]["classes"] == []  # type: ignore[index]
    assert bare.classes == {}
