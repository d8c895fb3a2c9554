"""Loads by person-week, and how well the records are kept."""

# ruff: noqa: DTZ001 - the mart has naive UTC timestamps

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.errors import ForbiddenError
from services.domain.metric import Query, Reason
from services.metrics.query import QueryLayer
from tests.metric_scenes import EVA, HANA, OPERATOR, RITA, FakeNames, SmallMart, SmallSnapshot

ABOUT = {"requisition_id": 1, "department_id": 1}
MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12)
AS_OF = datetime(2026, 3, 27, 16, tzinfo=UTC)
"""A Friday, at closing time."""


class Office:
    """One requisition of a Monday-to-Friday office, 8 to 16 UTC, since February."""

    def __init__(self, **snapshot: Any) -> None:
        self.mart = SmallMart(SmallSnapshot(**{"as_of": AS_OF, **snapshot}))
        self.layer = QueryLayer(self.mart, FakeNames())
        self.interviews = 0
        self.requisition(1)
        days = [date(2025, 1, 1) + timedelta(days=number) for number in range(600)]
        for number, day in enumerate(day for day in days if day.weekday() < 5):
            opens = datetime(day.year, day.month, day.day, 8)
            at = {"local_on": day, "opens_at": opens, "closes_at": opens + timedelta(hours=8)}
            self.mart.add("dim_calendar", {"calendar_id": 7, "business_days": number, "business_seconds": number, **at})

    def requisition(self, number: int, **values: Any) -> None:
        about = {"requisition_id": number, "department_id": 1, "region": "EMEA", "calendar_id": 7, "recruiter_id": 105}
        self.mart.add("dim_requisition", {**about, "timezone": "UTC", "opened_at": datetime(2026, 2, 1), **values})
        self.mart.add(
            "requisition_status", {"requisition_id": number, "status": "open", "from_at": datetime(2026, 2, 1)}
        )

    def interview(self, who: int, hours: float, on: datetime = NOON, **values: Any) -> None:
        self.interviews += 1
        number = self.interviews
        ends = on + timedelta(hours=hours)
        self.mart.add("fact_interview", {"interview_id": number, "starts_at": on, "ends_at": ends})
        due = {"due_from_at": ends, "due_from_on": ends.date(), "interviewer_id": who, "interview_id": number}
        self.mart.add("fact_feedback", {"feedback_id": number, **ABOUT, **due, **values})

    def seats(self, requisition: int, count: int, recruiter: int = 105) -> None:
        opened = {"opened_at": datetime(2026, 2, 1), "opened_on": date(2026, 2, 1), "opened_net": 0}
        for number in range(count):
            of = {"seat_id": 100 * requisition + number, "requisition_id": requisition, "recruiter_id": recruiter}
            self.mart.add("fact_seat", {**of, "department_id": 1, **opened})

    def application(self, number: int, entered: datetime = NOON, stage: str = "screen", **values: Any) -> None:
        about: dict[str, Any] = {"application_id": number, "requisition_id": 1, "department_id": 1}
        about |= {"region": "EMEA", "recruiter_id": 105, "source_id": 1, "channel": "referral"}
        full = {"candidate_id": number, "job_family_id": 1, "office_id": 1, "job_level_id": 1, "hiring_manager_id": 106}
        ways = {"applied_at": entered, "applied_on": entered.date(), "screen_at": entered}
        self.mart.add("fact_application", {**about, **full, **ways, **values})
        visit = {"visit_id": number, "stage": stage, "entered_at": entered, "entered_on": entered.date()}
        self.mart.add("fact_stage_visit", {**about, **visit})

    def ask(self, metric: str, viewer: Any = OPERATOR, **query: Any) -> Any:
        return self.layer.ask(Query((metric,), **{"raw": viewer is OPERATOR, **query}), viewer).one(metric)


class TestInterviewers:
    def test_hours_by_person_and_week(self) -> None:
        office = Office()
        office.interview(1, 2)
        office.interview(1, 3, NOON + timedelta(days=6))  # the Sunday: still the same ISO week
        office.interview(1, 1, NOON + timedelta(days=7))
        office.interview(2, 4)
        row = office.ask("interviewer_load")
        assert (row.value, row.n, row.extra["people"], row.extra["hours"]) == (pytest.approx(10 / 3), 3, 2, 10)

    def test_leave_and_holidays_lower_the_cap(self) -> None:
        office = Office()
        office.mart.add("dim_person", {"person_id": 1, "calendar_id": 7}, {"person_id": 2, "calendar_id": 7})
        office.mart.add("person_leave", {"person_id": 1, "start_on": MONDAY, "end_on": MONDAY + timedelta(days=1)})
        for who in (1, 2):
            office.interview(who, 4)
        row = office.ask("capacity_use")
        assert row.value == pytest.approx(8 / (6 * 3 / 5 + 6))  # three days present of five
        assert row.extra["over_cap"] == 1
        office.mart.connection.execute("DELETE FROM dim_calendar WHERE local_on = DATE '2026-03-06'")
        assert office.ask("capacity_use").value == pytest.approx(8 / (6 * 2 / 5 + 6 * 4 / 5))

    def test_a_group_of_four_people_shows_nothing_and_of_five_its_mean(self) -> None:
        office = Office()
        for week in range(12):
            for who in range(4):
                office.interview(who, 1, NOON - timedelta(days=7 * week))
        hidden = office.ask("interviewer_load", EVA)
        assert (hidden.value, hidden.reason, hidden.n) == (None, Reason.TOO_FEW, 4)
        for week in range(12):
            office.interview(5, 1, NOON - timedelta(days=7 * week))
        assert office.ask("interviewer_load", EVA).value == 1

    def test_one_person_needs_the_class_or_to_be_oneself(self) -> None:
        office = Office()
        with pytest.raises(ForbiddenError):
            office.ask("interviewer_load", RITA, by=("interviewer",))


class TestRecruiters:
    def test_seats_weigh_by_urgency_and_by_how_far_the_candidates_are(self) -> None:
        office = Office()
        office.seats(1, 4)
        office.requisition(2, urgency="critical", recruiter_id=205)
        office.seats(2, 2, 205)
        office.application(1)
        office.application(2, interview_at=NOON)
        office.application(3, interview_at=NOON, ended_at=NOON)
        row = office.ask("recruiter_load")
        assert (row.extra["people"], row.extra["seats"]) == (2, 6)
        assert row.value == pytest.approx((4 * 1.25 + 2 * 1.5) / 2)
        assert row.extra["capacity_use"] == pytest.approx(8 / 30)
        by = office.layer.ask(Query(("recruiter_load",), by=("recruiter",), raw=True), OPERATOR)
        assert by.one("recruiter_load", recruiter="Recruiter Omar").value == 3

    def test_each_month_shows_its_end(self) -> None:
        office = Office()
        office.seats(1, 4)
        answer = office.layer.ask(Query(("recruiter_load",), by=("month",), raw=True), OPERATOR)
        assert answer.one("recruiter_load", month="2026-03").value == 4


class TestFields:
    def test_fields_are_required_from_their_stage_with_a_day_of_grace(self) -> None:
        office = Office()
        office.application(1, source_id=None, hiring_manager_id=None)  # no manager is needed before the interview
        office.application(2, interview_at=NOON, hiring_manager_id=None)
        row = office.ask("field_completeness")
        assert (row.numerator, row.denominator) == (10, 12)
        missing = {name: count for name, count in row.extra.items() if count}
        assert missing == {"missing_source": 1, "missing_hiring_manager": 1}
        early = office.ask("field_completeness", as_of=datetime(2026, 3, 3, 11, tzinfo=UTC))
        assert (early.value, early.denominator) == (None, 0)

    def test_a_decided_application_is_no_longer_asked_for(self) -> None:
        office = Office()
        office.application(1, source_id=None, ended_at=NOON + timedelta(days=2))
        assert office.ask("field_completeness").denominator == 0


class TestSilence:
    """Friday 27 March, 16:00: five business days before is Friday 20 March, 16:00."""

    @pytest.mark.parametrize(("entered", "stale"), [(datetime(2026, 3, 20, 16), 0), (datetime(2026, 3, 20, 15, 59), 1)])
    def test_stale_is_more_than_the_limit_in_business_days(self, entered: datetime, stale: int) -> None:
        office = Office()
        office.application(1, entered)
        row = office.ask("stale_candidates")
        assert (row.value, row.denominator, row.extra["share"]) == (stale, 1, stale)

    def test_anything_that_happened_starts_it_again(self) -> None:
        office = Office()
        for number in (1, 2, 3):
            office.application(number)
        late = datetime(2026, 3, 25, 9)
        office.mart.add("fact_interview", {"interview_id": 1, "application_id": 1, "scheduled_at": late})
        office.mart.add("fact_offer_version", {"offer_version_id": 1, "application_id": 2, "extended_at": late})
        office.mart.add("fact_feedback", {"feedback_id": 1, "application_id": 3, "submitted_at": datetime(2026, 4, 1)})
        assert office.ask("stale_candidates").value == 1  # what comes after as-of is unknown

    def test_a_hold_of_ten_business_days_moves_it_by_exactly_ten(self) -> None:
        office = Office()
        office.application(1, datetime(2026, 3, 6, 16))  # fifteen business days ago
        held = {"requisition_id": 1, "from_at": datetime(2026, 3, 9, 8), "to_at": datetime(2026, 3, 20, 16)}
        office.mart.add("requisition_hold", held)
        assert office.ask("stale_candidates").value == 0
        office.mart.connection.execute("UPDATE requisition_hold SET from_at = TIMESTAMP '2026-03-09 08:30:00'")
        assert office.ask("stale_candidates").value == 1

    def test_on_hold_now_nobody_is_stale(self) -> None:
        office = Office()
        office.application(1)
        office.mart.add("requisition_hold", {"requisition_id": 1, "from_at": datetime(2026, 3, 20)})
        assert office.ask("stale_candidates").denominator == 0

    def test_silent_for_years_is_stale_too(self) -> None:
        office = Office()
        office.application(1, datetime(2024, 1, 1))
        assert office.ask("stale_candidates").value == 1


class TestClaims:
    def test_two_claimants_for_one_candidate_at_a_time_conflict(self) -> None:
        office = Office()
        office.application(1, candidate_id=9, source_id=1, channel="agency")
        office.application(2, candidate_id=9, source_id=2, channel="agency")
        office.application(3, candidate_id=8, source_id=1, channel="agency")
        office.application(4, candidate_id=8, source_id=3, channel="careers_site")
        office.application(5, candidate_id=7, source_id=1, channel="agency")
        office.application(6, candidate_id=7, source_id=2, channel="referral", ended_at=NOON)
        row = office.ask("ownership_conflicts")
        assert (row.value, row.extra["applications"]) == (1, 2)


class TestQuarantine:
    def test_it_is_counted_as_of_the_snapshot_for_whoever_sees_the_whole_company(self) -> None:
        office = Office()
        office.mart.add("snapshot_count", {"name": "quarantined_rows", "value": 12})
        assert office.ask("quarantined_rows").value == 12
        limited = office.ask("quarantined_rows", HANA)
        assert (limited.value, limited.note) == (None, "known of the whole company, at the snapshot's own time")
        assert office.ask("quarantined_rows", as_of=datetime(2026, 3, 1, tzinfo=UTC)).value is None
