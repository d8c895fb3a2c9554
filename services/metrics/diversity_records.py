"""What single applicants said of themselves: for designated HR, with a purpose, each time in the audit log.

No figure is made from it here, and no other way leads to a single record.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.domain.errors import InvalidInputError
from services.domain.people import Viewer
from services.mart.schema import fact_demographic as demographic
from services.metrics.plan import Executor
from services.metrics.scope import within
from services.store.database import Store

SHORTEST_PURPOSE = 10
MOST_RECORDS = 500


class DiversityRecord(NamedTuple):
    """One answer of one application; ``category`` None = declined or not answered."""

    application_id: int
    question: str
    state: str
    category: str | None
    applied_on: date


class DiversityRecords:
    def __init__(self, executor: Executor, store: Store, audit: AuditLog, policy: Policy) -> None:
        self._executor = executor
        self._store = store
        self._audit = audit
        self._policy = policy

    def open_records(
        self, viewer: Viewer, *, purpose: str, question: str, applied_from: date, applied_until: date
    ) -> list[DiversityRecord]:
        """Answers of those who applied from one day until another (included), within the viewer's scope.

        Written to the audit log before anything is returned. Raises ForbiddenError without the action,
        InvalidInputError without a purpose or for more than 500 records.
        """
        self._policy.require(viewer, Action.DIVERSITY_RECORDS)
        if len(purpose.strip()) < SHORTEST_PURPOSE:
            raise InvalidInputError(
                "Say in words what the records are needed for (purpose); it is kept in the audit log."
            )
        reach = within(viewer.scope, demographic)
        columns = (demographic.c.application_id, demographic.c.question, demographic.c.state, demographic.c.category)
        statement = (
            sa.select(*columns, demographic.c.applied_on)
            .where(
                demographic.c.question == question,
                demographic.c.applied_on.between(applied_from, applied_until),
                *([] if reach is None else [reach]),
            )
            .order_by(demographic.c.application_id)
            .limit(MOST_RECORDS + 1)
        )
        rows = [DiversityRecord(*row) for row in self._executor.execute(statement)]
        if len(rows) > MOST_RECORDS:
            raise InvalidInputError(f"That are more than {MOST_RECORDS} records. Shorten the period.")
        with self._store.write() as connection:
            detail = {
                "purpose": purpose.strip(),
                "question": question,
                "from": applied_from.isoformat(),
                "until": applied_until.isoformat(),
                "records": len(rows),
            }
            self._audit.append(connection, viewer.email, "diversity.records_opened", None, detail)
        return rows
