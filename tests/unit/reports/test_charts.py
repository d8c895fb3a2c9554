"""Charts for paper: linear, from zero, interrupted where nothing is known."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from reports import charts

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own output


def bars_of(svg: str, colour: str | None = None) -> list[float]:
    return [
        float(rect.get("width", "0")) for rect in parsed(svg).iter(f"{SVG}rect") if colour in {None, rect.get("fill")}
    ]


def test_the_funnel_is_linear_and_prints_every_count():
    bars = [
        charts.FunnelBar("Applied", 612, "612"),
        charts.FunnelBar("Screen", 306, "306", "50%", "company 34%", "on"),
        charts.FunnelBar("Hired", 0, "0", "hidden"),
    ]
    svg = charts.funnel(bars, title="Pass-through: 612, 306, 0")
    assert bars_of(svg, "#0f5c8c")[0] == pytest.approx(bars_of(svg, "#0b4a72")[0] / 2, abs=0.01)
    for text in ("612", "306", ">0<", "50%", "company 34%", "hidden"):
        assert text in svg


def test_a_funnel_nobody_entered_has_no_bars():
    svg = charts.funnel([charts.FunnelBar("Applied", 0, "0"), charts.FunnelBar("Hired", 0, "0")], title="none")
    assert set(bars_of(svg)) == {186.0}


def test_a_month_without_a_value_interrupts_the_line():
    svg = charts.sparkline([1.0, 2.0, None, 2.0, 3.0], title="x")
    assert svg.count("<polyline") == 2
    assert charts.sparkline([None, None], title="x") == ""
    assert "circle" in charts.sparkline([4.0], title="x")


def test_the_trend_starts_at_zero_and_its_labels_do_not_overlap():
    marks = [charts.TrendMark(str(index), 40.0, 39.5, 40.5, 40.2) for index in range(6)]
    svg = charts.trend(marks, title="flat", words=charts.TrendWords("40.0", "Target 40", "Company 40.2"), target=40.0)
    labels = [
        float(text.get("y", "0"))
        for text in parsed(svg).iter(f"{SVG}text")
        if text.text in {"40.0", "Target 40", "Company 40.2", "P25", "P75"}
    ]
    assert len(labels) == 5
    assert min(abs(a - b) for i, a in enumerate(sorted(labels)) for b in sorted(labels)[:i]) >= 9
    assert re.search(r">0</text>", svg)


def test_a_trend_without_any_value_draws_nothing():
    assert charts.trend([charts.TrendMark("Oct", None)], title="x", words=charts.TrendWords("")) == ""


def test_a_value_from_few_is_drawn_hollow_and_grey():
    svg = charts.trend(
        [charts.TrendMark("Sep", 4.0), charts.TrendMark("Oct", 5.0, is_faint=True)],
        title="x",
        words=charts.TrendWords("5.0"),
    )
    last = list(parsed(svg).iter(f"{SVG}circle"))[-1]
    assert (last.get("fill"), last.get("stroke")) == ("#fff", charts.HOLD)


@pytest.mark.parametrize(("value", "width"), [(0.0, None), (5.0, 46.0), (10.0, 92.0), (25.0, 92.0)])
def test_a_bullet_is_proportional_and_stays_on_its_track(value, width):
    widths = bars_of(charts.bullet(value, full=10.0, title="x"), charts.BRAND)
    assert widths == ([] if width is None else [width])


def test_status_is_a_shape_and_a_word_not_only_a_colour():
    shapes = {charts.icon(status, status).split("<g")[1].split("fill")[0] for status in ("on", "near", "off", "hold")}
    assert len(shapes) == 4
    assert "<title>Overdue</title>" in charts.icon("off", "Overdue")


@pytest.mark.parametrize("chart", [charts.logo("<b>"), charts.key(None, "<b>"), charts.buckets((1, 2), title="<b>")])
def test_texts_are_escaped(chart):
    assert "<b>" not in chart
    parsed(chart)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 10, [0, 2.5, 5, 7.5, 10]), (0, 52, [0, 10, 20, 30, 40, 50]), (3, 3, [3])]
)
def test_axis_values_are_round(low, high, expected):
    assert charts.nice_ticks(low, high) == expected
