"""What the scheduler does for surveys: ask who is due, note what was delivered, remind once, end what is over.

Each survey is a row with a unique key, written in one transaction with its mail: killed anywhere, the next round goes
on, and nobody is asked twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from services.audit.log import AuditLog
from services.delivery import failpoints
from services.delivery.insertion import insert_if_absent
from services.delivery.leases import Clock, utc_now
from services.delivery.message import Mail
from services.delivery.outbox import Outbox
from services.domain.notices import Notice, NoticeWriter
from services.domain.pipeline import SurveyKind
from services.domain.wording import on_date
from services.store.database import Store
from services.store.tables import OutboxMessage, SurveyOptOut, SurveyRequest, UserAccount
from services.surveys.due import Due, due_of
from services.surveys.links import Links, hash_of, new_nonce
from services.surveys.plans import Plan, SurveyPlans
from services.surveys.recording import FORGOTTEN, record_delivery

SCHEDULER = "scheduler"
AT_A_TIME = 200
"""Surveys a transaction: a web write must not wait for thousands of mails."""


class SurveyRounds:
    """One round does everything that is due now; any process may make one at any time."""

    def __init__(
        self,
        store: Store,
        plans: SurveyPlans,
        outbox: Outbox,
        audit: AuditLog,
        links: Links,
        write_notice: NoticeWriter,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._plans = plans
        self._outbox = outbox
        self._audit = audit
        self._links = links
        self._write_notice = write_notice
        self._clock = clock

    def run(self) -> int:
        """Returns how many surveys were entered for sending."""
        now = self._clock()
        self._note_deliveries()
        self._end_expired(now)
        self._remind(now)
        return sum(self._send(plan, now) for plan in self._plans.active())

    # --- asking ------------------------------------------------------------------------------------------------------

    def _send(self, plan: Plan, now: datetime) -> int:
        with self._store.read() as connection:
            waiting = self._wanted(connection, plan, list(due_of(connection, plan, now)), now)
        sent = 0
        for start in range(0, len(waiting), AT_A_TIME):
            with self._store.write() as connection:
                # somebody may have opted out, or been asked by another plan, since the list was made
                part = self._wanted(connection, plan, waiting[start : start + AT_A_TIME], now)
                entered = sum(self._enter(connection, plan, due, now) for due in part)
                if entered:
                    detail = {"kind": plan.kind.value, "cadence": plan.cadence.value, "entered": entered}
                    self._audit.append(connection, SCHEDULER, "survey.sent", f"survey_plan:{plan.id}", detail)
                failpoints.hit("before-survey-commit")
                sent += entered
        return sent

    def _wanted(self, connection: Connection, plan: Plan, due: Sequence[Due], now: datetime) -> list[Due]:
        """Without what was asked before, who opted out, and who was asked too lately; one survey a respondent."""
        known = _among(connection, SurveyRequest.key, SurveyRequest.key, [one.key for one in due])
        fresh = [one for one in due if one.key not in known]
        respondents = [one.respondent for one in fresh]
        refused = _among(connection, SurveyOptOut.respondent, SurveyOptOut.respondent, respondents)
        since = now - timedelta(days=plan.throttle_days)
        refused |= _among(
            connection,
            SurveyRequest.respondent,
            SurveyRequest.respondent,
            respondents,
            SurveyRequest.created_at > since,
        )
        chosen: list[Due] = []
        for one in fresh:
            if one.respondent not in refused:
                refused.add(one.respondent)
                chosen.append(one)
        return chosen

    def _enter(self, connection: Connection, plan: Plan, due: Due, now: datetime) -> bool:
        nonce = new_nonce()
        token = self._links.token(nonce)
        expires_at = now + timedelta(days=plan.valid_days)
        row = {
            "plan_id": plan.id,
            "key": due.key,
            "kind": plan.kind.value,
            "application_id": due.application_id,
            "requisition_id": due.requisition_id,
            "respondent": due.respondent,
            "address": due.address[:254],
            "name": due.name,
            "nonce": nonce,
            "token_hash": hash_of(token),
            "created_at": now,
            "expires_at": expires_at,
        }
        if not insert_if_absent(connection, SurveyRequest, [row], ("key",)):
            return False
        failpoints.hit("after-survey")
        mail = self._mail(plan.kind, due.about, due.address, due.name, token, expires_at, now, is_reminder=False)
        self._outbox.enter(
            connection,
            key=_mail_key(due.key),
            mail=mail,
            recipient_user_id=_account_of(connection, due.person_id),
        )
        return True

    def _mail(
        self,
        kind: SurveyKind,
        about: str,
        address: str,
        name: str,
        token: str,
        expires_at: datetime,
        now: datetime,
        *,
        is_reminder: bool,
    ) -> Mail:
        words = self._write_notice(
            _notice(kind, about, self._links.address(token), expires_at, is_reminder=is_reminder)
        )
        return Mail(address, name, words.subject, words.text, words.html, sent_on=now)

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _note_deliveries(self) -> None:
        """Delivered surveys become answers that are awaited, and the links leave the outbox."""
        mails = (
            select(
                SurveyRequest.__table__,
                OutboxMessage.id.label("mail_id"),
                OutboxMessage.state.label("mail_state"),
                OutboxMessage.sent_at,
            )
            .join(OutboxMessage, OutboxMessage.idempotency_key == "survey/" + SurveyRequest.key)
            .where(
                SurveyRequest.delivered_at.is_(None),
                or_(
                    OutboxMessage.state == "sent",
                    and_(OutboxMessage.state == "failed", SurveyRequest.state == "sent"),
                ),
            )
            .order_by(SurveyRequest.id)
            .limit(AT_A_TIME)
        )
        while True:
            with self._store.read() as connection:
                rows = connection.execute(mails).all()
            if rows:
                with self._store.write() as connection:
                    for row in rows:
                        _note_delivery(connection, row)
            if len(rows) < AT_A_TIME:
                break
        self._forget_reminders()

    def _forget_reminders(self) -> None:
        """As the first mail's: the text of a sent reminder is dropped while its link still works."""
        sent = (
            select(OutboxMessage.id)
            .join(SurveyRequest, OutboxMessage.idempotency_key == "survey/" + SurveyRequest.key + "/reminder")
            .where(
                SurveyRequest.state == "sent",
                SurveyRequest.reminded_at.is_not(None),
                OutboxMessage.state == "sent",
                OutboxMessage.body != b"",
            )
        )
        with self._store.read() as connection:
            mails = list(connection.scalars(sent))
        if mails:
            with self._store.write() as connection:
                for mail_id in mails:
                    _forget_text(connection, mail_id)

    def _end_expired(self, now: datetime) -> None:
        over = and_(SurveyRequest.state.in_(("sent", "undelivered")), SurveyRequest.expires_at <= now)
        with self._store.read() as connection:
            if connection.execute(select(SurveyRequest.id).where(over).limit(1)).first() is None:
                return
        with self._store.write() as connection:
            connection.execute(update(SurveyRequest).where(over).values(state="expired", **FORGOTTEN))

    def _remind(self, now: datetime) -> None:
        """Once, some days after delivery, and only while a day is left to answer."""
        due: list[Any] = []
        plans = [plan for plan in self._plans.active() if plan.remind_after_days]
        with self._store.read() as connection:
            for plan in plans:
                due += connection.execute(
                    select(SurveyRequest.__table__)
                    .where(
                        SurveyRequest.state == "sent",
                        SurveyRequest.plan_id == plan.id,
                        SurveyRequest.delivered_at <= now - timedelta(days=plan.remind_after_days),
                        SurveyRequest.reminded_at.is_(None),
                        SurveyRequest.expires_at > now + timedelta(days=1),
                    )
                    .order_by(SurveyRequest.id)
                ).all()
        for start in range(0, len(due), AT_A_TIME):
            with self._store.write() as connection:
                for row in due[start : start + AT_A_TIME]:
                    self._remind_one(connection, row, now)

    def _remind_one(self, connection: Connection, row: Any, now: datetime) -> None:
        if _among(connection, SurveyOptOut.respondent, SurveyOptOut.respondent, [row.respondent]):
            return
        token = self._links.token(row.nonce)
        changed = connection.execute(
            update(SurveyRequest)
            .where(SurveyRequest.id == row.id, SurveyRequest.state == "sent", SurveyRequest.reminded_at.is_(None))
            # the same hash, unless the installation's secret was replaced meanwhile
            .values(reminded_at=now, token_hash=hash_of(token))
        )
        if changed.rowcount == 1:
            mail = self._mail(
                SurveyKind(row.kind), "", row.address, row.name, token, row.expires_at, now, is_reminder=True
            )
            person_id = int(row.respondent.removeprefix("person:")) if row.respondent.startswith("person:") else None
            self._outbox.enter(
                connection,
                key=f"{_mail_key(row.key)}/reminder",
                mail=mail,
                recipient_user_id=_account_of(connection, person_id),
            )


def _note_delivery(connection: Connection, row: Any) -> None:
    if row.mail_state == "failed":
        connection.execute(
            update(SurveyRequest)
            .where(SurveyRequest.id == row.id, SurveyRequest.state == "sent")
            .values(state="undelivered")
        )
        return
    connection.execute(
        update(SurveyRequest)
        .where(SurveyRequest.id == row.id)
        .values(
            delivered_at=row.sent_at,
            state="sent" if row.state == "undelivered" else row.state,
        )
    )
    record_delivery(connection, row.id, row.sent_at)
    _forget_text(connection, row.mail_id)


def _forget_text(connection: Connection, mail_id: int) -> None:
    """A mail that was sent is never sent again: its text, which holds the link, is not kept."""
    sent = (OutboxMessage.id == mail_id, OutboxMessage.state == "sent")
    connection.execute(update(OutboxMessage).where(*sent).values(body=b""))


def _mail_key(key: str) -> str:
    return f"survey/{key}"


def _among(connection: Connection, column: Any, key: Any, values: Iterable[str], *more: Any) -> set[str]:
    """Values of ``column`` in the rows whose ``key`` is one of ``values``; asked in parts for SQLite's sake."""
    wanted, found = sorted(set(values)), set[str]()
    for start in range(0, len(wanted), AT_A_TIME):
        condition = key.in_(wanted[start : start + AT_A_TIME])
        found.update(connection.scalars(select(column).where(condition, *more)))
    return found


def _account_of(connection: Connection, person_id: int | None) -> int | None:
    """The manager's account, so that a deactivated one gets no mail; None where there is none."""
    if person_id is None:
        return None
    query = select(UserAccount.id).where(UserAccount.person_id == person_id)
    return connection.scalar(query.order_by(UserAccount.is_active.desc(), UserAccount.id.desc()).limit(1))


def _notice(kind: SurveyKind, about: str, link: str, expires_at: datetime, *, is_reminder: bool) -> Notice:
    ends = f"The link works once, for you alone, until {on_date(expires_at.date())}."
    foot = "Answering is voluntary. On the same page you can say that you do not want to be asked again."
    if kind is SurveyKind.CANDIDATE_EXPERIENCE:
        subject, asked = "How was it to apply with us?", "One question about your application"
        why = "Your application has been decided. One click tells us how you found the way there."
        kept = "Your answer is counted with those of many others and has no bearing on any application of yours."
    else:
        subject, asked = "How satisfied are you with the hiring?", "One question about the hiring"
        why = "One click tells recruiting how you found it."
        kept = "Scores are shown from five managers on, never by name."
    if about:
        asked = f"{asked}: {about}"
    return Notice(
        subject=f"Reminder: {subject}" if is_reminder else subject,
        heading=asked,
        paragraphs=(why, kept, ends),
        link=link,
        link_words="Answer the question",
        foot=foot,
    )
