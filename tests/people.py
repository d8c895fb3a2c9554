"""The people of the tests, and accounts for them.

Eva executive, Max hiring manager, Rita recruiter, Ron recruiting manager, Hana HR partner of EMEA, Dee inclusion,
Cleo compliance, Ada administrator, Otto somebody with an account and no role at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy import insert

from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.accounts.grants import RoleGiven
from services.audit.log import AuditLog
from services.domain.people import Role, Viewer
from services.store.database import Store
from services.store.tables.organisation import Person

PASSWORD = "correct horse battery staple"
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

NAMES = {
    "eva": "Eva Executive",
    "max": "Max Manager",
    "rita": "Rita Recruiter",
    "ron": "Ron Recruiting",
    "hana": "Hana Hrbp",
    "dee": "Dee Inclusion",
    "cleo": "Cleo Compliance",
    "ada": "Ada Admin",
    "otto": "Otto Outsider",
}
ROLES = {
    "eva": Role.EXECUTIVE,
    "max": Role.HIRING_MANAGER,
    "rita": Role.RECRUITER,
    "ron": Role.RECRUITING_MANAGER,
    "hana": Role.HRBP,
    "dee": Role.DEI_OFFICER,
    "cleo": Role.COMPLIANCE,
    "ada": Role.ADMIN,
}
REGIONS = {"hana": "EMEA"}


@dataclass(frozen=True)
class People:
    """``ids`` are user ids, ``person_ids`` the people behind Max, Rita, Ron and Hana, by first name in lower case."""

    accounts: Accounts
    policy: Policy
    audit: AuditLog
    ids: Mapping[str, int]
    person_ids: Mapping[str, int] = field(default_factory=dict)

    def viewer(self, name: str) -> Viewer:
        return self.accounts.viewer_for(self.ids[name])

    def email(self, name: str) -> str:
        return email_of(name)


def email_of(name: str) -> str:
    return f"{name}@northwind.example"


def make_people(
    store: Store,
    *,
    person_ids: Mapping[str, int] | None = None,
    regions: Mapping[str, str | None] = REGIONS,
    departments: Mapping[str, int] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> People:
    """Accounts for everybody, signed in with ``PASSWORD``.

    ``person_ids`` ties names to people already in the store; without it, people are added for Max, Rita, Ron and Hana.
    ``departments`` limits a name's role to a department and all below it.
    """
    policy, audit = Policy(), AuditLog(store, clock)
    accounts = Accounts(store, policy, audit, clock, hasher=QUICK_HASHER)
    persons = dict(person_ids) if person_ids is not None else _add_persons(store)
    ids = {}
    for name, full in NAMES.items():
        role = ROLES.get(name)
        given = [] if role is None else [RoleGiven(role, (departments or {}).get(name), regions.get(name))]
        ids[name] = accounts.create_user(email_of(name), full, given, password=PASSWORD, person_id=persons.get(name))
    return People(accounts, policy, audit, ids, persons)


def _add_persons(store: Store) -> dict[str, int]:
    with store.write() as connection:
        return {
            name: connection.execute(
                insert(Person)
                .values(source_system="tests", external_id=name, name=NAMES[name], email=email_of(name))
                .returning(Person.id)
            ).scalar_one()
            for name in ("max", "rita", "ron", "hana")
        }
