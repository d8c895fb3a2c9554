"""The pages of the product, in the order of the side bar. One line each."""

from __future__ import annotations

from callbacks.registry import PageSpec

PAGES: tuple[PageSpec, ...] = ()
