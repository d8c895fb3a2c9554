"""First schema: the canonical model, accounts, audit, ledger, settings.

The first release creates the tables from the declared metadata; from the second on each step is written out.
"""

from alembic import op

from services.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
