"""Requisitions: the list, one in full, and what people change of them here."""
