"""What travels from a connector to the store: source records, their canonical rows, and problems."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Scalar = str | int | float | bool | None
"""Canonical value: instants as text ``YYYY-MM-DD HH:MM:SS`` in UTC, dates as text ``YYYY-MM-DD``."""


class FieldError(Exception):
    """One value of one record cannot be used."""

    def __init__(self, name: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = name
        self.reason = reason


class EntityRow(NamedTuple):
    """Values of one canonical entity. A field that is absent from ``values`` keeps what the store has.

    ``parent`` groups rows that are written together (the application of a visit). ``update_only`` rows never create.
    """

    entity: str
    key: str
    values: Mapping[str, Scalar]
    parent: str = ""
    update_only: bool = False


class TableRow(NamedTuple):
    """A row of a table as it came."""

    columns: tuple[str, ...]
    fields: Sequence[object]

    def as_mapping(self) -> dict[str, object]:
        return dict(zip(self.columns, self.fields, strict=False))


class SourceItem(NamedTuple):
    """One record of the source with everything it says, as canonical rows."""

    resource: str
    key: str
    file: str
    rows: tuple[EntityRow, ...]
    payload: Mapping[str, object] | TableRow
    version: str | None = None
    """Sorts as the source's versions do; None = the source has none and a later import wins."""
    counted: bool = True
    """False for what a mapping adds (stages, dimensions): it is applied, but was not read from the source."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A source record for quarantine."""

    resource: str
    file: str
    record: str
    field: str | None
    reason: str
    payload: object


@dataclass(slots=True)
class Notes:
    """What a person should know of an import that went well. Equal warnings are said once, with their count."""

    counts: dict[str, int] = field(default_factory=dict)

    def warn(self, message: str) -> None:
        self.counts[message] = self.counts.get(message, 0) + 1

    def messages(self) -> list[str]:
        return [text if n == 1 else f"{text} ({n:,} records)" for text, n in sorted(self.counts.items())]


class Connector(Protocol):
    """Reads one export. ``system`` names its records in the store."""

    system: str
    entities: tuple[str, ...]
    """Canonical entities that the export has files for, empty or not."""

    def items(self, notes: Notes) -> Iterator[SourceItem | Problem]:
        """Every record of the export, once, in any order."""
        ...

    def record_estimate(self) -> int:
        """About how many records ``items`` will give, for the progress bar."""
        ...

    @property
    def data_from(self) -> dt.date | None:
        """The day on which the source's data begin, if the mapping says so."""
        ...
