"""Limits and schedules that administrators set."""

import sqlalchemy as sa
from alembic import op

from services.store.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "validation_plan",
        sa.Column("id", identity, nullable=False),
        sa.Column("source_system", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=True),
        sa.Column("fresh_hours", sa.Integer(), nullable=False),
        sa.Column("schedule_id", identity, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["report_schedule.id"], name=op.f("fk_validation_plan_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_validation_plan")),
        sa.UniqueConstraint("source_system", "version", name=op.f("uq_validation_plan_source_system")),
    )
    op.create_table(
        "validation_lack",
        sa.Column("id", identity, nullable=False),
        sa.Column("source_system", sa.String(length=40), nullable=False),
        sa.Column("open_key", sa.String(length=40), nullable=True),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by_certificate_id", identity, nullable=True),
        sa.ForeignKeyConstraint(
            ["closed_by_certificate_id"],
            ["validation_certificate.id"],
            name=op.f("fk_validation_lack_closed_by_certificate_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_validation_lack")),
        sa.UniqueConstraint("open_key", name=op.f("uq_validation_lack_open_key")),
    )
