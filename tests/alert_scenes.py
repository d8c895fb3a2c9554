"""Months of a screening stage in a small mart, the people of the ladder, and a clock that a test moves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from reports.notice import render_notice
from services.alerts.assembly import Alerts
from services.alerts.escalation import Escalation
from services.alerts.evaluation import Evaluation
from services.alerts.incidents import Incidents
from services.alerts.ladder import Ladder
from services.alerts.rounds import AlertRounds
from services.alerts.sight import Sight
from services.alerts.thresholds import Thresholds, Wanted
from services.delivery.outbox import Outbox, SenderIdentity
from services.domain.people import Viewer
from services.metrics.query import QueryLayer
from services.store.database import Store
from services.store.tables import Incident, IncidentEvent, Office, OutboxMessage
from tests.delivery_scenes import HandClock
from tests.metric_scenes import FakeNames, SmallMart
from tests.people import People, make_people

ENGINEERING, SALES = 1, 2
REGIONS = {ENGINEERING: "EMEA", SALES: "AMER"}
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
TUESDAY = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
"""10:00 in Berlin."""
OMAR = 905
BERLIN_HOURS = {"country": "DE", "timezone": "Europe/Berlin", "work_start": "09:00", "work_end": "17:00"}


@dataclass
class AlertScene:
    """Rita recruits for Engineering (EMEA), Omar for Sales (AMER). Hana is HR partner of EMEA; Ron and Eva see all."""

    store: Store
    clock: HandClock = field(default_factory=lambda: HandClock(TUESDAY))
    known: People | None = None
    """The people of a store that a scene was made on before, in another process."""

    def __post_init__(self) -> None:
        self.people = self.known or make_people(self.store, clock=self.clock)
        if self.known is None:
            with self.store.write() as connection:
                row = insert(Office).values(source_system="t", external_id="ber", name="Berlin", **BERLIN_HOURS)
                connection.execute(row)
        self.mart = SmallMart()
        self.mart.add("dim_department", *({"department_id": key, "name": name} for key, name in _DEPARTMENTS.items()))
        self.mart.add("dim_stage", {"stage_id": 2, "sort_order": 2, "name": "Screen", "canonical": "screen"})
        self.mart.add("dim_requisition", *(self._place(department) for department in _DEPARTMENTS))
        self._visits = 0
        self.publish("s1")
        self.query = QueryLayer(self.mart, FakeNames())
        self.connect(self.store)

    def connect(self, store: Store) -> None:
        """The services on ``store``, as the wiring makes them."""
        policy, audit, accounts = self.people.policy, self.people.audit, self.people.accounts
        self.outbox = Outbox(store, SenderIdentity("hireboard@northwind.example", "Hireboard"), audit, clock=self.clock)
        sight = Sight(self.query, policy)
        self.ladder = Ladder(store, accounts, sight, self.outbox, audit, render_notice, "http://localhost:8050")
        self.thresholds = Thresholds(store, self.query, policy, audit, clock=self.clock)
        self.evaluation = Evaluation(store, self.query, self.thresholds, self.ladder, accounts, audit, clock=self.clock)
        self.escalation = Escalation(store, self.ladder, clock=self.clock)
        self.rounds = AlertRounds(self.evaluation, self.escalation)
        self.incidents = Incidents(store, sight, policy, audit, clock=self.clock)

    @property
    def alerts(self) -> Alerts:
        return Alerts(self.thresholds, self.incidents, self.rounds)

    # --- figures -----------------------------------------------------------------------------------------------------

    def _place(self, department: int) -> dict[str, Any]:
        recruiter = self.people.person_ids["rita"] if department == ENGINEERING else OMAR
        return {
            "requisition_id": department,
            "department_id": department,
            "recruiter_id": recruiter,
            "region": REGIONS[department],
        }

    def month(self, start: date, dropped: int, of: int, *, department: int = ENGINEERING) -> None:
        """``of`` candidates left the screen in the month; ``dropped`` of them by their own decision."""
        left = datetime(start.year, start.month, 15, 12)  # noqa: DTZ001 - the mart's instants are naive UTC
        row = {
            **self._place(department),
            "stage_id": 2,
            "stage": "screen",
            "entered_at": left - timedelta(days=3),
            "exited_at": left,
            "exited_on": left.date(),
            "is_last_of_stage": True,
        }
        self.mart.connection.execute(
            f"INSERT INTO fact_stage_visit (visit_id, application_id, exit_kind, {', '.join(row)}) "
            "SELECT i, i, CASE WHEN i < ? THEN 'withdrawn' ELSE 'advanced' END, "
            f"{', '.join('?' for _ in row)} FROM range(?, ?) AS t(i)",
            [self._visits + dropped, *row.values(), self._visits, self._visits + of],
        )
        self._visits += of

    def forget_months(self) -> None:
        self.mart.connection.execute("DELETE FROM fact_stage_visit")

    def publish(self, snapshot: str, as_of: datetime | None = None) -> None:
        self.mart.snapshot.id = snapshot
        self.mart.snapshot.as_of = as_of or self.clock()

    # --- what people do ----------------------------------------------------------------------------------------------

    def viewer(self, name: str) -> Viewer:
        return self.people.viewer(name)

    def limit(self, limit: float = 0.2, *, by: str = "ron", **fields: Any) -> int:
        scope = fields.pop("scope", {"canonical_stage": ("screen",), "department": ("Engineering",)})
        return self.thresholds.put(Wanted("drop_off_rate", limit, scope, **fields), self.viewer(by))

    def breach(self) -> int:
        """An incident: 50 of 100 against 20 %. Returns its number."""
        self.month(OCTOBER, 50, 100)
        self.limit()
        self.rounds.run()
        return self.open_incidents()[-1]

    # --- what there is -----------------------------------------------------------------------------------------------

    def open_incidents(self) -> list[int]:
        with self.store.read() as connection:
            query = select(Incident.id).where(Incident.state == "open").order_by(Incident.id)
            return list(connection.scalars(query))

    def incident(self, incident_id: int) -> Any:
        with self.store.read() as connection:
            return connection.execute(select(Incident.__table__).where(Incident.id == incident_id)).one()

    def events(self, incident_id: int) -> list[str]:
        query = select(IncidentEvent.kind).where(IncidentEvent.incident_id == incident_id).order_by(IncidentEvent.id)
        with self.store.read() as connection:
            return list(connection.scalars(query))

    def told(self, incident_id: int) -> dict[str, list[str]]:
        """Addresses by step."""
        query = select(IncidentEvent.detail).where(
            IncidentEvent.incident_id == incident_id, IncidentEvent.kind == "told"
        )
        with self.store.read() as connection:
            details = [json.loads(detail) for detail in connection.scalars(query.order_by(IncidentEvent.id))]
        return {detail["step"]: detail["told"] for detail in details}

    def mails(self) -> list[tuple[str, str]]:
        """(who, subject) in the order they were entered."""
        query = select(OutboxMessage.recipient, OutboxMessage.subject).order_by(OutboxMessage.id)
        with self.store.read() as connection:
            return [(row.recipient.partition("@")[0], row.subject) for row in connection.execute(query)]

    def keys(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(OutboxMessage.idempotency_key).order_by(OutboxMessage.id)))

    def text_to(self, name: str) -> str:
        """The latest mail to somebody, as it is stored."""
        query = select(OutboxMessage.body).where(OutboxMessage.recipient == f"{name}@northwind.example")
        with self.store.read() as connection:
            body = connection.scalars(query.order_by(OutboxMessage.id.desc()).limit(1)).one()
        return bytes(body).decode().replace("=\r\n", "")


_DEPARTMENTS = {ENGINEERING: "Engineering", SALES: "Sales"}
