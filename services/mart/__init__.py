"""Immutable analytical snapshots: facts built from the store, published atomically, read-only for everybody."""
