"""2: one value at a time: what is taken, what is refused, and in which words."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.ingest.entities import ENTITIES
from services.ingest.fields import Reading, canonical_row, local_midnight, minor_units, source_version
from services.ingest.records import FieldError

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def application(**values: Any) -> dict[str, Any]:
    given = {"candidate": "c", "applied_at": "2026-05-01T08:00:00Z", **values}
    return dict(canonical_row(ENTITIES["application"], "a", given, Reading(NOW)).values)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-05-01T08:00:00Z", "2026-05-01 08:00:00"),
        ("2026-05-01T08:00:00.999Z", "2026-05-01 08:00:00"),
        ("2026-05-01T08:00+02:00", "2026-05-01 06:00:00"),
        ("2026-05-01 08:00", "2026-05-01 08:00:00"),
        ("2026-05-01", "2026-05-01"),
        (dt.date(2026, 5, 1), "2026-05-01"),
        (dt.datetime(2026, 5, 1, 8, tzinfo=ZoneInfo("Europe/Berlin")), "2026-05-01 06:00:00"),
    ],
)
def test_an_instant_is_kept_in_utc_and_a_plain_date_stays_a_date(given: Any, stored: str) -> None:
    assert application(applied_at=given)["applied_at"] == stored


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("1989-12-31T23:59:59Z", "outside 1990 to 2199"),
        ("1989-12-31", "outside 1990 to 2199"),
        ("2026-06-02T12:00:01Z", "in the future"),
        ("2026-06-04", "in the future"),
        ("2026-02-30T00:00:00Z", "is not a date"),
        ("yesterday", "is not a date"),
        (20260501, "is not a date"),
        ("", "needs applied_at"),
        (None, "needs applied_at"),
    ],
)
def test_a_moment_that_cannot_be_is_refused(given: Any, words: str) -> None:
    with pytest.raises(FieldError, match=words) as caught:
        application(applied_at=given)
    assert caught.value.field == "applied_at"


def test_up_to_a_day_ahead_is_a_clock_that_is_off_and_is_taken() -> None:
    assert application(applied_at="2026-06-02T11:59:59Z")["applied_at"] == "2026-06-02 11:59:59"


def test_what_is_planned_may_lie_ahead() -> None:
    interview = {"application": "a", "status": "scheduled", "starts_at": "2027-01-01T08:00:00Z"}
    row = canonical_row(ENTITIES["interview"], "i", interview, Reading(NOW))
    assert row.values["starts_at"] == "2027-01-01 08:00:00"


def test_a_zone_is_for_times_without_an_offset_only() -> None:
    berlin = Reading(NOW, ZoneInfo("Europe/Berlin"), ("%d.%m.%Y %H:%M", "%d.%m.%Y"))
    given = {"candidate": "c", "applied_at": "01.05.2026 08:00", "ended_at": "02.05.2026"}
    values = canonical_row(ENTITIES["application"], "a", given, berlin).values
    assert (values["applied_at"], values["ended_at"]) == ("2026-05-01 06:00:00", "2026-05-02")


def test_a_midnight_of_a_spreadsheet_is_a_date() -> None:
    sheet = Reading(NOW, midnight_is_date=True)
    given = {"candidate": "c", "applied_at": dt.datetime(2026, 5, 1)}  # noqa: DTZ001 - as a spreadsheet gives it
    assert canonical_row(ENTITIES["application"], "a", given, sheet).values["applied_at"] == "2026-05-01"


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"outcome": "fired"}, "outcome", "accepted: archived, hired"),
        ({"is_test": "maybe"}, "is_test", "neither yes nor no"),
        ({"candidate": "x" * 201}, "candidate", "201 characters long; at most 200"),
        ({"candidate": "B\udce4cker"}, "candidate", "not valid UTF-8"),
        ({"candidate": "a\x00b"}, "candidate", "NUL"),
        ({"candidate": ["a"]}, "candidate", "is list, text was expected"),
    ],
)
def test_other_values_are_refused_by_name(values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(FieldError, match=words) as caught:
        application(**values)
    assert caught.value.field == field


def test_flags_and_numbers_are_read_as_people_write_them() -> None:
    assert application(is_test="Yes", is_rehire="0") | {} == {
        "candidate": "c", "applied_at": "2026-05-01 08:00:00", "is_test": True, "is_rehire": False,
    }  # fmt: skip
    review = {
        "hire": "h",
        "reviewed_on": "2026-05-01",
        "scale_min": "1,0",
        "scale_max": "1.005,5",
        "rating": "nan",
    }
    german = Reading(NOW, decimal_comma=True)
    with pytest.raises(FieldError, match="is not a number"):
        canonical_row(ENTITIES["review"], "r", review, german)
    values = canonical_row(ENTITIES["review"], "r", {**review, "rating": None}, german).values
    assert (values["scale_min"], values["scale_max"]) == (1.0, 1005.5)


@pytest.mark.parametrize(("text", "words"), [("1.5", "whole number"), ("9" * 12, "whole number"), ("x", "number")])
def test_a_whole_number_is_whole_and_fits(text: str, words: str) -> None:
    level = {"name": "Senior", "rank": text}
    with pytest.raises(FieldError, match=words):
        canonical_row(ENTITIES["job_level"], "s", level, Reading(NOW))


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        ("2026-05-02T08:00:00Z", "2026-05-02T07:59:59Z", True),
        ("2026-05-02T08:00:00Z", "2026-05-02T08:00:00Z", False),
        ("2026-05-02T08:00:00Z", "2026-05-02", False),  # the day of the entry: its midnight is not a contradiction
        ("2026-05-02T08:00:00Z", "2026-05-01", True),
    ],
)
def test_an_exit_before_its_entry_is_refused(start: str, end: str, *, refused: bool) -> None:
    event = {"application": "a", "stage": "s", "entered_at": start, "left_at": end}
    if refused:
        with pytest.raises(FieldError, match="before entered_at"):
            canonical_row(ENTITIES["stage_event"], "e", event, Reading(NOW))
    else:
        assert canonical_row(ENTITIES["stage_event"], "e", event, Reading(NOW)).parent == "a"


def test_money_is_kept_in_minor_units_of_its_currency() -> None:
    given = [("1234.5", "EUR"), ("1234", "JPY"), ("1.2345", "KWD"), ("9.99", None)]
    assert [minor_units(amount, currency) for amount, currency in given] == [123450, 1234, 1234, 999]


def test_midnight_follows_the_zone_and_its_summer_time() -> None:
    assert local_midnight("2026-03-29", "Europe/Berlin") == "2026-03-28 23:00:00"
    assert local_midnight("2026-03-30", "Europe/Berlin") == "2026-03-29 22:00:00"


def test_versions_sort_as_text() -> None:
    clocks = ["08:00:00Z", "08:00:00.5+00:00", "10:30:00+02:00", "09:00:00.000Z"]
    found = [source_version(f"2026-05-01T{clock}") for clock in clocks]
    assert found == sorted(found, key=str)
    assert source_version("9") < source_version("10")  # type: ignore[operator]
    assert source_version("") is None
    assert source_version("v2") == "v2"
    assert source_version(dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)) == found[0]
