"""Capability 3 (6.6): when a figure is out of line with its own past, and by which rule."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.domain.errors import InvalidInputError
from services.domain.grains import Grain
from services.domain.metric import Answer, Query, Reason, Row, Unit
from services.domain.people import Viewer
from services.metrics.outliers import Rule, judge, newest
from services.metrics.query import QueryLayer
from tests.metric_scenes import EVA, RITA, FakeNames, SmallMart, SmallSnapshot

# median 50, deviations 3 2 2 1 1 0 0 1 1 2 2 3: MAD 1.5
USUAL = [53.0, 52, 52, 51, 51, 50, 50, 49, 49, 48, 48, 47]


def test_6_6_distance_in_robust_deviations() -> None:
    """0.6745 x 7.78 / 1.5 = 3.498 is inside, 7.79 gives 3.503."""
    inside, outside = judge(USUAL, 57.78, n=40), judge(USUAL, 57.79, n=40)
    assert (inside.rule, outside.rule) == (None, Rule.DISTANCE)
    assert (outside.median, outside.earlier, outside.score) == (50.0, 12, pytest.approx(0.6745 * 7.79 / 1.5))
    assert judge(USUAL, 42.0, n=40).rule is Rule.DISTANCE


def test_6_6_few_cases_are_no_outlier() -> None:
    assert judge(USUAL, 90.0, n=20).is_outlier
    assert not judge(USUAL, 90.0, n=19).is_outlier


def test_6_6_eight_earlier_periods_of_the_last_twelve_are_needed() -> None:
    gaps: list[float | None] = [None] * 4 + USUAL[:8]
    assert judge(gaps, 90.0, n=40).is_outlier
    gaps[4] = None
    assert judge(gaps, 90.0, n=40) == judge(gaps, 90.0, n=0)
    assert not judge(gaps, 90.0, n=40).is_outlier
    long_ago: list[float | None] = [*USUAL, *[None] * 5, *USUAL[:7]]
    assert judge(long_ago, 90.0, n=40).earlier == 7
    assert not judge(USUAL, None, n=40).is_outlier


def test_6_6_where_most_periods_are_equal_the_quartiles_decide() -> None:
    """MAD 0, quartiles 10 and 13: 3 / 1.349 = 2.224 a deviation, 3.5 of them are 7.78 from the median 10."""
    mostly = [10.0] * 7 + [12, 13, 13, 14, 15]
    assert judge(mostly, 17.7, n=40).rule is None
    assert judge(mostly, 17.8, n=40).rule is Rule.QUARTILES


def test_6_6_after_periods_all_alike_any_real_change_counts() -> None:
    alike = [20.0] * 12
    assert judge(alike, 22.0, n=40).rule is None
    assert judge(alike, 22.1, n=40).rule is Rule.CHANGE
    assert judge([2.0] * 12, 2.9, n=40).rule is None
    assert judge([0.20] * 12, 0.23, n=40, unit=0.01).rule is Rule.CHANGE
    assert judge([0.02] * 12, 0.025, n=40, unit=0.01).rule is None


def test_6_6_eight_in_a_row_on_one_side_are_said_once() -> None:
    seven = [*USUAL, 51.0, 51, 51, 51, 51, 51, 51]
    assert judge(seven[:-1], 51.0, n=40).rule is None
    assert judge(seven, 51.0, n=5).rule is Rule.RUN
    assert judge([*seven, 51.0], 51.0, n=40).rule is None
    assert judge(seven, 50.0, n=40).rule is None
    mixed = [*USUAL, 51.0, 51, 51, 49, 51, 51, 51]
    assert judge(mixed, 51.0, n=40).rule is None


class Monthly:
    """Answers a series by month."""

    def __init__(self, values: dict[str, float | None], n: int = 40) -> None:
        self.values, self.n, self.asked = values, n, list[Query]()

    def ask(self, query: Query, viewer: Viewer, /) -> Answer:
        self.asked.append(query)
        rows = [
            Row("time_to_fill", {"month": label}, value, Unit.DAYS, self.n, None if value else Reason.TOO_FEW)
            for label, value in self.values.items()
        ]
        return Answer(SmallSnapshot().as_of, "small", tuple(rows))


def months(values: list[float | None]) -> dict[str, float | None]:
    return {f"{2025 + index // 12}-{index % 12 + 1:02d}": value for index, value in enumerate(values)}


def test_6_6_the_newest_month_of_a_metric_and_scope() -> None:
    answers = Monthly(months([*USUAL, 60.0]))
    found = newest(answers, EVA, "time_to_fill", last_on=date(2026, 1, 20), where={"department": ("Sales",)})
    assert (found.period, found.row.value, found.judgement.rule) == ("2026-01", 60.0, Rule.DISTANCE)
    (asked,) = answers.asked
    assert (asked.by, asked.where) == (("month",), {"department": ("Sales",)})
    assert (asked.period.start, asked.period.end) == (date(2024, 5, 1), date(2026, 2, 1))


def test_6_6_hidden_periods_count_as_missing() -> None:
    hidden: list[float | None] = [None] * 5 + USUAL[:7]
    found = newest(Monthly(months([*hidden, 60.0])), EVA, "time_to_fill", last_on=date(2026, 1, 20))
    assert (found.judgement.rule, found.judgement.earlier) == (None, 7)


def test_6_6_a_period_after_the_data_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="after the data"):
        newest(Monthly(months(list(USUAL))), EVA, "time_to_fill", last_on=date(2027, 1, 20), grain=Grain.MONTH)


def test_6_6_through_the_query_layer_in_the_viewers_scope() -> None:
    """Fifty or so hires a month, then ninety: of the whole company an outlier, of Rita's own requisitions nothing."""
    mart = SmallMart(SmallSnapshot(as_of=datetime(2026, 3, 1, tzinfo=UTC)))
    mart.add("dim_requisition", {"requisition_id": 1, "recruiter_id": 205, "timezone": "UTC"})
    counts = [*(int(value) for value in USUAL), 90]
    key = 0
    for month, count in enumerate(counts):
        accepted = datetime(2025 + month // 12, month % 12 + 1, 15)  # noqa: DTZ001 - the mart's instants are naive UTC
        for _ in range(count):
            key += 1
            row = {"application_id": key, "requisition_id": 1, "accepted_at": accepted, "accepted_on": accepted.date()}
            mart.add("fact_application", row)
    layer = QueryLayer(mart, FakeNames())
    found = newest(layer, EVA, "hires", last_on=date(2026, 1, 31))
    assert (found.period, found.row.value, found.judgement.rule) == ("2026-01", 90, Rule.DISTANCE)
    assert found.judgement.median == 50
    assert not newest(layer, EVA, "hires", last_on=date(2025, 12, 31)).judgement.is_outlier
    assert newest(layer, RITA, "hires", last_on=date(2026, 1, 31)).row.value == 0
