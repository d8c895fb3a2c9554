"""Several selects as one statement: their rows lie under each other, each with the number of its select.

Every select has group columns and whole numbers; what it does not have is NULL. The engine then reads for all of them
at once, and one round trip brings the answers of many questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import sqlalchemy as sa

Arrays: TypeAlias = dict[str, np.ndarray[Any, Any]]
Compile: TypeAlias = Callable[[sa.SelectBase], tuple[str, list[object]]]
_EPOCH = "DATE '1970-01-01'"
_NUMBER, _DAY, _TEXT = "number", "day", "text"


class Together:
    """One statement for several selects, and its rows taken apart again.

    ``selects``: group columns are those named g or d and a number, all others hold whole numbers, 0 for NULL.
    """

    def __init__(self, selects: Sequence[sa.Select[Any]], compile_: Compile) -> None:
        self._kinds = [_kinds(select) for select in selects]
        groups = max(sum(_is_group(name) for name in kinds) for kinds in self._kinds)
        numbers = max(sum(not _is_group(name) for name in kinds) for kinds in self._kinds)
        parts, self.values = [], list[object]()
        for index, select in enumerate(selects):
            sql, values = compile_(select)
            columns = ", ".join(_columns(index, self._kinds[index], groups, numbers))
            parts.append(f"SELECT {columns} FROM ({sql}) AS part_{index}")  # noqa: S608 - our own compiled selects
            self.values += values
        self.sql = " UNION ALL ".join(parts)

    def apart(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> list[Arrays]:
        """The rows of each select by its own column names, equal groups beside each other."""
        number = np.asarray(arrays["q"], dtype=np.int16)
        order = np.argsort(number, kind="stable")
        ends = np.searchsorted(number[order], np.arange(len(self._kinds) + 1))
        return [
            _of_one(arrays, kinds, order[start:end])
            for kinds, start, end in zip(self._kinds, ends[:-1], ends[1:], strict=True)
        ]


def _kinds(select: sa.Select[Any]) -> dict[str, str]:
    found = {}
    for column in select.selected_columns:
        name = column.key or ""
        is_day, is_number = isinstance(column.type, sa.Date), isinstance(column.type, sa.Integer)
        # what has no type in a group is a constant text of the question
        found[name] = _DAY if is_day else _NUMBER if is_number or not _is_group(name) else _TEXT
    return found


def _is_group(name: str) -> bool:
    return name[:1] in {"d", "g"} and name[1:].isdigit()


def _columns(index: int, kinds: Mapping[str, str], groups: int, numbers: int) -> list[str]:
    found = [f"{index} AS q"]
    grouped = {name[1:]: name for name in kinds if _is_group(name)}
    for place in range(groups):
        name = grouped.get(str(place), "")
        kind = kinds.get(name, "")
        whole = {_NUMBER: f"CAST({name} AS BIGINT)", _DAY: f"CAST({name} - {_EPOCH} AS BIGINT)"}
        found.append(f"{whole.get(kind, 'CAST(NULL AS BIGINT)')} AS i{place}")
        text = f"CAST({name} AS VARCHAR)" if kind == _TEXT else "CAST(NULL AS VARCHAR)"
        found.append(f"{text} AS s{place}")
    names = [name for name in kinds if not _is_group(name)]
    for place in range(numbers):
        number = f"CAST({names[place]} AS BIGINT)" if place < len(names) else "CAST(NULL AS BIGINT)"
        found.append(f"{number} AS a{place}")
    return found


def _of_one(arrays: Mapping[str, np.ndarray[Any, Any]], kinds: Mapping[str, str], rows: np.ndarray[Any, Any]) -> Arrays:
    found: Arrays = {}
    numbers = 0
    for name, kind in kinds.items():
        if not _is_group(name):
            found[name] = np.ma.filled(arrays[f"a{numbers}"][rows], 0)
            numbers += 1
            continue
        column = arrays[f"{'s' if kind == _TEXT else 'i'}{name[1:]}"][rows]
        found[name] = column.astype("datetime64[D]") if kind == _DAY else column
    order = _by_group(found, kinds)
    return found if order is None else {name: column[order] for name, column in found.items()}


def _by_group(columns: Arrays, kinds: Mapping[str, str]) -> np.ndarray[Any, Any] | None:
    """Rows by tag and whole-number groups; a group of text may stay in pieces. None = there is nothing to order."""
    keys = [np.asarray(columns["tag"])] if "tag" in columns else []
    if not keys:
        return None
    for name, kind in kinds.items():
        if _is_group(name) and kind != _TEXT:
            column = columns[name]
            keys.append(np.ma.getmaskarray(column))
            keys.append(np.ma.getdata(column).astype(np.int64))
    return np.lexsort(keys[::-1]) if len(keys[0]) else None
