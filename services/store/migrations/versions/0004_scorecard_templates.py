"""Priority profiles, scorecard templates, goals and capacity."""

import sqlalchemy as sa
from alembic import op

from services.store.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _scorecard_template()
    _priority_profile()
    _priority_expectation()
    _capacity_setting()
    _diversity_goal()


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _changed() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
    )


def _scorecard_template() -> None:
    op.create_table(
        "scorecard_template",
        _id(),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("without", sa.Text(), nullable=False),
        sa.Column("is_in_force", sa.Boolean(), nullable=False),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_template")),
        sa.UniqueConstraint("level", "place", "version", name=op.f("uq_scorecard_template_level")),
    )


def _priority_profile() -> None:
    op.create_table(
        "priority_profile",
        _id(),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("first", sa.String(length=12), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("next_review_on", sa.Date(), nullable=False),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_profile")),
        sa.UniqueConstraint("level", "place", "version", name=op.f("uq_priority_profile_level")),
    )


def _priority_expectation() -> None:
    op.create_table(
        "priority_expectation",
        _id(),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("is_met", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_priority_expectation")),
    )


def _capacity_setting() -> None:
    op.create_table(
        "capacity_setting",
        _id(),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("interviewer_hours", sa.Double(), nullable=True),
        sa.Column("hours_per_candidate", sa.Double(), nullable=True),
        sa.Column("recruiters", sa.Double(), nullable=True),
        sa.Column("screens_per_recruiter", sa.Double(), nullable=True),
        sa.Column("targets", sa.Text(), nullable=False),
        *_changed(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_setting")),
        sa.UniqueConstraint("place", "version", name=op.f("uq_capacity_setting_place")),
    )


def _diversity_goal() -> None:
    op.create_table(
        "diversity_goal",
        _id(),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("question", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=80), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("legal_approver", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_in_force", sa.Boolean(), nullable=False),
        *_changed(),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_diversity_goal_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diversity_goal")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_diversity_goal_key")),
    )
