"""X3 and 5.4: every counted and skipped interval of one requisition, offer or feedback, and that it adds up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dashapp.explanation_commands import trace_text
from services.domain.clock_traces import ClockTrace, TracedClock
from services.domain.errors import InvalidInputError, NotFoundError
from services.domain.metric import Query
from services.domain.people import Agreed, ColumnClass, Viewer
from services.mart.apart import build_apart
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.metrics.clock_traces import ClockTraces
from services.metrics.day_names import StoreDayNames
from services.metrics.names import StoreNames
from services.metrics.query import QueryLayer
from services.store import tables as t
from services.store.database import Store
from services.store.migrations import migrate
from tests.command_line import CommandLine
from tests.mart_scenes import Company, at, day
from tests.metric_scenes import HANA, MAX, OPERATOR, OTTO, RITA

AS_OF = at("2026-06-01T00:00")
ON_HOLD, GAP = "requisition on hold", "between cancellation and re-opening"
TWICE, SPRING, CANCELLED, REOPENED, FROZEN, HELD_CHILD, TWO_SEATS = range(1, 8)


def five_cases(company: Company) -> None:
    """5.4: held twice, over the change of clocks, cancelled while held, re-opened, frozen over a hold."""
    company.found()
    opened = at("2026-03-02T09:00+01:00")
    for number in range(1, 8):
        department = 2 if number in {FROZEN, HELD_CHILD} else 3
        company.requisition(number, opened, department_id=department, requisition_code=f"R-{number}")
        company.add(t.Opening, id=number, requisition_id=number, opened_at=opened)
    company.status(
        TWICE, ("open", opened), ("on_hold", at("2026-03-10T09:00+01:00")), ("open", at("2026-03-12T09:00+01:00")),
        ("on_hold", at("2026-03-16T09:00+01:00")), ("open", at("2026-03-17T21:00+01:00")),
    )  # fmt: skip
    company.status(
        SPRING, ("open", opened), ("on_hold", at("2026-03-28T09:00+01:00")), ("open", at("2026-03-30T09:00+02:00"))
    )
    company.status(
        CANCELLED,
        ("open", opened),
        ("on_hold", at("2026-03-10T09:00+01:00")),
        ("cancelled", at("2026-03-20T09:00+01:00")),
    )
    company.status(
        REOPENED, ("open", opened), ("cancelled", at("2026-03-10T09:00+01:00")), ("open", at("2026-03-15T09:00+01:00"))
    )
    company.status(
        FROZEN, ("open", opened), ("on_hold", at("2026-03-10T09:00+01:00")), ("open", at("2026-03-14T09:00+01:00"))
    )
    company.status(HELD_CHILD, ("open", opened))
    company.status(TWO_SEATS, ("open", opened))
    company.add(
        t.Freeze, id=1, scope="department", scope_value="1",
        from_at=at("2026-03-12T09:00+01:00"), to_at=at("2026-03-18T09:00+01:00"),
    )  # fmt: skip
    company.add(t.FreezeExemption, id=1, freeze_id=1, requisition_id=HELD_CHILD)
    company.add(t.Opening, id=20, requisition_id=TWO_SEATS, opened_at=at("2026-03-05T09:00+01:00"))


def offers_and_feedback(company: Company) -> None:
    """Two offers to one applicant of R-1; four forms: Good Friday, leave, early, missing."""
    company.application(1, TWICE, at("2026-03-03T09:00+01:00"))
    company.visits(
        1, (1, at("2026-03-03T09:00+01:00")), (2, at("2026-03-09T09:00+01:00")), (4, at("2026-03-11T09:00+01:00"))
    )
    accepted = {
        "extended_at": at("2026-03-24T09:00+01:00"),
        "answered_at": at("2026-03-30T09:00+02:00"),
        "answer": "accepted",
    }
    first = {
        "extended_at": at("2026-03-18T09:00+01:00"),
        "answered_at": at("2026-03-20T09:00+01:00"),
        "answer": "declined",
    }
    company.add(t.OfferVersion, id=1, application_id=1, offer_key="a", **first)
    company.add(t.OfferVersion, id=2, application_id=1, offer_key="b", **accepted)
    company.set(t.Application, 1, outcome="hired", ended_at=accepted["answered_at"])
    company.set(t.Opening, TWICE, application_id=1, filled_at=accepted["answered_at"])
    forms = (
        (1, 1, "2026-04-02T12:00+02:00", "2026-04-07T12:00+02:00"),
        (2, 3, "2026-03-30T15:00+02:00", "2026-04-07T11:00+02:00"),
        (3, 1, "2026-04-01T15:00+02:00", "2026-04-01T13:33+02:00"),
        (4, 1, "2026-05-29T16:00+02:00", None),
    )
    for number, interviewer, ended, submitted in forms:
        company.add(t.Interview, id=number, application_id=1, status="held", ends_at=at(ended))
        came = at(submitted) if submitted else None
        company.add(t.Feedback, id=number, interview_id=number, interviewer_id=interviewer, submitted_at=came)
    company.requisition(30, at("2026-03-02"), office_id=2)
    company.application(30, 30, at("2026-03-03"))
    company.add(t.Interview, id=30, application_id=30, status="held", ends_at=at("2026-03-09"))
    company.add(t.Feedback, id=5, interview_id=30, interviewer_id=1, submitted_at=at("2026-03-10"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('traces') / 'hireboard.sqlite'}")
    migrate(store)
    with Company(store).writing() as company:
        five_cases(company)
        offers_and_feedback(company)
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def snapshots(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots") / "mart"
    build_apart(store.url.render_as_string(hide_password=False), folder)
    return folder


@pytest.fixture(scope="module")
def traces(store: Store, snapshots: Path) -> ClockTraces:
    return ClockTraces(MartReader(snapshots), StoreDayNames(store))


@pytest.fixture(scope="module")
def layer(store: Store, snapshots: Path) -> QueryLayer:
    return QueryLayer(MartReader(snapshots), StoreNames(store))


def skipped(clock: TracedClock) -> list[tuple[str, str, str]]:
    return [
        (f"{one.start:%d %b %H:%M}", f"{one.end:%d %b %H:%M}", one.reason) for one in clock.steps if not one.counted
    ]


def requisition(traces: ClockTraces, number: int, viewer: Viewer = OPERATOR, as_of: datetime = AS_OF) -> TracedClock:
    clock, *_ = traces.trace("requisition", str(number), viewer, as_of).clocks
    return clock


def test_5_4_held_and_released_twice(traces: ClockTraces) -> None:
    clock = requisition(traces, TWICE)
    assert skipped(clock) == [("10 Mar 09:00", "12 Mar 09:00", ON_HOLD), ("16 Mar 09:00", "17 Mar 21:00", ON_HOLD)]
    # 2 March 09:00 to 30 March 09:00 are 28 days less the lost hour
    assert (clock.state, clock.elapsed_seconds, clock.skipped_seconds) == (
        "filled",
        28 * 86_400 - 3_600,
        int(3.5 * 86_400),
    )
    assert clock.value == 24.5


def test_5_4_a_hold_over_the_change_of_clocks_is_47_hours(traces: ClockTraces) -> None:
    clock = requisition(traces, SPRING)
    [hold] = [one for one in clock.steps if not one.counted]
    assert (hold.seconds, hold.clock_change_seconds) == (47 * 3_600, 3_600)
    assert [hold.start.isoformat(), hold.end.isoformat()] == ["2026-03-28T09:00:00+01:00", "2026-03-30T09:00:00+02:00"]
    text = trace_text(traces.trace("requisition", str(SPRING), OPERATOR, AS_OF))
    line = "- 2026-03-28 09:00+0100 to 2026-03-30 09:00+0200 1 d 23:00 requisition on hold, clocks forward 01:00"
    assert line in " ".join(text.split())


def test_5_4_cancelled_while_on_hold_ends_there(traces: ClockTraces) -> None:
    clock = requisition(traces, CANCELLED)
    assert (clock.state, clock.value) == ("cancelled", 8.0)
    assert skipped(clock) == [("10 Mar 09:00", "20 Mar 09:00", ON_HOLD)]
    # a week before the cancellation nobody knew of it
    assert requisition(traces, CANCELLED, as_of=at("2026-03-13T08:00")).state == "open"


def test_5_4_the_gap_before_a_reopening_is_skipped(traces: ClockTraces) -> None:
    clock = requisition(traces, REOPENED)
    assert clock.state == "open"
    assert skipped(clock) == [("10 Mar 09:00", "15 Mar 09:00", GAP)]


def test_5_4_a_freeze_over_a_hold_is_skipped_once_and_both_are_named(traces: ClockTraces) -> None:
    freeze = "hiring freeze of department Engineering"
    clock = requisition(traces, FROZEN)
    assert skipped(clock) == [
        ("10 Mar 09:00", "12 Mar 09:00", ON_HOLD),
        ("12 Mar 09:00", "14 Mar 09:00", f"{freeze} and {ON_HOLD}"),
        ("14 Mar 09:00", "18 Mar 09:00", freeze),
    ]
    assert clock.skipped_seconds == 8 * 86_400
    assert skipped(requisition(traces, HELD_CHILD)) == []


def test_x3_each_seat_has_its_own_clock(traces: ClockTraces) -> None:
    trace = traces.trace("requisition", "R-7", OPERATOR, AS_OF)
    assert [(clock.subject, clock.steps[0].start.day) for clock in trace.clocks] == [("seat 7", 2), ("seat 20", 5)]


def test_x3_an_offer_runs_through_holds_and_says_so(traces: ClockTraces) -> None:
    to_offer, to_hire = traces.trace("offer", "2", OPERATOR, AS_OF).clocks
    assert (to_offer.metric, to_offer.value, to_offer.skipped_seconds) == ("days_to_offer", 15.0, 0)
    assert (to_hire.state, to_hire.value) == ("accepted", 27.0)
    reasons = [one.reason for one in to_hire.steps]
    assert reasons[:3] == ["in applied", "in screen", f"in screen; {ON_HOLD} (this clock runs on)"]
    assert reasons[-3:] == ["version 1 waits for an answer", "after: declined", "version 2 waits for an answer"]


def test_x3_feedback_names_every_kind_of_pause(traces: ClockTraces) -> None:
    easter = traces.trace("feedback", "1", OPERATOR, AS_OF).clocks[0]
    assert (easter.value, easter.unit) == (8.0, "business_hours")
    assert [reason for _, _, reason in skipped(easter)] == [
        "outside working hours", "Good Friday", "weekend", "Easter Monday", "outside working hours",
    ]  # fmt: skip
    away = traces.trace("feedback", "2", OPERATOR, AS_OF).clocks[0]
    assert away.value == 4.0
    on_leave = [one for one in skipped(away) if one[2] == "interviewer on leave"]
    assert on_leave == [(f"{on} 09:00", f"{on} 17:00", "interviewer on leave") for on in ("31 Mar", "01 Apr", "02 Apr")]
    early = traces.trace("feedback", "3", OPERATOR, AS_OF).clocks[0]
    assert (early.value, early.steps, early.remarks) == (
        0.0,
        (),
        ("submitted before the interview's end: counts as 0",),
    )
    missing = traces.trace("feedback", "4", OPERATOR, AS_OF).clocks[0]
    assert (missing.state, missing.value) == ("missing", 1.0)


def test_x3_whoever_may_not_see_it_gets_the_answer_for_a_missing_one(traces: ClockTraces) -> None:
    def refusal(kind: str, key: str, viewer: Viewer) -> str:
        with pytest.raises(NotFoundError) as caught:
            traces.trace(kind, key, viewer, AS_OF)
        return str(caught.value).replace(key, "N")

    everything = replace(OPERATOR.scope)
    no_candidates = replace(OTTO, scope=everything, classes=frozenset({ColumnClass.GENERAL}))
    for kind, viewers in (
        ("requisition", (OTTO, RITA, MAX, HANA)),
        ("offer", (OTTO, RITA, no_candidates)),
        ("feedback", (OTTO, MAX, no_candidates)),
    ):
        for viewer in viewers:
            assert refusal(kind, "1", viewer) == refusal(kind, "99999", OPERATOR), (kind, viewer.name)
    agreed = replace(OPERATOR, scope=replace(everything, agreed=Agreed(("DE",), (), None)))
    assert refusal("feedback", "1", agreed) == refusal("feedback", "99999", OPERATOR)
    # her desk is in Berlin, the role in Oakland: the agreement goes with the person
    berlin = replace(OPERATOR, scope=replace(everything, agreed=Agreed((), (1,), None)))
    assert refusal("feedback", "5", berlin) == refusal("feedback", "99999", OPERATOR)
    assert traces.trace("feedback", "5", OPERATOR, AS_OF).clocks[0].state == "submitted"
    rita = replace(RITA, person_id=1, scope=replace(RITA.scope, recruiter_id=1))
    assert traces.trace("feedback", "1", rita, AS_OF).clocks[0].value == 8.0  # her own form
    assert requisition(traces, TWICE, rita).value == 24.5
    with pytest.raises(InvalidInputError, match="requisition, offer, feedback"):
        traces.trace("interview", "1", OPERATOR)


def test_x3_the_command_prints_and_audits(store: Store, snapshots: Path) -> None:
    line = CommandLine(store.url.render_as_string(hide_password=False), snapshots.parent)
    document = line.json("metrics", "trace", "requisition", "R-5", "--as-of", "2026-06-01")
    [clock] = document["clocks"]
    assert clock["seconds"]["counted"] + clock["seconds"]["skipped"] == clock["seconds"]["elapsed"]
    assert document["as_of"] == "2026-06-01T00:00:00Z"
    assert {step["reason"] for step in clock["steps"] if not step["counted"]} >= {ON_HOLD}
    status, text, _ = line.run("metrics", "trace", "requisition", "R-5", "--as-of", "2026-06-01")
    assert (status, "hiring freeze of department Engineering and requisition on hold" in text) == (0, True)
    status, _, errors = line.run("metrics", "trace", "offer", "777")
    assert (status, "Check the number" in errors) == (1, True)
    with store.read() as connection:
        audited = connection.scalars(
            sa.select(t.AuditEvent.action).where(t.AuditEvent.action == "metrics.traced")
        ).all()
    assert len(audited) == 2


WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
"""An example is a seed: a smaller one is no simpler, and each takes seconds."""


def at_random(company: Company, dice: random.Random) -> None:
    """Twenty requisitions that are held, frozen, cancelled and re-opened at random; forms with and without leave."""
    company.found()
    moment = iter(range(10**6))
    for number in range(1, 21):
        opened = day(dice.uniform(0, 40))
        company.requisition(
            number,
            opened,
            department_id=dice.randint(1, 3),
            office_id=dice.randint(1, 2),
            requisition_code=f"R-{number}",
        )
        steps: list[tuple[str, datetime]] = [("open", opened)]
        for _ in range(dice.randint(0, 5)):
            steps.append(
                (dice.choice(["on_hold", "open", "cancelled"]), steps[-1][1] + (day(dice.uniform(0.01, 9)) - day(0)))
            )
        company.status(number, *steps)
        end = steps[-1][1] + (day(dice.uniform(0, 20)) - day(0))
        company.application(number, number, opened)
        filled: dict[str, Any] = {"application_id": number, "filled_at": end} if dice.random() < 0.6 else {}
        company.add(t.Opening, id=number, requisition_id=number, opened_at=opened, **filled)
        company.add(t.Interview, id=number, application_id=number, status="held", ends_at=end)
        submitted = end + (day(dice.uniform(-0.2, 20)) - day(0)) if dice.random() < 0.7 else None
        company.add(
            t.Feedback, id=number, interview_id=number, interviewer_id=dice.randint(1, 4), submitted_at=submitted
        )
    for _ in range(6):
        began = day(dice.uniform(0, 70))
        scope, value = dice.choice(
            [("department", "1"), ("department", "3"), ("company", None), ("country", "US"), ("requisition", "4")]
        )
        ended = began + (day(dice.uniform(0.1, 12)) - day(0)) if dice.random() < 0.8 else None
        company.add(t.Freeze, id=100 + next(moment), scope=scope, scope_value=value, from_at=began, to_at=ended)


def assert_same(trace: ClockTrace, row: Any) -> None:
    [clock] = trace.clocks
    assert clock.counted_seconds + clock.skipped_seconds == clock.elapsed_seconds
    assert [one.end for one in clock.steps[:-1]] == [one.start for one in clock.steps[1:]]  # without a hole
    assert clock.value == pytest.approx(row.value, abs=1e-9), trace_text(trace)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING)
@given(seed=st.integers(0, 10**6), until=st.sampled_from(["2026-02-20T11:17", "2026-05-04T16:30"]))
def test_x3_a_trace_equals_what_the_query_layer_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, until: str
) -> None:
    folder = tmp_path_factory.mktemp("random")
    store = Store(f"sqlite:///{folder / 'hireboard.sqlite'}")
    migrate(store)
    with Company(store).writing() as company:
        at_random(company, random.Random(seed))
    store.dispose()  # the build reads with another library: nothing of ours may hold the file
    Mart(store.url.render_as_string(hide_password=False), folder / "mart").build()
    reader = MartReader(folder / "mart")
    layer, traces = QueryLayer(reader, StoreNames(store)), ClockTraces(reader, StoreDayNames(store))
    as_of = at(until)
    names = ("time_to_fill_filled", "requisition_age", "feedback_turnaround")
    answer = layer.ask(Query(names, by=("requisition",), as_of=as_of, raw=True), OPERATOR)
    checked = 0
    for row in answer.rows:
        number = str(row.dims["requisition"]).split()[0].removeprefix("R-")
        if row.metric == "feedback_turnaround":
            trace = traces.trace("feedback", number, OPERATOR, as_of)
            is_known = row.value is not None
        else:
            trace = traces.trace("requisition", number, OPERATOR, as_of)
            is_known = row.value is not None and row.n == 1
        if is_known:
            assert_same(trace, row)
            checked += 1
    store.dispose()
    assert checked > 5
