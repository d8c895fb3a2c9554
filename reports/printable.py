"""Text that can be set on paper whatever a source system delivered."""

from __future__ import annotations

import unicodedata

from jinja2 import UndefinedError
from markupsafe import Markup

LONGEST = 600
LONGEST_NAME = 160
"""Texts and names wrap and are not cut; the bounds only stop a megabyte in a field from becoming a hundred pages."""


def printable(text: str, *, limit: int = LONGEST) -> str:
    """Without control characters and broken surrogates, at most ``limit`` characters; an ellipsis shows the cut."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    clean = cut.encode("utf-8", "replace").decode("utf-8")
    return "".join(" " if unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn"} else letter for letter in clean)


def finalize(value: object) -> object:
    """For Jinja: every plain text that reaches a page is made printable; None would print "None" and is a mistake."""
    if value is None:
        raise UndefinedError("A report template printed None; use wording.shown for absent values.")
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
