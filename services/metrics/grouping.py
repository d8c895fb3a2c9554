"""From what statements returned to groups by shown name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.metrics.catalog import Catalog
from services.metrics.dimensions import Kind
from services.metrics.plan import CountTable, Executor, Group, Plan
from services.metrics.question import Question
from services.metrics.transitions import adjacent_labels

Key = tuple[str | None, ...]


def groups_of(plan: Plan, question: Question, catalog: Catalog, executor: Executor) -> dict[Key, Group]:
    """What ``executor`` finds for a plan; groups that share a shown name are added up."""
    counted, tabulated = plan.count_all(executor), plan.tabulate_all(executor)
    raw_keys = {dims for _, dims, _ in counted} | {dims for _, dims, _ in tabulated}
    key_of = keys_of(question, catalog, raw_keys)
    groups: dict[Key, Group] = {key: Group() for key in _expected(question)}
    for tag, dims, number in counted:
        numbers = groups.setdefault(key_of[dims], Group()).numbers
        numbers[tag] = numbers.get(tag, 0) + number
    for tag, dims, columns in tabulated:
        groups.setdefault(key_of[dims], Group()).tables.setdefault(tag, CountTable()).add(columns)
    return groups


def keys_of(question: Question, catalog: Catalog, raw_keys: set[Key]) -> dict[Key, Key]:
    """From the texts a statement returned to shown names."""
    labellers = [
        _day_labeller(question)
        if dimension.kind is Kind.TIME
        else catalog.labeller(dimension, {dims[index] for dims in raw_keys})
        for index, dimension in enumerate(question.by)
    ]
    return {dims: tuple(label(value) for label, value in zip(labellers, dims, strict=True)) for dims in raw_keys}


def _day_labeller(question: Question) -> Any:
    """From a bin as a statement returned it (a day, or already a label) to its label."""

    def label(value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return question.label_of_day(date.fromisoformat(value[:10]))
        except ValueError:
            return value

    return label


def _expected(question: Question) -> Iterator[Key]:
    """Groups that appear even when nothing was found: the only one, every time bin, every asked transition."""
    if not question.by:
        yield ()
    elif len(question.by) == 1 and question.grain is not None:
        yield from ((label,) for label in question.bin_labels())
    elif len(question.by) == 1 and question.by[0].id == "transition":
        labels = question.chosen.get("transition") or adjacent_labels(question.stages)
        yield from ((str(label),) for label in labels)
