"""Rows of CSV, XLSX and Parquet files, a block at a time."""

from __future__ import annotations

import codecs
import csv
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from services.domain.errors import InvalidInputError
from services.ingest.connectors.table.mapping import FileRule
from services.ingest.records import TableRow

ROWS_AT_A_TIME = 20_000
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
FIELD_LIMIT = 16 * 1024 * 1024

Row = TableRow


class BrokenRow:
    """A line that does not have the header's fields."""

    def __init__(self, fields: Sequence[str], expected: int) -> None:
        self.payload = list(fields)
        self.reason = f"the line has {len(fields)} fields, the header has {expected}"


def read_rows(path: Path, rule: FileRule) -> Iterator[tuple[int, Row | BrokenRow]]:
    """Rows with their line in the file (the header is line 1). Raises InvalidInputError for an unreadable file."""
    kind = path.suffix.lower()
    try:
        if kind == ".xlsx":
            yield from _excel(path, rule)
        elif kind == ".parquet":
            yield from _parquet(path, rule)
        else:
            yield from _csv(path, rule)
    except (OSError, ValueError, csv.Error, zipfile.BadZipFile, pa.ArrowException, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InvalidInputError(
            f"{path.name} cannot be read as {kind.lstrip('.')} ({reason}); nothing was imported. Export it again."
        ) from error


def count_rows(path: Path) -> int:
    """About how many rows, from the file's size."""
    if path.suffix.lower() == ".parquet":
        try:
            return int(pq.ParquetFile(path).metadata.num_rows)
        except (OSError, pa.ArrowException):
            return 1
    return path.stat().st_size // 80 + 1


def _csv(path: Path, rule: FileRule) -> Iterator[tuple[int, Row | BrokenRow]]:
    csv.field_size_limit(min(FIELD_LIMIT, sys.maxsize))
    with _text(path, rule.encoding) as stream:
        lines = csv.reader(stream, delimiter=rule.delimiter)
        header = [name.strip() for name in next(lines, [])]
        _check_header(path, header, rule)
        width = len(header)
        columns = tuple(header)
        for fields in lines:
            if not fields:
                continue
            if len(fields) != width:
                yield lines.line_num, BrokenRow(fields, width)
            else:
                yield lines.line_num, TableRow(columns, fields)


def _text(path: Path, encoding: str) -> IO[str]:
    """A byte order mark decides between the UTF encodings; bytes that do not fit come as lone surrogates."""
    with path.open("rb") as raw:
        start = raw.read(4)
    if start.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    return path.open(encoding=encoding, errors="surrogateescape", newline="")


def _check_header(path: Path, header: Sequence[str], rule: FileRule) -> None:
    repeated = sorted({name for name in header if header.count(name) > 1})
    missing = sorted(rule.columns_read() - set(header))
    if not header or header == [""]:
        raise InvalidInputError(f"{path.name} is empty; it does not even have a header line.")
    if missing:
        there = ", ".join(header)[:500]
        raise InvalidInputError(
            f"{path.name} has no column {', '.join(missing)}, which the mapping names. It has: {there}."
        )
    if repeated:
        raise InvalidInputError(f"{path.name} has the column {', '.join(repeated)} more than once.")


def _excel(path: Path, rule: FileRule) -> Iterator[tuple[int, Row | BrokenRow]]:
    frame = pd.read_excel(path, sheet_name=rule.sheet or 0, dtype=object, engine="openpyxl", na_filter=False)
    frame.columns = [str(name).strip() for name in frame.columns]
    _check_header(path, list(frame.columns), rule)
    yield from _frame_rows(frame, 2)


def _parquet(path: Path, rule: FileRule) -> Iterator[tuple[int, Row | BrokenRow]]:
    with pq.ParquetFile(path) as file:
        _check_header(path, list(file.schema_arrow.names), rule)
        start = 1
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
            frame = batch.to_pandas(types_mapper=None, date_as_object=True, integer_object_nulls=True)
            yield from _frame_rows(frame, start)
            start += len(frame)


def _frame_rows(frame: pd.DataFrame, start: int) -> Iterator[tuple[int, Row | BrokenRow]]:
    names = tuple(str(name) for name in frame.columns)
    columns = [_values(frame[name]) for name in names]
    for number, values in enumerate(zip(*columns, strict=True), start=start):
        if any(value is not None and value != "" for value in values):
            yield number, TableRow(names, values)


def _values(column: pd.Series[Any]) -> list[object]:
    """Python values, None where there is none."""
    plain = column.astype(object)
    return list(plain.where(plain.notna(), None))
