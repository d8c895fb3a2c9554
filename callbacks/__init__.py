"""Wiring and policy of the interactive pages; thin: parse, one service call, pure layout."""
