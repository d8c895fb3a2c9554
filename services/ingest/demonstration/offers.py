"""Made-up offers with versions and pay, hires, onboarding, reviews and the hiring manager's answer."""

from __future__ import annotations

import numpy as np

from services.ingest.demonstration import names
from services.ingest.demonstration.company import DAY, SYSTEM, external, table
from services.ingest.demonstration.evaluation import Draft
from services.ingest.demonstration.funnel import OFFER
from services.ingest.demonstration.sink import NONE, Ints, Mask, Objects, only_where
from services.store.tables import Hire, OfferVersion, OnboardingTask, PerformanceReview, SurveyAnswer

CURRENCY = {"DE": "EUR", "FR": "EUR", "GB": "GBP", "US": "USD", "CA": "CAD", "SG": "SGD", "IN": "INR"}
PAY_FACTOR = {"EUR": 1.0, "GBP": 0.9, "USD": 1.3, "CAD": 1.4, "SGD": 1.5, "INR": 38.0}
LEVEL_PAY = np.array([42_000, 54_000, 70_000, 86_000, 98_000, 140_000])


def write_offers(draft: Draft) -> None:
    """One chain per application that got an offer; one in six asked for more and got a second version."""
    rng, drawn = draft.rng, draft.drawn
    who = np.flatnonzero(drawn.entered[OFFER] != NONE)
    extended = drawn.entered[OFFER][who]
    answered = drawn.exited[OFFER][who]
    answer = _answers(rng, draft, who, answered)
    room = (answered == NONE) | (answered - extended > 2 * DAY)
    second = (rng.random(len(who)) < 0.16) & room & (extended + 2 * DAY <= draft.until)
    pay = _pay(rng, draft, who)
    base = {"source_system": SYSTEM}
    keys = np.array(external("offer", draft.ids[who]), dtype=object)
    first = np.where(second, "superseded", answer)
    raised = (np.asarray(pay["salary_minor"], dtype=np.float64) * 1.04).astype(np.int64)
    common: dict[str, Objects | Ints] = {
        "application_id": draft.ids[who],
        "offer_key": keys,
        "currency": pay["currency"],
    }
    common |= {"band_min_minor": pay["low"], "band_max_minor": pay["high"]}
    undone = np.where(drawn.undone[who] != NONE, drawn.undone[who], NONE)
    undone_by = only_where(undone != NONE, rng.choice(["candidate", "candidate", "company", "no_show"], len(who)))
    table_ = table(OfferVersion)
    draft.sink.add(
        table_,
        base
        | common
        | {"external_id": [f"{key}#1" for key in keys], "version": 1, "extended_at": extended}
        | {"answered_at": np.where(second, extended + DAY, answered), "answer": first}
        | {"undone_at": np.where(second, NONE, undone), "undone_by": only_where(~second, undone_by)}
        | {"salary_minor": pay["salary_minor"]},
    )
    later = {name: values[second] for name, values in common.items()}
    draft.sink.add(
        table_,
        base
        | later
        | {"external_id": [f"{key}#2" for key in later["offer_key"]], "version": 2}
        | {"extended_at": (extended + 2 * DAY)[second], "answered_at": answered[second], "answer": answer[second]}
        | {"undone_at": undone[second], "undone_by": undone_by[second], "salary_minor": raised[second]},
    )


def _answers(rng: np.random.Generator, draft: Draft, who: Ints, answered: Ints) -> Objects:
    drawn = draft.drawn
    said_no = rng.choice(["declined", "declined", "declined", "expired", "candidate_withdrew"], len(who))
    outcome = drawn.outcome[who]
    answer = np.where(drawn.accepted[who] != NONE, "accepted", said_no).astype(object)
    answer[outcome == "position_filled"] = "rescinded"
    answer[answered == NONE] = "pending"
    return answer


def _pay(rng: np.random.Generator, draft: Draft, who: Ints) -> dict[str, Objects | Ints]:
    requisition = draft.drawn.requisition[who]
    country = [names.OFFICES[o].country for o in draft.chunk.office[requisition].tolist()]
    currency = [CURRENCY[code] for code in country]
    middle = LEVEL_PAY[draft.chunk.level[requisition]] * np.array([PAY_FACTOR[code] for code in currency])
    paid = middle * rng.normal(1.0, 0.08, len(who))
    return {
        "salary_minor": (np.round(paid, -2) * 100).astype(np.int64),
        "low": (np.round(middle * 0.85, -2) * 100).astype(np.int64),
        "high": (np.round(middle * 1.2, -2) * 100).astype(np.int64),
        "currency": np.array(currency, dtype=object),
    }


def write_hires(draft: Draft, first_id: int) -> int:
    """Accepted offers as the HRIS knows them; one in thirty is missing there. Returns the next free hire id."""
    rng, drawn = draft.rng, draft.drawn
    valid = (drawn.accepted != NONE) & (drawn.undone == NONE)
    who = np.flatnonzero(valid & (rng.random(len(draft.ids)) < 0.97))
    count = len(who)
    ids = np.arange(first_id, first_id + count)
    planned = drawn.accepted[who] // DAY + rng.integers(14, 75, count)
    started = planned + np.where(rng.random(count) < 0.12, rng.integers(3, 20, count), 0)
    started = np.where(started * DAY <= draft.until, started, NONE)
    office = draft.chunk.office[drawn.requisition[who]]
    slow = office == [o.name for o in names.OFFICES].index(draft.stories.provisioning_office)
    productive = started + np.clip(rng.normal(84 + 25 * slow, 22, count), 20, 240).astype(np.int64)
    leaving = started + np.clip(rng.exponential(1900, count), 10, 5000).astype(np.int64)
    left = np.where((started != NONE) & (leaving * DAY <= draft.until), leaving, NONE)
    known = (started != NONE) & (productive * DAY <= draft.until) & ((left == NONE) | (productive < left))
    draft.sink.add(
        table(Hire),
        {
            "id": ids,
            "source_system": SYSTEM,
            "external_id": external("hire", draft.ids[who]),
            "application_id": draft.ids[who],
            "planned_start_on": planned,
            "started_on": started,
            "left_on": left,
            "leave_cause": only_where(left != NONE, rng.choice(["voluntary", "voluntary", "involuntary"], count)),
            "employment": "employee",
            "productive_on": np.where(known, productive, NONE),
            "target_days": 90,
        },
    )
    _write_onboarding(draft, ids, planned, slow)
    _write_reviews(draft, ids, who, started, left)
    _write_manager_answers(draft, ids, who)
    return first_id + count


def _write_onboarding(draft: Draft, hires: Ints, planned: Ints, slow: Mask) -> None:
    rng = draft.rng
    for number, name in enumerate(names.ONBOARDING_TASKS):
        due = planned - (0 if number else 7)
        delay = rng.integers(-4, 2, len(hires)) + (number == 1) * slow * draft.stories.provisioning_delay_days
        done = due + delay
        done = np.where((done * DAY > draft.until) | (rng.random(len(hires)) < 0.03), NONE, done)
        draft.sink.add(
            table(OnboardingTask),
            {"source_system": SYSTEM, "external_id": [f"task-{h}-{number}" for h in hires.tolist()], "hire_id": hires}
            | {"name": name, "due_on": due, "done_on": done},
        )


def _write_reviews(draft: Draft, hires: Ints, who: Ints, started: Ints, left: Ints) -> None:
    rng = draft.rng
    at = started + 95
    due = (
        (started != NONE) & (at * DAY <= draft.until) & ((left == NONE) | (left > at)) & (rng.random(len(hires)) < 0.9)
    )
    rater = draft.chunk.manager[draft.drawn.requisition[who]]
    rating = np.clip(np.round(rng.normal(3.6, 0.8, len(hires))), 1, 5)
    draft.sink.add(
        table(PerformanceReview),
        {"source_system": SYSTEM, "external_id": external("review", hires[due]), "hire_id": hires[due]}
        | {"rater_id": rater[due], "cycle": "90 days", "reviewed_on": at[due]}
        | {"scale_min": 1.0, "scale_max": 5.0, "rating": rating[due]},
    )


def _write_manager_answers(draft: Draft, hires: Ints, who: Ints) -> None:
    rng, drawn = draft.rng, draft.drawn
    sent = drawn.accepted[who] + 3 * DAY
    known = sent <= draft.until
    back = sent + rng.integers(3600, 12 * DAY, len(hires))
    answered = (rng.random(len(hires)) < 0.7) & (back <= draft.until)
    score = np.clip(np.round(rng.normal(4.1, 0.8, len(hires))), 1, 5)
    manager = draft.chunk.manager[drawn.requisition[who]]
    draft.sink.add(
        table(SurveyAnswer),
        {
            "source_system": SYSTEM,
            "external_id": external("manager-survey", hires[known]),
            "kind": "hiring_manager_satisfaction",
            "application_id": draft.ids[who][known],
            "requisition_id": draft.chunk.id[drawn.requisition[who]][known],
            "respondent": external("person", manager[known]),
            "delivered_at": sent[known],
            "answered_at": np.where(answered, back, NONE)[known],
            "score": only_where(answered, score)[known],
        },
    )
