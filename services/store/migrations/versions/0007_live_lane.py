"""Live lane and refresh."""

import sqlalchemy as sa
from alembic import op

from services.store.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The lane is filled at the first start: until then pages show the batch."""
    _lane()
    _refresh()


def _identity() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _lane() -> None:
    ids = ("department_id", "job_family_id", "job_level_id", "office_id", "hiring_manager_id", "recruiter_id")
    op.create_table(
        "open_requisition",
        sa.Column("requisition_id", _identity(), autoincrement=False, nullable=False),
        *(sa.Column(name, _identity(), nullable=True) for name in ids),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("calendar_id", _identity(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("status_from_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("requisition_id", name=op.f("pk_open_requisition")),
    )
    op.create_table(
        "open_application",
        sa.Column("application_id", _identity(), autoincrement=False, nullable=False),
        sa.Column("candidate_id", _identity(), nullable=False),
        sa.Column("requisition_id", _identity(), nullable=False),
        sa.Column("recruiter_id", _identity(), nullable=True),
        sa.Column("source_id", _identity(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reason_kind", sa.String(length=20), nullable=True),
        sa.Column("stage", sa.String(length=20), nullable=True),
        sa.Column("stage_order", sa.Integer(), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=True),
        sa.Column("entered_business_days", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_open_application")),
    )
    op.create_index("ix_open_application_requisition", "open_application", ["requisition_id"])
    op.create_index("ix_open_application_ended", "open_application", ["ended_at"])
    op.create_table(
        "open_requisition_stop",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("requisition_id", _identity(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("to_at", UtcDateTime(), nullable=True),
        sa.Column("from_business_days", sa.Double(), nullable=True),
        sa.Column("to_business_days", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_requisition_stop")),
    )
    op.create_index("ix_open_requisition_stop_requisition", "open_requisition_stop", ["requisition_id"])
    op.create_table(
        "live_lane",
        sa.Column("id", _identity(), autoincrement=False, nullable=False),
        sa.Column("change_number", _identity(), nullable=False),
        sa.Column("watermark", _identity(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_lane")),
    )


def _refresh() -> None:
    op.create_table(
        "refresh_rule",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("dashboard", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("interval_minutes", sa.Integer(), nullable=False),
        sa.Column("office_id", _identity(), nullable=True),
        sa.Column("jitter_s", sa.Integer(), nullable=False),
        sa.Column("objective_minutes", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_refresh_rule_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_rule")),
        sa.UniqueConstraint("dashboard", "version", name=op.f("uq_refresh_rule_dashboard")),
    )
    op.create_table(
        "freshness_record",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("dashboard", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=True),
        sa.Column("objective_minutes", sa.Integer(), nullable=False),
        sa.Column("is_met", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freshness_record")),
    )
    op.create_index("ix_freshness_record_dashboard", "freshness_record", ["dashboard", "at"])
    op.create_table(
        "pinned_view",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", _identity(), nullable=False),
        sa.Column("pinned_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pinned_view")),
        sa.UniqueConstraint("snapshot_id", "user_id", name=op.f("uq_pinned_view_snapshot_id")),
    )
