"""From one read of the store to the wide facts: staging through ADBC, then SQL inside DuckDB."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from importlib import resources

import duckdb
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from services.mart.calendar_table import write_calendars
from services.mart.extract import DIALECTS, StoreSnapshot
from services.mart.schema import metadata
from services.mart.sources import (
    BY_APPLICATION,
    BY_HIRE,
    BY_REQUISITION,
    FEEDBACK,
    LOADED,
    OPENINGS,
    REFERENCES,
    SURVEYS,
    Source,
)
from services.mart.zones import write_zones
from services.store.tables import QuarantineRow

log = logging.getLogger(__name__)

DIMENSIONS = ("05_dimensions",)
FACTS = (
    "08_overlays",
    "10_requisitions",
    "20_holds",
    "25_stops",
    "30_applications",
    "40_visits",
    "50_facts",
    "60_feedback",
    "65_reached",
    "70_counts",
    "80_hires",
    "85_demographics",
)

COUNTED = (
    "test",
    "merged",
    "prospect",
    "reverted_visit",
    "negative_visit",
    "negative_time_to_hire",
    "negative_seat",
    "undone_fill",
    "feedback_before_end",
    "negative_tenure",
    "negative_check",
    "invalid_rating",
)
"""Every reason in ``left_out``: each has its row in ``snapshot_count``, also with 0."""


def create_tables(duck: duckdb.DuckDBPyConnection) -> None:
    # PostgreSQL's words for these types are DuckDB's too
    for table in metadata.sorted_tables:
        duck.execute(str(CreateTable(table).compile(dialect=DIALECTS["postgresql"])))


def stage(
    duck: duckdb.DuckDBPyConnection, store: StoreSnapshot, source: Source, chunks: Iterable[sa.ColumnElement[bool]] = ()
) -> None:
    """Copy the rows of a source into the temporary table ``s_<table>``: all, or those of each of the conditions."""
    began = time.monotonic()
    columns = ", ".join(f'{store.cast_back(source, name)} AS "{name}"' for name in source.columns)
    statements = [store.select(source, *([] if condition is None else [condition])) for condition in chunks or (None,)]
    for number, statement in enumerate(statements):
        target = f"INSERT INTO {source.staged_as}" if number else f"CREATE TEMP TABLE {source.staged_as} AS"
        with store.stream(statement) as rows:
            duck.register("staged_rows", rows)
            duck.execute(f"{target} SELECT {columns} FROM staged_rows")  # noqa: S608 - names of our schema
            duck.unregister("staged_rows")
    log.debug("staged %s in %.1f s", source.table.name, time.monotonic() - began)


def stage_references(duck: duckdb.DuckDBPyConnection, store: StoreSnapshot) -> None:
    for source in REFERENCES:
        stage(duck, store, source)
    write_zones(duck)


def run_scripts(duck: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Run SQL files of this package, statement by statement."""
    for name in names:
        began = time.monotonic()
        text = resources.files("services.mart").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
        for statement in duck.extract_statements(text):
            duck.execute(statement)
        log.debug("%s in %.1f s", name, time.monotonic() - began)


def build_full(duck: duckdb.DuckDBPyConnection, store: StoreSnapshot) -> None:
    """All facts from nothing."""
    create_tables(duck)
    stage_references(duck, store)
    write_calendars(duck)
    for source in (*BY_REQUISITION, OPENINGS, *BY_APPLICATION, FEEDBACK, *BY_HIRE, SURVEYS):
        stage(duck, store, source)
    run_scripts(duck, (*DIMENSIONS, *FACTS))
    write_counts(duck, store)


def write_counts(duck: duckdb.DuckDBPyConnection, store: StoreSnapshot) -> None:
    """What was left out by reason, and which entities were ever loaded."""
    duck.execute("DELETE FROM snapshot_count")
    duck.executemany("INSERT INTO snapshot_count VALUES (?, 0)", [[name] for name in COUNTED])
    duck.execute(
        "UPDATE snapshot_count SET value = total.value FROM "
        "(SELECT name, sum(value) AS value FROM left_out GROUP BY name) total WHERE total.name = snapshot_count.name"
    )
    for name, flag in loaded_flags(store).items():
        duck.execute("INSERT INTO snapshot_count VALUES (?, ?)", [name, flag])


def loaded_flags(store: StoreSnapshot) -> dict[str, int]:
    """1 for each entity of which the store has a row, else 0; and how many records wait in quarantine."""
    waiting = sa.select(sa.func.count()).select_from(QuarantineRow.__table__).where(QuarantineRow.state == "open")
    flags = {"quarantined_rows": int(store.scalar(waiting))}
    for entity in LOADED:
        found = store.rows(sa.select(sa.literal_column("1")).select_from(entity.__table__).limit(1))
        flags[f"loaded_{entity.__tablename__}"] = int(bool(found))
    return flags
