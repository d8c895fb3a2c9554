"""Capability 5 and 6: one query layer; what a viewer may not see is not in any answer."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.errors import ForbiddenError, InvalidInputError
from services.domain.metric import Answer, Period, Query, Reason
from services.domain.people import ColumnClass, Scope, Viewer
from services.metrics.dimensions import DIMENSIONS
from services.metrics.query import QueryLayer
from services.metrics.registry import REGISTRY
from tests.metric_scenes import (
    ADA,
    CLEO,
    EVA,
    EVERYBODY,
    HANA,
    MAX,
    OPERATOR,
    OTTO,
    RITA,
    FakeNames,
    SmallMart,
    SmallSnapshot,
)

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1)  # noqa: DTZ001 - the mart's instants are naive UTC
DEPARTMENTS = ({"department_id": 1, "name": "Engineering"}, {"department_id": 2, "name": "Platform", "parent_id": 1})
SALES = {"department_id": 3, "name": "Sales"}


def requisition(key: int, department: int, region: str, *, recruiter: int = 205, manager: int = 206) -> dict[str, Any]:
    return {
        "requisition_id": key,
        "department_id": department,
        "job_family_id": 1 + key % 2,
        "job_level_id": 1,
        "office_id": 1,
        "hiring_manager_id": manager,
        "recruiter_id": recruiter,
        "country": "DE",
        "region": region,
    }


REQUISITIONS = (
    requisition(1, 1, "EMEA", recruiter=105),
    requisition(2, 2, "EMEA", manager=106),
    requisition(3, 3, "EMEA"),
    requisition(4, 1, "AMER", recruiter=105),
    requisition(5, 3, "AMER"),
)


def application(key: int, of: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    applied = fields.pop("applied_at", FIRST + (key % 60) * DAY)
    row: dict[str, Any] = {
        "application_id": key,
        "candidate_id": key,
        **of,
        "source_id": 1 + key % 2,
        "channel": "referral",
        "is_internal": False,
        "is_rehire": False,
        "applied_at": applied,
        "applied_on": applied.date(),
        **fields,
    }
    for name in [name for name in row if name.endswith("_at")]:
        row.setdefault(name.removesuffix("_at") + "_on", row[name] and row[name].date())
    return {name: value for name, value in row.items() if name not in {"ended_on", "undone_on"}}


def hired(key: int, of: Mapping[str, Any], days: int) -> dict[str, Any]:
    applied = FIRST + (key % 60) * DAY
    steps = {
        f"{stage}_at": applied + days * DAY * share / 8
        for share, stage in enumerate(("screen", "assessment", "interview", "offer", "extended"), start=1)
    }
    done = applied + days * DAY
    return application(key, of, **steps, accepted_at=done, ended_at=done, outcome="hired")


def rejected(key: int, of: Mapping[str, Any], days: int) -> dict[str, Any]:
    applied = FIRST + (key % 60) * DAY
    return application(key, of, ended_at=applied + days * DAY, outcome="rejected", reason_kind="company")


def filled_mart(applications: int = 200, *, seed: int = 1) -> SmallMart:
    """Five requisitions in three departments and two regions, with applications, seats and stages."""
    mart, rng = SmallMart(), random.Random(seed)
    mart.add("dim_department", *DEPARTMENTS, SALES)
    mart.add("dim_job_family", {"job_family_id": 1, "name": "Software"}, {"job_family_id": 2, "name": "Field"})
    mart.add("dim_job_level", {"job_level_id": 1, "rank": 1, "name": "Senior"})
    mart.add("dim_office", {"office_id": 1, "name": "Berlin", "country": "DE", "region": "EMEA"})
    mart.add("dim_source", {"source_id": 1, "name": "Referral", "channel": "referral"})
    mart.add("dim_source", {"source_id": 2, "name": "Agency A", "channel": "agency"})
    for order, stage in enumerate(("applied", "screen", "assessment", "interview", "offer", "hired")):
        mart.add("dim_stage", {"stage_id": order, "sort_order": order, "name": stage.title(), "canonical": stage})
    for row in REQUISITIONS:
        named = {"code": f"R{row['requisition_id']}", "title": "Engineer", "external_id": f"x{row['requisition_id']}"}
        mart.add("dim_requisition", {**row, **named, "timezone": "Europe/Berlin", "opened_at": FIRST, "status": "open"})
        mart.add("requisition_status", {"requisition_id": row["requisition_id"], "status": "open", "from_at": FIRST})
        add_seats(mart, row, rng)
    for key in range(1, applications + 1):
        of = rng.choice(REQUISITIONS)
        make = rng.choice((hired, rejected, rejected))
        mart.add("fact_application", row := make(key, of, rng.randrange(8, 60)))
        if "accepted_at" in row:
            add_what_follows(mart, row)
    return mart


FOLLOWING = ("fact_hire", "fact_onboarding_task", "fact_check", "fact_survey_answer")


def add_what_follows(mart: SmallMart, hired_row: Mapping[str, Any]) -> None:
    """A first day two weeks later, some of them left; one task, one check, one manager's answer."""
    key, accepted = hired_row["application_id"], hired_row["accepted_at"]
    about = {name: hired_row[name] for name in (*REQUISITIONS[0], "application_id", "source_id", "channel")}
    start = accepted.date() + 14 * DAY
    left = {"left_on": start + 20 * DAY, "leave_cause": "voluntary"} if key % 3 == 0 else {}
    known = {"hire_id": key, "candidate_id": key, "accepted_at": accepted, "expected_on": start, "started_on": start}
    mart.add("fact_hire", {**about, **known, **left, "target_days": 30, "productive_on": start + 25 * DAY})
    task = {"task_id": key, "hire_id": key, "expected_on": start, "started_on": start, "due_on": start}
    mart.add("fact_onboarding_task", {**about, **task, "done_on": start if key % 2 else None})
    check = {"check_id": key, "kind": "background", "vendor": "Verity", "extended_at": hired_row["extended_at"]}
    ordered = {"ordered_at": accepted, "ordered_on": accepted.date(), "started_on": start}
    mart.add("fact_check", {**about, **check, **ordered, "completed_at": accepted + 3 * DAY, "is_clear": True})
    answer = {"answer_id": key, "kind": "hiring_manager_satisfaction", "respondent": hired_row["hiring_manager_id"]}
    dates = {"delivered_at": accepted, "answered_at": accepted + DAY, "hired_on": accepted.date()}
    mart.add("fact_survey_answer", {**about, **answer, **dates, "score": 1 + key % 5})


def add_seats(mart: SmallMart, of: Mapping[str, Any], rng: random.Random) -> None:
    for seat in range(6):
        opened = FIRST + seat * DAY
        days = rng.randrange(10, 60)
        filled = {"filled_at": opened + days * DAY, "filled_on": (opened + days * DAY).date()} if seat else {}
        nets = {"opened_net": seconds(opened), "filled_net": seconds(opened + days * DAY) if seat else None}
        key = {"seat_id": 100 * of["requisition_id"] + seat, "opened_at": opened, "opened_on": opened.date()}
        mart.add("fact_seat", {**of, **key, **filled, **nets})


def seconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def mart() -> SmallMart:
    return filled_mart()


@pytest.fixture
def layer(mart: SmallMart) -> QueryLayer:
    mart.statements.clear()
    return QueryLayer(mart, FakeNames())


def ask(layer: QueryLayer, *metrics: str, viewer: Viewer = OPERATOR, **fields: Any) -> Answer:
    return layer.ask(Query(metrics, **fields), viewer)


class TestScope:
    """Capability 6: the viewer's scope is compiled into every statement."""

    def test_hana_sees_her_departments_in_her_region_only(self, layer: QueryLayer) -> None:
        whole = ask(layer, "applications", by=("department", "geography"))
        hers = ask(layer, "applications", by=("department", "geography"), viewer=HANA)
        in_scope = {("Engineering", "EMEA"), ("Platform", "EMEA")}
        expected = [row for row in whole.rows if (row.dims["department"], row.dims["geography"]) in in_scope]
        assert list(hers.rows) == expected
        assert len(expected) == 2

    def test_rita_sees_the_requisitions_she_recruits_for(self, layer: QueryLayer) -> None:
        found = ask(layer, "applications", by=("requisition",), viewer=RITA)
        assert {row.dims["requisition"] for row in found.rows} == {"R1 Engineer", "R4 Engineer"}

    def test_max_sees_the_requisitions_he_manages(self, layer: QueryLayer) -> None:
        found = ask(layer, "applications", "open_requisitions", by=("requisition",), viewer=MAX)
        assert {row.dims["requisition"] for row in found.rows} == {"R2 Engineer"}

    def test_a_scope_is_the_union_of_its_parts(self, layer: QueryLayer) -> None:
        both = replace(RITA, scope=Scope(department_ids=(3,), regions=None, recruiter_id=105))
        found = ask(layer, "applications", by=("requisition",), viewer=both)
        assert {row.dims["requisition"] for row in found.rows} == {f"R{key} Engineer" for key in (1, 3, 4, 5)}

    @pytest.mark.parametrize("metric", REGISTRY)
    def test_otto_sees_nothing_in_any_metric(self, layer: QueryLayer, metric: str) -> None:
        """However sensitive he might be allowed to look: his scope holds nothing."""
        row = ask(layer, metric, viewer=replace(OTTO, classes=frozenset(ColumnClass))).one(metric)
        assert (row.value, row.n) in {(0, 0), (None, 0)}

    def test_a_name_outside_the_scope_is_answered_like_one_that_does_not_exist(self, layer: QueryLayer) -> None:
        messages = []
        for name in ("Sales", "Nowhere"):
            with pytest.raises(InvalidInputError) as caught:
                ask(layer, "applications", where={"department": (name,)}, viewer=HANA)
            messages.append(str(caught.value).replace(name, "X"))
        assert messages[0] == messages[1] == "There is no department 'X'. Choose from: Engineering, Platform."

    def test_options_hold_only_what_occurs_in_the_scope(self, layer: QueryLayer) -> None:
        departments = layer.filter_options(HANA)[0]
        assert departments.id == "department"
        engineering, platform = departments.options
        assert (engineering.label, engineering.depth, platform.label, platform.depth) == (
            "Engineering",
            0,
            "Platform",
            1,
        )
        total = ask(layer, "applications", viewer=HANA).rows[0].value
        assert engineering.count == total > platform.count > 0
        assert all(choice.options == () for choice in layer.filter_options(OTTO))
        assert [option.value for option in layer.filter_options(HANA)[3].options] == ["EMEA"]

    @settings(max_examples=12, deadline=None)
    @given(st.integers(0, 2**16), st.sampled_from([HANA, RITA, MAX]), st.sampled_from(sorted(REGISTRY)))
    def test_answers_do_not_change_with_data_outside_the_scope(self, seed: int, viewer: Viewer, metric: str) -> None:
        """Non-interference: removing every row the viewer may not see leaves the answer byte for byte the same."""
        whole, own = filled_mart(60, seed=seed), filled_mart(60, seed=seed)
        everything = replace(viewer, classes=frozenset(ColumnClass))
        for table in ("fact_application", "fact_seat", "dim_requisition", *FOLLOWING):
            own.connection.execute(f"DELETE FROM {table} WHERE NOT ({_in_words(viewer.scope)})")
        by = tuple(name for name in ("department", "top_department") if name in REGISTRY[metric].dimensions)[:1]
        answers = [QueryLayer(mart, FakeNames()).ask(Query((metric,), by=by), everything) for mart in (whole, own)]
        assert answers[0] == answers[1]


def _in_words(scope: Scope) -> str:
    if scope.recruiter_id:
        return "requisition_id IN (1, 4)"
    if scope.hiring_manager_id:
        return "hiring_manager_id = 106"
    return "department_id IN (1, 2) AND region = 'EMEA'"


class TestColumnClasses:
    """Capability 6: figures of single people need the person class, one's own do not."""

    @pytest.mark.parametrize("viewer", [CLEO, RITA, MAX])
    @pytest.mark.parametrize("dimension", ["recruiter", "hiring_manager"])
    def test_nobody_without_the_class_splits_by_person(self, layer: QueryLayer, viewer: Viewer, dimension: str) -> None:
        with pytest.raises(ForbiddenError):
            ask(layer, "hires", by=(dimension,), viewer=viewer)

    def test_nobody_without_the_class_filters_by_somebody_else(self, layer: QueryLayer) -> None:
        with pytest.raises(ForbiddenError):
            ask(layer, "hires", where={"recruiter": ("Recruiter Omar",)}, viewer=CLEO)

    def test_rita_may_ask_for_herself(self, layer: QueryLayer) -> None:
        mine = ask(layer, "applications", by=("recruiter",), where={"recruiter": ("Recruiter Rita",)}, viewer=RITA)
        assert [row.dims["recruiter"] for row in mine.rows] == ["Recruiter Rita"]

    def test_eva_sees_people(self, layer: QueryLayer) -> None:
        found = ask(layer, "applications", by=("recruiter",), viewer=EVA)
        assert {row.dims["recruiter"] for row in found.rows} == {"Recruiter Rita", "Recruiter Omar"}

    def test_a_metric_above_the_classes_is_refused(self, layer: QueryLayer, monkeypatch: pytest.MonkeyPatch) -> None:
        pay = replace(REGISTRY["hires"], column_class=ColumnClass.COMPENSATION)
        monkeypatch.setitem(REGISTRY, "hires", pay)  # type: ignore[arg-type] - a dict behind a Mapping
        with pytest.raises(ForbiddenError):
            ask(layer, "hires", viewer=EVA)


class TestSmallNumbers:
    def test_raw_is_for_administrators_and_the_local_operator(self, layer: QueryLayer) -> None:
        for viewer in EVERYBODY:
            if viewer in {OPERATOR, ADA}:
                assert ask(layer, "hires", viewer=viewer, raw=True).rows
            else:
                with pytest.raises(ForbiddenError):
                    ask(layer, "hires", viewer=viewer, raw=True)

    def test_a_median_of_few_is_withheld_and_its_count_is_shown(self, layer: QueryLayer) -> None:
        one_month = {"period": Period(date(2026, 1, 1), date(2026, 1, 20))}
        row = ask(layer, "time_to_hire", viewer=EVA, **one_month).one("time_to_hire")
        assert 0 < row.n < 10
        assert (row.value, row.reason, row.p25, row.naive) == (None, Reason.TOO_FEW, None, None)
        assert ask(layer, "hires", viewer=EVA, **one_month).one("hires").value == row.n
        raw = ask(layer, "time_to_hire", raw=True, **one_month).one("time_to_hire")
        assert raw.value is not None

    def test_people_need_twenty_unless_it_is_oneself(self) -> None:
        mart = filled_mart(0)
        mart.add("fact_application", *(hired(key, REQUISITIONS[0], 10 + key) for key in range(1, 16)))
        layer = QueryLayer(mart, FakeNames())
        by_person = {"by": ("recruiter",), "where": {"recruiter": ("Recruiter Rita",)}}
        assert ask(layer, "time_to_hire", viewer=EVA, **by_person).rows[0].reason is Reason.TOO_FEW
        own = ask(layer, "time_to_hire", viewer=RITA, **by_person).rows[0]
        assert (own.n, own.value) == (15, 18.0)
        assert ask(layer, "time_to_hire", viewer=EVA).rows[0].value == 18.0


class TestQuestions:
    def test_without_by_each_metric_has_one_row_in_order(self, layer: QueryLayer) -> None:
        answer = ask(layer, *REGISTRY)
        assert [row.metric for row in answer.rows] == list(REGISTRY)
        for row in answer.rows:
            assert (row.value is None) == (row.reason is not None), row.metric

    @pytest.mark.parametrize("metric", REGISTRY)
    def test_every_metric_answers_by_each_of_its_dimensions(self, layer: QueryLayer, metric: str) -> None:
        for dimension in REGISTRY[metric].dimensions:
            for row in ask(layer, metric, by=(dimension,)).rows:
                assert set(row.dims) == {dimension}
                assert (row.value is None) == (row.reason is not None)
                assert not isinstance(row.value, float) or math.isfinite(row.value)

    def test_a_dashboard_of_counts_is_one_statement(self, mart: SmallMart, layer: QueryLayer) -> None:
        ask(layer, "hires")
        mart.statements.clear()
        ask(layer, "applications", "hires", "starts", "offers_extended")
        assert len(mart.statements) == 1
        mart.statements.clear()
        ask(layer, "applications", "hires", "time_to_fill", "pass_through_rate", "time_to_hire", "source_conversion")
        assert len(mart.statements) <= 3

    def test_counts_of_nothing_are_zero_and_medians_of_nothing_have_a_reason(self, layer: QueryLayer) -> None:
        future = {"period": Period(date(2031, 1, 1), date(2031, 2, 1))}
        answer = ask(layer, "applications", "time_to_hire", "offer_acceptance_rate", "time_to_fill", **future)
        assert [(row.value, row.reason) for row in answer.rows] == [
            (0, None),
            (None, Reason.NO_DATA),
            (None, Reason.NO_DATA),
            (None, Reason.NO_DATA),
        ]

    def test_what_was_never_loaded_is_not_zero(self) -> None:
        loaded = {"loaded_application": 1, "loaded_hire": 0, "loaded_feedback": 0, "loaded_interview": 1}
        layer = QueryLayer(SmallMart(SmallSnapshot(counts=loaded)), FakeNames())
        answer = ask(layer, "applications", "starts", "feedback_turnaround", "interviews_held", by=("month",))
        known = {row.metric: (row.value, row.reason) for row in answer.rows}
        assert known == {
            "applications": (0, None),
            "starts": (None, Reason.NOT_LOADED),
            "feedback_turnaround": (None, Reason.NOT_LOADED),
            "interviews_held": (0, None),
        }

    def test_every_bin_of_a_grain_appears_in_order(self, layer: QueryLayer) -> None:
        answer = ask(
            layer, "hires", "open_requisitions", by=("month",), period=Period(date(2025, 11, 1), date(2026, 7, 1))
        )
        months = ["2025-11", "2025-12", *(f"2026-{month:02d}" for month in range(1, 7))]
        assert [row.dims["month"] for row in answer.of("hires")] == months
        assert answer.one("hires", month="2025-12").value == 0
        assert sum(row.value or 0 for row in answer.of("hires")) == ask(layer, "hires").rows[0].value
        assert [row.value for row in answer.of("open_requisitions")] == [0, 0, 5, 5, 5, 5, 5, 5]

    @pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "fiscal_year"])
    def test_bins_of_every_grain_add_up(self, layer: QueryLayer, grain: str) -> None:
        whole = ask(layer, "applications").rows[0].value
        assert sum(row.value or 0 for row in ask(layer, "applications", by=(grain,)).rows) == whole

    def test_a_fiscal_year_is_named_after_the_years_it_lies_in(self, mart: SmallMart) -> None:
        layer = QueryLayer(mart, FakeNames(), fiscal_year_start=2)
        rows = ask(layer, "applications", by=("fiscal_year",)).rows
        january = ask(layer, "applications", period=Period(date(2026, 1, 1), date(2026, 2, 1))).rows[0].value
        assert rows[0].dims == {"fiscal_year": "FY2025/26"}
        assert rows[0].value == january

    def test_departments_filter_with_their_children_and_roll_up(self, layer: QueryLayer) -> None:
        own = {row.dims["department"]: row.value for row in ask(layer, "applications", by=("department",)).rows}
        rolled = {
            row.dims["top_department"]: row.value for row in ask(layer, "applications", by=("top_department",)).rows
        }
        assert rolled == {"Engineering": own["Engineering"] + own["Platform"], "Sales": own["Sales"]}
        filtered = ask(layer, "applications", where={"department": ("Engineering",)}).rows[0]
        assert filtered.value == rolled["Engineering"]

    def test_values_are_or_within_and_and_between_dimensions(self, layer: QueryLayer) -> None:
        where = {"department": ("Engineering", "Sales"), "geography": ("EMEA",)}
        split = ask(layer, "applications", by=("top_department", "geography"))
        expected = sum(row.value or 0 for row in split.rows if row.dims["geography"] == "EMEA")
        assert ask(layer, "applications", where=where).rows[0].value == expected

    def test_as_of_hides_what_happened_later(self, layer: QueryLayer) -> None:
        middle = datetime(2026, 2, 10, tzinfo=UTC)
        then, now = (ask(layer, "hires", "open_applications", as_of=at) for at in (middle, None))
        assert then.as_of == middle
        assert 0 < (then.one("hires").value or 0) < (now.one("hires").value or 0)
        assert then.one("open_applications").value
        assert now.one("open_applications").value == 0

    def test_what_is_open_is_as_of_whatever_the_period(self, layer: QueryLayer) -> None:
        long_ago = {"period": Period(date(2025, 1, 1), date(2025, 2, 1))}
        names = ("open_requisitions", "open_seats", "requisition_age", "open_applications")
        assert ask(layer, *names, **long_ago).rows == ask(layer, *names).rows
        assert ask(layer, "open_seats").rows[0].value == 5

    @pytest.mark.parametrize("metric", ["open_applications", "active_pipeline", "open_requisitions", "open_seats"])
    def test_each_month_shows_what_was_open_at_its_local_end(self, layer: QueryLayer, metric: str) -> None:
        months = ask(layer, metric, by=("month",), period=Period(date(2026, 1, 1), date(2026, 6, 1)))
        for month, end in (("2026-01", (1, 31, 23)), ("2026-03", (3, 31, 22)), ("2026-04", (4, 30, 22))):
            at = datetime(2026, *end, tzinfo=UTC)
            assert months.one(metric, month=month).value == ask(layer, metric, as_of=at).one(metric).value
        assert len({row.value for row in months.rows}) > 1 or metric == "open_requisitions"

    def test_a_snapshot_answers_under_its_own_name(self, layer: QueryLayer) -> None:
        answer = ask(layer, "hires")
        assert (answer.snapshot, answer.as_of) == ("small", datetime(2026, 7, 1, tzinfo=UTC))


class TestRefusals:
    """Every refusal names what is wrong and what is accepted."""

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            (Query(()), "at least one metric"),
            (Query(("hire",)), "no metric 'hire'"),
            (Query(("hires",), by=("planet",)), "no dimension 'planet'"),
            (Query(("hires",), by=("stage",)), "hires cannot be split or filtered by stage"),
            (Query(("hires",), by=("month", "week")), "one time grain"),
            (Query(("hires",), by=("department", "source", "country", "office")), "at most 3"),
            (Query(("hires",), where={"source": ("Oracle",)}), "Choose from: Agency A, Referral"),
            (Query(("hires",), where={"geography": ("Mars",)}), "Choose from: AMER, EMEA"),
            (Query(("hires",), where={"month": ("2026-01",)}), "no month"),
            (Query(("hires",), where={"requisition": ("R99",)}), "no requisition 'R99'"),
            (Query(("pass_through_rate",), where={"transition": ("offer to screen",)}), "applied to screen"),
            (Query(("hires",), period=Period(date(2026, 2, 1), date(2026, 1, 1))), "Swap the two dates"),
            (Query(("hires",), by=("day",), period=Period(date(1990, 1, 1), date(2026, 1, 1))), "longer grain"),
        ],
    )
    def test_it_says_what_is_wrong(self, layer: QueryLayer, query: Query, words: str) -> None:
        with pytest.raises(InvalidInputError, match=words):
            layer.ask(query, OPERATOR)

    def test_a_long_list_of_names_is_cut(self) -> None:
        mart = SmallMart()
        mart.add("dim_source", *({"source_id": key, "name": f"Source {key:02d}"} for key in range(20)))
        with pytest.raises(InvalidInputError, match="Source 11 and 8 more"):
            ask(QueryLayer(mart, FakeNames()), "hires", where={"source": ("x",)})

    def test_hostile_names_are_only_names(self, layer: QueryLayer) -> None:
        for name in ("' OR 1=1 --", "%", "\x00", "x" * 10_000, "Robert'); DROP TABLE fact_application;--"):
            for dimension in ("department", "geography", "requisition", "recruiter", "source"):
                with pytest.raises(InvalidInputError):
                    ask(layer, "hires", where={dimension: (name,)})
        assert ask(layer, "hires").rows[0].value


def test_every_dimension_of_every_metric_is_known() -> None:
    for metric in REGISTRY.values():
        assert set(metric.dimensions) <= set(DIMENSIONS)
        assert metric.variant_of is None or metric.variant_of in REGISTRY
        assert metric.id
        assert metric.name
        assert metric.summary.endswith(".")
