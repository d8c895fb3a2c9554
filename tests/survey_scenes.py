"""A small company with hires and decisions, survey plans, and a clock that a test moves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from reports.notice import render_notice
from services.delivery.outbox import Outbox, SenderIdentity
from services.delivery.sending import Sending
from services.delivery.transports import FolderTransport
from services.store.database import Store
from services.store.tables import (
    Application,
    Candidate,
    OutboxMessage,
    Person,
    Requisition,
    RequisitionStatusInterval,
    SurveyAnswer,
    SurveyRequest,
)
from services.surveys.assembly import make_surveys
from services.surveys.plans import PlanWanted
from tests.delivery_scenes import HandClock
from tests.people import make_people

SECRET = "a secret of the tests that is long enough"
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
MANAGER, CANDIDATE = "hiring_manager_satisfaction", "candidate_experience"
_LINK = re.compile(r"http://localhost:8050(/survey/[A-Za-z0-9_-]+)")


@dataclass
class SurveyScene:
    """Max manages requisition 1; Lea manages requisition 2 and has no account."""

    store: Store
    clock: HandClock = field(default_factory=lambda: HandClock(NOON))

    def __post_init__(self) -> None:
        self.people = make_people(self.store, clock=self.clock)
        with self.store.write() as connection:
            lea = insert(Person).values(source_system="t", external_id="lea", name="Lea", email="lea@northwind.example")
            self.lea = int(connection.execute(lea.returning(Person.id)).scalar_one())
            for number, manager in ((1, self.people.person_ids["max"]), (2, self.lea)):
                connection.execute(
                    insert(Requisition).values(
                        id=number,
                        source_system="t",
                        external_id=str(number),
                        title=f"Role {number} <b>",
                        hiring_manager_id=manager,
                        opened_at=NOON - timedelta(days=100),
                    )
                )
                connection.execute(
                    insert(RequisitionStatusInterval).values(
                        requisition_id=number, status="open", from_at=NOON - timedelta(days=100)
                    )
                )
        identity = SenderIdentity("hireboard@northwind.example", "Hireboard")
        self.outbox = Outbox(self.store, identity, self.people.audit, clock=self.clock)
        self.surveys = make_surveys(
            self.store,
            self.people.policy,
            self.people.audit,
            self.outbox,
            render_notice,
            SECRET,
            "http://localhost:8050",
            clock=self.clock,
        )
        self._applications = 0

    # --- what happens ------------------------------------------------------------------------------------------------

    def plan(self, kind: str = MANAGER, cadence: str = "per_hire", **fields: Any) -> int:
        return self.surveys.plans.put(PlanWanted(kind, cadence, **fields), self.people.viewer("ada"))

    def decided(self, outcome: str | None = "hired", *, requisition: int = 1, person: int = 0, **fields: Any) -> int:
        """An application that ended now; ``person`` 0 = somebody new. Returns its number."""
        self._applications += 1
        number = self._applications
        with self.store.write() as connection:
            if not person:
                row = insert(Candidate).values(
                    source_system="t",
                    external_id=str(number),
                    name=f"Candidate {number}",
                    email=fields.pop("email", f"candidate{number}@example.org"),
                )
                person = int(connection.execute(row.returning(Candidate.id)).scalar_one())
            row = insert(Application).values(
                source_system="t",
                external_id=str(number),
                candidate_id=person,
                requisition_id=requisition,
                applied_at=self.clock() - timedelta(days=30),
                outcome=outcome,
                ended_at=self.clock() if outcome else None,
                **fields,
            )
            return int(connection.execute(row.returning(Application.id)).scalar_one())

    def round_after(self, **length: float) -> int:
        self.clock.pass_by(**length)
        return self.surveys.rounds.run()

    def deliver(self, state: str = "sent") -> None:
        """The mail server has taken (or refused) what was in the outbox; the next round notes it."""
        with self.store.write() as connection:
            pending = update(OutboxMessage).where(OutboxMessage.state == "pending")
            connection.execute(pending.values(state=state, sent_at=self.clock() if state == "sent" else None))
        self.surveys.rounds.run()

    def sending(self, folder: Any) -> Sending:
        return Sending(self.outbox, FolderTransport(folder), "here")

    # --- what there is -----------------------------------------------------------------------------------------------

    def asked(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(SurveyRequest.key).order_by(SurveyRequest.id)))

    def recipients(self) -> list[str]:
        with self.store.read() as connection:
            found = connection.scalars(select(OutboxMessage.recipient).order_by(OutboxMessage.id))
            return [address.partition("@")[0] for address in found]

    def body(self) -> str:
        """The latest mail as it is stored."""
        with self.store.read() as connection:
            body = connection.scalars(select(OutboxMessage.body).order_by(OutboxMessage.id.desc()).limit(1)).one()
        return bytes(body).decode().replace("=\r\n", "")

    def link(self) -> str:
        """The path of the link in the latest mail."""
        found = _LINK.search(self.body())
        assert found is not None
        return found[1]

    def token(self) -> str:
        return self.link().rpartition("/")[2]

    def requests(self) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(SurveyRequest.__table__).order_by(SurveyRequest.id)))

    def states(self) -> list[str]:
        return [row.state for row in self.requests()]

    def answers(self) -> list[Any]:
        """What the mart reads."""
        with self.store.read() as connection:
            return list(connection.execute(select(SurveyAnswer.__table__).order_by(SurveyAnswer.id)))
