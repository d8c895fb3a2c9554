"""Greenhouse's words to ours: default rules, and the mapping file that overrides them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.domain.errors import InvalidInputError
from services.domain.pipeline import ReasonKind, RequisitionStatus, SourceChannel, Stage
from services.ingest.connectors.yaml_files import check_keys, choices, load_mapping, section

_OFFICE_FIELDS = frozenset(
    {"country", "subdivision", "region", "timezone", "city", "work_start", "work_end", "friday_end"}
)

_STAGE_RULES: tuple[tuple[str, Stage], ...] = (
    (r"\bhired?\b|accepted", Stage.HIRED),
    (r"\boffer", Stage.OFFER),
    (r"screen|phone|recruiter|\bintro|assigned|vetting", Stage.SCREEN),
    (r"take.?home|assessment|assignment|\btests?\b|challenge|exercise|case study", Stage.ASSESSMENT),
    (r"interview|on.?site|face to face|panel|final|loop|executive|superday", Stage.INTERVIEW),
    (r"application|applied|inbox|\bnew\b|review|sourced|lead", Stage.APPLIED),
)
_AROUND_INTERVIEW = re.compile(
    r"reference|background|consult|manager review|hiring manager|debrief|decision", re.IGNORECASE
)
"""Steps before the interviews in one plan and after them in another: placed by their order in the job."""

_CANDIDATE = (
    r"they (declined|rejected)|withdr|other offer|(took|accepted|found) an?other|relocat"
    r"|not interested|candidate (declined|decision)"
)
_FILLED = r"(position|role|job|req\w*) (was |is )?(filled|closed|cancel)|hired (someone|other)|hiring freeze"
_COMPANY = (
    r"we (rejected|declined)|not (a )?(fit|qualified)|lack|skill|experience|under.?qualified|over.?qualified|missing"
    r"|culture"
)
_REASON_RULES: tuple[tuple[str, ReasonKind], ...] = (
    (r"no.?show", ReasonKind.NO_SHOW),
    (r"unresponsive|no response|not respond|ghost|could not reach", ReasonKind.UNRESPONSIVE),
    (_CANDIDATE, ReasonKind.CANDIDATE),
    (_FILLED, ReasonKind.POSITION_FILLED),
    (r"(other|another|different) (job|requisition|position|role)|transfer", ReasonKind.TRANSFER),
    (_COMPANY, ReasonKind.COMPANY),
)
_REASON_TYPES = {
    "we rejected them": ReasonKind.COMPANY,
    "they rejected us": ReasonKind.CANDIDATE,
    "none specified": ReasonKind.UNKNOWN,
}

_CHANNEL_RULES: tuple[tuple[str, SourceChannel], ...] = (
    (r"internal", SourceChannel.INTERNAL),
    (r"referral|referred", SourceChannel.REFERRAL),
    (r"agenc|headhunt|staffing", SourceChannel.AGENCY),
    (r"universit|campus|school|college|student", SourceChannel.UNIVERSITY),
    (r"jobs? page|career|your website|company (website|market)", SourceChannel.CAREERS_SITE),
    (r"prospect|sourc|outreach|search|social", SourceChannel.SOURCED),
    (r"board|linkedin|indeed|glassdoor|stepstone|monster|xing|third.?party", SourceChannel.JOB_BOARD),
)

_CLOSED_AS = frozenset({
    RequisitionStatus.ON_HOLD.value, RequisitionStatus.FILLED.value, RequisitionStatus.CANCELLED.value,
})  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Names are compared without regard to case. What the mapping does not name follows the default rules."""

    stages: Mapping[str, str] = field(default_factory=dict)
    rejection_reasons: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    close_reasons: Mapping[str, str] = field(default_factory=dict)
    offices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def stage(self, names: Sequence[str], position: int) -> str | None:
        """The canonical stage of ``names[position]``, the job's stages in order; None = no rule knows it."""
        name = names[position]
        mapped = self.stages.get(_key(name))
        if mapped is not None:
            return mapped
        if _AROUND_INTERVIEW.search(name):
            later = (self.stage(names, place) for place in range(position + 1, len(names)))
            return (Stage.ASSESSMENT if Stage.INTERVIEW in later else Stage.INTERVIEW).value
        return _by_rule(name, _STAGE_RULES)

    def reason_kind(self, name: str, type_name: str | None) -> str:
        mapped = self.rejection_reasons.get(_key(name))
        if mapped is not None:
            return mapped
        by_name = _by_rule(name, _REASON_RULES)
        by_type = _REASON_TYPES.get(_key(type_name or ""))
        specific = {ReasonKind.NO_SHOW, ReasonKind.UNRESPONSIVE, ReasonKind.POSITION_FILLED, ReasonKind.TRANSFER}
        if by_type is not None and by_name not in specific:
            return by_type.value
        return by_name or ReasonKind.UNKNOWN.value

    def channel(self, name: str, type_name: str | None) -> str:
        mapped = self.sources.get(_key(name))
        by_name = mapped or _by_rule(name, _CHANNEL_RULES) or _by_rule(type_name or "", _CHANNEL_RULES)
        return by_name or SourceChannel.OTHER.value

    def closed_as(self, name: str | None) -> str | None:
        """What a close reason means for a seat; None = nothing but closed."""
        return self.close_reasons.get(_key(name or ""))

    def office(self, name: str) -> Mapping[str, str]:
        return self.offices.get(_key(name), {})


def load_vocabulary(path: Path | None) -> Vocabulary:
    """From a mapping file; None = default rules alone. Raises InvalidInputError."""
    if path is None:
        return Vocabulary()
    content = load_mapping(path)
    known = ("version", "stages", "rejection_reasons", "sources", "close_reasons", "offices")
    check_keys(path.name, content, known)
    offices: dict[str, dict[str, str]] = {}
    for name, values in section(path.name, content, "offices").items():
        where = f"{path.name}: offices: {name}"
        if not isinstance(values, dict):
            raise InvalidInputError(f"{where} must hold country, timezone and so on.")
        check_keys(where, values, _OFFICE_FIELDS)
        offices[_key(name)] = {str(key): str(value) for key, value in values.items()}
    return Vocabulary(
        _named(path, content, "stages", Stage),
        _named(path, content, "rejection_reasons", ReasonKind),
        _named(path, content, "sources", SourceChannel),
        _named(path, content, "close_reasons", _CLOSED_AS),
        offices,
    )


def _named(
    path: Path,
    content: Mapping[str, object],
    name: str,
    accepted: type[Stage | ReasonKind | SourceChannel] | frozenset[str],
) -> dict[str, str]:
    given = choices(f"{path.name}: {name}", section(path.name, content, name), [str(value) for value in accepted])
    return {_key(key): value for key, value in given.items()}


def _by_rule(name: str, rules: Sequence[tuple[str, Stage | ReasonKind | SourceChannel]]) -> str | None:
    return next((value.value for pattern, value in rules if re.search(pattern, name, re.IGNORECASE)), None)


def _key(name: str) -> str:
    return " ".join(name.split()).lower()
