"""Validations, agreement mode."""

import sqlalchemy as sa
from alembic import op

from services.store.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _agreements()
    _validations()


def _agreements() -> None:
    op.create_table(
        "works_agreement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_in_force", sa.Boolean(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("keep_person_days", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_works_agreement")),
        sa.UniqueConstraint("kind", "place", "version", name=op.f("uq_works_agreement_kind")),
    )


def _validations() -> None:
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "validation_certificate",
        sa.Column("id", identity, nullable=False),
        sa.Column("source_system", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("snapshot", sa.String(length=64), nullable=False),
        sa.Column("is_holding", sa.Boolean(), nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("export_sha256", sa.String(length=64), nullable=False),
        sa.Column("archive_item_id", identity, nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["archive_item_id"], ["archive_item.id"], name=op.f("fk_validation_certificate_archive_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_validation_certificate")),
    )
    op.create_index("ix_validation_certificate_source_system", "validation_certificate", ["source_system", "id"])
    op.create_table(
        "validation_drift",
        sa.Column("id", identity, nullable=False),
        sa.Column("source_system", sa.String(length=40), nullable=False),
        sa.Column("open_key", sa.String(length=40), nullable=True),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("certificate_id", identity, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by_certificate_id", identity, nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["validation_certificate.id"], name=op.f("fk_validation_drift_certificate_id")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_certificate_id"],
            ["validation_certificate.id"],
            name=op.f("fk_validation_drift_closed_by_certificate_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_validation_drift")),
        sa.UniqueConstraint("open_key", name=op.f("uq_validation_drift_open_key")),
    )
