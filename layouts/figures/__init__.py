"""Figures as plain dictionaries, and the small pictures that need no chart library."""
