"""Replace in a copy of the published file exactly what changed. Equal to a full build, table by table."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from services.mart.builder import DIMENSIONS, FACTS, run_scripts, stage, stage_references, write_counts
from services.mart.changes import Changes, hires_of, in_chunks, interviews_of
from services.mart.digests import Digest, digest_of
from services.mart.extract import StoreSnapshot
from services.mart.schema import metadata
from services.mart.sources import BY_APPLICATION, BY_HIRE, BY_REQUISITION, FEEDBACK, OPENINGS, SURVEYS

REPLACED: Mapping[str, str] = {
    "feedback_leave": "feedback_id IN (SELECT id FROM d_feedback)",
    "fact_onboarding_task": "application_id IN (SELECT id FROM d_application)",
    "fact_review": "application_id IN (SELECT id FROM d_application)",
    "fact_check": "application_id IN (SELECT id FROM d_application)",
    "fact_hire": "application_id IN (SELECT id FROM d_application)",
    "fact_survey_answer": "CASE WHEN application_id IS NULL THEN requisition_id IN (SELECT id FROM d_requisition) "
    "ELSE application_id IN (SELECT id FROM d_application) END",
    "fact_feedback": "application_id IN (SELECT id FROM d_application)",
    "fact_interview": "application_id IN (SELECT id FROM d_application)",
    "fact_demographic": "application_id IN (SELECT id FROM d_application)",
    "fact_offer_pay": "application_id IN (SELECT id FROM d_application)",
    "fact_offer_version": "application_id IN (SELECT id FROM d_application)",
    "fact_stage_reached": "application_id IN (SELECT id FROM d_application)",
    "fact_stage_visit": "application_id IN (SELECT id FROM d_application)",
    "fact_application": "application_id IN (SELECT id FROM d_application)",
    "left_out": "CASE kind WHEN 'application' THEN entity_id IN (SELECT id FROM d_application) "
    "ELSE entity_id IN (SELECT id FROM d_seat) END",
    "fact_seat": "seat_id IN (SELECT id FROM d_seat)",
    "requisition_owner": "requisition_id IN (SELECT id FROM d_requisition)",
    "requisition_stop": "requisition_id IN (SELECT id FROM d_requisition)",
    "requisition_hold": "requisition_id IN (SELECT id FROM d_requisition)",
    "requisition_status": "requisition_id IN (SELECT id FROM d_requisition)",
    "dim_requisition": "requisition_id IN (SELECT id FROM d_requisition)",
}
"""Which rows of a table go and come back. The other tables are small and made anew, but for the calendars."""

MADE_ANEW = (
    "dim_department",
    "dim_job_family",
    "dim_job_level",
    "dim_office",
    "dim_person",
    "dim_source",
    "dim_stage",
    "person_leave",
)


def apply_changes(
    duck: duckdb.DuckDBPyConnection, store: StoreSnapshot, changes: Changes, before: Mapping[str, str]
) -> dict[str, str]:
    """Bring the copy up to date; returns every table's digest, reckoned from ``before`` and the rows replaced."""
    _name_rows(duck, changes)
    removed = {name: digest_of(duck, name, where) for name, where in REPLACED.items()}
    for name, where in REPLACED.items():
        duck.execute(f"DELETE FROM {name} WHERE {where}")  # noqa: S608 - our own names
    for name in MADE_ANEW:
        duck.execute(f"DELETE FROM {name}")  # noqa: S608 - as above
    _stage_changed(duck, store, changes)
    run_scripts(duck, (*DIMENSIONS, *FACTS))
    write_counts(duck, store)
    _name_seats(duck)
    _name_feedback(duck)
    digests = {name: Digest.parse(before[name]) for name in metadata.tables}
    for name, where in REPLACED.items():
        digests[name] = digests[name] - removed[name] + digest_of(duck, name, where)
    for name in (*MADE_ANEW, "snapshot_count"):
        digests[name] = digest_of(duck, name)
    return {name: str(digest) for name, digest in digests.items()}


def _name_rows(duck: duckdb.DuckDBPyConnection, changes: Changes) -> None:
    """``d_*``: ids of everything that goes, also of what the store no longer has."""
    _ids_table(duck, "d_requisition", changes.touched)
    _ids_table(duck, "d_own_requisition", changes.requisitions)
    _ids_table(duck, "d_application", changes.applications)
    _ids_table(duck, "d_seat", changes.seats)
    _name_seats(duck)
    _name_feedback(duck)


def _name_seats(duck: duckdb.DuckDBPyConnection) -> None:
    """Before and after: seats added here have no row in the store's table of openings."""
    duck.execute(
        "INSERT INTO d_seat SELECT seat_id FROM fact_seat WHERE requisition_id IN (SELECT id FROM d_own_requisition) "
        "OR application_id IN (SELECT id FROM d_application)"
    )


def _name_feedback(duck: duckdb.DuckDBPyConnection) -> None:
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE d_feedback AS SELECT feedback_id AS id FROM fact_feedback "
        "WHERE application_id IN (SELECT id FROM d_application)"
    )


def _ids_table(duck: duckdb.DuckDBPyConnection, name: str, ids: Collection[int]) -> None:
    duck.register("ids", pa.table({"id": pa.array(sorted(ids), pa.int64())}))
    duck.execute(f"CREATE TEMP TABLE {name} AS SELECT id FROM ids")  # noqa: S608 - our own names
    duck.unregister("ids")


def _stage_changed(duck: duckdb.DuckDBPyConnection, store: StoreSnapshot, changes: Changes) -> None:
    stage_references(duck, store)
    for source in BY_REQUISITION:
        key = source.table.c.get("requisition_id", source.table.c.id)
        stage(duck, store, source, list(in_chunks(key, changes.touched)))
    stage(duck, store, OPENINGS, list(in_chunks(OPENINGS.table.c.id, changes.seats)))
    for source in BY_APPLICATION:
        key = source.table.c.get("application_id", source.table.c.id)
        stage(duck, store, source, list(in_chunks(key, changes.applications)))
    interviews = interviews_of(store, changes.applications)
    stage(duck, store, FEEDBACK, list(in_chunks(FEEDBACK.table.c.interview_id, interviews)))
    hires = hires_of(store, changes.applications)
    for source in BY_HIRE:
        stage(duck, store, source, list(in_chunks(source.table.c.hire_id, hires)))
    stage(duck, store, SURVEYS, _changed_surveys(changes))


def _changed_surveys(changes: Changes) -> list[sa.ColumnElement[bool]]:
    """A survey about no application goes and comes with its requisition."""
    columns = SURVEYS.table.c
    by_requisition = in_chunks(columns.requisition_id, changes.touched)
    return [
        *in_chunks(columns.application_id, changes.applications),
        *(sa.and_(columns.application_id.is_(None), condition) for condition in by_requisition),
    ]
