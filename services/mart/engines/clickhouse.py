"""Snapshots in ClickHouse, over HTTP: a database each, and a list that says what is published.

``hireboard_mart.snapshot`` is only ever appended to, since one inserted row is what ClickHouse does whole or not at
all: a row for each publication and each removal. Of the snapshots whose last row is no removal, the one with the latest
``as_of`` is current, so a later one is never taken back. A database ``mart_<id>`` without a row is what an interrupted
load left behind; the next publication of the snapshot loads it anew.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import pyarrow as pa
import sqlalchemy as sa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from services.domain.errors import RetryLaterError
from services.mart.compiled import Compiler
from services.mart.engines.clickhouse_spelling import DIALECT, SETTINGS, type_name
from services.mart.engines.engine import KEEP_LATEST, EngineAwayError, Rows, SnapshotGoneError
from services.mart.schema import metadata
from services.mart.snapshots import Manifest

log = logging.getLogger(__name__)

PATIENCE_S = 10
LOADING_S = 3600
PORT = 8123
SECURE_PORT = 8443
LEDGER_DDL = (
    "CREATE DATABASE IF NOT EXISTS hireboard_mart",
    """CREATE TABLE IF NOT EXISTS hireboard_mart.snapshot (id String, manifest String, as_of DateTime64(0, 'UTC'),
    publication Int64, is_gone Bool) ENGINE = MergeTree ORDER BY publication""",
)
PUBLISHED = (
    "SELECT id, manifest, publication FROM (SELECT * FROM hireboard_mart.snapshot ORDER BY publication DESC "
    "LIMIT 1 BY id) WHERE NOT is_gone ORDER BY as_of DESC, publication DESC"
)
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2299, 12, 31)  # noqa: DTZ001 - the mart's instants are naive UTC
TOO_SLOW, NO_TABLE, NO_DATABASE, NO_MEMORY = 159, 60, 81, 241
compile_select = Compiler(DIALECT).by_name


class ClickHouseEngine:
    """Publishes in databases of its own at ``url``, whose path names none."""

    name = "ClickHouse"

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        secure = parsed.query.get("secure") == "true"
        self._options: dict[str, Any] = {
            "host": parsed.host,
            "port": parsed.port or (SECURE_PORT if secure else PORT),
            "username": parsed.username or "default",
            "password": parsed.password or "",
            "secure": secure,
            "connect_timeout": PATIENCE_S,
            "autogenerate_session_id": False,
        }

    def connect(self, timeout_s: float) -> ClickHouseSession:
        settings = {**SETTINGS, "max_execution_time": timeout_s}
        return ClickHouseSession(self._client(timeout_s + PATIENCE_S, settings), timeout_s)

    def _client(self, receive_s: float, settings: dict[str, Any]) -> Client:
        with _named_failures():
            return clickhouse_connect.get_client(**self._options, send_receive_timeout=receive_s, settings=settings)

    def publish(self, manifest: Manifest, file: Path, pinned: frozenset[str]) -> None:
        with _named_failures(), contextlib.closing(self._client(LOADING_S, {})) as client:
            for statement in LEDGER_DDL:
                client.command(statement)
            if manifest.id not in _listed(client):
                _load(client, manifest, file)
            _note(client, manifest.id, manifest.to_json(), manifest.as_of, is_gone=False)
            for snapshot_id in [found for found in _listed(client)[KEEP_LATEST:] if found not in pinned]:
                _note(client, snapshot_id, "", manifest.as_of, is_gone=True)
                client.command(f"DROP DATABASE IF EXISTS {database_of(snapshot_id)}")


class ClickHouseSession:
    """One HTTP client; its questions cannot change anything."""

    def __init__(self, client: Client, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s

    def version(self) -> tuple[str, int] | None:
        found = self._published()
        return (str(found[0][0]), int(found[0][2])) if found else None

    def manifests(self) -> list[Manifest]:
        return [Manifest.from_json(text) for _, text, _ in self._published()]

    def _published(self) -> list[tuple[Any, ...]]:
        try:
            with _named_failures():
                return [tuple(row) for row in self._client.query(PUBLISHED).result_rows]
        except SnapshotGoneError:
            return []  # nothing was ever published here

    def run(self, statement: sa.SelectBase, snapshot_id: str) -> Rows:
        text, values = compile_select(statement)
        with _named_failures(self._timeout_s):
            self._client.database = database_of(snapshot_id)
            found = self._client.query(text, parameters={name: _within_range(value) for name, value in values.items()})
        # of no rows it does not even send the names
        names = found.column_names or [str(column.key) for column in statement.selected_columns]
        return Rows(tuple(names), [tuple(row) for row in found.result_rows])

    def close(self) -> None:
        self._client.close()


def _within_range(value: object) -> object:
    """Moments that stand for "always" and "never" lie outside what ClickHouse can hold."""
    if isinstance(value, datetime):
        return min(max(value, EARLIEST), LATEST)
    if isinstance(value, date):
        return min(max(value, EARLIEST.date()), LATEST.date())
    return value


def database_of(snapshot_id: str) -> str:
    return f"mart_{snapshot_id[:12]}"


def _listed(client: Client) -> list[str]:
    """Ids of the loaded snapshots, the latest first."""
    return [str(row[0]) for row in client.query(PUBLISHED).result_rows]


def _note(client: Client, snapshot_id: str, manifest: str, as_of: datetime, *, is_gone: bool) -> None:
    row = [snapshot_id, manifest, as_of, time.time_ns(), is_gone]
    names = ["id", "manifest", "as_of", "publication", "is_gone"]
    client.insert("snapshot", [row], column_names=names, database="hireboard_mart")


def _load(client: Client, manifest: Manifest, file: Path) -> None:
    from services.mart.engines.copying import tables_of  # noqa: PLC0415 - loads drivers that no reader needs

    database = database_of(manifest.id)
    client.command(f"DROP DATABASE IF EXISTS {database}")
    client.command(f"CREATE DATABASE {database}")
    for table in metadata.sorted_tables:
        columns = ", ".join(f"`{column.name}` Nullable({type_name(column.type)})" for column in table.c)
        client.command(f"CREATE TABLE {database}.{table.name} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
    for name, rows in tables_of(file):
        for batch in rows:
            client.insert_arrow(name, pa.Table.from_batches([batch]), database=database)
        ((taken,),) = client.query(f"SELECT count() FROM {database}.{name}").result_rows  # noqa: S608 - our own names
        if taken != manifest.counts[name]:
            raise RetryLaterError(f"ClickHouse took only a part of {name}. Build again.")


@contextlib.contextmanager
def _named_failures(timeout_s: float = 0) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        code = error.code
        if code == TOO_SLOW:
            raise RetryLaterError(
                f"The question took longer than {timeout_s:g} s and was stopped. Narrow the filters or try later."
            ) from error
        if code in {NO_TABLE, NO_DATABASE}:
            raise SnapshotGoneError("The data were published anew meanwhile. Try again.") from error
        if code == NO_MEMORY:
            raise RetryLaterError(
                "The question needs more memory than is free. Narrow the filters or try later."
            ) from error
        if isinstance(error, OperationalError):
            raise EngineAwayError(f"The mart's ClickHouse does not answer: {error}. Try again in a moment.") from error
        raise
    except (ClickHouseError, OSError) as error:
        raise EngineAwayError(f"The mart's ClickHouse does not answer: {error}. Try again in a moment.") from error
