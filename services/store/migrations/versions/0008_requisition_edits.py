"""Edits of requisitions: overlays, owners, seats, holds and freezes."""

import sqlalchemy as sa
from alembic import op

from services.store.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _requisition(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    key = sa.ForeignKeyConstraint(["requisition_id"], ["requisition.id"], name=f"fk_{table}_requisition_id")
    return sa.Column("requisition_id", BIG_ID, nullable=False), key


def upgrade() -> None:
    """The requisition keeps the source's values; what was edited stands beside them."""
    _overlays()
    _owners_and_seats()
    _pauses()


def _overlays() -> None:
    op.create_table(
        "requisition_overlay",
        sa.Column("id", BIG_ID, nullable=False),
        *_requisition("requisition_overlay"),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source_value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.Text(), nullable=False),
        sa.Column("edited_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requisition_overlay"),
        sa.UniqueConstraint("requisition_id", "field", name="uq_requisition_overlay_requisition_id"),
    )


def _owners_and_seats() -> None:
    op.create_table(
        "requisition_owner_edit",
        sa.Column("id", BIG_ID, nullable=False),
        *_requisition("requisition_owner_edit"),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("person_id", BIG_ID, nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_requisition_owner_edit_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_requisition_owner_edit"),
    )
    op.create_index("ix_requisition_owner_edit_requisition", "requisition_owner_edit", ["requisition_id", "from_at"])
    op.create_table(
        "requisition_seat_edit",
        sa.Column("id", BIG_ID, nullable=False),
        *_requisition("requisition_seat_edit"),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requisition_seat_edit"),
    )
    op.create_index("ix_requisition_seat_edit_requisition_id", "requisition_seat_edit", ["requisition_id"])


def _pauses() -> None:
    op.create_table(
        "requisition_pause",
        sa.Column("id", BIG_ID, nullable=False),
        *_requisition("requisition_pause"),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("to_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.Text(), nullable=False),
        sa.Column("edited_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requisition_pause"),
    )
    op.create_index("ix_requisition_pause_requisition", "requisition_pause", ["requisition_id", "from_at"])
