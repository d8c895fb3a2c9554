"""What of a requisition can be changed here, and how an edited value stands beside the source's."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.errors import ConflictError, InvalidInputError

URGENCIES = ("critical", "high", "normal", "low")
MOST_OPENINGS = 999
LONGEST_TARGET_DAYS = 999
LONGEST_REASON = 500


class Field(enum.StrEnum):
    TARGET_ON = "target_on"
    URGENCY = "urgency"
    JOB_FAMILY = "job_family_id"
    JOB_LEVEL = "job_level_id"
    DEPARTMENT = "department_id"
    RECRUITER = "recruiter_id"
    HIRING_MANAGER = "hiring_manager_id"
    OPENINGS = "openings"
    TARGET_DAYS = "target_days"
    """Net days to fill that were agreed for this requisition; no source knows it."""


LABELS: Mapping[Field, str] = {
    Field.TARGET_ON: "Target date",
    Field.URGENCY: "Urgency",
    Field.JOB_FAMILY: "Job family",
    Field.JOB_LEVEL: "Level",
    Field.DEPARTMENT: "Team",
    Field.RECRUITER: "Recruiter",
    Field.HIRING_MANAGER: "Hiring manager",
    Field.OPENINGS: "Openings",
    Field.TARGET_DAYS: "Target, net days",
}
OWNER_PARTS: Mapping[Field, str] = {Field.RECRUITER: "recruiter", Field.HIRING_MANAGER: "hiring_manager"}


class PauseKind(enum.StrEnum):
    HOLD = "hold"
    FREEZE = "freeze"
    RELEASE = "release"
    """The source's hold is over."""


class News(enum.StrEnum):
    """What the source has said of an edited field since."""

    NONE = "none"
    CAUGHT_UP = "caught_up"
    """The same: the edit can be given back, and nothing changes."""
    MOVED = "moved"
    """Something else than when it was edited: the edit still holds."""


@dataclass(frozen=True)
class FieldStanding:
    """Values as text, None = unknown. ``version`` 0 = never edited."""

    field: Field
    source: str | None
    edited: str | None = None
    """None = the source's value holds."""
    source_then: str | None = None
    version: int = 0
    reason: str = ""
    edited_by: str = ""
    edited_at: datetime | None = None

    @property
    def value(self) -> str | None:
        return self.source if self.edited is None else self.edited

    @property
    def news(self) -> News:
        if self.edited is None:
            return News.NONE
        if self.source == self.edited:
            return News.CAUGHT_UP
        return News.NONE if self.source == self.source_then else News.MOVED


@dataclass(frozen=True)
class Pause:
    """A hold or freeze made here, or the end of one of the source's."""

    id: int
    kind: PauseKind
    from_at: datetime
    to_at: datetime | None
    reason: str
    version: int
    edited_by: str

    def holds_at(self, moment: datetime) -> bool:
        return self.from_at <= moment and (self.to_at is None or self.to_at > moment)


@dataclass(frozen=True)
class Standing:
    """A requisition as the store has it at this moment, edits included."""

    id: int
    title: str
    code: str | None
    source_status: str
    region: str | None
    office_id: int | None
    opened_at: datetime | None
    filled: int
    fields: Mapping[Field, FieldStanding]
    pauses: tuple[Pause, ...] = ()
    may_edit: frozenset[Field] = field(default_factory=frozenset)
    """Fields this reader may change here."""
    may_pause: bool = False

    def number(self, name: Field) -> int | None:
        """The value of a field that is an id or a count."""
        value = self.fields[name].value
        return int(value) if value is not None and value.isdigit() else None

    def status_at(self, moment: datetime) -> str:
        """The source's status with the holds that were begun and ended here."""
        kinds = {pause.kind for pause in self.pauses if pause.holds_at(moment)}
        if self.source_status == "open" and PauseKind.HOLD in kinds:
            return "on_hold"
        if self.source_status == "on_hold" and PauseKind.RELEASE in kinds:
            return "open"
        return self.source_status


@dataclass(frozen=True)
class Change:
    """``version`` is the one the person looked at."""

    field: Field
    value: str
    version: int


class EditConflictError(ConflictError):
    """Somebody else changed the field after the person looked at it; nothing was written. Both values are in it."""

    def __init__(self, standing: FieldStanding, typed: str, shown: str, typed_shown: str) -> None:
        label = LABELS[standing.field]
        super().__init__(
            f"{label} was changed to {shown} by {standing.edited_by or 'the source'} while you had the form open. "
            f"You entered {typed_shown}; it is still in the form, and nothing was written. Look again, then save."
        )
        self.standing = standing
        self.typed = typed


class ConfirmationNeededError(InvalidInputError):
    """The change stops or ends something: it is to be confirmed. Says what would happen."""
