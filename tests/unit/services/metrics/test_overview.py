"""7: the Overview's view model: few questions, the viewer's own rights, words that follow the numbers."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

from services.domain.errors import TooManyGroupsError
from services.domain.metric import Answer, Better, Query, Reason, Row, Unit
from services.domain.people import ColumnClass, Scope, Viewer
from services.domain.views import Comparison, FilterChoice, FilterOption, Filters, Note, OverviewView
from services.metrics.lede import Situation, write_lede
from services.metrics.overview import CONSUMER, Overview
from services.metrics.overview_parts import compare, finding
from services.metrics.registry import REGISTRY
from services.store.database import Store
from tests import overview_factories as make
from tests.metric_scenes import EVA, MAX, SmallSnapshot

OPTIONS = (
    FilterChoice("department", "Department", (FilterOption("Sales", "Sales", 30), FilterOption("R&D", "R&D", 9))),
    FilterChoice("source", "Source", (FilterOption("Referral", "Referral", 12),)),
)
GROUPS = {
    "month": ("2025-12", "2026-03", "2026-04", "2026-05", "2026-06"),
    "quarter": ("2025-Q2", "2026-Q1", "2026-Q2"),
    "transition": ("applied to screen", "screen to hired"),
    "top_department": ("Sales", "R&D", None),
    "department": ("Field sales",),
    "source": ("Agency", "Referral"),
    "recruiter": ("Zoe Zander", "Ana Adams"),
}


@dataclass
class FakeQueryLayer:
    """Answers every question with the same value per metric, and remembers what was asked."""

    values: dict[str, float] = field(default_factory=dict)
    asked: list[Query] = field(default_factory=list)
    snapshot: SmallSnapshot = field(default_factory=SmallSnapshot)
    n: int = 40

    @contextlib.contextmanager
    def hold(self) -> Iterator[SmallSnapshot]:
        yield self.snapshot

    def filter_options(self, viewer: Viewer) -> tuple[FilterChoice, ...]:
        return OPTIONS

    def later(self, query: Query, viewer: Viewer) -> Callable[[], Answer]:
        return self.together([query], viewer)[0]

    def together(self, queries: Sequence[Query], viewer: Viewer) -> list[Callable[[], Answer]]:
        self.asked += queries
        return [functools.partial(self._answer, query) for query in queries]

    def _answer(self, query: Query) -> Answer:
        groups = GROUPS[query.by[0]] if query.by else ("",)
        if query.most_groups is not None and len(groups) > query.most_groups:
            raise TooManyGroupsError(len(groups), query.most_groups)
        rows = [self._row(metric, query.by, group) for metric in query.metrics for group in groups]
        return Answer(self.snapshot.as_of, self.snapshot.id, tuple(rows))

    def _row(self, metric_id: str, by: tuple[str, ...], group: str | None) -> Row:
        metric = REGISTRY[metric_id]
        value = self.values.get(metric_id, 0.5 if metric.unit is Unit.RATE else 40)
        dims = {by[0]: group} if by else {}
        return Row(metric_id, dims, value, metric.unit, self.n, estimator=metric.estimator, extra={"0-30": 3})


@pytest.fixture
def layer() -> FakeQueryLayer:
    return FakeQueryLayer()


@pytest.fixture
def overview(layer: FakeQueryLayer, migrated_sqlite_url: str) -> Iterator[Overview]:
    store = Store(migrated_sqlite_url)
    yield Overview(layer, store)
    store.dispose()


def metrics_of(layer: FakeQueryLayer) -> set[str]:
    return {metric for query in layer.asked for metric in query.metrics}


def test_a_page_is_a_handful_of_questions_and_the_second_time_none(layer: FakeQueryLayer, overview: Overview) -> None:
    first = overview.view(Filters(), EVA)
    asked = len(layer.asked)
    assert asked <= 12
    assert overview.view(Filters(), EVA) is first
    assert len(layer.asked) == asked


def test_the_page_declares_exactly_the_metrics_it_asks(layer: FakeQueryLayer, overview: Overview) -> None:
    overview.view(Filters(), EVA)
    assert metrics_of(layer) == CONSUMER.metrics


def test_a_new_snapshot_or_other_rights_are_never_answered_from_memory(
    layer: FakeQueryLayer, overview: Overview
) -> None:
    first = overview.view(Filters(), EVA)
    assert overview.view(Filters(), MAX) is not first
    layer.snapshot = replace(layer.snapshot, as_of=datetime(2026, 7, 2, tzinfo=UTC))
    assert overview.view(Filters(), EVA) is not first


def test_only_who_may_see_figures_of_people_gets_recruiters(layer: FakeQueryLayer, overview: Overview) -> None:
    for viewer, has_people in ((EVA, True), (MAX, False)):
        layer.asked.clear()
        view = overview.view(Filters(), viewer)
        assert (view.recruiters is not None) is has_people
        assert any("recruiter" in query.by for query in layer.asked) is has_people


def test_recruiters_stand_in_alphabetical_order(overview: Overview) -> None:
    table = overview.view(Filters(), EVA).recruiters
    assert table is not None
    assert [row.label for row in table.rows] == ["Ana Adams", "Zoe Zander"]


def test_hundreds_of_recruiters_are_not_listed_but_a_way_to_them_is_said(
    layer: FakeQueryLayer, overview: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GROUPS, "recruiter", tuple(f"Recruiter {number}" for number in range(3_212)))
    table = overview.view(Filters(), EVA).recruiters
    assert table is not None
    assert table.rows == ()
    assert "3,212 recruiters" in table.empty
    assert "Choose a department" in table.empty
    assert sum("recruiter" in query.by for query in layer.asked) == 1


def test_every_question_carries_the_filters(layer: FakeQueryLayer, overview: Overview) -> None:
    overview.view(Filters(department=("Sales",)), EVA)
    assert {query.where.get("department") for query in layer.asked} == {("Sales",)}


def test_the_source_filter_reaches_what_has_a_source_and_the_page_says_so(
    layer: FakeQueryLayer, overview: Overview
) -> None:
    view = overview.view(Filters(source=("Referral",)), EVA)
    for query in layer.asked:
        for metric in query.metrics:
            assert ("source" in query.where) is ("source" in REGISTRY[metric].dimensions), metric
    assert "has no source" in view.notes[0].text


def test_values_outside_the_viewers_scope_are_left_out(layer: FakeQueryLayer, overview: Overview) -> None:
    view = overview.view(Filters(department=("Sales", "Board")), EVA)
    assert view.filters.department == ("Sales",)
    chosen = [option.value for option in view.choices[0].options if option.chosen]
    assert chosen == ["Sales"]


def test_choosing_a_department_shows_its_children(layer: FakeQueryLayer, overview: Overview) -> None:
    assert {row.label for row in overview.view(Filters(), EVA).departments.rows} == {"Sales", "R&D"}
    view = overview.view(Filters(department=("Sales",)), EVA)
    assert [row.label for row in view.departments.rows] == ["Field sales"]


def test_a_departments_name_leads_to_the_same_page_for_it_alone(overview: Overview) -> None:
    view = overview.view(Filters(period="3m", source=("Referral",)), EVA)
    links = {row.label: row.href for row in view.departments.rows}
    assert links["Sales"] == "/?period=3m&department=Sales&source=Referral"


def test_periods_are_compared_with_the_year_before_and_counts_with_the_same_instant(
    layer: FakeQueryLayer, overview: Overview
) -> None:
    overview.view(Filters(period="12m"), EVA)
    starts = {query.period.start for query in layer.asked if "hires" in query.metrics and not query.by}
    assert starts == {date(2025, 7, 1), date(2024, 7, 1)}
    as_of = {query.as_of for query in layer.asked if "active_pipeline" in query.metrics and not query.by}
    assert as_of == {None, datetime(2025, 7, 1, tzinfo=UTC)}


def test_where_months_have_too_few_cases_the_trend_goes_by_quarter(
    overview: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overview.view(Filters(), EVA).hero_trend.grain == "month"
    monkeypatch.setitem(GROUPS, "month", ("2026-05",))
    trend = overview.view(Filters(period="24m"), EVA).hero_trend
    assert trend.grain == "quarter"
    assert [point.label for point in trend.points][-2:] == ["Q1 2026", "Q2 2026"]
    assert trend.points[-1].year_before == 40
    assert "Single months have too few cases" in trend.caption


def test_nothing_found_is_said_in_words_with_what_was_chosen(layer: FakeQueryLayer, overview: Overview) -> None:
    layer.values = {"applications": 0, "hires": 0, "open_requisitions": 0}
    view = overview.view(Filters(department=("Sales",)), EVA)
    assert view.is_empty
    assert view.lede.startswith("Sales had no applications")
    assert "Zero is a fact here" in view.lede
    assert not view.rules


def test_the_view_knows_batch_period_and_definitions(overview: Overview) -> None:
    view = overview.view(Filters(), replace(EVA, timezone="Europe/Berlin"))
    assert view.stamp.snapshot == "small"
    assert "1 Jul 2026, 02:00 CEST" in view.trust[0]
    assert view.period_label == "1 Jul 2025 to 30 Jun 2026"
    assert {detail.metric_id for detail in view.details} == {view.hero.metric_id, *(t.metric_id for t in view.tiles)}


def test_a_viewer_without_people_class_never_sees_their_metrics_asked(
    layer: FakeQueryLayer, overview: Overview
) -> None:
    viewer = Viewer(9, "n@x", "Nobody", scope=Scope(everything=True), classes=frozenset({ColumnClass.GENERAL}))
    overview.view(Filters(), viewer)
    assert {REGISTRY[metric].column_class for metric in metrics_of(layer)} == {ColumnClass.GENERAL}


# --- words ----------------------------------------------------------------------------------------------------------


def lede_of(view: OverviewView) -> tuple[str, tuple[str, ...]]:
    return write_lede(Situation(view.hero, view.tiles))


def test_the_sentence_is_the_one_of_the_first_metric_and_the_first_rule_that_fires() -> None:
    text, rules = lede_of(make.an_overview())
    assert rules == ("TTF-01", "FBK-01")
    assert text == (
        "Time to fill is 43.4 days, 2.9 fewer than the year before and 1.4 over target. "
        "Late interview feedback holds it back: in 34% of roles it comes after two business days."
    )


@pytest.mark.parametrize(("share", "roles", "fires"), [(0.30, 100, False), (0.31, 100, True), (0.40, 9, False)])
def test_late_feedback_speaks_above_thirty_percent_of_ten_roles(share: float, roles: int, *, fires: bool) -> None:
    late = make.a_tile(
        "roles_with_late_feedback",
        "Roles with late feedback",
        make.a_row("roles_with_late_feedback", share, Unit.RATE, roles),
        better=Better.LOWER,
    )
    _, rules = write_lede(Situation(make.hero(), (late,)))
    assert ("FBK-01" in rules) is fires


def test_too_few_cases_are_said_instead_of_a_number() -> None:
    hero = make.a_tile(
        "time_to_fill", "Time to fill", make.a_row("time_to_fill", None, Unit.DAYS, 3, reason=Reason.TOO_FEW)
    )
    text, rules = write_lede(Situation(hero, ()))
    assert rules == ("TTF-02",)
    assert "3 roles are too few" in text


def test_declined_offers_and_hires_have_their_sentences() -> None:
    offers = make.a_tile(
        "offer_acceptance_rate",
        "Offer acceptance",
        make.a_row("offer_acceptance_rate", 0.6, Unit.RATE, 90),
        target=0.85,
    )
    text, rules = write_lede(Situation(make.hero(), (offers,)))
    assert rules[1] == "OFR-01"
    assert "60% are accepted, 85% are wanted" in text
    hires = make.a_tile("hires", "Hires", make.a_row("hires", 12, Unit.COUNT, 12), change=2)
    assert "12 people were hired, 2 more than the year before." in write_lede(Situation(make.hero(), (hires,)))[0]


def test_a_comparison_needs_both_values_and_knows_what_is_better() -> None:
    now, before = make.a_row("x", 40.0, Unit.DAYS), make.a_row("x", 43.0, Unit.DAYS)
    assert compare(now, before, Better.LOWER, "before") == Comparison(-3.0, "before", is_better=True)
    assert compare(now, before, Better.HIGHER, "before").is_better is False
    assert compare(now, make.a_row("x", None, Unit.DAYS), Better.LOWER, "before").change is None
    nothing = make.a_row("x", 0, Unit.COUNT, 0)
    assert compare(make.a_row("x", 5, Unit.COUNT), nothing, Better.NEITHER, "before").change is None


def test_the_finding_names_first_and_last_point() -> None:
    trend = make.hero_trend()
    words = finding(trend.points, trend.target, trend.unit)
    assert words == ("Line chart. Median net days to fill by month: 46.4 in Nov 2025, 40.3 in Oct 2026. Target 42.")
    assert "too few" in finding((), None, Unit.DAYS)


def test_5_6_what_stands_of_all_figures_is_the_first_note_of_every_view_and_kept_with_none(
    layer: FakeQueryLayer, migrated_sqlite_url: str
) -> None:
    store = Store(migrated_sqlite_url)
    standing: list[Note] = []
    overview = Overview(layer, store, lambda: tuple(standing))
    assert overview.view(Filters(source=("Referral",)), EVA).notes[0].kind == "info"
    standing.append(Note("error", "Hires: the figures did not agree with Greenhouse."))
    assert [note.kind for note in overview.view(Filters(source=("Referral",)), EVA).notes] == ["error", "info"]
    standing.clear()
    assert [note.kind for note in overview.view(Filters(source=("Referral",)), EVA).notes] == ["info"]
    store.dispose()
