"""Rows that are never changed: a change is one version more, and whoever saw an older one is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from services.domain.errors import ConflictError
from services.store.tables import Base


def append_version(
    connection: Connection, table: type[Base], key: Mapping[str, Any], values: Mapping[str, Any], expected: int | None
) -> int:
    """Returns the new version's number; 1 is the first.

    ``expected`` is the newest version the writer has seen (0 = there was none), None = whatever it is. Raises
    ConflictError when somebody else was quicker; nothing is written then.
    """
    columns = table.__table__.c
    newest = select(func.max(columns.version)).where(*(columns[name] == value for name, value in key.items()))
    version: int = connection.scalar(newest) or 0
    if expected is not None and expected != version:
        raise ConflictError(
            f"Somebody else changed this: version {version} is the newest, you saw {expected}. Look at it, try again."
        )
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(**key, **values, version=version + 1))
    except IntegrityError as error:
        raise ConflictError("Somebody else is changing this now. Look at it and try again.") from error
    return version + 1


def newest_versions(connection: Connection, table: type[Base], *key: str) -> list[Any]:
    """The last version of each ``key``, in the order of their ids."""
    every = table.__table__
    latest = (
        select(*(every.c[name] for name in key), func.max(every.c.version).label("version"))
        .group_by(*(every.c[name] for name in key))
        .subquery("latest")
    )
    same = [every.c[name] == latest.c[name] for name in (*key, "version")]
    return list(connection.execute(select(every).where(*same).order_by(every.c.id)).all())
