"""The one way to change a requisition here, for pages and programs alike: rights, versions, overlays, audit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from services.access.policy import Action, Policy
from services.accounts.directory import Accounts
from services.audit.log import AuditLog
from services.delivery.leases import Clock, utc_now
from services.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from services.domain.people import Role, Viewer
from services.domain.requisition_edits import (
    LABELS,
    LONGEST_REASON,
    OWNER_PARTS,
    Change,
    ConfirmationNeededError,
    EditConflictError,
    Field,
    FieldStanding,
    Pause,
    PauseKind,
    Standing,
)
from services.domain.wording import on_date
from services.ingest.changes import write_changes
from services.ingest.live_lane import follow
from services.requisitions.standing import reaches, standing_of
from services.requisitions.values import accepted, worded
from services.store.database import Store
from services.store.tables import (
    AppSetting,
    RequisitionOverlay,
    RequisitionOwnerEdit,
    RequisitionPause,
    RequisitionSeatEdit,
)

NOT_HERE = "There is no such requisition, or it is not for you."
MANAGER_SETTING = "requisitions.manager_sets_target_date"
LIVE = frozenset({"open", "on_hold"})
LARGEST_ID = 2**63
_LAST = timedelta(days=3660)


class RequisitionEdits:
    """Raises ForbiddenError for a role or field without the right, and NotFoundError, in the same words, for what does
    not exist and for what lies outside the viewer's scope. Nothing is written when anything is refused.
    """

    def __init__(
        self, store: Store, policy: Policy, accounts: Accounts, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._policy = policy
        self._accounts = accounts
        self._audit = audit
        self._clock = clock

    def standing(self, requisition_id: int, viewer: Viewer) -> Standing:
        """As it is now, with what this viewer may change of it."""
        self._policy.require(viewer, Action.REQUISITIONS_VIEW)
        with self._store.read() as connection:
            return self._find(connection, requisition_id, viewer)

    def change(
        self, requisition_id: int, viewer: Viewer, changes: Sequence[Change], reason: str, *, confirmed: bool = False
    ) -> Standing:
        """Set fields; all of them or none. A value that is the source's own gives the field back to the source.

        Raises EditConflictError when a version is not the one that holds, InvalidInputError for a value,
        ConfirmationNeededError when seats would be cancelled.
        """
        self._policy.require(viewer, Action.REQUISITIONS_EDIT_TARGET_DATE)
        words = _reason(reason)
        with self._store.write() as connection:
            standing = self._find(connection, requisition_id, viewer, lock=True)
            wanted = [self._accepted(connection, standing, viewer, change) for change in changes]
            fresh = [change for change in wanted if change.value != standing.fields[change.field].value]
            for change in fresh:
                self._check_effect(standing, change, viewer, confirmed=confirmed)
            for change in fresh:
                self._set(connection, standing, change, words, viewer)
            if fresh:
                self._written(connection, standing.id)
            return self._after(connection, standing, viewer)

    def give_back(self, requisition_id: int, viewer: Viewer, name: Field, version: int, reason: str) -> Standing:
        """The source's value holds again. Nothing happens where the field is not edited."""
        self._policy.require(viewer, Action.REQUISITIONS_EDIT_TARGET_DATE)
        words = _reason(reason)
        with self._store.write() as connection:
            standing = self._find(connection, requisition_id, viewer, lock=True)
            _require(standing, name)
            held = standing.fields[name]
            self._check_version(connection, held, version, held.source or "")
            if held.edited is not None:
                self._write_overlay(connection, standing, Change(name, held.edited, version), words, viewer, on=False)
                self._give_back_parts(connection, standing, name)
                self._note(connection, viewer, standing.id, name, held.edited, held.source, words)
                self._written(connection, standing.id)
            return self._after(connection, standing, viewer)

    def pause(
        self,
        requisition_id: int,
        viewer: Viewer,
        kind: PauseKind,
        from_at: datetime | None,
        to_at: datetime | None,
        reason: str,
        *,
        confirmed: bool = False,
    ) -> Standing:
        """Begin a hold or freeze (from now unless said), or end the source's hold (``RELEASE``, always from now)."""
        self._policy.require(viewer, Action.REQUISITIONS_EDIT)
        words, now = _reason(reason), self._clock().replace(microsecond=0)
        start = now if from_at is None or kind is PauseKind.RELEASE else from_at.replace(microsecond=0)
        with self._store.write() as connection:
            standing = self._find(connection, requisition_id, viewer, lock=True)
            _require_pause(standing)
            _check_pause(standing, kind, start, to_at, now)
            if not confirmed:
                raise ConfirmationNeededError(_pause_effect(kind))
            connection.execute(
                insert(RequisitionPause).values(
                    requisition_id=standing.id,
                    kind=kind.value,
                    from_at=start,
                    to_at=to_at,
                    reason=words,
                    version=1,
                    edited_by=viewer.email,
                    edited_at=now,
                )
            )
            detail = {"kind": kind.value, "before": None, "after": _span(start, to_at), "reason": words}
            self._audit.append(connection, viewer.email, "requisition.paused", f"requisition:{standing.id}", detail)
            self._written(connection, standing.id)
            return self._after(connection, standing, viewer)

    def resume(self, requisition_id: int, viewer: Viewer, pause_id: int, version: int, reason: str) -> Standing:
        """End a hold or freeze that was begun here, now; one that has not begun is taken away."""
        self._policy.require(viewer, Action.REQUISITIONS_EDIT)
        words, now = _reason(reason), self._clock().replace(microsecond=0)
        with self._store.write() as connection:
            standing = self._find(connection, requisition_id, viewer, lock=True)
            _require_pause(standing)
            held = next((pause for pause in standing.pauses if pause.id == pause_id), None)
            if held is None:
                raise NotFoundError("There is no such hold or freeze on this requisition. Reload the page.")
            if held.version != version or (held.to_at is not None and held.to_at <= now):
                raise ConflictError(
                    f"{held.edited_by} changed this {held.kind} first: it holds {_span(held.from_at, held.to_at)}. "
                    "Nothing was written. Reload the page and look again."
                )
            _end_pause(connection, held, now, viewer.email)
            detail = {
                "kind": held.kind.value,
                "before": _span(held.from_at, held.to_at),
                "after": _span(held.from_at, max(now, held.from_at)),
                "reason": words,
            }
            self._audit.append(connection, viewer.email, "requisition.resumed", f"requisition:{standing.id}", detail)
            self._written(connection, standing.id)
            return self._after(connection, standing, viewer)

    def let_managers_set_target_dates(self, viewer: Viewer, *, allowed: bool) -> None:
        """The setting behind a hiring manager's right to set target dates of own requisitions. Versioned, audited."""
        self._policy.require(viewer, Action.ADMIN_ACCESS)
        with self._store.write() as connection:
            before, version = _setting(connection)
            if before == allowed:
                return
            row = {"name": MANAGER_SETTING, "version": version + 1, "value": json.dumps(allowed)}
            connection.execute(insert(AppSetting).values(**row, changed_at=self._clock(), changed_by=viewer.email))
            detail = {"before": before, "after": allowed}
            self._audit.append(connection, viewer.email, "setting.changed", f"setting:{MANAGER_SETTING}", detail)

    # --- rights ------------------------------------------------------------------------------------------------------

    def _find(self, connection: Connection, requisition_id: int, viewer: Viewer, *, lock: bool = False) -> Standing:
        known = 0 < requisition_id < LARGEST_ID
        found = standing_of(connection, requisition_id, lock=lock) if known else None
        if found is None or not reaches(viewer.scope, found):
            raise NotFoundError(NOT_HERE)
        return self._with_rights(connection, found, viewer)

    def _after(self, connection: Connection, before: Standing, viewer: Viewer) -> Standing:
        """What was written: a recruiter who has just handed a requisition over sees the result, and no more."""
        found = standing_of(connection, before.id) or before
        return self._with_rights(connection, found, viewer) if reaches(viewer.scope, found) else found

    def _with_rights(self, connection: Connection, found: Standing, viewer: Viewer) -> Standing:
        everything = self._edits_all(viewer, found)
        own = self._manages(viewer, found) and _setting(connection)[0]
        fields = frozenset(Field) if everything else frozenset({Field.TARGET_ON} if own else ())
        return replace(found, may_edit=fields, may_pause=everything)

    def _edits_all(self, viewer: Viewer, standing: Standing) -> bool:
        """A role's right holds where that role reaches, not where another of the person's roles does."""
        if not self._policy.can(viewer, Action.REQUISITIONS_EDIT):
            return False
        if viewer.user_id is None:
            return True
        recruiter = standing.number(Field.RECRUITER)
        if Role.RECRUITER in viewer.roles and viewer.person_id is not None and recruiter == viewer.person_id:
            return True
        return Role.HRBP in viewer.roles and reaches(self._accounts.scope_as(viewer, Role.HRBP), standing)

    def _manages(self, viewer: Viewer, standing: Standing) -> bool:
        manager = standing.number(Field.HIRING_MANAGER)
        return Role.HIRING_MANAGER in viewer.roles and viewer.person_id is not None and manager == viewer.person_id

    # --- one change --------------------------------------------------------------------------------------------------

    def _accepted(self, connection: Connection, standing: Standing, viewer: Viewer, change: Change) -> Change:
        _require(standing, change.field)
        value = accepted(connection, change.field, change.value, standing)
        self._check_version(connection, standing.fields[change.field], change.version, value)
        return replace(change, value=value)

    def _check_version(self, connection: Connection, held: FieldStanding, version: int, typed: str) -> None:
        if version == held.version:
            return
        texts = {text for text in (held.value, typed) if text}
        words = worded(connection, {held.field: texts})
        shown = words.get((held.field, held.value or ""), held.value or "unknown")
        raise EditConflictError(held, typed, shown, words.get((held.field, typed), typed))

    def _check_effect(self, standing: Standing, change: Change, viewer: Viewer, *, confirmed: bool) -> None:
        if change.field is Field.OPENINGS:
            fewer = (standing.number(Field.OPENINGS) or 0) - int(change.value)
            if fewer > 0 and not confirmed:
                seats = "1 open seat" if fewer == 1 else f"{fewer} open seats"
                raise ConfirmationNeededError(f"This cancels {seats}. Confirm it, or enter the number as it was.")
        if change.field is Field.DEPARTMENT and not self._keeps_right(viewer, standing, change):
            raise InvalidInputError(
                "That team is outside of what you may edit, so you could not change it back. Ask its HR partner."
            )

    def _keeps_right(self, viewer: Viewer, standing: Standing, change: Change) -> bool:
        held = standing.fields[change.field]
        return self._edits_all(
            viewer, replace(standing, fields={**standing.fields, change.field: replace(held, edited=change.value)})
        )

    def _set(self, connection: Connection, standing: Standing, change: Change, reason: str, viewer: Viewer) -> None:
        held = standing.fields[change.field]
        is_source = change.value == held.source
        self._write_overlay(connection, standing, change, reason, viewer, on=not is_source)
        if is_source:
            self._give_back_parts(connection, standing, change.field)
        else:
            self._write_parts(connection, standing, change)
        self._note(connection, viewer, standing.id, change.field, held.value, change.value, reason)

    def _write_overlay(
        self, connection: Connection, standing: Standing, change: Change, reason: str, viewer: Viewer, *, on: bool
    ) -> None:
        held = standing.fields[change.field]
        values: dict[str, Any] = {
            "value": change.value,
            "source_value": held.source,
            "reason": reason,
            "is_active": on,
            "version": held.version + 1,
            "edited_by": viewer.email,
            "edited_at": self._clock().replace(microsecond=0),
        }
        key = {"requisition_id": standing.id, "field": change.field.value}
        if held.version == 0:
            connection.execute(insert(RequisitionOverlay).values(**key, **values))
            return
        row = RequisitionOverlay
        same = (row.requisition_id == standing.id, row.field == change.field.value, row.version == held.version)
        connection.execute(update(row).where(*same).values(**values))

    def _write_parts(self, connection: Connection, standing: Standing, change: Change) -> None:
        """Owners are intervals and seats are rows: what a later change must not move is written down by itself."""
        now = self._clock().replace(microsecond=0)
        if change.field in OWNER_PARTS:
            _own(connection, standing.id, OWNER_PARTS[change.field], int(change.value), now)
        if change.field is Field.OPENINGS:
            wanted = int(change.value) - int(standing.fields[Field.OPENINGS].source or 0)
            _keep_seats(connection, standing.id, max(0, wanted), now)

    def _give_back_parts(self, connection: Connection, standing: Standing, name: Field) -> None:
        if name in OWNER_PARTS:
            _own(connection, standing.id, OWNER_PARTS[name], None, self._clock().replace(microsecond=0))
        if name is Field.OPENINGS:
            _keep_seats(connection, standing.id, 0, self._clock())

    def _note(
        self,
        connection: Connection,
        viewer: Viewer,
        requisition_id: int,
        name: Field,
        before: str | None,
        after: str | None,
        reason: str,
    ) -> None:
        detail = {"field": name.value, "before": before, "after": after, "reason": reason}
        self._audit.append(connection, viewer.email, "requisition.edited", f"requisition:{requisition_id}", detail)

    def _written(self, connection: Connection, requisition_id: int) -> None:
        """The mart's next increment and the live lane see it."""
        write_changes(connection, "requisition", [requisition_id])
        follow(connection, requisitions=[requisition_id], now=self._clock())


def _reason(reason: object) -> str:
    words = " ".join(reason.split()) if isinstance(reason, str) else ""
    if not 0 < len(words) <= LONGEST_REASON:
        raise InvalidInputError(f"Say why in 1 to {LONGEST_REASON} characters.")
    return words


def _require(standing: Standing, name: Field) -> None:
    if name not in standing.may_edit:
        raise ForbiddenError(f"Your role does not change {LABELS[name].lower()} here. Ask the recruiter or HR partner.")


def _require_pause(standing: Standing) -> None:
    if not standing.may_pause:
        raise ForbiddenError("Your role does not hold or freeze this requisition. Ask the recruiter or HR partner.")


def _check_pause(standing: Standing, kind: PauseKind, start: datetime, end: datetime | None, now: datetime) -> None:
    if standing.source_status not in LIVE:
        raise ConflictError(f"The source says this requisition is {standing.source_status}: there is nothing to stop.")
    if end is not None and end <= start:
        raise InvalidInputError("It ends before it begins. Enter a later end, or none.")
    if standing.opened_at is not None and start < standing.opened_at:
        raise InvalidInputError(
            f"The requisition was opened on {on_date(standing.opened_at.date())}; begin after that."
        )
    if start > now + _LAST:
        raise InvalidInputError("That is more than ten years ahead. Begin it when it is nearer.")
    if kind is PauseKind.RELEASE and standing.status_at(now) != "on_hold":
        raise ConflictError("This requisition is not on hold any more. Reload the page.")
    for other in standing.pauses:
        if other.kind is kind and _overlap(start, end, other):
            raise ConflictError(
                f"There is a {kind} {_span(other.from_at, other.to_at)} by {other.edited_by} already ({other.reason}). "
                f"You entered {_span(start, end)}; nothing was written. End that one first, or choose other days."
            )


def _overlap(start: datetime, end: datetime | None, other: Pause) -> bool:
    return (end is None or other.from_at < end) and (other.to_at is None or start < other.to_at)


def _pause_effect(kind: PauseKind) -> str:
    if kind is PauseKind.RELEASE:
        return "This ends the source's hold here: the clock runs again and the role counts as open. Confirm it."
    return f"This {kind} stops the clock of the requisition and takes it out of the open pipeline. Confirm it."


def _end_pause(connection: Connection, held: Pause, now: datetime, email: str) -> None:
    row = RequisitionPause
    if held.from_at >= now:
        connection.execute(delete(row).where(row.id == held.id))
        return
    values = {"to_at": now, "version": held.version + 1, "edited_by": email, "edited_at": now}
    connection.execute(update(row).where(row.id == held.id, row.version == held.version).values(**values))


def _own(connection: Connection, requisition_id: int, part: str, person_id: int | None, now: datetime) -> None:
    connection.execute(
        insert(RequisitionOwnerEdit).values(requisition_id=requisition_id, part=part, person_id=person_id, from_at=now)
    )


def _keep_seats(connection: Connection, requisition_id: int, wanted: int, now: datetime) -> None:
    """As many seats of our own as are wanted; of too many the youngest go."""
    row = RequisitionSeatEdit
    mine = select(row.id).where(row.requisition_id == requisition_id).order_by(row.opened_at, row.id)
    held = list(connection.scalars(mine))
    for _ in range(wanted - len(held)):
        connection.execute(insert(row).values(requisition_id=requisition_id, opened_at=now))
    if held[wanted:]:
        connection.execute(delete(row).where(row.id.in_(held[wanted:])))


def _setting(connection: Connection) -> tuple[bool, int]:
    """Whether managers may set target dates, and the version that says so (0 = never set: they may not)."""
    query = select(AppSetting.value, AppSetting.version).where(AppSetting.name == MANAGER_SETTING)
    row = connection.execute(query.order_by(AppSetting.version.desc()).limit(1)).first()
    return (False, 0) if row is None else (json.loads(row.value) is True, row.version)


def _span(start: datetime, end: datetime | None) -> str:
    until = f"to {on_date(end.date())}" if end else "until it is ended"
    return f"from {on_date(start.date())} {until}"
