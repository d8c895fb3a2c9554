"""Many rows in one statement, on SQLite and PostgreSQL. Values are canonical text and numbers as they stand."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Double,
    Float,
    Integer,
    LargeBinary,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from services.ingest.records import Scalar
from services.store.types import UtcDateTime

BulkRow = Mapping[str, Scalar | bytes]
"""Column name to value."""


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[BulkRow],
    conflict: tuple[str, ...] = (),
) -> None:
    """Insert ``rows``, which all have the same columns; a row that exists by ``conflict`` gets their other columns.

    A new row gets the table's defaults for columns that are not given.
    """
    if not rows:
        return
    given = tuple(rows[0])
    defaults = _defaults(table, given)
    added = tuple(defaults.values())
    values = [(*[row[name] for name in given], *added) for row in rows]
    upsert_values(connection, table, (*given, *defaults), values, conflict, given)


def upsert_values(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Scalar | bytes, ...]],
    conflict: tuple[str, ...] = (),
    changed: tuple[str, ...] | None = None,
) -> None:
    """As ``upsert``, for rows as tuples in the order of ``columns``; ``changed`` = what an existing row takes over."""
    if not rows:
        return
    taken = columns if changed is None else changed
    if connection.dialect.name == "postgresql" and not conflict:
        _copy(connection, table, columns, rows)
        return
    if connection.dialect.name == "postgresql":
        statement = _postgresql_upsert(table, columns, conflict, taken)
        connection.execute(statement, {"rows": _as_json(columns, rows)})
        return
    sql, order = _sqlite_upsert(table, columns, conflict, taken)
    if order != columns:
        pick = itemgetter(*[columns.index(name) for name in order])
        rows = [pick(row) for row in rows] if len(columns) > 1 else rows
    connection.exec_driver_sql(sql, list(rows))


def prepare(connection: Connection) -> None:
    """Before the first statement of a bulk transaction.

    PostgreSQL need not wait for its disk: what a crash of the machine could take is loaded again, because the batch is
    not complete yet; the transaction that completes it waits for all of them.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.set_config("synchronous_commit", "off", True)))  # noqa: FBT003 - SQL's own
        in_utc(connection)


def in_utc(connection: Connection) -> None:
    """Plain times mean UTC until the end of the transaction, as they do on SQLite."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.set_config("timezone", "UTC", True)))  # noqa: FBT003 - SQL's own


def _copy(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Scalar | bytes, ...]]
) -> None:
    """New rows by COPY; ``prepare`` made plain times mean UTC."""
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"copy {table.name} ({names}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _as_json(columns: tuple[str, ...], rows: Sequence[tuple[Scalar | bytes, ...]]) -> str:
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=bytes.hex)


def update_where(connection: Connection, table: Table, rows: Sequence[BulkRow], key: str) -> None:
    """Set the columns of ``rows`` where ``key`` matches; what does not exist is left alone."""
    if not rows:
        return
    columns = tuple(name for name in rows[0] if name != key)
    if connection.dialect.name == "postgresql":
        connection.execute(_postgresql_update(table, columns, key), {"rows": json.dumps([dict(r) for r in rows])})
        return
    sql, order = _sqlite_update(table, columns, key)
    connection.exec_driver_sql(sql, [tuple([row[name] for name in order]) for row in rows])


def lookup(
    connection: Connection,
    columns: Sequence[ColumnElement[Any]],
    where: ColumnElement[bool],
    key: ColumnElement[Any],
    values: Iterable[object],
) -> list[tuple[Any, ...]]:
    """``columns`` of the rows whose ``key`` is among ``values``."""
    wanted = list(values)
    if not wanted:
        return []
    if connection.dialect.name == "postgresql":
        # key by key through the index, whatever the planner believes of a table that has just begun to grow
        given = (
            func.unnest(bindparam("among", wanted, type_=_array_of(key)))
            .table_valued("value", name="given")
            .render_derived()
        )
        one = select(*columns).where(where, key == given.c.value).offset(0).lateral("found")
        query = select(one).select_from(given.join(one, true()))
    else:
        query = select(*columns).where(where, among(connection, key, wanted))
    return [tuple(row) for row in connection.execute(query)]


def _array_of(key: ColumnElement[Any] | InstrumentedAttribute[Any]) -> TypeEngine[Any]:
    return postgresql.ARRAY(BigInteger() if isinstance(key.type, Integer) else Text())


def among(
    connection: Connection, key: ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[object]
) -> ColumnElement[bool]:
    """``key in values`` with all values in one parameter, so that the statement is compiled once."""
    wanted = list(values)
    if connection.dialect.name == "postgresql":
        # not `= ANY(array)`: in a prepared plan that compares every row with every element
        return key.in_(select(func.unnest(bindparam("among", wanted, type_=_array_of(key), unique=True))))
    given = func.json_each(bindparam("among", json.dumps(wanted), unique=True)).table_valued("value")
    return key.in_(select(given.c.value))


@functools.lru_cache(maxsize=512)
def _defaults(table: Table, given: tuple[str, ...]) -> dict[str, Scalar]:
    return {name: value for name, value in column_defaults(table).items() if name not in given}


@functools.cache
def column_defaults(table: Table) -> dict[str, Scalar]:
    """Scalar defaults of the table's columns."""
    return {c.name: c.default.arg for c in table.columns if isinstance(c.default, ScalarElementColumnDefault)}


@functools.lru_cache(maxsize=256)
def _sqlite_upsert(
    table: Table, columns: tuple[str, ...], conflict: tuple[str, ...], given: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    statement = sqlite.insert(table).values({name: bindparam(name) for name in columns})
    if conflict:
        changed = {name: statement.excluded[name] for name in given if name not in conflict}
        statement = (
            statement.on_conflict_do_update(index_elements=list(conflict), set_=changed)
            if changed
            else statement.on_conflict_do_nothing(index_elements=list(conflict))
        )
    return _positional(statement)


@functools.lru_cache(maxsize=256)
def _sqlite_update(table: Table, columns: tuple[str, ...], key: str) -> tuple[str, tuple[str, ...]]:
    # the key's parameter may not have the column's own name: that one is reserved for SET
    statement = table.update().where(table.c[key] == bindparam(_KEY)).values({n: bindparam(n) for n in columns})
    sql, order = _positional(statement)
    return sql, tuple(key if name == _KEY else name for name in order)


_KEY = "wanted_key"


def _positional(statement: Any) -> tuple[str, tuple[str, ...]]:
    """The SQL text and the order in which it binds."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
    return str(compiled), tuple(compiled.positiontup)


def _given(table: Table, names: Sequence[str]) -> tuple[Any, list[ColumnElement[Any]]]:
    """The JSON parameter as a row set, and its columns in the table's types."""
    carriers = [column(name, _carrier(table.c[name].type)) for name in names]
    given = (
        func.json_to_recordset(cast(bindparam("rows", type_=Text), postgresql.JSON))
        .table_valued(*carriers, name="given")
        .render_derived(with_types=True)
    )
    return given, [_as_stored(given.c[name], table.c[name].type) for name in names]


def _carrier(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, UtcDateTime):
        return postgresql.TIMESTAMP()
    for plain in (BigInteger, Integer, Boolean, Date):
        if isinstance(kind, plain):
            return plain()
    return Double() if isinstance(kind, Float) else Text()


def _as_stored(value: ColumnElement[Any], kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if isinstance(kind, UtcDateTime):
        return func.timezone("UTC", value)
    return func.decode(value, "hex") if isinstance(kind, LargeBinary) else value


@functools.lru_cache(maxsize=256)
def _postgresql_upsert(
    table: Table, columns: tuple[str, ...], conflict: tuple[str, ...], given: tuple[str, ...]
) -> Any:
    source, values = _given(table, columns)
    statement = postgresql.insert(table).from_select(
        list(columns), select(*values).select_from(source), include_defaults=False
    )
    if not conflict:
        return statement
    changed = {name: statement.excluded[name] for name in given if name not in conflict}
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=list(conflict))
    return statement.on_conflict_do_update(index_elements=list(conflict), set_=changed)


@functools.lru_cache(maxsize=256)
def _postgresql_update(table: Table, columns: tuple[str, ...], key: str) -> Any:
    _, values = _given(table, (*columns, key))
    *changed, wanted = values
    return table.update().where(table.c[key] == wanted).values(dict(zip(columns, changed, strict=True)))
