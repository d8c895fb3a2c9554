"""Addresses of our own pages as people send them to be kept: hostile text until it was checked."""

from __future__ import annotations

import re

from services.domain.errors import InvalidInputError

LONGEST_SEARCH = 4_000
_PATH = re.compile(r"/(?:[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)?")
_LONGEST_PATH = 200


def checked_address(path: object, search: object) -> tuple[str, str]:
    """Path and query of a page here. Raises InvalidInputError: anything that could lead elsewhere is refused."""
    if not isinstance(path, str) or len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        raise InvalidInputError("This is not the address of a page here. Open the page and try again.")
    if search in (None, ""):
        return path, ""
    is_query = isinstance(search, str) and search.startswith("?") and search.isprintable()
    if not isinstance(search, str) or not is_query or len(search) > LONGEST_SEARCH:
        raise InvalidInputError("The filters of this address cannot be kept. Set fewer of them and try again.")
    return path, search


def checked_text(value: object, called: str, longest: int) -> str:
    """Stripped text of 1 to ``longest`` characters; line breaks may stand in it. Raises InvalidInputError."""
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > longest or not all(sign.isprintable() or sign == "\n" for sign in text):
        raise InvalidInputError(f"{called} takes 1 to {longest:,} characters of plain text.")
    return text
