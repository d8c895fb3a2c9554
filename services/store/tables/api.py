"""Tokens with which programs ask in the name of a user."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.store.tables.base import Base, BigId, reference


class ApiToken(Base):
    """The caller holds the token, the table its SHA-256. Valid until ``expires_at`` unless it was revoked before."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("prefix"), UniqueConstraint("token_hash"))
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = reference("user_account.id", index=True)
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16))
    """The token's public part, by which people recognise it."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[str]
    """Words with a space between, sorted."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    last_used_at: Mapped[datetime | None]
    window_at: Mapped[datetime | None]
    """Begin of the minute that ``window_count`` counts requests of."""
    window_count: Mapped[int] = mapped_column(default=0)
