"""Other databases that can answer from a published snapshot: PostgreSQL and ClickHouse. DuckDB is the mart's own."""
