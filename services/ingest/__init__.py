"""Import: read a source, validate, stage outside the store, apply in short transactions."""
