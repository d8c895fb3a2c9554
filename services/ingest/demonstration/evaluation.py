"""Made-up interviews with feedback, background checks, candidate surveys and self-identification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.ingest.demonstration import names
from services.ingest.demonstration.company import (
    DAY,
    OFFICE_OFFSET,
    OFFICE_REGION,
    REGIONS,
    SYSTEM,
    Company,
    external,
    table,
)
from services.ingest.demonstration.funnel import OFFER, PANEL, SCREEN, ApplicationChunk
from services.ingest.demonstration.requisitions import RequisitionChunk
from services.ingest.demonstration.sink import NONE, BulkSink, Ints, Mask, only_where
from services.ingest.demonstration.stories import Stories
from services.store.tables import BackgroundCheck, Demographic, Feedback, Interview, SurveyAnswer

HOUR = 3600
FINAL = PANEL + 1
FEEDBACK_MEDIAN_HOURS = 31.0
MISSING_FEEDBACK = 0.05
CANDIDATE_ANSWERS = 0.34


@dataclass
class Draft:
    """What the writers of one chunk share."""

    sink: BulkSink
    rng: np.random.Generator
    company: Company
    stories: Stories
    chunk: RequisitionChunk
    drawn: ApplicationChunk
    ids: Ints
    """Application ids."""
    until: int


def into_working_hours(rng: np.random.Generator, at: Ints, office: Ints) -> Ints:
    """The same local day, or the Monday after, at a full or half hour between 9 and 16 local (standard time)."""
    local = at + OFFICE_OFFSET[office]
    day = local // DAY
    weekday = (day + 3) % 7
    day = day + np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))
    placed: Ints = day * DAY + 9 * HOUR + rng.integers(0, 14, len(at)) * (HOUR // 2) - OFFICE_OFFSET[office]
    return placed


def while_awake(rng: np.random.Generator, at: Ints, office: Ints) -> Ints:
    """As it is between 8 and 18 on a local weekday, else in the morning of the next one: nobody writes at night."""
    local = at + OFFICE_OFFSET[office]
    day, second = local // DAY, local % DAY
    morning = 8 * HOUR + rng.integers(0, 4 * HOUR, len(at))
    day = day + (second >= 18 * HOUR)
    second = np.where((second < 8 * HOUR) | (second >= 18 * HOUR), morning, second)
    weekday = (day + 3) % 7
    day = day + np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))
    awake: Ints = day * DAY + second - OFFICE_OFFSET[office]
    return awake


def write_interviews(draft: Draft, first_id: int) -> int:
    """Interviews of panel and final stages and the feedback owed; returns the next free interview id."""
    rng, drawn = draft.rng, draft.drawn
    for stage, rounds in ((PANEL, 2), (FINAL, 1)):
        for number in range(rounds):
            here = (drawn.entered[stage] != NONE) & (rng.random(len(draft.ids)) < (1.0 if number == 0 else 0.6))
            first_id = _write_round(draft, stage, number, np.flatnonzero(here), first_id)
    return first_id


def _write_round(draft: Draft, stage: int, number: int, who: Ints, first_id: int) -> int:
    rng, drawn, count = draft.rng, draft.drawn, len(who)
    office = draft.chunk.office[drawn.requisition[who]]
    entered, exited = drawn.entered[stage][who], drawn.exited[stage][who]
    length = np.where(exited == NONE, 6 * DAY, exited - entered)
    wanted = entered + (length * (0.25 + 0.3 * number + 0.15 * rng.random(count))).astype(np.int64)
    starts = into_working_hours(rng, wanted, office)
    ends = starts + rng.choice([45, 60], count) * 60
    draw = rng.random(count)
    status = np.where(draw < 0.03, "cancelled", np.where(draw < 0.05, "candidate_no_show", "held")).astype(object)
    status[(ends > draft.until) & (status == "held")] = "scheduled"
    ids = np.arange(first_id, first_id + count)
    draft.sink.add(
        table(Interview),
        {"id": ids, "source_system": SYSTEM, "external_id": external("interview", ids)}
        | {"application_id": draft.ids[who], "stage_id": np.full(count, stage + 1), "status": status}
        | {"name": names.STAGES[stage][0], "scheduled_at": entered, "starts_at": starts, "ends_at": ends},
    )
    seats = [(1.0, False), (0.45, False), (0.04, True)]
    for seat, (share, shadow) in enumerate(seats):
        chosen = (rng.random(count) < share) & (status != "scheduled")
        panel = _Panel(ids[chosen], drawn.requisition[who][chosen], ends[chosen])
        # the manager sees everybody who comes to the final interview, and sits on every third panel
        is_manager = (seat == 0) & ((stage == FINAL) | (panel.interview % 3 == 0))
        _write_feedback(draft, panel, f"{seat}", shadow=shadow, is_manager=is_manager)
    return first_id + count


class _Panel(NamedTuple):
    """Interviews, the requisitions they are for (positions in the chunk) and when they ended."""

    interview: Ints
    requisition: Ints
    ends: Ints


def _write_feedback(draft: Draft, asked: _Panel, suffix: str, *, shadow: bool, is_manager: Mask) -> None:
    interview, requisition, ends = asked
    rng, count = draft.rng, len(interview)
    team = draft.chunk.team[requisition]
    region = OFFICE_REGION[draft.chunk.office[requisition]]
    pairs = zip(team.tolist(), region.tolist(), strict=True)
    panel = draft.company.interviewers
    interviewer = np.array([rng.choice(panel[t][r :: len(REGIONS)]) for t, r in pairs], dtype=np.int64)
    interviewer = np.where(is_manager, draft.chunk.manager[requisition], interviewer)
    slow = team == draft.company.teams.index(draft.stories.slow_panel_team)
    hours = rng.lognormal(np.log(FEEDBACK_MEDIAN_HOURS), 0.75, count) * draft.chunk.promptness[requisition]
    hours = np.where(slow, hours * draft.stories.slow_panel_delay_factor, hours)
    written = ends + np.maximum(300, hours * HOUR).astype(np.int64)
    submitted = while_awake(rng, written, draft.chunk.office[requisition])
    missing = rng.random(count) < np.where(slow, 3 * MISSING_FEEDBACK, MISSING_FEEDBACK)
    submitted = np.where(missing | (submitted > draft.until), NONE, submitted)
    draft.sink.add(
        table(Feedback),
        {
            "source_system": SYSTEM,
            "external_id": [f"feedback-{number}-{suffix}" for number in interview.tolist()],
            "interview_id": interview,
            "interviewer_id": interviewer,
            "submitted_at": submitted,
            "is_shadow": shadow,
            "recommendation": only_where(submitted != NONE, rng.choice(["yes", "no", "strong_yes"], count)),
        },
    )


def write_checks(draft: Draft) -> None:
    """A background check for everyone with an offer; one vendor loses results."""
    rng, drawn = draft.rng, draft.drawn
    who = np.flatnonzero(drawn.entered[OFFER] != NONE)
    vendor = rng.choice(names.CHECK_VENDORS, len(who))
    ordered = drawn.entered[OFFER][who] + rng.integers(2 * HOUR, 40 * HOUR, len(who))
    known = ordered <= draft.until
    who, vendor, ordered = who[known], vendor[known], ordered[known]
    lost = rng.random(len(who)) < np.where(
        vendor == draft.stories.losing_vendor, draft.stories.losing_vendor_share, 0.004
    )
    done = ordered + (rng.lognormal(np.log(4.0), 0.5, len(who)) * DAY).astype(np.int64)
    done = np.where(lost | (done > draft.until), NONE, done)
    draft.sink.add(
        table(BackgroundCheck),
        {
            "source_system": SYSTEM,
            "external_id": external("check", draft.ids[who]),
            "application_id": draft.ids[who],
            "vendor": vendor,
            "kind": "background",
            "ordered_at": ordered,
            "completed_at": done,
            "outcome": only_where(done != NONE, np.where(rng.random(len(who)) < 0.97, "clear", "review")),
        },
    )


def write_candidate_surveys(draft: Draft) -> None:
    """0 to 10 from candidates whose application ended after the screen; hired ones answer kinder."""
    rng, drawn = draft.rng, draft.drawn
    who = np.flatnonzero((drawn.ended != NONE) & (drawn.stop_stage >= SCREEN) & (rng.random(len(draft.ids)) < 0.8))
    sent = drawn.ended[who] + DAY
    who, sent = who[sent <= draft.until], sent[sent <= draft.until]
    hired = drawn.outcome[who] == "hired"
    back = sent + rng.integers(HOUR, 9 * DAY, len(who))
    answered = (rng.random(len(who)) < np.where(hired, 0.7, CANDIDATE_ANSWERS)) & (back <= draft.until)
    score = np.clip(np.round(rng.normal(np.where(hired, 8.8, 7.0), 1.9)), 0, 10)
    draft.sink.add(
        table(SurveyAnswer),
        {
            "source_system": SYSTEM,
            "external_id": external("candidate-survey", draft.ids[who]),
            "kind": "candidate_experience",
            "application_id": draft.ids[who],
            "requisition_id": draft.chunk.id[drawn.requisition[who]],
            "respondent": external("candidate", draft.ids[who]),
            "delivered_at": sent,
            "answered_at": np.where(answered, back, NONE),
            "score": only_where(answered, score),
        },
    )


def write_demographics(draft: Draft) -> None:
    """Asked from the screen on, everywhere for gender, in the United States also for race; some decline."""
    rng, drawn = draft.rng, draft.drawn
    asked = np.flatnonzero((drawn.stop_stage >= SCREEN) & (rng.random(len(draft.ids)) < 0.94))
    in_us = np.array([office.country == "US" for office in names.OFFICES])
    american = in_us[draft.chunk.office[drawn.requisition[asked]]]
    questions = (
        ("gender", asked, ["woman", "man", "non-binary", "declined"], [0.42, 0.46, 0.02, 0.10]),
        (
            "race",
            asked[american],
            ["white", "black", "asian", "hispanic", "two_or_more", "pacific_islander", "declined"],
            [0.48, 0.12, 0.14, 0.13, 0.03, 0.005, 0.095],
        ),
    )
    for question, who, answers, shares in questions:
        draft.sink.add(
            table(Demographic),
            {
                "source_system": SYSTEM,
                "external_id": external(question, draft.ids[who]),
                "application_id": draft.ids[who],
                "asked_at": drawn.applied[who],
                "question": question,
                "answer": rng.choice(answers, len(who), p=shares),
            },
        )
