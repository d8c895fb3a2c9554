"""One round of thresholds or surveys in a process of its own, for the kill tests; only the figures are not ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from reports.notice import render_notice
from services.access.policy import Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.delivery.outbox import Outbox, SenderIdentity
from services.store.database import Store
from services.store.tables import Person, UserAccount
from services.surveys.assembly import make_surveys
from tests.alert_scenes import OCTOBER, AlertScene
from tests.delivery_scenes import HandClock
from tests.people import People
from tests.survey_scenes import SECRET


def people_of(store: Store, clock: HandClock) -> People:
    policy, audit = Policy(), AuditLog(store, clock)
    with store.read() as connection:
        users = connection.execute(select(UserAccount.email, UserAccount.id)).all()
        persons = connection.execute(select(Person.external_id, Person.id)).all()
    ids = {row.email.partition("@")[0]: row.id for row in users}
    return People(Accounts(store, policy, audit, clock), policy, audit, ids, {row[0]: row[1] for row in persons})


def alert_round(url: str, now: datetime, environment: Mapping[str, str]) -> None:
    """50 of 100 left the screen in October."""
    os.environ.update(environment)
    store, clock = Store(url), HandClock(now)
    scene = AlertScene(store, clock, people_of(store, clock))
    scene.month(OCTOBER, 50, 100)
    scene.rounds.run()


def survey_round(url: str, now: datetime, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    store, clock = Store(url), HandClock(now)
    policy, audit = Policy(), AuditLog(store, clock)
    outbox = Outbox(store, SenderIdentity("hireboard@northwind.example", "Hireboard"), audit, clock=clock)
    surveys = make_surveys(store, policy, audit, outbox, render_notice, SECRET, "http://localhost:8050", clock=clock)
    surveys.rounds.run()
