"""Calendars of offices: public holidays by country and subdivision, company days, the local weekend."""

from __future__ import annotations

from datetime import date, time

import pytest

from services.calendars.offices import OfficeHours, calendar_of


def test_public_holidays_follow_the_subdivision():
    """8 March is a holiday in Berlin and a working day in Bavaria; Epiphany the other way round."""
    berlin = calendar_of(OfficeHours("DE", "BE", "Europe/Berlin"))
    munich = calendar_of(OfficeHours("DE", "BY", "Europe/Berlin"))
    women, epiphany = date(2027, 3, 8), date(2027, 1, 6)
    assert (berlin.hours(women), munich.hours(women)) == (None, (time(9), time(17)))
    assert (berlin.hours(epiphany), munich.hours(epiphany)) == ((time(9), time(17)), None)


def test_company_days_off_are_off_and_named():
    calendar = calendar_of(OfficeHours("DE", company_days_off=((date(2026, 12, 24), "Christmas Eve"),)))
    assert calendar.hours(date(2026, 12, 24)) is None
    assert calendar.reason_off(date(2026, 12, 24)) == "Christmas Eve"


def test_a_short_friday_ends_early_and_the_weekend_is_the_countrys():
    assert calendar_of(OfficeHours("US", friday_end="13:00")).week[4] == (time(9), time(13))
    israel = calendar_of(OfficeHours("IL"))
    assert [hours is not None for hours in israel.week] == [True, True, True, True, False, False, True]


@pytest.mark.parametrize(
    "office",
    [
        OfficeHours(),
        OfficeHours("XX"),
        OfficeHours("DE", "ZZ"),
        OfficeHours("IN"),
        OfficeHours(timezone="Mars/Olympus"),
    ],
    ids=["nowhere", "unknown country", "unknown subdivision", "few known years", "unknown zone"],
)
def test_what_the_tables_do_not_know_still_has_a_working_week(office, caplog):
    calendar = calendar_of.__wrapped__(office)
    assert calendar.hours(date(2026, 6, 10)) == (time(9), time(17))
    assert calendar.hours(date(2026, 6, 13)) is None


def test_an_unknown_subdivision_keeps_the_countrys_holidays():
    assert calendar_of(OfficeHours("DE", "ZZ")).hours(date(2026, 10, 3)) is None
    assert calendar_of(OfficeHours("DE", "ZZ")).reason_off(date(2026, 12, 25)) != ""
