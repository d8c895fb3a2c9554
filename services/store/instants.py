"""Instants as canonical text, read and compared without making a datetime of each: for many rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class InstantText(FunctionElement[str]):
    """``YYYY-MM-DD HH:MM:SS`` in UTC of an instant of the store: what SQLite keeps, and what sorts as the instant."""

    type = sa.String()
    name = "instant_text"
    inherit_cache = True


@compiles(InstantText)
def _plain(element: InstantText, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(InstantText, "postgresql")
def _postgresql(element: InstantText, compiler: SQLCompiler, **options: Any) -> str:
    inner = compiler.process(element.clauses, **options)
    return f"to_char(({inner}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"


def instant_of_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
