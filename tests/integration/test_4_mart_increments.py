"""Capability 4: an increment equals a full rebuild, whatever happened, on both stores."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.mart.publishing import Mart
from services.mart.verifying import verify_files
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, day

if TYPE_CHECKING:
    from collections.abc import Iterator

Event = Callable[[Company, random.Random], None]


def _application(company: Company, dice: random.Random) -> int:
    """One of those that exist."""
    standing = sa.select(t.Application.id).where(t.Application.id <= 12).order_by(t.Application.id)
    return dice.choice(list(company.connection.scalars(standing)) or [1])


def correct_a_date(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.set(t.Application, number, applied_at=day(dice.uniform(0, 20)), source_id=dice.choice([1, 2, None]))
    company.changed("application", number)


def arrive(company: Company, dice: random.Random) -> None:
    number = dice.randrange(1000, 1_000_000)
    company.application(number, dice.randint(1, 4), day(dice.uniform(20, 40)), is_internal=dice.random() < 0.3)
    company.visits(number, (1, day(41)), (2, day(43)), until=dice.choice([None, day(50)]))
    company.changed("application", number)


def vanish(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    interviews = sa.select(t.Interview.id).where(t.Interview.application_id == number)
    company.delete(t.Feedback, t.Feedback.interview_id.in_(interviews))
    hires = sa.select(t.Hire.id).where(t.Hire.application_id == number)
    for after in (t.PerformanceReview, t.OnboardingTask):
        company.delete(after, after.hire_id.in_(hires))
    for table in (t.Hire, t.SurveyAnswer, t.BackgroundCheck, t.Demographic, t.Interview, t.OfferVersion, t.StageVisit):
        company.delete(table, table.application_id == number)
    seats = sa.select(t.Opening.requisition_id).where(t.Opening.application_id == number)
    for requisition in company.connection.scalars(seats).all():
        company.connection.execute(
            sa.update(t.Opening).where(t.Opening.application_id == number).values(application_id=None, filled_at=None)
        )
        company.changed("requisition", requisition)
    company.delete(t.Application, t.Application.id == number)
    company.changed("application", number)


def merge(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.set(t.Candidate, number, merged_into_id=13)
    company.set(t.Application, number, merged_into_id=dice.choice([None, 13]))
    company.changed("application", number)


def reject(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.set(t.Application, number, outcome="rejected", ended_at=day(40), exit_reason_id=dice.randint(1, 5))
    company.changed("application", number)


def undo_a_rejection(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.set(t.Application, number, outcome=None, ended_at=None, exit_reason_id=None)
    company.changed("application", number)


def hire(company: Company, dice: random.Random) -> None:
    company.accept(_application(company, dice), undone=dice.choice([None, day(35)]))


def hold(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 4)
    company.status(number, ("open", day(number)), ("on_hold", day(dice.uniform(9, 30))))
    company.changed("requisition", number)


def cancel_and_reopen(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 4)
    steps = [("open", day(number)), ("cancelled", day(20)), ("open", day(28)), ("filled", day(50))]
    company.status(number, *steps[: dice.randint(1, 4)])
    company.changed("requisition", number)


def freeze(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 4)
    row = dice.randrange(100, 1_000_000)
    company.add(t.Freeze, id=row, scope="requisition", scope_value=str(number), from_at=day(22), to_at=None)
    company.changed("requisition", number)


def freeze_a_department(company: Company, dice: random.Random) -> None:
    row = dice.randrange(100, 1_000_000)
    company.add(t.Freeze, id=row, scope="department", scope_value=str(dice.randint(1, 3)), from_at=day(26))
    company.changed("reference")


def exempt(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 2)
    company.delete(t.FreezeExemption, t.FreezeExemption.requisition_id == number)
    company.add(t.FreezeExemption, id=number, freeze_id=1, requisition_id=number)
    company.changed("requisition", number)


def reorganise(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 4)
    company.set(t.Requisition, number, department_id=dice.randint(1, 3), office_id=dice.randint(1, 2), recruiter_id=2)
    company.changed("requisition", number)


def move_to_another_role(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.set(t.Application, number, requisition_id=dice.choice([None, 1, 2, 3, 4]))
    company.changed("application", number)


def slip(company: Company, dice: random.Random) -> None:
    """A mis-click, and a step back that was meant."""
    number = _application(company, dice)
    back = day(20) + (day(1) - day(0)) / 86400 * dice.choice([10, 60, 61])
    company.visits(number, (1, day(10)), (2, day(14)), (3, day(20)), (2, back), (1, day(30)), (4, day(33)))
    company.changed("application", number)


def hand_over(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 4)
    company.set(t.RequisitionOwner, number, to_at=day(15))
    row = dice.randrange(100, 1_000_000)
    company.add(t.RequisitionOwner, id=row, requisition_id=number, person_id=2, from_at=day(15))
    company.changed("requisition", number)


def submit_feedback(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.set(t.Feedback, number, submitted_at=dice.choice([None, day(dice.uniform(84, 99))]))
    company.set(t.Interview, number, status=dice.choice(["held", "cancelled"]))
    company.changed("application", number)


def lose_a_seat(company: Company, dice: random.Random) -> None:
    number = dice.randint(1, 4)
    company.delete(t.Opening, t.Opening.id == number)
    company.changed("requisition", number)


def offer_at_once(company: Company, dice: random.Random) -> None:
    """Whether a seat was made for its offer is decided by the application, whose seat then changes with it."""
    number = _application(company, dice)
    company.accept(number)
    seats = sa.update(t.Opening).where(t.Opening.application_id == number)
    company.connection.execute(seats.values(opened_at=day(dice.choice([2, 22, 24]))))


def correct_an_offer(company: Company, dice: random.Random) -> None:
    """The date of the offer alone, of the application that fills a seat."""
    taken = list(company.connection.scalars(sa.select(t.Opening.application_id).order_by(t.Opening.id)))
    number = next((application for application in taken if application), 1)
    offers = sa.update(t.OfferVersion).where(t.OfferVersion.application_id == number)
    company.connection.execute(offers.values(extended_at=day(dice.choice([1.5, 3]))))
    company.changed("application", number)


def start_and_leave(company: Company, dice: random.Random) -> None:
    """The HR system learns of a hire, of the first day, or of the last."""
    number, known = _application(company, dice), date(2026, 3, dice.randint(1, 28))
    hire = company.connection.scalar(sa.select(t.Hire.id).where(t.Hire.application_id == number))
    if hire is None:
        company.add(t.Hire, id=number, application_id=number, person_id=dice.choice([None, 2]), planned_start_on=known)
    else:
        left_on = dice.choice([None, date(2026, 2, 1), date(2026, 8, 1)])
        company.set(t.Hire, hire, started_on=known, left_on=left_on, leave_cause="voluntary", productive_on=known)
    company.changed("application", number)


def rate_and_onboard(company: Company, dice: random.Random) -> None:
    number, row = _application(company, dice), dice.randrange(100, 1_000_000)
    hire = company.connection.scalar(sa.select(t.Hire.id).where(t.Hire.application_id == number))
    if hire is not None:
        scale = {"scale_min": 1, "scale_max": 10, "rating": dice.choice([None, 7, 11])}
        company.add(t.PerformanceReview, id=row, hire_id=hire, reviewed_on=date(2026, 6, 1), **scale)
        company.add(t.OnboardingTask, id=row, hire_id=hire, name="Badge", due_on=date(2026, 3, 1))
    company.changed("application", number)


def ask_and_check(company: Company, dice: random.Random) -> None:
    """Surveys answered about an application and about a role alone; a check ordered and perhaps back."""
    number, row = _application(company, dice), dice.randrange(100, 1_000_000)
    sent = {"delivered_at": day(40), "answered_at": dice.choice([None, day(41)]), "score": dice.randint(0, 10)}
    company.add(t.SurveyAnswer, id=row, kind="candidate_experience", application_id=number, **sent)
    company.add(t.SurveyAnswer, id=row + 1, kind="role", requisition_id=1 + number % 4, respondent="x", **sent)
    back = {"completed_at": dice.choice([None, day(20), day(44)]), "outcome": dice.choice([None, "clear", "review"])}
    company.add(t.BackgroundCheck, id=row, application_id=number, vendor="Verity", ordered_at=day(42), **back)
    company.changed("application", number)
    company.changed("requisition", 1 + number % 4)


def identify_and_pay(company: Company, dice: random.Random) -> None:
    number = _application(company, dice)
    company.accept(number, undone=dice.choice([None, day(35)]))
    company.set(t.OfferVersion, number, salary_minor=dice.choice([None, 5_000_000]), currency="EUR", band_min_minor=1)
    row = dice.randrange(100, 1_000_000)
    question, answer = dice.choice([("race", "white; black"), ("hispanic", "yes"), ("gender", None)])
    asked_at = day(dice.uniform(20, 40))
    company.add(t.Demographic, id=row, application_id=number, question=question, answer=answer, asked_at=asked_at)


EVENTS: tuple[Event, ...] = (
    correct_a_date, arrive, vanish, merge, reject, undo_a_rejection, hire, hold, cancel_and_reopen, freeze,
    freeze_a_department, exempt, reorganise, move_to_another_role, slip, hand_over, submit_feedback, lose_a_seat,
    start_and_leave, rate_and_onboard, ask_and_check, identify_and_pay, offer_at_once,
    correct_an_offer,
)  # fmt: skip

histories = st.lists(
    st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 10**6)), min_size=1, max_size=4), min_size=1, max_size=2
)
a_few = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def fresh_sqlite(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """A new migrated store at each call."""
    template = Path(migrated_sqlite_url.removeprefix("sqlite:///")).read_bytes()
    numbers = iter(range(10**6))

    def make() -> str:
        file = tmp_path / f"{next(numbers)}.sqlite"
        file.write_bytes(template)
        return f"sqlite:///{file}"

    return make


@pytest.fixture
def fresh_postgres(postgres, _postgres_template) -> Iterator[Callable[[], str]]:
    """The same on PostgreSQL; dropped at the end."""
    made = []

    def make() -> str:
        made.append(postgres.new_database(_postgres_template))
        return postgres.url(made[-1])

    yield make
    for name in made:
        postgres.drop_database(name)


def _live_through(url: str, folder: Path, history: list[list[tuple[Event, int]]]) -> list[str]:
    """Build, let things happen, build again, compare with a full build each time; how each snapshot was made."""
    store = Store(url)
    company = Company(store)
    with company.writing():
        company.standing_company()
    store.dispose()
    mart = Mart(store.url, folder)
    made = [mart.build().how]
    for events in history:
        with company.writing():
            for event, seed in events:
                event(company, random.Random(seed))
        store.dispose()
        manifest = mart.build()
        made.append(manifest.how)
        assert mart.differences() == {}, [event.__name__ for event, _ in events]
        assert verify_files(mart.folder)[manifest.id] == "intact"
    return made


@a_few
@given(history=histories)
def test_4_an_increment_equals_a_full_build_on_sqlite(fresh_sqlite, tmp_path_factory, history):
    _live_through(fresh_sqlite(), tmp_path_factory.mktemp("mart"), history)


@a_few
@given(history=histories)
def test_4_an_increment_equals_a_full_build_on_postgresql(fresh_postgres, tmp_path_factory, history):
    _live_through(fresh_postgres(), tmp_path_factory.mktemp("mart"), history)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_4_each_kind_of_change_reaches_the_increment(fresh_sqlite, tmp_path, event):
    made = _live_through(fresh_sqlite(), tmp_path / "mart", [[(event, 7)]])
    assert made == ["full", "full" if event is freeze_a_department else "increment"]
