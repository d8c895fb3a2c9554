"""The validation as a run of the ledger: it waits for a fresh export, and says so to those who can bring it."""

from __future__ import annotations

from datetime import datetime, time
from html import escape
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.delivery.message import Mail
from services.delivery.outbox import Outbox
from services.domain.errors import InvalidInputError, NotThereYetError
from services.domain.people import Viewer
from services.domain.periods import NamedPeriod, parse_period
from services.store.database import Store
from services.store.tables import ValidationLack
from services.validation.freshness import LackError, require_fresh
from services.validation.plans import GREENHOUSE, Plan, plan_of
from services.validation.validating import Asked, Prepared, Validation

LOOK_AGAIN_S = 15 * 60
ACTOR = "scheduler"


class ScheduledValidation:
    """What a worker calls for a run of the kind ``validation_certificate``."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        audit: AuditLog,
        outbox: Outbox,
        validation: Validation,
        base_url: str,
        *,
        clock: Clock = utc_now,
    ) -> None:
        """``validation`` publishes for an administrator."""
        self._store = store
        self._policy = policy
        self._audit = audit
        self._outbox = outbox
        self._validation = validation
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    def prepare(self, period: str, viewer: Viewer) -> Prepared:
        """Raises ForbiddenError, InvalidInputError without a plan, NotThereYetError while there is no fresh export.

        What is wrong with the export stands in the incident, which is opened once and told to ``viewer`` by mail.
        """
        self._policy.require(viewer, Action.METRICS_RAW)
        with self._store.read() as connection:
            plan = plan_of(connection)
        if not plan.is_active:
            raise InvalidInputError("The validation was switched off. `hireboard validate schedule` sets it again.")
        try:
            return self._from_fresh_export(plan, parse_period(period, self._clock().date()))
        except LackError as error:
            self._open_lack(period, str(error), viewer)
            raise NotThereYetError(str(error), LOOK_AGAIN_S) from error

    def _from_fresh_export(self, plan: Plan, period: NamedPeriod) -> Prepared:
        over = datetime.combine(period.end, time(), ZoneInfo(plan.timezone))

        def written() -> object:
            return require_fresh(
                plan.folder,
                now=self._clock(),
                fresh_hours=plan.fresh_hours,
                period_end=over,
                period=period.label,
            )

        before = written()
        try:
            prepared = self._validation.prepare(Asked(plan.folder, period.key, mapping=plan.mapping, actor=ACTOR))
        except InvalidInputError as error:
            raise LackError(str(error)) from error
        if written() != before:
            raise NotThereYetError("The export was replaced while it was read.", LOOK_AGAIN_S)
        return prepared

    def _open_lack(self, period: str, reason: str, viewer: Viewer) -> None:
        """At most one is open; what is wrong with it may change."""
        table, now = ValidationLack.__table__, self._clock()
        with self._store.write() as connection:
            here = connection.execute(select(table.c.id, table.c.reason).where(table.c.open_key == GREENHOUSE)).first()
            if here is not None:
                if here.reason != reason:
                    connection.execute(update(ValidationLack).where(table.c.id == here.id).values(reason=reason))
                return
            row = insert(ValidationLack).values(
                source_system=GREENHOUSE, open_key=GREENHOUSE, period=period, reason=reason, opened_at=now
            )
            number = connection.execute(row.returning(ValidationLack.id)).scalar_one()
            detail = {"period": period, "reason": reason}
            self._audit.append(connection, ACTOR, "validation.lack_opened", f"validation_lack:{number}", detail)
            mail = self._mail(period, reason, viewer, now)
            key = f"validation-lack/{number}"
            self._outbox.enter(connection, key=key, mail=mail, recipient_user_id=viewer.user_id)

    def _mail(self, period: str, reason: str, viewer: Viewer, now: datetime) -> Mail:
        lines = (
            f"The monthly validation for {period} waits for a fresh export.",
            reason,
            "It is looked for every 15 minutes; the certificate is made as soon as it is there.",
            (
                "To look in another folder: hireboard validate schedule --folder PATH. "
                f"Where it stands: {self._base_url}/reports/schedules"
            ),
        )
        return Mail(
            recipient=viewer.email,
            recipient_name=viewer.name,
            subject=f"The validation for {period} waits for an export",
            text="\n\n".join(lines) + "\n",
            html="".join(f"<p>{escape(line)}</p>" for line in lines),
            sent_on=now,
        )
