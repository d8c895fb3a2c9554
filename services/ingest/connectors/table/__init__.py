"""Any table (CSV, XLSX, Parquet) whose columns a mapping file names."""

from services.ingest.connectors.table.export import open_table

__all__ = ["open_table"]
