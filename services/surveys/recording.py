"""Surveys as the mart reads them: one ``survey_answer`` for each delivered survey, with its change rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from services.delivery.insertion import insert_if_absent
from services.ingest.changes import transaction_id
from services.store.tables import ChangeRow, SurveyAnswer, SurveyRequest

SOURCE_SYSTEM = "hireboard"
FORGOTTEN = {"address": "", "name": ""}
"""Once a survey is over, nobody writes to its respondent any more."""


def external_id_of(request_id: int) -> str:
    return f"survey/{request_id}"


def record_delivery(connection: Connection, request_id: int, delivered_at: datetime) -> None:
    """The survey was delivered and waits for its answer. Twice is the same as once."""
    request = connection.execute(
        select(
            SurveyRequest.kind, SurveyRequest.application_id, SurveyRequest.requisition_id, SurveyRequest.respondent
        ).where(SurveyRequest.id == request_id)
    ).one()
    row = {
        "source_system": SOURCE_SYSTEM,
        "external_id": external_id_of(request_id),
        "kind": request.kind,
        "application_id": request.application_id,
        "requisition_id": request.requisition_id,
        "respondent": request.respondent,
        "delivered_at": delivered_at,
    }
    if insert_if_absent(connection, SurveyAnswer, [row], ("source_system", "external_id")):
        _note_change(connection, request.application_id, request.requisition_id)


def record_answer(connection: Connection, request_id: int, score: float, at: datetime) -> None:
    """The answer to a survey; one that came before its delivery was noted counts as delivered then."""
    record_delivery(connection, request_id, at)
    here = (SurveyAnswer.source_system == SOURCE_SYSTEM, SurveyAnswer.external_id == external_id_of(request_id))
    connection.execute(update(SurveyAnswer).where(*here).values(answered_at=at, score=score))
    row = connection.execute(select(SurveyAnswer.application_id, SurveyAnswer.requisition_id).where(*here)).one()
    _note_change(connection, row.application_id, row.requisition_id)


def _note_change(connection: Connection, application_id: int | None, requisition_id: int | None) -> None:
    """As an import does, so that the next increment takes it up."""
    touched = (("application", application_id), ("requisition", requisition_id))
    rows = [{"kind": kind, "entity_id": number} for kind, number in touched if number is not None]
    xid = transaction_id(connection)
    connection.execute(
        insert(ChangeRow), [{**row, "xid": xid} for row in rows or [{"kind": "reference", "entity_id": None}]]
    )
