"""Capability 4: what the facts about hires, reviews, surveys, checks and onboarding say, case by case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.mart import schema as m
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day

Told = Callable[[Callable[[Company], None]], MartReader]


@pytest.fixture
def tell(migrated_sqlite_url: str, tmp_path: Path) -> Told:
    """A story on top of the standing company, built."""

    def build(story: Callable[[Company], None]) -> MartReader:
        store = Store(migrated_sqlite_url)
        company = Company(store)
        with company.writing():
            company.standing_company()
            story(company)
        store.dispose()
        Mart(store.url, tmp_path / "mart").build()
        return MartReader(tmp_path / "mart")

    return build


def rows(reader: MartReader, *columns: Any) -> list[Any]:
    return reader.execute(sa.select(*columns).order_by(*columns))


def test_an_acceptance_the_hr_system_does_not_know_is_a_hire_without_a_row_there(tell: Told) -> None:
    def story(company: Company) -> None:
        company.accept(2)
        company.connection.execute(
            sa.update(t.OfferVersion).where(t.OfferVersion.id == 2).values(start_on=date(2026, 3, 1))
        )
        company.accept(3)

    hire = m.fact_hire.c
    found = rows(tell(story), hire.application_id, hire.hire_id, hire.expected_on, hire.started_on, hire.employment)
    assert found == [
        (1, 1, date(2026, 2, 12), date(2026, 2, 12), "employee"),
        (2, None, date(2026, 3, 1), None, None),  # what the offer says
        (3, None, date(2026, 1, 31), None, None),  # nothing but the day of the yes
    ]


def test_a_rating_stands_on_its_own_scale_and_one_outside_it_is_left_out_and_counted(tell: Told) -> None:
    def story(company: Company) -> None:
        scale = {"hire_id": 1, "reviewed_on": date(2026, 6, 1), "scale_min": 1}
        company.add(t.PerformanceReview, id=2, scale_max=10, rating=7, **scale)
        company.add(t.PerformanceReview, id=3, scale_max=5, rating=6, **scale)
        company.add(t.PerformanceReview, id=4, scale_max=1, rating=1, **scale)
        company.add(t.PerformanceReview, id=5, scale_max=5, rating=None, **scale)

    reader = tell(story)
    review = m.fact_review.c
    found = dict(rows(reader, review.review_id, review.rating))
    assert found == pytest.approx({1: 0.8, 2: 6 / 9, 3: None, 4: None, 5: None})
    assert reader.snapshot().counts["invalid_rating"] == 2


def test_a_respondent_is_a_number_from_which_no_address_can_be_read(tell: Told) -> None:
    def story(company: Company) -> None:
        asked = {"kind": "candidate_experience", "application_id": 2, "delivered_at": day(40)}
        company.add(t.SurveyAnswer, id=7, respondent="zaphod@example.org", **asked)
        company.add(t.SurveyAnswer, id=8, respondent="zaphod@example.org", **asked)
        company.add(t.SurveyAnswer, id=9, respondent="trillian@example.org", **asked)

    answer = m.fact_survey_answer.c
    found = dict(rows(tell(story), answer.answer_id, answer.respondent))
    assert found[7] == found[8] != found[9]
    assert all(isinstance(number, int) for number in found.values())


def test_surveys_of_those_who_do_not_count_are_out_and_those_about_a_role_alone_are_in(tell: Told) -> None:
    def story(company: Company) -> None:
        asked = {"kind": "candidate_experience", "delivered_at": day(40)}
        company.add(t.SurveyAnswer, id=7, application_id=14, requisition_id=2, **asked)
        company.add(t.SurveyAnswer, id=8, **asked)

    answer = m.fact_survey_answer.c
    found = rows(tell(story), answer.answer_id, answer.application_id, answer.requisition_id, answer.department_id)
    assert found == [(1, 1, 2, 2), (2, None, 3, 3)]


def test_a_check_is_dated_where_the_office_is_and_says_clear_only_when_it_came_back(tell: Told) -> None:
    def story(company: Company) -> None:
        late = day(40) + (day(1) - day(0)) / 8  # three in the morning in Greenwich, the evening before in Oakland
        company.add(t.BackgroundCheck, id=2, application_id=2, vendor="V", kind="Drug", ordered_at=late)
        back = {"ordered_at": day(40), "completed_at": day(42), "outcome": "review"}
        company.add(t.BackgroundCheck, id=3, application_id=3, vendor="V", **back)

    check = m.fact_check.c
    assert rows(tell(story), check.check_id, check.kind, check.ordered_on, check.is_clear) == [
        (1, "background", date(2026, 1, 27), True),
        (2, "drug", date(2026, 2, 9), None),
        (3, "background", date(2026, 2, 10), False),
    ]


def test_what_waits_in_quarantine_is_counted_as_of_the_snapshot(tell: Told) -> None:
    def story(company: Company) -> None:
        for number, state in enumerate(("open", "open", "replayed"), 1):
            row = {"resource": "offers", "file": "f", "record": str(number), "reason": "r", "payload": "{}"}
            company.add(t.QuarantineRow, id=number, source_system="test", state=state, seen_at=day(1), **row)

    assert tell(story).snapshot().counts["quarantined_rows"] == 2


def test_leave_is_kept_by_person_in_disjoint_runs(tell: Told) -> None:
    def story(company: Company) -> None:
        company.add(t.PersonLeave, id=2, person_id=3, start_on=date(2026, 4, 2), end_on=date(2026, 4, 4))

    leave = m.person_leave.c
    assert rows(tell(story), leave.person_id, leave.start_on, leave.end_on) == [
        (3, date(2026, 3, 31), date(2026, 4, 4))
    ]
