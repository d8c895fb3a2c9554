"""Sign-ins of the demonstration company: one per role, and an account for everyone who gets a report."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from services.accounts.directory import Accounts
from services.accounts.grants import RoleGiven
from services.domain.people import Role
from services.ingest.demonstration.names import CAST, OFFICES
from services.store.database import Store
from services.store.tables import Person, Requisition, UserAccount

COUNCIL = (Role.WORKS_COUNCIL, "Wim", "Jansen")
"""Signs in, but is nobody of whom there are figures."""
REGION_OF_CAST = {Role.HRBP: "EMEA", Role.RECRUITING_MANAGER: "EMEA"}
"""Everybody else of the cast sees the whole company, or own requisitions."""


@dataclass(frozen=True)
class DemonstrationLogin:
    role: Role
    email: str
    password: str


def logins(signing_key: str) -> tuple[DemonstrationLogin, ...]:
    """One per role. Passwords follow from the installation's secret key, so that they need not be kept anywhere."""
    return tuple(
        DemonstrationLogin(Role(role), email, _password(signing_key, email))
        for role, first, _ in (*CAST, COUNCIL)
        for email in [f"{first.lower()}@northwind.example"]
    )


def _password(signing_key: str, email: str) -> str:
    digest = hmac.new(signing_key.encode(), f"demonstration sign-in {email}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def create_accounts(store: Store, accounts: Accounts, cast: dict[str, int], signing_key: str) -> int:
    """Create the cast's accounts and one without a password per recruiter and manager; returns the admin's user id."""
    admin = 0
    for login, (_, first, last) in zip(logins(signing_key), (*CAST, COUNCIL), strict=True):
        user_id = accounts.create_user(
            login.email,
            f"{first} {last}",
            [RoleGiven(login.role, region=REGION_OF_CAST.get(login.role))],
            password=login.password,
            person_id=cast.get(login.role),
            is_demo=True,
            timezone=OFFICES[0].timezone,
        )
        admin = user_id if login.role is Role.ADMIN else admin
    for column, role in (
        (Requisition.recruiter_id, Role.RECRUITER),
        (Requisition.hiring_manager_id, Role.HIRING_MANAGER),
    ):
        _create_recipients(store, accounts, column, role)
    return admin


def _create_recipients(store: Store, accounts: Accounts, column: InstrumentedAttribute[int | None], role: Role) -> None:
    owners = select(column).where(column.is_not(None))
    known = select(UserAccount.person_id).where(UserAccount.person_id.is_not(None))
    query = select(Person.id, Person.email, Person.name).where(
        Person.id.in_(owners), Person.id.not_in(known), Person.left_on.is_(None), Person.email.is_not(None)
    )
    with store.read() as connection:
        people = connection.execute(query.order_by(Person.id)).all()
    for person_id, email, name in people:
        accounts.create_user(str(email), name, [role], person_id=person_id, is_demo=True, timezone=OFFICES[0].timezone)
