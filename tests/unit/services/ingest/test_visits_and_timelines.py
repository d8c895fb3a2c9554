"""2: visits and status intervals are the same whatever the order in which the source tells its parts."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.timeline import HOLD, Interval, base_timeline, stated_timeline, with_holds
from services.ingest.visits import StageEvent, derive_visits

MOMENTS = [f"2026-01-{day:02d} 08:00:00" for day in range(1, 29)]
EVENTS = st.lists(
    st.builds(StageEvent, st.uuids().map(str), st.integers(1, 5), st.sampled_from(MOMENTS), st.none()), max_size=8
)


@given(EVENTS, st.randoms(use_true_random=False), st.sampled_from([None, MOMENTS[-1]]))
def test_the_order_of_events_does_not_matter(events: list[StageEvent], order: object, ended: str | None) -> None:
    shuffled = list(events)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    ranks = {stage: stage for stage in range(1, 6)}
    assert derive_visits(shuffled, ranks, ended) == derive_visits(events, ranks, ended)


@given(EVENTS, st.sampled_from([None, MOMENTS[-1]]))
def test_visits_follow_each_other_without_a_gap(events: list[StageEvent], ended: str | None) -> None:
    visits = derive_visits(events, {}, ended)
    assert [visit.exited_at for visit in visits[:-1]] == [visit.entered_at for visit in visits[1:]]
    assert not visits or visits[-1].exited_at == ended


def test_an_exit_the_source_states_is_kept_even_if_it_leaves_a_gap() -> None:
    one = StageEvent("1", 1, MOMENTS[0], MOMENTS[2])
    two = StageEvent("2", 2, MOMENTS[5], None)
    assert [visit.exited_at for visit in derive_visits([two, one], {}, None)] == [MOMENTS[2], None]


def at(day: int) -> str:
    return f"2026-01-{day:02d} 00:00:00"


def spans(intervals: list[Interval]) -> list[tuple[str, str, str | None]]:
    return [(one.status, one.from_at[8:10], one.to_at and one.to_at[8:10]) for one in intervals]


def test_a_requisition_is_open_from_its_opening_and_ends_as_it_says() -> None:
    assert spans(base_timeline(at(1), None, None)) == [("open", "01", None)]
    assert spans(base_timeline(at(1), at(9), "filled")) == [("open", "01", "09"), ("filled", "09", None)]
    assert spans(base_timeline(at(1), at(9), "open")) == [("open", "01", "09"), ("closed", "09", None)]
    assert base_timeline(None, at(9), "cancelled") == []


def test_stated_rows_are_gap_free_and_the_last_word_on_a_moment_counts() -> None:
    rows = [
        Interval("open", at(3), at(4)),
        Interval("approved", at(1), None),
        Interval("cancelled", at(6), None),
        Interval("on_hold", at(6), None),
    ]
    assert spans(stated_timeline(rows)) == [("approved", "01", "03"), ("open", "03", "06"), ("on_hold", "06", None)]


def hold(start: int, end: int | None) -> Interval:
    return Interval(HOLD, at(start), at(end) if end else None)


def test_holds_lie_over_open_time_only() -> None:
    base = base_timeline(at(5), at(20), "cancelled")
    laid = with_holds(base, [hold(15, 25), hold(1, 7)])
    assert spans(laid) == [
        ("on_hold", "05", "07"),
        ("open", "07", "15"),
        ("on_hold", "15", "20"),
        ("cancelled", "20", None),
    ]


def test_a_hold_that_is_corrected_takes_the_place_of_the_old_one() -> None:
    once = with_holds(base_timeline(at(1), None, None), [hold(5, None)])
    assert spans(once) == [("open", "01", "05"), ("on_hold", "05", None)]
    corrected = with_holds(once, [hold(5, 9)])
    assert spans(corrected) == [("open", "01", "05"), ("on_hold", "05", "09"), ("open", "09", None)]


DAYS = st.integers(2, 14)
HOLDS = st.lists(st.builds(lambda start, length: hold(start, start + length), DAYS, DAYS), max_size=5)


@given(HOLDS)
@example([hold(2, 4), hold(3, 7), hold(4, 6)])
@example([hold(2, 8), hold(3, 5), hold(5, 7)])
def test_holds_in_several_deliveries_are_as_in_one(holds: list[Interval]) -> None:
    distinct = list({one.from_at: one for one in holds}.values())
    base = base_timeline(at(1), None, None)
    piecewise: list[Interval] = base
    for one in sorted(distinct, key=lambda interval: interval.from_at):
        piecewise = with_holds(piecewise, [one])
    held = {day for one in with_holds(base, distinct) if one.status == HOLD for day in _days(one)}
    assert held == {day for one in piecewise if one.status == HOLD for day in _days(one)}
    assert held == {day for one in distinct for day in _days(one)}


def _days(interval: Interval) -> set[int]:
    return set(range(int(interval.from_at[8:10]), int((interval.to_at or at(31))[8:10])))
