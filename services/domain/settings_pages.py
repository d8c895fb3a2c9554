"""View models of pages on which settings are read and, by those who may, changed."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.views import Note, Table


@dataclass(frozen=True)
class Field:
    """``kind``: text, number, date, lines (several lines of text), choice (of ``choices``), check."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """(value, words) pairs."""
    help: str = ""
    required: bool = False


@dataclass(frozen=True)
class Form:
    """Sent as a JSON object to ``action`` after ``words``, which say what will happen, were confirmed.

    ``seen`` goes with it: the versions of what the page shows, so that nobody overwrites what they have not seen.
    """

    id: str
    action: str
    title: str
    words: str
    fields: tuple[Field, ...]
    submit: str
    seen: str = ""


@dataclass(frozen=True)
class Asking:
    """Fields that are part of the page's address: what-if questions change nothing."""

    fields: tuple[Field, ...]
    submit: str


@dataclass(frozen=True)
class Section:
    """``refused``: why it cannot be changed here; None where it can."""

    id: str
    title: str
    caption: str
    tables: tuple[Table, ...] = ()
    notes: tuple[Note, ...] = ()
    forms: tuple[Form, ...] = ()
    asking: Asking | None = None
    refused: str | None = None


@dataclass(frozen=True)
class SettingsView:
    title: str
    subtitle: str
    path: str
    sections: tuple[Section, ...]
