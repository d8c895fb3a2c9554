"""Onboarding, checks and surveys: what counts, what is unknown, who may see it."""

# ruff: noqa: DTZ001 - the mart has naive UTC timestamps

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain.errors import ForbiddenError
from services.domain.metric import Query, Reason
from services.domain.people import ColumnClass
from services.metrics.query import QueryLayer
from tests.metric_scenes import ADA, EVA, HANA, OPERATOR, RITA, FakeNames, SmallMart, SmallSnapshot

START = date(2026, 3, 2)
ACCEPTED = datetime(2026, 2, 1)


class Company:
    def __init__(self, as_of: datetime = datetime(2026, 6, 1, tzinfo=UTC)) -> None:
        self.mart = SmallMart(SmallSnapshot(as_of=as_of))
        self.layer = QueryLayer(self.mart, FakeNames())

    def add(self, table: str, **values: Any) -> None:
        self.mart.add(table, {"requisition_id": 1, "department_id": 1, "region": "EMEA", **values})

    def hire(self, number: int, started: date | None = START, **values: Any) -> None:
        known = {"hire_id": number, "application_id": number, "accepted_at": ACCEPTED, "expected_on": START}
        self.add("fact_hire", **{**known, "started_on": started, **values})

    def task(self, number: int, hire: int, due: int, done: int | None) -> None:
        """Days from the start."""
        days = {"due_on": START + timedelta(days=due), "started_on": START, "expected_on": START}
        if done is not None:
            days["done_on"] = START + timedelta(days=done)
        self.add("fact_onboarding_task", task_id=number, hire_id=hire, application_id=hire, **days)

    def check(self, number: int, back: int | None, *, clear: bool = True, **values: Any) -> None:
        """Ordered on the day of the offer; ``back`` = days after the start."""
        dates: dict[str, Any] = {
            "ordered_at": ACCEPTED,
            "ordered_on": ACCEPTED.date(),
            "extended_at": ACCEPTED,
            "started_on": START,
        }
        if back is not None:
            day = START + timedelta(days=back)
            dates |= {"completed_on": day, "completed_at": datetime(day.year, day.month, day.day, 9), "is_clear": clear}
        standing = {"check_id": number, "application_id": number, "kind": "background", "vendor": "V"}
        self.add("fact_check", **{**standing, **dates, **values})

    def survey(self, number: int, score: float | None, **values: Any) -> None:
        standing = {
            "kind": "candidate_experience",
            "delivered_at": ACCEPTED,
            "respondent": number,
            "outcome": "rejected",
        }
        dates = {"decided_at": ACCEPTED, "decided_on": ACCEPTED.date(), "hired_on": ACCEPTED.date()}
        answered = None if score is None else ACCEPTED + timedelta(days=1)
        what = {"answer_id": number, "application_id": number, "answered_at": answered, "score": score}
        self.add("fact_survey_answer", **{**standing, **dates, **what, **values})

    def manager(self, number: int, manager: int, score: float | None, **values: Any) -> None:
        self.survey(number, score, **{"kind": "hiring_manager_satisfaction", "respondent": manager, **values})

    def ask(self, metric: str, viewer: Any = OPERATOR, **query: Any) -> Any:
        return self.layer.ask(Query((metric,), **{"raw": viewer is OPERATOR, **query}), viewer).one(metric)


class TestOnboarding:
    def test_done_of_due_and_what_the_hr_system_does_not_know_is_neither(self) -> None:
        company = Company()
        for number in (1, 2):
            company.hire(number)
        company.task(1, 1, due=-7, done=-8)
        company.task(2, 1, due=0, done=3)
        company.task(3, 1, due=5, done=None)
        company.task(4, 1, due=200, done=-1)
        company.hire(3, None, hire_id=None)  # accepted, no row in the HR system
        row = company.ask("onboarding_completion")
        assert (row.numerator, row.denominator) == (2, 3)
        assert dict(row.extra) == {"done_late": 1, "not_due": 1, "unknown": 2}

    def test_ready_means_everything_due_by_the_first_day_was_done_by_then(self) -> None:
        company = Company()
        for number, done in enumerate((0, 1, None), 1):
            company.hire(number)
            company.task(number, number, due=0, done=done)
            company.task(10 + number, number, due=30, done=None)
        company.hire(4)
        company.task(4, 4, due=1, done=0)  # nothing was due by the first day
        company.hire(5, None)  # no start recorded though its day has passed
        company.hire(6, None, hire_id=None)
        row = company.ask("first_day_ready")
        assert (row.numerator, row.denominator, row.value) == (1, 3, pytest.approx(1 / 3))
        assert dict(row.extra) == {"ready": 1, "not_ready": 2, "unknown": 3}

    def test_nothing_known_is_no_rate_and_never_0(self) -> None:
        company = Company()
        company.hire(1, None, hire_id=None)
        row = company.ask("first_day_ready")
        assert (row.value, row.reason, row.extra["unknown"]) == (None, Reason.NO_DATA, 1)

    def test_a_first_day_to_come_and_an_acceptance_undone_are_not_unknown(self) -> None:
        company = Company()
        company.hire(1, None, expected_on=date(2026, 7, 1))
        company.hire(2, None, undone_at=datetime(2026, 2, 20))
        assert company.ask("first_day_ready").extra["unknown"] == 0
        assert company.ask("onboarding_completion").extra["unknown"] == 0


class TestChecks:
    def test_a_check_without_a_result_is_censored_and_not_left_out(self) -> None:
        company = Company()
        for number, back in enumerate((-20, -10, None, None), 1):
            company.check(number, back)
        row = company.ask("check_turnaround")
        assert (row.n, row.events, row.extra["waiting"]) == (4, 2, 2)
        assert (row.p25, row.value, row.naive) == (9.4, 19.4, 14.4)

    def test_ordered_before_the_conditional_offer(self) -> None:
        company = Company()
        before = ACCEPTED - timedelta(seconds=1)
        company.check(1, 1)  # with the offer
        company.check(2, 1, ordered_at=before)
        company.check(3, 1, ordered_at=before, kind="drug")
        company.check(4, 1, ordered_at=before, kind="assessment")
        company.check(5, 1, extended_at=None)
        row = company.ask("check_before_offer")
        assert (row.value, dict(row.extra)) == (3, {"ordered": 4, "without_offer": 1})

    def test_started_before_clearance(self) -> None:
        company = Company()
        for number, (back, clear) in enumerate([(0, True), (1, True), (None, True), (-1, False)], 1):
            company.hire(number)
            company.check(number, back, clear=clear)
        company.check(11, None, application_id=1)  # the second check of the first hire is not back
        company.hire(5)
        company.hire(6)
        company.check(6, -3)
        row = company.ask("hire_before_clearance")
        assert row.value == 4
        assert dict(row.extra) == {"not_back": 3, "not_clear": 1, "cleared": 1, "no_check": 1}

    @pytest.mark.parametrize("viewer", [EVA, ADA, HANA, RITA])
    def test_what_a_check_found_is_for_compliance_alone(self, viewer: Any) -> None:
        company = Company()
        with pytest.raises(ForbiddenError):
            company.ask("hire_before_clearance", viewer)
        assert company.ask("check_before_offer", viewer).value == 0

    def test_compliance_sees_it(self) -> None:
        from services.access.policy import CLASSES
        from services.domain.people import Role

        assert [role for role, classes in CLASSES.items() if ColumnClass.CHECK in classes] == [Role.COMPLIANCE]


class TestHiringManagers:
    def test_n_is_distinct_managers_and_silence_is_shown(self) -> None:
        company = Company()
        for number, (manager, score) in enumerate([(1, 5), (1, 5), (2, 3), (3, None), (4, None), (5, 9)], 1):
            company.manager(number, manager, score)
        row = company.ask("hiring_manager_satisfaction")
        assert (row.value, row.n) == (pytest.approx(13 / 3), 2)
        assert (row.numerator, row.denominator, row.extra["invalid"]) == (3, 6, 1)
        assert row.extra["top_two_box"] == pytest.approx(2 / 3)
        assert row.note is None
        company.manager(7, 6, None)
        assert company.ask("hiring_manager_satisfaction").note == "may not represent"

    def test_the_last_answer_of_a_hire_counts_and_only_that(self) -> None:
        company = Company()
        company.manager(1, 1, 2, application_id=7)
        company.manager(2, 1, 4, application_id=7, answered_at=ACCEPTED + timedelta(days=9))
        company.manager(3, 1, None, application_id=7)
        row = company.ask("hiring_manager_satisfaction")
        assert (row.value, row.denominator) == (4, 1)

    @pytest.mark.parametrize(("managers", "shown"), [(4, False), (5, True)])
    def test_shown_from_five_distinct_managers(self, managers: int, *, shown: bool) -> None:
        company = Company()
        for number in range(20):
            company.manager(number, number % managers, 4)
        row = company.ask("hiring_manager_satisfaction", EVA)
        assert (row.value is not None, row.n, row.extra["answers"]) == (shown, managers, 20)

    def test_a_survey_about_no_hire_and_an_undone_acceptance_are_out(self) -> None:
        company = Company()
        company.manager(1, 1, 4, application_id=None)
        company.manager(2, 1, 4, hired_on=None)
        company.manager(3, 1, 4, undone_at=ACCEPTED + timedelta(days=3))
        row = company.ask("hiring_manager_satisfaction")
        assert (row.value, row.reason) == (None, Reason.NO_DATA)


class TestCandidates:
    @pytest.mark.parametrize(("n", "margin"), [(10, 48), (30, 28), (100, 15)])
    def test_margin_for_half_promoters_and_a_fifth_detractors(self, n: int, margin: int) -> None:
        company = Company()
        for number in range(n):
            company.survey(number, 10 if number < n // 2 else 3 if number < n * 7 // 10 else 8)
        row = company.ask("candidate_nps")
        assert row.value == pytest.approx(30)
        # the rule of thumb rounds: 48, 28 and 15
        assert row.extra["margin"] == pytest.approx(196 * (0.61 / n) ** 0.5, abs=0.01) == pytest.approx(margin, abs=0.6)

    def test_the_whole_is_weighted_to_the_outcomes_of_those_asked(self) -> None:
        """Ten hired all answer 10; of ninety rejected nine answer 5: unweighted +5, weighted -80."""
        company = Company()
        for number in range(10):
            company.survey(number, 10, outcome="hired")
        for number in range(10, 100):
            company.survey(number, 5 if number < 19 else None)
        row = company.ask("candidate_nps")
        assert row.value == pytest.approx(0.1 * 100 - 0.9 * 100)
        assert row.naive == pytest.approx(100 / 19)
        assert row.extra["response_rate_hired"] == 1
        assert (row.extra["response_rate_rejected"], row.extra["score_rejected"]) == (0.1, -100)
        assert row.note == "may not represent"

    def test_an_outcome_nobody_answered_for_is_named(self) -> None:
        company = Company()
        for number in range(10):
            company.survey(number, 9)
        company.survey(11, None, outcome="withdrawn")
        assert company.ask("candidate_nps").note == "no answer from the withdrawn"

    def test_an_outcome_of_four_respondents_stays_hidden_within_a_whole_that_is_shown(self) -> None:
        company = Company()
        for number in range(14):
            company.survey(number, 9, outcome="hired" if number < 4 else "rejected")
        row = company.ask("candidate_nps", EVA)
        assert row.value == 100
        assert "score_hired" not in row.extra
        assert (row.extra["answers_hired"], row.extra["score_rejected"]) == (4, 100)

    def test_a_decision_to_come_belongs_to_no_period_and_a_score_of_11_to_nobody(self) -> None:
        company = Company()
        company.survey(1, 9, decided_at=None, decided_on=None)
        company.survey(2, 11)
        company.survey(3, 8)
        row = company.ask("candidate_nps")
        assert (row.numerator, row.denominator, row.extra["invalid"]) == (1, 2, 1)
