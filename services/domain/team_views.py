"""What only the pages about teams, recruiters and interviews draw: a switch in the address, a scale, a what-if form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    chosen: bool
    href: str


@dataclass(frozen=True)
class Switch:
    """One of a few ways to read the page. Each is an address of its own."""

    title: str
    caption: str
    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class ExpectedRow:
    """``observed`` and ``expected`` as printed; ``ratio`` None = nothing is compared, and ``why`` says so."""

    label: str
    observed: str
    expected: str
    ratio: float | None
    low: float | None
    high: float | None
    n: str
    why: str = ""


@dataclass(frozen=True)
class Expected:
    """Observed over expected with 95 % intervals, all on one logarithmic scale; 1 = as expected."""

    title: str
    caption: str
    rows: tuple[ExpectedRow, ...]
    note: str = ""


@dataclass(frozen=True)
class Field:
    """A number of a what-if form, as it stands in the address; ``hint`` says what holds while it is empty."""

    name: str
    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class WhatIf:
    """Inputs that live in the address and change nothing. ``kept``: what else the address says, carried along."""

    title: str
    caption: str
    path: str
    fields: tuple[Field, ...]
    kept: tuple[tuple[str, str], ...] = ()
    error: str = ""
    reset: str = ""
    """Address without the inputs; empty = none is set."""
