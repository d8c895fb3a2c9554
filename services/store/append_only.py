"""DDL that makes the database itself refuse changes to the audit log. Run by the migration that creates the table."""

from __future__ import annotations

_SQLITE = (
    """CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    # INSERT OR REPLACE passes a delete trigger unless recursive triggers are on; this one it cannot pass.
    """CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_event)
BEGIN SELECT RAISE(ABORT, 'the audit log only grows at its end'); END""",
)

_POSTGRESQL = (
    """CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$""",
    """CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event
FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()""",
    """CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()""",
)

_SQLITE_DROP = tuple(f"DROP TRIGGER IF EXISTS audit_event_{name}" for name in ("no_update", "no_delete", "in_order"))
_POSTGRESQL_DROP = (
    "DROP TRIGGER IF EXISTS audit_event_append_only ON audit_event",
    "DROP TRIGGER IF EXISTS audit_event_no_truncate ON audit_event",
    "DROP FUNCTION IF EXISTS audit_event_refuse()",
)


def audit_ddl(dialect: str) -> list[str]:
    """Statements for ``dialect`` (``sqlite`` or ``postgresql``) that make ``audit_event`` append-only."""
    return list(_POSTGRESQL if dialect == "postgresql" else _SQLITE)


def audit_ddl_undo(dialect: str) -> list[str]:
    """Takes ``audit_ddl`` back: what a database owner (or a test of ``verify``) would do."""
    return list(_POSTGRESQL_DROP if dialect == "postgresql" else _SQLITE_DROP)
