"""The mart: immutable DuckDB snapshots of wide facts, how they are built, published and read."""
