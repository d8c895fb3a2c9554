"""Capability 4: what the wide facts say, case by case."""

# ruff: noqa: DTZ001 - the mart has naive UTC timestamps

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from services.mart import schema as m
from services.mart.publishing import Mart
from services.mart.reader import MartReader
from services.store import tables as t
from services.store.database import Store
from tests.mart_scenes import Company, at, day

DAY = 86_400
BUSINESS_HOUR = 3600


class Built:
    """A published snapshot, asked with few words."""

    def __init__(self, reader: MartReader) -> None:
        self.reader = reader

    def rows(self, *columns: Any, where: Any = None) -> list[Any]:
        statement = sa.select(*columns).order_by(*columns)
        return self.reader.execute(statement if where is None else statement.where(where))

    def row(self, *columns: Any, where: Any = None) -> Any:
        (only,) = self.rows(*columns, where=where)
        return only


@pytest.fixture
def tell(migrated_sqlite_url: str, tmp_path: Path) -> Callable[[Callable[[Company], None]], Built]:
    """Write a story on top of the standing organisation and build."""

    def build(story: Callable[[Company], None]) -> Built:
        store = Store(migrated_sqlite_url)
        company = Company(store)
        with company.writing():
            company.found()
            story(company)
        store.dispose()
        Mart(store.url, tmp_path / "mart").build()
        return Built(MartReader(tmp_path / "mart"))

    return build


def test_g01_net_clocks_skip_the_union_of_hold_and_freeze(tell):
    """Seats of R1: gross 30 and open, hold 9.5, net 20.5; a frozen child department and an exempted role beside it."""

    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.status(1, ("open", day(0)), ("on_hold", day(10)), ("open", day(15)))
        company.add(t.Freeze, id=1, scope="department", scope_value="1", from_at=day(13), to_at=day(19.5))
        company.add(t.Opening, id=1, requisition_id=1, opened_at=day(0), filled_at=day(30))
        company.add(t.Opening, id=2, requisition_id=1, opened_at=day(0))
        company.requisition(2, day(15), department_id=2)
        company.add(t.Opening, id=3, requisition_id=2, opened_at=day(15), filled_at=day(50))
        company.requisition(3, day(0))
        company.add(t.FreezeExemption, freeze_id=1, requisition_id=3)
        company.add(t.Opening, id=4, requisition_id=3, opened_at=day(0), filled_at=day(30))

    built = tell(story)
    seat = m.fact_seat.c
    net = built.rows(seat.seat_id, (seat.filled_net - seat.opened_net) / DAY)
    assert net == [(1, 20.5), (2, None), (3, 30.5), (4, 30.0)]
    hold = m.requisition_hold.c
    assert built.row(hold.from_at, hold.to_at, hold.stopped_before, where=hold.requisition_id == 1) == (
        datetime(2026, 1, 11),
        datetime(2026, 1, 20, 12),
        0,
    )


def test_the_gap_between_cancellation_and_reopening_stops_the_clock_and_a_last_cancellation_ends_it(tell):
    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.status(1, ("open", day(0)), ("cancelled", day(10)), ("open", day(14)), ("closed", day(40)))
        company.add(t.Opening, id=1, requisition_id=1, opened_at=day(0))
        company.add(t.Opening, id=2, requisition_id=1, opened_at=day(0), filled_at=day(20))

    built = tell(story)
    seat = m.fact_seat.c
    assert built.rows(seat.seat_id, (seat.cancelled_net - seat.opened_net) / DAY, seat.cancelled_at) == [
        (1, 36.0, datetime(2026, 2, 10)),
        (2, None, None),
    ]
    hold = m.requisition_hold.c
    assert built.rows(hold.from_at, hold.to_at) == [(datetime(2026, 1, 11), datetime(2026, 1, 15))]


@pytest.mark.parametrize(
    ("scope", "value", "frozen"),
    [
        ("company", None, [1, 2, 3]),
        ("department", "1", [1, 2]),
        ("department", "2", [2]),
        ("country", "US", [3]),
        ("job_family", "1", [1, 2, 3]),
        ("requisition", "3", [3]),
    ],
)
def test_a_freeze_reaches_its_scope_and_its_running_interval_has_no_end(tell, scope, value, frozen):
    def story(company: Company) -> None:
        for number in (1, 2, 3):
            company.requisition(number, day(0), department_id=number, office_id=2 if number == 3 else 1)
        company.add(t.Freeze, id=1, scope=scope, scope_value=value, from_at=day(5))

    built = tell(story)
    assert built.rows(m.requisition_hold.c.requisition_id, m.requisition_hold.c.to_at) == [(n, None) for n in frozen]


def test_g07_feedback_stands_on_the_business_axis_of_the_interviewers_office(tell):
    """Business hours 16, 8, 1, 64 open, 4 after leave, 16.0167; cancelled, no-show and shadow owe nothing."""
    cases = {
        1: ("2026-03-27T16:00+01:00", "2026-03-31T16:00+02:00", "held", 1),
        2: ("2026-04-02T12:00+02:00", "2026-04-07T12:00+02:00", "held", 1),
        3: ("2026-04-01T18:30+02:00", "2026-04-02T10:00+02:00", "held", 1),
        4: ("2026-04-01T15:00+02:00", "2026-04-01T13:33+02:00", "held", 1),
        5: ("2026-03-30T09:00+02:00", None, "held", 1),
        6: ("2026-03-30T15:00+02:00", "2026-04-07T11:00+02:00", "held", 3),
        7: ("2026-04-01T10:00+02:00", None, "cancelled", 1),
        8: ("2026-04-01T10:00+02:00", None, "candidate_no_show", 1),
        9: ("2026-04-07T09:00+02:00", "2026-04-09T09:01+02:00", "held", 1),
    }

    def story(company: Company) -> None:
        company.requisition(1, day(0), office_id=2)
        company.application(1, 1, day(0))
        for number, (end, submitted, status, who) in cases.items():
            company.add(t.Interview, id=number, application_id=1, status=status, ends_at=at(end))
            when = at(submitted) if submitted else None
            company.add(t.Feedback, id=number, interview_id=number, interviewer_id=who, submitted_at=when)
        company.add(t.Feedback, id=10, interview_id=1, interviewer_id=2, is_shadow=True)

    built = tell(story)
    f, leave, cal = m.fact_feedback.c, m.feedback_leave.c, m.dim_calendar.c
    away = sa.select(sa.func.sum(leave.to_business_seconds - leave.from_business_seconds))
    away = away.where(leave.feedback_id == f.feedback_id).scalar_subquery()
    worked = f.submitted_business_seconds - f.due_from_business_seconds - sa.func.coalesce(away, 0)
    hours = {number: seconds / BUSINESS_HOUR for number, seconds in built.rows(f.feedback_id, worked) if seconds}
    assert hours == {1: 16, 2: 8, 3: 1, 4: pytest.approx(-1.45), 6: 4, 9: 16 + 1 / 60}
    days = sa.func.round(f.submitted_business_days - f.due_from_business_days, 5)
    assert built.row(days, where=f.feedback_id == 1) == (2.0,)
    # f5 is still missing on 10 April at 17:00: 64 business hours by then
    opens = sa.select(cal.business_seconds).where(cal.calendar_id == 1, cal.local_on == date(2026, 4, 10))
    (until,) = built.row(
        opens.scalar_subquery() + 8 * BUSINESS_HOUR - f.due_from_business_seconds, where=f.feedback_id == 5
    )
    assert until == 64 * BUSINESS_HOUR
    assert built.reader.snapshot().counts["feedback_before_end"] == 1


def test_a_move_taken_back_within_a_minute_never_happened(tell):
    def story(company: Company) -> None:
        company.requisition(1, day(0))
        for number, back in ((1, 60), (2, 61)):
            company.application(number, 1, day(0))
            slip_end = day(3 + back / DAY)
            company.visits(number, (1, day(0)), (2, day(3)), (1, slip_end), (2, day(8)))

    built = tell(story)
    v = m.fact_stage_visit.c
    assert built.rows(v.application_id, v.stage, v.entered_at, v.exited_at, v.exit_kind, v.is_last_of_stage) == [
        (1, "applied", datetime(2026, 1, 1), datetime(2026, 1, 9), "advanced", True),
        (1, "screen", datetime(2026, 1, 9), None, None, True),
        (2, "applied", datetime(2026, 1, 1), datetime(2026, 1, 4), "advanced", False),
        (2, "applied", datetime(2026, 1, 4, 0, 1, 1), datetime(2026, 1, 9), "advanced", True),
        (2, "screen", datetime(2026, 1, 4), datetime(2026, 1, 4, 0, 1, 1), "returned", False),
        (2, "screen", datetime(2026, 1, 9), None, None, True),
    ]
    assert built.rows(m.fact_application.c.screen_at) == [(datetime(2026, 1, 4),), (datetime(2026, 1, 9),)]
    assert built.reader.snapshot().counts["reverted_visit"] == 1


def test_the_end_of_an_application_closes_its_last_visit_and_says_how(tell):
    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.application(1, 1, day(0), outcome="withdrawn", ended_at=day(9), exit_reason_id=3)
        company.visits(1, (1, day(0)), (2, day(4)))
        company.application(2, 1, day(0), outcome="rejected", ended_at=day(1))
        company.visits(2, (1, day(0)), (2, day(4)))

    built = tell(story)
    v = m.fact_stage_visit.c
    assert built.rows(v.application_id, v.stage, v.exited_on, v.exit_kind, v.reason_kind) == [
        (1, "applied", date(2026, 1, 5), "advanced", None),
        (1, "screen", date(2026, 1, 10), "withdrawn", "no_show"),
        (2, "applied", date(2026, 1, 2), "rejected", None),
    ]
    assert built.reader.snapshot().counts["negative_visit"] == 1


def test_reached_means_entered_it_or_a_later_one(tell):
    """A skip is reached at once; an offer on record proves the stages before it when no visit does."""

    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.application(1, 1, day(0))
        company.visits(1, (1, day(0)), (4, day(6)), (2, day(8)))
        company.application(2, 1, day(0))
        company.visits(2, (1, day(0)))
        company.add(t.OfferVersion, id=1, application_id=2, offer_key="o", extended_at=day(12), answer="pending")

    built = tell(story)
    a = m.fact_application.c
    sixth, twelfth = date(2026, 1, 7), date(2026, 1, 13)
    assert built.rows(a.application_id, a.screen_on, a.assessment_on, a.interview_on, a.offer_on) == [
        (1, sixth, sixth, sixth, None),
        (2, twelfth, twelfth, twelfth, twelfth),
    ]


def test_an_event_belongs_to_the_local_date_of_the_requisitions_zone(tell):
    """03:00 UTC on 1 March is the first in Berlin and still 28 February in Oakland."""

    def story(company: Company) -> None:
        for number, office in ((1, 1), (2, 2)):
            company.requisition(number, day(0), office_id=office)
            company.application(number, number, at("2026-03-01T03:00"))

    built = tell(story)
    a = m.fact_application.c
    assert built.rows(a.applied_on, a.country) == [(date(2026, 2, 28), "US"), (date(2026, 3, 1), "DE")]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/Vancouver", "Africa/Casablanca", "Asia/Kathmandu", "America/Winnipeg"]
)
def test_local_dates_are_those_of_the_time_zone_database_whatever_duckdb_was_built_with(tell, zone):
    """Both sides of local midnight, every 37 days for thirteen years; laws of some zones changed lately."""
    start = datetime(2024, 1, 1, tzinfo=ZoneInfo(zone))
    midnights = [start + timedelta(days=37 * number) for number in range(128)]
    around = (midnight.astimezone(UTC) + timedelta(seconds=second) for midnight in midnights for second in (-1, 0))
    moments = dict(enumerate(around, start=1))

    def story(company: Company) -> None:
        company.add(t.Office, id=9, name="There", timezone=zone)
        company.requisition(1, day(0), office_id=9)
        for number, moment in moments.items():
            company.application(number, 1, moment)

    expected = [(number, moment.astimezone(ZoneInfo(zone)).date()) for number, moment in moments.items()]
    assert tell(story).rows(m.fact_application.c.application_id, m.fact_application.c.applied_on) == expected


def test_prospects_tests_and_merged_duplicates_leave_every_count_and_are_counted(tell):
    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.application(1, 1, day(0))
        company.application(2, 1, day(1), merged_into_id=1)
        company.application(3, 1, day(1), is_test=True)
        company.application(4, None, day(1), is_prospect=True)
        company.application(5, 1, day(2))
        company.add(t.Candidate, id=6, merged_into_id=1)
        company.set(t.Candidate, 5, merged_into_id=6)
        for number in (1, 2, 3, 4):
            company.visits(number, (1, day(1)))

    built = tell(story)
    a = m.fact_application.c
    assert built.rows(a.application_id, a.candidate_id) == [(1, 1), (5, 1)]
    assert built.rows(m.fact_stage_visit.c.application_id) == [(1,)]
    counts = built.reader.snapshot().counts
    assert [counts[name] for name in ("prospect", "test", "merged")] == [1, 1, 1]


def test_the_recruiter_of_an_application_is_the_one_named_or_the_owner_at_the_time(tell):
    def story(company: Company) -> None:
        company.requisition(1, day(0), recruiter_id=4)
        company.add(t.RequisitionOwner, requisition_id=1, person_id=1, from_at=day(0), to_at=day(10))
        company.add(t.RequisitionOwner, requisition_id=1, person_id=2, from_at=day(10), to_at=day(20))
        company.add(t.RequisitionOwner, requisition_id=1, person_id=3, part="hiring_manager", from_at=day(0))
        for number, applied in enumerate((5, 10, 25), 1):
            company.application(number, 1, day(applied))
        company.application(4, 1, day(5), recruiter_id=3)

    assert tell(story).rows(m.fact_application.c.application_id, m.fact_application.c.recruiter_id) == [
        (1, 1),
        (2, 2),
        (3, 4),
        (4, 3),
    ]


def test_offers_of_an_application_are_one_chain_whose_last_answer_counts(tell):
    """Declined, then offered again and accepted, then undone by the candidate: accepted it was, filled it was not."""

    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.application(1, 1, day(0), outcome="hired", ended_at=day(30))
        offer = {"application_id": 1, "offer_key": "a"}
        company.add(t.OfferVersion, id=1, **offer, extended_at=day(10), answered_at=day(12), answer="declined")
        accepted = {**offer, "version": 2, "extended_at": day(20), "answered_at": day(25), "answer": "accepted"}
        undone = {"undone_at": day(40), "undone_by": "candidate"}
        company.add(t.OfferVersion, id=2, **accepted, **undone)
        company.add(t.Opening, id=1, requisition_id=1, opened_at=day(0), filled_at=day(25), application_id=1)

    built = tell(story)
    a, o, s = m.fact_application.c, m.fact_offer_version.c, m.fact_seat.c
    assert built.row(a.extended_on, a.accepted_on, a.undone_by) == (date(2026, 1, 11), date(2026, 1, 26), "candidate")
    assert built.rows(o.position, o.first_extended_on, o.answer) == [
        (1, date(2026, 1, 11), "declined"),
        (2, date(2026, 1, 11), "accepted"),
    ]
    assert built.row(s.filled_at, s.application_id) == (None, None)
    assert built.reader.snapshot().counts["undone_fill"] == 1


def test_zero_and_never_loaded_can_be_told_apart_and_the_beginning_of_the_data_is_known(tell):
    def story(company: Company) -> None:
        company.requisition(1, day(0))
        company.application(1, 1, day(0))
        for version, value in ((1, '"2025-01-01"'), (2, '"2026-01-01T00:00:00+00:00"')):
            company.add(
                t.AppSetting, name="data_from", version=version, value=value, changed_at=day(0), changed_by="Ada"
            )

    snapshot = tell(story).reader.snapshot()
    assert (snapshot.counts["loaded_application"], snapshot.counts["loaded_interview"]) == (1, 0)
    assert snapshot.data_from == day(0)
    assert snapshot.counts["data_from"] == int(day(0).timestamp())


def test_names_of_people_and_addresses_never_enter_the_mart(tell):
    def story(company: Company) -> None:
        company.standing_company_without_organisation()
        company.set(t.Candidate, 1, name="Zaphod Beeblebrox", email="zaphod@example.org")
        company.set(t.Person, 1, email="rita@example.org")

    built = tell(story)
    texts = set()
    for table in m.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, sa.String):
                texts |= {value for (value,) in built.rows(column) if value}
    assert not texts & {"Rita", "Omar", "Max", "Lea"}
    assert not [text for text in texts if "@" in text or "Zaphod" in text]


def test_both_stores_give_the_same_tables_and_so_the_same_snapshot(
    migrated_sqlite_url, migrated_postgres_url, tmp_path
):
    manifests = []
    for number, url in enumerate((migrated_sqlite_url, migrated_postgres_url)):
        store = Store(url)
        company = Company(store)
        with company.writing():
            company.standing_company()
            company.add(t.Demographic, id=1, application_id=1, asked_at=day(6), question="gender", answer="woman")
            company.set(t.OfferVersion, 1, salary_minor=6_000_000, currency="EUR")
        store.dispose()
        manifests.append(Mart(store.url, tmp_path / str(number)).build())
    assert manifests[0].tables == manifests[1].tables
    assert manifests[0].id == manifests[1].id
    assert all(not digest.startswith("0:") for name, digest in manifests[0].tables.items())
