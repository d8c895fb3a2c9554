"""Governed metrics: registry, estimators, and the one query layer with the viewer compiled in."""
