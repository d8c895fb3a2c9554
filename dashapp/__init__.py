"""Composition root: the only package that imports all others; nobody imports it."""
