"""Where surveys stand: sent, delivered, answered, and the response rate beside every score."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from services.access.policy import Action, Policy
from services.domain.people import Viewer
from services.domain.pipeline import SurveyKind
from services.domain.surveys import KPI_METRICS, SurveyStanding
from services.metrics.formal_kpis import latest_formal
from services.store.database import Store
from services.store.tables import SurveyRequest


class SurveyStandings:
    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._policy = policy

    def of_all(self, viewer: Viewer) -> tuple[SurveyStanding, ...]:
        """Counts of each kind; nobody's answer. Raises ForbiddenError."""
        self._policy.require(viewer, Action.SURVEYS_MANAGE)
        delivered = func.count(SurveyRequest.delivered_at)
        query = select(SurveyRequest.kind, SurveyRequest.state, func.count(), delivered).group_by(
            SurveyRequest.kind, SurveyRequest.state
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
            _, formal = latest_formal(connection)
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for kind, state, count, arrived in rows:
            found.setdefault(kind, {})[state] = (int(count), int(arrived))
        return tuple(_standing(kind, found.get(kind.value, {}), formal.get(KPI_METRICS[kind])) for kind in SurveyKind)


def _standing(kind: SurveyKind, states: dict[str, tuple[int, int]], formal_from: date | None) -> SurveyStanding:
    counted = {state: count for state, (count, _) in states.items()}
    answered = counted.get("answered", 0)
    # an answer proves that its mail arrived, whatever the mail server said
    arrived = sum(many for state, (_, many) in states.items() if state != "answered") + answered
    return SurveyStanding(
        kind=kind,
        sent=sum(counted.values()),
        delivered=arrived,
        answered=answered,
        waiting=states.get("sent", (0, 0))[1],
        expired=counted.get("expired", 0),
        declined=counted.get("declined", 0),
        undelivered=counted.get("undelivered", 0),
        formal_from=formal_from,
    )
