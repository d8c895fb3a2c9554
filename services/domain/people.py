"""Who looks: roles, scope and column classes of a viewer."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from dataclasses import dataclass, field


class Role(enum.StrEnum):
    EXECUTIVE = "executive"
    HIRING_MANAGER = "hiring_manager"
    RECRUITER = "recruiter"
    RECRUITING_MANAGER = "recruiting_manager"
    HRBP = "hrbp"
    DEI_OFFICER = "dei_officer"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
    WORKS_COUNCIL = "works_council"
    """Sees which agreements are in force and who looked at what; no data."""


class ColumnClass(enum.StrEnum):
    """Sensitivity of a column or metric. A viewer sees a class only when the policy grants it."""

    GENERAL = "general"
    PERSON = "person"
    """Figures of one named recruiter, manager or interviewer."""
    CANDIDATE = "candidate"
    """A candidate's name and contact."""
    COMPENSATION = "compensation"
    DIVERSITY = "diversity"
    CHECK = "check"
    """What a background or drug check found. Everybody else sees done or not done."""


@dataclass(frozen=True)
class Agreed:
    """Where a works agreement is in force: there are no figures of single people, and none of teams under five."""

    countries: tuple[str, ...] = ()
    office_ids: tuple[int, ...] = ()
    own_person_id: int | None = None
    """Whose own figures stay: an interviewer is named to herself."""

    @property
    def is_anywhere(self) -> bool:
        return bool(self.countries or self.office_ids)


@dataclass(frozen=True)
class Scope:
    """Which requisitions' data a viewer may see: the union of its parts.

    ``everything`` wins over all other fields. ``department_ids`` and ``regions`` are a conjunction (both must
    match; ``None`` = that axis is not limited, an empty tuple = nothing). ``recruiter_id`` adds requisitions owned by
    that person; ``hiring_manager_id`` adds requisitions that person manages. The department ids are already expanded to
    all children and sorted, so that equal scopes compare equal and share cache entries.
    """

    everything: bool = False
    department_ids: tuple[int, ...] | None = ()
    regions: tuple[str, ...] | None = ()
    recruiter_id: int | None = None
    hiring_manager_id: int | None = None
    agreed: Agreed = field(default_factory=Agreed)

    @property
    def is_empty(self) -> bool:
        by_grant = self.department_ids != () and self.regions != ()
        return not (self.everything or by_grant or self.recruiter_id or self.hiring_manager_id)


@dataclass(frozen=True)
class Viewer:
    """The signed-in person (or the local operator) as the policy sees them. Immutable; compiled into every query."""

    user_id: int | None
    """None = the local operator on the command line, who has full rights; the audit log says so."""
    email: str
    name: str
    person_id: int | None = None
    roles: frozenset[Role] = frozenset()
    scope: Scope = field(default_factory=Scope)
    classes: frozenset[ColumnClass] = frozenset({ColumnClass.GENERAL})
    policy_version: int = 1
    timezone: str = "UTC"
    locale: str = "en"

    def fingerprint(self) -> str:
        """Hex digest of everything the data answers may depend on; no identity, so equal rights share cache entries."""
        scope = self.scope
        parts = [
            scope.everything,
            scope.department_ids,
            scope.regions,
            scope.recruiter_id,
            scope.hiring_manager_id,
            dataclasses.astuple(scope.agreed),
            sorted(self.classes),
            sorted(self.roles),
            self.policy_version,
            self.timezone,
            self.locale,
        ]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()[:24]
