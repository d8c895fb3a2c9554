"""1.2: the most specific template wins and says why; which roles differ enough from their standard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.metric import Answer, Query, Reason, Row, Status, Unit
from services.domain.people import Viewer
from services.metrics import scorecard_templates
from services.metrics.estimators import Lifetimes
from services.metrics.places import COMPANY, Level, PlaceBook
from services.metrics.registry import REGISTRY
from services.metrics.scorecard_templates import BUILT_IN, Role, Template, TemplateBook
from services.metrics.template_coverage import Cell, coverage, differences, merged
from tests.metric_scenes import EVA

PLACES = PlaceBook(
    {1: ("Commercial", None), 2: ("Sales", 1), 3: ("Data", None)}, {4: "Software", 5: "Support"}, {7: "Senior"}
)
SALES_SENIOR = Role(2, 4, 7)


def template(level: Level, key: str, metrics: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> Template:
    place = PLACES.place(level, key)
    return Template(place, 1, f"{level} {key}", metrics, without)


STANDARD = template(Level.COMPANY, "", ("time_to_fill", "hires", "candidate_nps"))
COMMERCIAL = template(Level.DEPARTMENT, "1", ("drop_off_rate",), ("hires",))
SALES = template(Level.DEPARTMENT, "2", ("offers_extended",))
SOFTWARE = template(Level.JOB_FAMILY, "4", ("feedback_turnaround",), ("candidate_nps",))
SENIOR = template(Level.ROLE, "4:7", ("starts",))
EVERY = (STANDARD, COMMERCIAL, SALES, SOFTWARE, SENIOR)


def book(*templates: Template) -> TemplateBook:
    return TemplateBook(templates, PLACES)


def test_1_2_every_level_inherits_from_the_wider_one() -> None:
    found = book(*EVERY).resolve(SALES_SENIOR)
    assert found.template == SENIOR
    assert found.metrics == ("time_to_fill", "drop_off_rate", "offers_extended", "feedback_turnaround", "starts")
    assert found.chain == EVERY


def test_1_2_the_answer_says_why_this_template() -> None:
    assert book(STANDARD, COMMERCIAL).resolve(SALES_SENIOR).why == (
        "“department 1”, because department Commercial has its own; role Software / Senior has none of its own; job "
        "family Software has none of its own; department Sales has none of its own; it takes over “company ” "
        "(the company)."
    )
    assert book().resolve(Role()).why == "“Standard”, because it is the standard."


def test_1_2_without_anything_set_the_built_in_standard_counts() -> None:
    found = book().resolve(SALES_SENIOR)
    assert (found.template, found.metrics) == (BUILT_IN, BUILT_IN.metrics)


def test_1_2_what_a_role_is_not_known_to_be_does_not_count() -> None:
    everything = book(*EVERY)
    assert everything.resolve(Role(3, None, 7)).template == STANDARD
    assert everything.resolve(Role(None, 4, None)).template == SOFTWARE
    assert everything.resolve(Role(1, 5, 7)).template == COMMERCIAL


@given(
    st.sets(st.sampled_from(EVERY)),
    st.sampled_from([2, 1, 3, None]),
    st.sampled_from([4, 5, None]),
    st.sampled_from([7, None]),
)
def test_1_2_the_most_specific_always_wins_and_nothing_is_shown_twice(
    templates: set[Template], department: int | None, family: int | None, level: int | None
) -> None:
    role = Role(department, family, level)
    reaching = {
        STANDARD: True,
        COMMERCIAL: department in {1, 2},
        SALES: department == 2,
        SOFTWARE: family == 4,
        SENIOR: family == 4 and level == 7,
    }
    candidates = [one for one in EVERY if one in templates and reaching[one]]
    found = book(*templates).resolve(role)
    assert found.template == (candidates[-1] if candidates else BUILT_IN)
    assert len(set(found.metrics)) == len(found.metrics)
    assert set(found.metrics) >= set(found.template.metrics)
    assert not set(found.metrics) & set(found.template.without)
    assert found.why.startswith(f"“{found.template.name}”")


def test_1_2_a_retired_metric_vanishes_from_all(monkeypatch: pytest.MonkeyPatch) -> None:
    retired = replace(REGISTRY["hires"], status=Status.RETIRED, status_from=date(2026, 3, 1), successor="starts")
    monkeypatch.setattr(scorecard_templates, "REGISTRY", {**REGISTRY, "hires": retired})
    everything = book(STANDARD, SOFTWARE)
    for role in (Role(), SALES_SENIOR, Role(3)):
        found = everything.resolve(role)
        assert "hires" not in found.metrics
        assert found.retired == ("hires",)


# --- differs enough -------------------------------------------------------------------------------------------------

CELLS: tuple[Cell, ...] = (("Sales", "Software", "Senior"), ("Sales", "Support", "Senior"), ("Data", "Support", "Lead"))


@dataclass
class Layer:
    """A query layer that knows seats and one transition per cell."""

    days: Mapping[Cell, list[int]]
    passed: Mapping[Cell, tuple[int, int]]
    hidden: tuple[str, ...] = ()
    asked: list[Viewer] = field(default_factory=list)

    def lifetimes(self, query: Query, viewer: Viewer, /) -> dict[Cell, Lifetimes]:
        self.asked.append(viewer)
        return {cell: Lifetimes.of([10 * day for day in days], [True] * len(days)) for cell, days in self.days.items()}

    def ask(self, query: Query, viewer: Viewer, /) -> Answer:
        self.asked.append(viewer)
        return Answer(datetime(2026, 11, 24, tzinfo=UTC), "s1", tuple(self._rows(query)))

    def _rows(self, query: Query) -> list[Row]:
        def row(metric: str, dims: dict[str, str | None], **more: Any) -> Row:
            return Row(metric, dims, more.pop("value", None), Unit.RATE, 0, **more)

        if query.metrics == ("time_to_fill",):
            return [
                row(
                    "time_to_fill",
                    {"job_family": name.split(" / ")[0], "seniority": name.split(" / ")[1]},
                    reason=Reason.HIDDEN,
                )
                for name in self.hidden
            ]
        if query.by == ("transition",):
            total = sum(cases for _, cases in self.passed.values())
            return [row(query.metrics[0], {"transition": "screen to interview"}, denominator=total)]
        cells = {cell: dict(zip(("department", "job_family", "seniority"), cell, strict=True)) for cell in CELLS}
        if query.metrics[0] == "open_seats":
            return [row(name, dims, value=3) for name in query.metrics for dims in cells.values() if query.by]
        return [
            row(query.metrics[0], cells[cell], numerator=reached, denominator=cases)
            for cell, (reached, cases) in self.passed.items()
        ]


SLOW, OTHER, LEAD = CELLS
LIKE = [30 + day % 20 for day in range(60)]


def test_1_2_a_role_that_takes_longer_needs_its_own_template() -> None:
    layer = Layer({SLOW: [day + 30 for day in LIKE], OTHER: LIKE, LEAD: LIKE}, {})
    found = differences(layer, book(), EVA)
    assert found.roles == ("Software / Senior",)
    [finding] = [one for one in found.findings if one.differs]
    assert (finding.metric, finding.n, finding.n_rest, finding.standard) == ("time_to_fill", 60, 120, "Standard")
    assert (finding.value, finding.rest) == (69.0, 39.0)
    assert {viewer.email for viewer in layer.asked} == {EVA.email}


def test_1_2_a_significant_but_small_effect_is_not_enough() -> None:
    many = LIKE * 10
    layer = Layer({SLOW: [day + 5 for day in many], OTHER: many, LEAD: many}, {})
    [first] = [one for one in differences(layer, book(), EVA).findings if one.role == "Software / Senior"]
    assert (first.p < 0.05, first.is_large, first.differs) == (True, False, False)


def test_1_2_a_large_but_uncertain_effect_is_not_enough() -> None:
    layer = Layer({}, {SLOW: (18, 30), OTHER: (14, 30), LEAD: (15, 30)})
    [first] = [one for one in differences(layer, book(), EVA).findings if one.role == "Software / Senior"]
    assert (first.is_large, first.differs) == (True, False)


@pytest.mark.parametrize(("cases", "tested"), [(29, False), (30, True)])
def test_1_2_thirty_cases_on_both_sides(cases: int, tested: bool) -> None:  # noqa: FBT001 - a value of the table
    layer = Layer({}, {SLOW: (cases // 2, cases), OTHER: (100, 400)})
    found = differences(layer, book(), EVA)
    assert any(one.role == "Software / Senior" for one in found.findings) == tested
    assert ("Software / Senior" in found.untested) == (not tested)


def test_1_2_the_p_values_are_adjusted_for_all_tests() -> None:
    layer = Layer({}, {SLOW: (60, 100), OTHER: (45, 100), LEAD: (45, 100)})
    findings = differences(layer, book(), EVA).findings
    assert all(one.p >= one.raw_p for one in findings)
    assert max(one.p / one.raw_p for one in findings) == pytest.approx(3, rel=0.01)


def test_1_2_a_role_is_compared_within_its_standard() -> None:
    layer = Layer({}, {SLOW: (90, 100), OTHER: (50, 100), LEAD: (10, 100)})
    found = differences(layer, book(template(Level.JOB_FAMILY, "5", ("starts",))), EVA)
    rest = {one.role: (one.standard, one.n_rest) for one in found.findings}
    assert rest == {"Support / Senior": ("job_family 5", 100), "Support / Lead": ("job_family 5", 100)}
    assert found.untested == ("Software / Senior",)  # the only role of its standard


def test_1_2_what_an_agreement_hides_is_not_tested() -> None:
    layer = Layer({}, {SLOW: (90, 100), OTHER: (50, 100)}, hidden=("Software / Senior",))
    found = differences(layer, book(), EVA)
    assert {one.role for one in found.findings} == {"Support / Senior"}


def test_1_2_coverage_names_the_template_of_each_role() -> None:
    found = coverage(Layer({}, {}), book(*EVERY), EVA, Query(()).period)
    assert [(one.cell, one.resolved.template) for one in found] == [
        (SLOW, SENIOR), (OTHER, SALES), (LEAD, STANDARD),
    ]  # fmt: skip
    assert found[0].open_seats == 3


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), min_size=1, max_size=4))
def test_1_2_merged_lifetimes_are_those_of_everybody(groups: list[list[int]]) -> None:
    apart = [
        Lifetimes.of(days, [day % 3 > 0 for day in days], [day - 1 if day % 2 else None for day in days])
        for days in groups
    ]
    together = [day for days in groups for day in days]
    whole = Lifetimes.of(
        together, [day % 3 > 0 for day in together], [day - 1 if day % 2 else None for day in together]
    )
    found = merged(apart)
    for name in ("times", "entries", "events", "censored"):
        assert np.array_equal(getattr(found, name), getattr(whole, name))
    assert COMPANY.where == {}
