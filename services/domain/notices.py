"""A short mail about one thing: what happened, the facts, one link. ``reports.notice`` gives it a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Notice:
    """Plain text throughout, from people and sources too: whoever renders it encodes it."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    link: str
    """Absolute."""
    link_words: str
    facts: tuple[tuple[str, str], ...] = ()
    foot: str = ""


class NoticeWords(NamedTuple):
    subject: str
    text: str
    html: str


class NoticeWriter(Protocol):
    def __call__(self, notice: Notice, /) -> NoticeWords: ...
