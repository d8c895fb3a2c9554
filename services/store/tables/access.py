"""Accounts, role grants as intervals, sessions, sign-in throttle."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, optional_reference, reference


class UserAccount(Base):
    __tablename__ = "user_account"
    __table_args__ = (UniqueConstraint("email"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    """Lower case."""
    name: Mapped[str]
    person_id: Mapped[int | None] = optional_reference("person.id")
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    is_demo: Mapped[bool] = mapped_column(default=False)
    """Demonstration account: refused outside embedded mode on loopback."""
    timezone: Mapped[str] = mapped_column(String(40), default="UTC")
    locale: Mapped[str] = mapped_column(String(10), default="en")
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]


class RoleGrant(Base):
    """A role from ``from_at`` until ``to_at`` (None = still), limited to a department subtree and / or a region.

    Both None = unlimited on that axis. Recruiter and hiring manager roles are limited to own requisitions anyway.
    """

    __tablename__ = "role_grant"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = reference("user_account.id", index=True)
    role: Mapped[str] = mapped_column(String(30))
    department_id: Mapped[int | None] = optional_reference("department.id")
    region: Mapped[str | None]
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]


class UserSession(Base):
    """A signed-in browser. The cookie holds the token, the table its SHA-256."""

    __tablename__ = "user_session"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[int] = reference("user_account.id", index=True)
    data: Mapped[str] = mapped_column(default="{}")
    """JSON: CSRF secret and the like; nothing that decides access."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Written at most once a minute."""
    user_agent: Mapped[str | None]


class LoginAttempt(Base):
    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_email", "email", "at"),
        Index("ix_login_attempt_origin", "origin", "at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    origin: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    succeeded: Mapped[bool]
