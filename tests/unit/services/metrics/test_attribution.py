"""Capability 3 (5.1): credits add up to the hires exactly, and shown credits still do."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.attribution import Held, Stop, credits_of, displayed, owner_at


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


Q1 = [
    Held("Rita", at("2026-03-01T00:00+01:00"), at("2026-03-29T00:00+01:00")),
    Held("Omar", at("2026-03-29T00:00+01:00"), None),
]
Q1_HOLD = [Stop(at("2026-04-01T00:00+02:00"), at("2026-04-04T00:00+02:00"))]
Q2 = [
    Held("Rita", at("2026-01-01T00:00+00:00"), at("2026-01-11T00:00+00:00")),
    Held("Omar", at("2026-01-11T00:00+00:00"), at("2026-01-21T00:00+00:00")),
    Held("Lea", at("2026-01-21T00:00+00:00"), None),
]
X1 = credits_of(Q1, Q1_HOLD, at("2026-03-01T00:00+01:00"), at("2026-04-10T00:00+02:00"))
X2 = credits_of(Q2, [], at("2026-01-01T00:00+00:00"), at("2026-01-31T00:00+00:00"))


def test_g11_split_by_time_held_over_a_clock_change_and_a_hold() -> None:
    first, second = dict(X1), dict(X2)
    assert first == {"Rita": Fraction(672, 887), "Omar": Fraction(215, 887)}
    assert second == dict.fromkeys(("Rita", "Omar", "Lea"), Fraction(1, 3))
    totals = {name: first.get(name, Fraction(0)) + credit for name, credit in second.items()}
    assert [round(float(total), 6) for total in totals.values()] == [1.090943, 0.575723, 0.333333]
    assert sum(totals.values()) == 2


def test_g11_shown_credits_still_add_up() -> None:
    assert displayed(X2) == {"Rita": Fraction("0.34"), "Omar": Fraction("0.33"), "Lea": Fraction("0.33")}
    assert displayed(X1) == {"Rita": Fraction("0.76"), "Omar": Fraction("0.24")}


def test_g11_primary_is_who_owned_it_at_the_acceptance() -> None:
    assert owner_at(Q1, at("2026-04-10T00:00+02:00")) == "Omar"
    assert owner_at(Q2, at("2026-01-31T00:00+00:00")) == "Lea"


def test_in_a_gap_it_is_who_owned_it_last_and_before_the_first_nobody() -> None:
    holds = [Held("Rita", 10, 20), Held("Omar", 30, 40)]
    assert [owner_at(holds, at) for at in (5, 10, 20, 25, 30, 50)] == [None, "Rita", "Rita", "Rita", "Omar", "Omar"]
    assert owner_at([Held("Rita", 0, None), Held("Omar", 5, 8)], 9) == "Rita"


def test_where_the_clock_never_ran_the_last_owner_has_it_all() -> None:
    held = [Held("Rita", 0, 50), Held("Omar", 50, None)]
    assert credits_of(held, [Stop(0, None)], 0, 100) == {"Omar": Fraction(1)}
    assert credits_of(held, [], 60, 60) == {"Omar": Fraction(1)}
    assert credits_of([Held("Rita", 90, None)], [], 0, 80) == {}


moments = st.integers(0, 1_000)
holds_of_a_requisition = st.lists(
    st.tuples(st.sampled_from(["Rita", "Omar", "Lea"]), moments, st.one_of(st.none(), moments)), max_size=6
)


@given(holds_of_a_requisition, st.lists(st.tuples(moments, moments), max_size=3), moments, moments)
def test_5_1_credits_of_a_hire_add_up_to_one(
    rows: list[tuple[str, int, int | None]], stops: list[tuple[int, int]], first: int, second: int
) -> None:
    holds = [Held(*row) for row in rows if row[2] is None or row[2] > row[1]]
    starts = sorted({moment for stop in stops for moment in stop})
    disjoint = [Stop(start, end) for start, end in zip(starts[::2], starts[1::2], strict=False)]
    opened, accepted = sorted((first, second))
    found = credits_of(holds, disjoint, opened, accepted)
    is_owned = any(held.start <= accepted for held in holds)
    assert sum(found.values()) == (1 if is_owned else 0)
    assert all(0 < credit <= 1 for credit in found.values())


@given(st.lists(st.fractions(0, 3, max_denominator=97), min_size=1, max_size=12), st.integers(0, 4))
def test_5_1_what_is_shown_adds_up_to_the_rounded_sum(values: list[Fraction], decimals: int) -> None:
    unit = 10**decimals
    shown = displayed(dict(enumerate(values)), decimals)
    assert sum(shown.values()) * unit == int(sum(values) * unit + Fraction(1, 2))
    assert all(abs(shown[key] - value) < Fraction(1, unit) for key, value in enumerate(values))
