"""Limits of metrics: who set which for what, and the refusal of those that could never be judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from services.access.policy import Action, Policy
from services.alerts.closing import close_of_rule
from services.alerts.templates import scope_of_template
from services.audit.log import AuditLog
from services.delivery.insertion import insert_if_absent
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.grains import Grain
from services.domain.incidents import Step
from services.domain.metric import Better, Estimator, Metric, Query, Unit
from services.domain.people import ColumnClass, Viewer
from services.metrics.dimensions import DIMENSIONS, Kind
from services.metrics.query import QueryLayer
from services.metrics.registry import metric
from services.store.database import Store
from services.store.tables import Office, ThresholdRule, UserAccount

JUDGED_FROM = 20
"""From so many on a rate is judged at all."""
GRAINS = (Grain.WEEK, Grain.MONTH, Grain.QUARTER)
LONGEST_STEP_HOURS = 200
LONGEST_NAME = 120
LONGEST_SCOPE = 400


@dataclass(frozen=True)
class Rule:
    """A row of ``threshold_rule``, read."""

    id: int
    metric_id: str
    scope: Mapping[str, tuple[str, ...]]
    each: str | None
    template: str | None
    limit: float
    minimum_n: int
    grain: Grain
    step_hours: int
    office_id: int | None
    recipients: Mapping[str, tuple[str, ...]]
    owner_user_id: int | None
    version: int
    evaluated_snapshot: str | None
    problem: str | None
    changed_at: datetime
    changed_by: str

    @property
    def metric(self) -> Metric:
        return metric(self.metric_id)

    @property
    def is_ceiling(self) -> bool:
        """The limit may not be exceeded; False = it may not be missed."""
        return self.metric.better is not Better.HIGHER


@dataclass(frozen=True)
class Wanted:
    """What ``Thresholds.put`` is asked for. ``recipients`` are addresses by step: recruiter, lead, hrbp, executive.

    ``template`` is a scorecard template's name: its place becomes part of the scope. ``owner`` is an address; None =
    whoever sets it.
    """

    metric_id: str
    limit: float
    scope: Mapping[str, Sequence[str]] = field(default_factory=dict)
    each: str | None = None
    template: str | None = None
    minimum_n: int = JUDGED_FROM
    grain: str = Grain.MONTH
    step_hours: int = 8
    office: str | None = None
    recipients: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owner: str | None = None


class Thresholds:
    """Lists, sets and removes rules; each change is one version more and one audit event."""

    def __init__(
        self, store: Store, query: QueryLayer, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._query = query
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def active(self) -> list[Rule]:
        """Every rule in force, by id."""
        query = select(ThresholdRule.__table__).where(ThresholdRule.is_active).order_by(ThresholdRule.id)
        with self._store.read() as connection:
            return [rule_of(row) for row in connection.execute(query)]

    def listed(self, viewer: Viewer) -> list[Rule]:
        """As ``active``, for those who manage them. Raises ForbiddenError."""
        self._policy.require(viewer, Action.THRESHOLDS_MANAGE)
        return self.active()

    def put(self, wanted: Wanted, viewer: Viewer) -> int:
        """Set the limit of a metric in a scope; returns the rule's number. The same metric and scope is changed.

        Raises ForbiddenError and InvalidInputError; names that the query layer does not know are refused in its words.
        """
        self._policy.require(viewer, Action.THRESHOLDS_MANAGE)
        _check(wanted)
        wanted = self._with_template(wanted)
        scope = {name: tuple(values) for name, values in sorted(wanted.scope.items()) if values}
        self._check_answerable(wanted, scope, viewer)
        now = self._clock()
        with self._store.write() as connection:
            values = {
                "template": wanted.template,
                "limit_value": wanted.limit,
                "minimum_n": wanted.minimum_n,
                "grain": str(wanted.grain),
                "step_hours": wanted.step_hours,
                "office_id": _office_id(connection, wanted.office),
                "recipients": json.dumps({step: list(who) for step, who in sorted(wanted.recipients.items())}),
                "owner_user_id": _owner_id(connection, wanted.owner, viewer),
                "is_active": True,
                "evaluated_snapshot": None,
                "problem": None,
                "changed_at": now,
                "changed_by": viewer.email,
            }
            return self._write(connection, wanted, scope, values, viewer)

    def _with_template(self, wanted: Wanted) -> Wanted:
        """The template's place becomes part of the scope."""
        if wanted.template is None:
            return wanted
        with self._store.read() as connection:
            template = scope_of_template(connection, wanted.template)
        twice = set(template.scope) & {*wanted.scope, wanted.each}
        if twice:
            raise InvalidInputError(f"The template “{template.name}” sets {', '.join(sorted(twice))}: leave it out.")
        return replace(wanted, template=template.name, scope={**wanted.scope, **template.scope})

    def _write(
        self,
        connection: Connection,
        wanted: Wanted,
        scope: Mapping[str, tuple[str, ...]],
        values: dict[str, Any],
        viewer: Viewer,
    ) -> int:
        key = scope_key(scope, wanted.each)
        same = (ThresholdRule.metric_id == wanted.metric_id, ThresholdRule.scope_key == key)
        before = connection.execute(select(ThresholdRule.__table__).where(*same).with_for_update()).first()
        if before is None:
            new = {
                "metric_id": wanted.metric_id,
                "scope_key": key,
                "scope": json.dumps(scope),
                "each": wanted.each,
                "created_at": values["changed_at"],
            }
            row = insert(ThresholdRule).values(**new, **values).returning(ThresholdRule.id)
            rule_id = int(connection.execute(row).scalar_one())
        else:
            rule_id = before.id
            connection.execute(
                update(ThresholdRule).where(ThresholdRule.id == rule_id).values(version=before.version + 1, **values)
            )
        detail = {
            "metric": wanted.metric_id,
            "scope": scope,
            "before": before.limit_value if before is not None and before.is_active else None,
            "after": wanted.limit,
            "minimum_n": wanted.minimum_n,
        }
        self._audit.append(connection, viewer.email, "threshold.set", f"threshold:{rule_id}", detail)
        return rule_id

    def remove(self, rule_id: int, viewer: Viewer) -> None:
        """Take a rule out of force; its open incidents are closed with it. Raises NotFoundError."""
        self._policy.require(viewer, Action.THRESHOLDS_MANAGE)
        now = self._clock()
        with self._store.write() as connection:
            row = connection.execute(
                select(ThresholdRule.is_active, ThresholdRule.limit_value, ThresholdRule.version)
                .where(ThresholdRule.id == rule_id)
                .with_for_update()
            ).first()
            if row is None or not row.is_active:
                raise NotFoundError(
                    f"There is no threshold {rule_id}. `hireboard thresholds list` shows those in force."
                )
            connection.execute(
                update(ThresholdRule)
                .where(ThresholdRule.id == rule_id)
                .values(is_active=False, version=row.version + 1, changed_at=now, changed_by=viewer.email)
            )
            closed = close_of_rule(connection, rule_id, viewer.email, now)
            detail = {"before": row.limit_value, "incidents_closed": closed}
            self._audit.append(connection, viewer.email, "threshold.removed", f"threshold:{rule_id}", detail)

    def _check_answerable(self, wanted: Wanted, scope: Mapping[str, tuple[str, ...]], viewer: Viewer) -> None:
        """Asks the question once, so that a name that does not exist is refused now and not at night."""
        by = (wanted.each,) if wanted.each else ()
        self._query.ask(Query(metrics=(wanted.metric_id,), by=by, where=scope), viewer)


def rule_of(row: Any) -> Rule:
    """From a row of ``threshold_rule``."""
    return Rule(
        id=row.id,
        metric_id=row.metric_id,
        scope={name: tuple(values) for name, values in json.loads(row.scope).items()},
        each=row.each,
        template=row.template,
        limit=row.limit_value,
        minimum_n=row.minimum_n,
        grain=Grain(row.grain),
        step_hours=row.step_hours,
        office_id=row.office_id,
        recipients={step: tuple(who) for step, who in json.loads(row.recipients).items()},
        owner_user_id=row.owner_user_id,
        version=row.version,
        evaluated_snapshot=row.evaluated_snapshot,
        problem=row.problem,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def scope_key(scope: Mapping[str, Sequence[str]], each: str | None = None) -> str:
    """Equal for equal scopes, whatever order they were written in."""
    parts: dict[str, object] = {name: sorted(scope[name]) for name in sorted(scope)}
    if each:
        parts["*"] = each
    key = json.dumps(parts, separators=(",", ":"), sort_keys=True)
    if len(key) > LONGEST_SCOPE:
        raise InvalidInputError("The threshold names too many values. Name fewer, or a dimension for each value.")
    return key


def _check(wanted: Wanted) -> None:
    chosen = metric(wanted.metric_id)
    if chosen.unit is not Unit.RATE or chosen.estimator is not Estimator.PLAIN_RATE:
        raise InvalidInputError(
            f"{chosen.name} cannot have a threshold: it takes a plain rate, counted as some of n, for example "
            "drop_off_rate or offer_acceptance_rate."
        )
    if chosen.column_class is not ColumnClass.GENERAL:
        raise InvalidInputError(f"{chosen.name} cannot have a threshold: its figures must not travel by mail.")
    if not 0 < wanted.limit < 1:
        raise InvalidInputError(f"A limit is a rate between 0 and 1, for example 0.2 for 20%, not {wanted.limit}.")
    if wanted.minimum_n < JUDGED_FROM:
        raise InvalidInputError(f"The minimum n is at least {JUDGED_FROM}: below that no rate is judged.")
    if wanted.grain not in GRAINS:
        raise InvalidInputError(f"The window is one of {', '.join(GRAINS)}, not {wanted.grain!r}.")
    if not 1 <= wanted.step_hours <= LONGEST_STEP_HOURS:
        raise InvalidInputError(f"A step waits 1 to {LONGEST_STEP_HOURS} business hours, not {wanted.step_hours}.")
    if wanted.template is not None and not 0 < len(wanted.template) <= LONGEST_NAME:
        raise InvalidInputError(f"A template's name has at most {LONGEST_NAME} characters.")
    _check_dimensions(wanted)
    unknown = set(wanted.recipients) - {step.key for step in Step}
    if any("@" not in address for who in wanted.recipients.values() for address in who):
        raise InvalidInputError(
            "A step's people are named by their e-mail addresses, for example lead=ron@example.org."
        )
    if unknown:
        raise InvalidInputError(f"The steps are {', '.join(step.key for step in Step)}, not {', '.join(unknown)}.")


def _check_dimensions(wanted: Wanted) -> None:
    for name in (*wanted.scope, *([wanted.each] if wanted.each else [])):
        dimension = DIMENSIONS.get(name)
        if dimension is not None and dimension.column_class is not ColumnClass.GENERAL:
            raise InvalidInputError(
                f"A threshold cannot be about a {dimension.name.lower()}: figures of single people are not escalated."
            )
        if dimension is not None and dimension.kind is Kind.TIME:
            raise InvalidInputError("The window is chosen by --window, not by a dimension.")
    if wanted.each in wanted.scope:
        raise InvalidInputError(f"{wanted.each} is limited and split at once. Do one of the two.")


def _office_id(connection: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    found = connection.execute(select(Office.id).where(func.lower(Office.name) == name.lower())).scalars().all()
    if len(found) != 1:
        known = ", ".join(connection.scalars(select(Office.name).order_by(Office.name).limit(12)))
        raise InvalidInputError(f"There is no office {name!r}. Offices: {known or 'none'}.")
    return int(found[0])


def _owner_id(connection: Connection, address: str | None, viewer: Viewer) -> int | None:
    if address is None:
        return viewer.user_id
    active = select(UserAccount.id).where(UserAccount.email == address.strip().lower(), UserAccount.is_active)
    found = connection.scalar(active)
    if found is None:
        raise InvalidInputError(f"There is no active user {address}. `hireboard user list` shows who there is.")
    return int(found)


def create_default_threshold(store: Store, owner_user_id: int, *, now: datetime | None = None) -> bool:
    """The demonstration company's: drop-off at the interview, each department, by quarter. False = there is one."""
    scope = {"canonical_stage": ("interview",)}
    at = now or utc_now()
    row = {
        "metric_id": "drop_off_rate",
        "scope_key": scope_key(scope, "top_department"),
        "scope": json.dumps(scope),
        "each": "top_department",
        "limit_value": 0.1,
        "grain": Grain.QUARTER.value,
        "owner_user_id": owner_user_id,
        "created_at": at,
        "changed_at": at,
        "changed_by": "demonstration",
    }
    with store.write() as connection:
        return insert_if_absent(connection, ThresholdRule, [row], ("metric_id", "scope_key")) > 0
