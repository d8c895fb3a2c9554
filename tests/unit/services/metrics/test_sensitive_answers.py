"""4.5, 3.6, X8: who may ask what, over a small mart; adverse impact and pay from counts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from services.domain.errors import ForbiddenError
from services.domain.metric import Period, Query, Reason, Row
from services.domain.people import Agreed, ColumnClass, Role, Scope, Viewer
from services.metrics.association import Fourfold
from services.metrics.compensation import hidden_groups
from services.metrics.query import QueryLayer
from services.metrics.selection_rates import Pool, Selection, bounds, moved_ratio, verdict, within_requisitions
from services.metrics.sensitive import smallest_cell
from tests.disclosure_scenes import DEE, EVA, Applicants, company
from tests.metric_scenes import OPERATOR, RITA, FakeNames, SmallMart

SENSITIVE = (
    "representation",
    "adverse_impact_ratio",
    "demographic_completeness",
    "offer_salary",
    "offer_position_in_range",
)
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize("metric", SENSITIVE)
def test_4_5_without_the_class_nothing_is_even_looked_at(metric: str) -> None:
    made = company(1, 100, {"woman": 0.5, "man": 0.5})
    made.mart.statements.clear()
    with pytest.raises(ForbiddenError, match="Your role does not include"):
        made.layer.ask(Query((metric,)), RITA)
    assert not [sql for sql in made.mart.statements if "fact_demographic" in sql or "fact_offer_pay" in sql]


def test_4_5_without_the_rule_only_on_the_server_itself() -> None:
    made = company(1, 100, {"woman": 0.5, "man": 0.5})
    raw = Query(("representation",), ("group",), period=YEAR, raw=True)
    assert made.layer.ask(raw, OPERATOR).rows
    for viewer in (DEE, replace(DEE, roles=frozenset({Role.ADMIN, Role.DEI_OFFICER}))):
        with pytest.raises(ForbiddenError):
            made.layer.ask(raw, viewer)


@pytest.mark.parametrize(
    ("viewer", "column_class", "k"),
    [
        (DEE, ColumnClass.DIVERSITY, 5),
        (replace(DEE, roles=frozenset({Role.HRBP, Role.EXECUTIVE})), ColumnClass.DIVERSITY, 5),
        (OPERATOR, ColumnClass.DIVERSITY, 5),
        (EVA, ColumnClass.DIVERSITY, 10),
        (OPERATOR, ColumnClass.COMPENSATION, 10),
        (DEE, ColumnClass.COMPENSATION, 10),
    ],
)
def test_4_5_k_by_role_and_class(viewer: Viewer, column_class: ColumnClass, k: int) -> None:
    assert smallest_cell(viewer, column_class) == k


def test_4_5_the_fingerprint_of_a_cache_key_tells_k_and_class_apart() -> None:
    prints = {viewer.fingerprint() for viewer in (DEE, EVA, replace(DEE, classes=frozenset({ColumnClass.GENERAL})))}
    assert len(prints) == 3


# --- adverse impact --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "p", "said"),
    [
        (Fourfold(9, 60, 13, 40), 0.0498, "both"),
        (Fourfold(8, 40, 13, 40), 0.31, "ratio only"),
        (Fourfold(60, 200, 13, 40), 0.85, "none"),
        (Fourfold(900, 1000, 950, 1000), 0.001, "significance only"),
        (Fourfold(3, 8, 13, 40), 1.0, "insufficient evidence"),
        (Fourfold(1, 29, 20, 40), 0.0001, "both"),  # tiny, and significant all the same
        (Fourfold(0, 30, 4, 40), 0.13, "insufficient evidence"),  # expected under 5
    ],
)
def test_1_5_the_verdict_needs_ratio_and_test(table: Fourfold, p: float, said: str) -> None:
    ratio = (table.successes / table.cases) / (table.reference_successes / table.reference_cases)
    assert verdict(table, ratio, p) == said


def test_1_5_one_selection_moved_not_one_more() -> None:
    assert moved_ratio(Selection(20, 2), Selection(20, 4)) == pytest.approx(1.0)
    assert moved_ratio(Selection(20, 2), Selection(20, 1)) is None


def test_1_5_the_reference_is_large_enough_and_the_highest_is_named() -> None:
    groups = {
        "large": Selection(400, 40),
        "able": Selection(30, 6),
        "small": Selection(29, 20),
        "rare": Selection(3, 3),
    }
    pool = Pool(groups, 0, 462, 69, 462, 462, 0)
    assert (pool.reference(), pool.highest()) == ("able", "rare")
    assert (pool.is_compared("small"), pool.is_compared("rare")) == (True, False)


def test_1_5_bounds_put_everybody_who_kept_silent_on_either_side() -> None:
    worst, best = bounds(Selection(50, 10), Selection(100, 40), Selection(30, 10))
    assert worst == pytest.approx((10 / 70) / (50 / 110))
    assert best == pytest.approx((20 / 60) / (40 / 120))


def test_1_5_within_requisitions_a_simpson_case_turns_round() -> None:
    women = {1: Selection(100, 20), 2: Selection(20, 16)}
    men = {1: Selection(20, 3), 2: Selection(100, 70)}
    found = within_requisitions(women, men)
    assert found is not None
    assert found.strata == 2
    assert found.ratio is not None
    assert found.ratio > 1 > (36 / 120) / (73 / 120)
    assert within_requisitions({1: Selection(10, 1)}, {1: Selection(10, 2)}) is None


# --- pay -------------------------------------------------------------------------------------------------------------


def test_3_6_groups_that_are_few_together_take_the_smallest_other_with_them() -> None:
    assert hidden_groups({("a",): 50, ("b",): 12, ("c",): 4}, 10) == {("b",), ("c",)}
    assert hidden_groups({("a",): 50, ("b",): 12, ("c",): 4, ("d",): 7}, 10) == {("c",), ("d",)}
    assert hidden_groups({("a",): 50, ("b",): 12}, 10) == set()


# --- agreement mode --------------------------------------------------------------------------------------------------


@pytest.fixture
def two_offices() -> QueryLayer:
    """Rita and Omar work in Berlin, Lea in Oakland; each recruits in both places."""
    mart = SmallMart()
    mart.add("dim_office", {"office_id": 1, "name": "Berlin", "country": "DE"})
    mart.add("dim_office", {"office_id": 2, "name": "Oakland", "country": "US"})
    for person, office in ((105, 1), (205, 1), (206, 2)):
        mart.add("dim_person", {"person_id": person, "calendar_id": office})
        for number in range(20):
            key = person * 100 + number
            place = {"requisition_id": key, "office_id": 1 + number % 2, "recruiter_id": person, "country": "DE"}
            day = datetime(2026, 1, 5)  # noqa: DTZ001 - the mart's instants are naive UTC
            mart.add("dim_requisition", place)
            applied = {"applied_at": day, "applied_on": day.date(), "accepted_at": day, "accepted_on": day.date()}
            mart.add("fact_application", {"application_id": key, **place, **applied})
    return QueryLayer(mart, FakeNames({105: "Rita", 205: "Omar", 206: "Lea"}))


def under(agreed: Agreed) -> Viewer:
    return replace(OPERATOR, scope=Scope(everything=True, agreed=agreed))


@pytest.mark.parametrize("agreed", [Agreed(countries=("DE",)), Agreed(office_ids=(1,))])
def test_x8_neither_people_nor_requisitions_of_an_agreed_place_are_in_a_figure_of_one_person(
    two_offices: QueryLayer, agreed: Agreed
) -> None:
    asked = Query(("applications",), by=("recruiter",), raw=True)
    free = {row.dims["recruiter"]: row.value for row in two_offices.ask(asked, OPERATOR).rows}
    limited = {row.dims["recruiter"]: row.value for row in two_offices.ask(asked, under(agreed)).rows}
    assert free == {"Rita": 20, "Omar": 20, "Lea": 20}
    assert limited == {"Lea": 10}
    one = Query(("applications",), where={"recruiter": ("Rita",)}, raw=True)
    assert two_offices.ask(one, under(agreed)).one("applications").value == 0
    assert two_offices.ask(one, under(replace(agreed, own_person_id=105))).one("applications").value == 20
    assert two_offices.ask(Query(("applications",)), under(agreed)).one("applications").value == 60


def test_x8_a_team_under_five_has_counts_and_no_durations(two_offices: QueryLayer) -> None:
    asked = Query(("applications", "time_to_hire"), by=("office",), raw=True)
    free = two_offices.ask(asked, OPERATOR)
    limited = two_offices.ask(asked, under(Agreed(office_ids=(1,))))
    assert free.one("time_to_hire", office="Berlin").value is not None
    row = limited.one("time_to_hire", office="Berlin")
    assert (row.value, row.reason, row.p25) == (None, Reason.HIDDEN, None)
    assert limited.one("applications", office="Berlin").value == 30
    assert limited.one("time_to_hire", office="Oakland") == free.one("time_to_hire", office="Oakland")


def test_x8_agreements_are_part_of_the_cache_key() -> None:
    viewers = [under(Agreed()), under(Agreed(("DE",))), under(Agreed(("DE",), (), 105)), under(Agreed((), (1,)))]
    assert len({viewer.fingerprint() for viewer in viewers}) == len(viewers)


# --- adverse impact over a mart --------------------------------------------------------------------------------------

DAYS = (date(2025, 1, 8), date(2025, 2, 10))


def add(made: Applicants, requisition: int, answer: str | None, *, hired: int, considered: int) -> None:
    for number in range(considered):
        made.add(requisition, "EMEA", DAYS, "hired" if number < hired else "rejected", answer)


def impact(made: Applicants, viewer: Viewer, group: str, *, raw: bool = False) -> Row:
    rows = made.layer.ask(Query(("adverse_impact_ratio",), ("group",), period=YEAR, raw=raw), viewer).rows
    return next(row for row in rows if row.dims["group"] == group)


@pytest.mark.parametrize(("viewer", "raw"), [(OPERATOR, True), (DEE, False)])
def test_1_5_the_verdict_is_the_one_within_requisitions(viewer: Viewer, *, raw: bool) -> None:
    made = company(1, 0, {"woman": 0.5, "man": 0.5})
    for requisition, women, men in ((1, (20, 100), (5, 20)), (2, (16, 20), (70, 100))):
        add(made, requisition, "woman", hired=women[0], considered=women[1])
        add(made, requisition, "man", hired=men[0], considered=men[1])
    row = impact(made, viewer, "woman", raw=raw)
    assert row.value == pytest.approx((36 / 120) / (75 / 120))
    assert row.extra["fisher_p"] is not None
    assert row.extra["fisher_p"] < 0.001  # pooled it would be "both"
    assert row.extra["strata"] == 2
    assert row.note == "none; reference man"


@pytest.mark.parametrize(("viewer", "raw"), [(OPERATOR, True), (DEE, False)])
def test_1_5_under_80_per_cent_disclosed_the_verdict_is_withheld_and_bounds_are_given(
    viewer: Viewer, *, raw: bool
) -> None:
    made = company(1, 0, {"woman": 0.5, "man": 0.5})
    add(made, 1, "woman", hired=10, considered=60)
    add(made, 1, "man", hired=40, considered=80)
    add(made, 1, None, hired=10, considered=40)
    row = impact(made, viewer, "woman", raw=raw)
    assert row.note == "withheld: under 80 % disclosed; reference man"
    worst, best = row.extra["worst"], row.extra["best"]
    assert worst == pytest.approx((10 / 90) / (50 / 90))
    assert best == pytest.approx((20 / 70) / (40 / 110))


def test_4_5_an_hr_partner_sees_the_region_that_was_granted() -> None:
    made = company(5, 400, {"woman": 0.5, "man": 0.5})
    hana = replace(DEE, roles=frozenset({Role.HRBP}), scope=Scope(department_ids=None, regions=("AMER",)))
    asked = Query(("representation",), ("group", "geography"), {"canonical_stage": ("applied",)})
    assert {row.dims["geography"] for row in made.layer.ask(asked, hana).rows} == {"AMER"}
    assert {row.dims["geography"] for row in made.layer.ask(asked, DEE).rows} == {"AMER", "EMEA", None}
