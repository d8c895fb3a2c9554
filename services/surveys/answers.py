"""What the holder of a link may do: look at the question, answer it once, or ask not to be asked again.

A token that is wrong, expired or withdrawn is refused in the same words, so that nobody learns which links exist.
Looking changes nothing: mail scanners open every link they find.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from services.audit.log import AuditLog
from services.delivery.insertion import insert_if_absent
from services.delivery.leases import Clock, utc_now
from services.domain.errors import ConflictError, InvalidInputError, NotFoundError
from services.domain.pipeline import SurveyKind
from services.domain.surveys import SCALES, SurveyForm
from services.store.database import Store
from services.store.tables import Requisition, SurveyOptOut, SurveyRequest
from services.surveys.links import Links, hash_of
from services.surveys.recording import FORGOTTEN, record_answer

NO_LINK = "This link does not work: it is not complete, or its time is over. The mail it came with says until when."
ANSWERED = "This question was answered already. Thank you; one answer counts."
HOLDER = "survey link"
_LIVE = ("sent", "undelivered", "answered")


class SurveyAnswers:
    """Everything by token; no account is needed or looked at."""

    def __init__(self, store: Store, links: Links, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._links = links
        self._audit = audit
        self._clock = clock

    def look(self, token: object) -> SurveyForm:
        """The question of a link (hostile: any value). Raises NotFoundError."""
        with self._store.read() as connection:
            row = self._row(connection, token)
            about = connection.scalar(select(Requisition.title).where(Requisition.id == row.requisition_id))
        return SurveyForm(SurveyKind(row.kind), about or "", is_answered=row.state == "answered")

    def answer(self, token: object, score: object) -> None:
        """Take the answer. Raises NotFoundError, ConflictError when there is one, InvalidInputError off the scale."""
        now = self._clock()
        with self._store.write() as connection:
            row = self._row(connection, token, lock=True)
            if row.state == "answered":
                raise ConflictError(ANSWERED)
            given = _score(SurveyKind(row.kind), score)
            changed = connection.execute(
                update(SurveyRequest)
                .where(SurveyRequest.id == row.id, SurveyRequest.state.in_(("sent", "undelivered")))
                .values(state="answered", answered_at=now, **FORGOTTEN)
            )
            if changed.rowcount != 1:
                raise ConflictError(ANSWERED)
            record_answer(connection, row.id, given, now)
            # not the score: who may read the log may not read what single people answered
            self._audit.append(connection, HOLDER, "survey.answered", f"survey:{row.id}", {"kind": row.kind})

    def decline(self, token: object) -> None:
        """Ask this respondent nothing more; links that are out stop working. Raises NotFoundError."""
        now = self._clock()
        with self._store.write() as connection:
            row = self._row(connection, token, lock=True)
            opt_out = {"respondent": row.respondent, "at": now}
            insert_if_absent(connection, SurveyOptOut, [opt_out], ("respondent",))
            connection.execute(
                update(SurveyRequest)
                .where(SurveyRequest.respondent == row.respondent, SurveyRequest.state.in_(("sent", "undelivered")))
                .values(state="declined", **FORGOTTEN)
            )
            self._audit.append(connection, HOLDER, "survey.declined", f"survey:{row.id}", {"kind": row.kind})

    def _row(self, connection: Connection, token: object, *, lock: bool = False) -> Any:
        hashed = hash_of(token)
        query = select(SurveyRequest.__table__).where(SurveyRequest.token_hash == (hashed or b""))
        row = connection.execute(query.with_for_update() if lock else query).first()
        is_good = (
            row is not None
            and self._links.is_of(str(token), bytes(row.nonce))
            and row.state in _LIVE
            and row.expires_at > self._clock()
        )
        if not is_good:
            raise NotFoundError(NO_LINK)
        return row


def _score(kind: SurveyKind, score: object) -> float:
    """One of the scale's whole numbers, as a form sends it."""
    for value in SCALES[kind]:
        if score == str(value):
            return float(value)
    raise InvalidInputError("Choose one of the numbers.")
