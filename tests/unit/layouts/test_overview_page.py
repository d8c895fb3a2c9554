"""7: the page says everything the view model says, in words, and never "None" or "nan"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import pytest
from dash.development.base_component import Component

from layouts import ids
from layouts.components.chart import chart
from layouts.components.filters import filter_bar
from layouts.components.panel import panel_data
from layouts.components.sparkline import sparkline
from layouts.components.tables import data_table, table_card
from layouts.components.tile import kpi_tile
from layouts.figures.trend import trend_figure
from layouts.navigation import NavItem
from layouts.pages.overview import overview_body, overview_page
from layouts.pages.states import failed, no_access, no_snapshot, skeleton
from layouts.shell import INDEX_STRING, shell_layout
from services.domain.metric import Reason, Unit
from services.domain.people import Role, Viewer
from services.domain.views import Filters, Note, OverviewView, Table, Tile, Trend, TrendPoint
from tests import overview_factories as make

EVA = Viewer(1, "eva@northwind.example", "Executive Eva", roles=frozenset({Role.EXECUTIVE}))


def walk(tree: Any) -> Iterator[Any]:
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from walk(part)
    elif isinstance(tree, Component):
        yield tree
        yield from walk(getattr(tree, "children", None))
    elif tree is not None:
        yield tree


def text_of(tree: Any) -> str:
    return " ".join(str(part) for part in walk(tree) if not isinstance(part, Component))


def having(tree: Any, **wanted: object) -> list[Component]:
    return [
        part
        for part in walk(tree)
        if isinstance(part, Component)
        and all(
            getattr(part, name.replace("_", "-"), getattr(part, name, None)) == value for name, value in wanted.items()
        )
    ]


@pytest.fixture
def view() -> OverviewView:
    return make.an_overview()


def test_title_as_of_sentence_and_rules_are_there(view: OverviewView) -> None:
    text = text_of(overview_page(view))
    assert "As of 2 Nov 2026, 06:00 CET, batch 3f2a9c1d8b7e" in text
    assert "Time to fill is 43.4 days, 2.9 fewer than the year before" in text
    assert "Written by rules TTF-01 and FBK-01" in text


def test_no_part_of_the_page_prints_none_or_nan(view: OverviewView) -> None:
    sparse = replace(view, tiles=make.few_tiles() * 2, funnel=(), recruiters=None, rules=())
    for page in (overview_page(view), overview_page(sparse)):
        text = text_of(page)
        assert not re.search(r"\b(None|nan|NaN|inf)\b", text), text


def test_headings_come_in_order_with_one_first(view: OverviewView) -> None:
    levels = [part._type for part in walk(overview_page(view)) if getattr(part, "_type", "") in {"H1", "H2", "H3"}]
    assert levels.count("H1") == 1
    assert levels[0] == "H1"
    assert set(levels[1:]) == {"H2"}


def test_recruiters_are_not_in_the_page_at_all_for_those_who_may_not_see_them(view: OverviewView) -> None:
    assert "Ana Lima" in text_of(overview_page(view))
    text = text_of(overview_page(replace(view, recruiters=None)))
    assert "Ana Lima" not in text
    assert "Recruiters" not in text


def test_an_empty_selection_says_so_and_offers_to_reset(view: OverviewView) -> None:
    body = overview_body(replace(view, is_empty=True, lede="Finance had no hires. Zero is a fact here."))
    assert "Zero is a fact here" in text_of(body)
    assert having(body, data_clear="all")
    assert not having(body, id=ids.OVERVIEW_CHART)


def test_notes_stand_on_the_page_with_their_kind(view: OverviewView) -> None:
    body = overview_body(replace(view, notes=(Note("warning", "Feedback is late.", "/reports", "See"),)))
    assert "Feedback is late." in text_of(body)
    assert having(body, className="hb-note hb-near")


# --- tiles ----------------------------------------------------------------------------------------------------------


def a_tile(index: int) -> str:
    return text_of(kpi_tile(make.few_tiles()[index], "06:00"))


def test_a_tile_shows_value_status_change_target_n_and_time() -> None:
    text = text_of(kpi_tile(make.tiles()[2], "06:00"))
    for words in ("34%", "Off target", "9.0 points more than before", "Limit ≤ 30%", "n 187", "06:00"):
        assert words in text


def test_under_five_cases_nothing_but_the_rule_is_shown() -> None:
    assert "Hidden" in a_tile(0)
    assert "n under 5" in a_tile(0)


def test_from_five_cases_counts_from_ten_the_interval() -> None:
    assert "5 of 7" in a_tile(1)
    assert "Count only" in a_tile(1)
    assert "88%" in a_tile(2)
    assert "95% between 66% and 97%" in a_tile(2)
    assert "Too few" in a_tile(2)


def test_a_source_that_never_came_is_not_a_zero() -> None:
    assert "source not loaded" in a_tile(3)
    assert "0" not in a_tile(3).replace("06:00", "").replace("n 0", "")


def test_a_tile_without_a_series_draws_no_line() -> None:
    assert sparkline([]) is None
    assert sparkline([None, 3.0]) is None


def test_a_gap_in_the_series_breaks_the_line() -> None:
    line = sparkline([1.0, 2.0, None, 3.0, 4.0], target=2.5)
    assert line is not None
    images = [part.style["maskImage"] for part in walk(line) if getattr(part, "_type", "") == "I"]
    assert len(images) == 2
    assert images[1].count("M") == 2
    assert "<script" not in images[1]


# --- tables ---------------------------------------------------------------------------------------------------------


def test_an_empty_table_says_what_its_emptiness_means() -> None:
    table = replace(make.sources(), rows=(), empty="No applications in this selection.")
    assert "No applications in this selection." in text_of(table_card(table))


def test_tables_have_scopes_and_stacked_bars_have_numbers() -> None:
    tree = data_table(make.departments())
    assert {part.scope for part in walk(tree) if getattr(part, "_type", "") == "Th"} == {"col", "row"}
    assert "0–30 days: 18, 31–60: 17, 61–90: 14, over 90: 13" in text_of(tree)


def test_what_folds_away_on_a_phone_moves_into_the_second_line() -> None:
    tree = data_table(make.departments())
    folded = having(tree, className="hb-only-m")
    assert text_of(folded[0]) == "Open 62, Hires 128, Offer acceptance 82%, Late feedback 45%"


def test_a_table_of_nothing_known_has_dashes_not_blanks() -> None:
    table = Table("T", "", make.recruiters().columns, make.recruiters().rows, heading="Recruiter")
    assert "–" in text_of(data_table(table))


# --- chart and panel ------------------------------------------------------------------------------------------------


def a_trend(*points: TrendPoint, target: float | None = None, unit: Unit = Unit.DAYS) -> Trend:
    return Trend("Time to fill", "", unit, points, target, "finding")


@pytest.mark.parametrize(
    "trend",
    [
        make.hero_trend(),
        a_trend(TrendPoint("Oct 2026", date(2026, 10, 1), 40.0)),
        a_trend(TrendPoint("Oct 2026", date(2026, 10, 1), None), TrendPoint("Nov 2026", date(2026, 11, 1), 3.0, 1.0)),
        a_trend(TrendPoint("Oct 2026", date(2026, 10, 1), 0.2, 0.1, 0.3), target=0.25, unit=Unit.RATE),
        a_trend(),
    ],
)
def test_figures_are_plain_and_plotly_accepts_every_field(trend: Trend) -> None:
    figure = trend_figure(trend)
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)


def test_labels_at_the_lines_ends_do_not_touch() -> None:
    figure = trend_figure(make.hero_trend())
    low, high = figure["layout"]["yaxis"]["range"]
    heights = sorted(label["y"] for label in figure["layout"]["annotations"] if label["text"])
    gaps = [upper - lower for lower, upper in pairwise(heights)]
    assert min(gaps) >= (high - low) * 15 / 196 * 0.95


def test_the_first_labels_are_value_and_target_whatever_is_missing() -> None:
    figure = trend_figure(a_trend(TrendPoint("Oct 2026", date(2026, 10, 1), 40.0, 20.0, 60.0)))
    texts = [label["text"] for label in figure["layout"]["annotations"]]
    assert texts[:2] == ["<b>40.0 days</b>", ""]


def test_a_band_needs_both_edges() -> None:
    points = (
        TrendPoint("Sep 2026", date(2026, 9, 1), 40.0, 20.0, 60.0),
        TrendPoint("Oct 2026", date(2026, 10, 1), 41.0, 21.0, None),
    )
    band = next(trace for trace in trend_figure(a_trend(*points))["data"] if trace["uid"] == "band")
    assert band["x"] == ["2026-09-01"]


def test_the_chart_is_a_picture_with_its_finding_as_name() -> None:
    tree = chart(make.hero_trend(), "chart")
    assert having(tree, role="img", aria_label=make.hero_trend().finding)


def test_a_chart_without_points_is_a_sentence() -> None:
    tree = chart(a_trend(TrendPoint("Oct 2026", date(2026, 10, 1), None), target=45.0), "chart")
    assert "too few cases" in text_of(tree)
    assert not having(tree, id=ids.OVERVIEW_CHART)


def test_every_menu_entry_has_something_to_show(view: OverviewView) -> None:
    data = panel_data(view.details, (view.hero, *view.tiles), {"trend": view.hero_trend})
    sections = json.loads(getattr(data, "data-sections"))
    for figure in {
        getattr(button, "data-menu") for button in walk(overview_page(view)) if hasattr(button, "data-menu")
    }:
        assert f"definition {figure}" in sections
        assert f"numbers {figure}" in sections
    assert len(sections["numbers trend"]["rows"]) == 12


# --- filters --------------------------------------------------------------------------------------------------------


def test_set_filters_are_marked_and_can_be_cleared_one_by_one() -> None:
    chosen = Filters(period="3m", department=("Sales", "Finance", "Data"))
    bar = filter_bar(chosen, make.choices(chosen))
    assert "Finance, Sales" not in text_of(bar)
    assert "Data, Sales and Finance" in text_of(bar)
    assert {getattr(part, "data-clear") for part in walk(bar) if hasattr(part, "data-clear")} == {
        "all",
        "department",
        "period",
    }
    assert "Filters (1)" in text_of(bar)


def test_long_lists_can_be_searched_and_carry_counts() -> None:
    bar = filter_bar(Filters(), make.choices())
    assert having(bar, id="search-department")
    assert not having(bar, id="search-source")
    checks = next(part for part in walk(bar) if getattr(part, "name", "") == "department")
    assert "9,120" in text_of([option["label"] for option in checks.options])


# --- frame and states -----------------------------------------------------------------------------------------------


def test_the_frame_names_only_pages_the_viewer_may_open() -> None:
    tree = shell_layout(EVA, (NavItem("/", "Overview", "overview", "Hiring"),))
    links = {part.href for part in walk(tree) if getattr(part, "_type", "") == "Link"}
    assert links == {"/"}
    assert "Executive Eva" in text_of(tree)


def test_nobody_gets_an_empty_frame() -> None:
    assert text_of(shell_layout(None, (NavItem("/", "Overview", "overview", "Hiring"),))) == ""


def test_the_index_holds_no_script_of_its_own() -> None:
    assert re.findall(r"<script(?![^>]*src=)", INDEX_STRING) == []
    assert "onclick" not in INDEX_STRING


def test_states_say_what_happened_and_what_to_do() -> None:
    assert "hireboard import" in text_of(no_snapshot("Overview"))
    assert "Reference 7F3A21" in text_of(failed("Overview", "The query took too long.", "7F3A21"))
    assert "You cannot open Audit log" in text_of(no_access("Audit log", "Ask an administrator."))
    assert text_of(skeleton()) == ""


def test_a_reason_stands_in_for_every_absent_value() -> None:
    for reason in Reason:
        row = make.a_row("time_to_fill", None, Unit.DAYS, 3, reason=reason)
        tile: Tile = make.a_tile("time_to_fill", "Time to fill", row)
        assert not re.search(r"\b(None|nan)\b", text_of(kpi_tile(tile, "06:00")))
