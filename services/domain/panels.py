"""What stands in the panel beside a figure: why it moved, its cases, the walk from the tracking system's number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PanelRow:
    """``href`` leads from the first cell to the page of what it names."""

    cells: tuple[str, ...]
    href: str | None = None


@dataclass(frozen=True)
class PanelSection:
    """A heading with sentences, pairs of term and words, or a table; what is empty is not drawn."""

    title: str
    words: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[PanelRow, ...] = ()


@dataclass(frozen=True)
class Panel:
    title: str
    sections: tuple[PanelSection, ...]
