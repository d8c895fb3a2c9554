"""Surveys: kinds, cadences, scales and questions; what the answer page is told."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.domain.pipeline import SurveyKind


class Cadence(enum.StrEnum):
    PER_HIRE = "per_hire"
    WHILE_OPEN = "while_open"
    """Every N days as long as a requisition is open."""
    QUARTERLY = "quarterly"
    PER_DECISION = "per_decision"
    """Candidates, once their application is decided."""


CADENCES: Mapping[SurveyKind, tuple[Cadence, ...]] = {
    SurveyKind.HIRING_MANAGER_SATISFACTION: (Cadence.PER_HIRE, Cadence.WHILE_OPEN, Cadence.QUARTERLY),
    SurveyKind.CANDIDATE_EXPERIENCE: (Cadence.PER_DECISION,),
}
SCALES: Mapping[SurveyKind, tuple[int, ...]] = {
    SurveyKind.HIRING_MANAGER_SATISFACTION: tuple(range(1, 6)),
    SurveyKind.CANDIDATE_EXPERIENCE: tuple(range(11)),
}
ENDS: Mapping[SurveyKind, tuple[str, str]] = {
    SurveyKind.HIRING_MANAGER_SATISFACTION: ("very dissatisfied", "very satisfied"),
    SurveyKind.CANDIDATE_EXPERIENCE: ("not at all likely", "very likely"),
}
KPI_METRICS: Mapping[SurveyKind, str] = {
    SurveyKind.HIRING_MANAGER_SATISFACTION: "hiring_manager_satisfaction",
    SurveyKind.CANDIDATE_EXPERIENCE: "candidate_nps",
}
"""The metric that a kind's answers make up."""


@dataclass(frozen=True)
class SurveyForm:
    """What the holder of a link sees. ``about`` is the requisition's title; "" = none in particular."""

    kind: SurveyKind
    about: str
    is_answered: bool

    @property
    def question(self) -> str:
        if self.kind is SurveyKind.CANDIDATE_EXPERIENCE:
            return "How likely are you to recommend applying here to a friend?"
        return "How satisfied are you with the hiring?"

    @property
    def scale(self) -> tuple[int, ...]:
        return SCALES[self.kind]

    @property
    def ends(self) -> tuple[str, str]:
        return ENDS[self.kind]


@dataclass(frozen=True)
class SurveyStanding:
    """Where the surveys of a kind stand."""

    kind: SurveyKind
    sent: int
    """Entered for sending, whatever became of the mail."""
    delivered: int
    answered: int
    waiting: int
    """Delivered, neither answered nor over."""
    expired: int
    declined: int
    undelivered: int
    formal_from: date | None
    """From when on the score counts as a formal KPI; None = it does not."""

    @property
    def response_rate(self) -> float | None:
        """Answered of delivered; None = nothing was delivered."""
        return self.answered / self.delivered if self.delivered else None
