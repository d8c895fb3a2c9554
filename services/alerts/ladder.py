"""Who is told at a step of the ladder, in which words; and the step itself, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from services.accounts.directory import Accounts
from services.accounts.grants import in_force
from services.alerts.history import note, step_key
from services.alerts.sight import Figure, Seen, Sight
from services.alerts.thresholds import Rule
from services.audit.log import AuditLog
from services.delivery import failpoints
from services.delivery.message import Mail
from services.delivery.outbox import Outbox
from services.domain import wording
from services.domain.errors import NotFoundError
from services.domain.incidents import LAST_STEP, STEP_ROLES, STEP_WORDS, Severity, Step
from services.domain.notices import Notice, NoticeWriter
from services.domain.people import Role
from services.store.database import Store
from services.store.tables import IncidentEvent, RoleGrant, UserAccount

SCHEDULER = "scheduler"


class Recipient(NamedTuple):
    user_id: int
    address: str
    name: str


@dataclass(frozen=True)
class Telling:
    """What a step will do, worked out before its transaction: reading figures must not hold the store's write lock."""

    step: Step
    told: tuple[tuple[Recipient, Seen], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """(address, why) of those who were named and get nothing."""
    owners: tuple[Recipient, ...] = field(default=())
    """Who hears of it when somebody named gets nothing, or nobody is left to be told."""


class Ladder:
    """Plans and takes steps. A step of an incident is taken once: its event and its mails have unique keys."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        sight: Sight,
        outbox: Outbox,
        audit: AuditLog,
        write_notice: NoticeWriter,
        base_url: str,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._sight = sight
        self._outbox = outbox
        self._audit = audit
        self._write_notice = write_notice
        self._base_url = base_url.rstrip("/")

    def plan(self, rule: Rule, figure: Figure, step: Step, now: datetime) -> Telling:
        """Who is to be told: the people the rule names for the step, else everybody of its role who sees the scope."""
        named = rule.recipients.get(step.key)
        addresses = named if named is not None else self._of_role(STEP_ROLES[step], now)
        told, refused = [], []
        for address in addresses:
            try:
                viewer = self._accounts.viewer_by_email(address)
            except NotFoundError:
                refused.append((address, "has no active account"))
                continue
            seen = self._sight.of(viewer, figure)
            if seen is None:
                refused.append((address, "may not see this scope"))
            elif viewer.user_id is not None:
                told.append((Recipient(viewer.user_id, viewer.email, viewer.name), seen))
        # of a role, those with other scopes are simply not concerned; who was named is missed
        kept = tuple(refused) if named is not None else ()
        return Telling(step, tuple(told), kept, self._owners(rule, now) if kept or not told else ())

    def take(
        self,
        connection: Connection,
        incident_id: int,
        rule: Rule,
        figure: Figure,
        severity: Severity,
        telling: Telling,
        now: datetime,
    ) -> bool:
        """Take the step in the caller's transaction: event, mails and audit. False = it was taken before."""
        detail = {
            "step": telling.step.key,
            "told": [recipient.address for recipient, _ in telling.told],
            "refused": [f"{address} {why}" for address, why in telling.refused],
        }
        if not note(connection, incident_id, step_key(telling.step), "told", now, SCHEDULER, detail):
            return False
        failpoints.hit("after-step")
        for recipient, seen in telling.told:
            self._post(
                connection,
                f"incident/{incident_id}/step/{int(telling.step)}/user/{recipient.user_id}",
                recipient,
                _step_notice(self._link(incident_id), rule, figure, severity, telling.step, seen),
                now,
            )
        for owner in telling.owners:
            self._post(
                connection,
                f"incident/{incident_id}/step/{int(telling.step)}/owner/{owner.user_id}",
                owner,
                _owner_notice(self._link(incident_id), figure, telling),
                now,
            )
        self._audit.append(connection, SCHEDULER, "incident.told", f"incident:{incident_id}", detail)
        failpoints.hit("before-step-commit")
        return True

    def tell_cleared(self, connection: Connection, incident_id: int, figure: Figure, now: datetime) -> None:
        """Everybody who was told hears that it is over; the mail holds no figure."""
        words = f"{figure.title}: two windows in a row are well inside the limit again. Nothing is left to do."
        notice = Notice(
            subject=f"Over: {figure.title}",
            heading="An incident has ended",
            paragraphs=(words,),
            link=self._link(incident_id),
            link_words="Open the incident",
        )
        for recipient in self._told_before(connection, incident_id):
            self._post(connection, f"incident/{incident_id}/cleared/user/{recipient.user_id}", recipient, notice, now)

    def tell_problem(self, connection: Connection, rule: Rule, problem: str, now: datetime) -> None:
        """The owner hears that a rule cannot be judged."""
        notice = Notice(
            subject=f"A threshold of {rule.metric.name.lower()} cannot be judged",
            heading="A threshold cannot be judged",
            paragraphs=(
                f"Threshold {rule.id} was not evaluated: {problem}",
                "Until it is set anew it opens no incident. An open one stays open.",
            ),
            link=f"{self._base_url}/actions",
            link_words="Open the actions",
        )
        for owner in self._owners(rule, now):
            self._post(connection, f"threshold/{rule.id}/problem/{rule.version}/{owner.user_id}", owner, notice, now)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _link(self, incident_id: int) -> str:
        return f"{self._base_url}/actions/{incident_id}"

    def _post(self, connection: Connection, key: str, recipient: Recipient, notice: Notice, now: datetime) -> None:
        words = self._write_notice(notice)
        mail = Mail(recipient.address, recipient.name, words.subject, words.text, words.html, sent_on=now)
        self._outbox.enter(connection, key=key, mail=mail, recipient_user_id=recipient.user_id)

    def _of_role(self, role: Role, now: datetime) -> Sequence[str]:
        query = (
            select(UserAccount.email)
            .join(RoleGrant, RoleGrant.user_id == UserAccount.id)
            .where(UserAccount.is_active, RoleGrant.role == role.value, *in_force(now))
            .distinct()
            .order_by(UserAccount.email)
        )
        with self._store.read() as connection:
            return list(connection.scalars(query))

    def _owners(self, rule: Rule, now: datetime) -> tuple[Recipient, ...]:
        """The rule's owner; without an active one, the administrators."""
        columns = select(UserAccount.id, UserAccount.email, UserAccount.name).where(UserAccount.is_active)
        with self._store.read() as connection:
            if rule.owner_user_id is not None:
                owner = connection.execute(columns.where(UserAccount.id == rule.owner_user_id)).first()
                if owner is not None:
                    return (Recipient(*owner),)
        admins = self._of_role(Role.ADMIN, now)
        with self._store.read() as connection:
            rows = connection.execute(columns.where(UserAccount.email.in_(admins)).order_by(UserAccount.id))
            return tuple(Recipient(*row) for row in rows)

    def _told_before(self, connection: Connection, incident_id: int) -> list[Recipient]:
        events = select(IncidentEvent.detail).where(
            IncidentEvent.incident_id == incident_id, IncidentEvent.kind == "told"
        )
        addresses = {address for detail in connection.scalars(events) for address in json.loads(detail)["told"]}
        columns = select(UserAccount.id, UserAccount.email, UserAccount.name)
        rows = connection.execute(
            columns.where(UserAccount.email.in_(addresses), UserAccount.is_active).order_by(UserAccount.id)
        )
        return [Recipient(*row) for row in rows]


def _step_notice(link: str, rule: Rule, figure: Figure, severity: Severity, step: Step, seen: Seen) -> Notice:
    last = LAST_STEP[severity]
    beyond = f"{figure.title} is {figure.limit_words}"
    if severity is Severity.BREACH:
        why = f"{beyond} in {figure.window_words}, beyond what chance explains (one-sided, 90%)."
    else:
        why = f"{beyond} in two windows in a row, the last one {figure.window_words}."
    after = (
        f"Acknowledge it if you take care of it. Otherwise the {STEP_WORDS[Step(step + 1)]} is told after "
        f"{wording.number(rule.step_hours)} business hours."
        if step < last
        else "You are the last to be told."
    )
    where = "" if seen.is_whole else " within your own rights"
    return Notice(
        subject=f"{figure.title} is {figure.limit_words}",
        heading=figure.title,
        paragraphs=(why, after),
        facts=(
            (f"{figure.metric.name}{where}", seen.value),
            ("Counted", seen.sample),
            ("Limit", figure.limit_words),
            ("Window", figure.window_words),
            ("Step", f"{int(step) + 1} of {int(last) + 1}, {STEP_WORDS[step]}"),
        ),
        link=link,
        link_words="Open the incident",
        foot="You see only what your role allows.",
    )


def _owner_notice(link: str, figure: Figure, telling: Telling) -> Notice:
    who = STEP_WORDS[telling.step]
    lines = [f"{address} {why}, so nothing was sent there." for address, why in telling.refused]
    if not telling.told:
        lines.append(f"Nobody was told at the step “{who}”, so the next step follows at once.")
    return Notice(
        subject=f"Not told at the step “{who}”: {figure.title}",
        heading="Somebody was not told",
        paragraphs=(f"An incident of your threshold reached the step “{who}”: {figure.title}.", *lines),
        link=link,
        link_words="Open the incident",
        foot="You get this as the threshold's owner.",
    )
