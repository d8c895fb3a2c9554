"""Reports that a number is wrong: kept with metric, version, filters and batch, so that the exact view opens again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.domain.errors import ConflictError, NotFoundError
from services.domain.kept_views import ProblemsView, ReportedProblem
from services.domain.metric import Query
from services.domain.people import Viewer
from services.metrics import lifecycle
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY
from services.reporting.addresses import checked_address, checked_text
from services.store.database import Store
from services.store.tables.access import UserAccount
from services.store.tables.views import ProblemReport

LONGEST_WORDS = 2_000
LONGEST_FIGURE = 80
PAGE_SIZE = 50


class ProblemReports:
    def __init__(
        self,
        store: Store,
        query: QueryLayer,
        policy: Policy,
        audit: AuditLog,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._query = query
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def report(self, viewer: Viewer, metric_id: str, sent: Mapping[str, Any]) -> None:
        """``sent``: path, search, shown, words, as the browser says. Raises InvalidInputError, NotFoundError.

        Only a metric the viewer may ask can be reported: the list must not tell which others there are.
        """
        metric = lifecycle.answerable_for(metric_id, viewer)
        answer = self._query.ask(Query((metric.id,)), viewer)
        path, search = checked_address(sent.get("path"), sent.get("search"))
        words = checked_text(sent.get("words"), "What is wrong", LONGEST_WORDS)
        shown = sent.get("shown")
        values = {
            "user_id": viewer.user_id,
            "metric_id": metric.id,
            "metric_version": metric.version,
            "path": path,
            "search": search,
            "snapshot": answer.snapshot,
            "as_of": answer.as_of,
            "shown": shown[:LONGEST_FIGURE] if isinstance(shown, str) and shown.isprintable() else "",
            "words": words,
            "created_at": self._clock(),
        }
        with self._store.write() as connection:
            number = connection.execute(sa.insert(ProblemReport).values(**values)).inserted_primary_key
            detail = {"metric": metric.id, "path": path, "search": search, "snapshot": answer.snapshot}
            self._audit.append(connection, viewer.email, "problem.reported", f"problem:{number and number[0]}", detail)

    def view(self, viewer: Viewer, page: int = 1) -> ProblemsView:
        """Open ones first, then the newest; the own ones, or everybody's for who answers them."""
        can_answer = self._policy.can(viewer, Action.PROBLEMS_ANSWER)
        report = ProblemReport
        mine = sa.true() if can_answer else report.user_id == viewer.user_id
        counted = sa.select(sa.func.count(), sa.func.count().filter(report.answered_at.is_(None))).where(mine)
        query = (
            sa.select(report, UserAccount.name.label("reporter"))
            .join(UserAccount, UserAccount.id == report.user_id)
            .where(mine)
            .order_by(report.answered_at.is_(None).desc(), report.id.desc())
        )
        with self._store.read() as connection:
            total, waiting = connection.execute(counted).one()
            pages = max(1, -(-total // PAGE_SIZE))
            page = min(max(1, page), pages)
            rows = connection.execute(query.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
        return ProblemsView(tuple(_reported(row) for row in rows), can_answer, waiting, page, pages)

    def answer(self, viewer: Viewer, problem_id: int, words: object) -> None:
        """Raises ForbiddenError, NotFoundError, InvalidInputError, and ConflictError where it was answered before."""
        self._policy.require(viewer, Action.PROBLEMS_ANSWER)
        text = checked_text(words, "The answer", LONGEST_WORDS)
        this = ProblemReport.id == problem_id
        with self._store.write() as connection:
            found = connection.execute(sa.select(ProblemReport.answered_by).where(this)).first()
            if found is None:
                raise NotFoundError("There is no such report.")
            if found.answered_by is not None:
                raise ConflictError(f"{found.answered_by} has answered this report already. Reload to read it.")
            values = {"answer": text, "answered_by": viewer.email, "answered_at": self._clock()}
            connection.execute(sa.update(ProblemReport).where(this).values(**values))
            self._audit.append(connection, viewer.email, "problem.answered", f"problem:{problem_id}")


def _reported(row: Any) -> ReportedProblem:
    return ReportedProblem(
        id=row.id,
        metric_name=REGISTRY[row.metric_id].name if row.metric_id in REGISTRY else row.metric_id,
        metric_version=row.metric_version,
        href=f"{row.path}{row.search}",
        shown=row.shown,
        snapshot=row.snapshot,
        as_of=row.as_of,
        words=row.words,
        reporter=row.reporter,
        created_at=row.created_at,
        answer=row.answer,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
    )
