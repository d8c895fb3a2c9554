"""The policy: a table of (role, resource, action, scope rule), and the one place that reads it.

Nothing is granted unless a row says so. Web gate, callbacks, services, reports, mail and the command line all ask here.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from services.domain.errors import ForbiddenError
from services.domain.people import Agreed, ColumnClass, Role, Scope, Viewer

_T = TypeVar("_T")

POLICY_VERSION = 5
"""Part of every viewer's fingerprint: raised with each change of the tables below, so no cached answer survives it."""


class Action(enum.StrEnum):
    """``resource.verb``. PUBLIC marks what needs no sign-in; no role holds it."""

    PUBLIC = "public"
    SESSION_USE = "session.use"
    """Anything every signed-in person may do: the shell, the version poll, sign out."""
    OVERVIEW_VIEW = "overview.view"
    PIPELINE_VIEW = "pipeline.view"
    """Who waits where, now."""
    REFRESH_MANAGE = "refresh.manage"
    """How often dashboards are refreshed, and how fresh they were."""
    REQUISITIONS_VIEW = "requisitions.view"
    """Requisitions within the own scope, one by one."""
    REQUISITIONS_EDIT = "requisitions.edit"
    """Everything of a requisition that can be changed here: as HR partner in scope, as recruiter on own ones."""
    REQUISITIONS_EDIT_TARGET_DATE = "requisitions.edit_target_date"
    """The target date alone; a hiring manager only where a setting allows it."""
    METRICS_QUERY = "metrics.query"
    PROBLEMS_ANSWER = "problems.answer"
    """Reports that a number is wrong, everybody's."""
    METRICS_RAW = "metrics.raw"
    """Figures without the small-n display rule."""
    REPORTS_RENDER = "reports.render"
    """Make a report on demand, under the own permissions."""
    REPORTS_RUN = "reports.run"
    """"Run now": make and send a schedule's reports."""
    SCHEDULES_MANAGE = "schedules.manage"
    ARCHIVE_VIEW = "archive.view"
    """Archived reports that were made for oneself."""
    ARCHIVE_VIEW_ALL = "archive.view_all"
    """Those made for others too, as far as the own scope reaches."""
    DELIVERIES_RESEND = "deliveries.resend"
    THRESHOLDS_MANAGE = "thresholds.manage"
    INCIDENTS_VIEW = "incidents.view"
    """Incidents of which something lies within the own scope."""
    INCIDENTS_HANDLE = "incidents.handle"
    """Acknowledge and snooze."""
    INCIDENTS_CLOSE = "incidents.close"
    SURVEYS_MANAGE = "surveys.manage"
    MAILBOX_VIEW = "mailbox.view"
    """The local mail folder."""
    ADMIN_ACCESS = "admin.access"
    USERS_MANAGE = "users.manage"
    CALENDARS_MANAGE = "calendars.manage"
    """Company days off."""
    DATA_IMPORT = "data.import"
    DATA_HEALTH_VIEW = "data_health.view"
    """Where the numbers come from: imports, freshness, certificates, completeness."""
    DATA_HEALTH_RECORDS = "data_health.records"
    """Records in quarantine, one by one, of the whole company; never what they say of a person."""
    AUDIT_VIEW = "audit.view"
    AGREEMENTS_VIEW = "agreements.view"
    """Works agreements in force, with their history."""
    AGREEMENTS_MANAGE = "agreements.manage"
    PLANNING_MANAGE = "planning.manage"
    """Priority profiles, scorecard templates and capacity."""
    PLANNING_VIEW = "planning.view"
    """Priorities, templates, targets, limits and capacity, to read in one place."""
    GOALS_VIEW = "goals.view"
    """Diversity goals of departments, and how far they are met."""
    GOALS_MANAGE = "goals.manage"
    TEAMS_VIEW = "teams.view"
    """Load, results and plan of departments."""
    RECRUITERS_VIEW = "recruiters.view"
    """Recruiters by name, none ranked; needs the class of single people too."""
    RECRUITERS_VIEW_OWN = "recruiters.view_own"
    """The page about oneself."""
    INTERVIEWS_VIEW = "interviews.view"
    SOURCES_VIEW = "sources.view"
    """Where people come from, and how they do after the start."""
    OFFERS_VIEW = "offers.view"
    """Offers; what they pay needs the class of pay too."""
    DIVERSITY_VIEW = "diversity.view"
    """Numbers of groups; needs their class too."""
    DIVERSITY_RECORDS = "diversity.records"
    """What single applicants said of themselves, for a purpose that is written down."""

    @property
    def resource(self) -> str:
        return self.value.partition(".")[0]


class ScopeRule(enum.StrEnum):
    """Which rows a role reaches, worked out from its grant."""

    EVERYTHING = "everything"
    GRANTED = "granted"
    """The grant's department subtree and region, both; an axis the grant leaves open is not limited."""
    OWN = "own"
    """Requisitions the person recruits for."""
    MANAGED = "managed"
    """Requisitions the person is hiring manager of."""
    NOTHING = "nothing"
    """No data at all."""


@dataclass(frozen=True)
class Rule:
    role: Role
    action: Action
    scope: ScopeRule


ROLE_SCOPE: Mapping[Role, ScopeRule] = {
    Role.EXECUTIVE: ScopeRule.GRANTED,
    Role.HIRING_MANAGER: ScopeRule.MANAGED,
    Role.RECRUITER: ScopeRule.OWN,
    Role.RECRUITING_MANAGER: ScopeRule.GRANTED,
    Role.HRBP: ScopeRule.GRANTED,
    Role.DEI_OFFICER: ScopeRule.GRANTED,
    Role.COMPLIANCE: ScopeRule.EVERYTHING,
    Role.ADMIN: ScopeRule.EVERYTHING,
    Role.WORKS_COUNCIL: ScopeRule.NOTHING,
}

_EVERYBODY = tuple(role for role in Role if role is not Role.WORKS_COUNCIL)
"""Everybody who works with the figures."""
_LADDER = (Role.RECRUITER, Role.RECRUITING_MANAGER, Role.HRBP, Role.EXECUTIVE, Role.ADMIN)
"""Who hears of an incident, and who runs the server."""
_HIRING = (
    Role.EXECUTIVE,
    Role.HIRING_MANAGER,
    Role.RECRUITER,
    Role.RECRUITING_MANAGER,
    Role.HRBP,
    Role.ADMIN,
)
"""Who works with single requisitions."""
ROLE_ACTIONS: Mapping[Action, tuple[Role, ...]] = {
    Action.SESSION_USE: tuple(Role),
    Action.OVERVIEW_VIEW: _EVERYBODY,
    Action.PIPELINE_VIEW: _HIRING,
    Action.REFRESH_MANAGE: (Role.ADMIN,),
    Action.REQUISITIONS_VIEW: _HIRING,
    Action.REQUISITIONS_EDIT: (Role.RECRUITER, Role.HRBP),
    Action.REQUISITIONS_EDIT_TARGET_DATE: (Role.HIRING_MANAGER, Role.RECRUITER, Role.HRBP),
    Action.METRICS_QUERY: _EVERYBODY,
    Action.PROBLEMS_ANSWER: (Role.ADMIN,),
    Action.METRICS_RAW: (Role.ADMIN,),
    Action.REPORTS_RENDER: (
        Role.EXECUTIVE,
        Role.HIRING_MANAGER,
        Role.RECRUITER,
        Role.RECRUITING_MANAGER,
        Role.HRBP,
        Role.ADMIN,
    ),
    Action.REPORTS_RUN: (Role.RECRUITING_MANAGER, Role.ADMIN),
    Action.SCHEDULES_MANAGE: (Role.ADMIN,),
    Action.ARCHIVE_VIEW: _EVERYBODY,
    Action.ARCHIVE_VIEW_ALL: (Role.COMPLIANCE, Role.ADMIN),
    Action.DELIVERIES_RESEND: (Role.ADMIN,),
    Action.THRESHOLDS_MANAGE: (Role.RECRUITING_MANAGER, Role.ADMIN),
    Action.INCIDENTS_VIEW: _LADDER,
    Action.INCIDENTS_HANDLE: _LADDER,
    Action.INCIDENTS_CLOSE: (Role.RECRUITING_MANAGER, Role.HRBP, Role.EXECUTIVE, Role.ADMIN),
    Action.SURVEYS_MANAGE: (Role.RECRUITING_MANAGER, Role.ADMIN),
    Action.MAILBOX_VIEW: (Role.ADMIN,),
    Action.ADMIN_ACCESS: (Role.ADMIN,),
    Action.USERS_MANAGE: (Role.ADMIN,),
    Action.CALENDARS_MANAGE: (Role.ADMIN,),
    Action.DATA_IMPORT: (Role.ADMIN,),
    Action.DATA_HEALTH_VIEW: (Role.EXECUTIVE, Role.COMPLIANCE, Role.ADMIN),
    Action.DATA_HEALTH_RECORDS: (Role.COMPLIANCE, Role.ADMIN),
    Action.AUDIT_VIEW: (Role.COMPLIANCE, Role.ADMIN, Role.WORKS_COUNCIL),
    Action.AGREEMENTS_VIEW: (Role.HRBP, Role.COMPLIANCE, Role.ADMIN, Role.WORKS_COUNCIL),
    Action.AGREEMENTS_MANAGE: (Role.ADMIN,),
    Action.PLANNING_MANAGE: (Role.RECRUITING_MANAGER, Role.ADMIN),
    Action.PLANNING_VIEW: (
        Role.EXECUTIVE,
        Role.RECRUITING_MANAGER,
        Role.HRBP,
        Role.DEI_OFFICER,
        Role.ADMIN,
    ),
    Action.GOALS_VIEW: (Role.EXECUTIVE, Role.HRBP, Role.DEI_OFFICER),
    Action.GOALS_MANAGE: (Role.DEI_OFFICER, Role.ADMIN),
    Action.DIVERSITY_RECORDS: (Role.DEI_OFFICER,),
    Action.SOURCES_VIEW: _EVERYBODY,
    Action.OFFERS_VIEW: (Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN),
    Action.DIVERSITY_VIEW: (Role.EXECUTIVE, Role.HRBP, Role.DEI_OFFICER),
    Action.TEAMS_VIEW: (Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN),
    Action.RECRUITERS_VIEW: (Role.EXECUTIVE, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN),
    Action.RECRUITERS_VIEW_OWN: (Role.EXECUTIVE, Role.RECRUITER, Role.RECRUITING_MANAGER, Role.HRBP, Role.ADMIN),
    Action.INTERVIEWS_VIEW: (
        Role.EXECUTIVE,
        Role.HIRING_MANAGER,
        Role.RECRUITER,
        Role.RECRUITING_MANAGER,
        Role.HRBP,
        Role.ADMIN,
    ),
}

TABLE: tuple[Rule, ...] = tuple(
    Rule(role, action, ROLE_SCOPE[role]) for action, roles in ROLE_ACTIONS.items() for role in roles
)

CLASSES: Mapping[Role, frozenset[ColumnClass]] = {
    Role.EXECUTIVE: frozenset({ColumnClass.GENERAL, ColumnClass.PERSON, ColumnClass.DIVERSITY}),
    Role.HIRING_MANAGER: frozenset({ColumnClass.GENERAL, ColumnClass.CANDIDATE}),
    Role.RECRUITER: frozenset({ColumnClass.GENERAL, ColumnClass.CANDIDATE}),
    Role.RECRUITING_MANAGER: frozenset({ColumnClass.GENERAL, ColumnClass.PERSON, ColumnClass.CANDIDATE}),
    Role.HRBP: frozenset(set(ColumnClass) - {ColumnClass.CHECK}),
    Role.DEI_OFFICER: frozenset({ColumnClass.GENERAL, ColumnClass.DIVERSITY}),
    Role.COMPLIANCE: frozenset({ColumnClass.GENERAL, ColumnClass.CHECK}),
    Role.ADMIN: frozenset({ColumnClass.GENERAL, ColumnClass.PERSON}),
    Role.WORKS_COUNCIL: frozenset({ColumnClass.GENERAL}),
}


@dataclass(frozen=True)
class Grant:
    """A role as it was given: ``department_ids`` is the subtree, already expanded; None = not limited."""

    role: Role
    department_ids: frozenset[int] | None = None
    region: str | None = None


@dataclass(frozen=True)
class Resource:
    """What an action is aimed at. A field left at None is not checked; classes are those its answer would contain."""

    department_id: int | None = None
    region: str | None = None
    recruiter_id: int | None = None
    hiring_manager_id: int | None = None
    person_id: int | None = None
    """The person a person-level figure is about: one's own needs no PERSON class."""
    classes: frozenset[ColumnClass] = frozenset()


class Policy:
    """Reads a policy table. Stateless; one instance a process."""

    def __init__(
        self,
        rules: Iterable[Rule] = TABLE,
        classes: Mapping[Role, frozenset[ColumnClass]] = CLASSES,
        version: int = POLICY_VERSION,
    ) -> None:
        self.rules = tuple(rules)
        self.classes = dict(classes)
        self.version = version
        self._granted = frozenset((rule.role, rule.action) for rule in self.rules)
        self._scope = {rule.role: rule.scope for rule in self.rules}

    def can(self, viewer: Viewer | None, action: Action, resource: Resource | None = None) -> bool:
        """Whether a role grants ``action``, and ``resource`` lies within scope and classes. Nobody (None) = no."""
        if viewer is None or not any((role, action) in self._granted for role in viewer.roles):
            return False
        return resource is None or _within(viewer, resource)

    def require(self, viewer: Viewer | None, action: Action, resource: Resource | None = None) -> None:
        """Raises ForbiddenError unless ``can``."""
        if not self.can(viewer, action, resource):
            raise ForbiddenError(
                f"Your role does not include this ({action}). Ask an administrator if you need it for your work."
            )

    def scope_of(self, grants: Iterable[Grant], person_id: int | None, agreed: Agreed | None = None) -> Scope:
        """The rows all ``grants`` reach together; ``agreed`` limits what may be said of people in them.

        A scope holds one pair (departments, regions). Grants whose pairs do not unite into one pair without reaching
        more than they give are not widened: the first of them counts. A role of one's own requisitions without a
        person reaches nothing.
        """
        pairs: list[Pair] = []
        everything = False
        recruiter_id = hiring_manager_id = None
        for grant in grants:
            match self._scope.get(grant.role):
                case ScopeRule.EVERYTHING:
                    everything = True
                case ScopeRule.GRANTED:
                    regions = None if grant.region is None else frozenset({grant.region})
                    pairs.append((grant.department_ids, regions))
                case ScopeRule.OWN:
                    recruiter_id = person_id
                case ScopeRule.MANAGED:
                    hiring_manager_id = person_id
                case ScopeRule.NOTHING | None:
                    continue
        limits = agreed or Agreed()
        if everything or (None, None) in pairs:
            return Scope(everything=True, agreed=limits)
        departments, regions = unite(pairs)
        return Scope(
            department_ids=None if departments is None else tuple(sorted(departments)),
            regions=None if regions is None else tuple(sorted(regions)),
            recruiter_id=recruiter_id,
            hiring_manager_id=hiring_manager_id,
            agreed=limits,
        )

    def classes_of(self, grants: Iterable[Grant], person_id: int | None) -> frozenset[ColumnClass]:
        """Column classes that hold for every row of the whole scope.

        Classes are not tied to rows in a query, so a class counts only when the roles that give it reach the whole
        scope by themselves: pay in one region does not become pay everywhere through a second, wider role.
        """
        held = tuple(grants)
        total = self.scope_of(held, person_id)
        found = {ColumnClass.GENERAL}
        for wanted in ColumnClass:
            givers = [grant for grant in held if wanted in self.classes.get(grant.role, frozenset())]
            if givers and self.scope_of(givers, person_id) == total:
                found.add(wanted)
        return frozenset(found)

    def may_see_person(self, viewer: Viewer, person_id: int) -> bool:
        """Figures of one named person: with the PERSON class, or about oneself."""
        return ColumnClass.PERSON in viewer.classes or viewer.person_id == person_id


Pair = tuple[frozenset[int] | None, frozenset[str] | None]
"""Departments and regions, both must match; None = that axis is not limited."""


def unite(pairs: Iterable[Pair]) -> Pair:
    """One pair that reaches exactly what ``pairs`` reach; a pair that cannot be added exactly is left out."""
    total: Pair = (frozenset(), frozenset())
    for departments, regions in pairs:
        total = _with(total, (departments, regions))
    return total


def unites_exactly(pairs: Iterable[Pair]) -> bool:
    """Whether ``unite`` leaves nothing out: every pair is inside the result."""
    held = tuple(pairs)
    total = unite(held)
    return all(_covers(total[0], pair[0]) and _covers(total[1], pair[1]) for pair in held)


def _with(total: Pair, more: Pair) -> Pair:
    if total == (frozenset(), frozenset()):
        return more
    if _covers(total[0], more[0]) and _covers(total[1], more[1]):
        return total
    if _covers(more[0], total[0]) and _covers(more[1], total[1]):
        return more
    if total[0] == more[0]:
        return total[0], _union(total[1], more[1])
    if total[1] == more[1]:
        return _union(total[0], more[0]), total[1]
    return total


def _covers(wide: frozenset[_T] | None, narrow: frozenset[_T] | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _union(left: frozenset[_T] | None, right: frozenset[_T] | None) -> frozenset[_T] | None:
    return None if left is None or right is None else left | right


def _within(viewer: Viewer, resource: Resource) -> bool:
    scope = viewer.scope
    classes = resource.classes
    if resource.person_id is not None and resource.person_id == viewer.person_id:
        classes -= {ColumnClass.PERSON}
    if not classes <= viewer.classes:
        return False
    aimed = (resource.department_id, resource.region, resource.recruiter_id, resource.hiring_manager_id)
    if scope.everything or not any(part is not None for part in aimed):
        return True
    own = resource.recruiter_id is not None and resource.recruiter_id == scope.recruiter_id
    managed = resource.hiring_manager_id is not None and resource.hiring_manager_id == scope.hiring_manager_id
    return own or managed or _in_grant(scope, resource)


def _in_grant(scope: Scope, resource: Resource) -> bool:
    by_department = scope.department_ids is None or resource.department_id in scope.department_ids
    by_region = scope.regions is None or resource.region in scope.regions
    return by_department and by_region


def dump(policy: Policy) -> dict[str, object]:
    """The whole table as JSON-ready data: each role's classes and scope rule, each (role, action) with yes or no."""
    roles = {
        role.value: {
            "scope": ROLE_SCOPE[role].value,
            "classes": sorted(policy.classes.get(role, frozenset())),
        }
        for role in Role
    }
    held = {(rule.role, rule.action): rule.scope.value for rule in policy.rules}
    matrix = [
        {
            "role": role.value,
            "resource": action.resource,
            "action": action.value,
            "granted": (role, action) in held,
            "scope": held.get((role, action)),
        }
        for action in Action
        if action is not Action.PUBLIC
        for role in Role
    ]
    return {"policy_version": policy.version, "roles": roles, "matrix": matrix}
