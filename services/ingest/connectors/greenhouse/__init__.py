"""Greenhouse: a folder with one Harvest v3 JSON or JSON Lines file per resource."""

from services.ingest.connectors.greenhouse.export import open_greenhouse

__all__ = ["open_greenhouse"]
