"""What an entity of the canonical model is to ingest: its table, its fields and what those accept."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property

NAME_LIMIT = 1_000
KEY_LIMIT = 200


class Kind(enum.Enum):
    TEXT = "text"
    INSTANT = "instant"
    """A moment, or a date that stands for its local midnight in the zone of the requisition's office."""
    DATE = "date"
    INTEGER = "whole number"
    NUMBER = "number"
    MONEY = "amount"
    FLAG = "yes or no"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Field:
    """``past``: it has happened, so more than a day ahead is a mistake. ``target``: the entity referred to."""

    kind: Kind
    column: str
    required: bool = False
    choices: frozenset[str] = frozenset()
    target: str = ""
    past: bool = False
    limit: int = NAME_LIMIT
    may_dangle: bool = False
    """A reference to something that is not loaded is left empty instead of keeping the record out."""


@dataclass(frozen=True)
class Entity:
    """``table`` is written by upsert on (source_system, external_id); ``parent`` names the field that groups a set.

    ``creatable``: a reference to a key nobody described creates a row with the key as its name.
    ``spans``: pairs of fields of which the second may not lie before the first.
    """

    name: str
    label: str
    table: str
    fields: dict[str, Field]
    parent: str = ""
    creatable: bool = False
    spans: tuple[tuple[str, str], ...] = ()

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name, field in self.fields.items() if field.required)


def text(column: str, *, required: bool = False, limit: int = NAME_LIMIT) -> Field:
    return Field(Kind.TEXT, column, required=required, limit=limit)


def choice(column: str, values: type[enum.StrEnum], *, required: bool = False) -> Field:
    return Field(Kind.TEXT, column, required=required, choices=frozenset(values))


def instant(column: str, *, required: bool = False, past: bool = True) -> Field:
    return Field(Kind.INSTANT, column, required=required, past=past)


def date(column: str, *, required: bool = False, past: bool = False) -> Field:
    return Field(Kind.DATE, column, required=required, past=past)


def reference(target: str, column: str, *, required: bool = False) -> Field:
    return Field(Kind.REFERENCE, column, required=required, target=target, limit=KEY_LIMIT)


def flag(column: str) -> Field:
    return Field(Kind.FLAG, column)


def number(column: str, *, required: bool = False) -> Field:
    return Field(Kind.NUMBER, column, required=required)


def integer(column: str) -> Field:
    return Field(Kind.INTEGER, column)


def money(column: str) -> Field:
    return Field(Kind.MONEY, column)
