"""First schema: the canonical model, accounts, audit, ledger, settings.

The first release creates the tables from the declared metadata; from the second on each step is written out.
"""

from alembic import op

from services.store.append_only import audit_ddl
from services.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    metadata.create_all(connection)
    for statement in audit_ddl(connection.dialect.name):
        connection.exec_driver_sql(statement)
