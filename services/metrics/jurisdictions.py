"""What the law of a country allows of questions about oneself and of goals: a pack per country, in versions.

Nothing is allowed that no pack says. A pack is set by an administrator or the diversity officer, and audited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.access.policy import Action, Policy
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import InvalidInputError
from services.domain.people import Viewer
from services.metrics.versions import append_version, newest_versions
from services.store.database import Store
from services.store.tables import AppSetting

SETTING = "diversity.jurisdictions"
OUTREACH, POOL, OFFER, HIRED = "outreach", "applied", "offer", "hired"
OPEN_STAGES = (OUTREACH, POOL)
"""Where a goal may stand by default: whom one reaches, and who applies."""
DECISION_STAGES = (OFFER, HIRED)
"""Where a goal comes near a quota: only with a named legal approver."""


@dataclass(frozen=True)
class Pack:
    """``asks``: applicants may be asked about themselves. ``goals``: stages a goal may be about."""

    asks: bool = False
    goals: tuple[str, ...] = ()
    decisions: bool = False
    """Goals on offers and hires too, each with a named legal approver."""


def packs_of(connection: Connection) -> dict[str, Pack]:
    """By ISO country code; empty before the first was set."""
    rows = [row for row in newest_versions(connection, AppSetting, "name") if row.name == SETTING]
    if not rows:
        return {}
    stored: Mapping[str, Mapping[str, object]] = json.loads(rows[0].value)
    return {
        country: Pack(bool(one["asks"]), tuple(one["goals"]), bool(one["decisions"]))  # type: ignore[arg-type]
        for country, one in stored.items()
    }


class Jurisdictions:
    """Lists and sets packs."""

    def __init__(self, store: Store, policy: Policy, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def listed(self, viewer: Viewer) -> dict[str, Pack]:
        """For who sees goals or sets them. Raises ForbiddenError."""
        if not self._policy.can(viewer, Action.GOALS_VIEW):
            self._policy.require(viewer, Action.GOALS_MANAGE)
        with self._store.read() as connection:
            return packs_of(connection)

    def put(self, country: str, pack: Pack, viewer: Viewer) -> None:
        """Raises ForbiddenError and InvalidInputError."""
        self._policy.require(viewer, Action.GOALS_MANAGE)
        code = country.strip().upper()
        if not (len(code) == 2 and code.isascii() and code.isalpha()):  # noqa: PLR2004 - ISO 3166-1 alpha-2
            raise InvalidInputError(f"A country is its two-letter code, for example US, not {country!r}.")
        _check(pack.goals)
        with self._store.write() as connection:
            before = packs_of(connection)
            after = {**before, code: pack}
            value = json.dumps({name: vars(one) for name, one in sorted(after.items())})
            row = {"value": value, "changed_at": self._clock(), "changed_by": viewer.email}
            append_version(connection, AppSetting, {"name": SETTING}, row, None)
            detail = {"before": vars(before[code]) if code in before else None, "after": vars(pack)}
            self._audit.append(connection, viewer.email, "jurisdiction.set", f"jurisdiction:{code}", detail)


def _check(goals: Sequence[str]) -> None:
    wrong = [one for one in goals if one not in OPEN_STAGES]
    if wrong:
        raise InvalidInputError(f"Goals are about {' or '.join(OPEN_STAGES)}, not {', '.join(wrong)}.")
