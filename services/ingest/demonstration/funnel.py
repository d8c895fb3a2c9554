"""Made-up applications on their way through the stages. Vectorised over one chunk of requisitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.ingest.demonstration import names
from services.ingest.demonstration.company import DAY, Company
from services.ingest.demonstration.requisitions import RequisitionChunk, shift_for_stop
from services.ingest.demonstration.sink import NONE, Floats, Ints, Mask, Objects
from services.ingest.demonstration.stories import Stories

STAGES = len(names.STAGES)
OFFER = STAGES - 1
PANEL = 3
SCREEN, ASSESSMENT = 1, 2
APPLICATIONS_PER_SEAT = 82
ARRIVAL_DAYS = 38.0

# Published: applications per hire by origin (1/16, 1/22, 1/72, 1/152) and the share that gets a screen; the rest of
# the way is spread over the later stages. University and internal have no published rate.
SOURCE_RATE = np.array([1 / 16, 1 / 22, 1 / 72, 1 / 152, 1 / 152, 1 / 110, 1 / 9])
SCREEN_RATE = np.array([0.57, 0.59, 0.21, 0.13, 0.13, 0.20, 0.72])
SCREEN_TO_ASSESSMENT, ASSESSMENT_TO_PANEL, FINAL_TO_OFFER = 0.62, 0.60, 0.62
# Share of offers taken, by department (published by function: engineering 0.59 to customer service 0.78).
ACCEPTANCE = np.array([0.68, 0.76, 0.80, 0.84, 0.78, 0.74])
FAMILY_FACTOR = {"Customer support": 1.5, "Operations": 1.4, "Engineering": 0.72, "Sales": 0.8}
SIMPSON_LIFT, SIMPSON_DRAG = 1.45, 0.85
STAGE_DAYS = np.array([3.6, 5.2, 5.5, 6.5, 5.0, 4.2])


@dataclass
class ApplicationChunk:
    """Arrays of one chunk. ``entered[s]`` NONE = never in stage s. ``stop_stage`` = the last stage entered."""

    requisition: Ints
    """Position in the requisition chunk."""
    source: Ints
    applied: Ints
    entered: Ints
    """Shape (stages, applications)."""
    exited: Ints
    stop_stage: Ints
    accepted: Ints
    """When the offer was accepted, NONE = not."""
    undone: Ints
    outcome: Objects
    reason: Ints
    """Exit reason id, NONE = none."""
    ended: Ints

    def keep(self, wanted: Mask) -> ApplicationChunk:
        """The chunk restricted to ``wanted``."""
        return ApplicationChunk(
            *(values[:, wanted] if values.ndim == 2 else values[wanted] for values in vars(self).values())
        )


def draw_applications(
    rng: np.random.Generator, company: Company, stories: Stories, chunk: RequisitionChunk, until: int
) -> ApplicationChunk:
    """Simulate all applications of the chunk and close the requisitions that fill; sets ``chunk.closed``."""
    per_requisition = rng.poisson(APPLICATIONS_PER_SEAT * chunk.seats**0.85)
    requisition = np.repeat(np.arange(len(chunk.id)), per_requisition)
    count = len(requisition)
    source = _sources(rng, company, stories, chunk, requisition)
    applied = chunk.opened[requisition] + (rng.exponential(ARRIVAL_DAYS, count) * DAY).astype(np.int64)
    applied = shift_for_stop(chunk, requisition, applied)
    stop_stage = _last_stage(rng, company, stories, chunk, requisition, source)
    entered, exited = _times(rng, stories, chunk, requisition, applied, stop_stage)
    took = rng.random(count) < ACCEPTANCE[chunk.department[requisition]]
    accepted = np.where((stop_stage == OFFER) & took, exited[OFFER], NONE)
    undone = np.where(
        (accepted != NONE) & (rng.random(count) < 0.035), accepted + rng.integers(2, 20, count) * DAY, NONE
    )
    outcome, reason = _endings(rng, stop_stage, accepted)
    ended = exited[stop_stage, np.arange(count)]
    drawn = ApplicationChunk(
        requisition, source, applied, entered, exited, stop_stage, accepted, undone, outcome, reason, ended
    )
    _close(rng, chunk, drawn)
    return _cut(drawn, until)


def _sources(
    rng: np.random.Generator, company: Company, stories: Stories, chunk: RequisitionChunk, requisition: Ints
) -> Ints:
    shares = np.array([share for _, _, share in names.SOURCES])
    source = rng.choice(len(shares), len(requisition), p=shares / shares.sum())
    labels = [name for name, _, _ in names.SOURCES]
    better, rival = labels.index(stories.simpson_source), labels.index(stories.simpson_rival)
    family = np.array(company.families)[chunk.family[requisition]]
    swap = rng.random(len(source)) < 0.85
    easy, hard = family == stories.simpson_easy_family, family == stories.simpson_hard_family
    source = np.where(easy & (source == better) & swap, rival, source)
    return np.where(hard & (source == rival) & swap, better, source)


def _last_stage(
    rng: np.random.Generator,
    company: Company,
    stories: Stories,
    chunk: RequisitionChunk,
    requisition: Ints,
    source: Ints,
) -> Ints:
    """The last stage each application would reach if its requisition stayed open."""
    family = np.array(company.families)[chunk.family[requisition]]
    factor = np.ones(len(source))
    for name, value in FAMILY_FACTOR.items():
        factor = np.where(family == name, value, factor)
    labels = [name for name, _, _ in names.SOURCES]
    factor = np.where(source == labels.index(stories.simpson_source), factor * SIMPSON_LIFT, factor)
    factor = np.where(source == labels.index(stories.simpson_rival), factor * SIMPSON_DRAG, factor)
    screen = np.clip(SCREEN_RATE[source] * factor**0.5, 0.02, 0.95)
    acceptance = ACCEPTANCE[chunk.department[requisition]]
    rest = SOURCE_RATE[source] * factor * 1.35 / (screen * acceptance)
    to_final = np.clip(rest / (SCREEN_TO_ASSESSMENT * ASSESSMENT_TO_PANEL * FINAL_TO_OFFER), 0.02, 0.9)
    ones = np.ones(len(source))
    passing: list[Floats] = [
        screen,
        SCREEN_TO_ASSESSMENT * ones,
        ASSESSMENT_TO_PANEL * ones,
        to_final,
        FINAL_TO_OFFER * ones,
    ]
    reached = np.ones(len(source), dtype=bool)
    last = np.zeros(len(source), dtype=np.int64)
    for chance in passing:
        reached &= rng.random(len(source)) < chance
        last += reached
    return last


def _times(
    rng: np.random.Generator,
    stories: Stories,
    chunk: RequisitionChunk,
    requisition: Ints,
    applied: Ints,
    stop_stage: Ints,
) -> tuple[Ints, Ints]:
    count = len(applied)
    entered = np.full((STAGES, count), NONE)
    exited = np.full((STAGES, count), NONE)
    busy_index = [name for name, _, _ in names.DEPARTMENTS].index(stories.over_capacity_department)
    busy = chunk.department[requisition] == busy_index
    skipped = (rng.random(count) < 0.06) & (stop_stage > ASSESSMENT)
    clock = applied.copy()
    for stage in range(STAGES):
        here = stop_stage >= stage
        if stage == ASSESSMENT:
            here &= ~skipped
        days = rng.lognormal(np.log(STAGE_DAYS[stage]), 0.62, count)
        if stage == SCREEN - 1:
            days = np.where(busy, days * stories.over_capacity_factor, days)
        leaving = shift_for_stop(chunk, requisition, clock + np.maximum(600, days * DAY).astype(np.int64))
        # the stop moved the entry already; do not move the exit twice
        moved = shift_for_stop(chunk, requisition, clock)
        leaving = np.where(moved > clock, clock + np.maximum(600, days * DAY).astype(np.int64), leaving)
        entered[stage] = np.where(here, clock, NONE)
        exited[stage] = np.where(here, leaving, NONE)
        clock = np.where(here, leaving, clock)
    return entered, exited


def _endings(rng: np.random.Generator, stop_stage: Ints, accepted: Ints) -> tuple[Objects, Ints]:
    draw = rng.random(len(stop_stage))
    candidate_share = np.array([0.04, 0.16, 0.20, 0.16, 0.15, 0.9])[stop_stage]
    by_candidate = draw < candidate_share
    outcome = np.where(by_candidate, "withdrawn", "rejected").astype(object)
    reason = np.where(by_candidate, rng.choice([4, 5], len(draw)), rng.choice([1, 2, 3], len(draw)))
    unresponsive = (rng.random(len(draw)) < 0.05) & ~by_candidate & (stop_stage < OFFER)
    reason = np.where(unresponsive, rng.choice([6, 7], len(draw)), reason)
    archived = (rng.random(len(draw)) < 0.015) & ~by_candidate & (stop_stage < OFFER)
    outcome[archived] = "archived"
    reason = np.where(archived, 10, reason)
    reason = np.where((stop_stage == OFFER) & by_candidate, 11, reason)
    outcome[accepted != NONE] = "hired"
    return outcome, np.where(accepted != NONE, NONE, reason)


def _close(rng: np.random.Generator, chunk: RequisitionChunk, drawn: ApplicationChunk) -> None:
    """Fill seats in the order of acceptance and end what was still running when the last one was taken.

    Most of those that never fill are given up after five to eleven months.
    """
    counts = (drawn.accepted != NONE) & (drawn.undone == NONE)
    order = np.flatnonzero(counts)[np.argsort(drawn.accepted[counts], kind="stable")]
    places: dict[int, list[int]] = {}
    for position in order.tolist():
        places.setdefault(int(drawn.requisition[position]), []).append(int(drawn.accepted[position]))
    closed = np.full(len(chunk.id), NONE)
    for requisition, instants in places.items():
        seats = int(chunk.seats[requisition])
        if len(instants) >= seats:
            closed[requisition] = instants[seats - 1]
    given_up = (closed == NONE) & (chunk.cancelled == NONE) & (rng.random(len(closed)) < 0.88)
    patience = chunk.opened + rng.integers(150 * DAY, 330 * DAY, len(closed))
    chunk.cancelled = np.where(given_up, np.maximum(patience, chunk.stop_to + DAY), chunk.cancelled)
    gone = (chunk.cancelled != NONE) & ((closed == NONE) | (chunk.cancelled < closed))
    chunk.closed = np.where(gone, NONE, closed)
    chunk.cancelled = np.where(closed == NONE, chunk.cancelled, np.where(gone, chunk.cancelled, NONE))
    end = np.where(chunk.closed != NONE, chunk.closed, chunk.cancelled)[drawn.requisition]
    filled = (chunk.closed != NONE)[drawn.requisition]
    drawn.applied = np.where((end != NONE) & (drawn.applied >= end), NONE, drawn.applied)
    late = (end != NONE) & (drawn.ended > end) & (drawn.applied != NONE)
    drawn.outcome[late & filled] = "position_filled"
    drawn.outcome[late & ~filled] = "rejected"
    drawn.reason = np.where(late, np.where(filled, 8, 9), drawn.reason)
    drawn.ended = np.where(late, end, drawn.ended)
    drawn.accepted = np.where((drawn.accepted > end) & late, NONE, drawn.accepted)
    _truncate(drawn, np.where(late, end, NONE))


def _truncate(drawn: ApplicationChunk, end: Ints) -> None:
    """Nothing happens to an application after ``end`` (NONE = no end)."""
    for stage in range(STAGES):
        never = (end != NONE) & (drawn.entered[stage] != NONE) & (drawn.entered[stage] >= end)
        drawn.entered[stage][never] = NONE
        drawn.exited[stage][never] = NONE
        cut = (end != NONE) & (drawn.exited[stage] > end)
        drawn.exited[stage][cut] = end[cut]
    drawn.stop_stage = STAGES - 1 - np.argmax(drawn.entered[::-1] != NONE, axis=0)
    drawn.undone = np.where(drawn.accepted == NONE, NONE, drawn.undone)


def _cut(drawn: ApplicationChunk, until: int) -> ApplicationChunk:
    """What is known at ``until``: later applications do not exist, later exits have not happened."""
    drawn = drawn.keep((drawn.applied != NONE) & (drawn.applied <= until))
    _truncate_future(drawn, until)
    return drawn


def _truncate_future(drawn: ApplicationChunk, until: int) -> None:
    for stage in range(STAGES):
        never = drawn.entered[stage] > until
        drawn.entered[stage][never] = NONE
        drawn.exited[stage][never | (drawn.exited[stage] > until)] = NONE
    drawn.stop_stage = STAGES - 1 - np.argmax(drawn.entered[::-1] != NONE, axis=0)
    drawn.accepted = np.where(drawn.accepted > until, NONE, drawn.accepted)
    drawn.undone = np.where((drawn.undone > until) | (drawn.accepted == NONE), NONE, drawn.undone)
    running = drawn.ended > until
    drawn.outcome[running] = None
    drawn.reason = np.where(running, NONE, drawn.reason)
    drawn.ended = np.where(running, NONE, drawn.ended)
