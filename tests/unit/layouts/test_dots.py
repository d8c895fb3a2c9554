"""A dot and its 95 % line on one scale: what is judged, what is grey, what has no dot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from layouts.components.bars import dot_line
from layouts.components.chart import dot_chart
from layouts.components.panel import panel_data
from layouts.figures.dots import dots_figure
from services.domain.metric import Estimator, Reason, Row, Unit
from services.domain.views import Dot, DotPlot, Spread


def a_dot(label: str, value: float | None, n: int, low: float | None = None, high: float | None = None) -> Dot:
    reason = None if value is not None else Reason.TOO_FEW
    row = Row(
        "quality_of_hire_90", {}, value, Unit.SCORE, n, reason, low=low, high=high, estimator=Estimator.PLAIN_MEAN
    )
    return Dot(label, row)


PLOT = DotPlot(
    title="Quality",
    caption="",
    heading="Source",
    unit=Unit.SCORE,
    dots=(a_dot("Referral", 79.0, 73, 76.0, 82.0), a_dot("University", 71.0, 12, 62.0, 80.0), a_dot("Agency", None, 4)),
    reference=74.0,
    reference_label="All sources",
    finding="Referral 79.0 (76.0–82.0), University 71.0.",
    empty="Too few everywhere.",
)


def traces() -> dict[str, Any]:
    return {trace["uid"]: trace for trace in dots_figure(PLOT)["data"]}


def test_every_group_has_a_row_and_only_a_value_has_a_dot() -> None:
    figure = dots_figure(PLOT)
    assert figure["layout"]["yaxis"]["ticktext"] == ["Referral", "University", "Agency"]
    assert traces()["dots"]["x"] == [79.0]
    assert traces()["dots-thin"]["x"] == [71.0]
    words = [note["text"] for note in figure["layout"]["annotations"]]
    assert words == ["n 73", "n 12", "n under 5", "hidden", "All sources 74"]


def test_the_line_is_the_interval() -> None:
    error = traces()["dots"]["error_x"]
    assert (error["array"], error["arrayminus"]) == ([3.0], [3.0])


def test_the_chart_says_its_finding_and_has_a_table() -> None:
    assert getattr(dot_chart(PLOT, "chart"), "aria-label") == PLOT.finding
    sections = getattr(panel_data((), (), {}, {"quality": PLOT}), "data-sections")
    assert '["University","71.0","62.0","80.0","12"]' in sections
    assert '["Agency","hidden","–","–","under 5"]' in sections


def test_without_any_value_words_stand_there() -> None:
    drawn = dot_chart(replace(PLOT, dots=(a_dot("Agency", None, 4),)), "chart")
    assert drawn.children == "Too few everywhere."


def test_on_a_ratio_scale_half_and_double_are_equally_far_from_one() -> None:
    def place(value: float) -> float:
        spread = Spread(value, None, None, (0.25, 4.0), is_log=True)
        return float(dot_line(spread, value).children[-1].style["left"].rstrip("%"))

    assert place(1.0) == 50.0
    assert place(2.0) - 50.0 == 50.0 - place(0.5)
    assert place(99.0) == 100.0
