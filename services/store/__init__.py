"""System of record: SQLAlchemy tables, the two ways in (`read`, `write`) and migrations."""
